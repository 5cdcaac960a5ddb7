// The text form of programs: complete, exact, and clear about what is wrong.
#include "fuzz/language/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "fuzz/language/codec.h"
#include "fuzz/language/language.h"
#include "test/bytes.h"
#include "test/samples.h"

namespace shootdown {

BOOST_AUTO_TEST_SUITE(text)

namespace {

// Random operations on a machine of a given size; its other parameters are random.
Bytes random_program(std::mt19937& random, const MachineConfig& size) {
  Bytes bytes = random_bytes(random, record_size * (20 + below(random, 100)));
  Program machine;
  machine.machine = size;
  const Bytes tail = encode(machine);  // the parameters that are not default, at the end: they win
  bytes.insert(bytes.end(), tail.begin(), tail.end());
  return bytes;
}

Document parsed(std::string_view text) {
  std::variant<Document, ParseError> result = parse(text);
  if (const auto* const error = std::get_if<ParseError>(&result)) {
    BOOST_FAIL(error->format("text"));
  }
  return std::get<Document>(std::move(result));
}

ParseError failed(std::string_view text) {
  std::variant<Document, ParseError> result = parse(text);
  BOOST_REQUIRE_MESSAGE(std::holds_alternative<ParseError>(result), "parses: " << text);
  return std::get<ParseError>(std::move(result));
}

void check_round_trip(const Program& program) {
  const std::string text = print(program);
  const Document document = parsed(text);
  BOOST_REQUIRE_MESSAGE(document.program == program, text);
  BOOST_REQUIRE(document.expectations.empty());
  BOOST_REQUIRE(encode(document.program) == encode(program));
  BOOST_REQUIRE_EQUAL(print(document.program), text);
  BOOST_REQUIRE(looks_like_text(text));
}

// That an error's place is one of the text, and that its line is the text's.
void check_place(const ParseError& error, std::string_view text) {
  BOOST_REQUIRE_GE(error.line, 1);
  std::size_t begin = 0;
  for (std::size_t line = 1; line < error.line; ++line) {
    begin = text.find('\n', begin) + 1;
    BOOST_REQUIRE_NE(begin, 0);
  }
  std::string_view line = text.substr(begin, text.find('\n', begin) - begin);
  if (line.ends_with('\r')) line.remove_suffix(1);
  BOOST_REQUIRE_EQUAL(error.text, line);
  BOOST_REQUIRE_GE(error.column, 1);
  BOOST_REQUIRE_LE(error.column, line.size() + 1);
}

// Parses `text`, which must be wrong at the place marked by "@" (which is taken out).
void check_error(std::string_view marked, std::string_view message) {
  std::string text(marked);
  const std::size_t mark = text.find('@');
  BOOST_REQUIRE_NE(mark, std::string::npos);
  text.erase(mark, 1);
  const std::size_t line_begin = text.rfind('\n', mark == 0 ? 0 : mark - 1);
  const auto line =
      static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<long>(mark), '\n') + 1);
  const std::size_t column = line == 1 ? mark + 1 : mark - line_begin;
  const ParseError error = failed(text);
  BOOST_TEST_CONTEXT(marked) {
    BOOST_TEST(error.message == message);
    BOOST_TEST(error.line == line);
    BOOST_TEST(error.column == column);
    check_place(error, text);
  }
}

// The same, of a text that begins with a header and a machine of 3 CPUs and 4 pages.
void check_error_after_header(std::string_view marked, std::string_view message) {
  check_error(fmt::format("shootdown 2\nmachine pages 4\n{}", marked), message);
}

// The same, of an operation of CPU 0.
void check_error_in_operation(std::string_view marked, std::string_view message) {
  check_error_after_header(fmt::format("cpu 0: {}", marked), message);
}

// Of a table of the language, as messages list them: "cpus, mms".
std::string names_in(const auto& table) {
  std::string names;
  for (const auto& info : table) names += fmt::format("{}{}", names.empty() ? "" : ", ", info.name);
  return names;
}

constexpr std::string_view example =
    "# A comment.\n"
    "shootdown 2\n"
    "machine cpus 3, pages 4   # another\n"
    "machine files 2, windows 2\n"
    "expect eager_dirty breaks lost-dirty-data, page-cache-contents\n"
    "\n"
    "expect deferred_dirty holds\n"
    "cpu 0: store page 0 word 1\n"
    "  after 3 steps switch to cpu 1\n"
    "  after 1 step switch to cpu 1, interrupts 4 steps late\n"
    "  after 5 steps evict page 0 from cpu 2\n"
    "  after 5 steps fill page 7 on cpu 0\n"
    "cpu 2: munmap page 1\n"
    "cpu 0: load page 1 word 0\n"
    "cpu 0: touch pages 0-3\n"
    "  after 16480 steps suspend\n"
    "  after 2 steps suspend, interrupts 3 steps late\n"
    "cpu 2: fsync pages 0-1\n"
    "cpu 2: read page 1 of file 1\n"
    "cpu 1: reclaim pages 2-3 of file 1\n"
    "  after 0 steps switch to cpu 0, interrupts 1 step late\n"
    "cpu 2: exit\n";

}  // namespace

// --- what a text says ---

BOOST_AUTO_TEST_CASE(the_example_means_what_it_says) {
  const Document document = parsed(example);
  const Program& program = document.program;
  BOOST_TEST((program.machine == MachineConfig{.files = 2, .windows = 2, .pages = 4}));
  BOOST_TEST(program.operation_count == 8);
  const Operation* const operation = program.operations.data();
  BOOST_TEST((operation[0] == Operation{Call::store, 0, 0, 4, {{{0}, {1}}}}));
  BOOST_TEST((operation[1] == Operation{Call::munmap, 2, 4, 0, {{{1, 1}}}}));
  BOOST_TEST((operation[2] == Operation{Call::load, 0, 4, 0, {{{1}, {0}}}}));
  BOOST_TEST((operation[3] == Operation{Call::touch, 0, 4, 2, {{{0, 4}}}}));
  BOOST_TEST((operation[4] == Operation{Call::fsync, 2, 6, 0, {{{0, 2}}}}));
  BOOST_TEST((operation[5] == Operation{Call::read, 2, 6, 0, {{{5}}}}));
  BOOST_TEST((operation[6] == Operation{Call::reclaim, 1, 6, 1, {{{6, 2}}}}));
  BOOST_TEST((operation[7] == Operation{Call::exit, 2, 7, 0, {}}));
  BOOST_TEST(program.exception_count == 7);
  const Exception* const exception = program.exceptions.data();
  BOOST_TEST((exception[0] == Exception{.kind = Exception::Kind::preempt, .cpu = 1, .after = 3}));
  BOOST_TEST((exception[1] == Exception{.kind = Exception::Kind::preempt, .cpu = 1, .latency = 4, .after = 1}));
  BOOST_TEST((exception[2] == Exception{.kind = Exception::Kind::evict, .cpu = 2, .after = 5, .page = 0}));
  BOOST_TEST((exception[3] == Exception{.kind = Exception::Kind::fill, .cpu = 0, .after = 5, .page = 7}));
  BOOST_TEST((exception[4] == Exception{.kind = Exception::Kind::preempt, .cpu = 0, .after = 16480}));
  BOOST_TEST((exception[5] == Exception{.kind = Exception::Kind::preempt, .cpu = 0, .latency = 3, .after = 2}));
  BOOST_TEST((exception[6] == Exception{.kind = Exception::Kind::preempt, .cpu = 0, .latency = 1, .after = 0}));
  check_round_trip(program);
}

