// The median of measurements, and how far they are scattered, where some were given
// up before they came to an end.
//
// What was given up counts as longer than all that came to an end; so a quartile
// may be unknown, but never too small.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <vector>

namespace shootdown {

// Unknown where too many were given up.
struct Quartiles {
  std::optional<double> lower;
  std::optional<double> median;
  std::optional<double> upper;
};

inline constexpr double given_up = std::numeric_limits<double>::infinity();

// Linear between neighbours, as most programs do it; of no values all are unknown.
inline Quartiles quartiles(std::vector<double> values) {
  std::ranges::sort(values);
  const auto at = [&](double part) -> std::optional<double> {
    if (values.empty()) return std::nullopt;
    const double place = part * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const double beyond = place - std::floor(place);
    double value = values[below];
    if (beyond > 0) value += beyond * (values[below + 1] - value);
    return std::isfinite(value) ? std::optional(value) : std::nullopt;
  };
  return {.lower = at(0.25), .median = at(0.5), .upper = at(0.75)};
}

}  // namespace shootdown
