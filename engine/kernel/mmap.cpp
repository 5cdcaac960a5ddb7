#include "engine/kernel/mmap.h"

#include <algorithm>
#include <span>

#include "engine/kernel/disk.h"
#include "engine/kernel/memory.h"
#include "engine/kernel/page_table.h"
#include "engine/kernel/vma.h"
#include "engine/kernel/writeback.h"
#include "engine/kernel/zap_engine.h"

namespace shootdown {

void munmap_range(Task& current, int first, int count, bool downgrade) {
  const Kernel& kernel = *current.kernel;
  Mm& mm = *current.mm;
  if (!split_at_ends(current, mm, first, first + count)) {
    if (downgrade) mm.mmap_lock.up_write(current);
    return;
  }
  Vma* detached[max_vmas];
  const std::span<Vma* const> vmas = detach_vmas(current, mm, first, first + count, detached);
  note(current, event::BeginUnmap{.mm = mm.number, .first = as_fact(first), .count = as_fact(count)});
  if (downgrade) mm.mmap_lock.downgrade_write(current);
  if (!vmas.empty()) kernel.engine.unmap_region(current, vmas);
  for (Vma* const vma : vmas) vm_area_free(mm, vma);
  if (downgrade) mm.mmap_lock.up_read(current);
  note(current, event::EndUnmap{.mm = mm.number, .first = as_fact(first), .count = as_fact(count)});
}

namespace {

// populate_vma_page_range: reads every page in. Shared mappings are not written to: nobody asked for
// dirty pages.
void populate(Task& current, int first, int count) {
  Mm& mm = *current.mm;
  mm.mmap_lock.down_read(current);
  for (int page = first; page < first + count; ++page) {
    Vma* const vma = find_vma(mm, page);
    if (vma == nullptr || vma->start > page) continue;
    const bool absent = pmd_none(current, mm, page) || ptep_get(current, mm, page).none();
    if (absent) handle_mm_fault(current, *vma, page, false);
  }
  mm.mmap_lock.up_read(current);
}

// __mmap_region of what is free. False when there are too many mappings.
bool mmap_region(Task& current, int first, int end, Vma::Kind kind) {
  const MachineConfig& config = current.kernel->config;
  Mm& mm = *current.mm;
  const bool anonymous = kind == Vma::Kind::anonymous;
  Vma shown;
  shown.start = static_cast<std::uint16_t>(first);
  shown.end = static_cast<std::uint16_t>(end);
  shown.mm = mm.number;
  shown.file = static_cast<std::uint8_t>(kind == Vma::Kind::device ? config.files : config.file_of(first));
  shown.pgoff = static_cast<std::uint16_t>(anonymous ? first : config.index_of(first));
  shown.kind = kind;
  const VmaMergeStruct merge{first, end, kind, shown.file, shown.pgoff, false, nullptr};
  if (vma_merge_new_range(current, mm, merge, insertion_of(shown)) != nullptr) return true;
  Vma* const vma = vm_area_dup(mm, shown);
  if (vma != nullptr) vma_link(current, *vma, insertion_of(*vma));
  return vma != nullptr;
}

}  // namespace

void do_mmap(Task& current, int first, int count, Vma::Kind kind, bool populate_pages) {
  Mm& mm = *current.mm;
  mm.mmap_lock.down_write(current);
  munmap_range(current, first, count, false);
  const Vma* const next = find_vma(mm, first);
  const bool vacant = next == nullptr || next->start >= first + count;
  const bool mapped = vacant && mmap_region(current, first, first + count, kind);
  mm.mmap_lock.up_write(current);
  if (mapped && populate_pages) populate(current, first, count);
}

void do_munmap(Task& current, int first, int count) {
  current.mm->mmap_lock.down_write(current);
  munmap_range(current, first, count, true);
}

void msync(Task& current, int first, int count) {
  const Kernel& kernel = *current.kernel;
  Mm& mm = *current.mm;
  const int end = first + count;
  for (int at = first; at < end;) {
    mm.mmap_lock.down_read(current);
    const Vma* const vma = find_vma(mm, at);
    const bool found = vma != nullptr && vma->start < end;
    const int from = found ? std::max<int>(at, vma->start) : end;
    const int to = found ? std::min<int>(end, vma->end) : end;
    const bool syncs = found && vma->is_shared() && !vma->is_pfnmap();
    AddressSpace* const file = syncs ? &kernel.files[vma->file] : nullptr;
    const PageSpan span{syncs ? vma->pgoff + (from - vma->start) : 0, to - from};
    mm.mmap_lock.up_read(current);  // the file may be synced long after the mapping is gone
    if (syncs) fsync_range(current, *file, span);
    at = to;
  }
}

namespace {

// exit_mmap, by the last thread.
void tear_down(Task& current, const Mm& mm) {
  const Fact count = as_fact(current.kernel->config.virtual_pages());
  note(current, event::BeginUnmap{.mm = mm.number, .first = 0, .count = count});
  current.kernel->engine.exit_mmap(current);
  note(current, event::EndUnmap{.mm = mm.number, .first = 0, .count = count});
}

}  // namespace

void exit_thread(Task& current) {
  Mm& mm = *current.mm;
  current.exited = true;
  bool last = false;
  act(current, event::DropMmUser{.mm = mm.number}, [&] {
    current.lazy.store(true, std::memory_order_release);  // enter_lazy_tlb
    last = mm.users.fetch_sub(1, std::memory_order_acq_rel) == 1;
  });
  if (last) tear_down(current, mm);
  wait_for_disk(current);
}

}  // namespace shootdown
