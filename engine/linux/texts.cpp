#include "engine/linux/texts.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/linux/memory.h"

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the linker's names
extern "C" {
// The kernel's table of its WARNs and BUGs (struct bug_entry with relative pointers).
struct BugEntry {
  std::int32_t code;  // from here
  std::int32_t file;
  std::uint16_t line;
  std::uint16_t flags;
};
extern const BugEntry __start___bug_table[], __stop___bug_table[];
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

namespace shootdown {

namespace {

// Of a bug that is a WARN (BUGFLAG_WARNING).
constexpr unsigned warning_flag = 1;

std::span<const BugEntry> bugs() {
  return {__start___bug_table, __stop___bug_table};
}

// Where a relative pointer leads.
const char* target_of(const std::int32_t& pointer) {
  return reinterpret_cast<const char*>(&pointer) + pointer;
}

// "mm/memory.c:1234" of each bug.
const std::vector<std::string>& names_of_places() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> made;
    for (const BugEntry& bug : bugs())
      made.push_back(std::string(target_of(bug.file)) + ':' + std::to_string(bug.line));
    return made;
  }();
  return all;
}

// Messages are in the same program as the code.
std::string_view message(Fact number) {
  const std::string_view text = LinuxMemory::code_at(0) + static_cast<std::int32_t>(number);
  return text.substr(0, text.find('\n'));
}

std::string_view function(Fact number) {
  const std::string_view name = LinuxMemory::function_of(LinuxMemory::code_at(number));
  return name.empty() ? "unknown code" : name;
}

}  // namespace

void make_linux_texts() {
  names_of_places();
}

std::optional<LinuxBug> find_linux_bug(const void* code) {
  const auto found =
      std::ranges::find(bugs(), code, [](const BugEntry& bug) -> const void* { return target_of(bug.code); });
  if (found == bugs().end()) return std::nullopt;
  return LinuxBug{.goes_on = (found->flags & warning_flag) != 0,
                  .place = {TextFact::Kind::place, static_cast<Fact>(found - bugs().begin())}};
}

TextFact text_of_message(const char* format) {
  return {TextFact::Kind::message, static_cast<Fact>(format - LinuxMemory::code_at(0))};
}

TextFact text_of_function(const void* code) {
  return {TextFact::Kind::function, static_cast<Fact>(LinuxMemory::offset_of(code))};
}

std::string_view linux_text(TextFact text) {
  switch (text.kind) {
    case TextFact::Kind::place: return names_of_places()[text.number];
    case TextFact::Kind::message: return message(text.number);
    case TextFact::Kind::function: return function(text.number);
  }
  return {};
}

}  // namespace shootdown
