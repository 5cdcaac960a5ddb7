#include "fuzz/tool/scoreboard_command.h"

#include <utility>
#include <variant>

#include <unistd.h>

#include <fmt/format.h>

#include "fuzz/io/progress_line.h"
#include "fuzz/scoreboard/score_json.h"
#include "fuzz/scoreboard/score_page.h"
#include "fuzz/scoreboard/score_table.h"
#include "fuzz/scoreboard/scoreboard.h"
#include "fuzz/scoreboard/workers.h"
#include "fuzz/tool/defects_command.h"

namespace shootdown {

namespace {

std::optional<InputError> missing_target(const LibFuzzerTargets& targets) {
  for (const Engine* const engine : model_engines()) {
    const std::string target = targets.of(*engine).string();
    if (::access(target.c_str(), X_OK) == 0) continue;
    return InputError{fmt::format(
        "--libfuzzer: there is no program {}; expected the fuzz targets: cmake --preset fuzz && cmake --build --preset "
        "fuzz --target fuzz_targets",
        printable(target))};
  }
  return std::nullopt;
}

// What is to be done, or what is wrong.
std::variant<ScoreboardSettings, InputError> settings_of(const ScoreboardOptions& options) {
  ScoreboardSettings settings{
      .runs = options.runs, .seeds = options.seeds, .processes = options.jobs == 0 ? usable_cpus() : options.jobs};
  auto defects = select_defects(options.names);
  if (const auto* const error = std::get_if<InputError>(&defects)) return *error;
  settings.defects = std::get<std::vector<DefectInfo>>(std::move(defects));
  if (!options.from_nothing) {
    auto corpus = load_programs(options.corpus, model_engines());
    if (const auto* const error = std::get_if<InputError>(&corpus)) return *error;
    settings.corpus = std::get<std::vector<CorpusProgram>>(std::move(corpus));
  }
  if (options.libfuzzer.has_value()) {
    settings.libfuzzer = LibFuzzerTargets{.folder = *options.libfuzzer, .flags = options.flags};
    if (const std::optional<InputError> error = missing_target(*settings.libfuzzer)) return *error;
  }
  return settings;
}

ExitStatus verdict_on(const Scoreboard& board, const ScoreboardOptions& options) {
  const bool enough = 100 * board.share() >= options.require;
  return enough && board.false_alarms() == 0 && board.unexpected().empty() ? exit_fine : exit_violation;
}

}  // namespace

ExitStatus scoreboard_command(const ScoreboardOptions& options, Console& console) {
  const HeldSignals signals;  // until all is said
  std::variant<ScoreboardSettings, InputError> read = settings_of(options);
  if (const auto* const error = std::get_if<InputError>(&read)) {
    console.error(error->message);
    return exit_bad_input;
  }
  if (!console.can_save(options.json) || !console.can_save(options.html)) return exit_bad_input;
  const auto& settings = std::get<ScoreboardSettings>(read);
  WorkProgress progress(console.out(), "trials");
  const Scoreboard board =
      keep_score(settings, signals, [&](std::size_t made, std::size_t all) { progress.show(made, all); });
  progress.clear();
  console.out().write(score_table(board, settings, options.list));
  console.out().flush();
  bool saved = !options.json.has_value() || console.save(*options.json, score_json(board, settings));
  saved = (!options.html.has_value() || console.save(*options.html, score_page(board, settings))) && saved;
  return saved ? verdict_on(board, options) : exit_bad_input;
}

}  // namespace shootdown
