// Helpers for tests: what the project's documents say. Tests that use them are compiled with SHOOTDOWN_ROOT.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace shootdown {

// All bytes of a file of the repository.
inline std::string contents_of(std::string_view name) {
  std::ifstream file(std::filesystem::path(SHOOTDOWN_ROOT) / name, std::ios::binary);
  BOOST_REQUIRE_MESSAGE(file.is_open(), name);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

using TableRow = std::vector<std::string>;

// The cells of a line of a Markdown table, without what only Markdown needs.
inline TableRow cells_of(std::string_view line) {
  TableRow cells;
  for (std::size_t begin = 1; begin < line.size();) {
    const std::size_t end = std::min(line.find('|', begin), line.size());
    std::string cell;
    for (const char c : line.substr(begin, end - begin)) {
      if (c != '`' && c != '*' && (c != ' ' || (!cell.empty() && cell.back() != ' '))) cell += c;
    }
    if (cell.ends_with(' ')) cell.pop_back();
    cells.push_back(cell);
    begin = end + 1;
  }
  return cells;
}

// The rows of the Markdown table that begins with a row of these heads.
inline std::vector<TableRow> table_of(std::string_view document, const TableRow& heads) {
  std::vector<TableRow> rows;
  bool inside = false;
  while (!document.empty()) {
    const std::size_t end = std::min(document.find('\n'), document.size() - 1);
    const std::string_view line = document.substr(0, end);
    document.remove_prefix(end + 1);
    if (inside && !line.starts_with('|')) return rows;
    if (inside && !line.starts_with("|-")) rows.push_back(cells_of(line));
    if (line.starts_with('|') && cells_of(line) == heads) inside = true;
  }
  BOOST_REQUIRE_MESSAGE(inside, "there is no table with the head '" << heads.front() << "'");
  return rows;
}

}  // namespace shootdown
