#include "engine/kernel/defects.h"

#include <array>

namespace shootdown {

std::span<const DefectInfo> all_defects() {
  static constexpr auto defects = std::to_array<DefectInfo>({
#define DEFECT(id, name, what) {Defect::id, name, what},
#include "engine/kernel/defects.def"
#undef DEFECT
  });
  return defects;
}

const DefectInfo* find_defect(std::string_view name) {
  for (const DefectInfo& defect : all_defects()) {
    if (defect.name == name) return &defect;
  }
  return nullptr;
}

}  // namespace shootdown
