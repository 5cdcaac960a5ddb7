#include "fuzz/tool/corpus_list.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/zap/engines.h"
#include "fuzz/io/table.h"
#include "fuzz/triage/inputs.h"
#include "fuzz/triage/regression.h"

namespace shootdown {

namespace {

struct Entry {
  std::string name;
  std::string title;
  std::vector<Expectation> expectations;
};

const Expectation* expectation_of(const Entry& entry, std::string_view engine) {
  const auto found = std::ranges::find(entry.expectations, engine, &Expectation::engine);
  return found == entry.expectations.end() ? nullptr : &*found;
}

// --- for people ---

std::string in_short(const Expectation* expectation) {
  if (expectation == nullptr) return "-";
  return expectation->breaks.empty() ? "holds" : fmt::format("breaks {}", expectation->breaks.size());
}

// Those of this build, then others of which something is expected.
std::vector<std::string_view> engines_of(const std::vector<Entry>& entries) {
  std::vector<std::string_view> engines;
  for (const Engine* const engine : all_engines()) engines.push_back(engine->name());
  for (const Entry& entry : entries) {
    for (const Expectation& expectation : entry.expectations) {
      if (std::ranges::find(engines, expectation.engine) == engines.end()) engines.push_back(expectation.engine);
    }
  }
  return engines;
}

// A row for each program, below the heads of the columns.
std::vector<std::vector<std::string>> rows_of(const std::vector<Entry>& entries) {
  const std::vector<std::string_view> engines = engines_of(entries);
  std::vector<std::vector<std::string>> rows{{"program"}};
  for (const std::string_view engine : engines) rows.front().emplace_back(engine);
  rows.front().emplace_back("title");
  for (const Entry& entry : entries) {
    std::vector<std::string>& row = rows.emplace_back();
    row.push_back(entry.name);
    for (const std::string_view engine : engines) row.push_back(in_short(expectation_of(entry, engine)));
    row.push_back(entry.title);
  }
  return rows;
}

// --- for programs ---

void print_json(const std::vector<Entry>& entries, Output& out) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Entry& entry : entries) {
    nlohmann::ordered_json expected = nlohmann::ordered_json::object();
    for (const Expectation& expectation : entry.expectations) expected[expectation.engine] = expectation.breaks;
    list.push_back({{"name", entry.name}, {"title", entry.title}, {"breaks", std::move(expected)}});
  }
  // Names and titles may be any bytes.
  out.print("{}\n", list.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace

ExitStatus corpus_list_command(const CorpusListOptions& options, Console& console) {
  ExitStatus status = exit_fine;
  std::vector<Entry> entries;
  const auto fail = [&](const InputError& error) {
    console.error(error.message);
    status = exit_bad_input;
  };
  const auto visit = [&](const std::variant<RawInput, InputError>& loaded) {
    if (const auto* const error = std::get_if<InputError>(&loaded)) {
      fail(*error);
      return true;
    }
    const RawInput& raw = std::get<RawInput>(loaded);
    std::variant<Input, InputError> read = read_input(raw.name(), raw.bytes);
    if (const auto* const error = std::get_if<InputError>(&read)) {
      fail(*error);
      return true;
    }
    Input& input = std::get<Input>(read);
    entries.push_back({.name = raw.name(),
                       .title = input.text ? printable(title_of(raw.bytes)) : "",
                       .expectations = std::move(input.document.expectations)});
    return true;
  };
  for (const std::string& path : options.paths) visit_inputs(path, visit);
  if (options.json) {
    print_json(entries, console.out());
  } else if (!entries.empty()) {
    console.out().write(aligned(rows_of(entries)));
  }
  return status;
}

}  // namespace shootdown
