// From an anonymous page to the mappings in which it may be.
//
// Follows the first part of mm/rmap.c of Linux 6.1: who makes and frees anon_vmas,
// which mappings they lead to, and how somebody who has nothing but a page gets to
// them. That is the delicate part: the page leads to its anon_vma as long as it
// lives, the anon_vma goes with its last mapping, and nothing but the page's mapcount
// says whether it is still there. Memory of anon_vmas stays memory of anon_vmas
// (SLAB_TYPESAFE_BY_RCU), so to look at one that has been freed does no harm; to take it for
// the page's own does, and is announced as use of what has been freed.
//
// Memory for them never runs out.
#pragma once

#include "engine/kernel/kernel.h"

namespace shootdown {

// anon_vma_prepare: the mapping has an anon_vma from now on. mmap_lock is held.
void anon_vma_prepare(Task& current, Vma& vma);

// anon_vma_clone: pages of `dst`, which has no chain yet, may lead wherever those of `src` do. If it has no anon_vma, but `src`
// has, it gets one that no mapping has any more, and not many forks, if there is such. mmap_lock is held for writing.
void anon_vma_clone(Task& current, Vma& dst, const Vma& src);

// anon_vma_fork: the same for the copy of a mapping of another mm, `pvma`, where a fork makes it. It gets an anon_vma of its own for
// pages that are to come, or one that nobody else has any more. The mmap_locks of both are held for writing.
void anon_vma_fork(Task& current, Vma& vma, const Vma& pvma);

// unlink_anon_vmas: no page leads to the mapping any more. Those of its anon_vmas that lead nowhere then are freed.
void unlink_anon_vmas(Task& current, Vma& vma);

// anon_vma_interval_tree_pre_update_vma and post_update_vma: between them the ends of the mapping move. Its anon_vma is locked for
// writing.
void anon_vma_interval_tree_pre_update_vma(Vma& vma);
void anon_vma_interval_tree_post_update_vma(Vma& vma);

// anon_vma_lock_write and back, also if there is none: whoever moves the ends of a mapping holds it.
void anon_vma_lock_write(Task& current, AnonVma* anon_vma);
void anon_vma_unlock_write(Task& current, AnonVma* anon_vma);
void anon_vma_lock_read(Task& current, AnonVma* anon_vma);
void anon_vma_unlock_read(Task& current, AnonVma* anon_vma);

// folio_anon_vma: the page's anon_vma, as long as that is there.
AnonVma* page_anon_vma(const Task& current, const Page* page);

// folio_get_anon_vma: the same, which stays until put_anon_vma; null: the page is not mapped, or not anonymous.
AnonVma* page_get_anon_vma(Task& current, Page* page);
void put_anon_vma(Task& current, AnonVma* anon_vma);

// folio_lock_anon_vma_read: the same, locked for reading. `contended`, if it is given: nobody is waited for; it becomes true, and the
// result null, if somebody holds the lock.
AnonVma* page_lock_anon_vma_read(Task& current, Page* page, bool* contended = nullptr);

// rmap_walk_anon: visit(vma, address) for every place at which the page may be mapped, in whatever mm, until it returns false.
// The anon_vma, which is the page's, is locked.
template <typename Visit>
void rmap_walk_anon(const Task& current, const AnonVma* anon_vma, const Page* page, const Visit& visit) {
  also_reads(current, places::identity(frame_fact(current, page)));
  const int index = page->index;
  for (const AnonVmaChain* chain = anon_vma->rb_root; chain != nullptr; chain = chain->next) {
    Vma& vma = *chain->vma;
    const int address = vma.start + (index - vma.pgoff);
    if (index >= vma.pgoff && address < vma.end && !visit(vma, address)) return;
  }
}

}  // namespace shootdown
