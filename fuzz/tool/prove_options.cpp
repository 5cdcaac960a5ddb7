#include "fuzz/tool/prove_options.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "fuzz/io/output.h"
#include "fuzz/replay/replay.h"

namespace shootdown {

namespace {

std::string freedom_names() {
  std::string names;
  for (const FreedomInfo& info : all_freedoms) names += fmt::format("{}{}", names.empty() ? "" : ", ", info.name);
  return names;
}

std::variant<Freedoms, InputError> freedoms_of(std::string_view list) {
  Freedoms freedoms;
  while (true) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view name = list.substr(0, comma);
    const auto* const info = std::ranges::find(all_freedoms, name, &FreedomInfo::name);
    if (info == all_freedoms.end())
      return InputError{
          fmt::format("--may: there is no '{}'; expected some of: {}", printable(std::string(name)), freedom_names())};
    freedoms.insert(info->freedom);
    if (comma == list.size()) return freedoms;
    list.remove_prefix(comma + 1);
  }
}

// What makes searches fast, and can be left out.
struct Aid {
  std::string_view name;
  bool ExplorerSettings::* is_used;
};
constexpr Aid aids[] = {{"merging", &ExplorerSettings::merges},
                        {"forgetting", &ExplorerSettings::forgets},
                        {"snapshots", &ExplorerSettings::snapshots}};

std::optional<InputError> leave_out(std::string_view list, ExplorerSettings& settings) {
  while (!list.empty()) {
    const std::string_view name = list.substr(0, list.find(','));
    const auto* const aid = std::ranges::find(aids, name, &Aid::name);
    if (aid == std::end(aids)) {
      return InputError{fmt::format("--without: there is no '{}'; expected some of: merging, forgetting, snapshots",
                                    printable(std::string(name)))};
    }
    settings.*aid->is_used = false;
    list.remove_prefix(std::min(name.size() + 1, list.size()));
  }
  return std::nullopt;
}

std::variant<std::vector<const Engine*>, InputError> asked_engines(const std::vector<std::string>& names,
                                                                   std::span<const Engine* const> engines) {
  if (names.empty()) return std::vector<const Engine*>(engines.begin(), engines.end());
  std::vector<const Engine*> chosen;
  for (const std::string& name : names) {
    auto engine = select_engine(name, engines);
    if (const auto* const error = std::get_if<InputError>(&engine)) return InputError{"--engine: " + error->message};
    chosen.push_back(std::get<const Engine*>(engine));
  }
  return chosen;
}

}  // namespace

std::variant<std::vector<ProvedEngine>, InputError> proved_engines(const ProveOptions& options,
                                                                   std::span<const Engine* const> engines) {
  const auto freedoms = freedoms_of(options.may);
  if (const auto* const error = std::get_if<InputError>(&freedoms)) return *error;
  ExplorerSettings settings{
      .freedoms = std::get<Freedoms>(freedoms), .exceptions = options.exceptions, .memory = options.memory << 20U};
  if (const std::optional<InputError> error = leave_out(options.without, settings)) return *error;
  if (!options.defect.empty()) {
    auto defect = select_defect(options.defect);
    if (const auto* const error = std::get_if<InputError>(&defect)) return InputError{"--defect: " + error->message};
    settings.defect = std::get<Defect>(defect);
  }
  const auto chosen = asked_engines(options.engines, engines);
  if (const auto* const error = std::get_if<InputError>(&chosen)) return *error;
  std::vector<ProvedEngine> proved;
  for (const Engine* const engine : std::get<std::vector<const Engine*>>(chosen)) {
    const auto oracles = select_oracles(options.oracles.value_or("claims"), *engine);
    if (const auto* const error = std::get_if<InputError>(&oracles)) return InputError{"--oracles: " + error->message};
    settings.oracles = std::get<OracleSet>(oracles);
    proved.push_back({.engine = engine, .settings = settings});
  }
  return proved;
}

std::string descriptions_of(const Freedoms& freedoms) {
  std::string text;
  for (const FreedomInfo& info : all_freedoms) {
    if (freedoms.contains(info.freedom)) text += fmt::format("{}{}", text.empty() ? "" : ", ", info.description);
  }
  return text;
}

std::string names_of(const Freedoms& freedoms) {
  std::string text;
  for (const FreedomInfo& info : all_freedoms) {
    if (freedoms.contains(info.freedom)) text += fmt::format("{}{}", text.empty() ? "" : ",", info.name);
  }
  return text;
}

}  // namespace shootdown
