// The program as its users meet it: what it prints, where, and its exit status.
#include "fuzz/tool/command_line.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include "engine/kernel/model_version.h"
#include "engine/zap/engines.h"
#include "fuzz/io/output.h"
#include "fuzz/replay/replay.h"
#include "test/bytes.h"
#include "test/files.h"
#include "test/output.h"
#include "test/samples.h"
#include "test/stories.h"

using namespace shootdown;
namespace fs = std::filesystem;

namespace {

int call(std::vector<std::string> arguments, std::FILE* out, std::FILE* err) {
  arguments.insert(arguments.begin(), "shootdown");
  std::vector<char*> pointers;
  pointers.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  return shootdown_main(static_cast<int>(arguments.size()), pointers.data(), out, err);
}

Result shootdown_with(std::vector<std::string> arguments) {
  const File out(std::tmpfile());
  const File err(std::tmpfile());
  const int status = call(std::move(arguments), out.get(), err.get());
  return {status, contents(out.get()), contents(err.get())};
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string result(text);
  const std::size_t at = result.find(from);
  BOOST_REQUIRE(at != std::string::npos);
  return result.replace(at, from.size(), to);
}

// A folder for each test, with what most of them need.
struct FolderOfPrograms : TemporaryFolder {
  std::string lost = write("corpus/lost.program", lost_write);
  std::string fine = write("corpus/fine.program", harmless);
};

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(command_line, FolderOfPrograms)

// --- usage ---

BOOST_AUTO_TEST_CASE(help_and_version_are_no_errors) {
  const Result help = shootdown_with({"--help"});
  BOOST_TEST(help.status == 0);
  BOOST_TEST(help.err.empty());
  for (const std::string command : {"run", "minimize", "check", "corpus", "show", "record", "reproduce", "assemble",
                                    "dictionary", "engines", "oracles", "events", "defects", "scoreboard"}) {
    BOOST_TEST(contains(help.out, "\n  " + command + " "));
    const Result one = shootdown_with({command, "--help"});
    BOOST_TEST(one.status == 0);
    BOOST_TEST(one.err.empty());
    BOOST_TEST(contains(one.out, "Usage: shootdown " + command));
    BOOST_TEST(contains(one.out, "Example"));
  }
  const Result corpus = shootdown_with({"corpus", "--help"});
  for (const std::string command : {"add", "merge", "list"}) {
    BOOST_TEST(contains(corpus.out, "\n  " + command + " "));
    const Result one = shootdown_with({"corpus", command, "--help"});
    BOOST_TEST(one.status == 0);
    BOOST_TEST(contains(one.out, "Usage: shootdown corpus " + command));
    BOOST_TEST(contains(one.out, "Example"));
  }
  BOOST_TEST(contains(shootdown_with({"run", "--help"}).out, "--trace[=full]"));
  const Result version_asked = shootdown_with({"--version"});
  BOOST_TEST(version_asked.status == 0);
  BOOST_TEST(version_asked.out == fmt::format("shootdown {} (model {})\n", version, model_version));
}

BOOST_AUTO_TEST_CASE(reproduce_makes_c) {
  const Result printed = shootdown_with({"reproduce", lost});
  BOOST_TEST(printed.status == 0);
  BOOST_TEST(contains(printed.out, "\n * cpu 0: store page 0 word 0\n"), printed.out);
  BOOST_TEST(contains(printed.out, "\nint main("), printed.out);
  const std::string file = write("repro.c", "old");
  const Result written = shootdown_with({"reproduce", lost, "-o", file});
  BOOST_TEST(written.status == 0);
  BOOST_TEST(written.out.empty());
  BOOST_TEST(read("repro.c") == printed.out);
  const std::string reads = write("reads.program", "shootdown 2\ncpu 0: load page 0 word 0\n");
  const Result refused = shootdown_with({"reproduce", reads, "-o", file});
  BOOST_TEST(refused.status == 2);
  BOOST_TEST(refused.err ==
             "shootdown: " + reads + ": nothing is stored to memory (store, touch), so that nothing can be lost\n");
  BOOST_TEST(read("repro.c") == printed.out);
  BOOST_TEST(shootdown_with({"reproduce", "nowhere"}).status == 2);
}

BOOST_AUTO_TEST_CASE(record_lists_the_schedule_that_a_run_takes) {
  const std::string pct = write("pct.program",
                                "shootdown 2\nmachine cpus 2, pct_depth 3, pct_seed 2, pct_steps 40\n"
                                "cpu 0: store page 0 word 0\ncpu 1: store page 1 word 0\n");
  const Result by_steps = shootdown_with({"record", pct});
  BOOST_TEST(by_steps.status == 0);
  BOOST_TEST(contains(by_steps.out, "machine cpus 2\n"), by_steps.out);
  BOOST_TEST(contains(by_steps.out, "  after "), by_steps.out);
  BOOST_TEST(contains(by_steps.out, "cpu 1: exit\n"), by_steps.out);
  const Result by_events = shootdown_with({"record", "--events", "--engine", "eager_dirty", lost});
  BOOST_TEST(by_events.status == 0);
  BOOST_TEST(contains(by_events.out, "expect eager_dirty breaks "), by_events.out);
  BOOST_TEST(contains(by_events.out, "  after remove rmap of page 0 switch to cpu 2\n"), by_events.out);
  // Two files are told apart, and a bad one does not hide the other.
  const Result two = shootdown_with({"record", lost, path("none"), fine});
  BOOST_TEST(two.status == 2);
  BOOST_TEST(contains(two.out, "# " + fine + "\n"), two.out);
  BOOST_TEST(contains(two.err, "none: cannot open"), two.err);
  std::string long_program = "shootdown 2\nmachine pct_depth 2\n";
  for (int i = 0; i < 127; ++i) long_program += "cpu 0: load page 0 word 0\n";
  const Result too_long = shootdown_with({"record", write("long.program", long_program)});
  BOOST_TEST(too_long.status == 1);
  BOOST_TEST(contains(too_long.err, "its schedule has no room in a program (128 operations"), too_long.err);
}

BOOST_AUTO_TEST_CASE(events_are_listed) {
  const Result result = shootdown_with({"events"});
  BOOST_TEST(result.status == 0);
  BOOST_TEST(contains(result.out, "\nremove rmap\n"), result.out);
  BOOST_TEST(!contains(result.out, "run begins"), result.out);
}

BOOST_AUTO_TEST_CASE(bad_usage_is_said) {
  struct Case {
    std::vector<std::string> arguments;
    std::string message;
  };
  const Case cases[] = {
      {{},
       "expected a command: run, minimize, explain, prove, check, corpus, show, record, assemble, reproduce, "
       "dictionary, "
       "engines, "
       "oracles, events, findings, defects, scoreboard; see shootdown --help"},
      {{"frob"},
       "there is no command 'frob'; there are: run, minimize, explain, prove, check, corpus, show, record, assemble, "
       "reproduce, "
       "dictionary, engines, oracles, events, findings, defects, scoreboard"},
      {{"--frob"}, "see shootdown --help"},
      {{"run"}, "PATH is required; see shootdown run --help"},
      {{"run", "--frob", fine}, "--frob"},
      {{"prove"}, "FILE or --programs is required; see shootdown prove --help"},
      {{"prove", "--programs", "9"}, "--programs: Value 9 not in range 1 to 8"},
      {{"prove", "--programs", "2", fine}, "FILE excludes --programs"},
      {{"prove", "--shard", "1/2", fine}, "--shard requires --programs"},
      {{"prove", "--all", "--checkpoint", "kept", fine}, "--all excludes --checkpoint"},
      {{"prove", "--jobs", "0", fine}, "--jobs: Value 0 not in range 1 to 1000"},
      {{"prove", "--programs", "1", "--recheck", "1"}, "--recheck requires --results"},
      {{"run", "--engine"}, "--engine"},
      {{"run", "--defect", "nothing", fine}, "--defect: there is no defect 'nothing'; 'shootdown defects' lists them"},
      {{"minimize"}, "FILE is required; see shootdown minimize --help"},
      {{"minimize", "--engine", "nobody", fine}, "--engine: there is no engine 'nobody'; there are: eager_dirty, "},
      {{"minimize", "--oracles", "luck", fine},
       "--oracles: there is no oracle 'luck'; expected claims, all, or some of: "},
      {{"minimize", "--defect", "nothing", fine}, "--defect: there is no defect 'nothing'; 'shootdown defects' "},
      {{"minimize", "-o", "out", fine, lost}, "--output: expected one FILE, whose program is written there"},
      {{"minimize", "-", "-"}, "-: standard input can be read only once"},
      {{"defects", "nothing"}, "there is no defect 'nothing'; 'shootdown defects' lists them"},
      {{"defects", "--measure"}, "--measure"},
      {{"check"}, "ENGINE is required; see shootdown check --help"},
      {{"check", "nothing"}, "there is no engine 'nothing'; there are: eager_dirty, "},
      {{"check", "eager_dirty", "--seconds", "0"}, "--seconds: expected more than 0 seconds, found 0"},
      {{"check", "eager_dirty", "--may", "sleep"}, "--may: there is no 'sleep'; expected some of: preempt, "},
      {{"check", "eager_dirty", "--oracles", "luck"}, "--oracles: there is no oracle 'luck'"},
      {{"check", "eager_dirty", "--defect", "luck"}, "--defect: there is no defect 'luck'"},
      {{"check", "eager_dirty", "--corpus", "nowhere"}, "nowhere: cannot open"},
      {{"scoreboard", "nothing"}, "there is no defect 'nothing'; 'shootdown defects' lists them"},
      {{"scoreboard", "--runs", "0"}, "--runs: Value 0 not in range 1 to 1000000000"},
      {{"scoreboard", "--seeds", "some"}, "--seeds"},
      {{"scoreboard", "--jobs", "0"}, "--jobs: Value 0 not in range 1 to 1000"},
      {{"scoreboard", "--require", "101"}, "--require: Value 101 not in range 0 to 100"},
      {{"scoreboard", "--corpus", "nowhere"}, "nowhere: cannot open"},
      {{"scoreboard", "--flag=-x=1"}, "--flag requires --libfuzzer"},
      {{"scoreboard", "--libfuzzer", "nowhere"}, "--libfuzzer: there is no program nowhere/fuzz_"},
      {{"run", "--engine", "nobody", fine}, "--engine: there is no engine 'nobody'; there are: eager_dirty, "},
      {{"run", "--oracles", "luck", fine}, "--oracles: there is no oracle 'luck'; expected claims, all, or some of: "},
      {{"run", "--oracles", "", fine}, "--oracles: there is no oracle ''"},
      {{"run", "--trace=long", fine}, "--trace: expected compact or full, found 'long'"},
      {{"run", "--width", "3", fine}, "--width: Value 3 not in range 40 to 10000"},
      {{"run", "--timeout", "0", fine}, "--timeout: expected 0.001 to 1000000 seconds, found 0"},
      {{"run", "--timeout", "nan", fine}, "--timeout: expected 0.001 to 1000000 seconds, found nan"},
      {{"run", "--timeout", "inf", fine}, "--timeout: expected 0.001 to 1000000 seconds, found inf"},
      {{"run", "-", "-"}, "-: standard input can be read only once"},
      {{"run", ""}, "the name of a file is empty"},
      {{"show", "-", fine, "-"}, "-: standard input can be read only once"},
      {{"show"}, "FILE is required; see shootdown show --help"},
      {{"record"}, "FILE is required; see shootdown record --help"},
      {{"record", "--engine", "nobody", fine}, "there is no engine 'nobody'; there are: eager_dirty, "},
      {{"record", "-", "-"}, "-: standard input can be read only once"},
      {{"show", "--expect", "--bucket", fine}, "--expect excludes --bucket"},
      {{"assemble"}, "FILE is required; see shootdown assemble --help"},
      {{"corpus"}, "expected a command: add, merge, list; see shootdown corpus --help"},
      {{"corpus", "frob"}, "there is no command 'frob'; there are: add, merge, list; see shootdown corpus --help"},
      {{"corpus", "add"}, "PATH is required; see shootdown corpus add --help"},
      {{"corpus", "add", "--frob", fine}, "see shootdown corpus add --help"},
      {{"corpus", "add", "--to"}, "--to"},
      {{"corpus", "add", "--to", path("out"), path("none")}, "none: cannot open: No such file or directory"},
      {{"corpus", "add", "--to", fine, lost}, "--to: " + fine + " is no folder"},
      {{"corpus", "add", "-", "-"}, "-: standard input can be read only once"},
      {{"corpus", "list", path("none")}, "none: cannot open: No such file or directory"},
      {{"corpus", "merge"}, "TARGET is required; see shootdown corpus merge --help"},
      {{"corpus", "merge", "nobody"}, "there is no target 'nobody'; there are: " + engine_names() + ", text"},
      {{"corpus", "merge", "text", "--target", path("none")},
       "there is no program " + path("none") + "; expected the "},
      {{"corpus", "merge", "eager_dirty", "--target", "/bin/true", "--oracles", ","},
       "--oracles: there is no oracle ''"},
      {{"engines", "more"}, "more; see shootdown engines --help"},
      {{"engines", "--json"}, "--json requires --matrix; see shootdown engines --help"},
      {{"engines", "--matrix", "--runs", "0"}, "--runs"},
      {{"engines", "--matrix", "--engine", "nobody"}, "there is no engine 'nobody'; there are: " + engine_names()},
      {{"engines", "--matrix", "--corpus", path("none")}, "none: cannot open: No such file or directory"},
  };
  for (const Case& one : cases) {
    const Result result = shootdown_with(one.arguments);
    BOOST_TEST(result.status == 2, one.message);
    BOOST_TEST(result.out.empty(), one.message);
    BOOST_TEST(result.err.starts_with("shootdown: "), result.err);
    BOOST_TEST(contains(result.err, one.message), result.err);
  }
}

// --- run ---

BOOST_AUTO_TEST_CASE(one_file_gets_a_line_for_each_verdict) {
  const Result result = shootdown_with({"run", lost});
  BOOST_TEST(result.status == 0);
  BOOST_TEST(result.err.empty());
  BOOST_TEST(contains(result.out, "eager_dirty: breaks lost-dirty-data as expected: page 0 of file 0 is let go"));
  BOOST_TEST(contains(result.out, "deferred_dirty: breaks filesystem-contract as expected: "));
  std::string each;
  for (const Engine* const engine : all_engines()) {
    // The text says what two of them do.
    const bool expected = engine == &eager_dirty() || engine == &deferred_dirty();
    each += fmt::format("{}: holds {}\n", engine->name(), expected ? "as expected" : "all that it claims");
  }
  BOOST_TEST(shootdown_with({"run", fine}).out == each);
}

BOOST_AUTO_TEST_CASE(engines_can_be_chosen) {
  BOOST_TEST(shootdown_with({"run", "--engine", "deferred_dirty", fine}).out == "deferred_dirty: holds as expected\n");
  const Result both = shootdown_with({"run", "--engine", "deferred_dirty", "--engine", "eager_dirty", fine});
  BOOST_TEST(both.out == "deferred_dirty: holds as expected\neager_dirty: holds as expected\n");
  const Result twice = shootdown_with({"run", "--engine", "eager_dirty", "--engine", "eager_dirty", fine});
  BOOST_TEST(twice.out == "eager_dirty: holds as expected\n");
}

BOOST_AUTO_TEST_CASE(a_folder_gets_a_summary) {
  const Result result = shootdown_with({"run", path("corpus")});
  BOOST_TEST(result.status == 0);
  BOOST_TEST(result.out == summary_of(2) + ": all as expected\n");
  BOOST_TEST(shootdown_with({"run", "--quiet", path("corpus")}).out.empty());
  BOOST_TEST(shootdown_with({"run", "--engine", "eager_dirty", fine, lost}).out ==
             "2 files, 1 engine, 2 runs: all as expected\n");
}

BOOST_AUTO_TEST_CASE(a_flipped_expectation_is_a_violation) {
  const std::string flipped =
      write("corpus/flipped.program",
            replaced(lost_write, "breaks dirty-unmapped, filesystem-contract", "breaks dirty-unmapped"));
  for (const std::string& target : {flipped, path("corpus")}) {
    const Result result = shootdown_with({"run", target});
    BOOST_TEST(result.status == 1);
    BOOST_TEST(
        contains(result.out, flipped + ":3: deferred_dirty breaks filesystem-contract unexpectedly: page 0 of "));
    BOOST_TEST(contains(result.out, "shootdown run --engine deferred_dirty --trace " + shell_word(flipped) + "\n"));
  }
  BOOST_TEST(contains(shootdown_with({"run", path("corpus")}).out, summary_of(3) + ": 1 not as expected\n"));

  const std::string missing =
      write("missing.program", replaced(harmless, "eager_dirty holds", "eager_dirty breaks counts"));
  const Result result = shootdown_with({"run", missing});
  BOOST_TEST(result.status == 1);
  BOOST_TEST(contains(result.out, missing + ":2: eager_dirty does not break counts, which was expected\n"));
  // Of another engine nothing of it is asked.
  BOOST_TEST(shootdown_with({"run", "--engine", "deferred_dirty", missing}).status == 0);
}

BOOST_AUTO_TEST_CASE(oracles_can_be_chosen) {
  const Result all = shootdown_with({"run", "--oracles", "all", lost});
  BOOST_TEST(all.status == 1);
  BOOST_TEST(contains(all.out, lost + ": eager_dirty breaks lost-dirty-data unexpectedly: "));
  const Result claims = shootdown_with({"run", "--oracles", "claims", lost});
  BOOST_TEST(claims.status == 0);
  const Result some = shootdown_with({"run", "--engine", "eager_dirty", "--oracles", "counts,batch", lost});
  BOOST_TEST(some.status == 0);
  BOOST_TEST(some.out == "eager_dirty: holds batch, counts\n");
}

BOOST_AUTO_TEST_CASE(without_expectation_what_is_not_claimed_is_said) {
  const std::string bare = write("bare.program", replaced(lost_write,
                                                          "expect eager_dirty breaks page-cache-contents, "
                                                          "lost-dirty-data, fsync-durability, dirty-unmapped\n",
                                                          ""));
  const Result result = shootdown_with({"run", "--engine", "eager_dirty", bare});
  BOOST_TEST(result.status == 0);
  BOOST_TEST(contains(result.out, "eager_dirty: breaks lost-dirty-data, which it does not claim: "));
  BOOST_TEST(contains(result.out, "eager_dirty: holds all that it claims\n"));
}

BOOST_AUTO_TEST_CASE(traces_are_shown) {
  const Result brief = shootdown_with({"run", "--engine", "eager_dirty", "--trace", lost});
  BOOST_TEST(contains(brief.out, "step  cpu 0"));
  BOOST_TEST(contains(brief.out, "*** lost-dirty-data: "));
  BOOST_TEST(contains(brief.out, "steps are shown)"));
  BOOST_TEST(!contains(brief.out, "\033"));
  const Result full = shootdown_with({"run", "--engine", "eager_dirty", "--trace=full", lost});
  BOOST_TEST(full.out.size() > 2 * brief.out.size());
  BOOST_TEST(!contains(full.out, "steps are shown)"));
  BOOST_TEST(shootdown_with({"run", "--engine", "eager_dirty", "--trace", "--width", "80", lost}).out != brief.out);
  // Of many files, only what was not expected is shown.
  BOOST_TEST(!contains(shootdown_with({"run", "--trace", path("corpus")}).out, "step  cpu 0"));
  BOOST_TEST(contains(shootdown_with({"run", "--trace", "--oracles", "all", path("corpus")}).out, "step  cpu 0"));
}

// One line for each file and engine, which two builds can be compared by.
BOOST_AUTO_TEST_CASE(hashes_are_shown) {
  const Result first = shootdown_with({"run", "--hash", "--quiet", path("corpus")});
  const std::regex line("([0-9a-f]{16})  ([a-z0-9_.-]+)  (.*)\n");
  std::vector<std::pair<std::string, std::string>> found;
  std::size_t matched = 0;
  for (std::sregex_iterator match(first.out.begin(), first.out.end(), line); match != std::sregex_iterator(); ++match) {
    found.emplace_back((*match)[2], (*match)[3]);
    matched += static_cast<std::size_t>(match->length());
  }
  BOOST_TEST(matched == first.out.size());
  std::vector<std::pair<std::string, std::string>> expected;
  for (const std::string& file : {fine, lost}) {
    for (const Engine* const engine : all_engines()) expected.emplace_back(engine->name(), file);
  }
  BOOST_TEST((found == expected), first.out);

  BOOST_TEST(shootdown_with({"run", "--hash", "--quiet", path("corpus")}).out == first.out);
  // However it is asked for.
  BOOST_TEST(shootdown_with({"run", "--hash", "--quiet", fine, lost}).out == first.out);
  BOOST_TEST(shootdown_with({"run", "--hash", path("corpus")}).out ==
             first.out + summary_of(2) + ": all as expected\n");
  const std::string last = shootdown_with({"run", "--hash", "--quiet", lost}).out;
  BOOST_TEST(first.out.ends_with(last));
  const std::string verbose = shootdown_with({"run", "--hash", "--engine", "deferred_dirty", lost}).out;
  BOOST_TEST(contains(verbose, "as expected: "));
  const std::size_t line_of_hash = last.find("  deferred_dirty  ");
  BOOST_TEST(verbose.ends_with(last.substr(line_of_hash - 16, last.find('\n', line_of_hash) + 17 - line_of_hash)));
}

BOOST_AUTO_TEST_CASE(any_bytes_are_an_input) {
  std::mt19937 generator(1);
  const std::string random(as_characters(random_bytes(generator, 5000)));
  for (const std::string& bytes : {std::string(), random, std::string(1U << 20U, '\xD8')}) {
    const Result result = shootdown_with({"run", write("bytes", bytes)});
    BOOST_TEST(result.status == 0, result.out);
    BOOST_TEST(result.err.empty(), result.err);
  }
}

BOOST_AUTO_TEST_CASE(bad_inputs_are_said_and_the_rest_is_run) {
  const Result none = shootdown_with({"run", path("none")});
  BOOST_TEST(none.status == 2);
  BOOST_TEST(none.err == "shootdown: " + path("none") + ": cannot open: No such file or directory\n");
  BOOST_TEST(none.out.empty());

  const std::string bad = write("corpus/bad.program", "shootdown 2\n  cpu 0: stare page 0\n");
  const Result result = shootdown_with({"run", path("corpus")});
  BOOST_TEST(result.status == 2);
  BOOST_TEST(contains(result.err, "shootdown: " + bad + ":2:10: "));
  BOOST_TEST(contains(result.out, summary_of(2) + ": all as expected; 1 bad input\n"));
  // A violation counts more.
  BOOST_TEST(shootdown_with({"run", "--oracles", "all", path("corpus")}).status == 1);

  fs::create_directory(path() / "empty");
  const Result empty = shootdown_with({"run", path("empty")});
  BOOST_TEST(empty.status == 2);
  BOOST_TEST(contains(empty.err, "empty: there are no inputs in this folder\n"));
  const Result expects = shootdown_with({"run", write("e.program", "shootdown 2\nexpect nobody holds\n")});
  BOOST_TEST(expects.status == 2);
  BOOST_TEST(contains(expects.err, "e.program:2: there is no engine 'nobody'"));
}

BOOST_AUTO_TEST_CASE(output_that_cannot_be_written_is_an_error) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"run", fine},
                                                    {"show", fine},
                                                    {"engines"},
                                                    {"--help"},
                                                    {"run", "--oracles", "all", lost}}) {
    const File full(std::fopen("/dev/full", "w"));
    const File err(std::tmpfile());
    BOOST_REQUIRE(full != nullptr);
    BOOST_TEST(call(arguments, full.get(), err.get()) == 2);
    BOOST_TEST(contents(err.get()) == "shootdown: cannot write the output: No space left on device\n");
  }
}

