// What the zap loop does with page tables that come and go, and for callers of another mm.
#include "engine/zap/gather_engine.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "engine/zap/engines.h"
#include "test/programs.h"
#include "test/right_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(gather_engine)

namespace {

// Runs a program on Linux 6.2's engine, on which it must hold.
RightRun record(const ProgramBuilder& builder) {
  return RightRun(builder, delayed_rmap());
}

// What that engine breaks with a mistake in it.
OracleSet broken_by(Defect defect, const ProgramBuilder& builder) {
  TestBench bench(*find_engine("delayed_rmap"));
  bench.plant(defect).run(builder);
  return bench.report().broken();
}

ProgramBuilder one_cpu(int pages) {
  ProgramBuilder builder;
  builder.machine(&MachineConfig::cpus, 1).machine(&MachineConfig::pages, pages);
  return builder;
}

}  // namespace

// --- page tables ---

BOOST_AUTO_TEST_CASE(what_was_never_touched_needs_no_lock_and_no_flush) {
  const auto run = record(one_cpu(2).operation(0, Call::dontneed, 0, 2).operation(0, Call::munmap, 0, 2));
  BOOST_TEST(run.count<event::InstallTable>() == 0U);
  BOOST_TEST(run.count<event::FreeTable>() == 0U);
  BOOST_TEST(run.count<event::RaiseTlbGeneration>() == 0U);
  const std::vector<event::TakeLock> taken = run.all<event::TakeLock>();
  BOOST_TEST(std::ranges::none_of(taken, [](const auto& take) { return take.lock.kind == LockClass::page_table; }));
}

BOOST_AUTO_TEST_CASE(a_table_is_made_by_the_first_fault_and_freed_with_the_last_mapping) {
  ProgramBuilder builder = one_cpu(3);
  builder.operation(0, Call::touch, 0, 3).operation(0, Call::munmap, 0, 2);
  const auto in_use = record(builder);
  BOOST_TEST(in_use.count<event::InstallTable>() == 1U);
  BOOST_TEST(in_use.count<event::FreeTable>() == 1U);  // when the thread ends
  const auto again =
      record(builder.operation(0, Call::munmap, 2, 1).operation(0, Call::mmap, 0, 3).operation(0, Call::load, 0, 0));
  BOOST_TEST(again.count<event::InstallTable>() == 2U);
  BOOST_TEST(again.count<event::FreeTable>() == 2U);
}

BOOST_AUTO_TEST_CASE(a_table_that_two_mappings_share_is_freed_once) {
  ProgramBuilder builder = one_cpu(5);
  builder.operation(0, Call::touch, 0, 5).operation(0, Call::munmap, 2, 1);
  const auto run = record(builder.operation(0, Call::munmap, 0, 5).operation(0, Call::exit));
  BOOST_TEST(run.count<event::FreeTable>() == 1U);
}

BOOST_AUTO_TEST_CASE(each_table_of_a_mapping_comes_and_goes_by_itself) {
  ProgramBuilder builder = one_cpu(12);
  builder.machine(&MachineConfig::table_shift, 2).operation(0, Call::load, 1, 0).operation(0, Call::load, 9, 0);
  const auto run = record(builder.operation(0, Call::munmap, 0, 12));
  std::vector<Fact> freed;
  for (const auto& table : run.all<event::FreeTable>()) freed.push_back(table.first);
  BOOST_TEST(freed == (std::vector<Fact>{0, 8}), boost::test_tools::per_element());
}

// The table adds one page to the flush, not all that it has room for.
BOOST_AUTO_TEST_CASE(a_munmap_flushes_what_it_has_cleared_and_the_tables_first_page) {
  ProgramBuilder builder = one_cpu(4);
  builder.operation(0, Call::load, 2, 0).operation(0, Call::load, 3, 0);
  const auto run = record(builder.operation(0, Call::munmap, 0, 4));
  std::vector<Fact> flushed;
  for (const auto& flush : run.all<event::FlushTranslation>()) flushed.push_back(flush.page);
  BOOST_TEST(flushed == (std::vector<Fact>{0, 1, 2, 3}), boost::test_tools::per_element());
}

namespace {

// What happens to page tables in a run, in its order: they are unhooked, a gather flushes, so many are freed.
std::string life_of_tables(const RightRun& run) {
  std::string life;
  for (const AnyEvent& event : run.events()) {
    if (event.is<event::FreeTable>()) life += "unhook ";
    if (event.is<event::FlushGather>()) life += "flush ";
    if (event.is<event::ReleaseTables>())
      life += "free " + std::to_string(event.as<event::ReleaseTables>().count) + " ";
  }
  return life;
}

// Unmaps what is in three page tables, one of which is empty.
ProgramBuilder unmap_two_tables() {
  ProgramBuilder builder;
  builder.machine(&MachineConfig::cpus, 2).machine(&MachineConfig::mms, 2).machine(&MachineConfig::pages, 12);
  builder.machine(&MachineConfig::table_shift, 2).operation(0, Call::load, 1, 0).operation(0, Call::load, 9, 0);
  return builder.operation(0, Call::munmap, 0, 12);
}

}  // namespace

