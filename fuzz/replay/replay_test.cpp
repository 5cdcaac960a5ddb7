// Replaying, naming engines and oracles, and judging by expectations.
#include "fuzz/replay/replay.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include "engine/zap/engines.h"
#include "fuzz/triage/inputs.h"
#include "test/inputs.h"
#include "test/output.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(replay)

namespace {

constexpr std::string_view lost_write =
    "shootdown 2\n"
    "expect eager_dirty breaks page-cache-contents, lost-dirty-data, fsync-durability, dirty-unmapped\n"
    "cpu 0: store page 0 word 0\n"
    "cpu 1: dontneed page 0\n"
    "  after remove rmap of page 0 switch to cpu 2\n"
    "cpu 2: fsync page 0\n"
    "cpu 0: store page 0 word 0\n";

OracleSet set_of(std::initializer_list<OracleId> ids) {
  OracleSet set;
  for (const OracleId id : ids) set.insert(id);
  return set;
}

}  // namespace

BOOST_AUTO_TEST_CASE(runs_are_repeatable_and_judged) {
  const Input input = input_of(lost_write);
  Replayer eager(*find_engine("eager_dirty"));
  const RunResult first = eager.run(input.document.program);
  BOOST_TEST((first.outcome == Outcome::completed));
  BOOST_TEST((first.broken == set_of({OracleId::page_cache_contents, OracleId::lost_dirty_data,
                                      OracleId::fsync_durability, OracleId::dirty_unmapped})));
  BOOST_TEST((eager.report().broken() == first.broken));

  const std::string picture = eager.trace(input.document.program, {});
  BOOST_TEST(contains(picture, "*** lost-dirty-data"));
  BOOST_TEST(eager.trace(input.document.program, {}) == picture);
  eager.run(Program{});
  const RunResult again = eager.run(input.document.program);
  BOOST_TEST(again.hash == first.hash);
  BOOST_TEST((again.broken == first.broken));
}

BOOST_AUTO_TEST_CASE(a_trace_does_not_change_the_run) {
  const Input input = input_of(lost_write);
  for (const Engine* const engine : all_engines()) {
    Replayer replayer(*engine);
    Trace trace;
    const RunResult traced = replayer.run(input.document.program, &trace);
    BOOST_TEST(replayer.run(input.document.program).hash == traced.hash);
  }
}

BOOST_AUTO_TEST_CASE(violations_are_described_as_the_tool_would) {
  const Input input = input_of(lost_write);
  const Engine& engine = *find_engine("eager_dirty");
  Replayer replayer(engine);
  const std::string picture = replayer.trace(input.document.program, {});
  const std::string program = print(input.document.program);
  for (const OracleId id : {OracleId::lost_dirty_data, OracleId::fsync_durability}) {
    const Report report = replayer.report();
    const std::string fact = report.violation(id).fact();
    BOOST_TEST(!fact.empty());
    BOOST_TEST(describe_violation(engine, input.document.program, id) ==
               fmt::format("shootdown: eager_dirty breaks {}: {}\n\n{}\n{}", oracle_name(id), fact, program, picture));
  }
  // A run that comes out different must not be; but somebody would want to know.
  const std::string other = describe_violation(engine, input.document.program, OracleId::counts);
  BOOST_TEST(other.starts_with("shootdown: eager_dirty breaks counts: but not when it is run again"));
  BOOST_TEST(other.ends_with("\n\n" + program + "\n" + picture));
}

BOOST_AUTO_TEST_CASE(a_planted_mistake_is_made_and_named) {
  const Program program = input_of("shootdown 2\ncpu 0: store page 0 word 0\n").document.program;
  const Engine& engine = *find_engine("delayed_rmap");
  BOOST_TEST(Replayer(engine).run(program).broken.empty());
  BOOST_TEST(Replayer(engine, Defect::rss_counted_twice).run(program).broken.contains(OracleId::counts));
  const std::string story = describe_violation(engine, program, OracleId::counts, Defect::rss_counted_twice);
  BOOST_TEST(story.starts_with("shootdown: delayed_rmap with rss-counted-twice breaks counts: mm 0 counts"));
  BOOST_TEST((std::get<Defect>(select_defect("rss-counted-twice")) == Defect::rss_counted_twice));
  BOOST_TEST(contains(error_of(select_defect("rss")), "there is no defect 'rss'; 'shootdown defects' lists them"));
}

BOOST_AUTO_TEST_CASE(of_a_long_run_only_what_leads_to_the_violation_is_shown) {
  // The lost write of page 100, with much before and behind it.
  const Input input = input_of(
      "shootdown 2\nmachine pages 200, words 1\n\n"
      "cpu 1: touch pages 0-99\n"
      "cpu 0: store page 100 word 0\n"
      "cpu 1: dontneed page 100\n  after remove rmap of page 100 suspend\n"
      "cpu 2: fsync page 100\n"
      "cpu 0: store page 100 word 0\n"
      "cpu 0: touch pages 101-199\n");
  const std::string story =
      describe_violation(*find_engine("eager_dirty"), input.document.program, OracleId::lost_dirty_data);
  const std::string_view trace = std::string_view(story).substr(story.find("step  cpu"));
  BOOST_TEST(std::count(trace.begin(), trace.end(), '\n') < 200);
  BOOST_TEST(contains(trace, "lines left out"));
  BOOST_TEST(contains(trace, "*** lost-dirty-data: page 100 of file 0"));
}

