#include "fuzz/replay/conflicts.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <set>
#include <utility>

#include "engine/events/event.h"
#include "engine/events/names.h"
#include "engine/events/observer.h"
#include "engine/events/touches.h"
#include "engine/run/simulation.h"

namespace shootdown {

// Makes the runs, and writes down what they touch.
// To begin with none of what a run needs would take longer than most of them.
class ConflictFinder::Bench final : public Observer {
 public:
  explicit Bench(const Engine& engine) : simulation_(engine, *this) {}

  const Engine& engine() const { return simulation_.engine(); }
  // In the order of the list.
  void run(const Program& program);

  // --- of the run that was made last ---

  struct Step {
    std::uint8_t operation;
    std::uint16_t number;  // from 1
  };
  const std::vector<Step>& steps() const { return steps_; }
  // With which CPUs each step conflicts.
  std::vector<CpuMask> conflicts() const;

  // --- while it is made ---

  EventSet watches() const override { return EventSet::all(); }
  void begin(Arena& arena, const World& world) override;
  void happened(const EventView& event, const World& world) override;
  // What TouchesOf says.
  void reads(const Places& places) { add(places, false); }
  void writes(const Places& places) { add(places, true); }

 private:
  // What a step touches: one place of many that are in a row.
  struct TouchedPlace {
    std::uint64_t place;
    std::size_t step;
    CpuMask cpu;
    bool writes;
  };

  template <typename E>
  void note(Fact cpu, const E& what, std::uint64_t number) {
    if (number > max_after) return;
    steps_.push_back({static_cast<std::uint8_t>(operation_[cpu]), static_cast<std::uint16_t>(number)});
    cpu_ = static_cast<int>(cpu);
    TouchesOf(cpu_, *this)(what);
  }
  void add(const Places& places, bool writes);

  std::array<Fact, max_cpus> operation_{};  // that each CPU is in
  int cpu_ = 0;
  std::vector<Step> steps_;
  std::vector<TouchedPlace> touches_;
  Program in_order_;
  Simulation simulation_;
};

void ConflictFinder::Bench::run(const Program& program) {
  in_order_ = program;
  drop_schedule(in_order_);
  simulation_.run(in_order_);
}

void ConflictFinder::Bench::begin(Arena& /*arena*/, const World& /*world*/) {
  operation_.fill(no_fact);
  steps_.clear();
  touches_.clear();
}

void ConflictFinder::Bench::happened(const EventView& event, const World& world) {
  if (event.is<event::OperationBegins>()) operation_[event.cpu] = event.as<event::OperationBegins>().operation;
  if (!happens_on_cpu(event.kind) || operation_[event.cpu] == no_fact) return;
  visit_event(event, [&]<typename E>(const E& what) {
    if constexpr (E::is_step) note(event.cpu, what, world.steps_of_operation());
  });
}

void ConflictFinder::Bench::add(const Places& places, bool writes) {
  constexpr Fact most = 16;
  visit_first_that_matter(places, most, [&](std::uint64_t place) {
    touches_.push_back({.place = place, .step = steps_.size() - 1, .cpu = cpu_bit(cpu_), .writes = writes});
  });
}

std::vector<CpuMask> ConflictFinder::Bench::conflicts() const {
  std::vector<CpuMask> conflicts(steps_.size());
  std::vector<TouchedPlace> all = touches_;
  std::ranges::sort(all, {}, &TouchedPlace::place);
  for (auto first = all.begin(); first != all.end();) {
    const auto end =
        std::find_if(first, all.end(), [&](const TouchedPlace& touch) { return touch.place != first->place; });
    unsigned users = 0;
    unsigned writers = 0;
    std::for_each(first, end, [&](const TouchedPlace& touch) {
      users |= touch.cpu;
      if (touch.writes) writers |= touch.cpu;
    });
    for (; first != end; ++first) {
      const unsigned others = (first->writes ? users : writers) & ~unsigned{first->cpu};
      conflicts[first->step] = static_cast<CpuMask>(conflicts[first->step] | others);
    }
  }
  return conflicts;
}

namespace {

// The same place only once.
std::vector<ConflictPoint> merged(std::vector<ConflictPoint> points) {
  const auto place = [](const ConflictPoint& point) { return std::pair(point.operation, point.after); };
  std::ranges::sort(points, {}, place);
  std::vector<ConflictPoint> result;
  for (const ConflictPoint& point : points) {
    if (result.empty() || place(result.back()) != place(point)) result.push_back({point.operation, point.after, 0});
    result.back().cpus = static_cast<CpuMask>(result.back().cpus | point.cpus);
  }
  return result;
}

}  // namespace

ConflictFinder::ConflictFinder(const Engine& engine) : bench_(std::make_unique<Bench>(engine)) {}
ConflictFinder::~ConflictFinder() = default;

const Engine& ConflictFinder::engine() const {
  return bench_->engine();
}

std::vector<ConflictPoint> ConflictFinder::points_of(const Program& program) {
  bench_->run(program);
  std::vector<ConflictPoint> points;
  const std::vector<CpuMask> conflicts = bench_->conflicts();
  for (std::size_t i = 0; i < conflicts.size(); ++i) {
    const auto [operation, number] = bench_->steps()[i];
    if (conflicts[i] == 0) continue;
    points.push_back({.operation = operation, .after = static_cast<std::uint16_t>(number - 1), .cpus = conflicts[i]});
    points.push_back({.operation = operation, .after = number, .cpus = conflicts[i]});
  }
  return merged(std::move(points));
}

namespace {

// Preemptions, as they are drawn.
class MeetingDraw {
 public:
  MeetingDraw(const Program& program, std::span<const ConflictPoint> points, SplitMix64& random)
      : program_(program), points_(points), random_(random) {}