BOOST_AUTO_TEST_CASE(tables_are_freed_after_the_flush) {
  BOOST_TEST(life_of_tables(record(unmap_two_tables())) == "unhook unhook flush free 2 ");
}

BOOST_AUTO_TEST_CASE(tables_are_flushed_for_when_their_batch_is_full) {
  BOOST_TEST(life_of_tables(record(unmap_two_tables().machine(&MachineConfig::batch, 1))) ==
             "unhook flush free 1 unhook flush free 1 ");
}

// And another CPU, though it runs another mm, is interrupted: it might be walking a table.
BOOST_AUTO_TEST_CASE(without_memory_for_a_batch_a_table_is_flushed_for_and_freed_at_once) {
  BOOST_TEST(record(unmap_two_tables()).count<event::SendInterrupt>() == 0U);
  const auto run = record(unmap_two_tables().exception({.kind = Exception::Kind::fail}));
  BOOST_TEST(life_of_tables(run) == "unhook flush free 1 unhook flush free 1 ");
  BOOST_TEST(run.count<event::SendInterrupt>() == 1U);
}

BOOST_AUTO_TEST_CASE(a_table_instead_of_a_range_leaves_translations) {
  ProgramBuilder builder = one_cpu(2);
  builder.operation(0, Call::populate, 0, 2).operation(0, Call::load, 1, 0).operation(0, Call::munmap, 0, 2);
  BOOST_TEST(broken_by(Defect::none, builder).empty());
  BOOST_TEST(broken_by(Defect::table_range_only, builder).contains(OracleId::stale_access));
}

BOOST_AUTO_TEST_CASE(a_table_that_is_freed_too_early_takes_entries_with_it) {
  ProgramBuilder builder = one_cpu(2);
  builder.operation(0, Call::touch, 0, 2).operation(0, Call::munmap, 0, 1);
  BOOST_TEST(broken_by(Defect::none, builder).empty());
  BOOST_TEST(broken_by(Defect::used_table_freed, builder).contains(OracleId::counts));
}

// --- a lock that is dropped in the middle ---

namespace {

// Those of the first gather of a run.
template <typename E>
int count_of_first(const ProgramBuilder& builder) {
  const auto run = record(builder);
  const auto end =
      std::ranges::find_if(run.events(), [](const AnyEvent& event) { return event.is<event::EndGather>(); });
  return static_cast<int>(
      std::count_if(run.events().begin(), end, [](const AnyEvent& event) { return event.is<E>(); }));
}

int zaps_of_table(const ProgramBuilder& builder) {
  const auto run = record(builder);
  int taken = 0;
  bool zapping = false;
  for (const AnyEvent& event : run.events()) {
    if (event.is<event::BeginZap>()) zapping = true;
    if (event.is<event::EndZap>()) return taken;
    if (!zapping || !event.is<event::TakeLock>()) continue;
    if (event.as<event::TakeLock>().lock.kind == LockClass::page_table) ++taken;
  }
  return taken;
}

// A zap of five pages, of which all but page 1 are mapped.
ProgramBuilder zap_of_four(int resched) {
  ProgramBuilder builder = one_cpu(5);
  builder.machine(&MachineConfig::resched, resched);
  builder.operation(0, Call::load, 0, 0).operation(0, Call::touch, 2, 3);
  return builder.operation(0, Call::dontneed, 0, 5);
}

}  // namespace

BOOST_AUTO_TEST_CASE(entries_that_are_none_do_not_count_for_need_resched) {
  BOOST_TEST(zaps_of_table(zap_of_four(0)) == 1);
  BOOST_TEST(zaps_of_table(zap_of_four(1)) == 4);
  BOOST_TEST(zaps_of_table(zap_of_four(2)) == 2);
  BOOST_TEST(zaps_of_table(zap_of_four(3)) == 2);
  BOOST_TEST(zaps_of_table(zap_of_four(4)) == 1);
  BOOST_TEST(zaps_of_table(zap_of_four(511)) == 1);
}

