// A page does not become dirty behind the filesystem's back.
//
// Proves: a clean page becomes dirty only while it is locked, or by somebody who
// holds the page-table lock of a table that maps it (a writable entry: the
// filesystem was told by page_mkwrite); and a page that is dirtied has buffers,
// if the filesystem keeps any. These are the conditions of folio_mark_dirty and
// the two warnings of ext4_dirty_folio in Linux 6.1.
//
// Cannot tell which table's lock the caller holds: that it maps the page is taken
// for granted if anything does.
#pragma once

#include "oracles/oracle.h"

namespace shootdown {

class FilesystemContract final : public Oracle<event::SetDirty> {
 public:
  using Oracle::Oracle;

  void on(int cpu, const event::SetDirty& event) override {
    const std::int32_t file = number(event.page.file);
    const std::int32_t index = number(event.page.index);
    const bool mapped = event.mapcount > 0;
    const bool stable = (event.was & PG_locked) != 0 || (event.table_locked != 0 && mapped);
    if ((event.was & PG_dirty) == 0 && !stable) {
      if (mapped) {
        violate(cpu, "page {} of file {} becomes dirty while it is unlocked and no page-table lock is held", index,
                file);
      } else {
        violate(cpu, "page {} of file {} becomes dirty while it is unlocked and unmapped", index, file);
      }
    }
    if (machine().buffers != 0 && (event.was & PG_buffers) == 0)
      violate(cpu, "page {} of file {} is dirtied without buffers", index, file);
  }
};

}  // namespace shootdown
