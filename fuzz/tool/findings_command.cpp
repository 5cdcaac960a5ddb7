#include "fuzz/tool/findings_command.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "fuzz/replay/replay.h"
#include "fuzz/trace/columns.h"
#include "fuzz/triage/finding.h"
#include "fuzz/triage/inputs.h"
#include "fuzz/triage/isolated_replay.h"

namespace shootdown {

namespace {

// What came of a program on an engine.
struct Level {
  std::string program;
  std::string engine;
  std::vector<std::string> breaks;  // names of oracles
  std::string refusal;              // why it cannot be run, if so
  bool in_build = true;             // else `breaks` is what is expected
  bool as_expected = true;
};

struct Levels {
  std::vector<Level> model;
  std::vector<Level> linux_code;

  std::vector<Level>& of(std::string_view engine) { return is_optional_engine(engine) ? linux_code : model; }
};

class FindingsCommand {
 public:
  FindingsCommand(Console& console, std::span<const Engine* const> engines)
      : console_(console), replay_(subjects_, default_run_limit) {
    for (const Engine* const engine : engines) subjects_.push_back({.engine = engine, .oracles = {}});
  }

  ExitStatus run(const FindingsOptions& options);

 private:
  Levels levels_of(const Finding& finding);
  void run_program(const RawInput& input, const std::string& program, Levels& levels);
  static void add_missing_engines(const Document& document, const std::string& program, Levels& levels);
  void note(ExitStatus status) { status_ = graver(status_, status); }

  Console& console_;
  std::vector<Subject> subjects_;
  IsolatedReplay replay_;
  ExitStatus status_ = exit_fine;
};

// --- running ---

Levels FindingsCommand::levels_of(const Finding& finding) {
  Levels levels;
  for (const std::filesystem::path& path : finding.programs) {
    const std::string program = path.stem().string();
    const std::variant<RawInput, InputError> loaded = load_bytes(path.string());
    if (const auto* const error = std::get_if<InputError>(&loaded)) {
      console_.error(error->message);
      note(exit_bad_input);
      continue;
    }
    run_program(std::get<RawInput>(loaded), program, levels);
  }
  return levels;
}

void FindingsCommand::run_program(const RawInput& input, const std::string& program, Levels& levels) {
  const std::variant<Input, InputError> read = read_input(input.name(), input.bytes);
  if (const auto* const error = std::get_if<InputError>(&read)) {
    console_.error(error->message);
    note(exit_bad_input);
    return;
  }
  for (std::size_t i = 0; i < subjects_.size(); ++i) {
    const std::string_view engine = subjects_[i].engine->name();
    const IsolatedReplay::Result result = replay_.run(i, input);
    Level level{.program = program, .engine = std::string(engine), .breaks = {}, .refusal = {}};
    if (const auto* const verdict = std::get_if<Verdict>(&result)) {
      level.breaks = name_list(verdict->result.broken);
      level.as_expected = verdict->as_expected();
    } else if (const auto* const refusal = std::get_if<Refusal>(&result)) {
      level.refusal = refusal->why;
      level.as_expected = refusal->as_expected();
    } else if (const auto* const failure = std::get_if<InternalError>(&result)) {
      level.refusal = "internal error: " + failure->message;
      level.as_expected = false;
    } else {
      level.refusal = std::get<InputError>(result).message;
      level.as_expected = false;
    }
    if (!level.as_expected) note(exit_violation);
    levels.of(engine).push_back(std::move(level));
  }
  add_missing_engines(std::get<Input>(read).document, program, levels);
}

void FindingsCommand::add_missing_engines(const Document& document, const std::string& program, Levels& levels) {
  for (const Expectation& expectation : document.expectations) {
    std::vector<Level>& level = levels.of(expectation.engine);
    const bool was_run = std::ranges::any_of(
        level, [&](const Level& other) { return other.engine == expectation.engine && other.program == program; });
    if (was_run) continue;
    level.push_back({.program = program,
                     .engine = expectation.engine,
                     .breaks = expectation.breaks,
                     .refusal = {},
                     .in_build = false});
  }
}

// --- for people ---

constexpr std::size_t column_width = 38;

std::string sentence_of(const Level& level, bool name_program) {
  std::string text = name_program ? level.program + ": " : "";
  text += level.engine;
  if (!level.in_build) text += " (not in this build, expected)";
  if (!level.refusal.empty()) {
    text += " cannot run it: " + level.refusal;
  } else {
    text += level.breaks.empty() ? " holds" : fmt::format(" breaks {}", fmt::join(level.breaks, ", "));
  }
  if (!level.as_expected) text += ": NOT AS EXPECTED";
  return text;
}

std::string sentence_of(const KernelRuns& runs, bool name_program) {
  std::string text = name_program ? runs.program + ": " : "";
  text += fmt::format("{} ({}), {} CPUs ({}), {}", runs.kernel, runs.version, runs.cpus, runs.cpu, runs.filesystem);
  if (!runs.without.empty()) text += fmt::format(", without {}", runs.without);
  const std::string lost = runs.lost == 0 ? "none lost" : fmt::format("lost in {}", runs.lost);
  text += fmt::format(": {} of {} rounds", lost, runs.rounds);
  if (runs.times != 1) text += fmt::format(", {} times", runs.times);
  return text + fmt::format(", {} s", runs.seconds);
}

// Each of them wrapped, with nothing between.
template <typename Said>
std::vector<std::string> cell_of(const std::vector<Said>& said, bool name_program,
                                 std::string_view none = "not tried") {
  std::vector<std::string> lines;
  for (const Said& one : said) {
    for (std::string& line : wrap(sentence_of(one, name_program), column_width, 0)) lines.push_back(std::move(line));
  }
  if (lines.empty()) lines.emplace_back(none);
  return lines;
}

// A C program of a finding's own is told of in its explanation.
bool has_own_reproducer(const Finding& finding) {
  const auto is_c = [](const std::filesystem::directory_entry& file) { return file.path().extension() == ".c"; };
  const std::filesystem::directory_iterator files(finding.programs.front().parent_path());
  return std::any_of(begin(files), end(files), is_c);
}

void print_finding(const Finding& finding, const Levels& levels, Output& out) {
  const bool name_program = finding.programs.size() > 1;
  const std::array<std::pair<std::string_view, std::vector<std::string>>, 3> columns{{
      {"model", cell_of(levels.model, name_program)},
      {"Linux's own code", cell_of(levels.linux_code, name_program)},
      {"running kernels",
       cell_of(finding.running, name_program, has_own_reproducer(finding) ? "see its README.md" : "not tried")},
  }};
  out.print("{}: {}\n{}\n", finding.name, finding.status.empty() ? "no status" : finding.status, finding.title);
  std::size_t height = 0;
  for (const auto& [head, lines] : columns) height = std::max(height, lines.size());
  const auto print_row = [&](const auto& text_of) {
    std::string row;
    for (const auto& column : columns) row += fmt::format("  {:{}}", text_of(column), column_width);
    row.erase(row.find_last_not_of(' ') + 1);
    out.print("{}\n", row);
  };
  out.print("\n");
  print_row([](const auto& column) { return column.first; });
  print_row([](const auto& column) { return std::string(column.first.size(), '-'); });
  for (std::size_t i = 0; i < height; ++i) {
    print_row([&](const auto& column) { return i < column.second.size() ? column.second[i] : std::string(); });
  }
}

// --- for programs ---

nlohmann::ordered_json json_of(const std::vector<Level>& levels) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Level& level : levels) {
    nlohmann::ordered_json one{{"program", level.program}, {"engine", level.engine}, {"in build", level.in_build}};
    if (level.refusal.empty()) {
      one["breaks"] = level.breaks;
    } else {
      one["refusal"] = level.refusal;
    }
    one["as expected"] = level.as_expected;
    list.push_back(std::move(one));
  }
  return list;
}

