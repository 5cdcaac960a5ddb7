// Conflicts: where they are said to be, and what is drawn from them.
#include "fuzz/replay/conflicts.h"

#include <algorithm>
#include <functional>
#include <set>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "engine/zap/engines.h"
#include "fuzz/language/arrangement.h"
#include "fuzz/replay/replay.h"
#include "test/programs.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(conflicts)

namespace {

const Engine& engine() {
  return *std::get<const Engine*>(select_engine("eager_dirty"));
}

std::vector<ConflictPoint> points_of(const Program& program) {
  return ConflictFinder(engine()).points_of(program);
}

// A page is lost if CPU 1 has marked it dirty, and has not flushed yet, when CPU 0 stores again, and CPU 2 saves it in between.
Program lost_write_without_schedule() {
  ProgramBuilder builder;
  builder.machine(&MachineConfig::pages, 1).machine(&MachineConfig::words, 1);
  builder.operation(0, Call::store, 0, 0).operation(1, Call::dontneed, 0, 1).operation(2, Call::fsync, 0, 1);
  builder.operation(0, Call::store, 0, 0).operation(2, Call::reclaim, 0, 1);
  return builder.program();
}

}  // namespace

BOOST_AUTO_TEST_CASE(one_cpu_alone_has_none) {
  ProgramBuilder builder;
  builder.operation(0, Call::store, 0, 0).operation(0, Call::fsync, 0, 1);
  BOOST_TEST(points_of(builder.program()).empty());
}

BOOST_AUTO_TEST_CASE(who_touches_nothing_in_common_is_not_among_them) {
  ProgramBuilder builder;
  builder.machine(&MachineConfig::files, 2).machine(&MachineConfig::windows, 2);
  builder.machine(&MachineConfig::mms, 2).machine(&MachineConfig::pages, 1);
  builder.operation(0, Call::load, 0, 0).operation(1, Call::load, 1, 0).operation(2, Call::load, 0, 0);
  const std::vector<ConflictPoint> points = points_of(builder.program());
  BOOST_TEST(!points.empty());
  for (const ConflictPoint& point : points) BOOST_TEST((point.operation == 1 || (point.cpus & cpu_bit(1)) == 0));
}

BOOST_AUTO_TEST_CASE(they_are_places_of_operations_in_order) {
  const Program program = lost_write_without_schedule();
  const std::vector<ConflictPoint> points = points_of(program);
  const auto place = [](const ConflictPoint& point) { return std::pair(point.operation, point.after); };
  BOOST_TEST((std::ranges::adjacent_find(points, std::ranges::greater_equal(), place) == points.end()));
  std::set<int> operations;
  for (const ConflictPoint& point : points) {
    BOOST_TEST_REQUIRE(point.operation < program.operation_count);
    operations.insert(point.operation);
    BOOST_TEST(point.cpus != 0);
    BOOST_TEST((point.cpus & cpu_bit(program.operations[point.operation].cpu)) == 0);
    BOOST_TEST((point.cpus & ~cpus_below(program.machine.cpus)) == 0);
  }
  BOOST_TEST(operations.size() == program.operation_count);
}

BOOST_AUTO_TEST_CASE(one_that_has_found_others_before_finds_the_same) {
  ConflictFinder finder(engine());
  const auto place = [](const ConflictPoint& point) { return std::tuple(point.operation, point.after, point.cpus); };
  const auto same = [&](const ConflictPoint& a, const ConflictPoint& b) { return place(a) == place(b); };
  const std::vector<ConflictPoint> before = finder.points_of(lost_write_without_schedule());
  ProgramBuilder builder;
  builder.operation(0, Call::load, 0, 0).operation(1, Call::store, 0, 0);
  BOOST_TEST(!finder.points_of(builder.program()).empty());
  BOOST_TEST(std::ranges::equal(finder.points_of(lost_write_without_schedule()), before, same));
}

BOOST_AUTO_TEST_CASE(a_schedule_is_drawn_from_them_and_from_nothing_else) {
  const Program original = lost_write_without_schedule();
  const std::vector<ConflictPoint> points = points_of(original);
  std::set<std::pair<int, int>> drawn;
  std::set<int> counts;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    Program program = original;
    SplitMix64 random(seed);
    draw_schedule(program, points, random);
    counts.insert(program.exception_count);
    for (int i = 0; i < program.operation_count; ++i) {
      const Operation& operation = program.operations[static_cast<std::size_t>(i)];
      for (const Exception& exception :
           exceptions_of(program).subspan(operation.first_exception, operation.exception_count)) {
        const auto is_here = [&](const ConflictPoint& point) {
          return point.operation == i && point.after == exception.after && (point.cpus & cpu_bit(exception.cpu)) != 0;
        };
        BOOST_TEST_REQUIRE((exception.kind == Exception::Kind::preempt && std::ranges::any_of(points, is_here)));
        drawn.insert({i, exception.after});
      }
    }
  }
  BOOST_TEST(drawn.size() == points.size());
  BOOST_TEST(counts == (std::set<int>{1, 2, 3, 4}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(without_any_the_list_is_run_in_order) {
  Program program = lost_write_without_schedule();
  SplitMix64 random(1);
  draw_schedule(program, random);
  draw_schedule(program, {}, random);
  BOOST_TEST((program == lost_write_without_schedule()));
}

BOOST_AUTO_TEST_CASE(they_show_a_race_sooner_than_schedules_that_are_drawn_blindly) {
  const std::vector<ConflictPoint> points = points_of(lost_write_without_schedule());
  Replayer replayer(engine());
  SplitMix64 random(1);
  int blindly = 0;
  int knowing = 0;
  Program program = lost_write_without_schedule();
  const auto loses_data = [&] { return replayer.run(program).broken.contains(OracleId::lost_dirty_data) ? 1 : 0; };
  for (int i = 0; i < 3000; ++i) {
    draw_schedule(program, random);
    blindly += loses_data();
    draw_schedule(program, points, random);
    knowing += loses_data();
  }
  BOOST_TEST(blindly > 0);
  BOOST_TEST(knowing > 2 * blindly);
}

BOOST_AUTO_TEST_SUITE_END()
