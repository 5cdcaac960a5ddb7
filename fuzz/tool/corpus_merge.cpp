#include "fuzz/tool/corpus_merge.h"

#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include <unistd.h>

#include <fmt/format.h>

#include "engine/zap/engines.h"
#include "fuzz/language/codec.h"
#include "fuzz/replay/replay.h"
#include "fuzz/triage/digest.h"
#include "fuzz/triage/inputs.h"
#include "fuzz/triage/libfuzzer_merge.h"
#include "fuzz/triage/working_corpus.h"

namespace shootdown {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view text_target = "text";

// --- what is to be done ---

// The set of oracles, which is the fuzz target's to understand; but a wrong name is bad usage, not a failure of it.
std::string oracles_of(const CorpusMergeOptions& options) {
  const char* const set = std::getenv("SHOOTDOWN_ORACLES");
  std::string oracles = options.oracles.value_or(set == nullptr ? "claims" : set);
  const std::variant<OracleSet, InputError> selected = select_oracles(oracles, *all_engines().front());
  if (const auto* const error = std::get_if<InputError>(&selected))
    throw std::runtime_error(
        fmt::format("{}: {}", options.oracles ? "--oracles" : "SHOOTDOWN_ORACLES", error->message));
  return oracles;
}

// Where the fuzz target is, unless the user says so: beside this program, or where CMake's preset puts it.
fs::path usual_program(const std::string& name) {
  std::error_code ignored;
  const fs::path beside = fs::read_symlink("/proc/self/exe", ignored).replace_filename(name);
  return fs::exists(beside, ignored) ? beside : fs::path("build/fuzz") / name;
}

fs::path program_of(const CorpusMergeOptions& options) {
  const std::string name = "fuzz_" + options.target;
  const fs::path program = options.program.has_value() ? fs::path(*options.program) : usual_program(name);
  std::error_code ignored;
  if (fs::is_regular_file(program, ignored) && ::access(program.c_str(), X_OK) == 0) return program;
  throw std::runtime_error(fmt::format(
      "there is no program {}; expected the fuzz target: cmake --preset fuzz && cmake --build --preset fuzz "
      "--target {}; or name it by --target",
      printable(program.string()), name));
}

void require_target(const std::string& target) {
  if (target == text_target || find_engine(target) != nullptr) return;
  throw std::runtime_error(
      fmt::format("there is no target '{}'; there are: {}, {}", target, engine_names(), text_target));
}

// --- what is merged ---

// The bytes of an input as the target takes them: texts are encoded, but for the target that reads text.
std::variant<std::string, InputError> contents_for(const std::string& target, const RawInput& input) {
  if (target == text_target || !input.path.ends_with(".program")) return input.bytes;
  const std::variant<Input, InputError> read = read_input(input.name(), input.bytes);
  if (const auto* const error = std::get_if<InputError>(&read)) return *error;
  return std::string(as_characters(encode(std::get<Input>(read).document.program)));
}

std::size_t bytes_in(const Contents& contents) {
  return std::accumulate(contents.begin(), contents.end(), std::size_t{0},
                         [](std::size_t sum, const std::string& bytes) { return sum + bytes.size(); });
}

class CorpusMerge {
 public:
  CorpusMerge(const CorpusMergeOptions& options, fs::path program, std::string oracles, Console& console)
      : options_(options),
        console_(console),
        corpus_(options.folder.value_or("work/" + options.target)),
        merge_({.target = std::move(program),
                .oracles = std::move(oracles),
                .scratch = corpus_.scratch(),
                .progress = [this](std::size_t begun, std::size_t total) { show_progress(begun, total); }},
               signals_) {}

  ExitStatus run();

 private:
  bool take_in(const std::string& path, Contents& contents);
  Merged merge(const Contents& old, const Contents& taken_in);
  void show_progress(std::size_t begun, std::size_t total);
  void show_row(std::string_view what, const Contents& contents, const Merged* merged);
  void keep_crashes(const fs::path& folder) const;
  void show_crashes(const std::string& folder);

