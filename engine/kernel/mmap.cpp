#include "engine/kernel/mmap.h"

#include <algorithm>
#include <span>

#include "engine/check.h"
#include "engine/kernel/anon_vma.h"
#include "engine/kernel/memory.h"
#include "engine/kernel/page_table.h"
#include "engine/kernel/writeback.h"
#include "engine/kernel/zap_engine.h"

namespace shootdown {

namespace {

// vm_area_alloc. Null when the mm has too many.
Vma* allocate_vma(Mm& mm) {
  for (int i = 0; i < mm.vmas.size(); ++i) {
    bool expected = false;
    if (mm.vma_used[i].compare_exchange(expected, true, std::memory_order_acquire)) {
      Vma& vma = mm.vmas[i];
      vma.mm = mm.number;
      const int room = mm.anon_vma_chains.size() / mm.vmas.size();
      if (room != 0) vma.anon_vma_chain = {&mm.anon_vma_chains[i * room], room};
      return &vma;
    }
  }
  return nullptr;
}

// vm_area_dup: it has what the other has, but no chain of anon_vmas. Null when the mm has too many.
Vma* vm_area_dup(Mm& mm, const Vma& vma) {
  Vma* const copy = allocate_vma(mm);
  if (copy == nullptr) return nullptr;
  copy->start = vma.start;
  copy->end = vma.end;
  copy->pgoff = vma.pgoff;
  copy->file = vma.file;
  copy->kind = vma.kind;
  copy->read_only = vma.read_only;
  copy->anon_vma.store(vma.anon_vma.load(std::memory_order_relaxed), std::memory_order_relaxed);
  return copy;
}

// vm_area_free.
void free_vma(Mm& mm, Vma* vma) {
  mm.vma_used[vma - mm.vmas.begin()].store(false, std::memory_order_release);
}

// Puts a vma into the mm's ordered list.
void vma_link(Mm& mm, Vma* vma) {
  int at = mm.map_count++;
  for (; at > 0 && mm.mmap[at - 1]->start > vma->start; --at) mm.mmap[at] = mm.mmap[at - 1];
  mm.mmap[at] = vma;
}

int position_of(const Mm& mm, const Vma* vma) {
  int at = 0;
  while (mm.mmap[at] != vma) ++at;
  return at;
}

// __split_vma: cuts a vma in two at `page`. False when the mm has too many mappings.
bool split_vma(Task& current, Mm& mm, Vma& vma, int page) {
  Vma* const upper = vm_area_dup(mm, vma);
  if (upper == nullptr) return false;
  upper->start = static_cast<std::uint16_t>(page);
  upper->pgoff = static_cast<std::uint16_t>(vma.pgoff + (page - vma.start));
  anon_vma_clone(current, *upper, vma);
  AddressSpace* const file = vma.is_anonymous() ? nullptr : &current.kernel->files[vma.file];
  if (file != nullptr) file->i_mmap_rwsem.down_write(current);
  AnonVma* const anon_vma = vma.anon_vma.load(std::memory_order_relaxed);
  anon_vma_lock_write(current, anon_vma);
  act(current, event::SplitMapping{.mm = mm.number, .page = as_fact(page)}, [&] {
    vma.end = upper->start;
    vma_link(mm, upper);
    if (file != nullptr) file->i_mmap[file->i_mmap_count++] = upper;
  });
  anon_vma_unlock_write(current, anon_vma);
  if (file != nullptr) file->i_mmap_rwsem.up_write(current);
  return true;
}

}  // namespace

event::InsertMapping insertion_of(const Vma& vma) {
  event::InsertMapping insertion{.mm = vma.mm,
                                 .first = vma.start,
                                 .count = static_cast<Fact>(vma.end - vma.start),
                                 .file = no_fact,
                                 .index = no_fact,
                                 .read_only = static_cast<Fact>(vma.read_only),
                                 .kind = vma.kind};
  if (vma.is_anonymous()) return insertion;
  insertion.file = vma.file;
  insertion.index = vma.pgoff;
  return insertion;
}

bool split_at_ends(Task& current, Mm& mm, int first, int end) {
  for (const int page : {first, end}) {
    Vma* const vma = find_vma(mm, page);
    if (vma != nullptr && vma->start < page && !split_vma(current, mm, *vma, page)) return false;
  }
  return true;
}

namespace {

// The vmas in [first, end), taken out of the mm. mmap_lock is held for writing.
std::span<Vma* const> detach_vmas(Task& current, Mm& mm, int first, int end, Vma** out) {
  int count = 0;
  act(current, event::DetachMappings{.mm = mm.number, .first = as_fact(first), .count = as_fact(end - first)}, [&] {
    for (Vma* vma = find_vma(mm, first); vma != nullptr && vma->start < end; vma = find_vma(mm, first)) {
      const int at = position_of(mm, vma);
      std::copy(mm.mmap.begin() + at + 1, mm.mmap.begin() + mm.map_count, mm.mmap.begin() + at);
      --mm.map_count;
      out[count++] = vma;
    }
  });
  return {out, static_cast<std::size_t>(count)};
}

// do_mas_align_munmap. mmap_lock is held for writing; `downgrade`: it is dropped, else it is kept.
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
  for (Vma* const vma : vmas) free_vma(mm, vma);
  if (downgrade) mm.mmap_lock.up_read(current);
  note(current, event::EndUnmap{.mm = mm.number, .first = as_fact(first), .count = as_fact(count)});
}

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

}  // namespace