nlohmann::ordered_json json_of(const std::vector<KernelRuns>& running) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const KernelRuns& runs : running) {
    list.push_back({{"program", runs.program},
                    {"kernel", runs.kernel},
                    {"version", runs.version},
                    {"cpu", runs.cpu},
                    {"cpus", runs.cpus},
                    {"filesystem", runs.filesystem},
                    {"without", runs.without},
                    {"times", runs.times},
                    {"with losses", runs.with_losses},
                    {"seconds", runs.seconds},
                    {"rounds", runs.rounds},
                    {"unmapped", runs.unmapped},
                    {"stale", runs.stale},
                    {"lost", runs.lost}});
  }
  return list;
}

// --- both ---

ExitStatus FindingsCommand::run(const FindingsOptions& options) {
  const std::variant<std::vector<Finding>, InputError> loaded = load_findings(options.folder);
  if (const auto* const error = std::get_if<InputError>(&loaded)) {
    console_.error(error->message);
    return exit_bad_input;
  }
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  bool first = true;
  for (const Finding& finding : std::get<std::vector<Finding>>(loaded)) {
    const Levels levels = levels_of(finding);
    if (!options.json) {
      if (!std::exchange(first, false)) console_.out().print("\n\n");
      print_finding(finding, levels, console_.out());
      continue;
    }
    list.push_back({{"name", finding.name},
                    {"title", finding.title},
                    {"status", finding.status},
                    {"model", json_of(levels.model)},
                    {"linux", json_of(levels.linux_code)},
                    {"running", json_of(finding.running)}});
  }
  if (options.json)
    console_.out().print("{}\n", list.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  if (const std::optional<InternalError> error = replay_.finish()) {
    console_.error("internal error, found when all had been run: " + error->message);
    note(exit_violation);
  }
  return status_;
}

}  // namespace

ExitStatus findings_command(const FindingsOptions& options, Console& console, std::span<const Engine* const> engines) {
  try {
    return FindingsCommand(console, engines).run(options);
  } catch (const std::system_error& error) {
    console.error(fmt::format("cannot go on: {}", error.what()));
    return exit_bad_input;
  }
}

}  // namespace shootdown
