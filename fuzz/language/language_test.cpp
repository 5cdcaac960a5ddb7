// The lists of the input language: what is permanent, and that the documents say the same.
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

namespace {

using Sort = RecordKind::Sort;

constexpr std::string_view format_page = "docs/input-format.md";

// As docs/input-format.md calls kinds of operands.
std::string_view name_of(OperandKind kind) {
  switch (kind) {
    case OperandKind::virtual_page: return "page";
    case OperandKind::virtual_range: return "range";
    case OperandKind::word: return "word";
    case OperandKind::file_page: return "file page";
    case OperandKind::file_range: return "file range";
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

// What docs/input-format.md says of a kind in the table of all of them: the row in whose first cell it is.
std::string documented_record(const std::vector<TableRow>& rows, unsigned kind) {
  for (const TableRow& row : rows) {
    const std::size_t to = row[0].find(" to ");
    if (to == std::string::npos) return row[1];  // others
    if (kind >= std::stoul(row[0].substr(0, to)) && kind <= std::stoul(row[0].substr(to + 4))) return row[1];
  }
  return "nothing";
}

std::string record_of(const RecordKind& kind) {
  switch (kind.sort) {
    case Sort::reserved: return "none: the record is ignored";
    case Sort::operation: return "an operation: each has those in [its table](#operations)";
    case Sort::exception:
      return fmt::format("{}{}", exception_table[kind.index].name, kind.at_event ? ", at an event" : "");
    case Sort::parameter: return "a parameter";
    case Sort::more: return "more arguments for the record before";
  }
  return "";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(language)

// --- what must never change ---

// If this fails, bytes that people and fuzzers have kept mean something else. Add what is new; change nothing here.
BOOST_AUTO_TEST_CASE(kinds_of_records_are_permanent) {
  struct Pin {
    Call call;
    unsigned first, last;
  };
  for (const auto& [call, first, last] :
       {Pin{Call::store, 0, 19}, Pin{Call::load, 20, 24}, Pin{Call::touch, 25, 29}, Pin{Call::mmap, 30, 34},
        Pin{Call::populate, 35, 39}, Pin{Call::munmap, 40, 49}, Pin{Call::dontneed, 50, 64}, Pin{Call::msync, 65, 69},
        Pin{Call::exit, 70, 74}, Pin{Call::fsync, 75, 84}, Pin{Call::writeback, 85, 94}, Pin{Call::fadvise, 95, 104},
        Pin{Call::reclaim, 105, 114}, Pin{Call::read, 115, 119}, Pin{Call::write, 120, 124},
        Pin{Call::invalidate, 125, 134}}) {
    BOOST_TEST(range(info_of(call).kinds) == range(first, last), info_of(call).name);
  }
  using enum Exception::Kind;
  BOOST_TEST(kinds_of(info_of(preempt)) == "216 to 235, 206 to 209");
  BOOST_TEST(kinds_of(info_of(evict)) == "236 to 240, 205 to 205");
  BOOST_TEST(kinds_of(info_of(fill)) == "241 to 245, 204 to 204");
  BOOST_TEST(kinds_of(info_of(keep)) == "214 to 215, 203 to 203");
  BOOST_TEST(kinds_of(info_of(fail)) == "212 to 213, 202 to 202");
  BOOST_TEST(range(parameter_kinds) == "246 to 250");
  BOOST_TEST(range(more_kinds) == "251 to 255");
}

// The same of parameters; the value of a byte also depends on the ends of the range.
BOOST_AUTO_TEST_CASE(numbers_and_ranges_of_parameters_are_permanent) {
  struct Pin {
    std::uint16_t MachineConfig::* field;
    unsigned number, min, max;
  };
  for (const auto& [field, number, min, max] :
       {Pin{&MachineConfig::cpus, 0, 1, 8}, Pin{&MachineConfig::mms, 8, 1, 4}, Pin{&MachineConfig::files, 16, 1, 2},
        Pin{&MachineConfig::windows, 24, 1, 2}, Pin{&MachineConfig::pages, 32, 1, 1024},
        Pin{&MachineConfig::words, 40, 1, 4}, Pin{&MachineConfig::tlb, 48, 1, 16},
        Pin{&MachineConfig::mapped, 56, 0, 1}, Pin{&MachineConfig::buffers, 64, 0, 1},
        Pin{&MachineConfig::page_shift, 72, 6, 16}, Pin{&MachineConfig::table_shift, 80, 0, 9},
        Pin{&MachineConfig::bundle, 88, 1, 8}, Pin{&MachineConfig::batch, 96, 0, 2047},
        Pin{&MachineConfig::batch_count, 104, 0, 2047}, Pin{&MachineConfig::free_cap, 112, 1, 512},
        Pin{&MachineConfig::pct_depth, 128, 0, 8}, Pin{&MachineConfig::pct_seed, 136, 0, 2047},
        Pin{&MachineConfig::pct_steps, 144, 1, 2047}}) {
    const auto* const info = std::ranges::find_if(
        parameter_table, [pinned = field](const ParameterInfo& parameter) { return parameter.field == pinned; });
    BOOST_TEST_CONTEXT(info->name) {
      BOOST_TEST(range(info->numbers) == range(number, number + 7));
      BOOST_TEST(info->min == min);
      BOOST_TEST(info->max == max);
    }
  }
}

// Programs name events by their numbers and their names.
BOOST_AUTO_TEST_CASE(events_are_permanent) {
  constexpr std::string_view names[] = {
      "run begins",
      "run ends",
      "operation begins",
      "user access",
      "translate",
      "refuse access",
      "evict translation",
      "fill translation",
      "flush translation",
      "raise tlb generation",
      "send interrupt",
      "wait for flush",
      "take interrupt",
      "read entry",
      "set entry",
      "set access flags",
      "clear entry",
      "read table",
      "install table",
      "free table",
      "take lock",
      "wait for lock",
      "drop lock",
      "sleep in atomic",
      "downgrade lock",
      "insert mapping",
      "split mapping",
      "detach mappings",
      "begin unmap",
      "end unmap",
      "drop mm user",
      "set dirty",
      "clear dirty",
      "read dirty",
      "set writeback",
      "clear writeback",
      "read writeback",
      "wait for writeback",
      "read uptodate",
      "mark accessed",
      "attach buffers",
      "strip buffers",
      "get page",
      "put page",
      "read refcount",
      "freeze refcount",
      "unfreeze refcount",
      "add rmap",
      "remove rmap",
      "read mapcount",
      "allocate page",
      "free page",
      "look up page",
      "add to page cache",
      "remove from page cache",
      "tag page",
      "tag for writeback",
      "find tagged",
      "read from disk",
      "write to disk",
      "read word",
      "write word",
      "write returns",
      "fsync begins",
      "fsync returns",
      "begin gather",
      "begin zap",
      "end zap",
      "queue page",
      "encode page",
      "allocate batch",
      "free batch",
      "flush gather",
      "release pages",
      "release page",
      "finish gather",
      "end gather",
  };
  // New ones come last.
  BOOST_TEST(all_event_names == names, boost::test_tools::per_element());
  for (const std::string_view name : all_event_names) {
    const auto begins_with_it = [name](std::string_view other) { return other.starts_with(std::string(name) + ' '); };
    BOOST_TEST(std::ranges::none_of(all_event_names, begins_with_it), name);
  }
}

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
    BOOST_TEST(arguments <= max_arguments, info.name);
  }
  for (const ExceptionInfo& info : exception_table) BOOST_TEST((info_of(info.kind).kind == info.kind), info.name);
}

// --- docs/input-format.md ---

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
  BOOST_TEST(parts[0][1].starts_with(fmt::format("{} parameters", parameter_table.size())));
  BOOST_TEST(parts[1][1].starts_with(fmt::format("one list of at most {},", max_operations)));
  BOOST_TEST(parts[2][1].starts_with(fmt::format("at most {} in all", max_exceptions)));
}

BOOST_AUTO_TEST_CASE(documented_operations) {
  std::vector<TableRow> expected;
  for (const OperationInfo& info : operation_table)
    expected.push_back({std::string(info.name), range(info.kinds), operands_of(info), std::string(info.description)});
  const std::string page = contents_of(format_page);
  check_rows(table_of(page, {"Name", "Kinds", "Operands", "What it does"}), expected);

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
  for (unsigned kind = 0; kind < record_kinds.size(); ++kind)
    BOOST_TEST(documented_record(rows, kind) == record_of(record_kinds[kind]), kind);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace shootdown
