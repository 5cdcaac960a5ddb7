// A table of rows, each with text in one column: how an interleaving is set.
//
// Every row may have a label at the left, and a note beside it, and belongs to one
// column, or crosses them all. A column is as wide as its texts need; when the table would become
// wider than asked for, the widest columns are narrowed and their texts wrapped,
// never cut. With very many columns the table may still become wider: no column
// gets narrower than a few words.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace shootdown {

class ColumnTable {
 public:
  static constexpr int across = -1;

  struct Row {
    std::string label;        // to the right of its column
    std::string note;         // one word; a column of its own, if any row has one
    int column = across;      // from 0
    std::string text;         // one line
    int indent = 0;           // spaces before the text; where it goes on in a further line there are two more
    bool emphasised = false;  // coloured, if anything is
  };

  // `head` is the label's head, `note_head` that of the notes, `heads` those of the columns.
  ColumnTable(std::string head, std::string note_head, std::vector<std::string> heads);

  void add(Row row) { rows_.push_back(std::move(row)); }

  // The table as lines of at most `width` characters, if that can be.
  std::string render(int width, bool colour) const;

 private:
  struct Widths {
    std::size_t label = 0;
    std::size_t note = 0;  // 0: there are none
    std::vector<std::size_t> columns;
    std::size_t all = 0;

    std::size_t before_columns() const;
  };
  Widths find_widths(std::size_t width) const;
  std::vector<std::size_t> column_widths(std::size_t available) const;
  static void render_row(std::string& out, const Row& row, const Widths& widths, bool colour);

  std::string head_;
  std::string note_head_;
  std::vector<std::string> heads_;
  std::vector<Row> rows_;
};

// How wide texts are that do not depend on the terminal's width.
inline constexpr std::size_t text_width = 80;

// The lines of a text wrapped at spaces to `width`, each beginning with `indent` spaces, all but the first with two
// more. A word that is longer than a line is broken.
std::vector<std::string> wrap(std::string_view text, std::size_t width, std::size_t indent);

}  // namespace shootdown