BOOST_AUTO_TEST_CASE(whoever_stops_reading_is_told_by_the_status_alone) {
  int ends[2];
  BOOST_REQUIRE(::pipe(ends) == 0);
  ::close(ends[0]);
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  const File out(::fdopen(ends[1], "w"));
  const File err(std::tmpfile());
  BOOST_TEST(call({"engines"}, out.get(), err.get()) == 2);
  BOOST_TEST(contents(err.get()) == "");
  std::signal(SIGPIPE, before);
}

// --- show and assemble ---

BOOST_AUTO_TEST_CASE(show_and_assemble_undo_each_other) {
  const std::string encoded = path("encoded");
  const Result assembled = shootdown_with({"assemble", lost, "-o", encoded});
  BOOST_TEST(assembled.status == 0);
  BOOST_TEST(assembled.out.empty());
  BOOST_TEST(!read("encoded").empty());
  BOOST_TEST(shootdown_with({"assemble", lost}).out == read("encoded"));
  BOOST_TEST(shootdown_with({"assemble", lost, "-o", "-"}).out == read("encoded"));

  const Result shown = shootdown_with({"show", encoded});
  BOOST_TEST(shown.status == 0);
  BOOST_TEST(shown.out == shootdown_with({"show", lost}).out);
  BOOST_TEST(shown.out.starts_with("shootdown 2\n"));
  BOOST_TEST(!contains(shown.out, "expect"));
  BOOST_TEST(shootdown_with({"assemble", write("again.program", shown.out)}).out == read("encoded"));
}

