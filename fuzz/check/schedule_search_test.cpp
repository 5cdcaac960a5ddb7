// All guarantees that can be broken are named, and the rest holds as far as was searched.
#include "fuzz/check/schedule_search.h"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "engine/zap/engines.h"
#include "fuzz/language/codec.h"
#include "fuzz/replay/replay.h"
#include "test/inputs.h"
#include "test/stories.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(schedule_search)

namespace {

CheckSettings settings_of(std::string_view engine) {
  CheckSettings settings{.engine = find_engine(engine), .memory = std::uint64_t{1} << 28U};
  settings.freedoms.insert(Freedom::preempt);
  return settings;
}

CheckClock::time_point late() {
  return CheckClock::now() + std::chrono::hours(1);
}

OracleSet set_of(std::string_view names) {
  return std::get<OracleSet>(select_oracles(names, eager_dirty()));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_search_goes_on_with_what_is_not_broken) {
  const Program program = input_of(lost_write_in_order).document.program;
  const ScheduleSearch search = search_schedules(settings_of("eager_dirty"), program, 1, late());
  BOOST_TEST_REQUIRE(search.broken.size() == 2U);
  BOOST_TEST((search.broken[0].oracles == set_of("dirty-unmapped")));
  BOOST_TEST((search.broken[1].oracles == set_of("page-cache-contents,lost-dirty-data,fsync-durability")));
  Program counterexample;
  decode(search.broken[0].program, counterexample);
  BOOST_TEST(counterexample.exception_count == 0U);
  decode(search.broken[1].program, counterexample);
  BOOST_TEST(counterexample.exception_count == 1U);
  Replayer replayer(eager_dirty());
  BOOST_TEST(((replayer.run(counterexample).broken & search.broken[1].oracles) == search.broken[1].oracles));
  BOOST_TEST((search.rest.verdict == SearchOutcome::Verdict::holds_up_to));
  BOOST_TEST(search.rest.exceptions == 1);
  BOOST_TEST(search.states > search.rest.states);
}

BOOST_AUTO_TEST_CASE(what_holds_holds) {
  const Program program = input_of(lost_write_in_order).document.program;
  const ScheduleSearch search = search_schedules(settings_of("delayed_rmap"), program, 1, late());
  BOOST_TEST(search.broken.empty());
  BOOST_TEST((search.rest.verdict == SearchOutcome::Verdict::holds_up_to));
}

BOOST_AUTO_TEST_CASE(a_planted_mistake_is_made) {
  CheckSettings settings = settings_of("delayed_rmap");
  settings.defect = Defect::rss_counted_twice;
  const Program program =
      input_of("shootdown 2\nmachine cpus 1, pages 1\ncpu 0: store page 0 word 0\ncpu 0: dontneed page 0\n")
          .document.program;
  const ScheduleSearch search = search_schedules(settings, program, {}, late());
  BOOST_TEST_REQUIRE(!search.broken.empty());
  BOOST_TEST((search.broken[0].oracles == set_of("counts")));
}

BOOST_AUTO_TEST_CASE(without_time_nothing_is_known) {
  const Program program = input_of(lost_write_in_order).document.program;
  const ScheduleSearch search = search_schedules(settings_of("eager_dirty"), program, {}, CheckClock::now());
  BOOST_TEST((search.rest == no_search().rest));
}

BOOST_AUTO_TEST_CASE(it_arrives_as_it_was_sent) {
  ScheduleSearch search{.broken = {{.oracles = set_of("counts"), .program = {1, 2, 3}},
                                   {.oracles = set_of("batch,progress"), .program = {}}},
                        .rest = {.verdict = SearchOutcome::Verdict::no_memory, .exceptions = 3, .states = 7},
                        .states = 11,
                        .omission = 0.125};
  const ScheduleSearch arrived = unpacked_search(packed(search));
  BOOST_TEST_REQUIRE(arrived.broken.size() == 2U);
  BOOST_TEST((arrived.broken[0].oracles == search.broken[0].oracles));
  BOOST_TEST(arrived.broken[0].program == search.broken[0].program, boost::test_tools::per_element());
  BOOST_TEST((arrived.broken[1].oracles == search.broken[1].oracles));
  BOOST_TEST((arrived.rest == search.rest));
  BOOST_TEST(arrived.states == 11U);
  BOOST_TEST(arrived.omission == 0.125);
}

BOOST_AUTO_TEST_SUITE_END()
