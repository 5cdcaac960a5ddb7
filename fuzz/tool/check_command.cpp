#include "fuzz/tool/check_command.h"

#include <algorithm>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "fuzz/check/check_engine.h"
#include "fuzz/check/check_json.h"
#include "fuzz/check/check_page.h"
#include "fuzz/check/check_table.h"
#include "fuzz/prove/freedoms.h"
#include "fuzz/prove/program_space.h"
#include "fuzz/replay/replay.h"
#include "fuzz/scoreboard/workers.h"
#include "fuzz/tool/subjects.h"

namespace shootdown {

namespace {

// One that is named twice counts once.
std::variant<std::vector<const Engine*>, InputError> engines_named(const std::vector<std::string>& names,
                                                                   std::span<const Engine* const> engines) {
  std::vector<const Engine*> chosen;
  for (const std::string& name : names) {
    const auto engine = select_engine(name, engines);
    if (const auto* const error = std::get_if<InputError>(&engine)) return *error;
    const auto* const named = std::get<const Engine*>(engine);
    if (std::ranges::find(chosen, named) == chosen.end()) chosen.push_back(named);
  }
  return chosen;
}

// Each of which has something to work on.
std::variant<std::vector<Call>, InputError> calls_named(std::string_view list) {
  auto calls = select_calls(list);
  const auto* const named = std::get_if<std::vector<Call>>(&calls);
  if (named == nullptr) return calls;
  const ProgramSpace space(*named, 1, small_machine());
  for (const Call call : *named) {
    if (std::ranges::find(space.operations(), call, &Operation::call) == space.operations().end())
      return InputError{fmt::format("on a machine with one page there is nothing for '{}'", info_of(call).name)};
  }
  return calls;
}

// One for each engine, or what is wrong.
std::variant<std::vector<CheckSettings>, InputError> settings_of(const CheckOptions& options,
                                                                 std::span<const Engine* const> engines) {
  const auto freedoms = select_freedoms(options.may);
  if (const auto* const error = std::get_if<InputError>(&freedoms)) return InputError{"--may: " + error->message};
  const auto calls = calls_named(options.calls);
  if (const auto* const error = std::get_if<InputError>(&calls)) return InputError{"--calls: " + error->message};
  const auto chosen = engines_named(options.engines, engines);
  if (const auto* const error = std::get_if<InputError>(&chosen)) return *error;
  const auto subjects = select_subjects({.engines = {}, .oracles = options.oracles, .defect = options.defect},
                                        std::get<std::vector<const Engine*>>(chosen));
  if (const auto* const error = std::get_if<InputError>(&subjects)) return *error;
  std::vector<CheckSettings> settings;
  for (const Subject& subject : std::get<std::vector<Subject>>(subjects)) {
    settings.push_back({.engine = subject.engine,
                        .demanded = *subject.oracles,
                        .defect = subject.defect,
                        .freedoms = std::get<Freedoms>(freedoms),
                        .calls = std::get<std::vector<Call>>(calls),
                        .seconds = options.seconds,
                        .memory = options.memory << 20U,
                        .seed = options.seed,
                        .processes = options.jobs == 0 ? usable_cpus() : options.jobs});
  }
  return settings;
}

std::variant<std::vector<Input>, InputError> read_corpus(const std::string& path) {
  std::vector<Input> corpus;
  std::optional<InputError> error;
  visit_inputs(path, [&](const std::variant<RawInput, InputError>& loaded) {
    if (const auto* const bad = std::get_if<InputError>(&loaded)) {
      error = *bad;
      return false;
    }
    const RawInput& raw = std::get<RawInput>(loaded);
    std::variant<Input, InputError> read = read_input(raw.name(), raw.bytes);
    if (const auto* const bad = std::get_if<InputError>(&read)) {
      error = *bad;
      return false;
    }
    corpus.push_back(std::get<Input>(std::move(read)));
    return true;
  });
  if (error.has_value()) return *error;
  return corpus;
}

ExitStatus status_of(const EngineChecked& checked) {
  if (checked.has_violation()) return exit_violation;
  return checked.is_decided() ? exit_fine : exit_undecided;
}

}  // namespace

ExitStatus check_command(const CheckOptions& options, Console& console, std::span<const Engine* const> engines) {
  const HeldSignals signals;  // until all is said
  const auto settings = settings_of(options, engines);
  const auto corpus = read_corpus(options.corpus);
  for (const InputError* const error : {std::get_if<InputError>(&settings), std::get_if<InputError>(&corpus)}) {
    if (error == nullptr) continue;
    console.error(error->message);
    return exit_bad_input;
  }
  if (!console.can_save(options.json) || !console.can_save(options.html)) return exit_bad_input;
  ExitStatus status = exit_fine;
  std::vector<EngineChecked> checks;
  for (const CheckSettings& one : std::get<std::vector<CheckSettings>>(settings)) {
    if (signals.came()) break;
    checks.push_back(check_engine(one, std::get<std::vector<Input>>(corpus), signals, console.out()));
    console.out().write(check_table(checks.back()));
    console.out().flush();
    status = graver(status, status_of(checks.back()));
  }
  bool saved = !options.json.has_value() || console.save(*options.json, check_json(checks));
  saved = (!options.html.has_value() || console.save(*options.html, check_page(checks))) && saved;
  return saved ? status : exit_bad_input;
}

}  // namespace shootdown
