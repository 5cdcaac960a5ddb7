#include "fuzz/scoreboard/libfuzzer_search.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include <sys/resource.h>

#include <fmt/format.h>

#include "fuzz/io/files.h"
#include "fuzz/io/output.h"
#include "fuzz/language/codec.h"
#include "fuzz/triage/process.h"

namespace shootdown {

namespace fs = std::filesystem;

std::filesystem::path LibFuzzerTargets::of(const Engine& engine) const {
  return folder / fmt::format("fuzz_{}", engine.name());
}

namespace {

// A folder for a search.
class Scratch {
 public:
  Scratch() {
    std::string pattern = (fs::temp_directory_path() / "shootdown-scoreboard-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
      throw std::system_error(errno, std::generic_category(), "cannot make a folder for libFuzzer");
    path_ = pattern;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// What stands behind `mark` in the line that begins with it.
std::optional<std::string_view> rest_of_line(std::string_view text, std::string_view mark) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    if (line.starts_with(mark)) return line.substr(mark.size());
    begin = end + 1;
  }
  return std::nullopt;
}

// Of all processes that this one has waited for, in nanoseconds.
std::uint64_t cpu_time_of_children() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  const auto nanoseconds = [](const timeval& time) {
    return (static_cast<std::uint64_t>(time.tv_sec) * 1'000'000U + static_cast<std::uint64_t>(time.tv_usec)) * 1000U;
  };
  return nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
}

// What came of one target.
struct Found {
  std::uint64_t runs = 0;
  std::uint64_t cpu_time = 0;
  std::uint64_t failures = 0;        // ends that were no violations
  std::string failed;                // what it said of the first
  std::optional<std::string> input;  // on which something is broken
};

class LibFuzzerSearch {
 public:
  LibFuzzerSearch(const LibFuzzerTargets& targets, Defect defect, const CorpusAndMutants& programs, std::uint64_t seed,
                  const HeldSignals& signals)
      : targets_(targets), defect_(defect), seed_(seed), signals_(signals) {
    fs::create_directory(seeds());
    for (std::size_t number = 0; number < programs.corpus_size(); ++number)
      write_file(seeds() / fmt::format("{:04}", number), as_characters(programs.encoded(number)));
  }

  // A target that ends for another reason than a violation is started again, with other random numbers, for what is left
  // of the runs; but not for ever.
  Found run(const Engine& engine, std::uint64_t runs) {
    constexpr std::uint64_t most_starts = 20;
    const std::uint64_t before = cpu_time_of_children();
    Found found;
    make_empty(kept());
    for (std::uint64_t start = 0; start < most_starts && found.runs < runs && !found.input.has_value(); ++start)
      go_on(found, engine, runs, seed_ + start * 1'000'000);
    found.cpu_time = cpu_time_of_children() - before;
    return found;
  }

 private:
  fs::path seeds() const { return scratch_.path() / "seeds"; }
  fs::path log_file() const { return scratch_.path() / "log"; }
  fs::path artifact() const { return scratch_.path() / "artifact"; }

  // What it keeps goes there: the target of each engine begins with what there was.
  fs::path kept() const { return scratch_.path() / "kept"; }

  static void make_empty(const fs::path& folder) {
    fs::remove_all(folder);
    fs::create_directory(folder);
  }

  void go_on(Found& found, const Engine& engine, std::uint64_t runs, std::uint64_t seed) {
    const std::string end = run_target(engine, runs - found.runs, seed);
    const std::string log = read_file(log_file());
    const std::optional<std::string_view> units = rest_of_line(log, "stat::number_of_executed_units:");
    if (!units.has_value()) fail(engine, end, log);
    found.runs += std::max<std::uint64_t>(std::strtoull(std::string(*units).c_str(), nullptr, 10), 1);
    if (end == describe_end(0)) {
      found.runs = std::max(found.runs, runs);  // it has nothing left to do
    } else if (rest_of_line(log, fmt::format("shootdown: {} ", engine.name()))) {
      found.input = read_file(artifact());
    } else if (found.failures++ == 0) {
      found.failed = std::string(rest_of_line(log, "shootdown: ").value_or(end));
    }
  }