BOOST_AUTO_TEST_CASE(show_goes_on_after_a_bad_file) {
  const Result result = shootdown_with({"show", lost, path("none"), fine});
  BOOST_TEST(result.status == 2);
  BOOST_TEST(contains(result.err, "none: cannot open"));
  BOOST_TEST(contains(result.out, "# " + lost + "\nshootdown 2\n"));
  BOOST_TEST(contains(result.out, "# " + fine + "\nshootdown 2\n"));
  BOOST_TEST(contains(shootdown_with({"show", path("corpus")}).err, "is a folder; expected a file"));
}

// What is shown with expectations meets them, whatever happens in it. Of the corpus some are taken.
BOOST_AUTO_TEST_CASE(shown_expectations_are_met) {
  std::mt19937 generator(2);
  const std::string random(as_characters(random_bytes(generator, 600)));
  const std::vector<std::string> corpus = all_stories();
  BOOST_REQUIRE(corpus.size() > 10U);
  std::vector<std::string> inputs{lost, fine, write("raw", random), write("empty", "")};
  std::ranges::sample(corpus, std::back_inserter(inputs), 1 + 9 / one_in, generator);
  for (const std::string& input : inputs) {
    const Result shown = shootdown_with({"show", "--expect", input});
    BOOST_TEST(shown.status == 0);
    BOOST_TEST(shown.err.empty());
    const std::string file = write("shown.program", shown.out);
    BOOST_TEST(shootdown_with({"run", "--quiet", file}).status == 0, input);
    BOOST_TEST(shootdown_with({"show", "--expect", file}).out == shown.out);
    // But for the expectations it is the same program.
    const std::string bare = std::regex_replace(shown.out, std::regex("expect [^\n]*\n"), "");
    BOOST_TEST(bare == shootdown_with({"show", input}).out);
  }
}

