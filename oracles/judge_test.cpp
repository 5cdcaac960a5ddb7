// The judge tells each part of itself what it must know; and on whole engines, which make mistakes
//, the oracles that must fire do, and only they. Each oracle's own conditions are in its own test.
#include "oracles/judge.h"

#include <boost/test/unit_test.hpp>
#include <vector>

#include "engine/zap/engines.h"
#include "test/hand_made_run.h"
#include "test/programs.h"
#include "test/recorder.h"
#include "test/silent_engine.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(judge)

namespace {

// A page is stored to, unmapped, saved, dropped, and used again; with two mms, so that unmapping is not the end.
ProgramBuilder ordinary_life() {
  ProgramBuilder builder;
  builder.machine(&MachineConfig::mms, 2).operation(0, Call::store, 0, 0).operation(1, Call::store, 0, 1);
  builder.operation(0, Call::dontneed, 0, 2).operation(1, Call::munmap, 0, 1).operation(0, Call::fsync, 0, 2);
  builder.operation(2, Call::fadvise, 0, 2).operation(2, Call::write, 1).operation(2, Call::load, 0, 0);
  return builder;
}

// Whether any preemption of the lost write's zap makes the engine break the guarantee.
bool some_preemption_breaks(const Engine& engine, OracleId id) {
  TestBench bench(engine);
  for (int after = 0; after < 40; ++after) {
    bench.run(lost_write_at(after));
    if (bench.breaks(id)) return true;
  }
  return false;
}

OracleSet broken_by(Defect defect, const ProgramBuilder& builder = ordinary_life()) {
  TestBench bench(*find_engine("eager_dirty"));
  bench.plant(defect).run(builder);
  return bench.report().broken();
}

// Keeps what it is told.
class Companion final : public Observer {
 public:
  EventSet watches() const override { return watched; }
  void happened(const EventView& event, const World& /*world*/) override { told.push_back(event.kind); }
  EventSet watched;
  std::vector<EventKind> told;
};

}  // namespace

BOOST_AUTO_TEST_CASE(watches_what_its_parts_and_its_companion_watch) {
  Companion companion;
  companion.watched.insert(kind_of<event::SendInterrupt>);
  const EventSet alone = Judge().watches();
  BOOST_TEST(!alone.contains(kind_of<event::SendInterrupt>));
  BOOST_TEST(alone.contains(Commits::watched));
  for (const OracleInfo& oracle : all_oracles()) BOOST_TEST(alone.contains(oracle.needed), oracle.name);
  BOOST_TEST((Judge(&companion).watches() == (alone | companion.watched)));
}

BOOST_AUTO_TEST_CASE(a_companion_is_told_of_what_it_watches_in_a_run) {
  Companion companion;
  companion.watched = EventSet::of(EventList<event::RunBegins, event::SendInterrupt, event::FreePage>{});
  HandMadeRun run(&companion);
  run.happens(0, event::SendInterrupt{.cpus = 2});
  run.happens(0, event::PutPage{.refcount = 3});
  run.happens(0, event::FreePage{.page = {.frame = 3}});
  const std::vector<EventKind> expected{kind_of<event::RunBegins>, kind_of<event::SendInterrupt>,
                                        kind_of<event::FreePage>};
  BOOST_TEST(companion.told == expected);
}

BOOST_AUTO_TEST_CASE(a_run_knows_nothing_of_the_last_one) {
  HandMadeRun run;
  const event::UserAccess store{.page = 1, .store = 1, .access = Access::hit, .value = 5};
  run.happens(0, store);
  run.happens(0, event::BeginUnmap{.first = 0, .count = 1});
  run.happens(0, event::EndUnmap{.first = 0, .count = 1});
  run.happens(0, event::PutPage{.refcount = -1});
  BOOST_TEST(run.breaks(OracleId::counts));
  run.begin();
  run.happens(0, event::UserAccess{.page = 0, .access = Access::hit});
  run.happens(0, event::UserAccess{.page = 1, .access = Access::hit});
  BOOST_TEST(run.holds());
}

BOOST_AUTO_TEST_CASE(all_are_silent_in_an_ordinary_run) {
  BOOST_TEST(broken_by(Defect::none).empty());
  for (const Engine* const engine : all_engines()) {
    TestBench bench(*engine);
    bench.run(ordinary_life());
    BOOST_TEST(bench.holds());
  }
}

BOOST_AUTO_TEST_CASE(the_engines_break_what_is_known_of_them_and_nothing_else) {
  const Engine& eager = *find_engine("eager_dirty");
  const Engine& deferred = *find_engine("deferred_dirty");
  for (const OracleInfo& oracle : all_oracles()) {
    const bool lost = oracle.id == OracleId::lost_dirty_data || oracle.id == OracleId::page_cache_contents ||
                      oracle.id == OracleId::fsync_durability;
    const bool unmapped = oracle.id == OracleId::dirty_unmapped;
    BOOST_TEST(some_preemption_breaks(eager, oracle.id) == (lost || unmapped), oracle.name);
    // The final fsync comes after the deferred set_page_dirty; the corpus has a program in which one comes before it.
    const bool behind_its_back = oracle.id == OracleId::filesystem_contract;
    BOOST_TEST(some_preemption_breaks(deferred, oracle.id) == (behind_its_back || unmapped), oracle.name);
  }
}

