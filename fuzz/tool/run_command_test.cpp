// Replays of many inputs: crashes in the middle of them, buckets, copies. What single files and folders of
// texts look like is tested in command_line_test.cpp.
#include "fuzz/tool/run_command.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include "fuzz/io/output.h"
#include "fuzz/language/codec.h"
#include "fuzz/replay/replay.h"
#include "fuzz/triage/inputs.h"
#include "test/console.h"
#include "test/files.h"
#include "test/inputs.h"
#include "test/output.h"
#include "test/silent_engine.h"
#include "test/stories.h"
#include "test/trouble_engine.h"
#include "test/unwilling_engine.h"

using namespace shootdown;

namespace {

Result run(const RunOptions& options, std::span<const Engine* const> engines = all_engines()) {
  return result_of([&](Console& console) { return run_command(options, console, engines); });
}

// How often a part is in a text.
std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(run_command, TemporaryFolder)

// --- what cannot be judged ---

// It loses data, and nobody can see it.
BOOST_AUTO_TEST_CASE(what_is_not_judged_neither_holds_nor_breaks) {
  const SilentEngine engine(eager_dirty(), kind_of<event::PutPage>);
  const Engine* const engines[] = {&engine};
  const std::string lost = write("in/lost", encoded(lost_write));
  const auto run_with = [&](RunOptions options) { return run(options, engines); };

  const Result one = run_with({.paths = {lost}, .oracles = "lost-dirty-data"});
  BOOST_TEST(one.status == 0);
  BOOST_TEST(one.out == "silent: not judged: lost-dirty-data\n");
  const Result two = run_with({.paths = {lost}, .oracles = "lost-dirty-data,progress"});
  BOOST_TEST(two.out == "silent: holds progress\nsilent: not judged: lost-dirty-data\n");
  const Result claims = run_with({.paths = {lost}});
  BOOST_TEST(claims.status == 1);
  BOOST_TEST(contains(claims.out, "silent: not judged: lost-dirty-data"), claims.out);
  BOOST_TEST(contains(claims.out, "silent breaks fsync-durability unexpectedly"), claims.out);
  BOOST_TEST(!contains(claims.out, "breaks lost-dirty-data"), claims.out);

  const Result folder = run_with({.paths = {path("in")}, .oracles = "progress"});
  BOOST_TEST(contains(folder.out, "silent: not judged: lost-dirty-data"), folder.out);
}

BOOST_AUTO_TEST_CASE(what_is_not_judged_cannot_be_expected_to_break) {
  const SilentEngine engine(eager_dirty(), kind_of<event::PutPage>, eager_dirty().name());
  const Engine* const engines[] = {&engine};
  const std::string harmless = "shootdown 2\nexpect eager_dirty holds\ncpu 0: load page 0 word 0\n";
  const Result expected = run({.paths = {write("harmless.program", harmless)}}, engines);
  BOOST_TEST(expected.status == 0);
  BOOST_TEST(expected.out.starts_with("eager_dirty: holds as expected\neager_dirty: not judged: lost-dirty-data"),
             expected.out);

  const std::string wrong = "shootdown 2\nexpect eager_dirty breaks lost-dirty-data\ncpu 0: load page 0 word 0\n";
  const Result unmet = run({.paths = {write("wrong.program", wrong)}}, engines);
  BOOST_TEST(unmet.status == 1);
  BOOST_TEST(contains(unmet.out, "does not break lost-dirty-data, which was expected: it is not judged\n"), unmet.out);
}

// --- what cannot be run ---

BOOST_AUTO_TEST_CASE(what_an_engine_refuses_is_said_and_counted) {
  const UnwillingEngine unwilling;
  const Engine* const engines[] = {&eager_dirty(), &unwilling};
  const std::string text = "shootdown 2\ncpu 0: load page 0 word 0\n";
  const std::string name = write("in/a.program", text);
  write("in/b.program", text);
  write("in/c", encoded(text));
  write("in/d", encoded(text));

  const Result one = run({.paths = {name}}, engines);
  BOOST_TEST(one.status == 0);
  BOOST_TEST(contains(one.out, name + ": unwilling cannot run it: there is something to do\n"), one.out);
  const Result folder = run({.paths = {path("in")}}, engines);
  BOOST_TEST(folder.status == 0);
  BOOST_TEST(
      contains(folder.out, "4 files (1 of them copies), 2 engines, 3 runs: all as expected; 3 runs not possible\n"),
      folder.out);
}

// Whoever expects something of an engine expects that it runs there.
BOOST_AUTO_TEST_CASE(what_an_engine_refuses_must_not_be_expected_of_it) {
  const UnwillingEngine unwilling("linux-unwilling");
  const Engine* const engines[] = {&eager_dirty(), &unwilling};
  const auto text = [](const char* what) {
    return fmt::format("shootdown 2\nexpect linux-unwilling {}\ncpu 0: load page 0 word 0\n", what);
  };
  const std::string breaks = write("in/breaks.program", text("breaks counts"));
  const std::string holds = write("in/holds.program", text("holds"));
  write("in/silent.program", "shootdown 2\ncpu 0: load page 0 word 0\n");

  for (const bool quiet : {false, true}) {
    for (const std::string& name : {breaks, holds}) {
      const Result one = run({.paths = {name}, .quiet = quiet}, engines);
      BOOST_TEST(one.status == 1);
      BOOST_TEST(contains(one.out, name + ":2: linux-unwilling cannot run it, but should: there is something to do\n"),
                 one.out);
      BOOST_TEST(count(one.out, "there is something to do") == 1U, one.out);
    }
  }
  const Result folder = run({.paths = {path("in")}}, engines);
  BOOST_TEST(folder.status == 1);
  BOOST_TEST(contains(folder.out, breaks + ":2: linux-unwilling cannot run it, but should: "), folder.out);
  BOOST_TEST(contains(folder.out, holds + ":2: linux-unwilling cannot run it, but should: "), folder.out);
  BOOST_TEST(contains(folder.out, "1      2  linux-unwilling  not possible  there is something to do\n"), folder.out);
  BOOST_TEST(contains(folder.out, "\n  shootdown run --engine linux-unwilling " + shell_word(holds) + "\n"),
             folder.out);
  BOOST_TEST(contains(folder.out, "\n3 files, 2 engines, 3 runs: 2 not as expected; 3 runs not possible\n"),
             folder.out);

  // Where expectations do not count, this one does not either.
  const Result judged = run({.paths = {holds}, .oracles = "all"}, engines);
  BOOST_TEST(judged.status == 0);
  BOOST_TEST(contains(judged.out, holds + ": linux-unwilling cannot run it: there is something to do\n"), judged.out);
}

// --- what another build can run ---

BOOST_AUTO_TEST_CASE(expectations_of_engines_that_are_not_in_this_build_are_counted) {
  const std::string text =
      "shootdown 2\n"
      "expect linux-one breaks counts\n"
      "expect linux-other holds\n"
      "expect eager_dirty holds\n"
      "cpu 0: load page 0 word 0\n";
  const std::string name = write("in/a.program", text);
  write("in/b.program", text);
  write("in/c", encoded(text));

  const Engine* const without[] = {&eager_dirty()};
  const Result folder = run({.paths = {path("in")}}, without);
  BOOST_TEST(folder.status == 0);
  BOOST_TEST(contains(folder.out,
                      "3 files, 1 engine, 3 runs: all as expected; 4 expectations of engines that are not in this "
                      "build\n"),
             folder.out);
  const Result one = run({.paths = {name}}, without);
  BOOST_TEST(one.status == 0);
  BOOST_TEST(one.out ==
             "eager_dirty: holds as expected\nlinux-one: not in this build\nlinux-other: not in this build\n");
  // Nobody asks for them.
  BOOST_TEST(!contains(run({.paths = {path("in")}, .oracles = "all"}, without).out, "expectation"));
  BOOST_TEST(!contains(run({.paths = {path("in")}, .engines = {"eager_dirty"}}).out, "expectation"));
  BOOST_TEST(run({.paths = {name}, .quiet = true}, without).out.empty());
}

BOOST_AUTO_TEST_CASE(in_a_build_that_has_it_the_engine_is_like_any_other) {
  const SilentEngine engine(eager_dirty(), kind_of<event::PutPage>, "linux-one");
  const Engine* const with[] = {&engine};
  const auto text = [](const char* what) {
    return fmt::format("shootdown 2\nexpect linux-one {}\nexpect linux-other holds\ncpu 0: exit\n", what);
  };
  const std::string holds = write("holds.program", text("holds"));
  const std::string breaks = write("in/breaks.program", text("breaks progress"));
  const Result met = run({.paths = {holds}}, with);
  BOOST_TEST(met.status == 0);
  BOOST_TEST(met.out.starts_with("linux-one: holds as expected\n"), met.out);
  const Result unmet = run({.paths = {path("in")}}, with);
  BOOST_TEST(unmet.status == 1);
  BOOST_TEST(contains(unmet.out, breaks + ":2: linux-one does not break progress, which was expected\n"), unmet.out);
  BOOST_TEST(contains(unmet.out,
                      "\n1 file, 1 engine, 1 run: 1 not as expected; 1 expectation of engines that are not in this "
                      "build\n"),
             unmet.out);
}

// --- failures of Shootdown itself ---

BOOST_AUTO_TEST_CASE(a_crash_in_the_middle_does_not_end_the_replay) {
  const TroubleEngine engine;
  const Engine* const engines[] = {&engine};
  write("in/a", trouble(0));
  write("in/b", trouble(1));
  write("in/c", trouble(0, 1));
  write("in/d", trouble(2));
  write("in/e", trouble(1, 1));
  write("in/f", trouble(3));
  write("in/g", trouble(3, 1));
  write("in/h", trouble(0, 2));
  const Result result = run({.paths = {path("in")}, .oracles = "progress", .list = true}, engines);
  BOOST_TEST(result.status == 1);
  BOOST_TEST(result.err.empty(), result.err);
  BOOST_TEST(contains(result.out, "8 files, 1 engine, 8 runs: 5 not as expected in 3 buckets\n"), result.out);
  BOOST_TEST(std::regex_search(result.out, std::regex("     2  trouble  internal error  test/trouble_engine.h:[0-9]+: "
                                                      "check failed: page == 0\n")),
             result.out);
  BOOST_TEST(contains(result.out, "     1  trouble  internal error  "));
  BOOST_TEST(contains(result.out, "     2  trouble  internal error  SomeSanitizer: data race\n"), result.out);
  BOOST_TEST(contains(result.out, ":\n  " + path("in/b") + "\n  " + path("in/e") + "\n"), result.out);
  BOOST_TEST(contains(result.out, ":\n  " + path("in/f") + "\n  " + path("in/g") + "\n"), result.out);
  BOOST_TEST(
      contains(result.out, "shootdown run --engine trouble --oracles progress " + shell_word(path("in/d")) + "\n"),
      result.out);
}

BOOST_AUTO_TEST_CASE(a_run_without_end_does_not_end_the_replay) {
  const TroubleEngine engine;
  const Engine* const engines[] = {&engine};
  write("in/a", trouble(0));
  write("in/b", trouble(4));
  write("in/c", trouble(0, 1));
  const Result result = run({.paths = {path("in")}, .oracles = "progress", .timeout = 1.5}, engines);
  BOOST_TEST(result.status == 1);
  BOOST_TEST(contains(result.out, "1      1  trouble  internal error  took longer than 1.5 s\n"), result.out);
  BOOST_TEST(contains(result.out, "--timeout 1.5 " + shell_word(path("in/b")) + "\n"), result.out);
  BOOST_TEST(contains(result.out, "3 files, 1 engine, 3 runs: 1 not as expected\n"), result.out);
}

BOOST_AUTO_TEST_CASE(of_one_file_all_is_shown_that_the_failure_said) {
  const TroubleEngine engine;
  const Engine* const engines[] = {&engine};
  const std::string file = write("crash", trouble(1));
  for (const bool quiet : {false, true}) {
    const Result result = run({.paths = {file}, .trace = "compact", .quiet = quiet}, engines);
    BOOST_TEST(result.status == 1);
    BOOST_TEST(result.out.starts_with(file + ": trouble: internal error: "), result.out);
    BOOST_TEST(contains(result.out, "test/trouble_engine.h:"), result.out);
    BOOST_TEST(count(result.out, "\n") == 1U);
    BOOST_TEST(contains(result.err, "test/trouble_engine.h:"), result.err);
  }
}

BOOST_AUTO_TEST_CASE(the_other_engines_run_what_one_fails_on) {
  const TroubleEngine engine;
  std::vector<const Engine*> engines(all_engines().begin(), all_engines().end());
  engines.insert(engines.begin(), &engine);
  const std::string file = write("crash", trouble(1));
  const Result result = run({.paths = {file}}, engines);
  BOOST_TEST(result.status == 1);
  BOOST_TEST(contains(result.out, ": trouble: internal error: "));
  for (const Engine* const other : all_engines())
    BOOST_TEST(contains(result.out, fmt::format("{}: holds all that it claims\n", other->name())));
}

// --- copies ---

BOOST_AUTO_TEST_CASE(the_same_bytes_are_run_once_and_count_as_often_as_they_are_there) {
  const TroubleEngine engine;
  const Engine* const engines[] = {&engine};
  write("in/a", trouble(1));
  write("in/b", trouble(0));
  write("in/c", trouble(1));
  write_zip("in/d.zip", {{"e", trouble(1)}, {"f", trouble(0)}});
  const Result result = run({.paths = {path("in")}, .oracles = "progress", .list = true, .hash = true}, engines);
  BOOST_TEST(result.status == 1);
  BOOST_TEST(contains(result.out, "1      3  trouble  "), result.out);
  BOOST_TEST(contains(result.out, ":\n  " + path("in/a") + "\n  " + path("in/c") + "\n  " + path("in/d.zip:e") + "\n"));
  BOOST_TEST(contains(result.out, "5 files (3 of them copies), 1 engine, 2 runs: 3 not as expected\n"), result.out);
  BOOST_TEST(count(result.out, "  trouble  " + path("in")) == 2U, result.out);
}

// Its name makes it a text, whatever is in it: a bad one, here.
BOOST_AUTO_TEST_CASE(a_text_is_no_copy_of_what_is_none) {
  const std::string nothing;
  write("in/a", nothing);
  write("in/b.program", nothing);
  write("in/c", nothing);
  const Result result = run({.paths = {path("in")}, .engines = {"eager_dirty"}});
  BOOST_TEST(result.status == 2);
  BOOST_TEST(contains(result.err, path("in/b.program") + ":1:1: "), result.err);
  BOOST_TEST(result.out == "2 files (1 of them copies), 1 engine, 1 run: all as expected; 1 bad input\n");
}

BOOST_AUTO_TEST_CASE(texts_are_judged_where_they_are) {
  const std::string text = "shootdown 2\nexpect eager_dirty breaks counts\ncpu 0: store page 0 word 0\n";
  write("in/a.program", text);
  write("in/b.program", text);
  const Result result = run({.paths = {path("in")}, .engines = {"eager_dirty"}});
  BOOST_TEST(result.status == 1);
  for (const char* const name : {"in/a.program", "in/b.program"})
    BOOST_TEST(contains(result.out, path(name) + ":2: eager_dirty does not break counts, which was expected\n"));
  BOOST_TEST(contains(result.out, "1      2  eager_dirty  counts  holds, but should break\n"), result.out);
  BOOST_TEST(contains(result.out, "2 files, 1 engine, 2 runs: 2 not as expected\n"));
}

// --- buckets: five bugs, ten files each ---

namespace {

// What must come of a story on one engine; the other one holds.
struct Bug {
  std::string engine;
  std::string oracle;
  std::string fact;

