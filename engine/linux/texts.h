// What the kernel's code has to say, as text: where its WARNs and BUGs stand, its error messages, its functions' names.
//
// Events carry numbers (TextFact); these are the same in every process of one build. The texts are as old as the process.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "engine/events/facts.h"

namespace shootdown {

// Once, before any of these: texts are asked for in signal handlers, too, and by a process of which the one that ran is a fork.
void make_linux_texts();

// A WARN or BUG of the kernel's.
struct LinuxBug {
  bool goes_on;  // it is a WARN
  TextFact place;
};
// The one that this instruction belongs to.
std::optional<LinuxBug> find_linux_bug(const void* code);

// An error message, as printk is given it.
TextFact text_of_message(const char* format);
// The function that a call returns to.
TextFact text_of_function(const void* code);

// The text. Of a message its first line, without what was put into it.
std::string_view linux_text(TextFact text);

}  // namespace shootdown
