// The three columns of findings.
#include "fuzz/tool/findings_command.h"

#include <string>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "test/console.h"
#include "test/files.h"
#include "test/stories.h"

using namespace shootdown;

namespace {

struct FindingsForCommand : TemporaryFolder {
  void add(const std::string& name, const std::string& program) {
    write(name + "/README.md", "# How a write is lost\n\nStatus: candidate\n");
    write(name + "/lost.program", program);
  }

  void add_run(const std::string& name, const std::string& without, int lost) {
    runs_ += R"({"program": "lost", "kernel": "6.1.0", "version": "#1 SMP", "cpu": "some", "cpus": 4, )"
             R"("filesystem": "ext2", "without": ")" +
             without + R"(", "seconds": 60, "rounds": 100, "unmapped": 7, "stale": 5, "lost": )" +
             std::to_string(lost) + "}\n";
    write(name + "/running-kernels.jsonl", runs_);
  }

  Result list(bool json = false) {
    return result_of(
        [&](Console& console) { return findings_command({.folder = path().string(), .json = json}, console); });
  }

 private:
  std::string runs_;
};

std::string story_expecting(const std::string& expectations) {
  std::string text(lost_write);
  return text.replace(text.find('\n') + 1, 0, expectations);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(findings_command, FindingsForCommand)

BOOST_AUTO_TEST_CASE(each_level_has_a_column) {
  add("one", story_expecting("expect linux-none.such breaks counts, batch\n"));
  add_run("one", "", 3);
  add_run("one", "", 0);
  add_run("one", "sync", 0);
  const Result result = list();
  BOOST_TEST(result.err.empty(), result.err);
  BOOST_TEST(result.status == 0);
  BOOST_TEST(result.out.starts_with("one: candidate\nHow a write is lost\n\n  model "), result.out);
  BOOST_TEST(contains(result.out, "  eager_dirty breaks "), result.out);
  BOOST_TEST(contains(result.out, "\n  delayed_rmap holds"), result.out);
  BOOST_TEST(contains(result.out, "  linux-none.such (not in this build,"), result.out);
  BOOST_TEST(contains(result.out, "  6.1.0 (#1 SMP), 4 CPUs (some), ext2"), result.out);
  BOOST_TEST(contains(result.out, "lost in 3 of 200 rounds, 2 times,"), result.out);
  BOOST_TEST(contains(result.out, "without sync: none lost of 100"), result.out);
}

BOOST_AUTO_TEST_CASE(what_was_not_tried_is_said) {
  add("one", std::string(lost_write));
  const Result result = list();
  BOOST_TEST(contains(result.out, "  not tried                               not tried\n"), result.out);
}

BOOST_AUTO_TEST_CASE(a_reproducer_of_its_own_is_told_of_elsewhere) {
  add("one", std::string(lost_write));
  write("one/one.c", "");
  const Result result = list();
  BOOST_TEST(contains(result.out, "  not tried                               see its README.md\n"), result.out);
}

BOOST_AUTO_TEST_CASE(who_does_not_do_what_is_expected_is_named) {
  add("one", story_expecting("expect delayed_rmap breaks counts\n"));
  const Result result = list();
  BOOST_TEST(result.status == exit_violation);
  BOOST_TEST(contains(result.out, "delayed_rmap holds: NOT AS EXPECTED"), result.out);
}

BOOST_AUTO_TEST_CASE(json_has_all_of_it) {
  add("one", story_expecting("expect linux-none.such breaks counts\n"));
  add_run("one", "sync", 0);
  const Result result = list(true);
  BOOST_TEST(result.status == 0);
  const nlohmann::json all = nlohmann::json::parse(result.out);
  BOOST_REQUIRE(all.size() == 1U);
  const nlohmann::json& one = all[0];
  BOOST_TEST(one["name"] == "one");
  BOOST_TEST(one["status"] == "candidate");
  BOOST_REQUIRE(one["model"].size() == all_engines().size());
  for (const nlohmann::json& level : one["model"]) {
    if (level["engine"] == "eager_dirty") BOOST_TEST(!level["breaks"].empty(), level);
    if (level["engine"] == "delayed_rmap") BOOST_TEST(level["breaks"].empty(), level);
  }
  BOOST_TEST(one["linux"][0]["in build"] == false);
  BOOST_TEST(one["linux"][0]["breaks"][0] == "counts");
  BOOST_TEST(one["running"][0]["without"] == "sync");
  BOOST_TEST(one["running"][0]["rounds"] == 100);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_said) {
  add("one", "shootdown 2\ncpu 0: explode\n");
  const Result bad = list();
  BOOST_TEST(bad.status == exit_bad_input);
  BOOST_TEST(contains(bad.err, "explode"), bad.err);
  write("one/running-kernels.jsonl", "lost\n");
  const Result worse = list();
  BOOST_TEST(worse.status == exit_bad_input);
  BOOST_TEST(contains(worse.err, "running-kernels.jsonl:1: expected"), worse.err);
}

BOOST_AUTO_TEST_SUITE_END()
