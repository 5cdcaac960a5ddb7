#include "engine/defects.h"

#include <array>
#include <cstddef>

namespace shootdown {

std::span<const DefectInfo> all_defects() {
  static constexpr auto defects = std::to_array<DefectInfo>({
#define DEFECT(id, name, engine, what) {Defect::id, name, engine, what},
#include "engine/defects.def"
#undef DEFECT
  });
  return defects;
}

// The list has no line for `none`, which is the first.
std::string_view defect_name(Defect defect) {
  return all_defects()[static_cast<std::size_t>(defect) - 1].name;
}

const DefectInfo* find_defect(std::string_view name) {
  for (const DefectInfo& defect : all_defects()) {
    if (defect.name == name) return &defect;
  }
  return nullptr;
}

}  // namespace shootdown
