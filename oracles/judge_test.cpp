// Each oracle fires when its guarantee is broken, and stays silent when it is not.
//
// Where a whole engine can make the mistake, one does (defective_engine.h); else the report that an engine would
// make is made by hand.
#include "oracles/judge.h"

#include <boost/test/unit_test.hpp>
#include <string>

#include "engine/zap/defective_engine.h"
#include "engine/zap/engines.h"
#include "test/programs.h"

using namespace shootdown;

namespace {

// A page is stored to, unmapped, saved, dropped, and used again; with two mms, so that unmapping is not the end.
ProgramBuilder ordinary_life() {
  ProgramBuilder builder;
  builder.machine(&MachineConfig::mms, 2).operation(0, Call::store, 0, 0).operation(1, Call::store, 0, 1);
  builder.operation(0, Call::dontneed, 0, 2).operation(1, Call::munmap, 0, 1).operation(0, Call::fsync, 0, 2);
  builder.operation(2, Call::fadvise, 0, 2).operation(2, Call::write, 1).operation(2, Call::load, 0, 0);
  return builder;
}

// The program of the lost write: the zap is suspended `after` steps, in which another CPU saves the page, and a
// third writes to it once more.
ProgramBuilder lost_write(int after) {
  ProgramBuilder builder;
  builder.operation(0, Call::store, 0, 0).operation(1, Call::dontneed, 0, 1).suspend(after);
  builder.operation(2, Call::fsync, 0, 1).operation(0, Call::store, 0, 0);
  return builder;
}

// Whether any preemption of the lost write's zap makes the engine break the guarantee.
bool some_preemption_breaks(const ZapEngine& engine, OracleId id) {
  TestBench bench(engine);
  for (int after = 0; after < 40; ++after) {
    bench.run(lost_write(after));
    if (bench.breaks(id)) return true;
  }
  return false;
}

OracleSet broken_by(Mistake mistake, const ProgramBuilder& builder = ordinary_life()) {
  const DefectiveEngine engine(mistake);
  TestBench bench(engine);
  bench.run(builder);
  return bench.report().broken();
}

// A bench after an ordinary run, to which reports are made by hand.
struct ByHand : TestBench {
  ByHand() : TestBench(*find_engine("eager_dirty")), watcher(kernel().watcher) {
    run(ProgramBuilder());
    BOOST_TEST_REQUIRE(holds());
    watcher.begin(kernel());
  }
  std::string fact(OracleId id) const { return std::string(report().violation(id).fact()); }
  Watcher& watcher;
};

UserAccess access_of(int page, bool store, Word value, bool stale = false) {
  return {.cpu = 0,
          .mm = 0,
          .page = page,
          .word = 0,
          .store = store,
          .result = {.kind = AccessResult::Kind::hit, .frame = 3, .value = value, .stale = stale}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(judge)

BOOST_AUTO_TEST_CASE(all_are_silent_in_an_ordinary_run) {
  BOOST_TEST(broken_by(Mistake::none).empty());
  for (const ZapEngine* const engine : all_engines()) {
    TestBench bench(*engine);
    bench.run(ordinary_life());
    BOOST_TEST(bench.holds());
  }
}

BOOST_AUTO_TEST_CASE(the_engines_break_what_is_known_of_them_and_nothing_else) {
  const ZapEngine& eager = *find_engine("eager_dirty");
  const ZapEngine& deferred = *find_engine("deferred_dirty");
  for (const OracleInfo& oracle : all_oracles()) {
    const bool lost = oracle.id == OracleId::lost_dirty_data || oracle.id == OracleId::page_cache_contents ||
                      oracle.id == OracleId::fsync_durability;
    BOOST_TEST(some_preemption_breaks(eager, oracle.id) == lost, oracle.name);
    // The final fsync comes after the deferred set_page_dirty; the corpus has a program in which one comes before it.
    BOOST_TEST(some_preemption_breaks(deferred, oracle.id) == (oracle.id == OracleId::filesystem_contract),
               oracle.name);
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

BOOST_AUTO_TEST_CASE(page_cache_contents_compares_loads_and_reads_with_what_was_written_last) {
  ByHand bench;
  bench.watcher.accessed(access_of(1, true, 5));
  bench.watcher.accessed(access_of(1, false, 5));
  bench.watcher.file_accessed(0, 0, 1, 0, false, 5);
  BOOST_TEST(bench.holds());
  bench.watcher.accessed(access_of(1, false, 4));
  BOOST_TEST(bench.breaks(OracleId::page_cache_contents));
  BOOST_TEST(bench.fact(OracleId::page_cache_contents) ==
             "cpu 0 loads 4 from virtual page 1 word 0 of mm 0, where 5 was written last");

  bench.watcher.begin(bench.kernel());
  bench.watcher.file_accessed(0, 0, 1, 0, true, 6);
  bench.watcher.file_accessed(2, 0, 1, 0, false, 5);
  BOOST_TEST(bench.breaks(OracleId::page_cache_contents));
}

BOOST_AUTO_TEST_CASE(page_cache_contents_knows_who_may_be_refused) {
  ByHand bench;
  bench.watcher.unmapping(0, {0, 1, 1});
  bench.watcher.refused(0, 0, 1);
  BOOST_TEST(bench.holds());
  bench.watcher.refused(0, 0, 0);
  BOOST_TEST(bench.breaks(OracleId::page_cache_contents));
}

BOOST_AUTO_TEST_CASE(stale_access_fires_for_freed_frames_and_finished_unmappings) {
  ByHand bench;
  bench.watcher.accessed(access_of(1, true, 5, true));
  BOOST_TEST(bench.breaks(OracleId::stale_access));

  bench.watcher.begin(bench.kernel());
  bench.watcher.unmapping(0, {0, 1, 1});
  bench.watcher.accessed(access_of(1, true, 6));
  BOOST_TEST(bench.holds());
  bench.watcher.unmapped(0, {0, 1, 1});
  bench.watcher.accessed(access_of(1, true, 7));
  BOOST_TEST(bench.breaks(OracleId::stale_access));
}

BOOST_AUTO_TEST_CASE(stale_access_fires_when_a_page_is_freed_while_a_tlb_leads_to_it) {
  BOOST_TEST(broken_by(Mistake::released_without_flush).contains(OracleId::stale_access));
}

BOOST_AUTO_TEST_CASE(counts_fire) {
  BOOST_TEST(broken_by(Mistake::rmap_removed_twice).contains(OracleId::counts));
  BOOST_TEST(broken_by(Mistake::rmap_not_removed).contains(OracleId::counts));
  BOOST_TEST(broken_by(Mistake::page_not_queued).contains(OracleId::counts));
}

BOOST_AUTO_TEST_CASE(batch_fires) {
  BOOST_TEST(broken_by(Mistake::released_without_flush).contains(OracleId::batch));
  BOOST_TEST(!broken_by(Mistake::page_queued_twice).contains(OracleId::batch));  // queued twice, released twice
}

BOOST_AUTO_TEST_CASE(encoded_pointer_fires_for_entries_that_keep_their_flags) {
  BOOST_TEST(broken_by(Mistake::flags_not_removed).contains(OracleId::encoded_pointer));
}

BOOST_AUTO_TEST_CASE(encoded_pointer_checks_every_flag_of_every_page) {
  ByHand bench;
  for (unsigned flags = 0; flags <= 3; ++flags) {
    for (Page& page : bench.kernel().pages) bench.watcher.encoded(0, &page, flags, EncodedPage(&page, flags));
  }
  BOOST_TEST(bench.holds());

  Page& page = bench.kernel().pages[7];
  const auto address = reinterpret_cast<std::uintptr_t>(&page);
  for (const std::uintptr_t wrong : {address, address + 2, address + sizeof(Page) + 1, std::uintptr_t{1}}) {
    bench.watcher.begin(bench.kernel());
    bench.watcher.encoded(0, &page, 1, EncodedPage(wrong));
    BOOST_TEST(bench.breaks(OracleId::encoded_pointer));
  }
  bench.watcher.begin(bench.kernel());
  const auto* const crooked = reinterpret_cast<const Page*>(address + 2);  // what alignment to two bytes would allow
  bench.watcher.encoded(0, crooked, 1, EncodedPage(address + 3));
  BOOST_TEST(bench.breaks(OracleId::encoded_pointer));
}

BOOST_AUTO_TEST_CASE(filesystem_contract_fires) {
  BOOST_TEST(broken_by(Mistake::unlocked_dirty).contains(OracleId::filesystem_contract));
}

BOOST_AUTO_TEST_CASE(filesystem_contract_knows_the_conditions_one_by_one) {
  ByHand bench;
  Page& page = bench.kernel().pages[0];
  const auto breaks = [&](std::uint32_t was, bool page_table_locked, int mapcount) {
    bench.watcher.begin(bench.kernel());
    page.mapcount.store(mapcount, std::memory_order_relaxed);
    bench.watcher.dirtied(0, page, was, page_table_locked);
    return bench.breaks(OracleId::filesystem_contract);
  };
  BOOST_TEST(!breaks(PG_locked | PG_buffers, false, 0));
  BOOST_TEST(!breaks(PG_dirty | PG_buffers, false, 0));
  BOOST_TEST(!breaks(PG_buffers, true, 1));
  BOOST_TEST(breaks(PG_buffers, true, 0));
  BOOST_TEST(breaks(PG_buffers, false, 1));
  BOOST_TEST(breaks(PG_locked, false, 1));
  bench.kernel().config.buffers = 0;
  BOOST_TEST(!breaks(PG_locked, false, 1));
}

BOOST_AUTO_TEST_CASE(progress_fires_for_a_deadlock) {
  const OracleSet broken = broken_by(Mistake::lock_never_dropped);
  BOOST_TEST(broken.contains(OracleId::progress));
}

BOOST_AUTO_TEST_CASE(only_the_first_violation_of_an_oracle_counts_and_the_earliest_oracle_is_first) {
  ByHand bench;
  bench.watcher.accessed(access_of(1, false, 4));
  bench.watcher.accessed(access_of(1, false, 3));
  BOOST_TEST(bench.fact(OracleId::page_cache_contents).starts_with("cpu 0 loads 4"));
  BOOST_TEST((bench.report().first(OracleSet::all()) == OracleId::page_cache_contents));
}

BOOST_AUTO_TEST_CASE(an_engine_claims_everything_but_its_exceptions) {
  for (const ZapEngine* const engine : all_engines()) {
    const OracleSet claimed = claims(*engine);
    for (const OracleInfo& oracle : all_oracles()) {
      bool excepted = false;
      for (const NotClaimed& exception : engine->not_claimed()) excepted = excepted || exception.oracle == oracle.name;
      BOOST_TEST(claimed.contains(oracle.id) != excepted);
    }
  }
  BOOST_TEST(find_oracle("no-such-oracle") == nullptr);
  BOOST_TEST(find_engine("no_such_engine") == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
