#include "fuzz/explain/state_columns.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace shootdown {

namespace {

constexpr int column_gap = 3;
constexpr int group_gap = 12;
constexpr int padding = 8;
constexpr int narrowest = 17;

// "WAD", "-A-"
std::string letters(EntryFact entry) {
  return {entry.write() ? 'W' : '-', entry.young() ? 'A' : '-', entry.dirty() ? 'D' : '-'};
}

StateCell cell_of(EntryFact entry, Fact frame) {
  if (entry.none()) return {"none", ""};
  if (entry.swapped()) return {fmt::format("swap {}", entry.slot()), "calm"};
  if (entry.migrating()) return {"moving", "calm"};
  if (entry.device_exclusive()) return {"device", "calm"};
  if (entry.device_private()) return {"in device", "calm"};
  if (entry.poisoned()) return {"poison", "calm"};
  const std::string elsewhere = entry.frame() == frame ? "" : fmt::format("{} ", entry.frame());
  return {elsewhere + letters(entry), entry.dirty() ? "on" : "calm"};
}

StateCell cell_of(const Translation& held, Fact frame) {
  if (!held.held) return {};
  const std::string elsewhere = held.entry.frame() == frame ? "" : fmt::format("{} ", held.entry.frame());
  const char* const clean = held.entry.write() ? "W" : "R";
  const std::string text = elsewhere + (held.entry.dirty() ? "WD" : clean);
  if (held.freed) return {text + " freed", "bad"};
  if (held.stale) return {text + " stale", "bad"};
  return {text, held.entry.dirty() ? "on" : "calm"};
}

std::string text_of(const Words& words, int count) {
  std::string text;
  for (int word = 0; word < count; ++word)
    text += fmt::format("{}{}", word == 0 ? "" : " ", (*words)[static_cast<std::size_t>(word)]);
  return text;
}

StateCell memory_cell(const PageState& state, int words) {
  if (!state.memory) return {};
  const std::string text = text_of(state.memory, words);
  if (state.promised && *state.memory != *state.promised) return {text + " \u2260", "bad"};
  return {text, "calm"};
}

// A disk that has less than was promised is as it should be as long as the page's frame or its entries say so; but not
// when there is no page any more.
StateCell disk_cell(const PageState& state, int words) {
  if (!state.disk) return {};
  const std::string text = text_of(state.disk, words);
  if (!state.promised || *state.disk == *state.promised) return {text, "calm"};
  if (state.memory && state.is_to_be_saved()) return {text, "warn"};
  return {text + " \u2260", "bad"};
}

}  // namespace

StateColumns::StateColumns(const Scene& scene, const std::vector<PictureRow>& rows, bool brief) : rows_(rows) {
  if (!scene.followed()) return;
  define(scene);
  const auto is_aside = [](const StateColumn& column) {
    return column.head == "frame" || column.head == "locked" || column.head == "refcount";
  };
  if (brief) std::erase_if(columns_, is_aside);
  for (StateColumn& column : columns_) fill(scene, column);
  const auto is_empty = [](const StateColumn& column) {
    return std::ranges::all_of(column.cells, [](const StateCell& cell) { return cell.text.empty(); });
  };
  std::erase_if(columns_, is_empty);
}

void StateColumns::add(std::string group, std::string head, std::function<StateCell(const PageState&)> cell) {
  columns_.push_back({.group = std::move(group), .head = std::move(head), .cell = std::move(cell), .cells = {}});
}

