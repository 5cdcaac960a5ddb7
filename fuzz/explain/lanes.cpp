#include "fuzz/explain/lanes.h"

#include <algorithm>
#include <set>
#include <string>

#include <fmt/format.h>

#include "fuzz/trace/narrator.h"

namespace shootdown {

namespace {

constexpr int track_width = 12;  // of a lock
constexpr int bar_width = 9;
constexpr int arrow_width = 16;  // of interrupts that come
constexpr int lane_gap = 10;
constexpr int further = 12;      // of where it goes on
constexpr int small_letter = 6;  // about as wide as one of the small font

}  // namespace

Lanes::Lanes(const Scene& scene, const std::vector<PictureRow>& rows) : scene_(scene), rows_(rows) {
  std::set<int> cpus;
  for (const PictureRow& row : rows_) {
    if (row.line != nullptr && row.line->kind != StoryLine::Kind::verdict) cpus.insert(row.line->cpu);
  }
  if (scene_.result().outcome == Outcome::deadlock) stuck_ = stuck_cpus(scene_.trace());
  for (const int cpu : cpus) {
    lanes_.push_back({.cpu = cpu, .bars = {}});
    place_bars(lanes_.back());
  }
}

// Headings and verdicts stand with the steps that they are of.
std::optional<std::size_t> Lanes::row_from(std::size_t event) const {
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const bool counts = rows_[i].is(StoryLine::Kind::step) || rows_[i].is(StoryLine::Kind::wait);
    if (counts && rows_[i].line->event >= event) return i;
  }
  return {};
}

std::optional<std::size_t> Lanes::row_until(std::size_t event) const {
  for (std::size_t i = rows_.size(); i-- > 0;) {
    const bool counts = rows_[i].is(StoryLine::Kind::step) || rows_[i].is(StoryLine::Kind::wait);
    if (counts && rows_[i].line->event <= event) return i;
  }
  return {};
}

// Locks that are held while nothing is shown have no bar.
void Lanes::place_bars(Lane& lane) {
  std::vector<std::size_t> taken_until;  // by track
  for (const HeldLock& held : held_locks(scene_.trace())) {
    if (held.cpu != lane.cpu) continue;
    const auto first = row_from(held.span.begin);
    const auto last = row_until(held.span.end.value_or(scene_.trace().events().size()));
    if (!first || !last || *first > *last) continue;
    std::size_t track = 0;
    while (track < taken_until.size() && taken_until[track] > *first) ++track;
    if (track == taken_until.size()) taken_until.push_back(0);
    taken_until[track] = *last + 1;
    lane.bars.push_back({.lock = held, .first = *first, .last = *last, .track = track});
  }
  lane.tracks = taken_until.size();
}

int Lanes::fixed_width() const {
  int width = 0;
  for (const Lane& lane : lanes_) width += static_cast<int>(lane.tracks) * track_width + arrow_width + lane_gap;
  return width;
}

void Lanes::draw(Svg& svg, int left, int block_width, int top, int bottom) {
  block_width_ = block_width;
  bottom_ = bottom;
  for (Lane& lane : lanes_) {
    lane.left = left;
    lane.block = left + static_cast<int>(lane.tracks) * track_width + arrow_width;
    left = lane.block + block_width + lane_gap;
    svg.text(lane.block, top - 8, "head", fmt::format("cpu {}", lane.cpu));
    svg.line(lane.block, top - 2, lane.block + block_width, top - 2, "rule");
  }
  for (const Lane& lane : lanes_) {
    draw_bars(svg, lane);
    draw_blocks(svg, lane);
  }
  for (const Interrupt& interrupt : interrupts(scene_.trace())) draw_interrupt(svg, interrupt);
  for (const Lane& lane : lanes_) {
    for (const PictureRow& row : rows_) draw_text(svg, lane, row);
  }
}

void Lanes::draw_bars(Svg& svg, const Lane& lane) const {
  for (const Bar& bar : lane.bars) {
    const int x = lane.left + static_cast<int>(bar.track) * track_width;
    const int top = rows_[bar.first].top + 1;
    const int end = bar.lock.span.end ? rows_[bar.last].bottom() - 1 : bottom_;
    const std::string lock = lock_name(bar.lock.lock, scene_.program().machine);
    const std::string name =
        (bar.lock.lock.kind == LockClass::page ? "lock of " + lock : lock) + (bar.lock.shared ? " (read)" : "");
    const bool wanted = std::ranges::any_of(
        stuck_, [&](const StuckCpu& stuck) { return !bar.lock.span.end && stuck.lock == bar.lock.lock; });
    const char* const held = bar.lock.shared ? "lock shared" : "lock";
    svg.rect({x, top, bar_width, end - top}, wanted ? "lock wanted" : held,
             fmt::format("cpu {} holds {}", lane.cpu, name));
    for (const std::string& label : {name, lock}) {
      const int length = static_cast<int>(label.size()) * small_letter;
      if (length > end - top) continue;
      svg.upright_text(x + 8, std::min(end - 3, top + length + 4), wanted ? "lock-name on-bad" : "lock-name", label);
      break;
    }
  }
}

