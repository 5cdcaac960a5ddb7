// Who finds the mappings of an anonymous page: by an engine that is the test, which looks for them when it releases the page.
#include "engine/kernel/anon_vma.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <mutex>
#include <utility>
#include <vector>

#include "engine/kernel/rmap.h"
#include "engine/zap/gather_engine.h"
#include "test/programs.h"
#include "test/recorder.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(anon_vma)

namespace {

// Where a page may be mapped: in which mm, and at which page.
using Spots = std::vector<std::pair<int, int>>;

Spots spots_of(Task& current, Page* page) {
  Spots spots;
  AnonVma* const anon_vma = page_lock_anon_vma_read(current, page);
  if (anon_vma == nullptr) return spots;
  rmap_walk_anon(current, anon_vma, page, [&](const Vma& vma, int address) {
    spots.emplace_back(vma.mm, address);
    return true;
  });
  anon_vma_unlock_read(current, anon_vma);
  return spots;
}

// Removes the rmap when pages are released, as deferred_rmap_v2 does, and looks for their mappings before and after.
class LookingEngine final : public GatherEngine {
 public:
  std::string_view name() const override { return "looking"; }
  std::string_view summary() const override { return "for tests"; }
  std::span<const NotClaimed> not_claimed() const override { return {}; }

  void release(MmuGather& tlb, std::uintptr_t* encoded_pages, unsigned count) const override {
    clean_and_free_pages_and_swap_cache(tlb, encoded_pages, count, [&](Page* page, unsigned /*flags*/) {
      const Spots spots = spots_of(tlb.task(), page);
      {
        const std::lock_guard lock(notes_);
        while_mapped.push_back(spots);
      }
      page_remove_rmap(tlb.task(), page);
      if (page_mapped(tlb.task(), page)) return;
      BOOST_TEST(spots_of(tlb.task(), page).empty());
      BOOST_TEST(page_get_anon_vma(tlb.task(), page) == nullptr);
    });
  }

  mutable std::vector<Spots> while_mapped;

 private:
  // CPUs take turns, but not for ThreadSanitizer.
  mutable std::mutex notes_;

