// Planted mistakes: what the harness must be able to catch.
//
// Each is a mistake that somebody who changes this code could make. A run is made
// with at most one of them; without one, the code is what it should be.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace shootdown {

enum class Defect : std::uint8_t {
  none,
#define DEFECT(id, name, engine, what) id,
#include "engine/defects.def"
#undef DEFECT
};

// In place of an engine's name: the mistake shows on whichever, or cannot show on any.
inline constexpr std::string_view any_engine = "any";
inline constexpr std::string_view no_engine = "none";

struct DefectInfo {
  Defect id;
  std::string_view name;
  std::string_view engine;  // on which it shows
  std::string_view what;    // is done wrong
};

// All but `none`, in the order of the list.
std::span<const DefectInfo> all_defects();
// The name of any but `none`.
std::string_view defect_name(Defect defect);
// The defect of this name, or null.
const DefectInfo* find_defect(std::string_view name);

}  // namespace shootdown
