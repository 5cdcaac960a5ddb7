// Finds out at which places Linux's code can be seen by other CPUs, and lists the others as C++ (engine/linux/places.h).
//
// Usage: visible_code COUNT FILE...
//
// Runs each file's program under its own schedule and under COUNT pseudo-random ones, and COUNT pseudo-random programs, with every
// access a step. Prints the list; and to the standard error how long it is.
//
// Exit status: 0; 1 an error; 2 bad usage.
#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <set>
#include <string>

#include "engine/linux/linux_engine.h"
#include "engine/sched/pct.h"
#include "fuzz/checks/count_and_files.h"
#include "fuzz/checks/random_programs.h"
#include "fuzz/prove/visible_places.h"
#include "fuzz/replay/replay.h"

namespace {

using namespace shootdown;

void run_all(const CountAndFiles& inputs, VisiblePlaces& places) {
  const VisibleCode all(VisibleCode::Listed::invisible);
  Replayer replayer(linux_engine());
  replayer.watch_code({.visible = &all, .observer = &places});
  each_program(linux_engine(), inputs, 1, [&](const Program& program, const std::string& name) {
    // Of a kernel that finds no end, others would only take as long.
    const bool ends = replayer.run(program).outcome != Outcome::too_many_steps;
    if (name.starts_with("pseudo-random") || !ends) return;
    for (std::uint64_t seed = 1; seed <= inputs.count; ++seed) {
      constexpr int depth = 4;
      constexpr std::uint64_t about_as_many_steps = 2000;
      Pct pct(seed, depth, about_as_many_steps);
      replayer.run(program, nullptr, &pct);
    }
  });
}

bool print_list(const CountAndFiles& inputs) {
  VisiblePlaces places;
  run_all(inputs, places);
  std::set<std::size_t> invisible = places.reached();
  for (const std::size_t place : places.visible()) invisible.erase(place);
  fmt::print("extern \"C\" {{\nextern const unsigned linux_invisible_places[], linux_invisible_place_count;\n");
  fmt::print("const unsigned linux_invisible_places[] = {{{}}};\n", fmt::join(invisible, ","));
  fmt::print("const unsigned linux_invisible_place_count = {};\n}}\n", invisible.size());
  fmt::print(stderr, "{} places reached, {} of them visible\n", places.reached().size(), places.visible().size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  return run_count_and_files(argc, argv, "visible_code", print_list);
}