// The examples of docs/input-format.md.
BOOST_AUTO_TEST_CASE(documented_examples) {
  const Bytes canonical{0xF6, 0x00, 0x01, 0x00, 0xF6, 0x20, 0x03, 0x00, 0x19, 0x00, 0x00, 0x01, 0x14, 0x01, 0x00,
                        0x00, 0x32, 0x00, 0x00, 0x00, 0xD8, 0x01, 0x45, 0x02, 0xD8, 0x00, 0xFF, 0x00, 0xFB, 0xCC,
                        0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0xEC, 0x00, 0x00, 0x00, 0x4B, 0x00, 0x00, 0x00};
  const std::string_view text =
      "shootdown 2\n"
      "machine cpus 2, pages 4\n"
      "\n"
      "cpu 0: touch pages 0-1\n"
      "cpu 1: load page 0 word 0\n"
      "cpu 0: dontneed page 0\n"
      "  after 6 steps switch to cpu 1, interrupts 2 steps late\n"
      "  after 300 steps suspend\n"
      "cpu 1: store page 0 word 1\n"
      "  after 0 steps evict page 0 from cpu 0\n"
      "cpu 0: fsync page 0\n";
  BOOST_TEST(print(decoded(canonical)) == text);
  BOOST_TEST(encode(parsed(text).program) == canonical);

  const Bytes wild{0xD8, 0x05, 0x00, 0x40, 0xFA, 0x07, 0x0A, 0x07, 0x0E, 0x0F, 0x0D, 0xFF, 0x9A,
                   0x01, 0x02, 0x03, 0xE1, 0x05, 0x88, 0x40, 0xF6, 0x25, 0x05, 0x04, 0x40, 0x01,
                   0x04, 0xFF, 0xDB, 0x04, 0x80, 0xD0, 0xFF, 0xC0, 0x10, 0x77, 0x54, 0x03};
  const Bytes tamed{0xF6, 0x20, 0x05, 0x00, 0x00, 0x00, 0x01, 0x01, 0xD8, 0x02, 0x48, 0x00, 0x32, 0x01,
                    0x04, 0x01, 0xD8, 0x01, 0xFF, 0x00, 0xFB, 0x61, 0x10, 0x77, 0x4B, 0x00, 0x00, 0x00};
  BOOST_TEST(encode(decoded(wild)) == tamed);
  BOOST_TEST(print(decoded(wild)) ==
             "shootdown 2\n"
             "machine pages 6\n"
             "\n"
             "cpu 0: store page 1 word 1\n"
             "  after 9 steps switch to cpu 2\n"
             "cpu 1: dontneed pages 4-5\n"
             "  after 4289 steps and 119 returns suspend\n"
             "cpu 0: fsync page 0\n");

  const Bytes cut_short{0xF6, 0x20, 0xFE, 0x03, 0xF6, 0x18, 0x01, 0x00, 0x28, 0x00, 0x7F, 0x00};
  BOOST_TEST(print(decoded(cut_short)) ==
             "shootdown 2\n"
             "machine windows 2, pages 1023\n"
             "\n"
             "cpu 0: munmap pages 1016-1022\n");

  const Document files = parsed(
      "# Two files, which one window each shows.\n"
      "shootdown 2\n"
      "machine files 2, windows 2, pages 4\n"
      "expect one_engine breaks lost-dirty-data, page-cache-contents\n"
      "expect another_engine holds\n"
      "\n"
      "cpu 0: munmap pages 0-3         # all of window 0, which shows file 0\n"
      "  after 2 steps suspend         # cpu 1 stores while this is half done\n"
      "cpu 1: store page 5 word 0\n"
      "  after 0 steps fill page 0 on cpu 1\n"
      "cpu 0: read page 1 of file 1    # the page that virtual page 5 shows\n");
  BOOST_TEST(files.expectations.size() == 2);
  BOOST_TEST(files.program.operation_count == 3);
  BOOST_TEST(files.program.machine.file_of(5) == 1);
  BOOST_TEST(files.program.machine.index_of(5) == 1);
}

// In the words of the documentation: "example.txt:5:19: page 9 is out of range".
BOOST_AUTO_TEST_CASE(documented_error) {
  BOOST_TEST(failed("shootdown 2\nmachine pages 4\n\ncpu 1: load page 0 word 0\ncpu 0: store page 9 word 0\n")
                 .format("example.txt") ==
             "example.txt:5:19: page 9 is out of range: the machine has pages 0 to 3\n"
             "    cpu 0: store page 9 word 0\n"
             "                      ^");
}

BOOST_AUTO_TEST_CASE(expectations) {
  const Document document = parsed(example);
  BOOST_REQUIRE_EQUAL(document.expectations.size(), 2);
  BOOST_TEST(document.expectations[0].engine == "eager_dirty");
  BOOST_TEST((document.expectations[0].breaks == std::vector<std::string>{"lost-dirty-data", "page-cache-contents"}));
  BOOST_TEST(document.expectations[0].line == 5);
  BOOST_TEST(document.expectations[1].engine == "deferred_dirty");
  BOOST_TEST(document.expectations[1].breaks.empty());
  BOOST_TEST(document.expectations[1].line == 7);
}

BOOST_AUTO_TEST_CASE(expectations_are_printed_below_the_machine) {
  const std::string_view text =
      "shootdown 2\n"
      "machine cpus 2\n"
      "expect deferred_dirty breaks filesystem-contract, progress\n"
      "expect eager_dirty holds\n"
      "expect linux-6.1 breaks fsync-durability\n"
      "expect linux-6.12-rc1_my.tree holds\n"
      "\n"
      "cpu 1: exit\n";
  const auto parsed = parse(text);
  BOOST_REQUIRE(std::holds_alternative<Document>(parsed));
  BOOST_TEST(print(std::get<Document>(parsed)) == text);
  BOOST_TEST(print(Document{.program = {}, .expectations = {{.engine = "x", .breaks = {}}}}) ==
             "shootdown 2\nexpect x holds\n");
}

BOOST_AUTO_TEST_CASE(printed_form) {
  BOOST_TEST(print(Program{}) == "shootdown 2\n");
  const std::size_t operations = example.find("cpu 0:");
  BOOST_TEST(print(parsed(example).program) ==
             fmt::format("shootdown 2\nmachine files 2, windows 2, pages 4\n\n{}", example.substr(operations)));
  BOOST_TEST(print(parsed("shootdown 2\ncpu 1: exit").program) == "shootdown 2\n\ncpu 1: exit\n");
  BOOST_TEST(print(parsed("shootdown 2\nmachine words 4").program) == "shootdown 2\nmachine words 4\n");
}

