#include "engine/linux/places.h"

#include <span>

// The list that the build makes. Null: it has not been made.
extern "C" __attribute__((weak)) const unsigned linux_invisible_places[];
extern "C" __attribute__((weak)) const unsigned linux_invisible_place_count;

namespace shootdown {

const VisibleCode& visible_linux_code() {
  static const VisibleCode code = [] {
    VisibleCode listed(VisibleCode::Listed::invisible);
    if (&linux_invisible_place_count == nullptr) return listed;
    for (const unsigned place : std::span(linux_invisible_places, linux_invisible_place_count)) listed.list(place);
    return listed;
  }();
  return code;
}

}  // namespace shootdown