 protected:
  Treatment zap_dirty(MmuGather& /*tlb*/, Page* /*page*/) const override { return {.flags = 1, .delay_rmap = true}; }
  Treatment zap_other(MmuGather& tlb, Page* page) const override { return zap_dirty(tlb, page); }
};

struct Looks {
  std::vector<Spots> run(const ProgramBuilder& program) {
    const LookingEngine engine;
    TestBench bench(engine, &recorder);
    BOOST_TEST((bench.run(program) == Outcome::completed));
    uses_freed = bench.breaks(OracleId::use_after_free);
    return engine.while_mapped;
  }
  template <typename E>
  std::size_t count() const {
    return recorder.count<E>();
  }
  Recorder recorder;
  bool uses_freed = false;
};

ProgramBuilder anonymous(int pages) {
  return ProgramBuilder()
      .machine(&MachineConfig::cpus, 1)
      .machine(&MachineConfig::pages, pages)
      .operation(0, Call::mmap_anonymous, 0, pages);
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_page_leads_to_its_place, Looks) {
  const std::vector<Spots> found = run(anonymous(4).operation(0, Call::touch, 1, 2).operation(0, Call::dontneed, 0, 4));
  BOOST_TEST((found == std::vector<Spots>{{{0, 1}}, {{0, 2}}}));
  BOOST_TEST(!uses_freed);
}

BOOST_FIXTURE_TEST_CASE(so_does_a_copy_of_a_files_page_and_a_files_page_does_not, Looks) {
  const std::vector<Spots> found = run(ProgramBuilder()
                                           .machine(&MachineConfig::cpus, 1)
                                           .machine(&MachineConfig::windows, 2)
                                           .operation(0, Call::mmap_private, 2, 2)
                                           .operation(0, Call::store, 3, 0)
                                           .operation(0, Call::load, 2, 0)
                                           .operation(0, Call::dontneed, 2, 2));
  BOOST_TEST((found == std::vector<Spots>{{}, {{0, 3}}}));
}

BOOST_FIXTURE_TEST_CASE(a_page_is_found_in_the_part_of_a_mapping_that_has_it, Looks) {
  const std::vector<Spots> found = run(anonymous(4)
                                           .operation(0, Call::touch, 0, 4)
                                           .operation(0, Call::protect, 1, 2)
                                           .operation(0, Call::dontneed, 0, 4));
  BOOST_TEST((found == std::vector<Spots>{{{0, 0}}, {{0, 1}}, {{0, 2}}, {{0, 3}}}));
  BOOST_TEST(count<event::AllocateAnonVma>() == 1U);
  BOOST_TEST(count<event::FreeAnonVma>() == 1U);
}

BOOST_FIXTURE_TEST_CASE(neighbours_that_could_be_one_mapping_share_theirs, Looks) {
  run(anonymous(2)
          .operation(0, Call::protect, 1, 1)
          .operation(0, Call::store, 0, 0)
          .operation(0, Call::unprotect, 1, 1)
          .operation(0, Call::store, 1, 0));
  BOOST_TEST(count<event::AllocateAnonVma>() == 1U);
}

// Both pages look mapped when their mapping has gone: the first leads to what the second's mapping still has, the second to nothing.
BOOST_FIXTURE_TEST_CASE(an_anon_vma_goes_with_its_last_mapping, Looks) {
  const ProgramBuilder first_goes =
      anonymous(2).operation(0, Call::touch, 0, 2).operation(0, Call::munmap, 0, 1).operation(0, Call::dontneed, 1, 1);
  BOOST_TEST((run(first_goes) == std::vector<Spots>{{}, {{0, 1}}}));
  BOOST_TEST(!uses_freed);
  run(ProgramBuilder(first_goes).operation(0, Call::store, 1, 0).operation(0, Call::munmap, 1, 1));
  BOOST_TEST(uses_freed);
}

BOOST_FIXTURE_TEST_CASE(a_page_that_a_fork_shares_is_found_in_both, Looks) {
  ProgramBuilder program;
  program.machine(&MachineConfig::cpus, 2).machine(&MachineConfig::mms, 2).operation(0, Call::mmap_anonymous, 0, 2);
  program.operation(0, Call::store, 1, 0).operation(0, Call::fork, 1).operation(0, Call::dontneed, 1, 1);
  BOOST_TEST((run(program).front() == Spots{{0, 1}, {1, 1}}));
  BOOST_TEST(count<event::AllocateAnonVma>() == 2U);
  // The child's own page is not looked for in the parent.
  program.operation(1, Call::store, 0, 0).operation(1, Call::dontneed, 0, 1);
  BOOST_TEST((run(program).at(1) == Spots{{1, 0}}));
}

// The second generation has gone, and its anon_vma has no mapping but the third's: the fourth takes it.
BOOST_FIXTURE_TEST_CASE(a_fork_takes_an_anon_vma_that_nobody_has_any_more, Looks) {
  ProgramBuilder program;
  program.machine(&MachineConfig::cpus, 4).machine(&MachineConfig::mms, 4).operation(0, Call::mmap_anonymous, 0, 1);
  program.operation(0, Call::store, 0, 0).operation(0, Call::fork, 1).operation(1, Call::fork, 2);
  program.operation(1, Call::exit).operation(2, Call::fork, 3).operation(3, Call::dontneed, 0, 1);
  const std::vector<Spots> found = run(program);
  BOOST_TEST(count<event::AllocateAnonVma>() == 3U);
  BOOST_TEST(count<event::FreeAnonVma>() == 3U);
  BOOST_TEST((found.at(1) == Spots{{0, 0}, {2, 0}, {3, 0}}));
}

BOOST_FIXTURE_TEST_CASE(of_two_threads_that_fault_in_a_new_mapping_one_gives_it_its_anon_vma, Looks) {
  std::size_t most = 0;
  for (int after = 1; after < 10; ++after) {
    run(ProgramBuilder()
            .machine(&MachineConfig::cpus, 2)
            .operation(0, Call::mmap_anonymous, 0, 2)
            .operation(0, Call::store, 0, 0)
            .switch_to(1, after)
            .operation(1, Call::store, 1, 0));
    BOOST_TEST(count<event::AllocateAnonVma>() == count<event::FreeAnonVma>());
    most = std::max(most, count<event::AllocateAnonVma>());
  }
  BOOST_TEST(most == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
