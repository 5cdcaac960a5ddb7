// The mappings of an address space: found, made, linked, split and merged.
//
// Follows what mm/mmap.c of Linux 6.1 does to a vm_area_struct, in the form that 6.12's mm/vma.c gives it.
// The mappings of an mm are a list here, and so are those of a file.
#pragma once

#include <span>

#include "engine/kernel/kernel.h"

namespace shootdown {

// find_vma: the first vma that ends after `page`, or null. mmap_lock is held.
Vma* find_vma(Mm& mm, int page);

// vm_area_alloc: null when the mm has too many. vm_area_dup: for any mm, it has what the other has, but no chain of anon_vmas.
Vma* vm_area_alloc(Mm& mm);
Vma* vm_area_dup(Mm& mm, const Vma& vma);
void vm_area_free(Mm& mm, Vma* vma);
// Whether the mm may have so many mappings more. mmap_lock is held for writing.
bool has_room_for(const Mm& mm, int more);

// What an event says of a mapping, or of [first, end) of it.
event::InsertMapping insertion_of(const Vma& vma, int first, int end);
inline event::InsertMapping insertion_of(const Vma& vma) {
  return insertion_of(vma, vma.start, vma.end);
}

// vma_link: the vma is one of its file's mappings, and then one of the mm's, which `insertion` says. mmap_lock is held for writing.
void vma_link(Task& current, Vma& vma, const event::InsertMapping& insertion);
// The same without a task: for mappings that exist when a run begins.
void insert_initial_vma(Kernel& kernel, Mm& mm, int first, int count);
// unlink_file_vma: it is none of its file's mappings any more. Nothing is done if it has no file.
void unlink_file_vma(Task& current, Vma& vma);

// Splits what crosses the ends of [first, end), so that mappings begin and end there. mmap_lock is held for writing. False when
// there are too many mappings.
bool split_at_ends(Task& current, Mm& mm, int first, int end);

// The vmas in [first, end), where they begin and end, taken out of the mm: in `out`, where there is room for max_vmas. mmap_lock is
// held for writing.
std::span<Vma* const> detach_vmas(Task& current, Mm& mm, int first, int end, Vma** out);

// What is to be mapped so at [first, end).
struct VmaMergeStruct {
  int first;
  int end;
  Vma::Kind kind;
  int file;
  int pgoff;
  bool read_only;
  AnonVma* anon_vma;  // to which its pages lead, if there are any
};

// vma_merge: makes [first, end) a part of the mapping before it, or behind it, or both, and returns that; null: neither can
// have it. It is free, or a part of one mapping, of which it then is none any more. mmap_lock is held for writing. Who mapped it
// newly says so by `insertion`.
Vma* vma_merge(Task& current, Mm& mm, const VmaMergeStruct& merge, const event::InsertMapping* insertion);

// The same as __mmap_region does it, which chooses otherwise between neighbours that cannot be one mapping.
Vma* vma_merge_new_range(Task& current, Mm& mm, const VmaMergeStruct& merge, const event::InsertMapping& insertion);

}  // namespace shootdown
