// Dirty pages, and writing them back.
//
// Follows mm/page-writeback.c, mm/filemap.c and fs/buffer.c of Linux 6.1 for a
// filesystem that keeps buffers. Its disk is memory, which is written by the CPU that
// submits the IO when it has unlocked the page (as brd, the RAM disk, but for the
// order of these); or one that answers by an interrupt (disk.h), while that CPU goes
// on. Either way a page is copied word by word: stores may fall in between. Not
// modelled: errors, dirty throttling, accounting, pages being redirtied by the
// filesystem.
#pragma once

#include "engine/kernel/filemap.h"
#include "engine/kernel/kernel.h"

namespace shootdown {

enum class SyncMode : std::uint8_t {
  none,  // WB_SYNC_NONE: write what is easily written, wait for nothing
  all,   // WB_SYNC_ALL: write everything that was dirty at the start
};

// folio_mark_dirty, by way of block_dirty_folio, filemap_dirty_folio or, on a tmpfs, noop_dirty_folio. Callers hold the
// page lock, or the page-table lock of a table that maps the page; whether they do is for an oracle to say. Returns
// whether it was clean.
bool set_page_dirty(Task& current, Page* page);

// set_page_dirty_lock: the same for callers that hold neither; takes the page lock for it.
void set_page_dirty_lock(Task& current, Page* page);

// folio_clear_dirty_for_io: cleans the page and all that maps it; returns whether it must be written.
// The page is locked.
bool clear_page_dirty_for_io(Task& current, Page* page);

// Whether dirty pages of files are ever written back (mapping_can_writeback). A tmpfs's are not: they are never tagged,
// so whoever looks for some to write finds none.
inline bool mapping_can_writeback(const Task& current) {
  return current.kernel->config.tmpfs == 0;
}

// clear_buffer_dirty, of all buffers of a page: returns whether they were dirty. The page is locked; it may become
// dirty meanwhile.
bool clean_buffers(Task& current, Page* page);

// folio_test_clear_dirty, folio_clear_dirty: returns whether it was. What page tables say is not looked at.
bool clear_page_dirty(Task& current, Page* page);

// folio_cancel_dirty: the page is clean, for nobody wants what is in it.
void cancel_dirty_page(Task& current, Page* page);

// __filemap_fdatawrite_range: writes back dirty pages.
void filemap_fdatawrite_range(Task& current, AddressSpace& file, PageSpan range, SyncMode mode);

// vfs_fsync_range: returns when the pages that were dirty when it was called are on the disk.
void fsync_range(Task& current, AddressSpace& file, PageSpan range);

// folio_start_writeback and folio_end_writeback of a page that is no file's.
void start_swap_writeback(Task& current, Page* page);
void end_swap_writeback(Task& current, Page* page);

// mark_page_accessed.
void mark_page_accessed(Task& current, Page* page);

}  // namespace shootdown