void StateColumns::define(const Scene& scene) {
  const MachineConfig& machine = scene.program().machine;
  const std::vector<VirtualPage>& shown_at = scene.followed()->shown_at;
  for (std::size_t i = 0; i < shown_at.size(); ++i) {
    const std::string of_mm = machine.mms == 1 ? "" : fmt::format(" mm {}", shown_at[i].mm);
    add("page table", fmt::format("pte {}{}", shown_at[i].page, of_mm),
        [i](const PageState& state) { return cell_of(EntryFact{state.entries[i]}, state.frame); });
  }
  for (std::size_t cpu = 0; cpu < machine.cpus; ++cpu) {
    add("TLBs", fmt::format("cpu {}", cpu),
        [cpu](const PageState& state) { return cell_of(state.tlbs[cpu], state.frame); });
  }
  add("page", "frame", [of_file = scene.followed()->is_of_file()](const PageState& state) -> StateCell {
    if (state.frame == no_fact) return {};
    if (!state.memory) return {fmt::format("{} free", state.frame), ""};
    return {fmt::format("{}{}", state.frame, of_file && !state.cached ? " dropped" : ""), "calm"};
  });
  for (const auto& [flag, head, letter] :
       {std::tuple(PG_dirty, "dirty", "D"), std::tuple(PG_writeback, "writeback", "W"),
        std::tuple(PG_locked, "locked", "L")}) {
    add("page", head, [flag, letter](const PageState& state) -> StateCell {
      if (!state.memory || !state.test(flag)) return {};
      return {letter, "on"};
    });
  }
  for (const auto& [count, head] :
       {std::pair(&PageState::mapcount, "mapcount"), std::pair(&PageState::refcount, "refcount")}) {
    add("page", head, [count](const PageState& state) -> StateCell {
      if (!state.memory) return {};
      return {fmt::to_string(state.*count), state.*count == 0 ? "" : "calm"};
    });
  }
  define_contents(scene);
}

void StateColumns::define_contents(const Scene& scene) {
  const int words = scene.program().machine.words;
  const bool of_file = scene.followed()->is_of_file();
  add("contents", "memory", [words](const PageState& state) { return memory_cell(state, words); });
  add("contents", of_file ? "disk" : "swap space", [words, of_file](const PageState& state) -> StateCell {
    if (of_file || !state.disk) return disk_cell(state, words);
    return {text_of(state.disk, words), "calm"};
  });
  add("contents", "promised", [words](const PageState& state) -> StateCell {
    if (!state.promised) return {};
    return {text_of(state.promised, words), "promise"};
  });
}

// What is no step changes nothing.
void StateColumns::fill(const Scene& scene, StateColumn& column) const {
  std::size_t widest = 0;
  for (const PictureRow& row : rows_) {
    const bool keeps =
        row.line == nullptr ||
        ((row.is(StoryLine::Kind::operation) || row.is(StoryLine::Kind::verdict)) && !column.cells.empty());
    if (!keeps) {
      column.cells.push_back(column.cell(scene.state_at(*row.line)));
    } else {
      column.cells.push_back(column.cells.empty() ? StateCell() : column.cells.back());
    }
    widest = std::max(widest, column.cells.back().text.size() - (column.cells.back().text.ends_with("\u2260") ? 2 : 0));
  }
  column.width = std::max(narrowest, setting::width_of(widest) + padding);
}

int StateColumns::width() const {
  int width = 0;
  std::string_view group;
  for (const StateColumn& column : columns_) {
    width += column.width + (column.group == group ? column_gap : group_gap);
    group = column.group;
  }
  return width;
}

void StateColumns::draw(Svg& svg, int left, int top) const {
  std::string_view group;
  int group_left = 0;
  const auto end_group = [&](int right) {
    if (group.empty()) return;
    svg.line(group_left, top - 2, right, top - 2, "rule");
    if (setting::width_of(group.size()) < right - group_left)
      svg.text(group_left, top - head_height + 12, "group", group);
  };
  int right = left;
  for (const StateColumn& column : columns_) {
    if (column.group != group) {
      end_group(right);
      group = column.group;
      left = group_left = right + group_gap;
    } else {
      left = right + column_gap;
    }
    right = left + column.width;
    svg.upright_text(left + column.width / 2 + 4, top - 6, "head", column.head);
    draw_bands(svg, column, left);
  }
  end_group(right);
}

void StateColumns::draw_bands(Svg& svg, const StateColumn& column, int left) const {
  for (std::size_t i = 0; i < rows_.size();) {
    std::size_t next = i + 1;
    while (next < rows_.size() && column.cells[next] == column.cells[i]) ++next;
    const StateCell& cell = column.cells[i];
    const int top = rows_[i].top;
    if (!cell.tone.empty()) svg.rect({left, top + 1, column.width, rows_[next - 1].bottom() - top - 2}, cell.tone);
    if (!cell.text.empty())
      svg.text(left + padding / 2, top + setting::baseline,
               cell.tone.empty() ? "value nothing" : fmt::format("value on-{}", cell.tone), cell.text);
    i = next;
  }
}

}  // namespace shootdown
