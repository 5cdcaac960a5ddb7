// Crash files as regressions.
//
// A regression is a text with what its program does to every engine as its
// expectations. It is called after what it breaks first and a digest of its
// canonical bytes, ENGINE-ORACLE-DIGEST.program: so it has the same name whoever
// makes it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "fuzz/triage/examination.h"

namespace shootdown {

struct Regression {
  std::string name;
  std::string text;
  std::string digest;    // of the program
  std::size_t size = 0;  // of the program's bytes
  // Equal for those that break the same in the same way, of which one is enough. What is broken on other engines counts:
  // else the only input that breaks one engine could be dropped for the sake of one that does not.
  std::string kind;
};

// The digest of a program's canonical bytes.
std::string digest_of(const Program& program);

// None: it breaks nothing, and so would be no regression.
std::optional<Regression> make_regression(const Examination& examination);

// The first line of a text that is a comment, without its mark: what people call the program. Empty: there is none.
std::string title_of(std::string_view text);

}  // namespace shootdown
