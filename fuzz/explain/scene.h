// A run that is to be explained: what happened, the page that it is about, and the lines
// of the story that matter.
//
// The run is made twice: only when it is over is it known which page to follow.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/program/program.h"
#include "fuzz/explain/followed_page.h"
#include "fuzz/explain/life.h"
#include "fuzz/replay/replay.h"
#include "fuzz/trace/story.h"

namespace shootdown {

struct SceneOptions {
  Defect defect = Defect::none;
  OracleSet oracles = OracleSet::all();  // whose verdicts are shown
  bool all = false;                      // every step of the run; else those that matter
};

class Scene {
 public:
  // More steps of a run than this are not looked at; and no more lines are shown: the last ones are.
  static constexpr std::size_t limit = 50'000;
  static constexpr std::size_t most_lines = 4'000;

  // `like`: another run of the program, whose page is to be followed. Throws RefusedProgram if the engine does.
  Scene(const Engine& engine, const Program& program, const SceneOptions& options, const Scene* like = nullptr);

  const Engine& engine() const { return replayer_.engine(); }
  const Program& program() const { return program_; }
  const RunResult& result() const { return result_; }
  const Report& report() const { return report_; }
  // Those of the oracles that were asked for which are violated.
  OracleSet broken() const { return broken_; }
  // The violation that is explained: the first of them; null: there is none.
  const Violation* violation() const;
  // None: no event of the run was about a page.
  const std::optional<FollowedPage>& followed() const { return followed_; }
  const Trace& trace() const { return life_->trace(); }
  // How it stands with the page when a line has happened.
  const PageState& state_at(const StoryLine& line) const;
  // All lines, and the numbers of those that are shown.
  const std::vector<StoryLine>& story() const { return story_; }
  const std::vector<std::size_t>& shown() const { return shown_; }
  // So many before them would be, if they were not too many; and steps behind them, which were not looked at.
  std::size_t left_out() const { return left_out_; }
  std::uint64_t missing() const { return trace().missing(); }
  // Whether a verdict was found at an event.
  bool found_at(std::size_t event) const { return found_at_.contains(event); }

 private:
  std::size_t end_of_story() const;
  bool matters(const StoryLine& line) const;
  void choose_lines();
  void leave_out_rounds();

  const Program& program_;
  SceneOptions options_;
  Replayer replayer_;
  RunResult result_;
  Report report_;
  OracleSet broken_;
  std::optional<FollowedPage> followed_;
  std::unique_ptr<Life> life_;
  std::vector<StoryLine> story_;
  std::vector<std::size_t> shown_;
  std::size_t left_out_ = 0;
  std::vector<bool> about_;         // of each event, whether it is about the page
  std::set<std::size_t> found_at_;  // events
};

}  // namespace shootdown
