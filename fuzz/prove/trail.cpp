#include "fuzz/prove/trail.h"

#include "engine/check.h"

namespace shootdown {

void Trail::follow(std::span<const Deviation> path) {
  schedule_.deviate(path);
  const std::size_t marks = marks_on(path);
  if (marks == 0) {
    simulation_.begin(program_, trace_, &schedule_);
  } else {
    go_back(marks - 1);
  }
  for (std::size_t i = marks == 0 ? 0 : marks - 1; keeps_ && i < path.size(); ++i) {
    const bool is_there = i < marks && marks_[i].deviation.decision == path[i].decision;
    if (!is_there) {
      schedule_.pause_from(path[i].decision);
      SHOOTDOWN_CHECK(!simulation_.proceed());
      set_mark(i);
    }
    marks_[i].deviation = path[i];
  }
  count_ = keeps_ ? path.size() : 0;
  schedule_.pause_from(path.empty() ? 0 : path.back().decision + 1);
}

// How many of them the path passes: behind the deviations that it has in common with the last one there may be a mark at
// a decision that it comes to, too.
std::size_t Trail::marks_on(std::span<const Deviation> path) const {
  std::size_t same = 0;
  while (same < count_ && same < path.size() && marks_[same].deviation == path[same]) ++same;
  if (same == count_ || same == path.size()) return same;
  return marks_[same].deviation.decision <= path[same].decision ? same + 1 : same;
}

void Trail::go_back(std::size_t mark) {
  simulation_.restore(marks_[mark].snapshot);
  schedule_.go_back(marks_[mark].progress);
}

void Trail::set_mark(std::size_t mark) {
  if (mark == marks_.size()) marks_.push_back({{}, schedule_.progress(), {}});
  marks_[mark].progress = schedule_.progress();
  simulation_.save(marks_[mark].snapshot);
}

std::size_t Trail::bytes() const {
  if (marks_.empty()) return 0;
  const Simulation::Snapshot& snapshot = marks_.front().snapshot;
  return marks_.size() * (sizeof(Mark) + snapshot.world().size() + snapshot.elsewhere().size());
}

}  // namespace shootdown