BOOST_AUTO_TEST_CASE(fsync_durability_fires_when_an_fsync_misses_a_store_that_nobody_knows_of_yet) {
  TestBench bench(*find_engine("deferred_dirty"));
  bool broken = false;
  for (int after = 0; after < 40; ++after) {
    // The first fsync cleans the page; the zap then hides what CPU 0 wrote from the second.
    ProgramBuilder builder;
    builder.operation(0, Call::store, 0, 0).operation(1, Call::dontneed, 0, 1).suspend(after);
    builder.operation(2, Call::fsync, 0, 1).operation(0, Call::store, 0, 0).operation(2, Call::fsync, 0, 1);
    bench.run(builder);
    broken = broken || bench.breaks(OracleId::fsync_durability);
    BOOST_TEST(!bench.breaks(OracleId::lost_dirty_data));
  }
  BOOST_TEST(broken);
}

BOOST_AUTO_TEST_CASE(lost_dirty_data_fires_for_a_write_that_is_lost_and_then_overwritten) {
  TestBench bench(*find_engine("eager_dirty"));
  bool broken = false;
  for (int after = 0; after < 40; ++after) {
    ProgramBuilder builder = lost_write_at(after);
    // The zap ends before it.
    builder.machine(&MachineConfig::words, 1).operation(0, Call::write, 0).switch_to(1, 0);
    bench.run(builder);
    BOOST_TEST(!bench.breaks(OracleId::page_cache_contents));
    BOOST_TEST(!bench.breaks(OracleId::fsync_durability));
    broken = broken || bench.breaks(OracleId::lost_dirty_data);
  }
  BOOST_TEST(broken);
}

BOOST_AUTO_TEST_CASE(stale_access_fires_when_a_page_is_freed_while_a_tlb_leads_to_it) {
  BOOST_TEST(broken_by(Defect::released_without_flush).contains(OracleId::stale_access));
}

BOOST_AUTO_TEST_CASE(page_cache_contents_fires_for_a_load_that_works_though_the_page_is_unmapped) {
  // Of four pages, so that no page table is freed, which would widen the flush.
  ProgramBuilder builder;
  builder.machine(&MachineConfig::pages, 4).operation(0, Call::load, 0, 0).operation(0, Call::load, 1, 0);
  builder.operation(1, Call::munmap, 0, 2).operation(0, Call::load, 0, 0);
  BOOST_TEST(broken_by(Defect::none, builder).empty());
  const OracleSet broken = broken_by(Defect::range_forgotten, builder);
  BOOST_TEST(broken.contains(OracleId::page_cache_contents));
  BOOST_TEST(broken.contains(OracleId::stale_access));
}

// The read() has found the page, which then is dropped, read in anew, and written to.
BOOST_AUTO_TEST_CASE(page_cache_contents_is_silent_for_a_read_of_what_was_dropped_meanwhile) {
  bool late = false;
  for (int after = 0; after < 20; ++after) {
    ProgramBuilder builder;
    builder.machine(&MachineConfig::words, 1).operation(0, Call::load, 0, 0);
    builder.operation(0, Call::read, 0).suspend(after);
    builder.operation(1, Call::invalidate, 0, 1).operation(1, Call::write, 0);
    Recorder recorder;
    TestBench bench(*find_engine("delayed_rmap"), &recorder);
    bench.run(builder);
    BOOST_TEST(bench.holds());
    const std::vector<event::ReadWord> read = recorder.all<event::ReadWord>();
    const std::vector<event::WriteWord> written = recorder.all<event::WriteWord>();
    late = late || (read.at(0).value == 0 && read.at(0).page.frame != written.at(0).page.frame);
  }
  BOOST_TEST(late);
}

BOOST_AUTO_TEST_CASE(stale_access_fires_for_a_translation_that_nobody_uses) {
  ProgramBuilder builder;
  builder.operation(0, Call::load, 0, 0).operation(0, Call::load, 1, 0).operation(1, Call::dontneed, 0, 2);
  OracleSet expected;
  BOOST_TEST((broken_by(Defect::none, builder) == expected));
  expected.insert(OracleId::stale_access);
  BOOST_TEST((broken_by(Defect::range_forgotten, builder) == expected));
}

BOOST_AUTO_TEST_CASE(counts_fire) {
  BOOST_TEST(broken_by(Defect::rmap_removed_twice).contains(OracleId::counts));
  BOOST_TEST(broken_by(Defect::rmap_not_removed).contains(OracleId::counts));
  BOOST_TEST(broken_by(Defect::page_not_queued).contains(OracleId::counts));
}

