#include "fuzz/trace/trace.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "fuzz/trace/columns.h"
#include "fuzz/trace/rounds.h"
#include "fuzz/trace/story.h"

namespace shootdown {

bool is_step(const AnyEvent& event) {
  bool result = false;
  visit_event(event, [&]<typename E>(const E& /*event*/) { result = E::is_step; });
  return result;
}

bool has_line(const AnyEvent& event) {
  bool result = false;
  visit_event(event, [&]<typename E>(const E& /*event*/) { result = is_told<E>; });
  return result;
}

// --- recording ---

void Trace::happened(const EventView& view, const World& world) {
  if (view.is<event::RunBegins>()) {
    events_.clear();
    functions_.clear();
    accesses_.clear();
    steps_ = 0;
    missing_ = 0;
  }
  const AnyEvent event(view);
  const bool counts = is_step(event);
  if (counts && is_full()) ++missing_;
  if (missing_ != 0) return;
  if (counts) ++steps_;
  events_.push_back(event);
  functions_.push_back(world.function(view.cpu));
}

void Trace::accesses(const MemoryAccess& access, const World& world) {
  if (missing_ != 0 || is_full()) return;
  accesses_.push_back({access, world.function(access.cpu), events_.size()});
}

bool Trace::is_full() {
  return steps_ + accesses_.size() >= limit_;
}

// --- rendering ---

namespace {

constexpr int step_indent = 2;  // below the heading

class Renderer {
 public:
  Renderer(const Program& program, const Trace& trace, const Report& report, const TraceOptions& options)
      : trace_(trace),
        options_(options),
        has_no_end_(report.broken().contains(OracleId::progress)),
        story_(tell_story(program, trace, report)),
        table_(head()) {}

  std::string render();

 private:
  ColumnTable head();
  void show_run(std::vector<StoryLine>::const_iterator end);
  void show(const StoryLine& line);
  std::string count() const;

  const Trace& trace_;
  const TraceOptions& options_;
  const bool has_no_end_;
  std::vector<StoryLine> story_;
  std::array<int, max_cpus> columns_{};
  std::size_t shown_ = 0;  // steps
  ColumnTable table_;
};

// A column for each CPU that does anything.
ColumnTable Renderer::head() {
  std::array<bool, max_cpus> acts{};
  for (const StoryLine& line : story_) {
    if (line.kind != StoryLine::Kind::verdict) acts[static_cast<std::size_t>(line.cpu)] = true;
  }
  std::vector<std::string> heads;
  for (std::size_t cpu = 0; cpu < acts.size(); ++cpu) {
    columns_[cpu] = static_cast<int>(heads.size());
    if (acts[cpu]) heads.push_back(fmt::format("cpu {}", cpu));
  }
  return {"step", "function", std::move(heads)};
}

std::string Renderer::render() {
  const auto found_later =
      std::ranges::find_if(story_, [&](const StoryLine& line) { return line.event >= trace_.events().size(); });
  show_run(found_later);
  if (trace_.missing() != 0)
    table_.add({.text = fmt::format("... and {} further steps, which were not recorded", trace_.missing())});
  std::for_each(found_later, story_.end(), [&](const StoryLine& line) { show(line); });
  std::string out = table_.render(options_.width, options_.colour);
  if (!options_.full) out += count();
  return out;
}

// What is told until the run is over. Of one that has no end, as far as it goes round, a few rounds.
void Renderer::show_run(std::vector<StoryLine>::const_iterator end) {
  std::vector<const StoryLine*> lines;
  for (auto line = story_.cbegin(); line != end; ++line) {
    if (options_.full || line->essential || line->kind == StoryLine::Kind::verdict) lines.push_back(&*line);
  }
  const std::optional<Rounds> rounds = has_no_end_ && !options_.full ? find_rounds(lines) : std::nullopt;
  if (rounds.has_value()) lines.resize(rounds->end_of_told());
  for (const StoryLine* const line : lines) show(*line);
  if (rounds.has_value()) table_.add({.text = fmt::format("... and so on, {} times more", rounds->left_out())});
}

void Renderer::show(const StoryLine& line) {
  using Kind = StoryLine::Kind;
  if (line.kind == Kind::verdict) return table_.add({.text = "*** " + line.text, .emphasised = true});
  if (line.kind == Kind::step) ++shown_;
  table_.add({.label = line.number.has_value() ? fmt::to_string(*line.number) : "",
              .note = std::string(line.function),
              .column = columns_[static_cast<std::size_t>(line.cpu)],
              .text = line.text,
              .indent = line.kind == Kind::operation ? 0 : step_indent});
}

std::string Renderer::count() const {
  const std::uint64_t steps = trace_.steps() + trace_.missing();
  if (std::ranges::all_of(trace_.functions(), &std::string_view::empty))
    return fmt::format("({} of {} steps are shown)\n", shown_, steps);
  return fmt::format("({} of {} events are shown; there were {} steps)\n", shown_, steps, trace_.events().back().step);
}

}  // namespace

std::string render_trace(const Program& program, const Trace& trace, const Report& report,
                         const TraceOptions& options) {
  return Renderer(program, trace, report, options).render();
}

}  // namespace shootdown
