#include "fuzz/trace/columns.h"

#include <algorithm>
#include <utility>

namespace shootdown {

namespace {

constexpr std::size_t gap = 2;  // between columns
constexpr std::size_t narrowest = 16;
constexpr std::size_t further_indent = 2;

constexpr std::string_view emphasis = "\033[1;31m";
constexpr std::string_view no_emphasis = "\033[0m";

void trim_right(std::string& out, std::size_t from) {
  while (out.size() > from && out.back() == ' ') out.pop_back();
}

}  // namespace

std::vector<std::string> wrap(std::string_view text, std::size_t width, std::size_t indent) {
  std::vector<std::string> lines;
  while (lines.empty() || !text.empty()) {
    const std::size_t margin = lines.empty() ? indent : indent + further_indent;
    const std::size_t room = width > margin ? width - margin : 1;
    std::size_t length = text.size();
    if (length > room) {
      const std::size_t space = text.rfind(' ', room);
      length = space == std::string_view::npos || space == 0 ? room : space;
    }
    lines.push_back(std::string(margin, ' ').append(text.substr(0, length)));
    text.remove_prefix(length);
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  }
  return lines;
}

ColumnTable::ColumnTable(std::string head, std::string note_head, std::vector<std::string> heads)
    : head_(std::move(head)), note_head_(std::move(note_head)), heads_(std::move(heads)) {}

// Every column gets what it needs as long as there is room; those that need more than an equal share of what the
// modest ones leave get that share.
std::vector<std::size_t> ColumnTable::column_widths(std::size_t available) const {
  std::vector<std::size_t> needs;
  needs.reserve(heads_.size());
  for (const std::string& head : heads_) needs.push_back(head.size());
  for (const Row& row : rows_) {
    if (row.column == across) continue;
    std::size_t& need = needs[static_cast<std::size_t>(row.column)];
    need = std::max(need, row.text.size() + static_cast<std::size_t>(row.indent));
  }

  std::vector<std::size_t> ascending = needs;
  std::ranges::sort(ascending);
  std::size_t left = available > gap * needs.size() ? available - gap * needs.size() : 0;
  std::size_t share = narrowest;
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    share = std::max(narrowest, left / (ascending.size() - i));
    if (ascending[i] > share) break;
    left -= ascending[i];
  }
  for (std::size_t& need : needs) need = std::min(need, share);
  return needs;
}

std::size_t ColumnTable::Widths::before_columns() const {
  return label + (note == 0 ? 0 : gap + note) + gap;
}

// Notes get what they need, up to a third of the table.
ColumnTable::Widths ColumnTable::find_widths(std::size_t width) const {
  Widths widths{.label = head_.size(), .all = width};
  for (const Row& row : rows_) {
    widths.label = std::max(widths.label, row.label.size());
    widths.note = std::max(widths.note, row.note.size());
  }
  if (widths.note != 0)
    widths.note = std::max(note_head_.size(), std::min(widths.note, std::max(narrowest, width / 3)));
  const std::size_t taken = widths.before_columns() - gap;
  widths.columns = column_widths(width > taken ? width - taken : 0);
  return widths;
}

std::string ColumnTable::render(int width, bool colour) const {
  const Widths widths = find_widths(static_cast<std::size_t>(std::max(width, 1)));
  std::string out = std::string(widths.label - head_.size(), ' ') + head_;
  if (widths.note != 0) out.append(gap, ' ').append(note_head_).append(widths.note - note_head_.size(), ' ');
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    out.append(gap, ' ').append(heads_[i]);
    out.append(widths.columns[i] > heads_[i].size() ? widths.columns[i] - heads_[i].size() : 0, ' ');
  }
  trim_right(out, 0);
  out += '\n';
  for (const Row& row : rows_) render_row(out, row, widths, colour);
  return out;
}

void ColumnTable::render_row(std::string& out, const Row& row, const Widths& widths, bool colour) {
  std::size_t margin = widths.before_columns();
  std::size_t room = 0;
  if (row.column == across) {
    margin = widths.label + gap;  // who crosses the columns has no note
    room = widths.all > margin ? widths.all - margin : narrowest;
  } else {
    const auto column = static_cast<std::size_t>(row.column);
    for (std::size_t i = 0; i < column; ++i) margin += widths.columns[i] + gap;
    room = widths.columns[column];
  }
  std::vector<std::string> lines = wrap(row.text, room, static_cast<std::size_t>(row.indent));
  const std::vector<std::string> notes = row.note.empty() ? std::vector<std::string>() : wrap(row.note, widths.note, 0);
  lines.resize(std::max(lines.size(), notes.size()));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::size_t begin = out.size();
    if (i == 0) out.append(widths.label - row.label.size(), ' ').append(row.label);
    if (i < notes.size()) out.append(widths.label + gap - (out.size() - begin), ' ').append(notes[i]);
    out.append(margin - (out.size() - begin), ' ');
    if (colour && row.emphasised) out += emphasis;
    out += lines[i];
    if (colour && row.emphasised) out += no_emphasis;
    trim_right(out, begin);
    out += '\n';
  }
}

}  // namespace shootdown
