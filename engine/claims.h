// What a way of unmapping pages says of itself: which guarantees it does not give.
#pragma once

#include <string_view>

namespace shootdown {

// A guarantee that an engine does not give.
struct NotClaimed {
  std::string_view oracle;  // the name of the oracle that judges it
  std::string_view why;     // one sentence, with its source
};

}  // namespace shootdown
