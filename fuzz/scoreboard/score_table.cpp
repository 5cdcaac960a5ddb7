#include "fuzz/scoreboard/score_table.h"

#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "fuzz/io/output.h"
#include "fuzz/io/table.h"
#include "fuzz/language/codec.h"
#include "fuzz/language/text.h"
#include "fuzz/scoreboard/score_words.h"
#include "fuzz/trace/columns.h"

namespace shootdown {

namespace {

using TableRow = std::vector<std::string>;

TableRow row_of(const Score& score, const ScoreboardSettings& settings) {
  const bool places_known = !settings.libfuzzer.has_value();
  const auto of_trials = [&](std::size_t count) { return fmt::format("{}/{}", count, score.trials.size()); };
  return {std::string(score.defect.name),
          places_known ? of_trials(score.reached()) : "-",
          places_known ? of_trials(score.triggered()) : "-",
          of_trials(score.detected()),
          in_words(score.runs(), score.detectable() ? fmt::format("> {}", settings.runs) : "-", 0),
          in_words(score.cpu_milliseconds(), "-", 1),
          in_words(detectors_of(score))};
}

std::string indented(std::string_view text) {
  std::string lines;
  for (const std::string& line : wrap(text, text_width, 2)) lines += line + "\n";
  return lines;
}

// A heading, and below it a paragraph for each score that `says` something.
template <typename Says>
std::string section(const Scoreboard& board, std::string_view heading, const Says& says) {
  std::string text;
  for (const Score& score : board.scores) {
    const std::string what = says(score);
    if (!what.empty()) text += indented(fmt::format("{}: {}", score.defect.name, what));
  }
  return text.empty() ? text : fmt::format("\n{}\n{}", heading, text);
}

std::string stories_of(const Score& score, const ScoreboardSettings& settings, bool list) {
  constexpr std::size_t most = 3;
  const std::size_t count = score.left_out.size();
  if (count == 0) return "";
  if (count == settings.corpus.size()) return fmt::format("all {} programs; its trials begin from nothing", count);
  if (count > most && !list) return fmt::format("{} of {} programs", count, settings.corpus.size());
  std::string names;
  for (const std::size_t number : score.left_out)
    names += fmt::format("{}{}", names.empty() ? "" : ", ", settings.corpus[number].name);
  return names;
}

std::string failures_of(const Score& score) {
  std::uint64_t failures = 0;
  std::string first;
  for (const SearchResult& trial : score.trials) {
    failures += trial.failures;
    if (first.empty()) first = trial.failed;
  }
  return failures == 0 ? "" : fmt::format("{}, at first: {}", failures, first);
}

// The first ones, with their programs.
std::string false_alarms_of(const Score& score) {
  std::string text;
  for (std::size_t i = 0; i < score.trials.size(); ++i) {
    const BrokenRun& alarm = score.trials[i].counts.false_alarm;
    if (!alarm) continue;
    text += fmt::format("  {} breaks {} in run {} of seed {}{}\n", score.engines[alarm.engine]->name(),
                        oracle_name(alarm.oracle), alarm.run, i + 1,
                        score.defect.id == Defect::none ? "" : fmt::format(" of {}", score.defect.name));
    Program program;
    decode(score.trials[i].false_alarm, program);
    text += print(program);
  }
  return text;
}

std::string all_false_alarms(const Scoreboard& board) {
  std::string text = false_alarms_of(board.without);
  for (const Score& score : board.scores) text += false_alarms_of(score);
  return text.empty() ? text : "\nFalse alarms, the first of each trial:\n" + text;
}

std::string summary(const Scoreboard& board, const ScoreboardSettings& settings) {
  std::size_t detectable = 0;
  std::size_t in_all = 0;
  std::size_t in_some = 0;
  for (const Score& score : board.scores) {
    if (!score.detectable()) continue;
    ++detectable;
    if (score.detected() == 0) continue;
    ++(score.detected() == score.trials.size() ? in_all : in_some);
  }
  std::string text = fmt::format(
      "\nOf {} defects that can be detected, {} were with every seed, {} with some, {} with none: {:.1f} % of trials\n",
      detectable, in_all, in_some, detectable - in_all - in_some, 100 * board.share());
  text += fmt::format("Without a mistake: {} runs, {} false alarms\n", grouped(board.runs_without()),
                      grouped(board.false_alarms()));
  if (!board.complete)
    text += fmt::format("Interrupted: {} of {} seeds have all their trials\n", board.whole_seeds(), settings.seeds);
  return text;
}

}  // namespace

std::string score_table(const Scoreboard& board, const ScoreboardSettings& settings, bool list) {
  std::vector<TableRow> rows{
      {"defect", "reached", "triggered", "detected", "runs (quartiles)", "CPU milliseconds", "by"}};
  for (const Score& score : board.scores) rows.push_back(row_of(score, settings));
  const bool places_known = !settings.libfuzzer.has_value();
  std::string text = aligned(rows);
  text += section(board, "Not detected with any seed:", [&](const Score& score) {
    return score.detectable() && score.detected() == 0 && !score.trials.empty() ? why_undetected(score, places_known)
                                                                                : "";
  });
  text += section(board, "Cannot be detected, and was not:", [&](const Score& score) {
    return !score.detectable() && score.detected() == 0 && score.left_out.empty() ? why_undetected(score, places_known)
                                                                                  : "";
  });
  text += section(board, "DETECTED, THOUGH NOTHING CAN SHOW IT:", [&](const Score& score) {
    const bool detected = score.detected() != 0 || !score.left_out.empty();
    return !score.detectable() && detected ? std::string(score.defect.what) : "";
  });
  text += section(board, "Left out of the corpus, because it shows the defect as it is:", [&](const Score& score) {
    return stories_of(score, settings, list);
  });
  text += section(board, "Runs in which Shootdown itself failed:", failures_of);
  text += all_false_alarms(board);
  return text + summary(board, settings);
}

}  // namespace shootdown
