#include "fuzz/explain/scene.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fuzz/trace/rounds.h"

namespace shootdown {

Scene::Scene(const Engine& engine, const Program& program, const SceneOptions& options, const Scene* like)
    : program_(program), options_(options), replayer_(engine, options.defect) {
  Trace first(limit);
  result_ = replayer_.run(program, &first);
  report_ = replayer_.report();
  broken_ = result_.broken & options.oracles;
  if (like == nullptr) {
    followed_ = find_page(first, violation(), program.machine);
  } else if (like->followed()) {
    followed_ = find_again(*like->followed(), first);
  }
  life_ = std::make_unique<Life>(limit, followed_.value_or(FollowedPage()));
  replayer_.run(program, life_.get());
  story_ = tell_story(program, life_->trace(), report_);
  choose_lines();
}

const Violation* Scene::violation() const {
  return broken_.empty() ? nullptr : &report_.violation(report_.first(broken_));
}

const PageState& Scene::state_at(const StoryLine& line) const {
  const bool is_before = line.kind == StoryLine::Kind::operation || line.event >= trace().events().size();
  return life_->after(is_before && line.event > 0 ? line.event - 1 : line.event);
}

// The last verdict that was found while the program was running, but not before the violation that is explained; if all went
// well, where the program ends. What comes then is how every run ends.
std::size_t Scene::end_of_story() const {
  std::size_t end = 0;
  for (std::size_t i = 0; i < story_.size(); ++i) {
    const StoryLine& line = story_[i];
    if (line.kind != StoryLine::Kind::verdict || !broken_.contains(line.oracle)) continue;
    const bool still_running = line.cpu < 0 ? result_.outcome != Outcome::completed : line.operation != no_fact;
    if (still_running || line.oracle == report_.first(broken_)) end = i + 1;
  }
  if (end != 0) return end;
  for (std::size_t i = 0; i < story_.size(); ++i) {
    if (story_[i].operation != no_fact) end = i + 1;
  }
  return end;
}

bool Scene::matters(const StoryLine& line) const {
  if (line.kind == StoryLine::Kind::verdict) return broken_.contains(line.oracle);
  if (line.kind == StoryLine::Kind::access || !line.essential) return false;
  return !followed_ || found_at_.contains(line.event) || about_[line.event];
}

// With a line goes that of the operation to which it belongs.
void Scene::choose_lines() {
  for (const StoryLine& line : story_) {
    if (line.kind == StoryLine::Kind::verdict && broken_.contains(line.oracle)) found_at_.insert(line.event);
  }
  if (followed_) about_ = find_events_about(*followed_, trace());
  const std::size_t end = options_.all ? story_.size() : end_of_story();
  std::array<std::optional<std::size_t>, max_cpus> headings;
  for (std::size_t i = 0; i < end; ++i) {
    const StoryLine& line = story_[i];
    if (line.kind == StoryLine::Kind::operation && !options_.all) {
      headings[static_cast<std::size_t>(line.cpu)] = i;
    } else if (options_.all || matters(line)) {
      if (line.cpu >= 0 && line.own) {
        std::optional<std::size_t>& heading = headings[static_cast<std::size_t>(line.cpu)];
        if (heading) shown_.push_back(*heading);
        heading.reset();
      }
      shown_.push_back(i);
    }
  }
  if (result_.outcome == Outcome::too_many_steps && !options_.all) leave_out_rounds();
  left_out_ = shown_.size() - std::min(shown_.size(), most_lines);
  shown_.erase(shown_.begin(), shown_.begin() + static_cast<std::ptrdiff_t>(left_out_));
}

// Of a run that goes round until it is cut off, a few rounds are shown; and a line, of the CPU that was last, says how many more.
void Scene::leave_out_rounds() {
  const auto is_found_later = [&](std::size_t number) { return story_[number].event >= trace().events().size(); };
  const auto end = std::ranges::find_if(shown_, is_found_later);
  std::vector<const StoryLine*> lines;
  std::for_each(shown_.begin(), end, [&](std::size_t number) { lines.push_back(&story_[number]); });
  const std::optional<Rounds> rounds = find_rounds(lines);
  if (!rounds.has_value()) return;
  const auto first_left_out = shown_.begin() + static_cast<std::ptrdiff_t>(rounds->end_of_told());
  StoryLine rest = story_[*(first_left_out - 1)];
  rest.number.reset();
  rest.text = fmt::format("and so on, {} times more", rounds->left_out());
  *first_left_out = story_.size();
  shown_.erase(first_left_out + 1, end);
  story_.push_back(std::move(rest));
}

}  // namespace shootdown
