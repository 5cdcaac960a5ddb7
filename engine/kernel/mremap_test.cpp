// How entries move, and which locks that takes.
#include "engine/kernel/mremap.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <vector>

#include "engine/zap/engines.h"
#include "test/programs.h"
#include "test/right_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(mremap)

namespace {

// The events of the last operation of a program, which must hold.
std::vector<AnyEvent> last_of(const ProgramBuilder& program) {
  const RightRun run(program, delayed_rmap());
  std::vector<AnyEvent> last;
  Fact operation = no_fact;
  for (const AnyEvent& event : run.events()) {
    if (event.is<event::OperationBegins>()) operation = event.as<event::OperationBegins>().operation;
    if (operation + 1U == program.program().operation_count) last.push_back(event);
  }
  return last;
}

template <typename E>
std::size_t count_of(const std::vector<AnyEvent>& events) {
  return static_cast<std::size_t>(std::ranges::count_if(events, [](const AnyEvent& event) { return event.is<E>(); }));
}

// The locks that are held when the first entry that moves is cleared, and flushed.
using Locks = std::vector<LockClass>;

Locks held_when_moved(const std::vector<AnyEvent>& events) {
  Locks held;
  bool moved = false;
  for (const AnyEvent& event : events) {
    moved = moved || event.is<event::ClearEntry>();
    if (moved && event.is<event::RaiseTlbGeneration>()) break;
    if (event.is<event::TakeLock>()) held.push_back(event.as<event::TakeLock>().lock.kind);
    if (event.is<event::DropLock>()) held.erase(std::ranges::find(held, event.as<event::DropLock>().lock.kind));
  }
  return held;
}

ProgramBuilder one_cpu(int table_shift) {
  return ProgramBuilder()
      .machine(&MachineConfig::cpus, 1)
      .machine(&MachineConfig::pages, 4)
      .machine(&MachineConfig::table_shift, table_shift);
}

}  // namespace

BOOST_AUTO_TEST_CASE(entries_move_and_are_flushed_under_the_locks_of_both_tables) {
  using enum LockClass;
  for (const int table_shift : {1, 2}) {
    ProgramBuilder program = one_cpu(table_shift);
    program.operation(0, Call::munmap, 2, 2).operation(0, Call::touch, 0, 2);
    const std::vector<AnyEvent> moved = last_of(program.move(0, 0, 2, 2));
    const Locks expected = table_shift == 1 ? Locks{mmap, page_table, page_table} : Locks{mmap, page_table};
    BOOST_TEST((held_when_moved(moved) == expected));
    BOOST_TEST(count_of<event::ClearEntry>(moved) == 2U);
    BOOST_TEST(count_of<event::SetEntry>(moved) == 2U);
    // And once for the page table, if that goes with the old mapping.
    BOOST_TEST(count_of<event::RaiseTlbGeneration>(moved) == (table_shift == 1 ? 2U : 1U));
  }
}

BOOST_AUTO_TEST_CASE(what_nobody_has_touched_needs_no_table) {
  ProgramBuilder program = one_cpu(1);
  const std::vector<AnyEvent> moved = last_of(program.operation(0, Call::munmap, 2, 2).move(0, 0, 2, 2));
  BOOST_TEST(count_of<event::InsertMapping>(moved) == 1U);
  BOOST_TEST(count_of<event::InstallTable>(moved) == 0U);
}

// What moves becomes a part of a mapping that is found before the one where it was.
BOOST_AUTO_TEST_CASE(nobody_looks_for_entries_that_he_could_miss) {
  using enum LockClass;
  ProgramBuilder anonymous = one_cpu(2);
  anonymous.operation(0, Call::mmap_anonymous, 0, 3).operation(0, Call::touch, 0, 3).move(0, 1, 1, 3);
  BOOST_TEST((held_when_moved(last_of(anonymous)) == Locks{mmap, page_table}));
  BOOST_TEST((held_when_moved(last_of(anonymous.move(0, 3, 1, 1))) == Locks{mmap, anon_vma, page_table}));

  ProgramBuilder shared = one_cpu(2);
  shared.operation(0, Call::touch, 0, 3).move(0, 1, 1, 3);
  BOOST_TEST((held_when_moved(last_of(shared.move(0, 3, 1, 1))) == Locks{mmap, i_mmap, page_table}));
}

// Without pages it is numbered by its new place: the page that moves is one mapping with what is before it.
BOOST_AUTO_TEST_CASE(memory_without_pages_merges_wherever_it_comes_to) {
  ProgramBuilder program = one_cpu(2);
  program.operation(0, Call::mmap_anonymous, 0, 2).operation(0, Call::mmap_anonymous, 3, 1).move(0, 3, 1, 2);
  const std::vector<AnyEvent> protect = last_of(program.operation(0, Call::protect, 0, 3));
  BOOST_TEST(count_of<event::BeginUnmap>(protect) == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
