#include "fuzz/explain/rows.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "fuzz/trace/columns.h"

namespace shootdown {

namespace {

bool say_the_same(const PictureRow& row, const PictureRow& other) {
  return row.line->kind == other.line->kind && row.line->cpu == other.line->cpu &&
         row.line->operation == other.line->operation && row.line->text == other.line->text;
}

// How long the longest common subsequence is of what is left of two stories, for all places in both.
class CommonLengths {
 public:
  CommonLengths(const std::vector<PictureRow>& rows, const std::vector<PictureRow>& others)
      : width_(others.size() + 1), lengths_((rows.size() + 1) * width_) {
    for (std::size_t i = rows.size(); i-- > 0;) {
      for (std::size_t j = others.size(); j-- > 0;) {
        const bool same = say_the_same(rows[i], others[j]);
        at(i, j) = same ? at(i + 1, j + 1) + 1 : std::max(at(i + 1, j), at(i, j + 1));
      }
    }
  }

  std::uint32_t& at(std::size_t i, std::size_t j) { return lengths_[i * width_ + j]; }

 private:
  std::size_t width_;
  std::vector<std::uint32_t> lengths_;
};

}  // namespace

std::vector<PictureRow> rows_of(const Scene& scene) {
  std::vector<PictureRow> rows;
  for (const std::size_t number : scene.shown()) rows.push_back({.line = &scene.story()[number], .text = {}});
  return rows;
}

void align(std::vector<PictureRow>& rows, std::vector<PictureRow>& others) {
  CommonLengths common(rows, others);
  std::vector<PictureRow> aligned;
  std::vector<PictureRow> others_aligned;
  const auto put = [](std::vector<PictureRow>& to, PictureRow& row, bool only_here) {
    row.only_here = only_here;
    to.push_back(std::move(row));
  };
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < rows.size() || j < others.size()) {
    const bool both = i < rows.size() && j < others.size();
    if (both && say_the_same(rows[i], others[j])) {
      put(aligned, rows[i++], false);
      put(others_aligned, others[j++], false);
    } else if (j == others.size() || (both && common.at(i + 1, j) >= common.at(i, j + 1))) {
      put(aligned, rows[i++], true);
      others_aligned.emplace_back();
    } else {
      aligned.emplace_back();
      put(others_aligned, others[j++], true);
    }
  }
  rows = std::move(aligned);
  others = std::move(others_aligned);
}

namespace setting {

int width_of(std::size_t letters) {
  return static_cast<int>(std::lround(static_cast<double>(letters) * letter_width));
}

std::size_t letters_in(int width) {
  return static_cast<std::size_t>(static_cast<double>(std::max(width, 0)) / letter_width);
}

}  // namespace setting

void wrap_rows(std::vector<PictureRow>& rows, int lane_width, int whole_width) {
  for (PictureRow& row : rows) {
    if (row.line == nullptr) continue;
    const int width = row.is(StoryLine::Kind::verdict) ? whole_width : lane_width;
    row.text = wrap(row.line->text, setting::letters_in(width), 0);
    row.height = static_cast<int>(row.text.size()) * setting::line_height + setting::row_padding;
  }
}

int stack(const std::vector<std::vector<PictureRow>*>& runs, int top) {
  for (std::size_t i = 0; i < runs.front()->size(); ++i) {
    int height = 0;
    for (const std::vector<PictureRow>* const rows : runs) height = std::max(height, (*rows)[i].height);
    for (std::vector<PictureRow>* const rows : runs) {
      (*rows)[i].top = top;
      (*rows)[i].height = height;
    }
    top += height;
  }
  return top;
}

}  // namespace shootdown
