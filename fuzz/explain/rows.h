// The rows of a picture: a line of a story each, and where it stands.
//
// Of two runs that are drawn beside each other the rows stand side by side: where both
// say the same they share a height, and where only one says something the other has
// a gap.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "fuzz/explain/scene.h"

namespace shootdown {

struct PictureRow {
  const StoryLine* line = nullptr;  // null: a gap
  std::vector<std::string> text;    // as it is wrapped
  int top = 0;
  int height = 0;
  bool only_here = false;  // the other run has nothing of the kind at this point

  int bottom() const { return top + height; }
  int middle() const { return top + height / 2; }
  bool is(StoryLine::Kind kind) const { return line != nullptr && line->kind == kind; }
};

// The lines of one run, in their order.
std::vector<PictureRow> rows_of(const Scene& scene);

// Puts gaps into the rows of two runs, so that what both say in the same words stands in the same place.
void align(std::vector<PictureRow>& rows, std::vector<PictureRow>& others);

// Heights in units of the picture, and how text is set.
namespace setting {

inline constexpr int line_height = 15;
inline constexpr int row_padding = 6;
inline constexpr int baseline = 14;           // of the first line of a row, below its top
inline constexpr double letter_width = 6.65;  // of the fixed-width font, at its size

int width_of(std::size_t letters);
std::size_t letters_in(int width);

}  // namespace setting

// Wraps the text: lanes are so wide, and what crosses them too.
void wrap_rows(std::vector<PictureRow>& rows, int lane_width, int whole_width);
// Stacks rows of all runs from `top` on. Returns where they end.
int stack(const std::vector<std::vector<PictureRow>*>& runs, int top);

}  // namespace shootdown
