#include "fuzz/features.h"

#include <array>
#include <cstddef>
#include <utility>

namespace shootdown {

namespace {

// The number in the assembly, which is no instruction, makes each function another one to optimisers.
template <std::size_t number>
[[gnu::noinline]] void feature() {
  asm volatile("" ::"i"(number));
}

template <std::size_t... numbers>
constexpr auto make_features(std::index_sequence<numbers...> /*all*/) {
  return std::array<void (*)(), sizeof...(numbers)>{&feature<numbers>...};
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
