#include "fuzz/tool/defects_command.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "engine/defects.h"
#include "fuzz/replay/replay.h"
#include "fuzz/trace/columns.h"
#include "fuzz/triage/defect_search.h"
#include "fuzz/triage/inputs.h"

namespace shootdown {

namespace {

// Those that are asked for, or what is wrong.
std::variant<std::vector<DefectInfo>, InputError> chosen_defects(const std::vector<std::string>& names) {
  std::vector<DefectInfo> chosen;
  if (names.empty()) chosen.assign(all_defects().begin(), all_defects().end());
  for (const std::string& name : names) {
    const std::variant<Defect, InputError> defect = select_defect(name);
    if (const auto* const error = std::get_if<InputError>(&defect)) return *error;
    chosen.push_back(*find_defect(name));
  }
  return chosen;
}

void list(const std::vector<DefectInfo>& defects, Output& out) {
  for (const DefectInfo& defect : defects) {
    out.print("{}\n", defect.name);
    for (const std::string& line : wrap(defect.what, text_width, 2)) out.print("{}\n", line);
    if (defect.engine == no_engine) {
      out.print("  cannot be caught\n");
    } else if (defect.engine != any_engine) {
      out.print("  shows on {} only\n", defect.engine);
    }
  }
}

// The programs of a folder, or what is wrong with them.
std::variant<std::vector<RawInput>, InputError> load_corpus(const std::string& path) {
  std::vector<RawInput> corpus;
  std::optional<InputError> error;
  visit_inputs(path, [&](const std::variant<RawInput, InputError>& loaded) {
    if (const auto* const bad = std::get_if<InputError>(&loaded)) {
      error = *bad;
    } else {
      const auto& input = std::get<RawInput>(loaded);
      const std::variant<Input, InputError> read = read_input(input.name(), input.bytes);
      if (const auto* const unreadable = std::get_if<InputError>(&read)) error = *unreadable;
      corpus.push_back(input);
    }
    return !error.has_value();
  });
  if (error.has_value()) return *error;
  return corpus;
}

// As expected: caught, or not if it cannot be.
bool measure(const DefectInfo& defect, DefectPrograms& programs, const DefectsOptions& options, Output& out) {
  const DefectSearch search = search_for(defect, programs, options.runs);
  const bool expected = search.caught.has_value() != (defect.engine == no_engine);
  const std::string engine(search.caught.has_value() ? search.caught->engine->name() : "-");
  const std::string oracle(search.caught.has_value() ? oracle_name(search.caught->oracle) : "not caught");
  out.print("{:26}  {:14}  {:19}  {:6}", defect.name, engine, oracle, search.runs);
  if (search.caught.has_value()) out.print("  {}", printable(search.caught->input.path));
  if (search.failures != 0) out.print("  ({} failed: {})", search.failures, search.failed);
  if (!expected) out.print("  NOT EXPECTED");
  out.print("\n");
  out.flush();
  return expected;
}

}  // namespace

ExitStatus defects_command(const DefectsOptions& options, Console& console) {
  const auto chosen = chosen_defects(options.names);
  if (const auto* const error = std::get_if<InputError>(&chosen)) {
    console.error(error->message);
    return exit_bad_input;
  }
  const auto& defects = std::get<std::vector<DefectInfo>>(chosen);
  if (!options.measure) {
    list(defects, console.out());
    return exit_fine;
  }
  std::variant<std::vector<RawInput>, InputError> corpus = load_corpus(options.corpus);
  if (const auto* const error = std::get_if<InputError>(&corpus)) {
    console.error(error->message);
    return exit_bad_input;
  }
  DefectPrograms programs(std::move(std::get<std::vector<RawInput>>(corpus)));
  console.out().print("{:26}  {:14}  {:19}  {:>6}  {}\n", "defect", "engine", "oracle", "runs", "program");
  std::size_t surprises = 0;
  for (const DefectInfo& defect : defects) {
    if (!measure(defect, programs, options, console.out())) ++surprises;
  }
  return surprises == 0 ? exit_fine : exit_violation;
}

}  // namespace shootdown
