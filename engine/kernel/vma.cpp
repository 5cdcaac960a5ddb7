#include "engine/kernel/vma.h"

#include <algorithm>
#include <array>

#include "engine/check.h"
#include "engine/kernel/anon_vma.h"

namespace shootdown {

// --- finding, making, freeing ---

Vma* find_vma(Mm& mm, int page) {
  for (int i = 0; i < mm.map_count; ++i) {
    if (mm.mmap[i]->end > page) return mm.mmap[i];
  }
  return nullptr;
}

Vma* vm_area_alloc(Mm& mm) {
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

Vma* vm_area_dup(Mm& mm, const Vma& vma) {
  Vma* const copy = vm_area_alloc(mm);
  if (copy == nullptr) return nullptr;
  copy->start = vma.start;
  copy->end = vma.end;
  copy->pgoff = vma.pgoff;
  copy->file = vma.file;
  copy->kind = vma.kind;
  copy->set_read_only(vma.is_read_only());
  copy->anon_vma.store(vma.anon_vma.load(std::memory_order_relaxed), std::memory_order_relaxed);
  return copy;
}

void vm_area_free(Mm& mm, Vma* vma) {
  mm.vma_used[vma - mm.vmas.begin()].store(false, std::memory_order_release);
}

bool has_room_for(const Mm& mm, int more) {
  if (mm.vmas.size() < max_vmas) return true;  // there are as many as it can ever need
  const auto is_free = [](const Atomic<bool>& used) { return !used.load(std::memory_order_relaxed); };
  return std::ranges::count_if(mm.vma_used, is_free) >= more;
}

event::InsertMapping insertion_of(const Vma& vma, int first, int end) {
  event::InsertMapping insertion{.mm = vma.mm,
                                 .first = as_fact(first),
                                 .count = as_fact(end - first),
                                 .file = no_fact,
                                 .index = no_fact,
                                 .read_only = static_cast<Fact>(vma.is_read_only()),
                                 .kind = vma.kind};
  if (vma.is_anonymous()) return insertion;
  insertion.file = vma.file;
  insertion.index = as_fact(vma.pgoff + (first - vma.start));
  return insertion;
}

namespace {

// --- lists ---

// Puts a vma into the mm's ordered list; takes it out.
void link_to_mm(Mm& mm, Vma* vma) {
  int at = mm.map_count++;
  for (; at > 0 && mm.mmap[at - 1]->start > vma->start; --at) mm.mmap[at] = mm.mmap[at - 1];
  mm.mmap[at] = vma;
}

void unlink_from_mm(Mm& mm, const Vma* vma) {
  int at = 0;
  while (mm.mmap[at] != vma) ++at;
  std::copy(mm.mmap.begin() + at + 1, mm.mmap.begin() + mm.map_count, mm.mmap.begin() + at);
  --mm.map_count;
}

AddressSpace* vm_file(const Task& current, const Vma& vma) {
  return vma.is_anonymous() ? nullptr : &current.kernel->files[vma.file];
}

// vma_interval_tree_insert: behind those that begin at the same page of the file, as the kernel finds them. Who moves entries from one
// mapping to another relies on that (copy_vma). vma_interval_tree_remove. Nothing is done if there is no file.
void link_to_file(AddressSpace* file, Vma* vma) {
  if (file == nullptr) return;
  int at = file->i_mmap_count++;
  for (; at > 0 && file->i_mmap[at - 1]->pgoff > vma->pgoff; --at) file->i_mmap[at] = file->i_mmap[at - 1];
  file->i_mmap[at] = vma;
}

void unlink_from_file(AddressSpace* file, const Vma* vma) {
  if (file == nullptr) return;
  int at = 0;
  while (file->i_mmap[at] != vma) ++at;
  std::copy(file->i_mmap.begin() + at + 1, file->i_mmap.begin() + file->i_mmap_count, file->i_mmap.begin() + at);
  --file->i_mmap_count;
}

// i_mmap_lock_write and back, if there is a file.
void i_mmap_lock_write(Task& current, AddressSpace* file) {
  if (file != nullptr) file->i_mmap_rwsem.down_write(current);
}
void i_mmap_unlock_write(Task& current, AddressSpace* file) {
  if (file != nullptr) file->i_mmap_rwsem.up_write(current);
}

}  // namespace

void vma_link(Task& current, Vma& vma, const event::InsertMapping& insertion) {
  AddressSpace* const file = vm_file(current, vma);
  i_mmap_lock_write(current, file);
  act(current, insertion, [&] {
    link_to_file(file, &vma);
    link_to_mm(current.kernel->mms[vma.mm], &vma);
  });
  i_mmap_unlock_write(current, file);
}

void insert_initial_vma(Kernel& kernel, Mm& mm, int first, int count) {
  Vma* const vma = vm_area_alloc(mm);
  SHOOTDOWN_CHECK(vma != nullptr);
  vma->start = static_cast<std::uint16_t>(first);
  vma->end = static_cast<std::uint16_t>(first + count);
  vma->file = static_cast<std::uint8_t>(kernel.config.file_of(first));
  vma->pgoff = static_cast<std::uint16_t>(kernel.config.index_of(first));
  link_to_mm(mm, vma);
  link_to_file(&kernel.files[vma->file], vma);
}

void unlink_file_vma(Task& current, Vma& vma) {
  AddressSpace* const file = vm_file(current, vma);
  if (file == nullptr) return;
  i_mmap_lock_write(current, file);
  unlink_from_file(file, &vma);
  i_mmap_unlock_write(current, file);
}

namespace {

// --- splitting ---

// __split_vma: cuts a vma in two at `page`. False when the mm has too many mappings.
bool split_vma(Task& current, Mm& mm, Vma& vma, int page) {
  Vma* const upper = vm_area_dup(mm, vma);
  if (upper == nullptr) return false;
  upper->start = static_cast<std::uint16_t>(page);
  upper->pgoff = static_cast<std::uint16_t>(vma.pgoff + (page - vma.start));
  anon_vma_clone(current, *upper, vma);
  AddressSpace* const file = vm_file(current, vma);
  AnonVma* const anon_vma = vma.anon_vma.load(std::memory_order_relaxed);
  i_mmap_lock_write(current, file);
  anon_vma_lock_write(current, anon_vma);
  act(current, event::SplitMapping{.mm = mm.number, .page = as_fact(page)}, [&] {
    vma.end = upper->start;
    link_to_mm(mm, upper);
    link_to_file(file, upper);
  });
  anon_vma_unlock_write(current, anon_vma);
  i_mmap_unlock_write(current, file);
  return true;
}

}  // namespace

bool split_at_ends(Task& current, Mm& mm, int first, int end) {
  for (const int page : {first, end}) {
    Vma* const vma = find_vma(mm, page);
    if (vma != nullptr && vma->start < page && !split_vma(current, mm, *vma, page)) return false;
  }
  return true;
}

std::span<Vma* const> detach_vmas(Task& current, Mm& mm, int first, int end, Vma** out) {
  int count = 0;
  act(current, event::DetachMappings{.mm = mm.number, .first = as_fact(first), .count = as_fact(end - first)}, [&] {
    for (Vma* vma = find_vma(mm, first); vma != nullptr && vma->start < end; vma = find_vma(mm, first)) {
      unlink_from_mm(mm, vma);
      out[count++] = vma;
    }
  });
  return {out, static_cast<std::size_t>(count)};
}

namespace {

// --- merging ---

// What is where a range is to be merged.
struct Neighbours {
  Vma* prev = nullptr;  // the last that begins before it; may have it
  Vma* mid = nullptr;   // behind that; may begin with the range
  Vma* next = nullptr;  // the same, or behind that if it is the range
};

Neighbours neighbours_of(Mm& mm, int first, int end) {
  int at = 0;
  while (at < mm.map_count && mm.mmap[at]->start < first) ++at;
  const auto vma = [&](int i) -> Vma* { return i >= 0 && i < mm.map_count ? static_cast<Vma*>(mm.mmap[i]) : nullptr; };
  Vma* const mid = vma(at);
  return {.prev = vma(at - 1), .mid = mid, .next = mid != nullptr && mid->end == end ? vma(at + 1) : mid};
}

bool is_mergeable_vma(const Vma& vma, const VmaMergeStruct& merge) {
  if (vma.is_pfnmap()) return false;  // VM_SPECIAL
  const bool same_file = vma.is_anonymous() || vma.file == merge.file;
  return vma.kind == merge.kind && vma.is_read_only() == merge.read_only && same_file;
}

// A mapping whose pages lead to what forks have made of an anon_vma does not get more; `vma`: null, or that.
bool is_mergeable_anon_vma(const AnonVma* one, const AnonVma* other, const Vma* vma) {
  const bool either_is_free = one == nullptr || other == nullptr;
  return (either_is_free && (vma == nullptr || vma->chained == 1)) || one == other;
}

AnonVma* own_anon_vma(const Vma* vma) {
  return vma == nullptr ? nullptr : vma->anon_vma.load(std::memory_order_relaxed);
}

bool can_vma_merge_before(const Vma* next, const VmaMergeStruct& merge) {
  return next != nullptr && next->start == merge.end && is_mergeable_vma(*next, merge) &&
         is_mergeable_anon_vma(merge.anon_vma, own_anon_vma(next), next) &&
         next->pgoff == merge.pgoff + (merge.end - merge.first);
}

bool can_vma_merge_after(const Vma* prev, const VmaMergeStruct& merge, const AnonVma* anon_vma) {
  return prev != nullptr && prev->end == merge.first && is_mergeable_vma(*prev, merge) &&
         is_mergeable_anon_vma(anon_vma, own_anon_vma(prev), prev) &&
         prev->pgoff + (prev->end - prev->start) == merge.pgoff;
}

// What becomes of mappings: `vma` gets [start, end), what is left of `shrunk` begins or ends where it does, and what it takes the
// place of goes. The mapping from which it gets pages is `exporter`.
struct Change {
  Vma* vma;
  int start;
  int end;
  Vma* exporter = nullptr;
  Vma* shrunk = nullptr;
  std::array<Vma*, 2> removed{};
};

// Moves the ends of a mapping. Its locks are held, and it is in no tree.
void set_range(Vma& vma, int start, int end) {
  vma.pgoff = static_cast<std::uint16_t>(vma.pgoff + (start - vma.start));
  vma.start = static_cast<std::uint16_t>(start);
  vma.end = static_cast<std::uint16_t>(end);
}

void apply(Mm& mm, AddressSpace* file, const Change& change) {
  for (Vma* const vma : {change.vma, change.shrunk}) {
    if (vma == nullptr) continue;
    anon_vma_interval_tree_pre_update_vma(*vma);
    unlink_from_file(file, vma);
  }
  Vma* const shrunk = change.shrunk;
  if (shrunk != nullptr && shrunk->start < change.start) {
    set_range(*shrunk, shrunk->start, change.start);
  } else if (shrunk != nullptr) {
    set_range(*shrunk, change.end, shrunk->end);
  }
  set_range(*change.vma, change.start, change.end);
  for (Vma* const vma : {change.shrunk, change.vma}) {
    if (vma == nullptr) continue;
    link_to_file(file, vma);
    anon_vma_interval_tree_post_update_vma(*vma);
  }
  for (Vma* const vma : change.removed) {
    if (vma == nullptr) continue;
    unlink_from_file(file, vma);
    unlink_from_mm(mm, vma);
  }
}

// __vma_adjust and vma_expand, which are 6.12's commit_merge.
Vma* commit_merge(Task& current, Mm& mm, const Change& change, const event::InsertMapping* insertion) {
  Vma& vma = *change.vma;
  // dup_anon_vma: it gets what the pages lead to that it gets.
  if (own_anon_vma(&vma) == nullptr && own_anon_vma(change.exporter) != nullptr) {
    vma.anon_vma.store(own_anon_vma(change.exporter), std::memory_order_relaxed);
    anon_vma_clone(current, vma, *change.exporter);
  }
  AddressSpace* const file = vm_file(current, vma);
  AnonVma* const own = own_anon_vma(&vma);
  AnonVma* const anon_vma = own != nullptr ? own : own_anon_vma(change.shrunk);
  i_mmap_lock_write(current, file);
  anon_vma_lock_write(current, anon_vma);
  if (insertion != nullptr) {
    act(current, *insertion, [&] { apply(mm, file, change); });
  } else {
    act(current,
        event::MergeMappings{
            .mm = mm.number, .first = as_fact(change.start), .count = as_fact(change.end - change.start)},
        [&] { apply(mm, file, change); });
  }
  anon_vma_unlock_write(current, anon_vma);
  i_mmap_unlock_write(current, file);
  for (Vma* const removed : change.removed) {
    if (removed == nullptr) continue;
    unlink_anon_vmas(current, *removed);
    vm_area_free(mm, removed);
  }
  return &vma;
}

// Merges the range with what is before it; with what is behind it; with both. The cases are those of vma_merge in mm/mmap.c: which
// mapping the range is a part of says what else is to be done.
Change merge_before(const Neighbours& at, const VmaMergeStruct& merge) {
  Change change{.vma = at.prev, .start = at.prev->start, .end = merge.end};
  if (at.mid == nullptr || at.mid->start >= merge.end) return change;  // 2
  change.exporter = at.mid;
  if (at.mid->end > merge.end) {
    change.shrunk = at.mid;  // 5
  } else {
    change.removed[0] = at.mid;  // 7
  }
  return change;
}

Change merge_behind(const Neighbours& at, const VmaMergeStruct& merge) {
  Change change{.vma = at.next, .start = merge.first, .end = at.next->end};
  if (at.prev != nullptr && at.prev->end > merge.first) {
    change.exporter = change.shrunk = at.prev;  // 4
  } else if (at.mid != at.next) {
    change.exporter = change.removed[0] = at.mid;  // 8
  }
  return change;  // 3
}

Change merge_both(const Neighbours& at) {
  Change change{
      .vma = at.prev, .start = at.prev->start, .end = at.next->end, .exporter = at.next, .removed = {at.next}};
  if (at.mid == at.next) return change;  // 1
  if (own_anon_vma(at.mid) != nullptr) change.exporter = at.mid;
  change.removed = {at.mid, at.next};  // 6
  return change;
}

}  // namespace

Vma* vma_merge(Task& current, Mm& mm, const VmaMergeStruct& merge, const event::InsertMapping* insertion) {
  const Neighbours at = neighbours_of(mm, merge.first, merge.end);
  const bool before = can_vma_merge_after(at.prev, merge, merge.anon_vma);
  const bool behind = can_vma_merge_before(at.next, merge);
  if (before && behind && is_mergeable_anon_vma(own_anon_vma(at.prev), own_anon_vma(at.next), nullptr))
    return commit_merge(current, mm, merge_both(at), insertion);
  if (before) return commit_merge(current, mm, merge_before(at, merge), insertion);
  if (behind) return commit_merge(current, mm, merge_behind(at, merge), insertion);
  return nullptr;
}

Vma* vma_merge_new_range(Task& current, Mm& mm, const VmaMergeStruct& merge, const event::InsertMapping& insertion) {
  const Neighbours at = neighbours_of(mm, merge.first, merge.end);
  const bool behind = can_vma_merge_before(at.next, merge);
  const bool before = can_vma_merge_after(at.prev, merge, behind ? own_anon_vma(at.next) : nullptr);
  if (before && behind) return commit_merge(current, mm, merge_both(at), &insertion);
  if (before) return commit_merge(current, mm, merge_before(at, merge), &insertion);
  if (behind) return commit_merge(current, mm, merge_behind(at, merge), &insertion);
  return nullptr;
}

}  // namespace shootdown