BOOST_AUTO_TEST_CASE(batch_fires) {
  BOOST_TEST(broken_by(Defect::released_without_flush).contains(OracleId::batch));
  BOOST_TEST(!broken_by(Defect::page_queued_twice).contains(OracleId::batch));  // queued twice, released twice
}

BOOST_AUTO_TEST_CASE(encoded_pointer_fires_for_entries_that_keep_their_flags) {
  BOOST_TEST(broken_by(Defect::flags_not_removed).contains(OracleId::encoded_pointer));
}

BOOST_AUTO_TEST_CASE(filesystem_contract_fires) {
  BOOST_TEST(broken_by(Defect::unlocked_dirty).contains(OracleId::filesystem_contract));
  // A clean page that another mm maps, under a page-table lock.
  ProgramBuilder builder;
  builder.machine(&MachineConfig::mms, 2).operation(0, Call::store, 0, 0).operation(0, Call::fsync, 0, 1);
  builder.operation(1, Call::load, 0, 0).operation(0, Call::dontneed, 0, 1);
  BOOST_TEST(broken_by(Defect::none, builder).empty());
  OracleSet expected;
  expected.insert(OracleId::filesystem_contract);
  BOOST_TEST((broken_by(Defect::foreign_lock_dirty, builder.machine(&MachineConfig::buffers, 0)).empty()));
  BOOST_TEST((broken_by(Defect::foreign_lock_dirty, builder.machine(&MachineConfig::buffers, 1)) == expected));
}

// Nobody saves the page in the meantime, and nothing is lost.
BOOST_AUTO_TEST_CASE(dirty_unmapped_fires_for_rmaps_that_are_removed_before_the_flush) {
  ProgramBuilder builder;
  builder.operation(0, Call::store, 0, 0).operation(1, Call::dontneed, 0, 1);
  TestBench bench(*find_engine("delayed_rmap"));
  bench.run(builder);
  BOOST_TEST(bench.holds());
  bench.plant(Defect::rmap_before_flush).run(builder);
  OracleSet expected;
  expected.insert(OracleId::dirty_unmapped);
  BOOST_TEST((bench.report().broken() == expected));
}

BOOST_AUTO_TEST_CASE(complete_zap_fires_for_an_entry_that_is_left_out) {
  ProgramBuilder builder;
  builder.machine(&MachineConfig::pages, 4)
      .machine(&MachineConfig::bundle, 1)
      .machine(&MachineConfig::batch_count, 1)
      .machine(&MachineConfig::batch, 1);
  builder.operation(0, Call::touch, 0, 4).operation(0, Call::dontneed, 0, 4);
  OracleSet expected;
  BOOST_TEST((broken_by(Defect::none, builder) == expected));
  expected.insert(OracleId::complete_zap);
  BOOST_TEST((broken_by(Defect::entry_skipped_when_full, builder) == expected));
}

BOOST_AUTO_TEST_CASE(atomic_sleep_fires_for_a_wait_under_a_page_table_lock) {
  OracleSet expected;
  expected.insert(OracleId::atomic_sleep);
  BOOST_TEST((broken_by(Defect::sleep_under_lock) == expected));
}

BOOST_AUTO_TEST_CASE(progress_fires_for_a_deadlock) {
  const OracleSet broken = broken_by(Defect::lock_never_dropped);
  BOOST_TEST(broken.contains(OracleId::progress));
}

BOOST_AUTO_TEST_CASE(an_engine_claims_everything_but_its_exceptions) {
  for (const Engine* const engine : all_engines()) {
    const OracleSet claimed = claims(engine->not_claimed());
    for (const OracleInfo& oracle : all_oracles()) {
      bool excepted = false;
      for (const NotClaimed& exception : engine->not_claimed()) excepted = excepted || exception.oracle == oracle.name;
      BOOST_TEST(claimed.contains(oracle.id) != excepted);
    }
  }
  BOOST_TEST(find_engine("no_such_engine") == nullptr);
}

// It does what eager_dirty does, and says that it does not send an event that two oracles need.
BOOST_AUTO_TEST_CASE(who_cannot_judge_a_run_finds_nothing_in_it) {
  const SilentEngine silent(eager_dirty(), kind_of<event::PutPage>);
  TestBench eager(*find_engine("eager_dirty"));
  TestBench bench(silent);
  bool lost = false;
  for (int after = 0; after < 40; ++after) {
    eager.run(lost_write_at(after));
    bench.run(lost_write_at(after));
    lost = lost || eager.breaks(OracleId::lost_dirty_data);
    BOOST_TEST((bench.report().judged() == judged_with(silent.sends())));
    BOOST_TEST((bench.report().broken() == (eager.report().broken() & bench.report().judged())));
  }
  BOOST_TEST(lost);
  BOOST_TEST((eager.report().judged() == OracleSet::all()));
  BOOST_TEST(!bench.report().judged().contains(OracleId::lost_dirty_data));
  BOOST_TEST(bench.report().judged().contains(OracleId::fsync_durability));
}

BOOST_AUTO_TEST_SUITE_END()