  auto operator<=>(const Bug&) const = default;
};

const std::string missed_by_fsync =
    "fsync by cpu N returns, but the disk has N in page N word N of file N, where N had been written before it began";
const std::string behind_its_back = "page N of file N becomes dirty while it is unlocked and ";

const std::array<Bug, 5> bugs{{
    {"eager_dirty", "lost-dirty-data",
     "page N of file N is let go of clean, but its word N is N in memory and N on the disk"},
    {"eager_dirty", "fsync-durability", missed_by_fsync},
    {"deferred_dirty", "fsync-durability", missed_by_fsync},
    {"deferred_dirty", "filesystem-contract", behind_its_back + "unmapped"},
    {"deferred_dirty", "filesystem-contract", behind_its_back + "no page-table lock is held"},
}};

// Tells the story of a bug in one of ten ways that do not matter: which pages, which words, which CPUs, what happens
// before, what else there is. The stories are those of corpus/: lost-write-simple, fsync-misses-a-store (for both
// engines), dirtied-while-clean, aliased-mapping. There they break both engines; here the moment is chosen so that
// it is in the window of one engine and not in that of the other, which differ by one step for each page.
std::string story(std::size_t bug, int variant) {
  const int words = 1 + variant % 4;
  const int word = variant % words;
  const int first = variant * 3 % 5;   // the page that it is about
  const int length = bug < 2 ? 8 : 1;  // of the zap
  const int pages = first + length + variant % 3;
  const int zapper = variant % 3;
  const int writer = (zapper + 1 + variant % 2) % 3;
  const int third = 3 - zapper - writer;
  const int alias = first + pages;  // in the second window
  std::string text =
      fmt::format("shootdown 2\nmachine pages {}, words {}, tlb 16, windows {}\n\n", pages, words, bug == 4 ? 2 : 1);
  const auto add = [&](int cpu, const std::string& what) { text += fmt::format("cpu {}: {}\n", cpu, what); };
  const auto store = [&](int page) { add(writer, fmt::format("store page {} word {}", page, word)); };
  const auto range = [&](const char* what) {
    return length == 1 ? fmt::format("{} page {}", what, first)
                       : fmt::format("{} pages {}-{}", what, first, first + length - 1);
  };

  if (variant % 4 == 1) add(third, "fsync page 0");
  if (variant % 4 == 2) add(writer, "read page 0");
  if (variant % 4 == 3) add(zapper, fmt::format("load page {} word 0", pages - 1));
  if (length > 1) add(writer, range("touch"));
  store(first);
  if (bug == 4) store(alias);
  add(zapper, range("dontneed"));
  // eager_dirty has removed all rmaps and not flushed, deferred_dirty has flushed and marked the page dirty; or
  // deferred_dirty has removed the rmap, and eager_dirty not yet; or deferred_dirty is anywhere before its end.
  const std::array<int, 5> moments{3 + 6 * 8, 3 + 6 * 8, 7, 9, 9};
  text += fmt::format("  after {} steps suspend\n", moments.at(bug));
  switch (bug) {
    case 0:
      add(writer, fmt::format("fsync page {}", first));
      store(first);
      add(zapper, fmt::format("fadvise page {}", first));
      break;
    case 1:
    case 2:
      add(third, fmt::format("writeback page {}", first));
      store(first);
      add(third, fmt::format("fsync page {}", first));
      break;
    default: add(third, fmt::format("fsync page {}", first));
  }
  return text;
}

// A name as one of the fuzzers gives.
std::string crash_name(std::size_t bug, int variant) {
  const std::size_t number = bug * 10 + static_cast<std::size_t>(variant);
  const std::string hash = fmt::format("{:040x}", 0x9E3779B97F4A7C15U * (number + 1));
  switch (number % 4) {
    case 0: return fmt::format("libfuzzer/{}/crash-{}", variant % 2, hash);
    case 1:
      return fmt::format("afl/main/crashes/id:{:06},sig:06,src:000001,time:{},execs:6076,op:havoc,rep:4", number,
                         number * 37);
    case 2:
      return fmt::format("oss/clusterfuzz-testcase-minimized-fuzz_{}-{}", bugs[bug].engine, 5234105938116608 + number);
    default: return "oss/backup.zip:" + hash;
  }
}

// Those that have the bugs. What others break is not known here.
std::array<const Engine*, 2> engines_with_bugs() {
  return {&eager_dirty(), &deferred_dirty()};
}

// Those that tell the bugs apart. dirty-unmapped is broken by both engines whenever a page was written to and is zapped.
constexpr std::string_view telling = "page-cache-contents,lost-dirty-data,fsync-durability,filesystem-contract";

// The truth about a story, by the oracles themselves and without any buckets.
void check_story(std::size_t bug, int variant, std::set<std::string>& facts) {
  const Document document = input_of(story(bug, variant)).document;
  for (const Engine* const engine : engines_with_bugs()) {
    Replayer replayer(*engine);
    const OracleSet among = std::get<OracleSet>(select_oracles(telling, *engine));
    const OracleSet broken = replayer.run(document.program).broken & among;
    const std::string where =
        fmt::format("bug {} variant {} on {}: {}", bug, variant, engine->name(), names_of(broken));
    BOOST_TEST(!broken.empty() == (engine->name() == bugs[bug].engine), where);
    if (broken.empty()) continue;
    const Report report = replayer.report();
    const OracleId first = report.first(among);
    BOOST_TEST(oracle_name(first) == bugs[bug].oracle, where);
    facts.emplace(report.violation(first).fact());
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(fifty_files_of_five_bugs_are_five_buckets) {
  std::map<Bug, std::set<std::string>> expected;
  Members zipped;
  for (std::size_t bug = 0; bug < bugs.size(); ++bug) {
    std::set<std::string> facts;
    for (int variant = 0; variant < 10; ++variant) {
      check_story(bug, variant, facts);
      const std::string name = crash_name(bug, variant);
      const std::string bytes = encoded(story(bug, variant));
      expected[bugs[bug]].insert(path("mixed/" + name));
      if (const std::size_t colon = name.find(".zip:"); colon != std::string::npos) {
        zipped.emplace_back(name.substr(colon + 5), bytes);
      } else {
        write("mixed/" + name, bytes);
      }
    }
    // If numbers counted, there would be more buckets.
    BOOST_TEST(facts.size() >= 5U);
  }
  BOOST_REQUIRE(expected.size() == bugs.size());
  BOOST_REQUIRE(zipped.size() >= 10U);
  write_zip("mixed/oss/backup.zip", zipped);
  write("mixed/afl/main/fuzzer_stats", "start_time : 1\n");
  write("mixed/afl/main/crashes/README.txt", "Command line used to find this crash:\n");
  write("mixed/libfuzzer/fuzz-0.log", "INFO: Seed: 1\n");

  const Result result =
      run({.paths = {path("mixed")}, .oracles = std::string(telling), .list = true}, engines_with_bugs());
  BOOST_TEST(result.status == 1);
  BOOST_TEST(result.err.empty(), result.err);
  BOOST_TEST(contains(result.out, "50 files, 2 engines, 100 runs: 50 not as expected in 5 buckets\n"), result.out);

  // Back from the text: rows, which a fact may continue with more indentation, and lists.
  std::string table = result.out.substr(0, result.out.find("\n\n"));
  table = std::regex_replace(table, std::regex("\n {20,}"), " ");
  const std::regex row("([0-9]+) +([0-9]+)  ([a-z_]+) +([a-z-]+) +([^ ].*)");
  std::map<Bug, std::set<std::string>> found;
  for (std::sregex_iterator match(table.begin(), table.end(), row); match != std::sregex_iterator(); ++match) {
    const std::string head = fmt::format("\nfiles of #{}:\n", (*match)[1].str());
    const std::size_t begin = result.out.find(head) + head.size();
    const std::string list = result.out.substr(begin, result.out.find("\n\n", begin) + 1 - begin);
    std::set<std::string>& files = found[{(*match)[3], (*match)[4], (*match)[5]}];
    for (std::size_t at = 0; at < list.size();) {
      const std::size_t end = list.find('\n', at);
      files.insert(list.substr(at + 2, end - at - 2));
      at = end + 1;
    }
    BOOST_TEST((*match)[2].str() == "10", match->str());
  }
  BOOST_TEST((found == expected), result.out);
}

BOOST_AUTO_TEST_CASE(the_command_of_a_bucket_shows_it) {
  const std::string bytes = encoded(story(3, 0));
  write_zip("in/a b.zip", {{"c", bytes}});
  const Result many = run({.paths = {path("in")}, .oracles = "filesystem-contract"});
  BOOST_TEST(contains(many.out, fmt::format("\n#1, {} bytes:\n  shootdown run --engine deferred_dirty --oracles "
                                            "filesystem-contract --trace {}\n",
                                            bytes.size(), shell_word(path("in/a b.zip:c")))),
             many.out);
  const Result one = run({.paths = {path("in/a b.zip:c")},
                          .engines = {"deferred_dirty"},
                          .oracles = "filesystem-contract",
                          .trace = "compact"});
  BOOST_TEST(one.status == 1);
  BOOST_TEST(contains(one.out, path("in/a b.zip:c") + ": deferred_dirty breaks filesystem-contract unexpectedly: "));
  BOOST_TEST(contains(one.out, "*** filesystem-contract: "));
}

// Names come from archives, too, and may be anything.
BOOST_AUTO_TEST_CASE(names_cannot_disturb_the_output) {
  const std::string bytes = encoded(story(3, 0));
  write_zip("in/a.zip", {{"b\x1B[31m\nc", bytes}});
  const Result result = run({.paths = {path("in")}, .oracles = "filesystem-contract", .list = true, .hash = true});
  BOOST_TEST(result.err.empty(), result.err);
  BOOST_TEST(!contains(result.out, "\x1B"));
  BOOST_TEST(contains(result.out, "  " + path("in/a.zip:b\\x1B[31m\\x0Ac") + "\n"), result.out);
  BOOST_TEST(contains(result.out, "--trace $'" + path("in/a.zip:b\\x1B[31m\\x0Ac") + "'\n"), result.out);
}

BOOST_AUTO_TEST_CASE(a_bad_archive_is_one_bad_input) {
  write("in/a.zip", "none");
  write("in/b", trouble(0));
  const Result result = run({.paths = {path("in")}});
  BOOST_TEST(result.status == 2);
  BOOST_TEST(result.err == "shootdown: " + path("in/a.zip") + ": cannot open the archive: Not a zip archive\n");
  BOOST_TEST(result.out == summary_of(1) + ": all as expected; 1 bad input\n");
}

BOOST_AUTO_TEST_CASE(quiet_prints_what_is_not_expected_and_nothing_else) {
  write("in/a", encoded(story(0, 0)));
  write("in/b", trouble(0));
  BOOST_TEST(run({.paths = {path("in")}, .quiet = true}).out.empty());
  const Result result = run({.paths = {path("in")}, .oracles = "all", .quiet = true});
  BOOST_TEST(result.status == 1);
  BOOST_TEST(result.out.starts_with("#  files  engine "), result.out);
  BOOST_TEST(!contains(result.out, " as expected"), result.out);
}

BOOST_AUTO_TEST_SUITE_END()
