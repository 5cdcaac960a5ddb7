// Draws who does what: a lane for each CPU, with its operations as blocks, and the steps
// as lines of text in them.
//
// A block is interrupted where its CPU is suspended or waits. At its left are bars for
// the locks that the CPU holds, and arrows for the interrupts that it is sent, from
// the row where it is sent to that where it is taken.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "fuzz/explain/activity.h"
#include "fuzz/explain/rows.h"
#include "fuzz/explain/scene.h"
#include "fuzz/explain/svg.h"

namespace shootdown {

class Lanes {
 public:
  static constexpr int indent = 7;  // of text in a block

  Lanes(const Scene& scene, const std::vector<PictureRow>& rows);

  // Of all lanes, but for the blocks.
  int fixed_width() const;
  std::size_t count() const { return lanes_.size(); }

  // The heads stand above `top`, where the rows begin; they end at `bottom`.
  void draw(Svg& svg, int left, int block_width, int top, int bottom);

 private:
  struct Bar {
    HeldLock lock;
    std::size_t first = 0;  // row
    std::size_t last = 0;
    std::size_t track = 0;
  };
  struct Lane {
    int cpu = 0;
    std::vector<Bar> bars;
    std::size_t tracks = 0;
    int left = 0;
    int block = 0;  // the left edge of the blocks
  };

  void place_bars(Lane& lane);
  std::optional<std::size_t> row_from(std::size_t event) const;
  std::optional<std::size_t> row_until(std::size_t event) const;
  bool is_key(const PictureRow& row) const;
  bool goes_on(const Lane& lane) const;

  void draw_bars(Svg& svg, const Lane& lane) const;
  void draw_blocks(Svg& svg, const Lane& lane) const;
  void draw_block(Svg& svg, const Lane& lane, std::size_t first, std::size_t last) const;
  void draw_pause(Svg& svg, const Lane& lane, std::size_t last, std::size_t next) const;
  void draw_interrupt(Svg& svg, const Interrupt& interrupt) const;
  void draw_text(Svg& svg, const Lane& lane, const PictureRow& row) const;

  const Scene& scene_;
  const std::vector<PictureRow>& rows_;
  std::vector<Lane> lanes_;
  std::vector<StuckCpu> stuck_;
  int block_width_ = 0;
  int bottom_ = 0;
};

}  // namespace shootdown