BOOST_AUTO_TEST_CASE(expectations_are_shown_below_the_machine) {
  std::string shown = shootdown_with({"show", "--expect", lost}).out;
  for (const Engine* const engine : all_engines()) {
    if (engine == &eager_dirty() || engine == &deferred_dirty()) continue;
    const std::regex line(fmt::format("expect {} .*\n", engine->name()));
    BOOST_TEST(std::regex_search(shown, line), engine->name());
    shown = std::regex_replace(shown, line, "");
  }
  BOOST_TEST(shown ==
             "shootdown 2\n"
             "expect eager_dirty breaks page-cache-contents, lost-dirty-data, fsync-durability, dirty-unmapped\n"
             "expect deferred_dirty breaks dirty-unmapped, filesystem-contract\n"
             "\n"
             "cpu 0: store page 0 word 0\n"
             "cpu 1: dontneed page 0\n"
             "  after remove rmap of page 0 switch to cpu 2\n"
             "cpu 2: fsync page 0\n"
             "cpu 0: store page 0 word 0\n");
  // What a text says that it expects does not count.
  const std::string wrong =
      write("wrong.program", replaced(harmless, "eager_dirty holds", "eager_dirty breaks counts"));
  BOOST_TEST(contains(shootdown_with({"show", "--expect", wrong}).out, "expect eager_dirty holds\n"));
  const Result two = shootdown_with({"show", "--expect", fine, path("none"), lost});
  BOOST_TEST(two.status == 2);
  BOOST_TEST(contains(two.out, "# " + fine + "\nshootdown 2\nexpect eager_dirty holds\n"));
  BOOST_TEST(contains(two.out, "# " + lost + "\nshootdown 2\nexpect eager_dirty breaks "));
}

