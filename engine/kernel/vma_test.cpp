// Which mappings become one: those that mprotect finds when a program ends.
#include "engine/kernel/vma.h"

#include <boost/test/unit_test.hpp>
#include <utility>
#include <vector>

#include "engine/zap/engines.h"
#include "test/programs.h"
#include "test/right_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(vma)

namespace {

// The first and the last page of each that may be written to.
using Ranges = std::vector<std::pair<Fact, Fact>>;

Ranges writable_after(const ProgramBuilder& program) {
  const RightRun run(ProgramBuilder(program).operation(0, Call::protect, 0, 4), delayed_rmap());
  Ranges ranges;
  Fact operation = 0;
  for (const AnyEvent& event : run.events()) {
    if (event.is<event::OperationBegins>()) operation = event.as<event::OperationBegins>().operation;
    if (operation != program.program().operation_count || !event.is<event::BeginUnmap>()) continue;
    const auto begin = event.as<event::BeginUnmap>();
    ranges.emplace_back(begin.first, begin.first + begin.count - 1);
  }
  return ranges;
}

ProgramBuilder four_pages() {
  return ProgramBuilder().machine(&MachineConfig::cpus, 1).machine(&MachineConfig::pages, 4);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_mapping_grows_by_what_goes_on_where_it_ends) {
  ProgramBuilder program = four_pages();
  program.operation(0, Call::munmap, 1, 3).operation(0, Call::mmap, 1, 2);
  BOOST_TEST((writable_after(program) == Ranges{{0, 2}}));
  program.operation(0, Call::munmap, 0, 2).operation(0, Call::mmap, 1, 1);
  BOOST_TEST((writable_after(program) == Ranges{}));  // page 0 is not mapped
  BOOST_TEST((writable_after(program.operation(0, Call::mmap, 0, 1)) == Ranges{{0, 2}}));
}

BOOST_AUTO_TEST_CASE(what_fills_a_hole_makes_one_of_three) {
  BOOST_TEST((writable_after(four_pages().operation(0, Call::mmap, 1, 2)) == Ranges{{0, 3}}));
  ProgramBuilder anonymous = four_pages();
  for (const int page : {0, 2, 3, 1}) anonymous.operation(0, Call::mmap_anonymous, page, 1);
  BOOST_TEST((writable_after(anonymous) == Ranges{{0, 3}}));
}

BOOST_AUTO_TEST_CASE(other_kinds_of_mappings_stay_apart) {
  ProgramBuilder program = four_pages();
  program.operation(0, Call::mmap_private, 1, 1).operation(0, Call::mmap_anonymous, 2, 1);
  BOOST_TEST((writable_after(program) == Ranges{{0, 0}, {1, 1}, {2, 2}, {3, 3}}));
}

BOOST_AUTO_TEST_CASE(what_has_different_anon_vmas_stays_apart) {
  ProgramBuilder program = four_pages();
  for (const int page : {0, 2}) program.operation(0, Call::mmap_anonymous, page, 1).operation(0, Call::store, page, 0);
  program.operation(0, Call::munmap, 3, 1).operation(0, Call::mmap_anonymous, 3, 1);
  program.operation(0, Call::mmap_anonymous, 1, 1);
  // Page 1 goes to what is behind it, which has an anon_vma, and what is before it has another.
  BOOST_TEST((writable_after(program) == Ranges{{0, 0}, {1, 3}}));
}

BOOST_AUTO_TEST_CASE(who_has_none_gets_the_anon_vma_with_the_pages) {
  ProgramBuilder program = four_pages();
  program.operation(0, Call::mmap_anonymous, 0, 4).operation(0, Call::protect, 2, 2).operation(0, Call::store, 0, 0);
  program.operation(0, Call::unprotect, 2, 1).operation(0, Call::protect, 0, 2).operation(0, Call::unprotect, 1, 1);
  BOOST_TEST((writable_after(program) == Ranges{{1, 2}}));
}

// The cases of vma_merge that only mprotect has, by its numbers.
BOOST_AUTO_TEST_CASE(protection_moves_the_ends_of_mappings) {
  const auto protect = [](int first, int count) { return four_pages().operation(0, Call::protect, first, count); };
  const auto writable = [&](ProgramBuilder program, int first, int count) {
    return writable_after(program.operation(0, Call::unprotect, first, count));
  };
  BOOST_TEST((writable(protect(0, 2), 1, 1) == Ranges{{1, 3}}));  // 4
  BOOST_TEST((writable(protect(2, 2), 2, 1) == Ranges{{0, 2}}));  // 5
  BOOST_TEST((writable(protect(1, 2), 1, 2) == Ranges{{0, 3}}));  // 6
  BOOST_TEST((writable(protect(2, 2), 2, 2) == Ranges{{0, 3}}));  // 7
  BOOST_TEST((writable(protect(0, 2), 0, 2) == Ranges{{0, 3}}));  // 8
  BOOST_TEST((writable(protect(0, 4), 1, 2) == Ranges{{1, 2}}));
}

BOOST_AUTO_TEST_SUITE_END()