  void draw() {
    const std::size_t point = next_point();
    const int cpu = any_bit(points_[point].cpus, random_);
    drawn_.insert({point, cpu});
    meet(points_[point].operation);
    const int other = next_operation_on(cpu, points_[point].operation);
    if (other < program_.operation_count) meet(other);
  }

  // Those of one operation, in order.
  std::vector<Exception> of(int operation) const {
    std::vector<Exception> exceptions;
    for (const auto& [point, cpu] : drawn_) {
      if (points_[point].operation != operation) continue;
      Exception& exception = exceptions.emplace_back();
      exception.kind = Exception::Kind::preempt;
      exception.cpu = static_cast<std::uint8_t>(cpu);
      exception.after = points_[point].after;
    }
    return exceptions;
  }

 private:
  // Mostly of an operation that is there already.
  std::size_t next_point() {
    const std::size_t anywhere = random_.below(points_.size());
    if (meeting_.empty() || random_.below(4) == 0) return anywhere;
    const auto first =
        std::ranges::lower_bound(points_, meeting_[random_.below(meeting_.size())], {}, &ConflictPoint::operation);
    const auto end = std::ranges::upper_bound(points_, first->operation, {}, &ConflictPoint::operation);
    return static_cast<std::size_t>(first - points_.begin()) + random_.below(static_cast<std::size_t>(end - first));
  }

  int next_operation_on(int cpu, int from) const {
    int operation = from + 1;
    while (operation < program_.operation_count && program_.operations[static_cast<std::size_t>(operation)].cpu != cpu)
      ++operation;
    return operation;
  }

  // If it has points.
  void meet(int operation) {
    if (std::ranges::binary_search(points_, operation, {}, &ConflictPoint::operation)) meeting_.push_back(operation);
  }

  const Program& program_;
  std::span<const ConflictPoint> points_;
  SplitMix64& random_;
  std::set<std::pair<std::size_t, int>> drawn_;  // points, and who runs then
  std::vector<int> meeting_;                     // operations, some more than once
};

}  // namespace

void draw_schedule(Program& program, std::span<const ConflictPoint> points, SplitMix64& random) {
  drop_schedule(program);
  if (points.empty()) return;
  MeetingDraw draw(program, points, random);
  for (std::uint64_t left = 1 + random.below(4); left != 0; --left) draw.draw();
  for (int i = 0; i < program.operation_count; ++i) {
    Operation& operation = program.operations[static_cast<std::size_t>(i)];
    operation.first_exception = program.exception_count;
    for (const Exception& exception : draw.of(i)) program.exceptions[program.exception_count++] = exception;
    operation.exception_count = static_cast<std::uint16_t>(program.exception_count - operation.first_exception);
  }
}

}  // namespace shootdown