BOOST_AUTO_TEST_CASE(a_bucket_says_how_something_breaks_and_not_where) {
  const std::string bucket = shootdown_with({"show", "--bucket", lost}).out;
  BOOST_TEST(
      bucket ==
      "eager_dirty breaks lost-dirty-data: page N of file N is let go of clean, but its word N is N in memory and N "
      "on the disk\n");
  const std::string elsewhere =
      write("elsewhere.program", std::regex_replace(std::string(lost_write), std::regex("page 0"), "page 1"));
  BOOST_TEST(shootdown_with({"show", "--bucket", elsewhere}).out == bucket);
  BOOST_TEST(shootdown_with({"show", "--bucket", fine}).out == "breaks nothing\n");
  BOOST_TEST(shootdown_with({"show", "--bucket", fine, lost}).out ==
             "# " + fine + "\nbreaks nothing\n# " + lost + "\n" + bucket);
}

BOOST_AUTO_TEST_CASE(a_folder_is_assembled_into_another) {
  write("corpus/sub/x.program", harmless);
  write("corpus/raw", "\x80\x80");
  const Result result = shootdown_with({"assemble", path("corpus"), "-o", path("seeds")});
  BOOST_TEST(result.status == 0);
  BOOST_TEST(result.out == "3 texts encoded into " + path("seeds") + "\n");
  BOOST_TEST(read("seeds/fine") == shootdown_with({"assemble", fine}).out);
  BOOST_TEST(read("seeds/sub/x") == read("seeds/fine"));
  BOOST_TEST(!fs::exists(path() / "seeds/raw"));
  for (const fs::directory_entry& entry : fs::directory_iterator(path() / "seeds"))
    BOOST_TEST(!entry.path().filename().string().starts_with('.'));

  write("corpus/fine.text", harmless);
  const Result clash = shootdown_with({"assemble", path("corpus"), "-o", path("seeds")});
  BOOST_TEST(clash.status == 2);
  BOOST_TEST(contains(clash.err, "fine.text: cannot be encoded into " + path("seeds/fine") + ": that is from " + fine));
}