  const CorpusMergeOptions& options_;
  Console& console_;
  HeldSignals signals_;  // first of what is to be cleaned up, and so until the end
  WorkingCorpus corpus_;
  LibFuzzerMerge merge_;
};

ExitStatus CorpusMerge::run() {
  Contents old;
  Contents taken_in;
  bool good = corpus_.empty() || take_in(corpus_.folder().string(), old);
  for (const std::string& source : options_.sources) good = take_in(source, taken_in) && good;
  if (!good) return exit_bad_input;
  if (old.empty() && taken_in.empty())
    throw std::runtime_error(
        fmt::format("there is nothing to merge: {} is empty", printable(corpus_.folder().string())));
  const std::string crashes = options_.crashes.value_or("build/crashes/" + options_.target);
  const Merged merged = merge(old, taken_in);
  keep_crashes(crashes);  // before they are nowhere else
  corpus_.replace(merge_.kept());
  show_row("after", merged.kept, &merged);
  if (merge_.ended().inputs.empty()) return exit_fine;
  show_crashes(crashes);
  return exit_violation;
}

// Returns whether all inputs that a path names could be had, and nobody asked us to end meanwhile. That there are none is no mistake: zips are made without
// looking whether there is anything to put into them.
bool CorpusMerge::take_in(const std::string& path, Contents& contents) {
  bool good = true;
  const auto visit = [&](const std::variant<RawInput, InputError>& loaded) {
    const auto* const input = std::get_if<RawInput>(&loaded);
    std::variant<std::string, InputError> bytes =
        input == nullptr ? std::get<InputError>(loaded) : contents_for(options_.target, *input);
    if (const auto* const error = std::get_if<InputError>(&bytes)) {
      if (!error->no_input) console_.error(error->message);
      good = good && error->no_input;
    } else {
      contents.insert(std::get<std::string>(std::move(bytes)));
    }
    return !signals_.came();
  };
  visit_inputs(path, visit, AflPart::queue);
  return good && !signals_.came();
}

// The old corpus alone, first: so that it is known what it reaches, which nothing may fall behind.
Merged CorpusMerge::merge(const Contents& old, const Contents& taken_in) {
  const Merged before = old.empty() ? Merged() : merge_.merge(old);
  Contents all = before.kept;
  all.insert(taken_in.begin(), taken_in.end());
  const Merged after = all.empty() ? before : merge_.merge(all);
  if (after.features < before.features) throw std::runtime_error("the merge has lost coverage; nothing was changed");
  console_.out().print("{:<15} {:>11} {:>13} {:>9} {:>9}\n", options_.target, "files", "bytes", "edges", "features");
  show_row("before", old, &before);
  if (!options_.sources.empty()) show_row("taken in", taken_in, nullptr);
  return after;
}

void CorpusMerge::show_progress(std::size_t begun, std::size_t total) {
  if (!console_.out().is_terminal()) return;
  console_.out().print("  {:>9} of {} inputs\n", begun, total);
  console_.out().flush();
}

// `merged`: what the contents reach, if that is known.
void CorpusMerge::show_row(std::string_view what, const Contents& contents, const Merged* merged) {
  const std::string reached = merged == nullptr ? "" : fmt::format(" {:>9} {:>9}", merged->edges, merged->features);
  console_.out().print("{:<15} {:>11} {:>13}{}\n", what, contents.size(), bytes_in(contents), reached);
}

// Puts aside what ended the target.
void CorpusMerge::keep_crashes(const fs::path& folder) const {
  for (const std::string& bytes : merge_.ended().inputs) {
    fs::create_directories(folder);
    const fs::path path = folder / ("crash-" + digest(bytes));
    if (const int error = save_file(path, bytes); error != 0)
      throw std::system_error(error, std::generic_category(), printable(path.string()) + ": cannot write");
  }
}

void CorpusMerge::show_crashes(const std::string& folder) {
  const EndedTarget& ended = merge_.ended();
  console_.out().print("\nLeft out, because the target ended on them, and kept in {}: inputs: {}\n", printable(folder),
                       ended.inputs.size());
  for (const auto& [fact, count] : ended.facts) console_.out().print("{:>7} {}\n", count, printable(fact));
  console_.out().print("To make regressions of them: shootdown corpus add {}\n", shell_path(folder));
}

}  // namespace

ExitStatus corpus_merge_command(const CorpusMergeOptions& options, Console& console) {
  require_target(options.target);
  return CorpusMerge(options, program_of(options), oracles_of(options), console).run();
}

}  // namespace shootdown
