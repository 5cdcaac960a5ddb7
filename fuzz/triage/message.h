// What processes say to each other: messages over a socket, a length and then so
// many bytes; and plain objects as such bytes.
//
// For a process and those that are forked from it: the same build on both sides.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

namespace shootdown {

// False if the other side has closed the socket.
bool send_message(int socket, std::string_view message);
// False at the end of the stream.
bool receive_message(int socket, std::string& message);

template <typename Plain>
std::string_view as_bytes(const Plain& value) {
  static_assert(std::is_trivially_copyable_v<Plain>);
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

// Takes an object off the front.
template <typename Plain>
Plain taken_from(std::string_view& bytes) {
  static_assert(std::is_trivially_copyable_v<Plain>);
  Plain value;
  bytes.copy(reinterpret_cast<char*>(&value), sizeof value);
  bytes.remove_prefix(sizeof value);
  return value;
}

// A text in a message: its length, and then itself.
inline void append_text(std::string& bytes, std::string_view text) {
  bytes += as_bytes(text.size());
  bytes += text;
}

// Takes one off the front; good as long as the message.
inline std::string_view text_from(std::string_view& bytes) {
  const auto size = taken_from<std::size_t>(bytes);
  const std::string_view text = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return text;
}

}  // namespace shootdown
