// The page cache: looking up, reading in, reading and writing files, dropping
// clean pages. A page that is dropped by invalidate_inode_pages2_range may be in
// use: who has found it before goes on with what it held.
//
// Follows mm/filemap.c, mm/truncate.c, mm/fadvise.c and the part of mm/vmscan.c
// that reclaims clean unmapped pages, of Linux 6.1. A page is read from the disk
// in one step while it is locked and not up to date: nobody looks at its contents.
// Not modelled: read-ahead, map-around, IO errors, dropping mmap_lock while a
// fault waits.
#pragma once

#include "engine/kernel/kernel.h"

namespace shootdown {

// find_get_page: the page at `index`, with a reference, or null.
Page* find_get_page(Task& current, AddressSpace& file, int index);

// Pages [first, first + count) of a file.
struct PageSpan {
  int first;
  int count;
};

// pagevec_lookup_range_tag for one page: the first page of the range, from `index` on, with the tag, with a reference,
// or null. Moves `index` to the page's.
Page* find_get_page_tag(Task& current, AddressSpace& file, PageSpan range, int& index, CacheTag tag);

// filemap_fault: the page at `index`, locked, up to date, with a reference; read from the disk if need be.
// Null if there is no memory.
Page* find_lock_page_uptodate(Task& current, AddressSpace& file, int index);

// create_empty_buffers. The page is locked.
void attach_buffers(Task& current, Page* page);

// filemap_read and generic_perform_write, for one whole page.
void file_read(Task& current, AddressSpace& file, int index);
void file_write(Task& current, AddressSpace& file, int index);

// invalidate_mapping_pages: drops clean, unlocked, unused pages.
void invalidate_mapping_pages(Task& current, AddressSpace& file, PageSpan range);

// invalidate_inode_pages2_range: unmaps pages, and drops them though others may have references. A dirty page stays.
void invalidate_inode_pages2_range(Task& current, AddressSpace& file, PageSpan range);

// posix_fadvise(POSIX_FADV_DONTNEED).
void fadvise_dontneed(Task& current, AddressSpace& file, PageSpan range);

// shrink_page_list, for pages that are neither mapped nor dirty: strips their buffers, then removes them
// if nobody else has a reference. Unmapping pages is not modelled yet.
void shrink_pages(Task& current, AddressSpace& file, PageSpan range);

}  // namespace shootdown
