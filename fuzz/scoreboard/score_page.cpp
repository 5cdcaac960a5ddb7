#include "fuzz/scoreboard/score_page.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "fuzz/io/markup.h"
#include "fuzz/io/output.h"
#include "fuzz/scoreboard/detection_plot.h"
#include "fuzz/scoreboard/score_words.h"

namespace shootdown {

namespace {

constexpr std::string_view style = R"css(
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #59636e; --line: #d5dae0; --paper: #fff;
  --strong: #0b5cad; --thin: #7aa7d6; --bad: #b3261e; --good: #1a7f37; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --soft: #9aa4af; --line: #39414a; --paper: #14181d;
  --strong: #6cb2ff; --thin: #3f6d9e; --bad: #ff8a80; --good: #5fd07a; } }
body { margin: 2rem auto; max-width: 68rem; padding: 0 1rem; color: var(--ink); background: var(--paper);
  font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.facts { color: var(--soft); }
.numbers { display: flex; flex-wrap: wrap; gap: 2.5rem; margin: 1.2rem 0; }
.numbers b { display: block; font-size: 1.7rem; }
.bad { color: var(--bad); } .good { color: var(--good); }
svg { width: 100%; max-width: 52rem; height: auto; font: 12px system-ui, sans-serif; fill: var(--soft); }
svg path, svg line { fill: none; }
.axis { stroke: var(--soft); } .grid { stroke: var(--line); stroke-width: .7; }
.seed { stroke: var(--thin); stroke-width: 1.1; } .median { stroke: var(--strong); stroke-width: 2.6; }
.bound { stroke: var(--soft); stroke-dasharray: 5 4; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; }
th, td { text-align: left; padding: .28rem .7rem .28rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 600; } td.n, th.n { text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
code { font-size: .92em; } dt { font-weight: 600; margin-top: .5rem; } dd { margin-left: 1.2rem; color: var(--soft); }
@media print { :root { --ink: #000; --soft: #333; --line: #bbb; --paper: #fff; --strong: #000; --thin: #888;
  --bad: #000; --good: #000; }
  body { margin: 0; max-width: none; font-size: 10pt; } .scroll { overflow: visible; }
  tr, svg, dt { break-inside: avoid; } dt { break-after: avoid; } h2 { break-after: avoid; } thead { display: table-header-group; } }
)css";

class ScorePage {
 public:
  ScorePage(const Scoreboard& board, const ScoreboardSettings& settings) : board_(board), settings_(settings) {}

  std::string write() const {
    std::string html = fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>Shootdown: scoreboard</title>\n<style>{}</style>\n<h1>Planted defects: what is detected, and how "
        "soon</h1>\n",
        style);
    html += facts() + numbers();
    if (const std::string plot = detection_plot(board_, settings_); !plot.empty())
      html += "<h2>Defects detected over runs</h2>\n" + plot;
    html += table();
    html += list("Not detected with any seed", [&](const Score& score) {
      const bool missed = score.detectable() && score.detected() == 0 && !score.trials.empty();
      return missed ? escaped(why_undetected(score, places_known())) : "";
    });
    html += list("Cannot be detected, and why", [&](const Score& score) {
      return score.detectable() ? "" : escaped(why_undetected(score, places_known()));
    });
    html += list("Left out of the corpus: programs that show the defect as they are",
                 [&](const Score& score) { return stories_of(score); });
    return html + "</html>\n";
  }

 private:
  bool places_known() const { return !settings_.libfuzzer.has_value(); }

  std::string facts() const {
    return fmt::format(
        "<p class=\"facts\">{} defects, each searched for with {} seeds, in at most {} runs; by {}, from {} programs "
        "without those that show the defect. A run is one program on one engine. {}</p>\n",
        board_.scores.size(), settings_.seeds, grouped(settings_.runs), places_known() ? "mutants" : "libFuzzer",
        settings_.corpus.size(),
        board_.complete ? ""
                        : fmt::format("<b>Interrupted</b>: {} seeds have all their trials.", board_.whole_seeds()));
  }

  std::string numbers() const {
    const auto number = [](std::string_view kind, const std::string& value, std::string_view words) {
      return fmt::format("<div class=\"{}\"><b>{}</b>{}</div>", kind, value, words);
    };
    const std::uint64_t alarms = board_.false_alarms();
    std::string html = "<div class=\"numbers\">";
    html += number("", fmt::format("{:.1f} %", 100 * board_.share()), "of trials detected the defect");
    html += number(alarms == 0 ? "good" : "bad", grouped(alarms),
                   fmt::format("false alarms in {} runs without a defect", grouped(board_.runs_without())));
    if (const std::size_t unexpected = board_.unexpected().size(); unexpected != 0)
      html += number("bad", grouped(unexpected), "detected, though nothing can show them");
    return html + "</div>\n";
  }

  std::string table() const {
    std::string html =
        "<h2>Each defect</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th>defect<th class=\"n\">reached"
        "<th class=\"n\">triggered<th class=\"n\">detected<th class=\"n\">runs: median (quartiles)"
        "<th class=\"n\">CPU milliseconds<th>by engine: oracle</thead>\n<tbody>\n";
    for (const Score& score : board_.scores) html += row(score);
    return html + "</tbody>\n</table></div>\n";
  }

  std::string row(const Score& score) const {
    const auto of_trials = [&](std::size_t count) { return fmt::format("{}/{}", count, score.trials.size()); };
    const bool all = score.detectable() == (score.detected() == score.trials.size());
    return fmt::format(
        "<tr><td><code title=\"{}\">{}</code><td class=\"n\">{}<td class=\"n\">{}<td class=\"n {}\">{}<td "
        "class=\"n\">{}<td class=\"n\">{}<td>{}\n",
        escaped(score.defect.what), escaped(score.defect.name), places_known() ? of_trials(score.reached()) : "-",
        places_known() ? of_trials(score.triggered()) : "-", all ? "" : "bad", of_trials(score.detected()),
        in_words(score.runs(), score.detectable() ? fmt::format("&gt; {}", settings_.runs) : "-", 0),
        in_words(score.cpu_milliseconds(), "-", 1), escaped(in_words(detectors_of(score))));
  }

  // A heading, and below it the scores of which `says` has something to say, in HTML.
  template <typename Says>
  std::string list(std::string_view heading, const Says& says) const {
    std::string html;
    for (const Score& score : board_.scores) {
      const std::string what = says(score);
      if (!what.empty()) html += fmt::format("<dt><code>{}</code><dd>{}\n", escaped(score.defect.name), what);
    }
    return html.empty() ? html : fmt::format("<h2>{}</h2>\n<dl>\n{}</dl>\n", heading, html);
  }

  std::string stories_of(const Score& score) const {
    std::string html;
    for (const std::size_t number : score.left_out) {
      html +=
          fmt::format("{}<code>{}</code>", html.empty() ? "" : ", ", escaped(printable(settings_.corpus[number].name)));
    }
    return html;
  }

  const Scoreboard& board_;
  const ScoreboardSettings& settings_;
};

}  // namespace

std::string score_page(const Scoreboard& board, const ScoreboardSettings& settings) {
  return ScorePage(board, settings).write();
}

}  // namespace shootdown
