#include "fuzz/triage/buckets.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "fuzz/io/output.h"
#include "fuzz/trace/columns.h"

namespace shootdown {

namespace {

constexpr std::string_view any_number = "N";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// The end of the longest row of such characters that begins at `at`.
std::size_t end_of(std::string_view text, std::size_t at, bool (*belongs)(char)) {
  while (at < text.size() && belongs(text[at])) ++at;
  return at;
}

}  // namespace

std::string fact_of_format(std::string_view format) {
  std::string fact;
  for (std::size_t i = 0; i < format.size(); ++i) {
    const bool doubled = i + 1 < format.size() && format[i + 1] == format[i];
    if ((format[i] == '{' || format[i] == '}') && doubled) {
      fact += format[i++];
    } else if (format[i] == '{') {
      fact += any_number;
      i = std::min(format.find('}', i), format.size() - 1);
    } else {
      fact += format[i];
    }
  }
  return fact;
}

std::string fact_of_message(std::string_view message) {
  std::string fact;
  for (std::size_t i = 0; i < message.size();) {
    const std::string_view rest = message.substr(i);
    std::size_t end = i;
    // An offset in a program, (program+0x12ab), is the same in each process, and tells bugs apart.
    if (rest.starts_with("0x") && !fact.ends_with('+')) {
      end = end_of(message, i + 2, is_hex_digit);
      if (end > i + 2) fact.append("0x").append(any_number);
    } else if (rest.starts_with("==")) {
      end = end_of(message, i + 2, is_digit);
      if (end > i + 2) fact.append("==").append(any_number);
    }
    if (end <= i + 2) {
      end = i + 1;
      fact += message[i];
    }
    i = end;
  }
  return fact;
}

std::size_t Buckets::add(const Kind& kind, File file) {
  const auto [known, is_new] = numbers_.emplace(kind, buckets_.size());
  if (is_new) buckets_.push_back({.kind = kind, .files = {}});
  add_to(known->second, std::move(file));
  return known->second;
}

// Of equal ones, the first that was found.
const Buckets::File& Buckets::Bucket::smallest() const {
  return *std::ranges::min_element(files, {}, &File::size);
}

std::vector<const Buckets::Bucket*> Buckets::in_order() const {
  std::vector<const Bucket*> order;
  order.reserve(buckets_.size());
  for (const Bucket& bucket : buckets_) order.push_back(&bucket);
  std::ranges::sort(order, [](const Bucket* left, const Bucket* right) {
    if (left->files.size() != right->files.size()) return left->files.size() > right->files.size();
    return left->kind < right->kind;
  });
  return order;
}

namespace {

// A bucket's line, as its cells.
struct Cells {
  std::string number;
  std::string files;
  std::string engine;
  std::string oracle;
  std::string fact;
};

std::string render_table(const std::vector<Cells>& rows, std::size_t width) {
  std::size_t number_width = 0;
  std::size_t files_width = 0;
  std::size_t engine_width = 0;
  std::size_t oracle_width = 0;
  for (const Cells& row : rows) {
    number_width = std::max(number_width, row.number.size());
    files_width = std::max(files_width, row.files.size());
    engine_width = std::max(engine_width, row.engine.size());
    oracle_width = std::max(oracle_width, row.oracle.size());
  }
  constexpr std::size_t narrowest = 30;
  std::string table;
  for (const Cells& row : rows) {
    const std::string head = fmt::format("{:>{}}  {:>{}}  {:{}}  {:{}}  ", row.number, number_width, row.files,
                                         files_width, row.engine, engine_width, row.oracle, oracle_width);
    const std::size_t room = width > head.size() + narrowest ? width - head.size() : narrowest;
    std::string margin = head;
    for (const std::string& line : wrap(row.fact, room, 0)) {
      table.append(margin).append(line).append("\n");
      margin.assign(head.size(), ' ');
    }
  }
  return table;
}

}  // namespace

std::string Buckets::render(std::size_t width, bool list) const {
  const std::vector<const Bucket*> order = in_order();
  std::vector<Cells> rows{{.number = "#", .files = "files", .engine = "engine", .oracle = "oracle", .fact = "fact"}};
  std::string commands;
  std::string lists;
  for (const Bucket* const bucket : order) {
    const std::string name = fmt::format("{}", rows.size());
    const File& smallest = bucket->smallest();
    rows.push_back({.number = name,
                    .files = fmt::format("{}", bucket->files.size()),
                    .engine = bucket->kind.engine,
                    .oracle = bucket->kind.oracle,
                    .fact = bucket->kind.fact});
    commands += fmt::format("\n#{}, {} byte{}:\n  {} {}\n", name, smallest.size, smallest.size == 1 ? "" : "s",
                            bucket->kind.see, shell_path(smallest.path));
    if (list) {
      lists += fmt::format("\nfiles of #{}:\n", name);
      for (const File& file : bucket->files) lists += fmt::format("  {}\n", printable(file.path));
    }
  }
  return render_table(rows, width) + "\nThe smallest file of each:\n" + commands + lists;
}

}  // namespace shootdown
