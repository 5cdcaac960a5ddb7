#include "fuzz/prove/steps_that_matter.h"

#include <cstdint>

#include "engine/sched/pct.h"
#include "fuzz/replay/replay.h"

namespace shootdown {

StepsThatMatter::StepsThatMatter(const Engine& engine, const Program& program, Defect defect) {
  constexpr std::uint64_t runs = 1000;
  constexpr int depths = 6;
  Replayer replayer(engine, defect);
  replayer.watch_code({.observer = &seen_});
  constexpr std::uint64_t about_as_many_steps = 2000;
  for (std::uint64_t seed = 1; seed <= runs; ++seed) {
    Pct pct(seed, 1 + static_cast<int>(seed % depths), about_as_many_steps);
    replayer.run(program, nullptr, &pct);
    if (seen_.reached().empty()) return;
  }
  take_in_new_ones();
}

}  // namespace shootdown