BOOST_AUTO_TEST_CASE(spacing_comments_and_line_ends_do_not_matter) {
  const Program program = parsed(example).program;
  std::string crlf;
  std::string wide;
  std::string narrow;
  std::string commented = "#\n# more\n";
  for (const char c : example) {
    const bool ends_line = c == '\n';
    if (c != ' ' || (!narrow.ends_with('\n') && !narrow.ends_with(':') && !narrow.ends_with(','))) narrow += c;
    crlf += ends_line ? "\r\n" : std::string(1, c);
    commented += ends_line ? "# x, y 'cpu 9'\n\t# \x01\xFF\n" : std::string(1, c);
    switch (c) {
      case ' ': wide += " \t "; break;
      case ',': wide += " ,"; break;
      case ':': wide += "\t:"; break;
      case '\n': wide += " \t\n \n"; break;
      default: wide += c;
    }
  }
  BOOST_TEST((parsed(crlf).program == program));
  BOOST_TEST((parsed(wide).program == program));
  BOOST_TEST((parsed(narrow).program == program));
  BOOST_TEST((parsed(commented).program == program));
  BOOST_TEST((parsed(example.substr(0, example.size() - 1)).program == program));
  BOOST_TEST((parsed("shootdown 2\ncpu 0 :exit\r").program == parsed("shootdown 2\ncpu 0: exit").program));
  BOOST_TEST((parsed("shootdown 2\nmachine mms 2,cpus 2#x").program.machine == MachineConfig{.cpus = 2, .mms = 2}));
}

BOOST_AUTO_TEST_CASE(other_ways_to_say_the_same) {
  const std::string_view plain =
      "shootdown 2\n"
      "cpu 0: fsync page 1\n"
      "  after 1 step suspend\n"
      "  after 96 steps suspend, interrupts 2 steps late\n"
      "  after 300 steps switch to cpu 1\n"
      "cpu 1: read page 0\n"
      "  after 2 steps fill page 1 on cpu 2\n";
  const std::string_view other =
      "shootdown 02\n"
      "machine cpus 3\n"
      "cpu 00 : fsync pages 1-1 of file 0\n"
      "after 1 steps switch to cpu 0, interrupts 0 steps late\n"
      "after 96 steps switch to cpu 0, interrupts 2 step late\n"
      "after 300 step switch to cpu 01, interrupts 0 step late\n"
      "    cpu 1:read page 00 of file 0\n"
      "after 2 step fill page 1 on cpu 2\n";
  BOOST_TEST((parsed(other).program == parsed(plain).program));
  BOOST_TEST(print(parsed(other).program) == "shootdown 2\n\n" + std::string(plain.substr(plain.find("cpu"))));
}

// The same exception is a suspension in an operation of its CPU, and a switch in one of another.
BOOST_AUTO_TEST_CASE(suspensions) {
  for (unsigned own = 0; own < 3; ++own) {
    const Program program =
        parsed(fmt::format("shootdown 2\ncpu 2: exit\ncpu {}: exit\nafter 1 step suspend", own)).program;
    BOOST_TEST(program.exceptions[0].cpu == own);
    BOOST_TEST((program.exceptions[0].kind == Exception::Kind::preempt));
    for (std::uint8_t cpu = 0; cpu < 3; ++cpu) {
      Program other = program;
      other.exceptions[0].cpu = cpu;
      const std::string expected = cpu == own ? "suspend" : fmt::format("switch to cpu {}", cpu);
      BOOST_TEST(print(other) ==
                 fmt::format("shootdown 2\n\ncpu 2: exit\ncpu {}: exit\n  after 1 step {}\n", own, expected));
      check_round_trip(other);
    }
  }
}

// --- text and bytes say the same ---

BOOST_AUTO_TEST_CASE(round_trip_of_random_bytes) {
  std::mt19937 random(11);
  for (int i = 0; i < 3000; ++i) check_round_trip(decoded(random_bytes(random, below(random, 500))));
}

BOOST_AUTO_TEST_CASE(round_trip_on_machines_of_every_size) {
  std::mt19937 random(12);
  for (const int pages : {1, 3, 128, 129, 255, 256, 257, 300, 512, 513, 1000, 1023, 1024}) {
    for (int i = 0; i < 60; ++i) {
      MachineConfig machine{.pages = static_cast<std::uint16_t>(pages)};
      machine.cpus = static_cast<std::uint16_t>(1 + below(random, 8));
      machine.files = static_cast<std::uint16_t>(1 + below(random, 2));
      machine.windows = static_cast<std::uint16_t>(machine.files + below(random, 3U - machine.files));
      check_round_trip(decoded(random_program(random, machine)));
    }
  }
}

BOOST_AUTO_TEST_CASE(round_trip_of_the_extremes_of_every_parameter) {
  for (const ParameterInfo& parameter : parameter_table) {
    for (const std::uint16_t value : {parameter.min, parameter.max}) {
      Program program;
      program.machine.*parameter.field = value;
      if (parameter.field == &MachineConfig::mms) program.machine.cpus = max_cpus;
      if (parameter.field == &MachineConfig::files) program.machine.windows = max_windows;
      check_round_trip(program);
      BOOST_TEST((decoded(encode(program)) == program), parameter.name << " " << value);
    }
  }
  Program smallest;
  Program largest;
  for (const ParameterInfo& parameter : parameter_table) {
    smallest.machine.*parameter.field = parameter.min;
    largest.machine.*parameter.field = parameter.max;
  }
  check_round_trip(smallest);
  check_round_trip(largest);
}

BOOST_AUTO_TEST_CASE(full_lists_are_no_error) {
  std::string text = "shootdown 2\nmachine cpus 8\n";
  for (int i = 0; i < max_operations; ++i) {
    text += fmt::format("cpu {}: load page 1 word 1\n", i % max_cpus);
    for (int k = 0; k < max_exceptions / max_operations; ++k)
      text += "after 65535 steps switch to cpu 7, interrupts 15 steps late\n";
  }
  const Program program = parsed(text).program;
  BOOST_TEST(program.operation_count == max_operations);
  BOOST_TEST(program.exception_count == max_exceptions);
  BOOST_TEST((decoded(encode(program)) == program));
  check_round_trip(program);

  text = "shootdown 2\n";
  for (int i = 0; i < max_operations; ++i) text += "cpu 2: exit\n";
  for (int i = 0; i < max_exceptions; ++i) text += "after 65535 steps suspend\n";
  BOOST_TEST(parsed(text).program.operations[max_operations - 1].exception_count == max_exceptions);
  check_round_trip(parsed(text).program);
}

// Every number of steps, for every exception, with every latency: in texts as in bytes.
BOOST_AUTO_TEST_CASE(round_trip_of_steps_and_latencies) {
  std::mt19937 random(15);
  for (unsigned after = 0; after <= max_after; after += after < 300 || after > 65300 ? 1 : 61) {
    const unsigned latency = below(random, max_latency + 1);
    for (const std::string& what :
         {std::string("suspend"), fmt::format("switch to cpu 1, interrupts {} steps late", latency),
          std::string("evict page 1 from cpu 1"), std::string("fill page 1 on cpu 1")}) {
      const Program program = parsed(fmt::format("shootdown 2\ncpu 0: exit\nafter {} steps {}", after, what)).program;
      BOOST_REQUIRE_EQUAL(program.exceptions[0].after, after);
      BOOST_REQUIRE(decoded(encode(program)) == program);
      check_round_trip(program);
    }
  }
}

