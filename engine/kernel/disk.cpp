#include "engine/kernel/disk.h"

#include <algorithm>

#include "engine/kernel/kernel.h"

namespace shootdown {

namespace {

// The disk begins with the oldest request.
void begin_oldest(const Task& current) {
  current.kernel->sched.set_timer(current.kernel->config.disk);
}

// Who reads waits for that before it asks for anything else: the oldest writes.
event::WaitForWriteback waits_for_oldest(const Task& current) {
  return {.page = filled_in(*current.kernel, folio_fact(current, current.disk_queue.requests[0].page))};
}

}  // namespace

void submit_io(Task& current, const DiskRequest& request) {
  DiskQueue& queue = current.disk_queue;
  const event::SubmitIo submission{
      .page = folio_fact(current, request.page), .slot = request.slot, .writes = static_cast<Fact>(request.writes)};
  act_when(
      current, submission, queue.room, [&queue] { return queue.count < DiskQueue::depth; },
      [&] { return waits_for_oldest(current); },
      [&] {
        queue.requests[queue.count++] = request;
        if (queue.count == 1) begin_oldest(current);
      });
}

void wait_for_disk(Task& current) {
  DiskQueue& queue = current.disk_queue;
  if (queue.count == 0) return;
  await(current, queue.room, [&queue] { return queue.count == 0; }, [&] { return waits_for_oldest(current); });
}

bool disk_has_answered(const Task& current) {
  return current.disk_queue.count != 0 && !current.kernel->sched.timer_runs();
}

void handle_disk_interrupt(Task& current) {
  DiskQueue& queue = current.disk_queue;
  const DiskRequest done = queue.requests[0];
  act(current, event::TakeDiskInterrupt{.page = folio_fact(current, done.page), .slot = done.slot}, [&] {
    std::copy(queue.requests.begin() + 1, queue.requests.begin() + queue.count, queue.requests.begin());
    --queue.count;
    if (queue.count != 0) begin_oldest(current);
    current.kernel->sched.wake(queue.room);
  });
  done.end(current, done);
}

}  // namespace shootdown