// The rows of each operation of the CPU: where nobody else comes in between, they are a block.
void Lanes::draw_blocks(Svg& svg, const Lane& lane) const {
  std::optional<std::size_t> first;  // of the block at hand
  std::size_t last = 0;
  bool same_operation = false;
  const auto end_block = [&] {
    if (first) draw_block(svg, lane, *first, last);
    first.reset();
  };
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const PictureRow& row = rows_[i];
    if (row.line == nullptr || row.line->kind == StoryLine::Kind::verdict) continue;
    if (row.line->cpu != lane.cpu) {
      end_block();
      continue;
    }
    if (!row.line->own) {
      end_block();
      draw_block(svg, lane, i, i);
      continue;
    }
    if (row.line->kind == StoryLine::Kind::operation) {
      end_block();
      same_operation = false;
    }
    if (!first && same_operation) draw_pause(svg, lane, last, i);
    if (!first) first = i;
    last = i;
    same_operation = true;
  }
  end_block();
  if (same_operation && goes_on(lane)) draw_pause(svg, lane, last, rows_.size());
}

// Whether, where the picture ends, the CPU is in the middle of an operation.
bool Lanes::goes_on(const Lane& lane) const {
  if (std::ranges::find(stuck_, lane.cpu, &StuckCpu::cpu) != stuck_.end()) return true;
  std::size_t end = 0;
  for (const PictureRow& row : rows_) end = std::max(end, row.line == nullptr ? 0 : row.line->event);
  const auto next = std::ranges::find_if(scene_.story(), [&](const StoryLine& line) {
    return line.event > end && line.cpu == lane.cpu && line.own && line.kind != StoryLine::Kind::verdict;
  });
  return next != scene_.story().end() && next->kind != StoryLine::Kind::operation;
}

void Lanes::draw_block(Svg& svg, const Lane& lane, std::size_t first, std::size_t last) const {
  const int top = rows_[first].top;
  svg.rect({lane.block, top + 1, block_width_, rows_[last].bottom() - top - 2},
           rows_[first].line->own ? "block" : "block handler");
}

// The CPU is in the middle of an operation, and others run.
void Lanes::draw_pause(Svg& svg, const Lane& lane, std::size_t last, std::size_t next) const {
  const bool waits = rows_[last].is(StoryLine::Kind::wait);
  const int x = lane.block + 3;
  const int end = next < rows_.size() ? rows_[next].top : bottom_;
  svg.line(x, rows_[last].bottom(), x, end, waits ? "pause waits" : "pause");
  for (std::size_t i = last + 1; i < next; ++i) {
    if (rows_[i].line == nullptr || rows_[i].line->kind == StoryLine::Kind::verdict) continue;
    if (rows_[i].line->cpu != lane.cpu)
      svg.text(x + 6, rows_[i].top + setting::baseline, "aside", waits ? "waits" : "preempted");
    return;
  }
}

void Lanes::draw_interrupt(Svg& svg, const Interrupt& interrupt) const {
  const auto lane_of = [&](int cpu) { return std::ranges::find(lanes_, cpu, &Lane::cpu); };
  const auto from = lane_of(interrupt.from);
  const auto to = lane_of(interrupt.to);
  const auto sent = row_from(interrupt.span.begin);
  if (from == lanes_.end() || to == lanes_.end() || !sent || rows_[*sent].line->event != interrupt.span.begin) return;
  const bool rightwards = from->left < to->left;
  const int start = rightwards ? from->block + block_width_ : from->block;
  const int x = to->block - arrow_width / 2 - 2;
  const int y = rows_[*sent].middle();
  const auto taken = interrupt.span.end ? row_from(*interrupt.span.end) : std::nullopt;
  const int end = taken ? rows_[*taken].middle() : bottom_;
  const std::string tip = fmt::format("an IPI from cpu {} to cpu {}", interrupt.from, interrupt.to);
  svg.path(fmt::format("M{} {}H{}", start, y, x), "ipi", tip);
  svg.path(fmt::format("M{} {}V{}", x, y, end), "ipi pending", tip + ": pending");
  if (taken) {
    svg.path(fmt::format("M{} {}H{}", x, end, to->block - 4), "ipi", tip);
    svg.path(fmt::format("M{} {}l-5 -3.5v7z", to->block, end), "ipi-head");
  }
}

// A step through a translation that is stale, or at which something was found; a wait that has no end.
bool Lanes::is_key(const PictureRow& row) const {
  if (row.is(StoryLine::Kind::wait))
    return std::ranges::any_of(stuck_, [&](const StuckCpu& stuck) { return stuck.event == row.line->event; });
  if (row.line->kind != StoryLine::Kind::step) return false;
  const AnyEvent& any = scene_.trace().events()[row.line->event];
  if (any.is<event::UserAccess>() && any.as<event::UserAccess>().access == Access::hit)
    return scene_.state_at(*row.line).tlbs[any.cpu].stale;
  return scene_.found_at(row.line->event);
}

void Lanes::draw_text(Svg& svg, const Lane& lane, const PictureRow& row) const {
  if (row.line == nullptr || row.line->kind == StoryLine::Kind::verdict || row.line->cpu != lane.cpu) return;
  const bool heading = row.line->kind == StoryLine::Kind::operation;
  const bool key = is_key(row);
  if (key) svg.rect({lane.block, row.top + 1, block_width_, row.height - 2}, "key");
  int y = row.top + setting::baseline;
  const char* const step = key ? "step wrong" : "step";
  for (std::size_t i = 0; i < row.text.size(); ++i) {
    const std::string_view text =
        std::string_view(row.text[i]).substr(std::min(row.text[i].find_first_not_of(' '), row.text[i].size()));
    svg.text(lane.block + indent + (i == 0 ? 0 : further), y, heading ? "operation" : step, text);
    y += setting::line_height;
  }
}

}  // namespace shootdown
