#include "fuzz/triage/finding.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "fuzz/triage/inputs.h"

namespace shootdown {

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 3> statuses{"candidate", "confirmed", "refuted"};

std::variant<std::string, InputError> read_text(const fs::path& path) {
  std::variant<RawInput, InputError> loaded = load_bytes(path.string());
  if (auto* const error = std::get_if<InputError>(&loaded)) return std::move(*error);
  return std::move(std::get<RawInput>(loaded).bytes);
}

// The title, and the line "Status: ..." below it.
void read_explanation(const std::string& text, Finding& finding) {
  constexpr std::string_view before_status = "Status: ";
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# ") && finding.title.empty()) finding.title = line.substr(2);
    if (!line.starts_with(before_status)) continue;
    const std::string status = line.substr(before_status.size());
    if (std::ranges::find(statuses, status) != statuses.end()) finding.status = status;
    return;
  }
}

// Throws nlohmann::json::exception.
KernelRuns kernel_run_of(const std::string& line) {
  const nlohmann::json json = nlohmann::json::parse(line);
  KernelRuns run{.program = json.at("program"),
                 .kernel = json.at("kernel"),
                 .version = json.at("version"),
                 .cpu = json.at("cpu"),
                 .filesystem = json.at("filesystem"),
                 .without = json.at("without"),
                 .cpus = json.at("cpus"),
                 .times = 1,
                 .seconds = json.at("seconds"),
                 .rounds = json.at("rounds"),
                 .unmapped = json.at("unmapped"),
                 .stale = json.at("stale"),
                 .lost = json.at("lost")};
  run.with_losses = run.lost != 0 ? 1 : 0;
  return run;
}

void add(std::vector<KernelRuns>& running, const KernelRuns& run) {
  const auto same = std::ranges::find_if(running, [&](const KernelRuns& other) { return other.is_like(run); });
  if (same == running.end()) {
    running.push_back(run);
    return;
  }
  same->times += run.times;
  same->with_losses += run.with_losses;
  same->seconds += run.seconds;
  same->rounds += run.rounds;
  same->unmapped += run.unmapped;
  same->stale += run.stale;
  same->lost += run.lost;
}

std::optional<InputError> read_running(const fs::path& path, std::vector<KernelRuns>& running) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return std::nullopt;
  const std::variant<std::string, InputError> text = read_text(path);
  if (const auto* const error = std::get_if<InputError>(&text)) return *error;
  std::istringstream lines(std::get<std::string>(text));
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    try {
      add(running, kernel_run_of(line));
    } catch (const nlohmann::json::exception& error) {
      return InputError{fmt::format("{}:{}: expected the last line that a C program of shootdown reproduce prints: {}",
                                    printable(path.string()), number, printable(error.what()))};
    }
  }
  return std::nullopt;
}

std::variant<Finding, InputError> load_finding(const fs::path& folder, std::vector<fs::path> programs) {
  const std::variant<std::string, InputError> explanation = read_text(folder / "README.md");
  if (const auto* const error = std::get_if<InputError>(&explanation)) return *error;
  Finding finding{
      .name = folder.filename().string(), .title = {}, .status = {}, .programs = std::move(programs), .running = {}};
  read_explanation(std::get<std::string>(explanation), finding);
  if (const std::optional<InputError> error = read_running(folder / running_kernels_file, finding.running))
    return *error;
  return finding;
}

// The folders in which there are programs, with those.
std::vector<std::pair<fs::path, std::vector<fs::path>>> by_folder(const std::vector<fs::path>& programs) {
  std::vector<std::pair<fs::path, std::vector<fs::path>>> folders;
  for (const fs::path& program : programs) {
    if (folders.empty() || folders.back().first != program.parent_path())
      folders.emplace_back(program.parent_path(), std::vector<fs::path>());
    folders.back().second.push_back(program);
  }
  return folders;
}

}  // namespace

bool KernelRuns::is_like(const KernelRuns& other) const {
  const auto what = [](const KernelRuns& runs) {
    return std::tie(runs.program, runs.kernel, runs.version, runs.cpu, runs.cpus, runs.filesystem, runs.without);
  };
  return what(*this) == what(other);
}

std::variant<std::vector<Finding>, InputError> load_findings(const fs::path& folder) {
  Listing listing = list_inputs(folder);
  if (!listing.errors.empty()) return std::move(listing.errors.front());
  std::vector<Finding> findings;
  for (auto& [path, programs] : by_folder(listing.inputs)) {
    std::variant<Finding, InputError> finding = load_finding(path, std::move(programs));
    if (auto* const error = std::get_if<InputError>(&finding)) return std::move(*error);
    findings.push_back(std::move(std::get<Finding>(finding)));
  }
  return findings;
}

}  // namespace shootdown
