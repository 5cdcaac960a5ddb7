// Taking pages out of the page cache: clean ones, and those that a file has no more.
//
// Follows mm/truncate.c of Linux 6.1, and around it what a filesystem does: sets a size
// as ext2 does, by whole pages, and punches a hole as ext4 does. A page that is dropped
// by invalidate_inode_pages2_range or truncated may be in use: who has found it before
// goes on with what it held. Not modelled: sizes within a page, readers of a page that
// is not up to date yet.
#pragma once

#include "engine/kernel/filemap.h"

namespace shootdown {

// So many pages are found, locked and removed together (PAGEVEC_SIZE).
inline constexpr int max_pages_truncated = 15;

// invalidate_mapping_pages: drops clean, unlocked, unused pages.
void invalidate_mapping_pages(Task& current, AddressSpace& file, PageSpan range);

// invalidate_inode_pages2_range: unmaps pages, and drops them though others may have references. A dirty page stays.
void invalidate_inode_pages2_range(Task& current, AddressSpace& file, PageSpan range);

// truncate_error_page, of a page that is locked, mapped nowhere, and clean: drops it though others may have references.
void truncate_error_page(Task& current, Page* page);

// ftruncate: the file has so many pages from now on. What is cut off is zeros if it comes back.
void truncate(Task& current, AddressSpace& file, int pages);

// fallocate(FALLOC_FL_PUNCH_HOLE): the pages, as far as the file has them, are zeros from now on.
void punch_hole(Task& current, AddressSpace& file, PageSpan range);

}  // namespace shootdown
