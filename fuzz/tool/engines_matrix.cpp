#include "fuzz/tool/engines_matrix.h"

#include <algorithm>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "fuzz/io/table.h"
#include "fuzz/language/text.h"
#include "fuzz/replay/replay.h"
#include "fuzz/trace/columns.h"
#include "fuzz/triage/breakages.h"

namespace shootdown {

namespace {

// Those that are asked for, or what is wrong.
std::variant<std::vector<const Engine*>, InputError> chosen_engines(const std::vector<std::string>& names,
                                                                    std::span<const Engine* const> engines) {
  if (names.empty()) return std::vector<const Engine*>(engines.begin(), engines.end());
  std::vector<const Engine*> chosen;
  for (const std::string& name : names) {
    const auto engine = select_engine(name, engines);
    if (const auto* const error = std::get_if<InputError>(&engine)) return *error;
    chosen.push_back(std::get<const Engine*>(engine));
  }
  return chosen;
}

// Programs of which one at least can be run, or what is wrong.
std::variant<std::vector<CorpusProgram>, InputError> load_corpus(const std::string& path) {
  auto corpus = load_programs(path, all_engines());
  const auto* const programs = std::get_if<std::vector<CorpusProgram>>(&corpus);
  if (programs == nullptr || !programs->empty()) return corpus;
  return InputError{fmt::format("{}: no engine can run any of these programs", printable(path))};
}

bool is_judged(const EngineBreakages& row, const Breakage& breakage) {
  return judged_with(row.engine->sends()).contains(breakage.oracle);
}
bool is_claimed(const EngineBreakages& row, const Breakage& breakage) {
  return claims_of(*row.engine).contains(breakage.oracle);
}

// Calls visit(breakage, example) for each, in their order.
template <typename Visit>
void each_cell(const EngineBreakages& row, const Visit& visit) {
  for (std::size_t i = 0; i < row.examples.size(); ++i) visit(all_breakages()[i], row.examples[i]);
}

// --- for people ---

std::string in_short(const EngineBreakages& row, const Breakage& breakage, const std::optional<Example>& example) {
  if (example.has_value()) return "YES";
  return is_judged(row, breakage) ? fmt::format("no ({})", row.runs) : "not judged";
}

std::vector<std::vector<std::string>> table_of(const std::vector<EngineBreakages>& rows) {
  std::vector<std::vector<std::string>> table{{"engine"}};
  for (const Breakage& breakage : all_breakages()) table.front().emplace_back(breakage.name);
  for (const EngineBreakages& row : rows) {
    std::vector<std::string>& cells = table.emplace_back(std::vector{std::string(row.engine->name())});
    each_cell(row, [&](const Breakage& breakage, const std::optional<Example>& example) {
      cells.push_back(in_short(row, breakage, example));
    });
  }
  return table;
}

void print_example(const EngineBreakages& row, std::string_view what, const Example& example, Output& out) {
  out.print("\n# {} {} (from {})\n{}", row.engine->name(), what, printable(example.origin), print(example.program));
}

void print_for_people(const std::vector<EngineBreakages>& rows, Output& out) {
  out.write(aligned(table_of(rows)));
  out.print("\n");
  for (const Breakage& breakage : all_breakages()) {
    for (const std::string& line : wrap(fmt::format("{}: {}", breakage.name, breakage.what), text_width, 0))
      out.print("{}\n", line);
  }
  out.print("YES: the program below shows it. no (N): it was not seen in N runs, which proves nothing.\n");
  for (const EngineBreakages& row : rows) {
    each_cell(row, [&](const Breakage& breakage, const std::optional<Example>& example) {
      if (example.has_value()) print_example(row, fmt::format("- {}", breakage.name), *example, out);
    });
  }
  for (const EngineBreakages& row : rows) {
    if (!row.surprise.has_value()) continue;
    const std::string what = fmt::format("breaks {}, which it claims", oracle_name(row.surprise->oracle));
    print_example(row, what, row.surprise->example, out);
  }
}

// --- for programs ---

void print_for_programs(const std::vector<EngineBreakages>& rows, Output& out) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const EngineBreakages& row : rows) {
    nlohmann::ordered_json cells = nlohmann::ordered_json::array();
    each_cell(row, [&](const Breakage& breakage, const std::optional<Example>& example) {
      nlohmann::ordered_json cell{{"breakage", breakage.name},
                                  {"oracle", oracle_name(breakage.oracle)},
                                  {"judged", is_judged(row, breakage)},
                                  {"claimed", is_claimed(row, breakage)},
                                  {"shown", example.has_value()}};
      if (example.has_value()) {
        cell["from"] = example->origin;
        cell["program"] = print(example->program);
      }
      cells.push_back(std::move(cell));
    });
    list.push_back({{"engine", row.engine->name()}, {"runs", row.runs}, {"breakages", std::move(cells)}});
    if (!row.surprise.has_value()) continue;
    list.back()["breaks_its_claim"] = {{"oracle", oracle_name(row.surprise->oracle)},
                                       {"from", row.surprise->example.origin},
                                       {"program", print(row.surprise->example.program)}};
  }
  // Names of files may be any bytes.
  out.print("{}\n", list.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace

ExitStatus engines_matrix_command(const EnginesOptions& options, Console& console,
                                  std::span<const Engine* const> engines) {
  const auto chosen = chosen_engines(options.engines, engines);
  if (const auto* const error = std::get_if<InputError>(&chosen)) {
    console.error(error->message);
    return exit_bad_input;
  }
  const auto corpus = load_corpus(options.corpus);
  if (const auto* const error = std::get_if<InputError>(&corpus)) {
    console.error(error->message);
    return exit_bad_input;
  }
  const CorpusAndMutants programs(std::get<std::vector<CorpusProgram>>(corpus), 0);
  std::vector<EngineBreakages> rows;
  for (const Engine* const engine : std::get<std::vector<const Engine*>>(chosen))
    rows.push_back(find_breakages(*engine, programs, options.runs));
  options.json ? print_for_programs(rows, console.out()) : print_for_people(rows, console.out());
  const auto is_surprising = [](const EngineBreakages& row) { return row.surprise.has_value(); };
  return std::ranges::any_of(rows, is_surprising) ? exit_violation : exit_fine;
}

}  // namespace shootdown