BOOST_AUTO_TEST_CASE(engines_are_found_by_name) {
  BOOST_TEST((std::get<const Engine*>(select_engine("eager_dirty")) == find_engine("eager_dirty")));
  const std::string message = error_of(select_engine("eager"));
  BOOST_TEST(contains(message, "'eager'"));
  for (const Engine* const engine : all_engines()) BOOST_TEST(contains(message, engine->name()));
}

BOOST_AUTO_TEST_CASE(oracles_are_selected) {
  const Engine& engine = *find_engine("eager_dirty");
  BOOST_TEST((std::get<OracleSet>(select_oracles("claims", engine)) == claims_of(engine)));
  BOOST_TEST((std::get<OracleSet>(select_oracles("all", engine)) == OracleSet::all()));
  BOOST_TEST(
      (std::get<OracleSet>(select_oracles("counts,batch", engine)) == set_of({OracleId::counts, OracleId::batch})));
  BOOST_TEST(names_of(set_of({OracleId::counts, OracleId::batch})) == "batch, counts");
  for (const std::string_view wrong : {"", "foo", "counts,", "counts,foo", "counts, batch", "all,counts"}) {
    const std::string message = error_of(select_oracles(wrong, engine));
    BOOST_TEST(contains(message, "there is no oracle '"));
    BOOST_TEST(contains(message, oracle_names()));
  }
  BOOST_TEST(contains(error_of(select_oracles("counts,foo", engine)), "'foo'"));
}

BOOST_AUTO_TEST_CASE(an_expectation_is_met_exactly) {
  const Document document = input_of(lost_write).document;
  const Requirement requirement = requirement_of(document, *find_engine("eager_dirty"));
  const OracleSet four = set_of(
      {OracleId::page_cache_contents, OracleId::lost_dirty_data, OracleId::fsync_durability, OracleId::dirty_unmapped});
  BOOST_TEST(requirement.exact);
  BOOST_TEST(requirement.line == 2U);
  BOOST_TEST(requirement.met_by(four));
  BOOST_TEST(!requirement.met_by({}));
  BOOST_TEST((requirement.wrongly_held(set_of({OracleId::lost_dirty_data})) ==
              set_of({OracleId::page_cache_contents, OracleId::fsync_durability, OracleId::dirty_unmapped})));
  BOOST_TEST((requirement.wrongly_broken(OracleSet::all()) == OracleSet::all() - four));
}

// A disk's second answer comes just when the handler of the first has ended, to a CPU that was switched to for that. The other program is the
// same, but that the schedule is asked there.
BOOST_AUTO_TEST_CASE(interrupts_come_at_the_same_step_whether_or_not_somebody_is_asked) {
  constexpr std::string_view text =
      "shootdown 2\n"
      "machine cpus 2, pages 8, words 1, disk 20\n"
      "cpu 0: read page 0\ncpu 1: read page 0\n"
      "cpu 0: read page 1\ncpu 1: read page 1\n"
      "cpu 0: read page 2\ncpu 1: read page 2\n"
      "cpu 0: read page 3\ncpu 1: read page 3\n"
      "cpu 0: write page 0\ncpu 0: write page 1\n"
      "cpu 0: writeback pages 0-1\n"
      "cpu 0: touch pages 2-3\n"
      "  after 4 steps switch to cpu 1\n"
      "{}"
      "cpu 1: touch pages 2-3\n"
      "  after 16 steps switch to cpu 0\n";
  const Engine& engine = *find_engine("delayed_rmap");
  Replayer replayer(engine);
  const auto hash_of = [&](std::string_view exception) {
    return replayer.run(input_of(fmt::format(text, exception)).document.program).hash;
  };
  BOOST_TEST(hash_of("") == hash_of("  after 8 steps fail allocation\n"));
}

BOOST_AUTO_TEST_CASE(without_expectation_the_claims_count) {
  const Engine& engine = *find_engine("deferred_dirty");
  const Requirement requirement = requirement_of(input_of(lost_write).document, engine);
  BOOST_TEST(!requirement.exact);
  BOOST_TEST(requirement.line == 0U);
  BOOST_TEST(requirement.met_by({}));
  BOOST_TEST(requirement.met_by(OracleSet::all() - claims_of(engine)));
  BOOST_TEST(!requirement.met_by(set_of({OracleId::counts})));
  BOOST_TEST((requirement.wrongly_broken(OracleSet::all()) == claims_of(engine)));
}

BOOST_AUTO_TEST_SUITE_END()
