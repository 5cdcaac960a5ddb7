// Migration: pages that move to other frames, while programs use them.
//
// Follows mm/migrate.c of Linux 6.1, migrate_pages with MIGRATE_SYNC: entries that map
// a page give way to migration entries, under which who faults waits; the page cache
// or the swap cache gets the new frame; the contents are copied; the entries lead to
// the new frame. A page that is in use is tried again, up to ten times, and from the
// fourth on its lock and its writeback are waited for.
//
// Not modelled: splitting a folio for which there is no memory, batches of pages (6.3),
// moving a page to another node.
#pragma once

#include "engine/kernel/kernel.h"

namespace shootdown {

// Moves what virtual pages of the mm show, whoever maps it, as compaction does.
void migrate(Task& current, int first, int count);

// folio_migrate_flags: what is said of a page is said of the one that takes its place, too.
void folio_migrate_flags(Task& current, const Page* from, Page* to);
// folio_add_lru.
void put_on_lru(Task& current, Page* page);

// migration_entry_wait: whoever has faulted on a migration entry waits until the page is unlocked.
void migration_entry_wait(Task& current, Mm& mm, int address);

}  // namespace shootdown
