#include "engine/zap/engines.h"

#include <array>

namespace shootdown {

std::span<const ZapEngine* const> all_engines() {
  static const std::array engines{
#define ENGINE(name) &name(),
#include "engine/zap/engines.def"
#undef ENGINE
  };
  return engines;
}

const ZapEngine* find_engine(std::string_view name) {
  for (const ZapEngine* const engine : all_engines()) {
    if (engine->name() == name) return engine;
  }
  return nullptr;
}

}  // namespace shootdown
