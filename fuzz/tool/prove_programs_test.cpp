// All programs of a few calls, as users meet the search of them: what is kept, what is left out, what is said of it.
#include "fuzz/tool/prove_programs.h"

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "test/console.h"
#include "test/files.h"

using namespace shootdown;

BOOST_FIXTURE_TEST_SUITE(prove_programs, TemporaryFolder)

namespace {

// Searches that take no time, each with a verdict.
ProveOptions small(const std::string& results = "") {
  ProveOptions options{.engines = {"delayed_rmap"}, .exceptions = 1};
  options.space = {.operations = 2, .calls = "store,dontneed", .results = results};
  return options;
}
constexpr std::size_t small_programs = 2 + (4 + 3);

// With what breaks.
ProveOptions mistaken() {
  ProveOptions options = small();
  options.defect = "last-entry-skipped";
  return options;
}

Result prove(const ProveOptions& options) {
  return result_of([&](Console& console) { return prove_programs_command(options, console); });
}

std::vector<std::string> sorted_lines(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  std::ranges::sort(lines);
  return lines;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_holds_is_counted) {
  const Result result = prove(small());
  BOOST_TEST(result.status == exit_fine);
  BOOST_TEST(contains(result.out,
                      "engine        programs  hold for every schedule  hold up to 1 exception  break  "
                      "not decided  states\n"));
  BOOST_TEST(contains(result.out, "delayed_rmap  9"));
  BOOST_TEST(contains(result.out,
                      "9 programs of up to 2 operations on cpus 2, pages 1, words 1; preemptions, late interrupts, "
                      "omission below "));
  if (!Simulation::can_save) return;  // without merging there are too many
  ProveOptions every = small();
  every.exceptions = ProveOptions().exceptions;
  every.space.operations = 1;
  every.may = "preempt";
  const Result all = prove(every);
  BOOST_TEST(all.status == exit_fine);
  BOOST_TEST(!contains(all.out, "hold up to"));
  BOOST_TEST(contains(all.out, "delayed_rmap  2         2                        0      0            "));
}

BOOST_AUTO_TEST_CASE(of_what_breaks_the_smallest_programs_are_listed) {
  const Result result = prove(mistaken());
  BOOST_TEST(result.status == exit_violation);
  BOOST_TEST(contains(result.out,
                      "\ndelayed_rmap breaks complete-zap in 6 programs, and with no operation less in 1:\n"
                      "  0 exceptions: store page 0 word 0 | nothing\n"
                      "\nshootdown 2\n"));
  ProveOptions options = mistaken();
  options.quiet = true;
  const Result quiet = prove(options);
  BOOST_TEST(contains(quiet.out, "and with no operation less in 1\n"));
  BOOST_TEST(!contains(quiet.out, "store"));
}

BOOST_AUTO_TEST_CASE(what_is_in_the_file_is_not_searched_again) {
  const ProveOptions options = small(path("results"));
  const Result first = prove(options);
  const std::string whole = read("results");
  BOOST_TEST(sorted_lines(whole).size() == small_programs);
  BOOST_TEST(prove(options).out == first.out);
  BOOST_TEST(read("results") == whole);
  // Killed in the middle of a line, it goes on.
  write("results", whole.substr(0, whole.size() / 2));
  const Result again = prove(options);
  BOOST_TEST(contains(again.err, "results: the last line was not written to its end, and is cut off"));
  BOOST_TEST(again.out == first.out);
  BOOST_TEST(read("results") == whole);
  // Verdicts on another model are none on this.
  std::string old = whole;
  replace_all(old, R"({"model":)", R"({"model":9)");
  write("results", old);
  prove(options);
  BOOST_TEST(read("results") == old + whole);
  // On other engines there is more to search.
  ProveOptions more = options;
  more.engines = {"delayed_rmap", "eager_dirty"};
  write("results", whole);
  prove(more);
  BOOST_TEST(sorted_lines(read("results")).size() == 2 * small_programs);
}

BOOST_AUTO_TEST_CASE(what_was_not_decided_is_searched_again_with_more_time) {
  ProveOptions options = small(path("results"));
  options.seconds = 0;
  const Result result = prove(options);
  BOOST_TEST(result.status == exit_undecided);
  BOOST_TEST(contains(result.out, "delayed_rmap  9         0                        0                       0      9"));
  const std::string undecided = read("results");
  BOOST_TEST(prove(options).status == exit_undecided);
  BOOST_TEST(read("results") == undecided);
  options.seconds = ProveOptions().seconds;
  BOOST_TEST(prove(options).status == exit_fine);
  BOOST_TEST(sorted_lines(read("results")).size() == 2 * small_programs);
  options.seconds = 0;
  BOOST_TEST(prove(options).status == exit_fine);
}

BOOST_AUTO_TEST_CASE(shards_and_processes_come_to_the_same_results) {
  const Result whole = prove(small(path("whole")));
  std::string together;
  for (const char* const shard : {"1/3", "2/3", "3/3"}) {
    ProveOptions options = small(path("shard"));
    options.space.shard = shard;
    options.jobs = 2;
    BOOST_TEST(contains(prove(options).out, std::string(", shard ") + shard));
    together += read("shard");
    write("shard", "");
  }
  BOOST_TEST((sorted_lines(together) == sorted_lines(read("whole"))));
  // Put together they need no search.
  write("together", together);
  BOOST_TEST(prove(small(path("together"))).out == whole.out);
  BOOST_TEST(read("together") == together);
}

BOOST_AUTO_TEST_CASE(a_sample_is_searched_again) {
  ProveOptions options = small(path("results"));
  prove(options);
  const std::string whole = read("results");
  options.space.recheck = 100;
  BOOST_TEST(prove(options).status == exit_fine);
  BOOST_TEST(prove(options).out == "9 of 9 results came out as before\n");
  options.space.recheck = 1;
  BOOST_TEST(prove(options).out == "1 of 1 result came out as before\n");
  std::string other = whole;
  replace_all(other, R"("states":)", R"("states":1)");
  write("results", other);
  options.space.recheck = 20;
  const Result result = prove(options);
  BOOST_TEST(result.status == exit_violation);
  BOOST_TEST(contains(result.out, "  came to {\"verdict\":\"holds\""));
  BOOST_TEST(contains(result.out, "0 of 2 results came out as before\n"));
  BOOST_TEST(read("results") == other);
  options.seconds = 0;
  BOOST_TEST(prove(options).status == exit_undecided);
  write("results", "");
  const Result nothing = prove(options);
  BOOST_TEST(nothing.status == exit_bad_input);
  BOOST_TEST(contains(nothing.err, "results has nothing that is decided of what is asked for"));
}

// In a group of its own, all of which gets the signal, as from a terminal.
BOOST_AUTO_TEST_CASE(interrupted_it_says_what_it_has_and_goes_on_from_there) {
  ProveOptions options = small(path("results"));
  options.space.operations = 6;
  write("results", "");
  const File out(std::tmpfile());
  const pid_t child = ::fork();
  if (child == 0) {
    ::setpgid(0, 0);
    Console console(out.get(), out.get());
    prove_programs_command(options, console);
    std::_Exit(0);
  }
  while (sorted_lines(read("results")).size() < 3) ::usleep(1000);
  ::kill(-child, SIGTERM);
  int status = 0;
  BOOST_TEST(::waitpid(child, &status, 0) == child);
  BOOST_TEST((WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM));
  BOOST_TEST(contains(contents(out.get()), "Interrupted: not all has been searched.\n"));
  BOOST_TEST(!contains(read("results"), "time ran out"));
  options.space.operations = 2;
  BOOST_TEST(prove(options).status == exit_fine);
}

BOOST_AUTO_TEST_CASE(what_is_asked_for_wrongly_is_said) {
  const auto trouble = [&](auto&& change) {
    ProveOptions options = small();
    change(options);
    const Result result = prove(options);
    BOOST_TEST(result.status == exit_bad_input);
    BOOST_TEST(result.out.empty());
    return result.err;
  };
  const auto with_calls = [&](const std::string& calls) {
    return trouble([&](ProveOptions& options) { options.space.calls = calls; });
  };
  BOOST_TEST(contains(with_calls("store,frob"), "--calls: there is no operation 'frob'"));
  BOOST_TEST(contains(with_calls("store,"), "--calls: there is no operation ''"));
  BOOST_TEST(contains(with_calls("exit"), "--calls: each thread ends with an exit"));
  BOOST_TEST(contains(with_calls("load,store,load"), "--calls: 'load' is there twice"));
  BOOST_TEST(contains(with_calls("mremap"), "--calls: on this machine there is nothing for 'mremap'"));
  for (const char* const shard : {"", "1", "0/2", "3/2", "1/2/3", "-1/2", "1/x"}) {
    BOOST_TEST(contains(trouble([&](ProveOptions& options) { options.space.shard = shard; }),
                        std::string("--shard: expected I/N, with I from 1 to N, found '") + shard + "'"));
  }
  BOOST_TEST(contains(trouble([](ProveOptions& options) {
                        options.space.operations = 8;
                        options.space.calls = "";
                      }),
                      "--programs: of up to 8 operations there are too many"));
  BOOST_TEST(contains(trouble([&](ProveOptions& options) { options.space.results = write("other", "hello\n"); }),
                      "other:1: expected a result of shootdown prove --programs"));
  BOOST_TEST(contains(trouble([](ProveOptions& options) { options.may = "sleep"; }), "--may: there is no 'sleep'"));
}

BOOST_AUTO_TEST_SUITE_END()