BOOST_AUTO_TEST_CASE(assemble_says_what_is_wrong) {
  struct Case {
    std::vector<std::string> arguments;
    std::string message;
  };
  const std::string raw = write("raw", "\x80\x80");
  const std::string bad = write("bad/bad.program", "shootdown 2\nfoo\n");
  const Case cases[] = {
      {{"assemble", raw}, raw + ": is not a program as text; expected a first line 'shootdown 2'"},
      {{"assemble", bad}, bad + ":2:1: "},
      {{"assemble", path("none")}, path("none") + ": cannot open: No such file or directory"},
      {{"assemble", path("corpus")}, path("corpus") + ": is a folder; use -o OUT"},
      {{"assemble", path("bad"), "-o", path("out")}, bad + ":2:1: "},
      {{"assemble", fine, "-o", path("corpus")}, path("corpus") + ": cannot write: Is a directory"},
      {{"assemble", fine, "-o", path("no/where")}, path("no/where") + ": cannot write: No such file or directory"},
      {{"assemble", fine, "-o", "/dev/full"}, "/dev/full: cannot write: No space left on device"},
      {{"assemble", path("corpus"), "-o", raw}, raw + ": cannot make the folder: "},
  };
  for (const Case& one : cases) {
    const Result result = shootdown_with(one.arguments);
    BOOST_TEST(result.status == 2, one.message);
    BOOST_TEST(contains(result.err, "shootdown: " + one.message), result.err);
  }
}