  std::string run_target(const Engine& engine, std::uint64_t runs, std::uint64_t seed) {
    std::vector<std::string> arguments{
        fmt::format("-seed={}", seed), fmt::format("-runs={}", runs),  "-max_len=512", "-timeout=30",
        "-print_final_stats=1",        "-exact_artifact_path=artifact"};
    arguments.insert(arguments.end(), targets_.flags.begin(), targets_.flags.end());
    arguments.insert(arguments.end(), {"kept", "seeds"});
    fs::remove(artifact());
    Child child({.program = fs::absolute(targets_.of(engine)).string(),
                 .arguments = std::move(arguments),
                 .environment = {{"SHOOTDOWN_ORACLES", "claims"},
                                 {"SHOOTDOWN_DEFECT", defect_ == Defect::none ? "" : std::string(defect_name(defect_))},
                                 {"ASAN_OPTIONS", "symbolize=0"}},  // nobody reads where in the code it ended
                 .folder = scratch_.path(),
                 .log = log_file()},
                signals_);
    for (;;) {
      if (const std::optional<std::string> end = child.wait(std::chrono::hours(1))) return *end;
      if (signals_.came()) throw std::runtime_error("interrupted");
    }
  }

  [[noreturn]] void fail(const Engine& engine, std::string_view end, const std::string& log) const {
    constexpr std::size_t most = 2000;  // characters of the log
    throw std::runtime_error(fmt::format("{}: {}\n{}", printable(targets_.of(engine).string()), end,
                                         log.substr(log.size() - std::min(log.size(), most))));
  }

  const LibFuzzerTargets& targets_;
  Defect defect_;
  std::uint64_t seed_;
  const HeldSignals& signals_;
  Scratch scratch_;
};

// What an input that a target has found is worth.
SearchResult replayed_on(Defect defect, const Engine& engine, const std::string& input) {
  const std::vector<CorpusProgram> alone{{"found", {input.begin(), input.end()}}};
  return DefectSearch(defect, {&engine}, CorpusAndMutants(alone, 0)).run(1);
}

}  // namespace

SearchResult search_by_libfuzzer(const LibFuzzerTargets& targets, Defect defect, std::span<const Engine* const> engines,
                                 const CorpusAndMutants& programs, std::uint64_t seed, std::uint64_t runs,
                                 const HeldSignals& signals) {
  LibFuzzerSearch fuzzer(targets, defect, programs, seed, signals);
  SearchResult result;
  SearchCounts& counts = result.counts;
  counts.runs = runs;
  std::uint64_t most = std::max<std::uint64_t>(runs / engines.size(), 1);  // for each target
  for (std::size_t place = 0; place < engines.size(); ++place) {
    const Found found = fuzzer.run(*engines[place], most);
    counts.cpu_time += found.cpu_time;
    if (defect == Defect::none) counts.runs_without += found.runs;
    if (result.failures == 0) result.failed = found.failed;
    result.failures += found.failures;
    if (!found.input.has_value()) continue;
    const SearchResult on_replay = replayed_on(defect, *engines[place], *found.input);
    const SearchCounts& replayed = on_replay.counts;
    const std::uint64_t run = found.runs * engines.size();
    counts.runs_without += replayed.runs_without;
    counts.false_alarms += replayed.false_alarms;
    if (replayed.false_alarm && !counts.false_alarm) {
      counts.false_alarm = {.run = run, .engine = place, .oracle = replayed.false_alarm.oracle};
      result.false_alarm = on_replay.false_alarm;
    }
    if (!replayed.detected) {
      if (!replayed.false_alarm && result.failures++ == 0)
        result.failed = "what a target has found breaks nothing here";
      continue;
    }
    most = found.runs;
    counts.runs = counts.reached = counts.triggered = run;
    counts.detected = {.run = run, .engine = place, .oracle = replayed.detected.oracle};
  }
  return result;
}

}  // namespace shootdown
