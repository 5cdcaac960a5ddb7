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

class FilesystemContract final : public Oracle {
 public:
  using Oracle::Oracle;

  void dirtied(int cpu, const Page& page, std::uint32_t was, bool page_table_locked) override {
    const bool stable = (was & PG_locked) != 0 || (page_table_locked && page.mapped());
    if ((was & PG_dirty) == 0 && !stable) {
      if (page.mapped()) {
        violate(cpu, "page {} of file {} becomes dirty while it is unlocked and no page-table lock is held", page.index,
                page.mapping);
      } else {
        violate(cpu, "page {} of file {} becomes dirty while it is unlocked and unmapped", page.index, page.mapping);
      }
    }
    if (kernel().config.buffers != 0 && (was & PG_buffers) == 0) {
      violate(cpu, "page {} of file {} is dirtied without buffers", page.index, page.mapping);
    }
  }
};

}  // namespace shootdown