BOOST_AUTO_TEST_CASE(a_file_is_replaced_as_a_whole) {
  write("out", std::string(10000, 'x'));
  fs::create_symlink("out", path() / "link");
  BOOST_TEST(save_file(path() / "link", "new") == 0);
  BOOST_TEST(read("out") == "new");
  BOOST_TEST(fs::is_symlink(path() / "link"));
}

BOOST_AUTO_TEST_CASE(a_link_to_nothing_remains) {
  fs::create_directory(path() / "folder");
  fs::create_symlink("folder/next", path() / "link");
  fs::create_symlink("out", path() / "folder/next");
  BOOST_TEST(save_file(path() / "link", "new") == 0);
  BOOST_TEST(fs::is_symlink(path() / "link"));
  BOOST_TEST(fs::is_symlink(path() / "folder/next"));
  BOOST_TEST(read("folder/out") == "new");

  fs::create_symlink("circle", path() / "circle");
  BOOST_TEST(save_file(path() / "circle", "new") == ELOOP);
  BOOST_TEST(fs::is_symlink(path() / "circle"));
}

BOOST_AUTO_TEST_CASE(whether_a_file_could_be_saved_is_known_before) {
  const auto files = [this] { return std::distance(fs::directory_iterator(path()), fs::directory_iterator()); };
  write("old", "x");
  fs::create_directory(path() / "folder");
  const auto before = files();
  BOOST_TEST(try_save_file(path() / "old") == 0);
  BOOST_TEST(try_save_file(path() / "new") == 0);
  BOOST_TEST(try_save_file("/dev/null") == 0);
  BOOST_TEST(try_save_file("/dev/stdout") == 0);
  BOOST_TEST(try_save_file(path() / "folder") == EISDIR);
  BOOST_TEST(try_save_file(path() / "no/where") == ENOENT);
  BOOST_TEST(try_save_file(path() / "old/file") == ENOTDIR);
  // It has left everything as it was.
  BOOST_TEST(read("old") == "x");
  BOOST_TEST(files() == before);
}

BOOST_AUTO_TEST_CASE(a_file_keeps_its_mode_and_a_new_one_has_the_usual) {
  write("old", "x");
  const mode_t usual = ::umask(027);
  for (const unsigned mode : {0600U, 0666U}) {
    fs::permissions(path() / "old", fs::perms(mode));
    BOOST_TEST(save_file(path() / "old", "new") == 0);
    BOOST_TEST(unsigned(fs::status(path() / "old").permissions()) == mode);
  }
  BOOST_TEST(save_file(path() / "new", "new") == 0);
  ::umask(usual);
  BOOST_TEST(unsigned(fs::status(path() / "new").permissions()) == 0640U);
}

