// The disk that files and a part of swap space are on: requests, and the interrupts that say that they are done.
//
// Follows submit_bh, submit_bio, bio_endio and the multi-queue block layer of Linux 6.1 for a disk with a queue for each
// CPU (NVMe). It does a queue's requests one after the other, the oldest first, and those of different queues in any
// order: each takes as many steps of the run as the machine's `disk` says, or less if nobody can make one. Then that CPU
// takes an interrupt, and moves the data itself, in its place: memory may change until then. A queue has room for as
// many requests as the smallest in Linux (BLKDEV_MIN_RQ); who finds it full waits.
//
// Not modelled: plugging, merging, barriers and a disk's own cache; errors; completion on another CPU.
#pragma once

#include "engine/arena.h"
#include "engine/events/facts.h"
#include "engine/kernel/page.h"
#include "engine/sched/scheduler.h"

namespace shootdown {

struct Task;

// What the disk is asked for: a slot of swap space, or pages of a file.
struct DiskRequest {
  // bi_end_io: the transfer, and what is to be done then.
  using End = void (*)(Task& current, const DiskRequest& request);

  Page* page = nullptr;  // the first of them
  Fact slot = no_fact;
  Fact file = no_fact;
  Fact index = 0;  // of the first
  Fact pages = 1;
  bool writes = false;
  std::uint8_t unused[7] = {};
  End end = nullptr;
};
HAS_NO_GAPS(DiskRequest);

// What a CPU has asked for, the oldest first.
struct DiskQueue {
  static constexpr int depth = 4;

  Row<DiskRequest> requests;  // none in programs of which nothing asks
  int count = 0;
  WaitQueue room;
};

// submit_bio. If the queue is full, waits for the oldest request to be done.
void submit_io(Task& current, const DiskRequest& request);

// Waits until the disk has done all that the CPU has asked for. A thread ends so: who is left at the end of a run is alone.
void wait_for_disk(Task& current);

// Whether the disk has done what the CPU asked it first, and the interrupt that says so.
bool disk_has_answered(const Task& current);
void handle_disk_interrupt(Task& current);

}  // namespace shootdown