// Every page and range that text can name, bytes can name, and the reverse.
BOOST_AUTO_TEST_CASE(text_names_the_pages_that_bytes_name) {
  for (const auto& [windows, pages] : {std::pair{1U, 12U}, {2U, 7U}, {2U, 131U}, {2U, 257U}}) {
    const MachineConfig machine{.windows = static_cast<std::uint16_t>(windows),
                                .pages = static_cast<std::uint16_t>(pages)};
    Program program;
    program.machine = machine;
    Program named;
    std::set<std::pair<unsigned, unsigned>> by_bytes;
    Bytes bytes = encode(program);
    bytes.insert(bytes.end(), {info_of(Call::munmap).kinds.first, 0, 0, 0});
    for (unsigned a = 0; a < 256; ++a) {
      for (unsigned b = 0; b < 256; ++b) {
        *(bytes.end() - 2) = static_cast<std::uint8_t>(a);
        *(bytes.end() - 1) = static_cast<std::uint8_t>(b);
        decode(bytes, named);
        const Operand range = named.operations[0].operands[0];
        by_bytes.insert({range.value, range.count});
      }
    }
    const auto by_text = [&](unsigned first, unsigned last) {
      return std::holds_alternative<Document>(parse(fmt::format(
          "shootdown 2\nmachine windows {}, pages {}\ncpu 0: munmap pages {}-{}", windows, pages, first, last)));
    };
    // Of many pages one in seven: a number that shares no divisor with theirs.
    const unsigned step = pages < 100 ? 1 : 7;
    for (unsigned first = 0; first <= windows * pages; first += step) {
      const unsigned beyond = std::min(windows * pages, (first / pages + 1) * pages + 4);
      for (unsigned last = first; last <= beyond; last += step) {
        const bool expected = by_bytes.contains({first, last - first + 1});
        BOOST_REQUIRE_MESSAGE(by_text(first, last) == expected,
                              windows << " windows of " << pages << " pages: " << first << " to " << last);
      }
    }
  }
}

// The same of moves, whose two places never overlap and lie in memory.
BOOST_AUTO_TEST_CASE(text_names_the_moves_that_bytes_name) {
  for (const auto& [windows, pages] : {std::pair{1, 1}, {1, 2}, {1, 7}, {2, 3}, {2, 5}}) {
    const int total = windows * pages;
    Program program;
    program.machine = {.windows = static_cast<std::uint16_t>(windows), .pages = static_cast<std::uint16_t>(pages)};
    std::set<std::tuple<int, int, int>> by_bytes;
    for (int i = 0; i < 16 * 16 * 16; ++i) {
      Bytes bytes = encode(program);
      const auto byte = [i](int place) { return static_cast<std::uint8_t>(i >> 4 * place & 15); };
      bytes.insert(bytes.end(), {info_of(Call::mremap).kinds.first, 0, byte(0), byte(1)});
      bytes.insert(bytes.end(), {more_kinds.first, byte(2), operation_mark[0], operation_mark[1]});
      const Program named = decoded(bytes);
      if (named.operation_count == 0) continue;
      const Operand& move = named.operations[0].operands[0];
      BOOST_REQUIRE(move.count >= 1 && move.to + move.count <= total && std::abs(move.to - move.value) >= move.count);
      check_round_trip(named);
      BOOST_REQUIRE(decoded(encode(named)) == named);
      by_bytes.insert({move.value, move.count, move.to});
    }
    BOOST_TEST(by_bytes.empty() == (total == 1));
    for (int i = 0; i < total * total * total; ++i) {
      const int first = i % total;
      const int count = 1 + i / total % total;
      const int to = i / total / total;
      const bool parses = std::holds_alternative<Document>(
          parse(fmt::format("shootdown 2\nmachine windows {}, pages {}\ncpu 0: mremap pages {}-{} to page {}", windows,
                            pages, first, first + count - 1, to)));
      BOOST_REQUIRE_MESSAGE(parses == by_bytes.contains({first, count, to}), first << ' ' << count << ' ' << to);
    }
  }
}

// With granules of many pages, the last of which may be cut short.
BOOST_AUTO_TEST_CASE(round_trip_of_moves_on_large_machines) {
  std::mt19937 random(16);
  for (int i = 0; i < 4000; ++i) {
    Program program;
    program.machine = {.windows = static_cast<std::uint16_t>(1 + below(random, 2)),
                       .pages = static_cast<std::uint16_t>(1 + below(random, max_file_pages))};
    Bytes bytes = encode(program);
    const auto byte = [&] { return static_cast<std::uint8_t>(random()); };
    bytes.insert(bytes.end(), {info_of(Call::mremap).kinds.first, 0, byte(), byte()});
    bytes.insert(bytes.end(), {more_kinds.first, byte(), operation_mark[0], operation_mark[1]});
    check_round_trip(decoded(bytes));
    BOOST_REQUIRE(decoded(encode(decoded(bytes))) == decoded(bytes));
  }
}

// Wherever a number of a text is replaced by another: it is an error, or a program that bytes can say.
BOOST_AUTO_TEST_CASE(texts_with_other_numbers_are_errors_or_programs) {
  std::mt19937 random(13);
  int programs = 0;
  int errors = 0;
  for (int i = 0; i < 3000; ++i) {
    const MachineConfig size{.files = 2, .windows = 2, .pages = static_cast<std::uint16_t>(i % 2 == 0 ? 5 : 900)};
    std::string text = i % 4 < 2 ? std::string(example) : print(decoded(random_program(random, size)));
    std::vector<std::size_t> numbers;
    for (std::size_t at = 1; at < text.size(); ++at) {
      if (text[at] >= '0' && text[at] <= '9' && (text[at - 1] == ' ' || text[at - 1] == '-')) numbers.push_back(at);
    }
    const std::size_t at = numbers[below(random, static_cast<unsigned>(numbers.size()))];
    const std::size_t end = text.find_first_not_of("0123456789", at);
    text.replace(at, end - at, std::to_string(below(random, 1U << below(random, 19))));
    const std::variant<Document, ParseError> result = parse(text);
    if (const auto* const document = std::get_if<Document>(&result)) {
      ++programs;
      BOOST_REQUIRE_MESSAGE(decoded(encode(document->program)) == document->program, text);
      check_round_trip(document->program);
    } else {
      ++errors;
      check_place(std::get<ParseError>(result), text);
    }
  }
  BOOST_TEST(programs > 500);
  BOOST_TEST(errors > 500);
}

// --- broken texts ---

