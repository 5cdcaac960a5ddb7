// How small findings become, and what is tried on the way. That nothing can be left out of what comes of many is checked by
// fuzz/checks/minimal.cpp.
#include "fuzz/triage/minimize.h"

#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include <boost/test/unit_test.hpp>

#include "engine/kernel/zap_engine.h"
#include "engine/zap/engines.h"
#include "fuzz/language/text.h"
#include "test/inputs.h"
#include "test/stories.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(minimize)

namespace {

bool loses_data(const Report& report) {
  return report.broken().contains(OracleId::lost_dirty_data);
}

std::optional<Program> minimized(std::string_view text, const Engine& engine = eager_dirty()) {
  return Minimizer(engine, OracleId::lost_dirty_data, loses_data).minimized(input_of(text).document.program);
}

std::string text_of(const std::optional<Program>& program) {
  return program.has_value() ? print(*program) : "none";
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_story_comes_to_what_it_is_about) {
  BOOST_TEST(text_of(minimized(lost_write)) == smallest_lost_write);
  BOOST_TEST(text_of(minimized(smallest_lost_write)) == smallest_lost_write);
}

BOOST_AUTO_TEST_CASE(what_shows_nothing_is_none) {
  BOOST_TEST(text_of(minimized(harmless)) == "none");
  BOOST_TEST(text_of(minimized(lost_write, deferred_dirty())) == "none");
}

// Its schedule is listed then.
BOOST_AUTO_TEST_CASE(a_run_under_pct_is_written_out) {
  const auto loaded = load_input("corpus/probabilistic-schedule.program");
  BOOST_TEST_REQUIRE(std::holds_alternative<Input>(loaded));
  const Program& program = std::get<Input>(loaded).document.program;
  BOOST_TEST(program.machine.pct_depth != 0U);
  const std::optional<Program> small =
      Minimizer(eager_dirty(), OracleId::lost_dirty_data, loses_data).minimized(program);
  BOOST_TEST_REQUIRE(small.has_value());
  BOOST_TEST(small->machine.pct_depth == 0U);
  BOOST_TEST(int{small->operation_count} == 4);
  BOOST_TEST(small->exception_count <= 2U);
}

// Here no operation, exception or CPU can be left out, for that order of the list.
BOOST_AUTO_TEST_CASE(other_orders_and_schedules_are_searched) {
  if (!Simulation::can_save) return;
  const std::optional<Program> program = minimized(
      "shootdown 2\n"
      "machine pages 1, words 1\n"
      "cpu 0: store page 0 word 0\n"
      "cpu 0: store page 0 word 0\n"
      "  after 0 steps switch to cpu 1\n"
      "cpu 1: dontneed page 0\n"
      "  after remove rmap of page 0 switch to cpu 2\n"
      "cpu 2: fsync page 0\n");
  BOOST_TEST(text_of(program) == smallest_lost_write);
}

namespace {

// Loses data as eager_dirty does, but dies if page 0 is zapped.
class DiesForPage0 final : public ZapEngine {
 public:
  std::string_view name() const override { return "dies_for_page_0"; }
  std::string_view summary() const override { return "for tests"; }
  std::span<const NotClaimed> not_claimed() const override { return {}; }

  void zap_page_range(Task& current, Vma& vma, int first, int end, const ZapDetails& details) const override {
    if (first == 0) std::abort();
    eager_dirty().zap_page_range(current, vma, first, end, details);
  }
  void unmap_region(Task& current, std::span<Vma* const> vmas) const override {
    eager_dirty().unmap_region(current, vmas);
  }
  void exit_mmap(Task& current) const override { eager_dirty().exit_mmap(current); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(what_shootdown_fails_on_does_not_count) {
  const DiesForPage0 engine;
  const std::optional<Program> program = minimized(
      "shootdown 2\n"
      "machine pages 3\n"
      "cpu 0: store page 2 word 0\n"
      "cpu 1: dontneed page 2\n"
      "  after remove rmap of page 2 switch to cpu 2\n"
      "cpu 2: fsync page 2\n"
      "cpu 0: store page 2 word 0\n",
      engine);
  BOOST_TEST(text_of(program) ==
             "shootdown 2\n"
             "machine cpus 2, words 1\n"
             "\n"
             "cpu 0: store page 1 word 0\n"
             "cpu 1: dontneed page 1\n"
             "  after remove rmap of page 1 switch to cpu 0\n"
             "cpu 0: fsync page 1\n"
             "cpu 0: store page 1 word 0\n");
}

BOOST_AUTO_TEST_CASE(a_mistake_is_made_in_every_run) {
  const auto miscounts = [](const Report& report) { return report.broken().contains(OracleId::counts); };
  const Program program = input_of(
                              "shootdown 2\n"
                              "machine pages 4\n"
                              "cpu 2: load page 0 word 0\n"
                              "cpu 0: touch pages 1-3\n"
                              "  after 3 steps switch to cpu 1\n"
                              "cpu 1: fsync page 1\n")
                              .document.program;
  Minimizer with(delayed_rmap(), OracleId::counts, miscounts, Defect::rmap_not_removed);
  BOOST_TEST(text_of(with.minimized(program)) ==
             "shootdown 2\nmachine cpus 1, pages 1, words 1\n\ncpu 0: load page 0 word 0\n");
  BOOST_TEST(with.runs() > 1U);
  Minimizer without(delayed_rmap(), OracleId::counts, miscounts);
  BOOST_TEST(text_of(without.minimized(program)) == "none");
  BOOST_TEST(without.runs() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
