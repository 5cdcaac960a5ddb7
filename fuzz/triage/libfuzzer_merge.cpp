#include "fuzz/triage/libfuzzer_merge.h"

#include <fstream>
#include <optional>
#include <regex>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "fuzz/io/files.h"
#include "fuzz/io/output.h"
#include "fuzz/triage/process.h"

namespace shootdown {

namespace fs = std::filesystem;

namespace {

// Below the scratch folder, in which libFuzzer works: it starts its children by a shell and does not quote, so no path
// that it is given may have a space in it, wherever all of this is.
constexpr const char* target_link = "target";
constexpr const char* input_folder = "in";
constexpr const char* kept_folder = "kept";
constexpr const char* control_file = "control";
constexpr const char* log_file = "log";

constexpr std::chrono::seconds between_progress{2};

std::string input_name(std::size_t number) {
  return fmt::format("{}/{:08}", input_folder, number);
}

// How many inputs the target has begun to read.
std::size_t count_begun(const fs::path& control) {
  std::ifstream file(control, std::ios::binary);
  std::size_t begun = 0;
  for (std::string line; std::getline(file, line);) begun += line.starts_with("STARTED") ? 1 : 0;
  return begun;
}

std::string without_numbers(std::string_view text) {
  static const std::regex number("-?\\b(0x[0-9a-f]+|[0-9]+)\\b");
  return std::regex_replace(std::string(text), number, "N");
}

// What a target has said of its end, if that is what a line is about.
std::optional<std::string> fact_of(std::string_view line) {
  if (line.find("libFuzzer: deadly signal") != std::string_view::npos) return std::nullopt;  // it has said more before
  for (const std::string_view ours : {"shootdown: ", "SUMMARY: "}) {
    if (line.starts_with(ours)) return without_numbers(line.substr(ours.size()));
  }
  if (line.starts_with("fuzz_text: ")) return without_numbers(line);
  return std::nullopt;
}

// The last lines of a text.
std::string tail(const std::string& text) {
  constexpr std::size_t most_lines = 40;
  std::size_t begin = text.size();
  for (std::size_t lines = 0; begin > 1 && lines < most_lines; ++lines) begin = text.rfind('\n', begin - 2) + 1;
  return text.substr(begin > 1 ? begin : 0);
}

}  // namespace

LibFuzzerMerge::LibFuzzerMerge(Settings settings, const HeldSignals& signals)
    : settings_(std::move(settings)), signals_(signals) {
  fs::remove(settings_.scratch / target_link);
  fs::create_symlink(fs::absolute(settings_.target), settings_.scratch / target_link);
}

Merged LibFuzzerMerge::merge(Contents inputs) {
  for (const std::string& bytes : ended_.inputs) inputs.erase(bytes);
  Merged merged = merge_once(inputs);
  if (merged.in_one_process) return merged;
  merged = merge_once(merged.kept);
  if (!merged.in_one_process) fail("an input broke nothing at first, and something when it was run again");
  return merged;
}

Merged LibFuzzerMerge::merge_once(const Contents& inputs) {
  lay_out(inputs);
  run_target(inputs.size());
  require_all_begun(inputs.size());
  return take_stock(inputs);
}

// Writes the inputs, and the state of a merge that was interrupted before its first input, for libFuzzer to go on with:
// so the order is ours.
void LibFuzzerMerge::lay_out(const Contents& inputs) const {
  for (const char* const folder : {input_folder, kept_folder}) {
    fs::remove_all(settings_.scratch / folder);
    fs::create_directory(settings_.scratch / folder);
  }
  std::string control = fmt::format("{}\n0\n", inputs.size());
  std::size_t number = 0;
  for (const std::string& bytes : inputs) {
    const std::string name = input_name(number++);
    write_file(settings_.scratch / name, bytes);
    control += name + "\n";
  }
  write_file(settings_.scratch / control_file, control);
}

void LibFuzzerMerge::run_target(std::size_t total) {
  const fs::path control = settings_.scratch / control_file;
  // Long inputs are not cut: what a fuzzer with another limit has found counts as well.
  Child child({.program = fmt::format("./{}", target_link),
               .arguments = {"-merge=1", "-timeout=30", "-max_len=1048576",
                             fmt::format("-merge_control_file={}", control_file), kept_folder, input_folder},
               .environment = {{"SHOOTDOWN_ORACLES", settings_.oracles}},
               .folder = settings_.scratch,
               .log = settings_.scratch / log_file},
              signals_);
  std::optional<std::string> end;
  while (!(end = child.wait(between_progress)).has_value()) {
    if (signals_.came()) throw std::runtime_error("interrupted; nothing was changed");
    if (settings_.progress) settings_.progress(count_begun(control), total);
  }
  if (*end != describe_end(0)) fail(*end);
}

// libFuzzer takes it for the end of its work when its children cannot start.
void LibFuzzerMerge::require_all_begun(std::size_t total) const {
  const std::size_t begun = count_begun(settings_.scratch / control_file);
  if (begun != total) fail(fmt::format("has read {} of {} inputs, expected all", begun, total));
}

// What the log says of the merge, and what has been kept.
Merged LibFuzzerMerge::take_stock(const Contents& inputs) {
  static const std::regex summary(
      "MERGE-OUTER: .* new files with ([0-9]+) new features added; ([0-9]+) new coverage edges");
  static const std::regex failure(fmt::format("MERGE-INNER: '{}/([0-9]+)' caused a failure .*", input_folder));
  Merged merged;
  std::set<std::size_t> ended;
  bool any_summary = false;
  std::ifstream log(settings_.scratch / log_file, std::ios::binary);
  for (std::string line; std::getline(log, line);) {
    std::smatch match;
    if (line.starts_with("MERGE-OUTER: ") && std::regex_match(line, match, summary)) {
      merged.features = std::stoul(match[1]);
      merged.edges = std::stoul(match[2]);
      any_summary = true;
    } else if (line.starts_with("MERGE-INNER: ") && std::regex_match(line, match, failure)) {
      ended.insert(std::stoul(match[1]));
    } else if (const std::optional<std::string> fact = fact_of(line)) {
      ++ended_.facts[*fact];
    }
  }
  if (!any_summary) fail("says nothing of coverage");
  std::size_t number = 0;
  for (const std::string& bytes : inputs) {
    if (ended.contains(number++)) ended_.inputs.insert(bytes);
  }
  merged.in_one_process = ended.empty();
  for (const fs::directory_entry& entry : fs::directory_iterator(kept())) merged.kept.insert(read_file(entry.path()));
  return merged;
}

void LibFuzzerMerge::fail(std::string_view what) const {
  throw std::runtime_error(fmt::format("the merge has failed, and nothing was changed: {}: {}\n{}",
                                       printable(settings_.target.string()), what,
                                       tail(read_file(settings_.scratch / log_file))));
}

}  // namespace shootdown
