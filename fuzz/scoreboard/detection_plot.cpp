#include "fuzz/scoreboard/detection_plot.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "fuzz/io/output.h"
#include "fuzz/scoreboard/score_words.h"

namespace shootdown {

namespace {

// A step of a ladder of round numbers, 1, 2, 5, 10, 20, ...: so that there are not many up to `most`.
std::size_t tick_step(std::size_t most) {
  constexpr std::size_t most_ticks = 8;
  for (std::size_t power = 1;; power *= 10) {
    for (const std::size_t factor : {1U, 2U, 5U}) {
      if (most <= factor * power * most_ticks) return factor * power;
    }
  }
}

double power_below(double value) {
  return std::pow(10, std::floor(std::log10(value)));
}

class Plot {
 public:
  Plot(const Scoreboard& board, const ScoreboardSettings& settings) : board_(board) {
    for (const Score& score : board.scores) {
      detectable_ += score.detectable() ? 1 : 0;
      for (std::size_t seed = 0; seed < board.whole_seeds(); ++seed) {
        const SearchCounts& counts = score.trials[seed].counts;
        if (score.detectable() && counts.detected) steps_.insert(counts.runs);
      }
    }
    last_ = std::max<double>(static_cast<double>(settings.runs), 10);
    first_ = steps_.empty() ? 1 : power_below(static_cast<double>(*steps_.begin()));
    first_ = std::min(first_, last_ / 10);
  }

  std::string draw() const {
    std::string svg = fmt::format(
        "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"plot-title\">\n"
        "<title id=\"plot-title\">Defects detected over runs, for each seed and their median</title>\n",
        width, height);
    svg += axes();
    for (std::size_t seed = 1; seed <= board_.whole_seeds(); ++seed)
      svg += line("seed", [&](std::uint64_t runs) { return static_cast<double>(board_.detected_within(runs, seed)); });
    svg += line("median", [&](std::uint64_t runs) { return median_within(runs); });
    return svg + legend() + "</svg>\n";
  }

 private:
  // In user units of the SVG.
  static constexpr double left = 52;
  static constexpr double right = 700;
  static constexpr double top = 16;
  static constexpr double bottom = 340;
  static constexpr double width = 720;
  static constexpr double height = 392;

  double x(double runs) const {
    const double part = std::log(runs / first_) / std::log(last_ / first_);
    return left + std::clamp(part, 0.0, 1.0) * (right - left);
  }
  double y(double defects) const {
    return bottom - defects / static_cast<double>(std::max<std::size_t>(detectable_, 1)) * (bottom - top);
  }

  double median_within(std::uint64_t runs) const {
    std::vector<double> counts;
    for (std::size_t seed = 1; seed <= board_.whole_seeds(); ++seed)
      counts.push_back(static_cast<double>(board_.detected_within(runs, seed)));
    return quartiles(std::move(counts)).median.value_or(0);
  }

  // Up at each run at which `count` grows.
  template <typename Count>
  std::string line(std::string_view kind, const Count& count) const {
    double height_before = count(0);
    std::string path = fmt::format("M{:.1f} {:.1f}", left, y(height_before));
    for (const std::uint64_t runs : steps_) {
      const double now = count(runs);
      if (now == height_before) continue;
      height_before = now;
      path += fmt::format("H{:.1f}V{:.1f}", x(static_cast<double>(runs)), y(now));
    }
    return fmt::format("<path class=\"{}\" d=\"{}H{:.1f}\"/>\n", kind, path, right);
  }

  std::string axes() const {
    std::string svg;
    const std::size_t step = tick_step(detectable_);
    for (std::size_t count = 0; count <= detectable_; count += step) {
      const double at = y(static_cast<double>(count));
      svg += fmt::format(
          "<line class=\"grid\" x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/>"
          "<text x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>\n",
          left, right, at, left - 8, at + 4, count);
    }
    for (double runs = first_; runs <= last_ * 1.0001; runs *= 10) {
      svg += fmt::format(
          "<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>"
          "<text x=\"{0:.1f}\" y=\"{3}\" text-anchor=\"middle\">{4}</text>\n",
          x(runs), top, bottom, bottom + 18, grouped(static_cast<std::uint64_t>(std::llround(runs))));
    }
    svg += fmt::format("<line class=\"bound\" x1=\"{0}\" x2=\"{1}\" y1=\"{2}\" y2=\"{2}\"/>\n", left, right,
                       y(static_cast<double>(detectable_)));
    svg += fmt::format("<path class=\"axis\" d=\"M{0} {1}V{2}H{3}\"/>\n", left, top, bottom, right);
    svg += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">runs (logarithmic)</text>\n", (left + right) / 2,
                       bottom + 40);
    return svg + fmt::format(
                     "<text transform=\"translate(14 {}) rotate(-90)\" text-anchor=\"middle\">defects "
                     "detected</text>\n",
                     (top + bottom) / 2);
  }

  static std::string legend() {
    std::string svg;
    double at = top + 22;
    for (const auto& [kind, words] : {std::pair("median", "median of the seeds"), std::pair("seed", "a seed"),
                                      std::pair("bound", "all that can be detected")}) {
      svg += fmt::format("<path class=\"{0}\" d=\"M{1} {2}h28\"/><text x=\"{3}\" y=\"{4}\">{5}</text>\n", kind,
                         left + 14, at, left + 50, at + 4, words);
      at += 20;
    }
    return svg;
  }

  const Scoreboard& board_;
  std::size_t detectable_ = 0;
  std::set<std::uint64_t> steps_;  // the runs at which something was detected
  double first_ = 1;               // the axis is from here
  double last_ = 10;               // to here
};

}  // namespace

std::string detection_plot(const Scoreboard& board, const ScoreboardSettings& settings) {
  return board.whole_seeds() == 0 ? "" : Plot(board, settings).draw();
}

}  // namespace shootdown
