// The modelled kernel under whole programs: what calls do, and what makes a run repeatable.
#include "engine/kernel/kernel.h"

#include <boost/test/unit_test.hpp>
#include <vector>

#include "engine/zap/engines.h"
#include "test/programs.h"
#include "test/recorder.h"

using namespace shootdown;

namespace {

// What user programs and files saw.
struct Notes {
  explicit Notes(const Recorder& run)
      : loaded(run.loaded()), dropped(static_cast<int>(run.count<event::RemoveFromPageCache>())) {
    for (const auto& access : run.all<event::UserAccess>()) {
      if (access.access == Access::fault) ++faults;
    }
    for (const auto& refusal : run.all<event::RefuseAccess>()) refusals.push_back(refusal.page);
    for (const auto& word : run.all<event::ReadWord>()) read.push_back(word.value);
    for (const auto& set : run.all<event::SetDirty>()) {
      if ((set.was & PG_dirty) == 0) ++dirtied_clean;
    }
  }

  std::vector<Fact> loaded;
  std::vector<Fact> refusals;
  std::vector<Fact> read;
  int dropped;
  int dirtied_clean = 0;
  int faults = 0;
};

// Runs a sequential program on every engine: whatever it is, the same must come of it. An engine that does not claim
// dirty-unmapped breaks it without any race, too.
struct OnEveryEngine {
  void run(const ProgramBuilder& builder) {
    for (const Engine* const engine : all_engines()) {
      Recorder recorder;
      TestBench bench(*engine, &recorder);
      BOOST_TEST((bench.run(builder) == Outcome::completed));
      OracleSet broken = bench.report().broken();
      if (!claims(engine->not_claimed()).contains(OracleId::dirty_unmapped)) broken.erase(OracleId::dirty_unmapped);
      BOOST_TEST(broken.empty(), engine->name() << " breaks a guarantee in a sequential program");
      notes = Notes(recorder);
    }
  }
  Notes notes{Recorder()};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(kernel, OnEveryEngine)

BOOST_AUTO_TEST_CASE(an_empty_program_runs_and_breaks_nothing) {
  run(ProgramBuilder());
}

BOOST_AUTO_TEST_CASE(a_load_sees_what_was_stored_by_another_cpu_and_another_mm) {
  run(ProgramBuilder()
          .machine(&MachineConfig::mms, 2)
          .operation(0, Call::store, 1, 1)
          .operation(1, Call::load, 1, 1)
          .operation(2, Call::load, 1, 1)
          .operation(2, Call::load, 1, 0));
  BOOST_TEST(notes.loaded == (std::vector<Fact>{1, 1, 0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(read_and_write_and_mappings_see_the_same_file) {
  run(ProgramBuilder()
          .operation(0, Call::store, 0, 1)
          .operation(1, Call::read, 0)
          .operation(1, Call::write, 0)
          .operation(0, Call::load, 0, 0)
          .operation(0, Call::load, 0, 1));
  BOOST_TEST(notes.read == (std::vector<Fact>{0, 1}), boost::test_tools::per_element());
  BOOST_TEST(notes.loaded == (std::vector<Fact>{2, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(munmap_refuses_accesses_and_mmap_allows_them_again) {
  run(ProgramBuilder()
          .operation(0, Call::store, 1, 0)
          .operation(1, Call::munmap, 1, 1)
          .operation(0, Call::load, 1, 0)
          .operation(0, Call::load, 0, 0)
          .operation(2, Call::mmap, 1, 1)
          .operation(0, Call::load, 1, 0));
  BOOST_TEST(notes.refusals == std::vector<Fact>{1}, boost::test_tools::per_element());
  BOOST_TEST(notes.loaded == (std::vector<Fact>{0, 1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(munmap_in_the_middle_splits_a_mapping) {
  run(ProgramBuilder()
          .machine(&MachineConfig::pages, 6)
          .operation(0, Call::touch, 0, 6)
          .operation(0, Call::munmap, 2, 2)
          .operation(0, Call::touch, 0, 6)
          .operation(0, Call::mmap, 1, 4)
          .operation(0, Call::load, 2, 0)
          .operation(0, Call::load, 4, 0));
  BOOST_TEST(notes.refusals == (std::vector<Fact>{2, 3}), boost::test_tools::per_element());
  BOOST_TEST(notes.loaded == (std::vector<Fact>{3, 9}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(anonymous_memory_is_zeros_and_its_mms_own) {
  run(ProgramBuilder()
          .machine(&MachineConfig::mms, 2)
          .operation(0, Call::store, 1, 0)
          .operation(0, Call::mmap_anonymous, 0, 2)
          .operation(0, Call::load, 1, 0)
          .operation(0, Call::store, 1, 0)
          .operation(2, Call::load, 1, 0)
          .operation(1, Call::load, 1, 0)
          .operation(0, Call::dontneed, 1, 1)
          .operation(2, Call::load, 1, 0)
          .operation(1, Call::read, 1));
  BOOST_TEST(notes.loaded == (std::vector<Fact>{0, 2, 1, 0}), boost::test_tools::per_element());
  BOOST_TEST(notes.read == (std::vector<Fact>{1, 0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_store_to_a_private_mapping_makes_a_copy) {
  run(ProgramBuilder()
          .machine(&MachineConfig::mms, 2)
          .operation(1, Call::touch, 0, 2)
          .operation(0, Call::mmap_private, 0, 2)
          .operation(2, Call::load, 0, 0)   // the file's page, read-only
          .operation(0, Call::store, 0, 1)  // a copy of what is mapped,
          .operation(0, Call::store, 1, 1)  // and of what is not
          .operation(2, Call::load, 0, 0)
          .operation(2, Call::load, 0, 1)
          .operation(1, Call::store, 0, 0)
          .operation(2, Call::load, 0, 0)  // does not see it
          .operation(1, Call::load, 0, 1)
          .operation(1, Call::msync, 0, 2)
          .operation(0, Call::msync, 0, 2));
  BOOST_TEST(notes.loaded == (std::vector<Fact>{1, 1, 3, 1, 0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(invalidation_of_a_file_spares_copies_of_its_pages) {
  run(ProgramBuilder()
          .machine(&MachineConfig::mms, 2)
          .operation(0, Call::mmap_private, 0, 2)
          .operation(0, Call::store, 0, 0)
          .operation(0, Call::load, 1, 0)
          .operation(1, Call::invalidate, 0, 2)
          .operation(0, Call::load, 0, 0)
          .operation(1, Call::store, 1, 0)
          .operation(0, Call::load, 1, 0));  // was unmapped: it shows the file's page again
  BOOST_TEST(notes.loaded == (std::vector<Fact>{0, 1, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_cut_off_is_refused_and_zeros_when_it_comes_back) {
  run(ProgramBuilder()
          .machine(&MachineConfig::pages, 3)
          .operation(0, Call::touch, 0, 3)
          .operation(1, Call::fsync, 0, 3)
          .operation(1, Call::truncate, 0)
          .operation(0, Call::load, 0, 0)
          .operation(0, Call::load, 1, 0)
          .operation(0, Call::store, 2, 0)
          .operation(1, Call::read, 1)
          .operation(1, Call::truncate, 1)
          .operation(0, Call::load, 1, 0)
          .operation(1, Call::write, 2)
          .operation(0, Call::load, 2, 0));
  BOOST_TEST(notes.refusals == (std::vector<Fact>{1, 2}), boost::test_tools::per_element());
  BOOST_TEST(notes.loaded == (std::vector<Fact>{1, 0, 4}), boost::test_tools::per_element());
  BOOST_TEST(notes.read.empty());
}

// More pages than are locked at once.
BOOST_AUTO_TEST_CASE(a_long_file_is_cut_off) {
  run(ProgramBuilder()
          .machine(&MachineConfig::pages, 40)
          .operation(0, Call::touch, 0, 40)
          .operation(1, Call::fsync, 20, 20)
          .operation(1, Call::truncate, 0)
          .operation(0, Call::load, 39, 0)
          .operation(1, Call::truncate, 39)
          .operation(0, Call::load, 39, 0));
  BOOST_TEST(notes.refusals == std::vector<Fact>{39}, boost::test_tools::per_element());
  BOOST_TEST(notes.loaded == std::vector<Fact>{0}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_hole_is_zeros_and_leaves_copies) {
  run(ProgramBuilder()
          .machine(&MachineConfig::mms, 2)
          .operation(1, Call::touch, 0, 2)
          .operation(0, Call::mmap_private, 0, 1)
          .operation(0, Call::store, 0, 1)
          .operation(2, Call::punch, 0, 2)
          .operation(0, Call::load, 0, 0)
          .operation(1, Call::load, 0, 0)
          .operation(1, Call::load, 1, 0));
  BOOST_TEST(notes.loaded == (std::vector<Fact>{1, 0, 0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(truncation_takes_copies_away) {
  run(ProgramBuilder()
          .operation(0, Call::mmap_private, 0, 2)
          .operation(0, Call::touch, 0, 2)
          .operation(1, Call::truncate, 0)
          .operation(0, Call::load, 0, 0)
          .operation(0, Call::load, 1, 0)
          .operation(1, Call::truncate, 1)
          .operation(0, Call::load, 1, 0));
  BOOST_TEST(notes.refusals == std::vector<Fact>{1}, boost::test_tools::per_element());
  BOOST_TEST(notes.loaded == (std::vector<Fact>{1, 0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_write_protected_refuses_stores_and_no_loads) {
  run(ProgramBuilder()
          .machine(&MachineConfig::pages, 4)
          .operation(0, Call::touch, 0, 4)
          .operation(1, Call::touch, 1, 2)
          .operation(0, Call::protect, 1, 2)
          .operation(1, Call::store, 1, 0)
          .operation(1, Call::load, 1, 0)
          .operation(0, Call::store, 2, 0)
          .operation(0, Call::store, 3, 0)
          .operation(0, Call::unprotect, 0, 2)
          .operation(1, Call::store, 1, 0)
          .operation(0, Call::store, 2, 0)
          .operation(0, Call::load, 1, 0)
          .operation(1, Call::load, 2, 0));
  BOOST_TEST(notes.refusals == (std::vector<Fact>{1, 2, 2}), boost::test_tools::per_element());
  BOOST_TEST(notes.loaded == (std::vector<Fact>{5, 8, 6}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(write_protection_ends_where_nothing_is_mapped) {
  run(ProgramBuilder()
          .machine(&MachineConfig::pages, 4)
          .operation(0, Call::munmap, 2, 1)
          .operation(0, Call::protect, 1, 3)
          .operation(0, Call::store, 1, 0)
          .operation(0, Call::store, 3, 0)
          .operation(0, Call::protect, 2, 2)  // begins where nothing is mapped
          .operation(0, Call::store, 3, 1));
  BOOST_TEST(notes.refusals == std::vector<Fact>{1}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(without_initial_mappings_everything_is_refused) {
  run(ProgramBuilder().machine(&MachineConfig::mapped, 0).operation(0, Call::store, 0, 0));
  BOOST_TEST(notes.refusals == std::vector<Fact>{0}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(data_survive_writeback_eviction_and_refault) {
  run(ProgramBuilder()
          .operation(0, Call::store, 0, 0)
          .operation(0, Call::dontneed, 0, 1)
          .operation(1, Call::fadvise, 0, 1)
          .operation(0, Call::load, 0, 0));
  BOOST_TEST(notes.loaded == std::vector<Fact>{1}, boost::test_tools::per_element());
  BOOST_TEST(notes.dropped >= 2);  // by fadvise, and at the end of the run
}

BOOST_AUTO_TEST_CASE(fadvise_spares_pages_that_are_mapped) {
  run(ProgramBuilder().operation(0, Call::store, 0, 0).operation(1, Call::fadvise, 0, 1));
  BOOST_TEST(notes.dropped == 1);  // at the end of the run
}

BOOST_AUTO_TEST_CASE(a_store_after_writeback_faults_and_dirties_the_page_again) {
  run(ProgramBuilder()
          .operation(0, Call::store, 0, 0)
          .operation(1, Call::writeback, 0, 1)
          .operation(0, Call::store, 0, 0)
          .operation(0, Call::store, 0, 0));
  // In the fault, in page_mkclean's retelling (not clean then), and in the second fault.
  BOOST_TEST(notes.dirtied_clean == 2);
}

BOOST_AUTO_TEST_CASE(reclaim_strips_and_drops_unmapped_clean_pages) {
  run(ProgramBuilder().operation(0, Call::read, 0).operation(1, Call::reclaim, 0, 2).operation(0, Call::read, 0));
  BOOST_TEST(notes.dropped == 2);
}

BOOST_AUTO_TEST_CASE(invalidate_drops_what_is_clean_and_unmaps_what_is_not) {
  run(ProgramBuilder()
          .machine(&MachineConfig::mms, 2)
          .operation(0, Call::load, 0, 0)
          .operation(0, Call::store, 1, 0)
          .operation(1, Call::invalidate, 0, 2)
          .operation(0, Call::load, 0, 0)
          .operation(0, Call::load, 1, 0));
  BOOST_TEST(notes.loaded == (std::vector<Fact>{0, 0, 1}), boost::test_tools::per_element());
  BOOST_TEST(notes.faults == 4);   // two before, two after
  BOOST_TEST(notes.dropped == 3);  // one now, and both at the end of the run
}

BOOST_AUTO_TEST_CASE(populate_maps_pages_without_dirtying_them) {
  run(ProgramBuilder().operation(0, Call::populate, 0, 2).operation(0, Call::load, 1, 0));
  BOOST_TEST(notes.dirtied_clean == 0);
  BOOST_TEST(notes.loaded == std::vector<Fact>{0}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(operations_after_a_threads_exit_do_not_happen) {
  run(ProgramBuilder().operation(0, Call::exit).operation(0, Call::store, 0, 0).operation(1, Call::load, 0, 0));
  BOOST_TEST(notes.loaded == std::vector<Fact>{0}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(two_windows_alias_a_file_and_two_files_do_not) {
  ProgramBuilder alias;
  alias.machine(&MachineConfig::windows, 2).operation(0, Call::store, 0, 0).operation(0, Call::load, 2, 0);
  run(alias);
  BOOST_TEST(notes.loaded == std::vector<Fact>{1}, boost::test_tools::per_element());

  ProgramBuilder two;
  two.machine(&MachineConfig::windows, 2).machine(&MachineConfig::files, 2);
  run(two.operation(0, Call::store, 0, 0).operation(0, Call::load, 2, 0).operation(0, Call::msync, 0, 4));
  BOOST_TEST(notes.loaded == std::vector<Fact>{0}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(evicted_and_filled_tlb_entries_change_nothing) {
  run(ProgramBuilder()
          .operation(0, Call::store, 0, 0)
          .operation(0, Call::store, 0, 0)
          .evict(0, 0, 0)
          .fill(1, 0, 0)
          .operation(1, Call::load, 0, 0)
          .operation(1, Call::store, 0, 0)
          .fill(2, 1, 0)
          .operation(2, Call::munmap, 0, 2)
          .fill(0, 0, 6));
  BOOST_TEST(notes.loaded == std::vector<Fact>{2}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_run_leaves_nothing_behind_for_the_next) {
  const Program small = ProgramBuilder().operation(0, Call::store, 0, 0).operation(1, Call::dontneed, 0, 1).program();
  ProgramBuilder large;
  large.machine(&MachineConfig::pages, 40).machine(&MachineConfig::windows, 2).machine(&MachineConfig::files, 2);
  large.machine(&MachineConfig::cpus, 8).machine(&MachineConfig::mms, 4).operation(3, Call::touch, 0, 40);
  large.operation(4, Call::munmap, 40, 40).operation(7, Call::touch, 40, 40).suspend(30).operation(6, Call::exit);
  for (const Engine* const engine : all_engines()) {
    TestBench fresh(*engine);
    fresh.run(small);
    TestBench used(*engine);
    used.run(large);
    used.run(small);
    BOOST_TEST(used.simulation().hash() == fresh.simulation().hash());
  }
}

BOOST_AUTO_TEST_CASE(a_run_that_was_cut_off_leaves_nothing_behind_either) {
  const Engine& engine = *find_engine("eager_dirty");
  const Program fine = ProgramBuilder().operation(0, Call::store, 0, 0).program();
  const Program stuck = ProgramBuilder()
                            .operation(0, Call::store, 0, 0)
                            .operation(1, Call::munmap, 0, 2)
                            .operation(2, Call::fsync, 0, 1)
                            .operation(0, Call::mmap, 0, 2)
                            .operation(0, Call::store, 0, 0)
                            .program();
  TestBench fresh(engine);
  BOOST_TEST((fresh.run(fine) == Outcome::completed));

  TestBench used(engine);
  BOOST_TEST((used.plant(Defect::lock_never_dropped).run(stuck) == Outcome::deadlock));
  BOOST_TEST(used.breaks(OracleId::progress));
  used.plant(Defect::none);
  BOOST_TEST((used.run(fine) == Outcome::completed));
  BOOST_TEST(used.simulation().hash() == fresh.simulation().hash());
}

// A shootdown is taken between instructions: the TLB check and the memory access of one instruction are one step.
// With this rule no preemption makes the deferred engine lose a store; if they are two steps, one does, because the
// access can fall behind the flush that its translation should have been gone with.
BOOST_AUTO_TEST_CASE(the_tlb_check_and_the_access_are_one_step) {
  const auto violated = [](bool split) {
    TestBench bench(*find_engine("deferred_dirty"));
    if (split) bench.plant(Defect::access_split);
    for (int after = 0; after <= 40; ++after) {
      ProgramBuilder builder;
      builder.operation(0, Call::store, 0, 0).operation(0, Call::store, 0, 0).suspend(after);
      builder.operation(1, Call::dontneed, 0, 1).operation(2, Call::fadvise, 0, 1);
      bench.run(builder);
      if (bench.breaks(OracleId::page_cache_contents)) return true;
    }
    return false;
  };
  BOOST_TEST(!violated(false));
  BOOST_TEST(violated(true));
}

BOOST_AUTO_TEST_SUITE_END()