BOOST_AUTO_TEST_CASE(a_name_may_be_as_long_as_the_file_system_allows) {
  const std::string name(static_cast<std::size_t>(::pathconf(path().c_str(), _PC_NAME_MAX)), 'x');
  BOOST_TEST(save_file(path() / name, "new") == 0);
  BOOST_TEST(read(name) == "new");
  BOOST_TEST(save_file(path() / (name + "x"), "new") == ENAMETOOLONG);
  BOOST_TEST(names_in(path()) == std::set<std::string>({"corpus", name}));
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_written_is_as_it_was) {
  write("out", "old");
  rlimit before{};
  BOOST_REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit low{.rlim_cur = 1000, .rlim_max = before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  BOOST_REQUIRE(::setrlimit(RLIMIT_FSIZE, &low) == 0);
  const int old_error = save_file(path() / "out", std::string(2000, 'x'));
  const int new_error = save_file(path() / "new", std::string(2000, 'x'));
  BOOST_REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, handler);
  BOOST_TEST(old_error == EFBIG);
  BOOST_TEST(new_error == EFBIG);
  BOOST_TEST(read("out") == "old");
  BOOST_TEST(names_in(path()) == std::set<std::string>({"corpus", "out"}));
}

BOOST_AUTO_TEST_CASE(what_is_open_is_written_where_it_stands) {
  const File file(std::fopen(path("out").c_str(), "w"));
  BOOST_REQUIRE(file != nullptr);
  const std::string descriptor = "/dev/fd/" + std::to_string(::fileno(file.get()));
  fs::create_symlink(descriptor, path() / "link");
  BOOST_TEST(std::fputs("before ", file.get()) >= 0);
  BOOST_TEST(std::fflush(file.get()) == 0);
  BOOST_TEST(save_file(descriptor, "itself ") == 0);
  BOOST_TEST(save_file(path() / "link", "by a link ") == 0);
  BOOST_TEST(std::fputs("after", file.get()) >= 0);
  BOOST_TEST(std::fflush(file.get()) == 0);
  BOOST_TEST(read("out") == "before itself by a link after");
  BOOST_TEST(fs::is_symlink(path() / "link"));
}

// --- engines and oracles ---

BOOST_AUTO_TEST_CASE(engines_and_oracles_are_listed) {
  const Result engines = shootdown_with({"engines"});
  BOOST_TEST(engines.status == 0);
  BOOST_TEST(contains(engines.out, "eager_dirty\n  clear, dirty, rmap, flush under the page-table lock, free"));
  BOOST_TEST(contains(engines.out, "does not claim lost-dirty-data, page-cache-contents, fsync-durability: "));
  for (std::size_t begin = 0; begin < engines.out.size();) {
    const std::size_t end = engines.out.find('\n', begin);
    BOOST_TEST(end - begin <= 80U);
    begin = end + 1;
  }
  const Result oracles = shootdown_with({"oracles"});
  BOOST_TEST(oracles.status == 0);
  BOOST_TEST(contains(oracles.out, "lost-dirty-data      no page is let go of or dropped clean"));
}

BOOST_AUTO_TEST_CASE(dictionaries_are_written) {
  const Result bytes = shootdown_with({"dictionary", "bytes"});
  BOOST_TEST(bytes.status == 0);
  BOOST_TEST(bytes.err.empty());
  BOOST_TEST(contains(bytes.out, "store_page_0_word_0_on_cpu_1=\"\\x00\\x01\\x00\\x00\"\n"));
  const Result text = shootdown_with({"dictionary", "text"});
  BOOST_TEST(contains(text.out, "store_page_0_word_0_on_cpu_1=\"cpu 1: store page 0 word 0\\x0A\"\n"));

  BOOST_TEST(shootdown_with({"dictionary", "text", "-o", path("text.dict")}).out.empty());
  BOOST_TEST(read("text.dict") == text.out);

  const Result wrong = shootdown_with({"dictionary", "word"});
  BOOST_TEST(wrong.status == 2);
  BOOST_TEST(wrong.err == "shootdown: dictionary: expected bytes or text, found 'word'\n");
}

BOOST_AUTO_TEST_CASE(names_are_quoted_for_shells) {
  BOOST_TEST(shell_word("corpus/a-b_c.program") == "corpus/a-b_c.program");
  BOOST_TEST(shell_word("a b") == "'a b'");
  BOOST_TEST(shell_word("it's") == "'it'\\''s'");
  BOOST_TEST(shell_word("") == "''");
  BOOST_TEST(shell_word("back\\slash") == "'back\\slash'");
  BOOST_TEST(shell_word("a\n'\\\x1B[") == "$'a\\x0A\\'\\\\\\x1B['");
  BOOST_TEST(shell_path("-x") == "./-x");
  BOOST_TEST(shell_path("-") == "-");
  BOOST_TEST(shell_path("a b") == "'a b'");
  BOOST_TEST(printable("a\tb\x7F \\ \xC3\xA4") == "a\\x09b\\x7F \\ \xC3\xA4");
}

BOOST_AUTO_TEST_SUITE_END()
