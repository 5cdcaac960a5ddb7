#include "fuzz/explain/perfetto.h"

#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "fuzz/explain/activity.h"
#include "fuzz/trace/narrator.h"

namespace shootdown {

namespace {

using Json = nlohmann::ordered_json;

class PerfettoWriter {
 public:
  explicit PerfettoWriter(const Scene& scene) : scene_(scene) {}

  std::string write(const std::string& title) {
    add({{"name", "process_name"}, {"ph", "M"}, {"args", {{"name", title}}}});
    for (int cpu = 0; cpu < scene_.program().machine.cpus; ++cpu) {
      add({{"name", "thread_name"}, {"ph", "M"}, {"tid", cpu}, {"args", {{"name", fmt::format("cpu {}", cpu)}}}});
    }
    add_operations();
    for (const std::size_t number : scene_.shown()) add_line(scene_.story()[number]);
    add_locks();
    add_interrupts();
    return Json{{"traceEvents", std::move(events_)}, {"displayTimeUnit", "ns"}}.dump(1, ' ', false,
                                                                                     Json::error_handler_t::replace) +
           "\n";
  }

 private:
  void add(Json event) {
    event["pid"] = 0;
    events_.push_back(std::move(event));
  }

  // The step at which an event happens, from 0.
  std::uint64_t time_of(std::size_t event) const {
    const std::uint64_t steps = scene_.trace().events()[event].step;
    return steps == 0 ? 0 : steps - 1;
  }
  std::uint64_t end_of(const Span& span) const {
    return span.end ? time_of(*span.end) : scene_.trace().events().back().step;
  }

  // From its first step to the last.
  void add_operations() {
    std::array<std::optional<Json>, max_cpus> open;
    const auto end = [&](int cpu) {
      std::optional<Json>& operation = open[static_cast<std::size_t>(cpu)];
      if (operation) add(*std::exchange(operation, {}));
    };
    for (const StoryLine& line : scene_.story()) {
      if (line.kind == StoryLine::Kind::verdict || !line.own) continue;
      std::optional<Json>& operation = open[static_cast<std::size_t>(line.cpu)];
      if (line.kind == StoryLine::Kind::operation) {
        end(line.cpu);
        operation = Json{{"name", line.text}, {"ph", "X"}, {"ts", time_of(line.event)}, {"tid", line.cpu}};
      }
      if (operation) (*operation)["dur"] = time_of(line.event) + 1 - operation->at("ts").get<std::uint64_t>();
    }
    for (int cpu = 0; cpu < max_cpus; ++cpu) end(cpu);
  }

  void add_line(const StoryLine& line) {
    if (line.kind == StoryLine::Kind::verdict) {
      add({{"name", line.text},
           {"ph", "i"},
           {"s", "g"},
           {"ts",
            line.event < scene_.trace().events().size() ? time_of(line.event) : scene_.trace().events().back().step}});
    } else if (line.kind == StoryLine::Kind::step) {
      add({{"name", line.text}, {"ph", "X"}, {"ts", time_of(line.event)}, {"dur", 1}, {"tid", line.cpu}});
      add_counters(line);
    }
  }

  void add_counters(const StoryLine& line) {
    if (!scene_.followed()) return;
    const PageState& state = scene_.state_at(line);
    const auto count = [&](const char* name, std::int64_t value) {
      add({{"name", name}, {"ph", "C"}, {"ts", time_of(line.event)}, {"args", {{name, value}}}});
    };
    count("PG_dirty", state.test(PG_dirty) ? 1 : 0);
    count("mapcount", state.mapcount);
    count("refcount", state.refcount);
    if (state.memory) count("memory, word 0", state.memory->front());
    if (state.disk) count("disk, word 0", state.disk->front());
    if (state.promised) count("promised, word 0", state.promised->front());
  }

  void add_locks() {
    for (const HeldLock& held : held_locks(scene_.trace())) {
      const Json name = fmt::format("cpu {} holds {}", held.cpu, lock_name(held.lock, scene_.program().machine));
      const int id = next_id_++;
      add({{"name", name},
           {"cat", "lock"},
           {"ph", "b"},
           {"id", id},
           {"ts", time_of(held.span.begin)},
           {"tid", held.cpu}});
      add({{"name", name}, {"cat", "lock"}, {"ph", "e"}, {"id", id}, {"ts", end_of(held.span)}, {"tid", held.cpu}});
    }
  }

  void add_interrupts() {
    for (const Interrupt& interrupt : interrupts(scene_.trace())) {
      if (!interrupt.span.end) continue;
      const int id = next_id_++;
      add({{"name", "IPI"},
           {"cat", "ipi"},
           {"ph", "s"},
           {"id", id},
           {"ts", time_of(interrupt.span.begin)},
           {"tid", interrupt.from}});
      add({{"name", "IPI"},
           {"cat", "ipi"},
           {"ph", "f"},
           {"bp", "e"},
           {"id", id},
           {"ts", end_of(interrupt.span)},
           {"tid", interrupt.to}});
    }
  }

  const Scene& scene_;
  Json events_ = Json::array();
  int next_id_ = 1;
};

}  // namespace

std::string perfetto_json(const Scene& scene, const std::string& title) {
  return PerfettoWriter(scene).write(title);
}

}  // namespace shootdown
