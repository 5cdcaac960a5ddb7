// Crash files become regressions: which, under what names, and which do not.
#include "fuzz/tool/corpus_add.h"

#include <filesystem>
#include <regex>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include <boost/test/unit_test.hpp>

#include "fuzz/tool/run_command.h"
#include "fuzz/triage/digest.h"
#include "test/console.h"
#include "test/files.h"
#include "test/inputs.h"
#include "test/stories.h"
#include "test/trouble_engine.h"

using namespace shootdown;
namespace fs = std::filesystem;

namespace {

Result add_small(const CorpusAddOptions& options, std::span<const Engine* const> engines = all_engines()) {
  return result_of([&](Console& console) { return corpus_add_command(options, console, engines); });
}

// Which inputs become regressions does not depend on how small they become.
Result add(CorpusAddOptions options, std::span<const Engine* const> engines = all_engines()) {
  options.as_is = true;
  return add_small(options, engines);
}

// Breaks the same as lost_write, and is larger.
std::string longer() {
  return std::string(lost_write) + "cpu 0: load page 0 word 0\n";
}

// Breaks less: the engine that does not flush late holds.
std::string other_kind() {
  return std::regex_replace(std::string(lost_write), std::regex("remove rmap of page 0"), "finish gather");
}

// Crash files as fuzzers leave them.
struct Crashes : TemporaryFolder {
  std::string lost = write("crashes/crash-lost", encoded(lost_write));
  std::string larger = write("crashes/crash-0-larger", encoded(longer()));
  std::string to = path("corpus/regressions");
  std::string regression = to + "/eager_dirty-lost-dirty-data-" + digest(encoded(lost_write)) + ".program";

