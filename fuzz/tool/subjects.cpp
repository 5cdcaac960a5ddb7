#include "fuzz/tool/subjects.h"

#include <algorithm>
#include <string_view>

#include "fuzz/replay/replay.h"

namespace shootdown {

namespace {

InputError error_in(std::string_view option, const InputError& error) {
  return {std::string(option) + ": " + error.message};
}

std::variant<std::vector<const Engine*>, InputError> select_engines(const std::vector<std::string>& names,
                                                                    std::span<const Engine* const> usual,
                                                                    std::span<const Engine* const> known) {
  if (names.empty()) return std::vector<const Engine*>(usual.begin(), usual.end());
  std::vector<const Engine*> engines;
  for (const std::string& name : names) {
    const std::variant<const Engine*, InputError> engine = select_engine(name, known);
    if (const auto* const error = std::get_if<InputError>(&engine)) return error_in("--engine", *error);
    const auto* const named = std::get<const Engine*>(engine);
    if (std::ranges::find(engines, named) == engines.end()) engines.push_back(named);
  }
  return engines;
}

}  // namespace

std::variant<std::vector<Subject>, InputError> select_subjects(const SubjectOptions& options,
                                                               std::span<const Engine* const> engines,
                                                               std::span<const Engine* const> known) {
  Defect defect = Defect::none;
  if (!options.defect.empty()) {
    const std::variant<Defect, InputError> selected = select_defect(options.defect);
    if (const auto* const error = std::get_if<InputError>(&selected)) return error_in("--defect", *error);
    defect = std::get<Defect>(selected);
  }
  const auto chosen = select_engines(options.engines, engines, known);
  if (const auto* const error = std::get_if<InputError>(&chosen)) return *error;
  std::vector<Subject> subjects;
  for (const Engine* const engine : std::get<std::vector<const Engine*>>(chosen)) {
    Subject& subject = subjects.emplace_back(Subject{.engine = engine, .oracles = {}, .defect = defect});
    if (!options.oracles.has_value()) continue;
    const std::variant<OracleSet, InputError> selected = select_oracles(*options.oracles, *engine);
    if (const auto* const error = std::get_if<InputError>(&selected)) return error_in("--oracles", *error);
    subject.oracles = std::get<OracleSet>(selected);
  }
  return subjects;
}

}  // namespace shootdown
