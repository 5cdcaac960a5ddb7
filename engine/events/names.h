// What events are called where people write of them: the words of the type's
// name, "remove rmap" for RemoveRmap. Programs name events in their schedules, by
// these words or by the kind's number: so names and numbers are permanent.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "engine/events/event.h"

namespace shootdown {

namespace event_names {

struct Words {
  std::array<char, 40> text{};
  std::size_t length = 0;
};

// As the compiler writes the type.
template <typename E>
constexpr std::string_view type_name() {
  const std::string_view function = __PRETTY_FUNCTION__;
  const std::string_view space = "event::";
  const std::string_view rest = function.substr(function.rfind(space) + space.size());
  return rest.substr(0, rest.find_first_of(";],"));
}

template <typename E>
constexpr Words words = [] {
  Words result;
  for (const char letter : type_name<E>()) {
    const bool upper = letter >= 'A' && letter <= 'Z';
    if (upper && result.length != 0) result.text[result.length++] = ' ';
    result.text[result.length++] = static_cast<char>(upper ? letter - 'A' + 'a' : letter);
  }
  return result;
}();

template <typename... Events>
constexpr auto all(EventList<Events...> /*list*/) {
  return std::array{std::string_view(words<Events>.text.data(), words<Events>.length)...};
}

}  // namespace event_names

// By their kinds.
inline constexpr std::array all_event_names = event_names::all(AllEvents{});

inline constexpr std::size_t longest_event_name =
    std::ranges::max_element(all_event_names, {}, &std::string_view::size)->size();

// Whether it happens on a CPU, so that a schedule can wait for it.
constexpr bool happens_on_cpu(std::size_t kind) {
  return kind < AllEvents::size && kind != kind_of<event::RunBegins> && kind != kind_of<event::RunEnds> &&
         kind != kind_of<event::OperationBegins>;
}

}  // namespace shootdown
