// Merging corpora: by libFuzzer, where the fuzz target is built; and around a script that stands for it.
#include "fuzz/tool/corpus_merge.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include "fuzz/replay/replay.h"
#include "fuzz/triage/digest.h"
#include "test/bytes.h"
#include "test/console.h"
#include "test/files.h"
#include "test/inputs.h"
#include "test/stories.h"

using namespace shootdown;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

Result merge(const CorpusMergeOptions& options) {
  return result_of([&](Console& console) { return corpus_merge_command(options, console); });
}

// What makes it throw.
std::string failure_of(const CorpusMergeOptions& options) {
  try {
    merge(options);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "no failure";
}

// Does as libFuzzer does: reads the inputs in the order of the control file, and keeps what `keeps` says, a condition of
// the shell about $input. It ends on inputs with "bad" in them, as if it had been started again behind each.
std::string script(std::string_view keeps, std::string_view first = ":") {
  return fmt::format(
      "#!/bin/bash\n{}\n"
      "sed 1,2d control >order\n"
      "while read -r input; do\n"
      "  echo \"STARTED $input\" >>control\n"
      "  if grep -aq bad \"$input\"; then\n"
      "    echo 'shootdown: eager_dirty breaks luck: page 3'\n"
      "    echo \"MERGE-INNER: '$input' caused a failure at the previous merge step\"\n"
      "  elif {}; then cp \"$input\" \"kept/${{input#in/}}\"; fi\n"
      "done <order\n"
      "echo \"$SHOOTDOWN_ORACLES\" >\"$TEST_FOLDER/oracles\"\n"
      "echo \"MERGE-OUTER: 1 new files with $(cat kept/* | wc -c) new features added; 7 new coverage edges\"\n",
      first, keeps);
}

// With a space, as the paths of checkouts and of temporary folders may have one.
struct MergeFolder : TemporaryFolder {
  MergeFolder() {
    ::setenv("TEST_FOLDER", path().c_str(), 1);
    ::unsetenv("SHOOTDOWN_ORACLES");
    target(script("true"));
  }
  ~MergeFolder() { ::unsetenv("TEST_FOLDER"); }
  MergeFolder(const MergeFolder&) = delete;
  MergeFolder& operator=(const MergeFolder&) = delete;

  void target(std::string_view text) const {
    fs::permissions(write("a build/fuzz_eager_dirty", text), fs::perms::owner_all);
  }

  CorpusMergeOptions options(std::vector<std::string> sources = {}) const {
    return {.target = "eager_dirty",
            .sources = std::move(sources),
            .folder = path("my work/x"),
            .crashes = path("crashes"),
            .program = path("a build/fuzz_eager_dirty"),
            .oracles = {}};
  }

  // Contents by name.
  std::map<std::string, std::string> corpus(const std::string& name = "my work/x") const {
    std::map<std::string, std::string> contents;
    if (!fs::exists(path() / name)) return contents;
    for (const fs::directory_entry& entry : fs::directory_iterator(path() / name))
      contents.emplace(entry.path().filename(), read(name + "/" + entry.path().filename().string()));
    return contents;
  }

  bool nothing_stays() const {
    return !fs::exists(path() / "my work") ||
           std::ranges::none_of(fs::directory_iterator(path() / "my work"),
                                [](const auto& entry) { return entry.path().filename().string().starts_with('.'); });
  }
};

using Files = std::map<std::string, std::string>;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(corpus_merge, MergeFolder)

// --- with a script in place of libFuzzer ---

BOOST_AUTO_TEST_CASE(what_is_kept_takes_the_place_of_the_corpus) {
  for (const char* const name : {"ccc", "a", "bb", "aa"}) write(std::string("my work/x/") + name, name);
  write("my work/x/again", "aa");
  target(script("[[ $(cat \"$input\") != bb ]]"));
  const Result result = merge(options());
  BOOST_TEST(result.status == 0, result.err);
  // The smallest first, each once.
  BOOST_TEST((corpus() == Files{{"00000000", "a"}, {"00000001", "aa"}, {"00000002", "ccc"}}));
  BOOST_TEST(result.out ==
             "eager_dirty           files         bytes     edges  features\n"
             "before                    4             8         7         6\n"
             "after                     3             6         7         6\n");
  BOOST_TEST(nothing_stays());
  BOOST_TEST(read("oracles") == "claims\n");
}

BOOST_AUTO_TEST_CASE(all_kinds_of_sources_are_taken_in) {
  write("afl/one/fuzzer_stats", "statistics");
  write("afl/one/queue/id:0", "from afl");
  write("afl/one/crashes/id:0", "a crash");
  write("folder/x.program", harmless);
  write_zip("folder/backup.zip", {{"member", "from a zip"}});
  write_zip("folder/empty.zip", {{"empty/", ""}});
  fs::create_directory(path() / "nothing");
  const Result result = merge(options({path("afl"), path("folder"), path("nothing")}));
  BOOST_TEST(result.status == 0, result.err);
  BOOST_TEST(result.err.empty(), result.err);
  BOOST_TEST(contains(result.out, "before                    0             0         0         0\n"), result.out);
  BOOST_TEST(contains(result.out, "taken in                  3 "), result.out);
  std::set<std::string> contents;
  for (const auto& [name, bytes] : corpus()) contents.insert(bytes);
  BOOST_TEST((contents == std::set<std::string>{encoded(harmless), "from afl", "from a zip"}));

  CorpusMergeOptions text = options({path("folder/x.program")});
  text.target = "text";
  text.folder = path("my work/text");
  BOOST_TEST(merge(text).status == 0);
  BOOST_TEST((corpus("my work/text") == Files{{"00000000", std::string(harmless)}}));
}

BOOST_AUTO_TEST_CASE(a_bad_input_changes_nothing) {
  write("my work/x/old", "old");
  write("in/a b.program", "shootdown 2 cpu\n");
  write("in/bad.zip", "no zip");
  const Result result = merge(options({path("in"), path("none")}));
  BOOST_TEST(result.status == 2);
  BOOST_TEST(contains(result.err, "in/a b.program:1:13: "), result.err);
  BOOST_TEST(contains(result.err, "in/bad.zip: cannot open the archive: "), result.err);
  BOOST_TEST(contains(result.err, "none: cannot open: "), result.err);
  BOOST_TEST((corpus() == Files{{"old", "old"}}));
  BOOST_TEST(nothing_stays());
}

BOOST_AUTO_TEST_CASE(what_ends_the_target_is_put_aside) {
  write("my work/x/a", "good");
  write("my work/x/b", "bad");
  write("in/c", "also bad");
  write("in/d", "bad");
  CorpusMergeOptions options = this->options({path("in")});
  options.oracles = "lost-dirty-data,counts";
  const Result result = merge(options);
  BOOST_TEST(result.status == 1);
  BOOST_TEST((corpus() == Files{{"00000000", "good"}}));
  BOOST_TEST(
      (corpus("crashes") == Files{{"crash-" + digest("also bad"), "also bad"}, {"crash-" + digest("bad"), "bad"}}));
  BOOST_TEST(contains(result.out, "\nLeft out, because the target ended on them, and kept in " + path("crashes") +
                                      ": inputs: 2\n      2 eager_dirty breaks luck: page N\n"
                                      "To make regressions of them: shootdown corpus add " +
                                      path("crashes") + "\n"),
             result.out);
  BOOST_TEST(read("oracles") == "lost-dirty-data,counts\n");
}

BOOST_AUTO_TEST_CASE(what_goes_wrong_changes_nothing) {
  write("my work/x/old", "old");
  struct Case {
    std::string script;
    std::string_view message;
  };
  const Case cases[] = {
      {"#!/bin/bash\necho no luck\nexit 3\n", "fuzz_eager_dirty: exited with status 3\nno luck\n"},
      {"#!/bin/bash\nkill -ABRT $$\n", "fuzz_eager_dirty: killed by signal 6 (Aborted)\n"},
      {"#!/no/such/shell\n", "fuzz_eager_dirty: exited with status 127\n"},
      // As libFuzzer does when its children cannot start.
      {"#!/bin/bash\nexit 0\n", "has read 0 of 1 inputs, expected all"},
      {"#!/bin/bash\necho STARTED 0 3 >>control\n", "says nothing of coverage"},
      // It keeps less the second time.
      {script("[[ ! -e $TEST_FOLDER/oracles ]]"), "the merge has lost coverage; nothing was changed"},
      {script("true", "echo bad >>in/00000000; mkdir -p kept; echo bad >kept/x"),
       "an input broke nothing at first, and something when it was run again"},
  };
  for (const Case& one : cases) {
    target(one.script);
    const std::string message = failure_of(options());
    BOOST_TEST(contains(message, one.message), message);
    BOOST_TEST((corpus() == Files{{"old", "old"}}));
    BOOST_TEST(nothing_stays());
  }
}

BOOST_AUTO_TEST_CASE(bad_usage_is_said) {
  CorpusMergeOptions nobody = options();
  nobody.target = "eager_dirt.";
  BOOST_TEST(contains(failure_of(nobody), "there is no target 'eager_dirt.'; there are: " + engine_names() + ", text"));
  CorpusMergeOptions lost = options();
  lost.program = path("none");
  BOOST_TEST(contains(failure_of(lost), "there is no program " + path("none") + "; expected the fuzz target: "));
  BOOST_TEST(contains(failure_of(options()), "there is nothing to merge: " + path("my work/x") + " is empty"));
  ::setenv("SHOOTDOWN_ORACLES", "luck", 1);
  BOOST_TEST(contains(failure_of(options()), "SHOOTDOWN_ORACLES: there is no oracle 'luck'; "));
  ::unsetenv("SHOOTDOWN_ORACLES");
  BOOST_TEST(nothing_stays());
}

// What a fuzzer finds while a merge is at work is not lost.
BOOST_AUTO_TEST_CASE(beside_a_fuzzer) {
  write("my work/x/old", "old");
  target(script("true", "echo late >\"$TEST_FOLDER/my work/x/late\""));
  BOOST_TEST(merge(options()).status == 0);
  BOOST_TEST((corpus() == Files{{"00000000", "old"}, {"late", "late\n"}}));
}

// However it ends, the old corpus is whole, nothing goes on, and the next merge comes to the same.
BOOST_AUTO_TEST_CASE(interrupted) {
  write("my work/x/old", "old");
  for (const int signal : {SIGTERM, SIGKILL}) {
    fs::remove(path() / "begun");
    target(script("true",
                  "echo $$ >\"$TEST_FOLDER/new\"; mv \"$TEST_FOLDER/new\" \"$TEST_FOLDER/begun\"; exec sleep 600"));
    const pid_t merger = ::fork();
    if (merger == 0) {
      merge(options());
      ::_exit(3);
    }
    while (!fs::exists(path() / "begun")) std::this_thread::sleep_for(1ms);
    const pid_t target_process = std::stoi(read("begun"));
    BOOST_TEST(contains(failure_of(options()), "another merge is at work here"));
    ::kill(merger, signal);
    int status = 0;
    BOOST_TEST(::waitpid(merger, &status, 0) == merger);
    BOOST_TEST(WIFSIGNALED(status));
    BOOST_TEST(WTERMSIG(status) == signal);
    if (signal == SIGTERM) {
      BOOST_TEST(nothing_stays());
      BOOST_TEST(::kill(target_process, 0) != 0);
    }
    BOOST_TEST((corpus() == Files{{"old", "old"}}));
  }
  target(script("true"));
  // The last one is killed with its parent, but not before its parent.
  while (contains(failure_of(options()), "another merge")) std::this_thread::sleep_for(1ms);
  BOOST_TEST((corpus() == Files{{"00000000", "old"}}));
  BOOST_TEST(nothing_stays());
}

// --- with libFuzzer ---

#ifdef SHOOTDOWN_FUZZ_TARGET

namespace {

struct Real : MergeFolder {
  // Much of it is redundant.
  Real() {
    std::mt19937 generator(1);
    for (int i = 0; i < 100; ++i) {
      const Bytes bytes = random_bytes(generator, 3 * (1 + below(generator, 40)));
      write(fmt::format("unmerged/{}", i), as_characters(bytes));
    }
  }

  CorpusMergeOptions options(std::vector<std::string> sources = {}) const {
    CorpusMergeOptions options = MergeFolder::options(std::move(sources));
    options.program = SHOOTDOWN_FUZZ_TARGET;
    return options;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(merging_is_repeatable, Real) {
  const Result first = merge(options({path("unmerged")}));
  BOOST_TEST(first.status == 0, first.out << first.err);
  const Files merged = corpus();
  BOOST_TEST(merged.size() < 100U);
  BOOST_TEST(!merged.empty());
  BOOST_TEST(merge(options()).status == 0);
  BOOST_TEST((corpus() == merged));
  // From an archive it is the same.
  TemporaryFolder::Members members;
  for (const auto& [name, bytes] : corpus("unmerged")) members.emplace_back(name, bytes);
  write_zip("unmerged.zip", members);
  fs::remove_all(path() / "my work");
  BOOST_TEST(merge(options({path("unmerged.zip")})).status == 0);
  BOOST_TEST((corpus() == merged));
}

BOOST_FIXTURE_TEST_CASE(crashes_are_found, Real) {
  CorpusMergeOptions strict = options({path("in")});
  strict.oracles = "all";
  write("in/crash", encoded(lost_write));
  write("in/fine", encoded(harmless));
  const Result result = merge(strict);
  BOOST_TEST(result.status == 1);
  BOOST_TEST((corpus("crashes") == Files{{"crash-" + digest(encoded(lost_write)), encoded(lost_write)}}));
  BOOST_TEST(corpus().size() == 1U);
  BOOST_TEST(contains(result.out, "1 eager_dirty breaks lost-dirty-data: page N of file N is let go of clean, but"),
             result.out);
  BOOST_TEST(merge(strict).status == 1);
  fs::remove(path() / "in/crash");
  BOOST_TEST(merge(strict).status == 0);
}

#endif

BOOST_AUTO_TEST_SUITE_END()
