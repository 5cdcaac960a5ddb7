// Reclaim: pages that are taken away from whoever maps them.
//
// Follows mm/vmscan.c of Linux 6.1 from shrink_folio_list down, which is given a list
// of pages; whoever calls has chosen them. What pages are chosen by, the LRU lists,
// is not modelled but for this: who takes a page off its list is the only one who
// does (PG_lru). Pages that were accessed are spared; mapped ones are taken out of
// every page table, with the flush put off to the end of the list, or to just before
// a page is written; anonymous pages go to swap space.
//
// In two things it does not follow, but flushes what was put off: before a page that
// stays dirty is unlocked, and before one that goes leaves the page cache or the swap
// cache. On Linux data is lost in the one case
// (corpus/findings/unlocked-before-it-is-flushed); in the other threads go on reading a
// page when others have written to what has come into its place
// (corpus/findings/read-after-it-was-reclaimed). Here both are planted mistakes,
// unlocked-before-flush and replaced-before-flush, so that engines are judged by what
// they do themselves.
//
// Not modelled: writing dirty pages of files from here, which waits for special need
// (they are left to others), PG_reclaim, demotion, mlock.
#pragma once

#include "engine/kernel/filemap.h"
#include "engine/kernel/kernel.h"
#include "engine/kernel/page_alloc.h"

namespace shootdown {

// The middle of __remove_mapping: makes the count zero if it is `expected` and the page is clean. Returns whether.
bool page_ref_freeze_if_clean(Task& current, Page* page, int expected);

// remove_mapping: the page, which is locked and to which the caller has a reference, leaves the page cache, if nobody else has one
// and it is clean. Then that reference is the only one left.
bool remove_mapping(Task& current, Page* page, AddressSpace& file);

// reclaim_pages: frees those that can be freed of the pages on the list, which are isolated, and puts the others back.
void reclaim_pages(Task& current, PageList& pages);

// Reclaims pages of a file that are not mapped.
void reclaim_file_pages(Task& current, AddressSpace& file, PageSpan range);

// For who finds pages by what virtual pages of the mm show, without a lock: the page that one shows, isolated; null: there is none, or
// somebody else has it isolated.
Page* isolate_shown_page(Task& current, int address);

// Reclaims what virtual pages of the mm show, whoever maps it, in two rounds as kswapd: the first forgets that it was accessed
// (shrink_active_list).
void kswapd(Task& current, int first, int count);

}  // namespace shootdown
