#include "fuzz/explain/picture.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "fuzz/explain/lanes.h"
#include "fuzz/explain/rows.h"
#include "fuzz/explain/state_columns.h"
#include "fuzz/explain/style.h"
#include "fuzz/explain/svg.h"

namespace shootdown {

namespace {

constexpr int margin = 12;
constexpr int number_width = 38;
constexpr int verdict_indent = 10;
constexpr int side_gap = 28;
constexpr int side_head = 24;         // above the heads, where there are two sides
constexpr int sensible_width = 1360;  // of the whole picture: what a screen shows
constexpr int narrowest_block = 176;
constexpr int widest_block = 312;
constexpr int legend_height = 18;

// One of the runs in it.
struct Side {
  Side(const Scene& run, std::vector<PictureRow> lines) : scene(run), rows(std::move(lines)) {}

  // When all rows are known.
  void prepare(bool brief) {
    lanes.emplace(scene, rows);
    columns.emplace(scene, rows, brief);
  }
  int fixed_width() const { return number_width + lanes->fixed_width() + columns->width(); }
  int width() const { return fixed_width() + static_cast<int>(lanes->count()) * block; }
  int lanes_end() const { return left + width() - columns->width(); }

  const Scene& scene;
  std::vector<PictureRow> rows;
  std::optional<Lanes> lanes;
  std::optional<StateColumns> columns;
  int left = 0;
  int block = 0;  // the width of a lane's blocks
};

class Picture {
 public:
  explicit Picture(std::vector<Side>& sides) : sides_(sides) {}

  std::string draw(const std::string& title);

 private:
  void find_widths();
  void draw_side(Side& side);
  void draw_margin(const Side& side, const PictureRow& row);
  void draw_verdict(const Side& side, const PictureRow& row);
  int draw_legend(int top);
  std::string description() const;

  std::vector<Side>& sides_;
  Svg svg_;
  int width_ = 0;
  int top_ = 0;  // of the rows
  int bottom_ = 0;
};

std::string Picture::draw(const std::string& title) {
  for (Side& side : sides_) side.prepare(sides_.size() > 1);
  find_widths();
  std::vector<std::vector<PictureRow>*> runs;
  for (Side& side : sides_) {
    wrap_rows(side.rows, side.block - 2 * Lanes::indent,
              side.lanes_end() - side.left - number_width - 2 * verdict_indent);
    runs.push_back(&side.rows);
  }
  top_ = margin + StateColumns::head_height + (sides_.size() > 1 ? side_head : 0);
  bottom_ = stack(runs, top_);
  for (Side& side : sides_) draw_side(side);
  const int height = draw_legend(bottom_ + 22) + margin;
  const std::string style = fmt::format("<style>{}{}</style>\n", palette, picture_style);
  Svg paper;
  paper.rect({0, 0, width_, height}, "paper");
  return svg_.document(width_, height, title, description(), style + paper.body());
}

// What a screen has room for, shared among the lanes.
void Picture::find_widths() {
  int fixed = 2 * margin + side_gap * static_cast<int>(sides_.size() - 1);
  int lanes = 0;
  for (const Side& side : sides_) {
    fixed += side.fixed_width();
    lanes += static_cast<int>(side.lanes->count());
  }
  const int share = std::clamp((sensible_width - fixed) / std::max(lanes, 1), narrowest_block, widest_block);
  int left = margin;
  for (Side& side : sides_) {
    side.block = share;
    side.left = left;
    left += side.width() + side_gap;
  }
  width_ = left - side_gap + margin;
}

void Picture::draw_side(Side& side) {
  if (sides_.size() > 1) svg_.text(side.left, margin + 12, "side", side.scene.engine().name());
  svg_.text(side.left, top_ - 8, "head", "step");
  for (const PictureRow& row : side.rows) draw_margin(side, row);
  const int lanes = side.left + number_width;
  side.lanes->draw(svg_, lanes, side.block, top_, bottom_);
  for (const PictureRow& row : side.rows) draw_verdict(side, row);
  side.columns->draw(svg_, side.lanes_end(), top_);
}

// What stands beside the lanes.
void Picture::draw_margin(const Side& side, const PictureRow& row) {
  if (row.line == nullptr) return;
  if (row.only_here) {
    svg_.rect({side.left, row.top, side.lanes_end() - side.left, row.height}, "only");
    svg_.rect({side.left - 6, row.top, 4, row.height}, "only-mark", "only here");
  }
  if (row.line->number) svg_.text(side.left, row.top + setting::baseline, "number", fmt::to_string(*row.line->number));
}

// It lies across the lanes, and covers what runs through it.
void Picture::draw_verdict(const Side& side, const PictureRow& row) {
  if (!row.is(StoryLine::Kind::verdict)) return;
  const int left = side.left + number_width;
  svg_.rect({left, row.top + 1, side.lanes_end() - left, row.height - 2}, "verdict-band");
  int y = row.top + setting::baseline;
  svg_.text(left - 14, y, "verdict", "\u2717");
  for (const std::string& text : row.text) {
    svg_.text(left + verdict_indent, y, "verdict", text);
    y += setting::line_height;
  }
}

std::string Picture::description() const {
  std::string text = "Time runs downwards. Each CPU has a lane, each step a line";
  const Scene& scene = sides_.front().scene;
  if (scene.followed())
    text += "; the columns at the right show " + name_of(*scene.followed(), scene.program().machine);
  return text + ".";
}

// Returns where it ends.
int Picture::draw_legend(int top) {
  static constexpr std::array texts{
      "WAD: writable, accessed, dirty",
      "stale: allows what the page table does not",
      "yellow: the disk is behind what was promised, and the page is marked to be saved",
      "red, \u2260: it is not what was promised, and nothing says that it has to be saved",
      "bars: locks held",
      "arrows: IPIs, dashed while pending",
      "dotted: preempted, or waiting, in the middle of an operation",
  };
  int x = margin;
  for (const std::string_view text : texts) {
    const int width = static_cast<int>(text.size()) * 11 / 2 + 22;
    if (x != margin && x + width > width_ - margin) {
      x = margin;
      top += legend_height;
    }
    svg_.text(x, top, "legend", text);
    x += width;
  }
  return top;
}

std::string draw_sides(std::vector<Side>& sides, const std::string& title) {
  return Picture(sides).draw(title);
}

}  // namespace

std::string draw_run(const Scene& scene, const std::string& title) {
  std::vector<Side> sides;
  sides.emplace_back(scene, rows_of(scene));
  return draw_sides(sides, title);
}

std::string draw_runs(const Scene& scene, const Scene& other, const std::string& title) {
  std::vector<PictureRow> rows = rows_of(scene);
  std::vector<PictureRow> others = rows_of(other);
  align(rows, others);
  std::vector<Side> sides;
  sides.reserve(2);
  sides.emplace_back(scene, std::move(rows));
  sides.emplace_back(other, std::move(others));
  return draw_sides(sides, title);
}

}  // namespace shootdown