Vma* find_vma(Mm& mm, int page) {
  for (int i = 0; i < mm.map_count; ++i) {
    if (mm.mmap[i]->end > page) return mm.mmap[i];
  }
  return nullptr;
}

void link_file_vma(Task& current, Vma& vma) {
  if (vma.is_anonymous()) return;
  AddressSpace& file = current.kernel->files[vma.file];
  file.i_mmap_rwsem.down_write(current);
  file.i_mmap[file.i_mmap_count++] = &vma;
  file.i_mmap_rwsem.up_write(current);
}

void unlink_file_vma(Task& current, Vma& vma) {
  if (vma.is_anonymous()) return;
  AddressSpace& file = current.kernel->files[vma.file];
  file.i_mmap_rwsem.down_write(current);
  const auto mappings = file.i_mmap.first(file.i_mmap_count);
  auto* const place = std::ranges::find_if(mappings, [&](const Vma* mapped) { return mapped == &vma; });
  SHOOTDOWN_CHECK(place != mappings.end());
  *place = mappings.end()[-1];
  --file.i_mmap_count;
  file.i_mmap_rwsem.up_write(current);
}

void do_mmap(Task& current, int first, int count, Vma::Kind kind, bool populate_pages) {
  const Kernel& kernel = *current.kernel;
  Mm& mm = *current.mm;
  mm.mmap_lock.down_write(current);
  munmap_range(current, first, count, false);
  const Vma* const next = find_vma(mm, first);
  const bool vacant = next == nullptr || next->start >= first + count;
  Vma* const vma = vacant ? allocate_vma(mm) : nullptr;
  if (vma != nullptr) {
    vma->start = static_cast<std::uint16_t>(first);
    vma->end = static_cast<std::uint16_t>(first + count);
    vma->file = static_cast<std::uint8_t>(kernel.config.file_of(first));
    vma->pgoff = static_cast<std::uint16_t>(kind == Vma::Kind::anonymous ? first : kernel.config.index_of(first));
    vma->kind = kind;
    vma->read_only = false;
    link_file_vma(current, *vma);
    act(current, insertion_of(*vma), [&] { vma_link(mm, vma); });
  }
  mm.mmap_lock.up_write(current);
  if (vma != nullptr && populate_pages) populate(current, first, count);
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
    const bool syncs = found && vma->is_shared();
    AddressSpace* const file = syncs ? &kernel.files[vma->file] : nullptr;
    const PageSpan span{syncs ? vma->pgoff + (from - vma->start) : 0, to - from};
    mm.mmap_lock.up_read(current);  // the file may be synced long after the mapping is gone
    if (syncs) fsync_range(current, *file, span);
    at = to;
  }
}

void exit_thread(Task& current) {
  const Kernel& kernel = *current.kernel;
  Mm& mm = *current.mm;
  current.exited = true;
  bool last = false;
  act(current, event::DropMmUser{.mm = mm.number}, [&] {
    current.lazy.store(true, std::memory_order_release);  // enter_lazy_tlb
    last = mm.users.fetch_sub(1, std::memory_order_acq_rel) == 1;
  });
  if (!last) return;
  const Fact count = as_fact(kernel.config.virtual_pages());
  note(current, event::BeginUnmap{.mm = mm.number, .first = 0, .count = count});
  kernel.engine.exit_mmap(current);
  note(current, event::EndUnmap{.mm = mm.number, .first = 0, .count = count});
}

void insert_initial_vma(Kernel& kernel, Mm& mm, int first, int count) {
  Vma* const vma = allocate_vma(mm);
  SHOOTDOWN_CHECK(vma != nullptr);
  vma->start = static_cast<std::uint16_t>(first);
  vma->end = static_cast<std::uint16_t>(first + count);
  vma->file = static_cast<std::uint8_t>(kernel.config.file_of(first));
  vma->pgoff = static_cast<std::uint16_t>(kernel.config.index_of(first));
  vma_link(mm, vma);
  AddressSpace& file = kernel.files[vma->file];
  file.i_mmap[file.i_mmap_count++] = vma;
}

}  // namespace shootdown
