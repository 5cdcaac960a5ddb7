// C programs: they compile, run, and say what they have seen. Whether a kernel loses anything is not tested: that is
// what they are for.
#include "fuzz/reproduce/reproducer.h"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>

#include <sys/utsname.h>
#include <sys/wait.h>

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "fuzz/io/output.h"
#include "fuzz/triage/inputs.h"
#include "test/documents.h"
#include "test/files.h"
#include "test/output.h"

using namespace shootdown;
namespace fs = std::filesystem;

namespace {

const fs::path root = SHOOTDOWN_ROOT;

Program program_of(const fs::path& path) {
  const std::variant<Input, InputError> loaded = load_input(path.string());
  BOOST_REQUIRE_MESSAGE(std::holds_alternative<Input>(loaded), path);
  return std::get<Input>(loaded).document.program;
}

// Runs a command of the shell in a folder, with what it says in the file `said`. Returns its exit status.
int run(const fs::path& folder, const std::string& command) {
  const int status =
      std::system(fmt::format("cd {} && {{ {}; }} >said 2>&1", shell_word(folder.string()), command).c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct Workshop : TemporaryFolder {
  fs::path folder = write("empty", "").parent_path();
  bool has_compiler = run(folder, "command -v gcc") == 0;
};

constexpr std::string_view strict = "gcc -std=gnu11 -Wall -Wextra -Werror";

}  // namespace

BOOST_FIXTURE_TEST_SUITE(reproducer, Workshop)

BOOST_AUTO_TEST_CASE(the_example_beside_the_runtime_is_made_by_it) {
  const Program program = program_of(root / "corpus/lost-write-simple.program");
  BOOST_TEST(contents_of("fuzz/reproduce/program.inc") == program_in_c(program, "lost-write-simple"));
}

BOOST_AUTO_TEST_CASE(programs_of_the_corpus_compile) {
  if (!has_compiler) return;
  std::string sources;
  for (const fs::path& path : list_inputs(root / "corpus").inputs) {
    const Program program = program_of(path);
    if (!why_not_in_c(program).empty()) continue;
    const std::string name = path.stem().string() + ".c";
    write(name, reproducer_of(program, name));
    sources += " " + shell_word(name);
  }
  BOOST_TEST(run(folder, fmt::format("{} -fsyntax-only{}", strict, sources)) == 0, read("said"));
}

// Whatever it races with, a program must come to its end.
BOOST_AUTO_TEST_CASE(what_is_made_runs) {
  if (!has_compiler) return;
  const std::string text =
      "shootdown 2\nmachine cpus 4, mms 2, files 2, windows 2, pages 4\n"
      "cpu 0: touch pages 0-3\ncpu 1: load page 4 word 0\n"
      "cpu 0: pageout pages 0-3\n  after 1 steps suspend\n"
      "cpu 1: fsync pages 0-3\ncpu 0: munmap page 0\ncpu 2: store page 0 word 1\ncpu 3: mremap page 4 to page 0\n"
      "cpu 2: protect page 1\ncpu 3: truncate page 1 of file 1\ncpu 3: invalidate page 0\ncpu 3: exit\ncpu 1: exit\n"
      "cpu 2: write page 2\ncpu 2: msync pages 0-3\n";
  write("everything.program", text);
  write("repro.c", reproducer_of(program_of(folder / "everything.program"), "every\"thing"));
  BOOST_REQUIRE_MESSAGE(run(folder, fmt::format("{} -O1 -pthread repro.c -o repro", strict)) == 0, read("said"));
  const int status = run(folder, "timeout 60 ./repro --rounds 3 --seed 7 --file here");
  const std::string said = read("said");
  if (status == 3 && contains(said, "a race needs two CPUs")) return;
  BOOST_TEST((status == 0 || status == 1), status << ": " << said);
  BOOST_TEST(contains(said, "rounds                                                              3\n"), said);
  BOOST_TEST(contains(said, "LOST in so many rounds"), said);
  const nlohmann::json result = nlohmann::json::parse(said.substr(said.rfind("\n{") + 1));
  BOOST_TEST(result["program"] == "every_thing");
  BOOST_TEST(result["rounds"] == 3);
  BOOST_TEST(result["without"] == "");
  BOOST_TEST((result["lost"] != 0) == (status == 1), said);
  struct utsname name{};
  BOOST_REQUIRE(::uname(&name) == 0);
  BOOST_TEST(result["kernel"] == std::string(name.release));
  BOOST_TEST(result["filesystem"] != "unknown");
}

BOOST_AUTO_TEST_CASE(without_the_zap_nothing_is_lost) {
  if (!has_compiler) return;
  write("repro.c", reproducer_of(program_of(root / "corpus/lost-write-simple.program"), "lost"));
  BOOST_REQUIRE_MESSAGE(run(folder, fmt::format("{} -O1 -pthread repro.c -o repro", strict)) == 0, read("said"));
  const int status = run(folder, "timeout 60 ./repro --rounds 3 --without zap");
  const std::string said = read("said");
  if (status == 3 && contains(said, "a race needs two CPUs")) return;
  BOOST_TEST(status == 0, said);
  BOOST_TEST(contains(said, "WITHOUT ZAP"), said);
  BOOST_TEST(contains(said, "\"without\": \"zap\""), said);
}

BOOST_AUTO_TEST_CASE(bad_usage_is_said) {
  if (!has_compiler) return;
  write("repro.c", reproducer_of(program_of(root / "corpus/lost-write-simple.program"), "lost"));
  BOOST_REQUIRE_MESSAGE(run(folder, fmt::format("{} -pthread repro.c -o repro", strict)) == 0, read("said"));
  BOOST_TEST(run(folder, "./repro --help") == 0);
  BOOST_TEST(contains(read("said"), "Usage: reproduce"));
  const auto refuses = [&](const std::string& arguments, const std::string& message) {
    BOOST_TEST(run(folder, "./repro " + arguments) == 2, arguments);
    BOOST_TEST(read("said") == "reproduce: " + message + "; see --help\n");
  };
  refuses("--seconds", "expected a value behind '--seconds'");
  refuses("--seconds 0", "expected a number from 1 on, found '0'");
  refuses("--rounds 12x", "expected a number from 1 on, found '12x'");
  refuses("--without both", "--without: expected zap or sync, found 'both'");
  refuses("--aim well", "--aim: expected random or unmapped, found 'well'");
  refuses("--round 1", "no such option: 'round'");
  refuses("now", "expected an option, found 'now'");
  BOOST_TEST(run(folder, "./repro --rounds 1 --file nowhere/file") == 3);
  if (contains(read("said"), "a race needs two CPUs")) return;
  BOOST_TEST(contains(read("said"), "reproduce: nowhere/file.0: No such file or directory\n"), read("said"));
}

BOOST_AUTO_TEST_CASE(without_stores_nothing_can_be_lost) {
  Program program = program_of(write("a.program", "shootdown 2\ncpu 0: load page 0 word 0\ncpu 0: write page 0\n"));
  BOOST_TEST(!why_not_in_c(program).empty());
  program.operations[0].call = Call::store;
  BOOST_TEST(why_not_in_c(program).empty());
}

BOOST_AUTO_TEST_SUITE_END()