BOOST_AUTO_TEST_CASE(the_lock_is_dropped_without_a_flush_unless_one_is_forced) {
  ProgramBuilder clean = one_cpu(3);
  clean.machine(&MachineConfig::resched, 1);
  for (int page = 0; page < 3; ++page) clean.operation(0, Call::load, page, 0);
  BOOST_TEST(count_of_first<event::FlushGather>(clean.operation(0, Call::dontneed, 0, 3)) == 1);
  ProgramBuilder dirty = one_cpu(3);
  dirty.machine(&MachineConfig::resched, 1).operation(0, Call::touch, 0, 3);
  BOOST_TEST(count_of_first<event::FlushGather>(dirty.operation(0, Call::dontneed, 0, 3)) == 3);
}

// Saved between the two halves, and written to through the entry that has not been flushed.
BOOST_AUTO_TEST_CASE(a_flush_that_is_put_off_to_the_end_of_the_table_comes_too_late) {
  ProgramBuilder builder;
  builder.machine(&MachineConfig::resched, 1).operation(0, Call::touch, 0, 2).operation(1, Call::dontneed, 0, 2);
  builder.exception({.kind = Exception::Kind::preempt, .cpu = 2, .event = kind_of<event::DropLock>, .after = 1});
  builder.operation(2, Call::fsync, 0, 1).operation(0, Call::store, 0, 0);
  BOOST_TEST(broken_by(Defect::none, builder).empty());
  BOOST_TEST(broken_by(Defect::forced_flush_put_off, builder).contains(OracleId::lost_dirty_data));
}

// --- callers of another mm ---

BOOST_AUTO_TEST_CASE(an_invalidation_zaps_all_that_map_the_file) {
  ProgramBuilder builder;
  builder.machine(&MachineConfig::mms, 3).machine(&MachineConfig::windows, 2);
  builder.operation(0, Call::load, 1, 0).operation(0, Call::load, 3, 0).operation(1, Call::load, 1, 0);
  const auto run = record(builder.operation(2, Call::invalidate, 1, 1));
  std::vector<Fact> zapped;
  for (const auto& zap : run.all<event::BeginZap>()) {
    if (zap.count == 1) zapped.push_back(zap.mm << 4U | zap.first);
  }
  std::ranges::sort(zapped);
  BOOST_TEST(zapped == (std::vector<Fact>{0x01, 0x03, 0x11, 0x13, 0x21, 0x23}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_gather_flushes_the_mm_that_is_zapped) {
  ProgramBuilder builder;
  builder.machine(&MachineConfig::mms, 2).operation(0, Call::load, 0, 0).operation(1, Call::invalidate, 0, 1);
  BOOST_TEST(broken_by(Defect::none, builder).empty());
  BOOST_TEST(broken_by(Defect::own_mm_flushed, builder).contains(OracleId::stale_access));
}

// The second page is mapped again when all have been unmapped, before its turn comes: it is locked while it is zapped.
BOOST_AUTO_TEST_CASE(a_release_that_locks_pages_waits_for_itself) {
  bool hangs = false;
  for (int after = 0; after < 120 && !hangs; ++after) {
    ProgramBuilder builder;
    builder.operation(0, Call::touch, 0, 2).operation(1, Call::invalidate, 0, 2).switch_to(0, after);
    builder.operation(0, Call::store, 1, 0);
    BOOST_TEST(broken_by(Defect::none, builder).empty());
    hangs = broken_by(Defect::release_locks_pages, builder).contains(OracleId::progress);
  }
  BOOST_TEST(hangs);
}

// --- accessed pages ---

BOOST_AUTO_TEST_CASE(that_a_page_was_accessed_counts_unless_it_is_read_sequentially) {
  for (const int seq_read : {0, 1}) {
    ProgramBuilder builder = one_cpu(1);
    builder.machine(&MachineConfig::seq_read, seq_read).operation(0, Call::load, 0, 0);
    const std::size_t faulted = record(builder).count<event::MarkAccessed>();
    const std::size_t zapped = record(builder.operation(0, Call::munmap, 0, 1)).count<event::MarkAccessed>();
    // The end of the thread zaps what is mapped, too.
    BOOST_TEST(zapped == faulted);
    BOOST_TEST((zapped == 0U) == (seq_read == 1));
  }
}

BOOST_AUTO_TEST_CASE(reclaim_takes_what_is_read_sequentially_though_it_was_accessed) {
  for (const Engine* const engine : {find_engine("eager_dirty"), find_engine("delayed_rmap")}) {
    ProgramBuilder builder = one_cpu(1);
    builder.machine(&MachineConfig::seq_read, 1).operation(0, Call::load, 0, 0).operation(0, Call::kswapd, 0, 1);
    const RightRun run(builder, *engine);
    BOOST_TEST(run.count<event::RemoveFromPageCache>() == 1U);
    BOOST_TEST(run.count<event::ClearAccessed>() == (engine == find_engine("eager_dirty") ? 2U : 0U));
  }
}

BOOST_AUTO_TEST_SUITE_END()
