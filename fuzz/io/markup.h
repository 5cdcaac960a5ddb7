// Text in HTML and SVG.
#pragma once

#include <string>
#include <string_view>

namespace shootdown {

// As it must be written between tags and in attributes.
inline std::string escaped(std::string_view text) {
  std::string markup;
  for (const char c : text) {
    switch (c) {
      case '&': markup += "&amp;"; break;
      case '<': markup += "&lt;"; break;
      case '>': markup += "&gt;"; break;
      case '"': markup += "&quot;"; break;
      default: markup += c;
    }
  }
  return markup;
}

}  // namespace shootdown
