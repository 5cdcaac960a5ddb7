// Writes down many runs as programs, and checks that these make the same runs.
//
// Usage: recording [--engine NAME] COUNT FILE...
//
// The inputs are the given files, encoded or text, and COUNT pseudo-random ones, half of which are mutants of the files.
// Each runs on every engine: as it is, under PCT with parameters of several kinds, under POS and SURW, and as random walks. Whoever
// chooses: what the recorder makes of the run, printed, parsed and replayed, must have the same hash, the same outcome and the
// same verdict; and so must the same with events for places. Only as it is and under PCT it must have room in a program.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <variant>

#include "engine/sched/listed_schedule.h"
#include "engine/sched/pct.h"
#include "engine/sched/pos.h"
#include "engine/sched/random_walk.h"
#include "engine/sched/schedule_recorder.h"
#include "engine/sched/surw.h"
#include "fuzz/checks/count_and_files.h"
#include "fuzz/checks/random_programs.h"
#include "fuzz/language/codec.h"
#include "fuzz/language/mutator.h"
#include "fuzz/language/text.h"
#include "fuzz/replay/record.h"
#include "fuzz/replay/replay.h"

namespace {

using namespace shootdown;

class RecordingCheck {
 public:
  explicit RecordingCheck(const Engine& engine) : replayer_(engine) {}

  void check(const Program& program, const std::string& name, std::uint64_t seed) {
    name_ = &name;
    const bool refused = !replayer_.engine().refusal(program).empty();
    ++(refused ? count_.refused : count_.runs);
    if (refused || !can_record(program)) return;
    ListedChooser listed(program);
    bool all = check_run(program, listed);
    Pct pct(seed, 1 + static_cast<int>(seed % max_pct_depth), 32 + seed % 128);
    all = check_run(program, pct) && all;
    if (!all) fail("there is no room for its schedule", program);
    Pos pos(seed);
    if (check_run(program, pos)) ++walks_;
    Surw surw(seed, replayer_.count_steps(program));
    if (check_run(program, surw)) ++walks_;
    RandomWalk walk(program, seed, 1 + seed % 16);
    if (check_run(program, walk)) ++walks_;
  }

  RunCount count() const { return count_; }
  // Walks, POS's and SURW's too, that had room.
  std::uint64_t walks() const { return walks_; }

 private:
  // Returns whether there is room for the schedule.
  bool check_run(const Program& program, Chooser& chooser) {
    const auto recorder = std::make_unique<ScheduleRecorder>(program, chooser);
    const RunResult result = replayer_.run(recorder->program(), nullptr, recorder.get());
    if (!recorder->finish()) return false;
    compare(result, recorder->program(), "recorded");
    compare(result, with_events(replayer_, recorder->program()), "recorded with events");
    return true;
  }

  // Through the text and back, as people keep it.
  void compare(const RunResult& result, const Program& recorded, const char* how) {
    const std::string text = print(recorded);
    const std::variant<Document, ParseError> parsed = parse(text);
    if (!std::holds_alternative<Document>(parsed)) fail(fmt::format("{}, cannot be parsed", how), recorded);
    const auto again = std::make_unique<Program>(std::get<Document>(parsed).program);
    if (*again != recorded) fail(fmt::format("{}, becomes another program as text", how), recorded);
    const RunResult replayed = replayer_.run(*again);
    if (replayed.hash != result.hash || replayed.outcome != result.outcome || replayed.broken != result.broken)
      fail(fmt::format("{}, makes another run", how), recorded);
  }

  [[noreturn]] void fail(const std::string& what, const Program& program) {
    fmt::print(stderr, "recording: {} on {}: {}:\n{}", *name_, replayer_.engine().name(), what, print(program));
    std::exit(1);
  }

  Replayer replayer_;
  const std::string* name_ = nullptr;
  RunCount count_;
  std::uint64_t walks_ = 0;
};

bool check_recordings(const CountAndFiles& inputs) {
  // Few inputs are asked for where runs take long.
  const std::uint64_t times = std::clamp<std::uint64_t>(inputs.count / 64, 1, 16);
  for (const Engine* const engine : inputs.engines) {
    RecordingCheck check(*engine);
    std::uint64_t seed = 0;
    for (const Input& file : inputs.files) {
      for (std::uint64_t i = 0; i < times; ++i) check.check(file.document.program, file.name, seed++);
    }
    RandomPrograms random;
    const auto program = std::make_unique<Program>();
    for (std::uint64_t i = 0; i < inputs.count; ++i) {
      if (i % 2 == 0 || inputs.files.empty()) {
        random.next(*program);
      } else {
        SplitMix64 choices(i);
        decode(mutant_of(encode(inputs.files[i / 2 % inputs.files.size()].document.program), choices), *program);
      }
      check.check(*program, fmt::format("pseudo-random input {}", i), seed++);
    }
    const RunCount count = check.count();
    fmt::print("{}: {} inputs are recorded as they ran; {} walks of {}{}\n", engine->name(), count.runs, check.walks(),
               3 * count.runs, count.not_possible());
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  return run_count_and_files(argc, argv, "recording", check_recordings);
}
