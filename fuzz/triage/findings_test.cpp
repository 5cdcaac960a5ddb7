// corpus/findings: that each has its explanation, and a program that says what it breaks. That it does break is for the
// test `corpus`.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "engine/zap/engines.h"
#include "fuzz/replay/replay.h"
#include "fuzz/trace/trace.h"
#include "fuzz/triage/finding.h"
#include "fuzz/triage/inputs.h"
#include "test/documents.h"
#include "test/output.h"

using namespace shootdown;
namespace fs = std::filesystem;

BOOST_AUTO_TEST_SUITE(findings)

namespace {

std::string explanation_of(const fs::path& finding) {
  std::ifstream file(finding / "README.md", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool breaks_something(const Input& input) {
  return std::ranges::any_of(input.document.expectations,
                             [](const Expectation& expectation) { return !expectation.breaks.empty(); });
}

}  // namespace

// A trace is kept for who has no build. "shootdown run --engine ENGINE --width WIDTH --trace FILE", and what that prints.
BOOST_AUTO_TEST_CASE(traces_are_up_to_date) {
  int compared = 0;
  const auto findings = load_findings("corpus/findings");
  BOOST_REQUIRE((std::holds_alternative<std::vector<Finding>>(findings)));
  for (const Finding& finding : std::get<std::vector<Finding>>(findings)) {
    const std::string text = contents_of((fs::path("corpus/findings") / finding.name / "trace.log").string());
    std::istringstream command(text);
    std::string word;
    std::string engine;
    TraceOptions options;
    std::string file;
    while (command >> word && word != "--trace") {
      if (word == "--engine") command >> engine;
      if (word == "--width") command >> options.width;
    }
    command >> file;
    const std::variant<Input, InputError> loaded = load_input(file);
    BOOST_REQUIRE_MESSAGE(std::holds_alternative<Input>(loaded), finding.name);
    const Engine* const found = find_engine(engine);
    if (found == nullptr) {
      BOOST_TEST(is_optional_engine(engine), finding.name);
      continue;
    }
    const std::string trace = Replayer(*found).trace(std::get<Input>(loaded).document.program, options);
    BOOST_TEST(contains(text, trace), file);
    ++compared;
  }
  BOOST_TEST(compared > 0);
}

BOOST_AUTO_TEST_CASE(each_has_its_explanation_and_a_program_that_breaks_something) {
  int count = 0;
  for (const fs::directory_entry& finding : fs::directory_iterator("corpus/findings")) {
    if (!finding.is_directory()) continue;
    ++count;
    BOOST_TEST_CONTEXT(finding.path().string()) {
      const std::string text = explanation_of(finding.path());
      BOOST_TEST((contains(text, "\nStatus: candidate\n") || contains(text, "\nStatus: confirmed\n") ||
                  contains(text, "\nStatus: refuted\n")));
      for (const char* const section : {"What is affected", "What happens", "Why", "The program",
                                        "Where the model could be wrong", "On a real machine"})
        BOOST_TEST(contains(text, "\n## " + std::string(section) + "\n"), section);

      const Listing found = list_inputs(finding.path());
      BOOST_TEST(!found.inputs.empty());
      for (const fs::path& path : found.inputs) {
        const auto loaded = load_input(path.string());
        BOOST_REQUIRE(std::holds_alternative<Input>(loaded));
        BOOST_TEST(breaks_something(std::get<Input>(loaded)), path.string());
        BOOST_TEST(contains(text, path.filename().string()), path.string());
      }
    }
  }
  BOOST_TEST(count > 0);
}

BOOST_AUTO_TEST_SUITE_END()
