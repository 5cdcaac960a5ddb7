// What a check came to, in words: what its table, page and JSON have in common.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fuzz/check/check.h"

namespace shootdown {

// A line of what a part did.
struct PartWords {
  std::string_view part;  // "corpus", "stories", "programs", "Linux", "mutants"
  std::string text;
};
std::vector<PartWords> part_words(const EngineChecked& checked);

// "broken", "proved", "held", "not judged"
std::string_view name_of(Standing standing);
// What that means here: all that it was looked for in. Of what is broken nothing.
std::string meaning_of(Standing standing, const EngineChecked& checked);

// "corpus", "stories", "programs", "mutants"
std::string_view name_of(CheckPart part);
// "a search of all schedules of corpus/x.program"
std::string how_it_was_found(const Breach& breach);
// "2 operations, 1 exception"
std::string size_of(const ShownBreach& breach);

// "corpus/x.program breaks lost-dirty-data, which it does not expect"
std::vector<std::string> surprises_of(const EngineChecked& checked);

// In a sentence, what the exit status says of this engine.
std::string conclusion(const EngineChecked& checked);

}  // namespace shootdown
