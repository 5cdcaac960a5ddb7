#include "engine/kernel/device_memory.h"

#include "engine/kernel/memory.h"
#include "engine/kernel/page_table.h"

namespace shootdown {

void device_fault(Task& current, const Vma& vma, int address) {
  const Kernel& kernel = *current.kernel;
  Mm& mm = kernel.mms[vma.mm];
  kernel.device().invalidate_lock.down_read(current);
  // vmf_insert_pfn
  pte_alloc(current, mm, address);
  pte_lock(current, mm, address);
  if (ptep_get(current, mm, address).none()) {
    const int place = vma.pgoff + (address - vma.start);
    also_reads(current, places::slot(kernel.device().number, as_fact(place)));
    const Pte pte = Pte::mapping(kernel.device_memory[place]).mkspecial();
    set_pte_at(current, mm, address, pte_modify(current, vma, pte));
  }
  pte_unlock(current, mm, address);
  kernel.device().invalidate_lock.up_read(current);
}

namespace {

// The frame is the driver's again, for whatever it likes.
void free_device_frame(Task& current, FrameNumber frame) {
  Machine& machine = current.kernel->machine;
  act(current, event::FreePage{.page = {.frame = frame}}, [&](event::FreePage& found) {
    found.entries = machine.entries_to(frame);
    machine.end_frame_life(frame);
  });
}

void move_frame(Task& current, int place) {
  const Kernel& kernel = *current.kernel;
  also_writes(current, places::slot(kernel.device().number, as_fact(place)));
  const FrameNumber from = kernel.device_memory[place];
  const FrameNumber to = kernel.device_frame(place, from == kernel.device_frame(place, 0) ? 1 : 0);
  copy_highpage<event::MoveWord>(current, &kernel.pages[to], &kernel.pages[from]);
  also_writes(current, places::slot(kernel.device().number, as_fact(place)));
  kernel.device_memory[place] = to;
  free_device_frame(current, from);
}

}  // namespace

void move_device_memory(Task& current, PageSpan places) {
  const Kernel& kernel = *current.kernel;
  if (kernel.device_memory.size() == 0) return;
  AddressSpace& device = kernel.device();
  device.invalidate_lock.down_write(current);
  unmap_mapping_pages(current, device, places, true);
  for (int place = places.first; place < places.first + places.count; ++place) move_frame(current, place);
  device.invalidate_lock.up_write(current);
}

}  // namespace shootdown
