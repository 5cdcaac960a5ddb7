// A page does not become dirty behind the filesystem's back.
//
// Proves: a page becomes dirty with its buffers, if the filesystem keeps any. A
// clean page becomes dirty only while it is locked; or, where the filesystem keeps
// no buffers, by somebody who holds the lock of a page table that has a place for
// the page, while it is mapped. These are the two warnings of ext4_dirty_folio and
// the conditions of folio_mark_dirty in Linux 6.1.
//
// The lock of a page table does not suffice for ext4, and need not: page_mkwrite
// announces that a page will be written through a mapping, and leaves it dirty, or
// locked until it is; who clears it takes the dirty bits out of the page tables
// first. So under a page-table lock no page with a dirty entry is found clean and
// unlocked.
//
// A page that has left the page cache is no filesystem's any more: nobody is told.
//
// Where no buffers are kept: cannot tell whether it is in the table whose lock is
// held that the page is mapped; that is taken for granted if it is mapped at all.
#pragma once

#include <string_view>

#include "oracles/oracle.h"

namespace shootdown {

class FilesystemContract final : public Oracle<event::SetDirty> {
 public:
  using Oracle::Oracle;

  void on(int cpu, const event::SetDirty& event) {
    if (event.page.file == no_fact) return;
    const std::int32_t file = number(event.page.file);
    const std::int32_t index = number(event.page.index);
    const bool mapped = event.mapcount > 0;
    const bool stable = !machine().keeps_buffers() && event.table_locked != 0 && mapped;
    const bool unlocked = (event.was & (PG_dirty | PG_locked)) == 0 && !stable;
    const bool bare = machine().keeps_buffers() && (event.was & PG_buffers) == 0;
    if (bare && unlocked) {
      violate(cpu, "page {} of file {} is dirtied without buffers, while it is clean and unlocked", index, file);
    } else if (bare) {
      violate(cpu, "page {} of file {} is dirtied without buffers", index, file);
    } else if (unlocked && !mapped) {
      violate(cpu, "page {} of file {} becomes dirty while it is unlocked and unmapped", index, file);
    } else if (unlocked && event.table_locked == 0) {
      violate(cpu, "page {} of file {} becomes dirty while it is unlocked and no page-table lock is held", index, file);
    } else if (unlocked) {
      violate(cpu, "page {} of file {} becomes dirty while it is unlocked, under a page-table lock only", index, file);
    }
  }

  // Which of the two warnings a violation stands for, and it may be both: the page has no buffers; it is clean and
  // unlocked.
  static bool tells_of_missing_buffers(const Violation& violation) {
    return violation.form.find("without buffers") != std::string_view::npos;
  }
  static bool tells_of_missing_lock(const Violation& violation) {
    return violation.form.find("unlocked") != std::string_view::npos;
  }
};

}  // namespace shootdown
