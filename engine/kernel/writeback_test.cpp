// Writeback: what says that a page is to be written.
#include "engine/kernel/writeback.h"

#include <boost/test/unit_test.hpp>
#include <string>

#include "engine/zap/engines.h"
#include "test/programs.h"
#include "test/right_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(writeback)

namespace {

std::size_t words_of_pages(std::size_t pages) {
  return pages * MachineConfig().words;
}

}  // namespace

BOOST_AUTO_TEST_CASE(buffers_become_dirty_with_their_page_and_clean_behind_it) {
  const RightRun run(ProgramBuilder().operation(0, Call::store, 0, 0).operation(0, Call::fsync, 0, 1));
  std::string order;
  for (const AnyEvent& event : run.events()) {
    if (event.is<event::ClearDirty>()) order += "page ";
    if (event.is<event::CleanBuffers>()) order += "buffers ";
    if (event.is<event::SetWriteback>()) order += "writeback ";
  }
  BOOST_TEST(order == "page buffers writeback ");
  for (const auto& clean : run.all<event::CleanBuffers>()) {
    BOOST_TEST(clean.was == (clean.was | PG_buffers | PG_buffers_dirty));
    BOOST_TEST((clean.was & PG_dirty) == 0U);
  }
  for (const auto& strip : run.all<event::StripBuffers>()) BOOST_TEST((strip.was & PG_buffers_dirty) == 0U);
}

BOOST_AUTO_TEST_CASE(where_no_buffers_are_kept_none_are_cleaned) {
  const RightRun run(ProgramBuilder()
                         .machine(&MachineConfig::buffers, 0)
                         .operation(0, Call::store, 0, 0)
                         .operation(0, Call::fsync, 0, 1));
  BOOST_TEST(run.all<event::CleanBuffers>().empty());
  BOOST_TEST(run.all<event::WriteToDisk>().size() == words_of_pages(1));
}

// The page that is cut off is dirty, and so are its buffers.
BOOST_AUTO_TEST_CASE(truncation_cleans_buffers_and_they_take_the_page_with_them) {
  const RightRun run(ProgramBuilder().operation(0, Call::store, 1, 0).operation(0, Call::truncate, 0));
  BOOST_TEST(run.all<event::ClearDirty>().empty());
  const auto strips = run.all<event::StripBuffers>();
  BOOST_TEST_REQUIRE(strips.size() == 1U);
  BOOST_TEST((strips[0].was & (PG_dirty | PG_buffers | PG_buffers_dirty)) == (PG_dirty | PG_buffers));
}

// --- tmpfs ---

