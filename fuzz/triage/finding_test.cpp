// Folders of findings: what is read of them, and what is wrong with them.
#include "fuzz/triage/finding.h"

#include <string>
#include <variant>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "test/files.h"
#include "test/output.h"

using namespace shootdown;

namespace {

constexpr const char* small_program = "shootdown 2\ncpu 0: exit\n";

// As a C program prints it.
std::string result_line(const std::string& kernel, const std::string& without, int rounds, int lost) {
  return R"({"program": "lost", "kernel": ")" + kernel + R"(", "version": "#1 SMP", "cpu": "some", "cpus": 4, )" +
         R"("filesystem": "ext2", "without": ")" + without + R"(", "seconds": 60, "rounds": )" +
         std::to_string(rounds) + R"(, "unmapped": 7, "stale": 5, "lost": )" + std::to_string(lost) + "}\n";
}

struct FindingsToLoad : TemporaryFolder {
  void add(const std::string& name, const std::string& explanation) {
    write(name + "/README.md", explanation);
    write(name + "/lost.program", small_program);
  }

  std::vector<Finding> load(const std::string& name = "") {
    const auto loaded = load_findings(path(name));
    BOOST_REQUIRE((std::holds_alternative<std::vector<Finding>>(loaded)));
    return std::get<std::vector<Finding>>(loaded);
  }

  std::string failure() {
    const auto loaded = load_findings(path());
    BOOST_REQUIRE(std::holds_alternative<InputError>(loaded));
    return std::get<InputError>(loaded).message;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(finding, FindingsToLoad)

BOOST_AUTO_TEST_CASE(each_folder_with_programs_is_one) {
  write("README.md", "# What findings are\n");
  add("b", "# Second\n\nStatus: refuted\n");
  add("a", "# First\n\nStatus: confirmed\n\n# Later\n\nStatus: candidate\n");
  write("a/other.program", small_program);
  const std::vector<Finding> findings = load();
  BOOST_REQUIRE(findings.size() == 2U);
  BOOST_TEST(findings[0].name == "a");
  BOOST_TEST(findings[0].title == "First");
  BOOST_TEST(findings[0].status == "confirmed");
  BOOST_TEST(findings[0].programs.size() == 2U);
  BOOST_TEST(findings[0].running.empty());
  BOOST_TEST(findings[1].status == "refuted");
  BOOST_TEST(load("b").size() == 1U);
}

BOOST_AUTO_TEST_CASE(another_status_is_none) {
  add("a", "# First\n\nStatus: doubtful\n");
  BOOST_TEST(load()[0].status.empty());
}

BOOST_AUTO_TEST_CASE(runs_of_the_same_kernel_are_told_as_one) {
  add("a", "# First\n");
  write("a/running-kernels.jsonl", result_line("6.1", "", 100, 3) + result_line("6.1", "sync", 50, 0) +
                                       result_line("6.12", "", 10, 1) + result_line("6.1", "", 11, 0));
  const std::vector<Finding> findings = load();
  const std::vector<KernelRuns>& running = findings[0].running;
  BOOST_REQUIRE(running.size() == 3U);
  BOOST_TEST(running[0].kernel == "6.1");
  BOOST_TEST(running[0].times == 2U);
  BOOST_TEST(running[0].with_losses == 1U);
  BOOST_TEST(running[0].rounds == 111U);
  BOOST_TEST(running[0].lost == 3U);
  BOOST_TEST(running[0].seconds == 120U);
  BOOST_TEST(running[0].unmapped == 14U);
  BOOST_TEST(running[0].stale == 10U);
  BOOST_TEST(running[1].without == "sync");
  BOOST_TEST(running[1].times == 1U);
  BOOST_TEST(running[2].kernel == "6.12");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_said) {
  BOOST_TEST(contains(failure(), "there are no inputs in this folder"), failure());
  write("a/lost.program", small_program);
  BOOST_TEST(contains(failure(), "a/README.md"), failure());
  write("a/README.md", "# First\n");
  const auto refuses = [&](const std::string& lines, const std::string& place) {
    write("a/running-kernels.jsonl", lines);
    BOOST_TEST(contains(failure(), "a/running-kernels.jsonl:" + place + ": expected the last line"), failure());
  };
  refuses("LOST in so many rounds 3\n", "1");
  refuses(result_line("6.1", "", 1, 0) + "\n", "2");
  refuses(result_line("6.1", "", 1, 0) + R"({"program": "lost"})" + "\n", "2");
  std::string text = result_line("6.1", "", 1, 0);
  text.replace(text.find("60"), 2, "\"an hour\"");
  refuses(text, "1");
}

BOOST_AUTO_TEST_SUITE_END()
