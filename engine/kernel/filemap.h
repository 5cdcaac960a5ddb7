// The page cache: looking up, reading in, reading and writing files, dropping
// clean pages.
//
// Follows mm/filemap.c and mm/fadvise.c of Linux 6.1. A page is read from the disk
// in one step, by the disk's interrupt if that has one (disk.h), while it is locked
// and not up to date: nobody looks at its contents.
// Not modelled: read-ahead, map-around, IO errors, dropping mmap_lock while a
// fault waits.
#pragma once

#include <cstdint>

#include "engine/kernel/kernel.h"

namespace shootdown {

// Pages [first, first + count) of a file.
struct PageSpan {
  int first;
  int count;
};

// Where the pages are that make one folio with the page at `index` (mapping_min_folio_order, as if there were one). One at the end
// that does not fill a large one is alone; and so is each where a folio could have to be split.
PageSpan folio_place(const Kernel& kernel, int index);

// folio_file_page: the page of a folio of the page cache that is at `index` of its file.
// Each folio begins at a multiple of its size.
inline Page* file_page(Page* folio, int index) {
  return folio + (index & (folio->nr_pages() - 1));
}
// folio_next_index, of the folio of the page that is at `index`.
inline int next_index(const Page* page, int index) {
  return (index | (page->nr_pages() - 1)) + 1;
}

// find_get_page: the page at `index`, with a reference, or null.
Page* find_get_page(Task& current, AddressSpace& file, int index);

// pagevec_lookup_range_tag for one page: the first page of the range, from `index` on, with the tag, with a reference,
// or null. Moves `index` to the page's.
Page* find_get_page_tag(Task& current, AddressSpace& file, PageSpan range, int& index, CacheTag tag);

// One look at a slot of the page cache: the folio that is there.
Page* look_up(Task& current, AddressSpace& file, int index);

// i_size_read, i_size_write: in pages. Who writes holds i_rwsem. To read it is a step where it may change.
int i_size_read(Task& current, const AddressSpace& file);
void i_size_write(Task& current, AddressSpace& file, int pages);

// What came of a fault: VM_FAULT_SIGBUS is that nothing is there, beyond the end of the file.
enum class VmFault : std::uint8_t { none, sigbus, oom };

// filemap_fault: the page at `index`, locked, up to date, with a reference; read from the disk if need be.
VmFault filemap_fault(Task& current, AddressSpace& file, int index, Page*& page);

// create_page_buffers: the page, which is locked, has buffers. New ones are dirty if it is, or if they are to be.
void attach_buffers(Task& current, Page* page, bool dirty = false);

// filemap_read and generic_perform_write, for one whole page.
void file_read(Task& current, AddressSpace& file, int index);
void file_write(Task& current, AddressSpace& file, int index);

// filemap_release_folio, by way of try_to_free_buffers: false if they are dirty or written. If not the page is clean,
// whatever PG_dirty says, and that is cleared. One atomic action, as private_lock makes it: a page cannot become dirty
// in the middle. The page is locked.
bool release_buffers(Task& current, Page* page);

// __filemap_remove_folio. The page is locked, and the lock of the file's i_pages held.
void remove_from_page_cache(Task& current, Page* page, AddressSpace& file);
// folio_test_dirty, before a page is removed that must not be.
bool looks_dirty(Task& current, Page* page);

// posix_fadvise(POSIX_FADV_DONTNEED). A tmpfs ignores it.
void fadvise_dontneed(Task& current, AddressSpace& file, PageSpan range);

}  // namespace shootdown
