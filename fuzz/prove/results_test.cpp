// The file of results: what is in it after it was killed, merged, or is somebody else's.
#include "fuzz/prove/results.h"

#include <cstddef>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>

#include <boost/test/unit_test.hpp>

#include "engine/zap/engines.h"
#include "test/files.h"
#include "test/output.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(results)

namespace {

using Verdict = SearchOutcome::Verdict;

OracleSet some_oracles() {
  OracleSet oracles;
  oracles.insert(OracleId::counts);
  oracles.insert(OracleId::progress);
  return oracles;
}

std::string name(const std::string& program, std::optional<int> exceptions = std::nullopt) {
  return name_of({.engine = "eager_dirty",
                  .machine = "cpus 2",
                  .program = program,
                  .may = "preempt",
                  .exceptions = exceptions,
                  .oracles = some_oracles(),
                  .defect = {}});
}

const SearchOutcome holds{.verdict = Verdict::holds, .exceptions = 4, .states = 1234, .digests = 1300};
const SearchOutcome late{.verdict = Verdict::no_time, .exceptions = -1, .states = 77, .digests = 78, .limit = 0.5};

SearchOutcome breaking() {
  return {.verdict = Verdict::breaks, .exceptions = 2, .states = 99, .digests = 99, .broken = some_oracles()};
}

// What is wrong with a file, "" if nothing.
std::string trouble_with(const std::string& path) {
  Results results;
  const auto error = results.open(path);
  return error.has_value() ? error->message : "";
}

// A file with these results, a line each.
std::string lines(const TemporaryFolder& folder, std::initializer_list<std::pair<std::string, SearchOutcome>> all) {
  {
    Results results;
    BOOST_TEST_REQUIRE(!results.open(folder.path("made")).has_value());
    for (const auto& [name, result] : all) results.add(name, result);
  }
  const std::string text = folder.read("made");
  std::filesystem::remove(folder.path("made"));
  return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_added_is_there_when_it_is_opened_again) {
  const TemporaryFolder folder;
  const std::string path = folder.path("results.jsonl");
  const SearchOutcome full{.verdict = Verdict::no_memory, .exceptions = 3, .states = 5, .limit = 4096};
  const SearchOutcome bounded{.verdict = Verdict::holds_up_to, .exceptions = 2, .states = 5};
  {
    Results results;
    BOOST_TEST(!results.open(path).has_value());
    BOOST_TEST(results.find(name("a")) == nullptr);
    results.add(name("a"), holds);
    results.add(name("b"), breaking());
    results.add(name("c"), late);
    results.add(name("d"), full);
    results.add(name("a", 2), bounded);
    BOOST_TEST((*results.find(name("a")) == holds));
  }
  Results results;
  BOOST_TEST(!results.open(path).has_value());
  BOOST_TEST(!results.was_torn());
  BOOST_TEST((*results.find(name("a")) == holds));
  BOOST_TEST((*results.find(name("b")) == breaking()));
  BOOST_TEST((*results.find(name("c")) == late));
  BOOST_TEST((*results.find(name("d")) == full));
  BOOST_TEST((*results.find(name("a", 2)) == bounded));
  BOOST_TEST(results.find(name("e")) == nullptr);
  BOOST_TEST(contains(folder.read("results.jsonl"), R"("breaks":["counts","progress"])"));
}

BOOST_AUTO_TEST_CASE(without_a_file_it_is_remembered) {
  Results results;
  results.add(name("a"), holds);
  BOOST_TEST((*results.find(name("a")) == holds));
}

BOOST_AUTO_TEST_CASE(a_name_says_all_that_makes_a_difference) {
  const Search search{
      .engine = "e", .machine = "m", .program = "p", .may = "late", .exceptions = 1, .oracles = {}, .defect = {}};
  const auto other = [&](auto&& change) {
    Search changed = search;
    change(changed);
    return name_of(changed) != name_of(search);
  };
  BOOST_TEST(other([](Search& s) { s.engine = "x"; }));
  BOOST_TEST(other([](Search& s) { s.machine = "x"; }));
  BOOST_TEST(other([](Search& s) { s.program = "x"; }));
  BOOST_TEST(other([](Search& s) { s.may = "x"; }));
  BOOST_TEST(other([](Search& s) { s.exceptions = 2; }));
  BOOST_TEST(other([](Search& s) { s.exceptions.reset(); }));
  BOOST_TEST(other([](Search& s) { s.oracles = some_oracles(); }));
  BOOST_TEST(other([](Search& s) { s.defect = "x"; }));
}

BOOST_AUTO_TEST_CASE(a_torn_last_line_is_cut_off_and_all_before_it_stays) {
  const TemporaryFolder folder;
  const std::string whole = lines(folder, {{name("a"), holds}, {name("b"), breaking()}});
  const std::size_t second = whole.find('\n') + 1;
  for (const std::size_t end : {second + 1, second + 30, whole.size() - 1}) {
    const std::string path = folder.write("torn.jsonl", whole.substr(0, end));
    Results results;
    BOOST_TEST(!results.open(path).has_value());
    BOOST_TEST(results.was_torn());
    BOOST_TEST((*results.find(name("a")) == holds));
    BOOST_TEST(results.find(name("b")) == nullptr);
    results.add(name("b"), breaking());
    BOOST_TEST(folder.read("torn.jsonl") == whole);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_file_of_results_is_not_touched) {
  const TemporaryFolder folder;
  const std::string line = lines(folder, {{name("a"), holds}});
  const auto is_refused = [&](const std::string& text, const std::string& why) {
    const std::string path = folder.write("other", text);
    BOOST_TEST(contains(trouble_with(path), path + why));
    BOOST_TEST(folder.read("other") == text);
  };
  is_refused("hello", ":1: expected a result of shootdown prove --programs");
  is_refused("hello\n", ":1: expected a result of shootdown prove --programs: it is no JSON");
  is_refused("{}\n", ":1: expected a result of shootdown prove --programs: key 'search' not found");
  is_refused(line + "hello\n" + line, ":2: expected a result");
  is_refused(line + "{}\n", ":2: expected a result");
  is_refused(line + "\n", ":2: expected a result");
  is_refused(R"({"search":{"model":1},"result":{"verdict":"maybe","exceptions":0,"states":1,"digests":1}})"
             "\n",
             ":1: expected a result of shootdown prove --programs: there is no verdict 'maybe'");
  is_refused(
      R"({"search":{"model":1},"result":{"verdict":"breaks","exceptions":0,"states":1,"digests":1,"breaks":["luck"]}})"
      "\n",
      ":1: expected a result of shootdown prove --programs: there is no oracle \"luck\"");
  is_refused(R"({"search":{"model":"x"},"result":{"verdict":"holds","exceptions":0,"states":1,"digests":1}})"
             "\n",
             ":1: expected a result");
  BOOST_TEST(contains(trouble_with(folder.path("no/such/folder")), "cannot open: No such file"));
  BOOST_TEST(contains(trouble_with(folder.path("")), "cannot open: Is a directory"));
}

BOOST_AUTO_TEST_CASE(files_of_several_machines_can_be_put_together) {
  const TemporaryFolder folder;
  const std::string a = lines(folder, {{name("a"), holds}});
  const std::string b = lines(folder, {{name("b"), late}});
  const std::string decided = lines(folder, {{name("b"), holds}});
  const std::string longer = lines(folder, {{name("b"), {.verdict = Verdict::no_time, .states = 200, .limit = 2}}});
  // Twice is no contradiction, and a verdict counts more than none, whichever comes first.
  for (const std::string& text : {a + b + decided + a, a + decided + b, b + longer + decided}) {
    Results results;
    BOOST_TEST(!results.open(folder.write("all", text)).has_value());
    BOOST_TEST((*results.find(name("b")) == holds));
  }
  for (const std::string& text : {b + longer, longer + b}) {
    Results results;
    BOOST_TEST(!results.open(folder.write("all", text)).has_value());
    BOOST_TEST(results.find(name("b"))->limit == 2);
  }
  // Seconds and MB are not compared.
  const std::string full = lines(folder, {{name("b"), {.verdict = Verdict::no_memory, .states = 5, .limit = 1}}});
  {
    Results results;
    BOOST_TEST(!results.open(folder.write("all", full + b)).has_value());
    BOOST_TEST((*results.find(name("b")) == late));
  }
  SearchOutcome more = holds;
  ++more.states;
  const std::string path = folder.write("all", a + lines(folder, {{name("a"), more}}));
  BOOST_TEST(trouble_with(path) == path + ":2: it says otherwise than line 1 of the same search");
}

BOOST_AUTO_TEST_CASE(two_do_not_add_to_one_file) {
  const TemporaryFolder folder;
  Results one;
  BOOST_TEST(!one.open(folder.path("results")).has_value());
  BOOST_TEST(contains(trouble_with(folder.path("results")), "another process is adding to it"));
}

BOOST_AUTO_TEST_CASE(what_has_come_to_an_end_says_how) {
  for (const Explorer::State state : {Explorer::State::goes_on, Explorer::State::out_of_memory}) {
    Program program{};
    program.machine.cpus = 1;
    const Explorer explorer(*find_engine("eager_dirty"), program, {});
    const SearchOutcome result = result_of(explorer, state);
    BOOST_TEST(!result.is_decided());
    BOOST_TEST(result.exceptions == -1);
  }
  for (const SearchOutcome& result : {holds, late, breaking()})
    BOOST_TEST((result_from_json(json_of(result)) == result));
}

BOOST_AUTO_TEST_SUITE_END()