BOOST_AUTO_TEST_CASE(a_text_cut_anywhere) {
  std::mt19937 random(14);
  for (const std::string& text : {std::string(example), print(decoded(random_bytes(random, 300)))}) {
    for (std::size_t size = 0; size <= text.size(); size += one_in) {
      const std::string_view cut = std::string_view(text).substr(0, size);
      const std::variant<Document, ParseError> result = parse(cut);
      if (const auto* const error = std::get_if<ParseError>(&result)) check_place(*error, cut);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_text_with_another_byte_anywhere) {
  for (std::size_t at = 0; at < example.size(); at += one_in) {
    for (const char byte : {'\0', '\n', '\r', ' ', ',', ':', '#', '-', '0', '9', 'x', '\xFF'}) {
      std::string text(example);
      text[at] = byte;
      const std::variant<Document, ParseError> result = parse(text);
      if (const auto* const document = std::get_if<Document>(&result)) {
        check_round_trip(document->program);
      } else {
        check_place(std::get<ParseError>(result), text);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(very_much_of_anything) {
  std::mt19937 random(16);
  const std::size_t size = 1U << 18U;
  std::string many = "shootdown 2\n";
  for (unsigned i = 0; many.size() < size; ++i) many += fmt::format("expect e{} breaks o{},p\n", i, i);
  BOOST_TEST(parsed(many).expectations.size() > 7500);
  std::string one_line = "shootdown 2\nexpect x breaks a";
  for (unsigned i = 0; one_line.size() < size; ++i) one_line += fmt::format(",b{}", i);
  BOOST_TEST(parsed(one_line).expectations[0].breaks.size() > 25000);
  parsed("shootdown 2" + std::string(size, '\n'));
  parsed("shootdown 2" + std::string(size, ' '));

  const Bytes noise = random_bytes(random, size);
  for (const std::string& text :
       {std::string(as_characters(noise)), std::string(size, '\n'), std::string(size, 'x'),
        "shootdown " + std::string(size, '1'), "shootdown 2\ncpu 0: touch pages 0-" + many,
        "shootdown 2\nmachine " + std::string(size, ','), "shootdown 2\ncpu 0" + std::string(size, ':')}) {
    const ParseError error = failed(text);
    check_place(error, text);
    BOOST_TEST(error.format("x").size() < 1000);
  }
}

// --- what errors say ---

BOOST_AUTO_TEST_CASE(errors_in_the_header) {
  check_error("@", "expected 'shootdown 2', found the end of the text");
  check_error("\n\n@  ", "expected 'shootdown 2', found the end of the text");
  check_error("# shootdown 2\n@", "expected 'shootdown 2', found the end of the text");
  check_error("  @shotdown 1\n", "expected 'shootdown 2', found 'shotdown'");
  check_error("@cpu 0: exit\n", "expected 'shootdown 2', found 'cpu'");
  check_error("shootdown@: 1", "expected the version of the format, found ':'");
  check_error("shootdown@", "expected the version of the format, found the end of the line");
  check_error("shootdown @one", "expected the version of the format, found 'one'");
  check_error("shootdown @-1", "expected the version of the format, found '-1'");
  check_error("shootdown @1x", "expected the version of the format, found '1x'");
  check_error("# x\n\nshootdown @3\n", "version '3' of the format is unknown; this is a reader of version 2");
  check_error("shootdown @0\n", "version '0' of the format is unknown; this is a reader of version 2");
  check_error(
      "shootdown @1\n",
      "version '1' of the format is not read any more; expected 'shootdown 2', which can say all that it could");
  check_error("shootdown @99999999999999999999",
              "version '99999999999999999999' of the format is unknown; this is a reader of version 2");
  check_error("shootdown 2 @cpu", "expected the end of the line, found 'cpu'");
}

BOOST_AUTO_TEST_CASE(errors_of_order) {
  check_error_after_header("  @store page 0 word 0", "expected 'machine', 'expect' or 'cpu', found 'store'");
  check_error_after_header("@shootdown 2", "expected 'machine', 'expect' or 'cpu', found 'shootdown'");
  check_error_after_header("@: exit", "expected 'machine', 'expect' or 'cpu', found ':'");
  check_error_after_header("  @after 1 step switch to cpu 1", "an exception must follow an operation");
  check_error_in_operation("exit\n@machine cpus 2", "'machine' must stand before the first operation");
  check_error_in_operation("exit\nafter 1 step suspend\n@expect x holds",
                           "'expect' must stand before the first operation");
  check_error_in_operation("exit\n  @exit", "expected 'cpu' or 'after', found 'exit'");
  check_error_in_operation("exit\n  after 1 step suspend\n@suspend", "expected 'cpu' or 'after', found 'suspend'");
}

BOOST_AUTO_TEST_CASE(errors_of_machines) {
  const std::string all = names_in(parameter_table);
  check_error_after_header("machine @cores 2", fmt::format("expected a parameter ({}), found 'cores'", all));
  check_error_after_header("machine@", fmt::format("expected a parameter ({}), found the end of the line", all));
  check_error_after_header("machine cpus 2,@",
                           fmt::format("expected a parameter ({}), found the end of the line", all));
  check_error_after_header("machine @, cpus 2", fmt::format("expected a parameter ({}), found ','", all));
  check_error_after_header("machine cpus@", "expected the value of 'cpus', found the end of the line");
  check_error_after_header("machine cpus @, mms 1", "expected the value of 'cpus', found ','");
  check_error_after_header("machine cpus @two", "expected the value of 'cpus', found 'two'");
  check_error_after_header("machine cpus@: 2", "expected the value of 'cpus', found ':'");
  check_error_after_header("machine cpus 2 @mms 1", "expected a comma or the end of the line, found 'mms'");
  check_error_after_header("machine cpus @9", "'cpus' must be 1 to 8, not '9'");
  check_error_after_header("machine cpus @0", "'cpus' must be 1 to 8, not '0'");
  check_error_after_header("machine page_shift @5", "'page_shift' must be 6 to 16, not '5'");
  check_error_after_header("machine batch @4294967296", "'batch' must be 0 to 2047, not '4294967296'");
  check_error_after_header("machine cpus 2, @cpus 2", "'cpus' is given twice; line 3 has it, too");
  check_error_after_header("\nmachine @pages 4", "'pages' is given twice; line 2 has it, too");
  check_error_after_header("machine mms @4\ncpu 0: exit\n", "'mms' must be at most 'cpus', which is 3");
  check_error_after_header("machine mms @2\nmachine cpus 1", "'mms' must be at most 'cpus', which is 1");
  check_error_after_header("machine files @2", "'files' must be at most 'windows', which is 1");
  check_error_after_header("machine windows 1, files @2\ncpu 9", "'files' must be at most 'windows', which is 1");
}

// Both ends of every parameter's range are values, and one beyond is none.
BOOST_AUTO_TEST_CASE(ranges_of_parameters) {
  for (const ParameterInfo& parameter : parameter_table) {
    std::string_view rest;
    if (parameter.field == &MachineConfig::mms) rest = ", cpus 8";
    if (parameter.field == &MachineConfig::files) rest = ", windows 2";
    for (const unsigned value : {unsigned{parameter.min}, unsigned{parameter.max}}) {
      const Program program = parsed(fmt::format("shootdown 2\nmachine {} {}{}", parameter.name, value, rest)).program;
      BOOST_REQUIRE_EQUAL(program.machine.*parameter.field, value);
    }
    for (const int value : {parameter.min - 1, parameter.max + 1}) {
      if (value < 0) continue;
      check_error(fmt::format("shootdown 2\nmachine {} @{}", parameter.name, value),
                  fmt::format("'{}' must be {} to {}, not '{}'", parameter.name, parameter.min, parameter.max, value));
    }
  }
}

BOOST_AUTO_TEST_CASE(errors_of_expectations) {
  const std::string name = "expected the name of an engine (a-z, 0-9, _; in linux-NAME also . and -), found ";
  check_error_after_header("expect@", name + "the end of the line");
  for (const char* const bad : {"Eager", "a-b", "a.b", "linux-", "linux-6.1+", "linux.6-1", "xlinux-6.1"})
    check_error_after_header(fmt::format("expect @{} holds", bad), fmt::format("{}'{}'", name, bad));
  check_error_after_header("expect x@", "expected 'holds' or 'breaks', found the end of the line");
  check_error_after_header("expect x @hold", "expected 'holds' or 'breaks', found 'hold'");
  check_error_after_header("expect x holds @y", "expected the end of the line, found 'y'");
  check_error_after_header("expect x breaks@",
                           "expected the name of an oracle (a-z, 0-9, -), found the end of the line");
  check_error_after_header("expect x breaks a,@",
                           "expected the name of an oracle (a-z, 0-9, -), found the end of the line");
  check_error_after_header("expect x breaks @a_b", "expected the name of an oracle (a-z, 0-9, -), found 'a_b'");
  check_error_after_header("expect x breaks a @b", "expected a comma or the end of the line, found 'b'");
  check_error_after_header("expect x breaks a, b, @a", "oracle 'a' is named twice");
  check_error_after_header("expect x holds\nexpect @x breaks a", "there is already an expectation of engine 'x'");
}

BOOST_AUTO_TEST_CASE(errors_of_cpus) {
  check_error_after_header("cpu@", "expected the number of a cpu, found the end of the line");
  check_error_after_header("cpu @x: exit", "expected the number of a cpu, found 'x'");
  check_error_after_header("cpu@: exit", "expected the number of a cpu, found ':'");
  check_error_after_header("cpu @0-1: exit", "expected the number of a cpu, found '0-1'");
  check_error_after_header("cpu @3: exit", "cpu 3 is out of range: the machine has cpus 0 to 2");
  check_error_after_header("cpu 0@", "expected ':', found the end of the line");
  check_error_after_header("cpu 0 @exit", "expected ':', found 'exit'");
  check_error_after_header("cpu 0 @1: exit", "expected ':', found '1'");
  check_error_after_header("cpu 0@, exit", "expected ':', found ','");
  check_error("shootdown 2\nmachine cpus 1\ncpu @1: exit", "cpu 1 is out of range: the machine has only cpu 0");
}

BOOST_AUTO_TEST_CASE(errors_of_operations) {
  const std::string all = names_in(operation_table);
  check_error_in_operation("@stroe page 0 word 0", fmt::format("expected an operation ({}), found 'stroe'", all));
  check_error_in_operation("@: exit", fmt::format("expected an operation ({}), found ':'", all));
  check_error_in_operation("@after 1 step suspend", fmt::format("expected an operation ({}), found 'after'", all));
  check_error_after_header("cpu 0:@  # exit",
                           fmt::format("expected an operation ({}), found the end of the line", all));
  check_error_in_operation("store@", "expected 'page', found the end of the line");
  check_error_in_operation("store @pages 0-1 word 0", "expected 'page', found 'pages'");
  check_error_in_operation("touch @word 0", "expected 'page' or 'pages', found 'word'");
  check_error_in_operation("store page@  # of words", "expected the number of a page, found the end of the line");
  check_error_in_operation("store page @0-1 word 1", "expected the number of a page, found '0-1'");
  check_error_in_operation("store page 0@", "expected 'word', found the end of the line");
  check_error_in_operation("store page 0 word@", "expected the number of a word, found the end of the line");
  check_error_in_operation("store page 0 word @2", "word 2 is out of range: a page has words 0 to 1");
  check_error_in_operation("store page 0 word 1 @2", "expected the end of the line, found '2'");
  check_error_in_operation("load page @9 word 0", "page 9 is out of range: the machine has pages 0 to 3");
  check_error_in_operation("load page @99999999999 word 0",
                           "page 99999999999 is out of range: the machine has pages 0 to 3");
  check_error_in_operation("munmap pages @3", "expected a range of pages like 0-3, found '3'");
  check_error_in_operation("munmap pages @0-", "expected a range of pages like 0-3, found '0-'");
  check_error_in_operation("munmap pages @-1", "expected a range of pages like 0-3, found '-1'");
  check_error_in_operation("munmap pages @0-1-2", "expected a range of pages like 0-3, found '0-1-2'");
  check_error_in_operation("munmap pages @0 - 1", "expected a range of pages like 0-3, found '0'");
  check_error_in_operation("munmap pages@", "expected a range of pages like 0-3, found the end of the line");
  check_error_in_operation("munmap pages @3-2", "the range '3-2' ends before it begins");
  check_error_in_operation("munmap pages 0-@4", "page 4 is out of range: the machine has pages 0 to 3");
  check_error_in_operation("munmap pages @5-7", "page 5 is out of range: the machine has pages 0 to 3");
  check_error_in_operation("munmap page 0 @of file 0", "expected the end of the line, found 'of'");
  check_error_in_operation("exit @page 0", "expected the end of the line, found 'page'");
  check_error_in_operation("read page @4", "page 4 is out of range: each file has pages 0 to 3");
  check_error_in_operation("truncate page @4", "page 4 is out of range: each file has pages 0 to 3");
  check_error_in_operation("truncate page 0 of file @1", "file 1 is out of range: the machine has only file 0");
  check_error_in_operation("punch pages 0-@4", "page 4 is out of range: each file has pages 0 to 3");
  check_error_in_operation("read page 0 @in file 0", "expected 'of', found 'in'");
  check_error_in_operation("read page 0 of@", "expected 'file', found the end of the line");
  check_error_in_operation("read page 0 of file@", "expected the number of a file, found the end of the line");
  check_error_in_operation("read page 0 of file @1", "file 1 is out of range: the machine has only file 0");
  check_error_in_operation("read page 0 of file 0 @1", "expected the end of the line, found '1'");
  check_error("shootdown 2\nmachine pages 1, words 1\ncpu 0: load page @1 word 0",
              "page 1 is out of range: the machine has only page 0");
  check_error("shootdown 2\nmachine windows 2, files 2\ncpu 0: read page 0 of file @2",
              "file 2 is out of range: the machine has files 0 to 1");
  std::string many;
  for (int i = 0; i < max_operations; ++i) many += fmt::format("cpu {}: exit\n", i % 3);
  check_error_after_header(many + " @cpu 1: exit", "too many operations: 128 are the limit");
}

BOOST_AUTO_TEST_CASE(errors_of_forks) {
  const std::string head = "shootdown 2\nmachine cpus 3, mms 3\ncpu 0: fork ";
  BOOST_TEST(std::holds_alternative<Document>(parse(head + "mm 2")));
  check_error(head + "@page 1", "expected 'mm', found 'page'");
  check_error(head + "mm@", "expected the number of an mm, found the end of the line");
  check_error(head + "mm @3", "mm 3 is out of range: the machine has mms 0 to 2");
  check_error(head + "mm @0", "mm 0 is there from the beginning: nobody can make it");
  check_error("shootdown 2\ncpu 0: fork mm @0", "mm 0 is there from the beginning: nobody can make it");
}

BOOST_AUTO_TEST_CASE(errors_of_moves) {
  check_error_in_operation("mremap@", "expected 'page' or 'pages', found the end of the line");
  check_error_in_operation("mremap pages 0-1@", "expected 'to', found the end of the line");
  check_error_in_operation("mremap pages 0-1 @page 2", "expected 'to', found 'page'");
  check_error_in_operation("mremap pages 0-1 to@", "expected 'page', found the end of the line");
  check_error_in_operation("mremap pages 0-1 to @pages 2-3", "expected 'page', found 'pages'");
  check_error_in_operation("mremap pages 0-1 to page@", "expected the number of a page, found the end of the line");
  check_error_in_operation("mremap pages 0-1 to page @4", "page 4 is out of range: the machine has pages 0 to 3");
  check_error_in_operation("mremap pages 0-1 to page @3",
                           "the range '0-1' does not fit there: the machine has pages 0 to 3");
  check_error_in_operation("mremap pages 1-2 to page @0", "the range '1-2' and as many pages from page 0 on overlap");
  check_error_in_operation("mremap pages 0-1 to page @1", "the range '0-1' and as many pages from page 1 on overlap");
  check_error_in_operation("mremap page 3 to page @3", "the range '3' and as many pages from page 3 on overlap");
  check_error_in_operation("mremap page 0 to page 1 @of file 0", "expected the end of the line, found 'of'");
  check_error("shootdown 2\nmachine windows 2\ncpu 0: mremap pages @1-2 to page 3",
              "the range '1-2' leaves its window, which ends with page 1");
  check_error("shootdown 2\nmachine pages 1\ncpu 0: mremap page 0 to page @0",
              "the range '0' and as many pages from page 0 on overlap");
  const std::string head = "shootdown 2\nmachine windows 2, pages 1023\ncpu 0: mremap ";
  check_error(head + "pages @0-8 to page 1024",
              "the range cannot be 9 pages long: with 2046 pages in all, the length is a multiple of 8, or all 1023 "
              "pages that are left");
  check_error(head + "pages 0-7 to page @1023",
              "no operation can begin here: this is page 1023 of 2046 in all, and of so many only multiples of 8 can "
              "be named");
}

BOOST_AUTO_TEST_CASE(errors_of_windows_and_granules) {
  check_error("shootdown 2\nmachine pages 4, windows 2\ncpu 0: touch pages @2-5",
              "the range '2-5' leaves its window, which ends with page 3");
  const std::string head = "shootdown 2\nmachine pages 1023, windows 2, files 2\ncpu 0: ";
  check_error(head + "load page @12 word 0",
              "no operation can begin here: this is page 12 of 2046 in all, and of so many only multiples of 8 can be "
              "named");
  check_error(head + "read page @0 of file 1",
              "no operation can begin here: this is page 1023 of 2046 in all, and of so many only multiples of 8 can "
              "be named");
  check_error(head + "touch pages @8-16",
              "the range cannot be 9 pages long: with 2046 pages in all, the length is a multiple of 8, or all 1015 "
              "pages that are left");
  check_error(head + "touch page @8",
              "the range cannot be 1 pages long: with 2046 pages in all, the length is a multiple of 8, or all 1015 "
              "pages that are left");
  check_error(head + "exit\nafter 1 step evict page @3 from cpu 0",
              "no operation can begin here: this is page 3 of 2046 in all, and of so many only multiples of 8 can be "
              "named");
  const Program program =
      parsed(head + "touch pages 8-1022\ncpu 1: read page 1 of file 1\ncpu 0: load page 8 word 0").program;
  BOOST_TEST((program.operations[0].operands[0] == Operand{.value = 8, .count = 1015}));
  BOOST_TEST((program.operations[1].operands[0] == Operand{.value = 1024}));
}

BOOST_AUTO_TEST_CASE(errors_of_exceptions) {
  const auto check = [](std::string_view marked, std::string_view message) {
    check_error_in_operation(fmt::format("exit\n    {}", marked), message);
  };
  check("after@", "expected a number of steps or an event ('shootdown events' lists them), found the end of the line");
  check("after @three steps switch to cpu 1",
        "expected a number of steps or an event ('shootdown events' lists them), found 'three'");
  check("after @0th remove rmap suspend", "expected a number of steps, or '2nd' to '256th' of some event, found '0th'");
  check("after @2th remove rmap suspend", "expected a number of steps, or '2nd' to '256th' of some event, found '2th'");
  check("after @257th remove rmap suspend",
        "expected a number of steps, or '2nd' to '256th' of some event, found '257th'");
  check("after 2nd@",
        "expected a number of steps or an event ('shootdown events' lists them), found the end of the line");
  check("after @remove suspend",
        "expected a number of steps or an event ('shootdown events' lists them), found 'remove'");
  check("after @run begins suspend",
        "expected a number of steps or an event ('shootdown events' lists them), found 'run'");
  check("after remove rmap of @frame 3 suspend", "expected 'page', found 'frame'");
  check("after remove rmap of page @255 suspend",
        "an event's page can be named if it is one of pages 0 to 254, not '255'");
  check("after 3 steps and @256 returns suspend", "an exception waits for at most 255 returns, not '256'");
  check("after 3 steps and 2 @times suspend", "expected 'returns', found 'times'");
  check("after 3 steps go @away", "expected 'on', found 'away'");
  check("after 3 steps fail @lookup", "expected 'allocation', found 'lookup'");
  check("after 3 @switch to cpu 1", "expected 'steps', found 'switch'");
  check("after 3 steps@", "expected 'switch', 'suspend', 'go', 'evict', 'fill' or 'fail', found the end of the line");
  check("after 3 steps @run cpu 1", "expected 'switch', 'suspend', 'go', 'evict', 'fill' or 'fail', found 'run'");
  check("after 3 steps switch @cpu 1", "expected 'to', found 'cpu'");
  check("after 3 steps switch to @1", "expected 'cpu', found '1'");
  check("after 3 steps switch to cpu@", "expected the number of a cpu, found the end of the line");
  check("after 3 steps switch to cpu @3", "cpu 3 is out of range: the machine has cpus 0 to 2");
  check("after 3 steps switch to cpu 1 @interrupts", "expected the end of the line, found 'interrupts'");
  check("after 3 steps switch to cpu 1,@", "expected 'interrupts', found the end of the line");
  check("after 3 steps switch to cpu 1, interrupts @late", "expected a number of steps, found 'late'");
  check("after 3 steps switch to cpu 1, interrupts 3 @late", "expected 'steps', found 'late'");
  check("after 3 steps switch to cpu 1, interrupts 3 steps@", "expected 'late', found the end of the line");
  check("after 3 steps switch to cpu 1, interrupts 3 steps late @2", "expected the end of the line, found '2'");
  check("after 3 steps switch to cpu 1, interrupts @16 steps late", "interrupts are at most 15 steps late, not '16'");
  check("after 3 steps switch to cpu 1@: interrupts 3 steps late", "expected the end of the line, found ':'");
  check("after 3 steps suspend @to cpu 1", "expected the end of the line, found 'to'");
  check("after 3 steps suspend,@", "expected 'interrupts', found the end of the line");
  check("after 3 steps suspend, interrupts @16 steps late", "interrupts are at most 15 steps late, not '16'");
  check("after @65536 steps switch to cpu 1",
        "an exception is at most 65535 steps after its operation's start, not '65536'");
  check("after @65536 steps evict page 0 from cpu 1",
        "an exception is at most 65535 steps after its operation's start, not '65536'");
  check("after 3 steps evict@", "expected 'page', found the end of the line");
  check("after 3 steps evict @pages 0-1 from cpu 0", "expected 'page', found 'pages'");
  check("after 3 steps evict page @4 from cpu 0", "page 4 is out of range: the machine has pages 0 to 3");
  check("after 3 steps evict page 0 @on cpu 0", "expected 'from', found 'on'");
  check("after 3 steps fill page 0 @from cpu 0", "expected 'on', found 'from'");
  check("after 3 steps fill page 0 on cpu @7", "cpu 7 is out of range: the machine has cpus 0 to 2");
  check("after 3 steps fill page 0 on cpu 1 @,", "expected the end of the line, found ','");
  std::string many;
  for (int i = 0; i < max_exceptions; ++i) many += "after 1 step switch to cpu 1\n";
  check(many + " @after 1 step suspend", "too many exceptions: 4096 are the limit");
  check(many + "cpu 1: exit\n @after 1 step suspend", "too many exceptions: 4096 are the limit");
}

BOOST_AUTO_TEST_CASE(errors_of_lines_with_other_line_ends) {
  check_error("shootdown 2\r\n\r\ncpu @9: exit\r\n", "cpu 9 is out of range: the machine has cpus 0 to 2");
  check_error("shootdown 2\r\ncpu 0: store page 0@\r\n", "expected 'word', found the end of the line");
  check_error("shootdown 2\r\ncpu 0@\r\n", "expected ':', found the end of the line");
  check_error("shootdown 2\ncpu @0\rexit", "expected the number of a cpu, found '0?exit'");
}

BOOST_AUTO_TEST_CASE(format_of_errors) {
  BOOST_TEST(failed("shootdown 2\ncpu 0:\tstroe page\x1B[2J 1\xC3\xA4")
                 .format("some file")
                 .ends_with("found 'stroe'\n"
                            "    cpu 0: stroe page?[2J 1??\n"
                            "           ^"));
  BOOST_TEST(failed("# x\nshootdown 7").format("a.txt") ==
             "a.txt:2:11: version '7' of the format is unknown; this is a reader of version 2\n"
             "    shootdown 7\n"
             "              ^");
  BOOST_TEST(failed("").format("empty") == "empty:1:1: expected 'shootdown 2', found the end of the text\n    \n    ^");
  BOOST_TEST(failed("shootdown 2\ncpu \x1B").message == "expected the number of a cpu, found '?'");
  BOOST_TEST(ParseError{}.format("x") == "x:0:0: \n    \n    ^");
}

// Of a long line, 160 bytes around the place are shown.
BOOST_AUTO_TEST_CASE(format_of_long_lines) {
  for (const std::size_t size : {155U, 156U, 157U, 200U, 2000U}) {
    for (std::size_t at = 0; at <= size; at += size < 300 ? 1 : 17) {
      std::string line(size, 'x');
      if (at < size) line[at] = '!';
      const ParseError error{.line = 1, .column = at + 1, .message = "m", .text = line};
      const std::string shown = error.format("n");
      const std::size_t second = shown.find('\n') + 1;
      const std::size_t third = shown.find('\n', second) + 1;
      BOOST_REQUIRE_EQUAL(third - second - 1, 4 + std::min<std::size_t>(size, 160));
      const std::size_t mark = shown.find('^', third) - third;
      BOOST_REQUIRE_EQUAL(shown.size(), third + mark + 1);
      BOOST_REQUIRE_EQUAL(shown[second + mark], at < size ? '!' : '\n');
      const std::string_view excerpt = std::string_view(shown).substr(second + 4, third - second - 5);
      BOOST_REQUIRE_EQUAL(excerpt.starts_with("..."), size > 160 && at > 80);
      BOOST_REQUIRE_EQUAL(excerpt.ends_with("..."), size > 160 && at + 80 < size);
    }
  }
  const ParseError error = failed("shootdown 2\ncpu " + std::string(5000, '7'));
  BOOST_TEST(error.message == "cpu " + std::string(40, '7') + "... is out of range: the machine has cpus 0 to 2");
  BOOST_TEST(failed("shootdown " + std::string(5000, 'v')).message ==
             "expected the version of the format, found '" + std::string(40, 'v') + "...'");
}

// --- telling text from bytes ---

BOOST_AUTO_TEST_CASE(what_looks_like_text) {
  for (const std::string_view text :
       {"shootdown 2\n", "shootdown", "shootdown 2\r\n", "\n \t\n  shootdown 2", "#\nshootdown 2", "# nothing else\n",
        " # x\n# y\nshootdown 2", "shotdown 1\n", "Shootdown 1", "shootdwon", "shutdown 1", "machine cpus 2\n",
        "cpu 0: exit\n", "cpu 0\n", "shootdown: 1", "# gr\xC3\xBC\xC3\x9F dich\n", "# x\nsomething else\n",
        "\xEF\xBB\xBFshootdown 2\n"}) {
    BOOST_TEST(looks_like_text(text), text);
  }
  BOOST_TEST(looks_like_text("# " + std::string(10000, 'x') + "\n"));
  BOOST_TEST(looks_like_text("shootdown 2\n# " + std::string(5000, 'x') + '\0'));
}

BOOST_AUTO_TEST_CASE(what_does_not_look_like_text) {
  using namespace std::string_view_literals;
  for (const std::string_view bytes :
       {""sv, "\n"sv, "#"sv, "#ab"sv, "x"sv, "s"sv, "store page 0 word 1"sv, "some prose\n"sv, " # a comment only\n"sv,
        "shootdown 2\n\0"sv, "shootdown 2\n\x7F"sv, "#\x01\n"sv, "\xF8\x00\x07"sv, "shootdownshootdown 2"sv,
        "a shootdown 2"sv, ": shootdown 2"sv}) {
    BOOST_TEST(!looks_like_text(bytes), bytes);
  }
}

// An encoding is never taken for text, whatever the program.
BOOST_AUTO_TEST_CASE(no_encoding_looks_like_text) {
  std::mt19937 random(17);
  for (int i = 0; i < 5000; ++i) {
    Bytes bytes = random_bytes(random, record_size * below(random, 5));
    for (std::uint8_t& byte : bytes) {
      if (i % 2 == 0) byte = static_cast<std::uint8_t>(' ' + byte % 95);  // printable
    }
    BOOST_REQUIRE(!looks_like_text(as_characters(encode(decoded(bytes)))));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace shootdown
