#include "engine/zap/engines.h"

#include <algorithm>
#include <array>

#include "engine/linux/linux_engine.h"

namespace shootdown {

namespace {

// Those of the model, and behind them Linux's, if that is linked.
std::span<const Engine* const> engines() {
  static const auto all = std::to_array<const Engine*>({
#define ENGINE(name) &name(),
#include "engine/zap/engines.def"
#undef ENGINE
      engine_of_linux(),
  });
  return all;
}

}  // namespace

std::span<const Engine* const> all_engines() {
  return engine_of_linux() == nullptr ? model_engines() : engines();
}

std::span<const Engine* const> model_engines() {
  return engines().first(engines().size() - 1);
}

const Engine* engine_of_linux() {
  return linux_is_linked() ? &linux_engine() : nullptr;
}

std::span<const Engine* const> models_of_linux() {
  static const std::array before{static_cast<const Engine*>(&eager_dirty())};
  static const std::array since_6_2{static_cast<const Engine*>(&delayed_rmap()),
                                    static_cast<const Engine*>(&delayed_rmap_ranges())};
  if (!linux_is_linked()) return {};
  if (!linux_is_since(6, 2)) return before;
  return std::span(since_6_2).first(linux_is_since(6, 9) ? 2 : 1);
}

const Engine* find_engine(std::string_view name) {
  for (const Engine* const engine : all_engines()) {
    if (engine->name() == name) return engine;
  }
  return nullptr;
}

bool is_optional_engine(std::string_view name) {
  constexpr std::string_view beginning = "linux-";
  return name.size() > beginning.size() && name.starts_with(beginning) && std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
         });
}

}  // namespace shootdown
