#include "fuzz/targets/features.h"

#include <array>
#include <cstddef>
#include <utility>

namespace shootdown {

namespace {

// The number in the assembly, which is no instruction, makes each function another one to optimisers.
template <std::size_t Number>
[[gnu::noinline]] void feature() {
  asm volatile("" ::"i"(Number));
}

template <std::size_t... Numbers>
constexpr auto make_features(std::index_sequence<Numbers...> /*all*/) {
  return std::array<void (*)(), sizeof...(Numbers)>{&feature<Numbers>...};
}

constexpr auto features = make_features(std::make_index_sequence<StateCoverage::counters>());

}  // namespace

void visit_features(std::span<std::uint8_t, StateCoverage::counters> counters) {
  for (std::size_t number = 0; number < counters.size(); ++number) {
    if (counters[number] == 0) continue;
    features[number]();
    counters[number] = 0;
  }
}

}  // namespace shootdown