namespace {

ProgramBuilder tmpfs() {
  return ProgramBuilder().machine(&MachineConfig::tmpfs, 1);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_tmpfs_writes_nothing_and_tags_nothing) {
  const RightRun run(tmpfs()
                         .operation(0, Call::store, 0, 0)
                         .operation(0, Call::write, 1)
                         .operation(0, Call::fsync, 0, 2)
                         .operation(0, Call::msync, 0, 2)
                         .operation(0, Call::writeback, 0, 2)
                         .operation(0, Call::fadvise, 0, 2));
  BOOST_TEST(run.all<event::TagPage>().empty());
  BOOST_TEST(run.all<event::WriteToDisk>().empty());
  BOOST_TEST(run.all<event::AttachBuffers>().empty());
  BOOST_TEST(run.all<event::RemoveFromPageCache>().empty());
}

// The store has announced nothing: it is the zap that finds out.
BOOST_AUTO_TEST_CASE(on_a_tmpfs_a_store_makes_only_the_entry_dirty) {
  const RightRun run(
      tmpfs().operation(0, Call::load, 0, 0).operation(0, Call::store, 0, 0).operation(0, Call::dontneed, 0, 1));
  const auto accesses = run.all<event::UserAccess>();
  BOOST_TEST_REQUIRE(accesses.size() == 3U);  // the load faults, and is made again
  BOOST_TEST(accesses[1].entry.write());
  BOOST_TEST(!accesses[1].entry.dirty());
  BOOST_TEST((accesses[2].access == Access::walk));
  BOOST_TEST(accesses[2].entry.dirty());
  const auto dirtied = run.all<event::SetDirty>();
  BOOST_TEST_REQUIRE(dirtied.size() == 1U);
  BOOST_TEST(dirtied[0].table_locked == 1U);
  BOOST_TEST((dirtied[0].was & (PG_dirty | PG_locked)) == 0U);
}

BOOST_AUTO_TEST_CASE(on_a_tmpfs_what_was_only_loaded_goes_and_what_was_stored_stays) {
  const RightRun run(tmpfs()
                         .operation(0, Call::load, 0, 0)
                         .operation(0, Call::store, 1, 0)
                         .operation(0, Call::munmap, 0, 2)
                         .operation(0, Call::reclaim, 0, 2)
                         .operation(0, Call::reclaim, 0, 2)
                         .operation(0, Call::read, 1));
  const auto removed = run.all<event::RemoveFromPageCache>();
  BOOST_TEST_REQUIRE(removed.size() == 1U);
  BOOST_TEST(removed[0].page.index == 0U);
  // Reclaim cleans the other one, and dirties it again.
  BOOST_TEST(run.all<event::ClearDirty>().size() == 2U);
  const auto read = run.all<event::ReadWord>();
  BOOST_TEST(read.front().value == 1U);
}

// 6.12 lets the entry be written to when the page has been moved, as the mapping has it by then.
BOOST_AUTO_TEST_CASE(on_a_tmpfs_a_store_may_meet_an_entry_that_was_moved_while_it_was_protected) {
  ProgramBuilder program = tmpfs().machine(&MachineConfig::pages, 1);
  program.operation(0, Call::load, 0, 0).operation(0, Call::protect, 0, 1);
  program.operation(1, Call::migrate, 0, 1)
      .exception({.kind = Exception::Kind::keep, .event = kind_of<event::SetEntry>, .after = 1})
      .exception({.kind = Exception::Kind::preempt, .cpu = 0, .event = kind_of<event::DropLock>, .after = 1})
      .operation(0, Call::unprotect, 0, 1)
      .operation(0, Call::store, 0, 0);
  BOOST_TEST(RightRun(program).all<event::SetAccessFlags>().size() == 1U);
  BOOST_TEST(RightRun(program, delayed_rmap()).all<event::SetAccessFlags>().empty());
}

// --- page_mkwrite that leaves pages clean ---

namespace {

// The page has its buffers, is clean, and nobody maps it.
ProgramBuilder left_clean() {
  return ProgramBuilder()
      .machine(&MachineConfig::mkwrite_dirties, 0)
      .machine(&MachineConfig::words, 1)
      .operation(0, Call::write, 0)
      .operation(0, Call::fsync, 0, 1);
}

// What a fault makes of the page when it is stored to once more.
std::string order_of_store(ProgramBuilder program) {
  const RightRun run(program.operation(0, Call::store, 0, 0));
  std::string order;
  bool faults = false;
  for (const AnyEvent& event : run.events()) {
    if (event.is<event::UserAccess>()) faults = !faults;
    if (!faults) continue;
    if (event.is<event::AttachBuffers>()) order += "buffers ";
    if (event.is<event::SetEntry>() || event.is<event::SetAccessFlags>()) order += "entry ";
    if (event.is<event::SetDirty>()) order += "dirty ";
    if (event.is<event::TagPage>()) order += "tag ";
  }
  return order;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_page_that_has_its_buffers_is_dirtied_behind_its_entry) {
  BOOST_TEST(order_of_store(left_clean()) == "entry dirty tag ");
  BOOST_TEST(order_of_store(left_clean().machine(&MachineConfig::mkwrite_dirties, 1)) == "dirty tag entry dirty ");
  BOOST_TEST(order_of_store(left_clean().machine(&MachineConfig::buffers, 0)) == "dirty tag entry dirty ");
}

BOOST_AUTO_TEST_CASE(so_it_is_where_the_entry_was_read_only) {
  BOOST_TEST(order_of_store(left_clean().operation(0, Call::load, 0, 0)) == "entry entry dirty tag ");
}

BOOST_AUTO_TEST_CASE(a_page_that_has_none_is_dirtied_first) {
  BOOST_TEST(order_of_store(ProgramBuilder().machine(&MachineConfig::mkwrite_dirties, 0)) ==
             "buffers dirty tag entry dirty ");
}

// Nobody is to blame: the next one saves it.
BOOST_AUTO_TEST_CASE(an_fsync_before_the_tag_misses_the_store) {
  ProgramBuilder program = left_clean();
  program.operation(0, Call::store, 0, 0)
      .exception({.kind = Exception::Kind::preempt, .cpu = 1, .event = kind_of<event::SetEntry>, .after = 1})
      .operation(1, Call::store, 0, 0)
      .operation(1, Call::fsync, 0, 1)
      .operation(0, Call::fsync, 0, 1);
  const RightRun run(program);
  std::string order;
  for (const AnyEvent& event : run.events()) {
    if (event.is<event::FsyncBegins>()) order += "fsync ";
    if (event.is<event::WriteToDisk>()) order += "write ";
  }
  BOOST_TEST(order.starts_with("fsync write fsync fsync write "));
}

BOOST_AUTO_TEST_CASE(a_zap_before_the_tag_makes_the_page_dirty) {
  ProgramBuilder program = left_clean();
  program.operation(0, Call::store, 0, 0)
      .exception({.kind = Exception::Kind::keep, .event = kind_of<event::SetEntry>, .after = 1})
      .exception({.kind = Exception::Kind::preempt, .cpu = 1, .event = kind_of<event::DropLock>, .after = 1})
      .operation(1, Call::dontneed, 0, 1);
  const auto dirtied = RightRun(program).all<event::SetDirty>();
  BOOST_TEST_REQUIRE(dirtied.size() >= 2U);
  BOOST_TEST(dirtied[1].table_locked == 1U);
  BOOST_TEST((dirtied[1].was & (PG_locked | PG_dirty)) == Fact{PG_locked});
}

BOOST_AUTO_TEST_SUITE_END()
