// What is new about a run: features that no run before has had.
//
// There are two kinds of them:
//
//   meetings    a CPU touches a place that another CPU has touched last, and one of the two changes it: what each
//               of them does, and what kind of place it is (engine/events/touches.h)
//   situations  an operation begins: which one, and how its page is for the address space that it works in: what the
//               entry says, whether the page is dirty, under writeback, in the swap cache or exclusive, how often it is
//               mapped or its place in swap space is used, whether it is pinned
//
// What nobody has come to in one go is come to in steps by who keeps the programs that bring something new. There are some thousands
// of features that runs have, not millions: so who keeps programs for all of them can go on with each.
//
// Features are numbers of 20 bits that they are hashed to. Two that have the same are taken for one; so may be two places.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/events/observer.h"
#include "engine/events/touches.h"
#include "engine/program/program.h"

namespace shootdown {

class Novelty final : public Observer {
 public:
  using Feature = std::uint32_t;

  // The run to come is of this program.
  void expect(const Program& program) { program_ = &program; }
  // Those that the run had and none before, each once.
  std::span<const Feature> news() const { return news_; }
  // It is not new any more, as if a run had had it.
  void know(Feature feature) { known_.at(feature) = true; }

  EventSet watches() const override { return EventSet::all(); }
  void begin(Arena& arena, const World& world) override;
  void happened(const EventView& event, const World& world) override;

  // --- what TouchesOf says ---

  void reads(const Places& places) { touch(places, false); }
  void writes(const Places& places) { touch(places, true); }

 private:
  static constexpr std::size_t feature_numbers = std::size_t{1} << 20U;
  static constexpr std::size_t places_kept = 4096;

  // Who touched a place last.
  struct LastTouch {
    std::uint64_t place = 0;
    std::uint64_t run = 0;
    EventKind kind = 0;
    std::uint8_t cpu = 0;
    bool writes = false;
  };

  void touch(const Places& places, bool writes);
  void touch(Places::Kind kind, std::uint64_t place, bool writes);
  void look_at_situation(const Operation& operation, const World& world);
  void note(std::uint64_t hash);

  const Program* program_ = nullptr;
  std::vector<bool> known_ = std::vector<bool>(feature_numbers);
  std::vector<Feature> news_;
  std::vector<LastTouch> last_ = std::vector<LastTouch>(places_kept);
  std::uint64_t run_ = 0;  // number of the run at hand
  EventKind kind_ = 0;     // of the step at hand
  std::uint8_t cpu_ = 0;   // that makes it
};

}  // namespace shootdown
