// The lists of the input language, and that the document says the same.
#include "fuzz/language/language.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include "engine/events/names.h"
#include "fuzz/language/operands.h"
#include "test/documents.h"

namespace shootdown {

BOOST_AUTO_TEST_SUITE(language)

namespace {

using Sort = RecordKind::Sort;

constexpr std::string_view format_page = "docs/input-format.md";

// As docs/input-format.md calls kinds of operands.
std::string_view name_of(OperandKind kind) {
  switch (kind) {
    case OperandKind::virtual_page: return "page";
    case OperandKind::virtual_range: return "range";
    case OperandKind::virtual_move: return "move";
    case OperandKind::word: return "word";
    case OperandKind::file_page: return "file page";
    case OperandKind::file_range: return "file range";
    case OperandKind::mm: return "mm";
  }
  return "";
}

std::string range(unsigned first, unsigned last) {
  return fmt::format("{} to {}", first, last);
}

std::string range(ByteValues values) {
  return range(values.first, values.first + values.count - 1U);
}

// Of exceptions after so many steps, and of those at an event.
std::string kinds_of(const ExceptionInfo& info) {
  return range(info.kinds) + ", " + range(info.kinds_at_event);
}

std::string operands_of(const OperationInfo& info) {
  std::string names;
  for (const OperandKind kind : info.operands()) {
    if (!names.empty()) names += ", ";
    names += name_of(kind);
  }
  return names.empty() ? "none" : names;
}

void check_rows(const std::vector<TableRow>& found, const std::vector<TableRow>& expected) {
  BOOST_TEST(found.size() == expected.size());
  for (std::size_t i = 0; i < std::min(found.size(), expected.size()); ++i)
    BOOST_TEST(found[i] == expected[i], boost::test_tools::per_element());
}

// What docs/input-format.md says of a kind in the table of those that are no operations: the row in whose first cell it
// is.
std::string documented_record(const std::vector<TableRow>& rows, unsigned kind) {
  for (const TableRow& row : rows) {
    if (row[0] == "others") return row[1];
    const std::size_t to = row[0].find(" to ");
    if (to == std::string::npos) continue;  // operations
    if (kind >= std::stoul(row[0].substr(0, to)) && kind <= std::stoul(row[0].substr(to + 4))) return row[1];
  }
  return "nothing";
}

std::string record_of(const RecordKind& kind) {
  switch (kind.sort) {
    case Sort::reserved: return "none: the record is ignored";
    case Sort::operation: break;
    case Sort::exception:
      return fmt::format("{}{}", exception_table[kind.index].name, kind.at_event ? ", at an event" : "");
    case Sort::parameter: return "a parameter";
    case Sort::more: return "more arguments for the record before";
  }
  return "";
}

}  // namespace

// --- what the lists promise ---

BOOST_AUTO_TEST_CASE(defaults_are_in_range_and_operands_have_room) {
  const MachineConfig defaults;
  for (const ParameterInfo& parameter : parameter_table) {
    const std::uint16_t value = defaults.*parameter.field;
    BOOST_TEST((value >= parameter.min && value <= parameter.max), parameter.name);
  }
  for (const OperationInfo& info : operation_table) {
    BOOST_TEST(operation_table[static_cast<std::size_t>(info.call)].name == info.name);
    std::size_t arguments = 0;
    for (const OperandKind kind : info.operands()) arguments += form_of(kind).arguments();
    BOOST_TEST(arguments <= max_arguments - (!info.marked ? 0 : operation_mark.size()), info.name);
  }
  for (const ExceptionInfo& info : exception_table) BOOST_TEST((info_of(info.kind).kind == info.kind), info.name);
}

// A text has the name of an event in several words, and ends it by what comes next.
BOOST_AUTO_TEST_CASE(no_name_of_an_event_begins_with_another) {
  for (const std::string_view name : all_event_names) {
    const auto begins_with_it = [name](std::string_view other) { return other.starts_with(std::string(name) + ' '); };
    BOOST_TEST(std::ranges::none_of(all_event_names, begins_with_it), name);
  }
}

// --- docs/input-format.md ---
// What is permanent stands there and in a list. If one of these fails because a number, a name or a range has changed in
// the list, bytes and texts that people and fuzzers have kept mean something else: it is the list that is wrong.

BOOST_AUTO_TEST_CASE(documented_parameters) {
  std::vector<TableRow> expected;
  const MachineConfig defaults;
  for (const ParameterInfo& parameter : parameter_table) {
    expected.push_back({range(parameter.numbers), std::string(parameter.name), range(parameter.min, parameter.max),
                        std::to_string(defaults.*parameter.field), std::string(parameter.description)});
  }
  const std::string page = contents_of(format_page);
  check_rows(table_of(page, {"Numbers", "Name", "Range", "Default", "Meaning"}), expected);
  const std::vector<TableRow> parts = table_of(page, {"Part", "Content"});
  BOOST_TEST(parts[1][1].starts_with(fmt::format("one list of at most {},", max_operations)));
  BOOST_TEST(parts[2][1].starts_with(fmt::format("at most {} in all", max_exceptions)));
}

BOOST_AUTO_TEST_CASE(documented_operations) {
  std::vector<TableRow> expected;
  for (const OperationInfo& info : operation_table)
    expected.push_back({std::string(info.name), range(info.kinds), operands_of(info), std::string(info.description)});
  const std::string page = contents_of(format_page);
  check_rows(table_of(page, {"Name", "Kinds", "Operands", "What it does"}), expected);
  for (const OperationInfo& info : operation_table)
    BOOST_TEST(page.find(fmt::format("\"{}\"", info.name)) != std::string::npos, info.name << " in the grammar");

  // Every kind of operand is explained, and has the arguments that it is said to have.
  const std::vector<TableRow> meanings = table_of(page, {"Operand", "What it is"});
  const std::vector<TableRow> arguments = table_of(page, {"Operand", "Arguments", "Value"});
  BOOST_TEST(meanings.size() == arguments.size());
  for (const OperationInfo& info : operation_table) {
    for (const OperandKind kind : info.operands()) {
      const auto is_its = [name = name_of(kind)](const TableRow& row) { return row[0] == name; };
      BOOST_TEST(std::ranges::count_if(meanings, is_its) == 1, name_of(kind));
      const auto row = std::ranges::find_if(arguments, is_its);
      BOOST_REQUIRE(row != arguments.end());
      BOOST_TEST(std::ranges::count((*row)[1], ',') + 1 == static_cast<long>(form_of(kind).arguments()), name_of(kind));
    }
  }
}

BOOST_AUTO_TEST_CASE(documented_exceptions) {
  const std::string page = contents_of(format_page);
  const std::vector<TableRow> rows = table_of(page, {"Exception", "Kinds", "What happens"});
  BOOST_TEST_REQUIRE(rows.size() == exception_table.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    BOOST_TEST(rows[i][0] == exception_table[i].name);
    BOOST_TEST(rows[i][1] == kinds_of(exception_table[i]));
  }
  const std::vector<TableRow> limits = table_of(page, {"Exceptions say", "Range", ""});
  BOOST_TEST_REQUIRE(limits.size() == 8U);
  BOOST_TEST(limits[0][1] == range(0, max_after));
  BOOST_TEST(limits[1][1] == range(0, max_visit));
  BOOST_TEST(limits[3][1] == range(1, max_occurrence));
  BOOST_TEST(limits[4][1] == range(0, Exception::any_page - 1) + ", or any");
  BOOST_TEST(limits[6][1] == range(0, max_latency));
}

BOOST_AUTO_TEST_CASE(documented_records) {
  const std::vector<TableRow> rows = table_of(contents_of(format_page), {"Kinds", "Record"});
  for (unsigned kind = 0; kind < record_kinds.size(); ++kind) {
    if (record_kinds[kind].sort != Sort::operation)
      BOOST_TEST(documented_record(rows, kind) == record_of(record_kinds[kind]), kind);
  }
}

BOOST_AUTO_TEST_CASE(documented_events) {
  std::vector<TableRow> expected;
  for (std::size_t kind = 0; kind < all_event_names.size(); ++kind)
    expected.push_back({std::to_string(kind), std::string(all_event_names[kind])});
  check_rows(table_of(contents_of(format_page), {"Number", "Event"}), expected);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace shootdown
