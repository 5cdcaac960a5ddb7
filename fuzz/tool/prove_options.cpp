#include "fuzz/tool/prove_options.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "fuzz/io/names.h"
#include "fuzz/io/output.h"
#include "fuzz/prove/freedoms.h"
#include "fuzz/tool/subjects.h"

namespace shootdown {

namespace {

// What makes searches fast, and can be left out.
struct Aid {
  std::string_view name;
  bool ExplorerSettings::* is_used;
};
constexpr Aid aids[] = {{"merging", &ExplorerSettings::merges},
                        {"forgetting", &ExplorerSettings::forgets},
                        {"snapshots", &ExplorerSettings::snapshots},
                        {"foresight", &ExplorerSettings::foresees}};

}  // namespace

std::string names_of_aids() {
  std::string names;
  for (const Aid& aid : aids) names += fmt::format("{}{}", names.empty() ? "" : ", ", aid.name);
  return names;
}

namespace {

std::optional<InputError> leave_out(std::string_view list, ExplorerSettings& settings) {
  if (list.empty()) return std::nullopt;
  for (const std::string_view name : names_in(list)) {
    const auto* const aid = std::ranges::find(aids, name, &Aid::name);
    if (aid == std::end(aids)) {
      return InputError{fmt::format("--without: there is no '{}'; expected some of: {}", printable(std::string(name)),
                                    names_of_aids())};
    }
    settings.*aid->is_used = false;
  }
  return std::nullopt;
}

bool is_model(const Engine& engine) {
  return std::ranges::find(model_engines(), &engine) != model_engines().end();
}

}  // namespace

std::variant<std::vector<ProvedEngine>, InputError> proved_engines(const ProveOptions& options,
                                                                   std::span<const Engine* const> engines,
                                                                   std::span<const Engine* const> known) {
  const auto freedoms = select_freedoms(options.may);
  if (const auto* const error = std::get_if<InputError>(&freedoms)) return InputError{"--may: " + error->message};
  ExplorerSettings settings{
      .freedoms = std::get<Freedoms>(freedoms), .exceptions = options.exceptions, .memory = options.memory << 20U};
  if (const std::optional<InputError> error = leave_out(options.without, settings)) return *error;
  const auto subjects = select_subjects(
      {.engines = options.engines, .oracles = options.oracles.value_or("claims"), .defect = options.defect}, engines,
      known);
  if (const auto* const error = std::get_if<InputError>(&subjects)) return *error;
  std::vector<ProvedEngine> proved;
  for (const Subject& subject : std::get<std::vector<Subject>>(subjects)) {
    // Of the steps of a kernel that is code only the addresses are known before they are made.
    if (settings.freedoms.contains(Freedom::fill) && !is_model(*subject.engine)) {
      return InputError{
          fmt::format("--may: what {} looks at is not known beforehand, so that 'fill' would leave out some",
                      subject.engine->name())};
    }
    settings.oracles = *subject.oracles;
    settings.defect = subject.defect;
    proved.push_back({.engine = subject.engine, .settings = settings});
  }
  return proved;
}

}  // namespace shootdown