  std::set<std::string> names_in(const std::string& folder) const {
    std::set<std::string> names;
    if (!fs::exists(folder)) return names;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) names.insert(entry.path());
    return names;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(corpus_add, Crashes)

BOOST_AUTO_TEST_CASE(the_smallest_of_each_kind_is_added) {
  const Result result = add({.paths = {path("crashes")}, .folder = to});
  BOOST_TEST(result.status == 0, result.err);
  BOOST_TEST(result.out == regression + ": added, from " + lost + "\n" + larger + ": breaks what " + regression +
                               " breaks; not taken (--all takes it)\n");
  BOOST_TEST((names_in(to) == std::set<std::string>{regression}));
  const std::string text = read(fs::path(regression).lexically_relative(path()).string());
  BOOST_TEST(text.starts_with("shootdown 2\n# Found by fuzzing; breaks lost-dirty-data on eager_dirty.\n"), text);
  const Result run = result_of([&](Console& console) { return run_command({.paths = {to}}, console); });
  BOOST_TEST(run.status == 0, run.out);
}

BOOST_AUTO_TEST_CASE(nothing_is_added_twice) {
  add({.paths = {lost}, .folder = to});
  const std::string name = fs::path(regression).lexically_relative(path()).string();
  write(name, read(name) + "# a note by hand\n");
  const std::string before = read(name);
  const Result again = add({.paths = {path("crashes"), lost}, .folder = to});
  BOOST_TEST(again.status == 0);
  BOOST_TEST(contains(again.out, lost + ": the same program as " + lost + "\n"), again.out);
  BOOST_TEST(contains(again.out, regression + ": was there, from " + lost + "\n"), again.out);
  BOOST_TEST(contains(again.out, larger + ": breaks what " + regression + " breaks; not taken"), again.out);
  BOOST_TEST(read(name) == before);
  // Whatever it is called and written as.
  fs::rename(regression, to + "/story.program");
  const Result renamed = add({.paths = {lost, to + "/story.program"}, .folder = to});
  BOOST_TEST(contains(renamed.out, to + "/story.program: was there, from " + lost + "\n"), renamed.out);
  BOOST_TEST((names_in(to) == std::set<std::string>{to + "/story.program"}));
}

BOOST_AUTO_TEST_CASE(all_of_them_can_be_had) {
  const Result result = add({.paths = {path("crashes")}, .folder = to, .all = true});
  BOOST_TEST(result.status == 0);
  BOOST_TEST(names_in(to).size() == 2U);
}

BOOST_AUTO_TEST_CASE(what_breaks_nothing_is_refused) {
  const std::string fine = write("mixed/clean", encoded(harmless));
  const std::string bad = write("mixed/bad.program", "shootdown 2 cpu\n");
  const Result refused = add({.paths = {fine}, .folder = to});
  BOOST_TEST(refused.status == 1);
  BOOST_TEST(refused.err == "shootdown: " + fine + ": breaks nothing on any engine, so it would be no regression\n");
  BOOST_TEST(!fs::exists(to));
  const Result unreadable = add({.paths = {bad}, .folder = to});
  BOOST_TEST(unreadable.status == 2);
  BOOST_TEST(contains(unreadable.err, "mixed/bad.program:1:13: "));
  // The others are taken.
  write("mixed/crash", encoded(lost_write));
  BOOST_TEST(add({.paths = {path("mixed")}, .folder = to}).status == 1);
  BOOST_TEST((names_in(to) == std::set<std::string>{regression}));
  BOOST_TEST(add({.paths = {bad, larger}, .folder = to}).status == 2);
}

BOOST_AUTO_TEST_CASE(of_afl_crashes_count_and_archives_are_opened) {
  write("afl/one/fuzzer_setup", "");
  write("afl/one/queue/id:000000,orig:x", encoded(harmless));
  write("afl/one/hangs/id:000000", encoded(harmless));
  write("afl/one/crashes/README.txt", "notes");
  write("afl/one/crashes/id:000000,sig:06,src:000000", encoded(lost_write));
  write("afl/one/crashes.2026-11-22-13:39:51/id:000000,sig:06,src:000000", encoded(longer()));
  write_zip("afl/backup.zip", {{"crash", encoded(other_kind())}});
  const Result result = add({.paths = {path("afl")}, .folder = to, .all = true});
  BOOST_TEST(result.status == 0, result.err);
  BOOST_TEST(names_in(to).size() == 3U, result.out);
  BOOST_TEST(contains(result.out, ": added, from " + path("afl/backup.zip:crash") + "\n"), result.out);
}

// What happens to another engine counts, too.
BOOST_AUTO_TEST_CASE(kinds_differ_by_expectations) {
  write("crashes/crash-other", encoded(other_kind()));
  const Result result = add({.paths = {path("crashes")}, .folder = to});
  BOOST_TEST(result.status == 0);
  BOOST_TEST(names_in(to).size() == 2U, result.out);
}

// As it can be; and the input stays what it was.
BOOST_AUTO_TEST_CASE(what_is_taken_becomes_small) {
  const std::string before = read("crashes/crash-0-larger");
  const Result result = add_small({.paths = {larger}, .folder = to});
  BOOST_TEST(result.status == 0, result.err);
  BOOST_TEST_REQUIRE(names_in(to).size() == 1U);
  const std::string added = *names_in(to).begin();
  BOOST_TEST(result.out == added + ": added, from " + larger + "\n");
  const std::string text = read(fs::path(added).lexically_relative(path()).string());
  BOOST_TEST(text.starts_with("shootdown 2\n"
                              "# Found by fuzzing; breaks lost-dirty-data on eager_dirty.\n"
                              "machine cpus 2, pages 1, words 1\n"
                              "expect eager_dirty breaks "),
             text);
  BOOST_TEST(text.ends_with("\n\n"
                            "cpu 0: store page 0 word 0\n"
                            "cpu 1: dontneed page 0\n"
                            "  after remove rmap of page 0 switch to cpu 0\n"
                            "cpu 0: fsync page 0\n"
                            "cpu 0: store page 0 word 0\n"),
             text);
  BOOST_TEST(contains(added, "/eager_dirty-lost-dirty-data-" + digest(encoded(text)) + ".program"));
  BOOST_TEST(read("crashes/crash-0-larger") == before);
  const Result run = result_of([&](Console& console) { return run_command({.paths = {to}}, console); });
  BOOST_TEST(run.status == 0, run.out);
  // Neither again, nor what comes to the same.
  add_small({.paths = {larger, lost}, .folder = to});
  add_small({.paths = {lost}, .folder = to, .all = true});
  BOOST_TEST((names_in(to) == std::set<std::string>{added}));
}

// What ci/fuzz leaves beside a crash.
BOOST_AUTO_TEST_CASE(text_becomes_small_too) {
  const std::string text = write("crashes/lost.program", longer());
  const Result result = add_small({.paths = {text}, .folder = to});
  BOOST_TEST(result.status == 0, result.err);
  BOOST_TEST_REQUIRE(names_in(to).size() == 1U);
  const std::string added = *names_in(to).begin();
  BOOST_TEST(result.out == added + ": added, from " + text + "\n");
  BOOST_TEST(!contains(read(fs::path(added).lexically_relative(path()).string()), "load page 0"));
}

BOOST_AUTO_TEST_CASE(a_fault_of_shootdown_is_no_verdict) {
  const TroubleEngine engine;
  const Engine* const engines[] = {find_engine("eager_dirty"), &engine};
  const std::string dies = write("in/a", trouble(2));
  write("in/b", encoded(lost_write));
  const Result result = add({.paths = {path("in")}, .folder = to}, engines);
  BOOST_TEST(result.status == 1);
  BOOST_TEST(contains(result.err, "shootdown: " + dies + ": trouble: internal error: "), result.err);
  BOOST_TEST(contains(result.err, "; that is a fault of Shootdown, not of an engine\n"), result.err);
  BOOST_TEST(names_in(to).size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_written_is_said) {
  write("file", "");
  const Result no_folder = add({.paths = {lost}, .folder = path("file")});
  BOOST_TEST(no_folder.status == 2);
  BOOST_TEST(no_folder.err == "shootdown: --to: " + path("file") + " is no folder\n");
  const Result below_file = add({.paths = {lost}, .folder = path("file/x")});
  BOOST_TEST(below_file.status == 2);
  BOOST_TEST(contains(below_file.err, ".program: cannot write: Not a directory\n"), below_file.err);
  // An existing folder may be empty.
  fs::create_directories(to);
  BOOST_TEST(add({.paths = {lost}, .folder = to}).status == 0);
}

BOOST_AUTO_TEST_SUITE_END()
