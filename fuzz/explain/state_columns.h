// Draws the life of the page: a column for each thing that is known of it, in which a
// value stands as a band from where it comes to be so to where it changes.
//
// What disagrees is marked, by colour and in words: a translation that is stale, memory
// that is not as promised, a disk that is not while nothing says that it has to be saved.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/explain/rows.h"
#include "fuzz/explain/scene.h"
#include "fuzz/explain/svg.h"

namespace shootdown {

struct StateCell {
  std::string text;
  std::string_view tone;  // a class of the style; empty: there is nothing

  bool operator==(const StateCell&) const = default;
};

struct StateColumn {
  std::string group;
  std::string head;
  std::function<StateCell(const PageState&)> cell;
  std::vector<StateCell> cells;  // of each row
  int width = 0;
};

class StateColumns {
 public:
  // `brief`: where there is little room, only what the page is about.
  StateColumns(const Scene& scene, const std::vector<PictureRow>& rows, bool brief);

  int width() const;
  // The heads stand above `top`, where the rows begin; they are so high.
  static constexpr int head_height = 84;
  void draw(Svg& svg, int left, int top) const;

 private:
  void define(const Scene& scene);
  void add(std::string group, std::string head, std::function<StateCell(const PageState&)> cell);
  void define_contents(const Scene& scene);
  void fill(const Scene& scene, StateColumn& column) const;
  void draw_bands(Svg& svg, const StateColumn& column, int left) const;

  const std::vector<PictureRow>& rows_;
  std::vector<StateColumn> columns_;
};

}  // namespace shootdown
