// Text to programs.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "fuzz/language/language.h"
#include "fuzz/language/text.h"
#include "fuzz/language/words.h"

namespace shootdown {

namespace {

constexpr unsigned max_latency = 15;

// "pages 0 to 3", or "only page 0".
std::string all_of(std::string_view noun, unsigned count) {
  return count == 1 ? fmt::format("only {} 0", noun) : fmt::format("{}s 0 to {}", noun, count - 1);
}

template <typename Table>
std::string names(const Table& table) {
  std::string result;
  for (const auto& entry : table) {
    if (!result.empty()) result += ", ";
    result += entry.name;
  }
  return result;
}

bool is_name(std::string_view word, char separator) {
  return !word.empty() && std::ranges::all_of(word, [separator](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == separator;
  });
}

// Reads one document, by recursive descent. The functions read the part of the grammar that they are
// named after; what is wrong there they throw, as a ParseError.
class Parser {
 public:
  explicit Parser(std::string_view text) : cursor_(text) {}

  Document document();

 private:
  struct Pages {
    unsigned first = 0;
    unsigned last = 0;
    std::string_view word;  // "3" or "3-5"
  };

  void header();
  void line();
  void head_line(std::string_view word);
  void machine_line();
  void parameter();
  void check_machine() const;
  void expect_line();
  std::string engine();
  std::vector<std::string> oracles();
  void operation_line(std::string_view first_word);
  Call call();
  void pages_of(Operation& operation);
  Pages page_words(bool range_allowed);
  Pages page_range();
  unsigned file_number();
  void check_nameable(const Operation& operation, const Pages& pages) const;
  void exception_line(std::string_view first_word);
  void what(Exception& exception, std::string_view after);
  void interrupts(Exception& exception, std::string_view after);
  void tlb_change(Exception& exception);

  void keyword(std::string_view expected);
  unsigned number(std::string_view expected);
  unsigned number_of(std::string_view noun, std::string_view owner, unsigned count);
  std::uint8_t cpu();
  void steps();
  bool comma();
  void end_of_line(std::string_view expected = "the end of the line") const;
  void check_range(std::string_view noun, std::string_view word, unsigned value, std::string_view owner,
                   unsigned count) const;
  [[noreturn]] void fail(std::string_view word, std::string message) const;
  [[noreturn]] static void fail(const Place& place, std::string message);

  const Place& given(std::uint16_t MachineConfig::* field) const;
  Program& program() { return document_.program; }
  const MachineConfig& machine() const { return document_.program.machine; }

  Cursor cursor_;
  Document document_;
  bool in_head_ = true;                              // before the first operation
  std::array<Place, parameter_table.size()> given_;  // where a parameter is; line 0: nowhere
  std::set<std::string_view> engines_;               // of the expectations so far
};

Document Parser::document() {
  header();
  while (cursor_.next_line()) line();
  if (in_head_) check_machine();
  return std::move(document_);
}

void Parser::header() {
  if (!cursor_.next_line()) fail(cursor_.word(), "expected 'shootdown 1', found the end of the text");
  const std::string_view word = cursor_.take();
  if (word != "shootdown") fail(word, fmt::format("expected 'shootdown 1', found {}", quoted(word)));
  const std::string_view version = cursor_.word();
  if (number("the version of the format") != format_version) {
    fail(version, fmt::format("version {} of the format is unknown; this is a reader of version {}", quoted(version),
                              format_version));
  }
  end_of_line();
}

void Parser::line() {
  const std::string_view word = cursor_.take();
  if (word == "cpu") return operation_line(word);
  if (word == "after") return exception_line(word);
  head_line(word);
}

void Parser::head_line(std::string_view word) {
  const bool known = word == "machine" || word == "expect";
  if (known && !in_head_) fail(word, fmt::format("'{}' must stand before the first operation", word));
  if (!known) {
    fail(word, fmt::format("expected {}, found {}", in_head_ ? "'machine', 'expect' or 'cpu'" : "'cpu' or 'after'",
                           quoted(word)));
  }
  if (word == "machine") return machine_line();
  expect_line();
}

// --- the machine ---

void Parser::machine_line() {
  do {
    parameter();
  } while (comma());
  end_of_line("a comma or the end of the line");
}

void Parser::parameter() {
  const std::string_view name = cursor_.take();
  const auto* const found =
      std::ranges::find_if(parameter_table, [name](const ParameterInfo& info) { return info.name == name; });
  if (found == parameter_table.end())
    fail(name, fmt::format("expected a parameter ({}), found {}", names(parameter_table), quoted(name)));
  Place& place = given_[static_cast<std::size_t>(found - parameter_table.begin())];
  if (place.line != 0) fail(name, fmt::format("'{}' is given twice; line {} has it, too", name, place.line));
  const std::string_view word = cursor_.word();
  const unsigned value = number(fmt::format("the value of '{}'", name));
  if (value < found->min || value > found->max)
    fail(word, fmt::format("'{}' must be {} to {}, not {}", name, found->min, found->max, quoted(word)));
  program().machine.*found->field = static_cast<std::uint16_t>(value);
  place = cursor_.place(word);
}

// Where a parameter's value is; not a place of the text if it is not given.
const Place& Parser::given(std::uint16_t MachineConfig::* field) const {
  std::size_t i = 0;
  while (parameter_table[i].field != field) ++i;
  return given_[i];
}

// What holds between parameters. By default mms and files are 1: it can only be wrong if they are given.
void Parser::check_machine() const {
  if (machine().mms > machine().cpus)
    fail(given(&MachineConfig::mms), fmt::format("'mms' must be at most 'cpus', which is {}", machine().cpus));
  if (machine().windows < machine().files) {
    fail(given(&MachineConfig::files),
         fmt::format("'files' must be at most 'windows', which is {}", machine().windows));
  }
}

// --- expectations ---

void Parser::expect_line() {
  Expectation expectation{.engine = engine(), .breaks = {}, .line = cursor_.place({}).line};
  const std::string_view verb = cursor_.take();
  if (verb == "breaks") {
    expectation.breaks = oracles();
  } else if (verb != "holds") {
    fail(verb, fmt::format("expected 'holds' or 'breaks', found {}", quoted(verb)));
  } else {
    end_of_line();
  }
  document_.expectations.push_back(std::move(expectation));
}

std::string Parser::engine() {
  const std::string_view name = cursor_.take();
  if (!is_name(name, '_'))
    fail(name, fmt::format("expected the name of an engine (a-z, 0-9, _), found {}", quoted(name)));
  if (!engines_.insert(name).second)
    fail(name, fmt::format("there is already an expectation of engine {}", quoted(name)));
  return std::string(name);
}

std::vector<std::string> Parser::oracles() {
  std::vector<std::string> result;
  std::set<std::string_view> seen;
  do {
    const std::string_view name = cursor_.take();
    if (!is_name(name, '-'))
      fail(name, fmt::format("expected the name of an oracle (a-z, 0-9, -), found {}", quoted(name)));
    if (!seen.insert(name).second) fail(name, fmt::format("oracle {} is named twice", quoted(name)));
    result.emplace_back(name);
  } while (comma());
  end_of_line("a comma or the end of the line");
  return result;
}

// --- operations ---

// "cpu 0: store page 1 word 0".
void Parser::operation_line(std::string_view first_word) {
  if (in_head_) check_machine();
  in_head_ = false;
  if (program().operation_count == max_operations)
    fail(first_word, fmt::format("too many operations: {} are the limit", max_operations));
  Operation operation{.cpu = cpu(), .first_exception = program().exception_count};
  keyword(":");
  operation.call = call();
  if (operation.call != Call::exit) pages_of(operation);
  if (takes_word(operation.call)) {
    keyword("word");
    operation.second = static_cast<std::uint16_t>(number_of("word", "a page", machine().words));
  }
  end_of_line();
  program().operations[program().operation_count++] = operation;
}

Call Parser::call() {
  const std::string_view name = cursor_.take();
  const auto* const info =
      std::ranges::find_if(operation_table, [name](const OperationInfo& entry) { return entry.name == name; });
  if (info == operation_table.end())
    fail(name, fmt::format("expected an operation ({}), found {}", names(operation_table), quoted(name)));
  return info->call;
}

void Parser::pages_of(Operation& operation) {
  const bool on_file = is_on_file(operation.call);
  const Pages pages = page_words(takes_range(operation.call));
  const auto count = static_cast<unsigned>(on_file ? machine().pages : machine().virtual_pages());
  const std::string_view owner = on_file ? "each file" : "the machine";
  check_range("page", pages.word.substr(0, pages.word.find('-')), pages.first, owner, count);
  check_range("page", pages.word.substr(pages.word.find('-') + 1), pages.last, owner, count);
  const unsigned file = on_file ? file_number() : 0;
  operation.first = static_cast<std::uint16_t>(file * machine().pages + pages.first);
  if (takes_range(operation.call)) operation.second = static_cast<std::uint16_t>(pages.last - pages.first + 1);
  check_nameable(operation, pages);
}

// "page 3" or "pages 3-5".
Parser::Pages Parser::page_words(bool range_allowed) {
  const std::string_view noun = cursor_.take();
  if (range_allowed && noun == "pages") return page_range();
  if (noun != "page") {
    fail(noun, fmt::format("expected {}, found {}", range_allowed ? "'page' or 'pages'" : "'page'", quoted(noun)));
  }
  const std::string_view word = cursor_.word();
  const unsigned page = number("the number of a page");
  return {page, page, word};
}

Parser::Pages Parser::page_range() {
  Pages pages{.word = cursor_.take()};
  const std::size_t dash = pages.word.find('-');
  if (dash == std::string_view::npos || !to_number(pages.word.substr(0, dash), pages.first) ||
      !to_number(pages.word.substr(dash + 1), pages.last)) {
    fail(pages.word, fmt::format("expected a range of pages like 0-3, found {}", quoted(pages.word)));
  }
  if (pages.first > pages.last) fail(pages.word, fmt::format("the range {} ends before it begins", quoted(pages.word)));
  return pages;
}

unsigned Parser::file_number() {
  if (cursor_.word().empty()) return 0;
  keyword("of");
  keyword("file");
  return number_of("file", "the machine", machine().files);
}

// That the byte form has a name for these pages: a range does not leave its window, and on large
// machines it consists of whole granules.
void Parser::check_nameable(const Operation& operation, const Pages& pages) const {
  const PageSpace space = page_space(machine(), operation.call);
  const int first = operation.first;
  const int left = space.window - first % space.window;
  if (first % space.granule != 0) {
    fail(pages.word, fmt::format("no operation can begin here: this is page {} of {} in all, and of so many only "
                                 "multiples of {} can be named",
                                 first, space.pages, space.granule));
  }
  if (!takes_range(operation.call)) return;
  if (operation.second > left) {
    fail(pages.word,
         fmt::format("the range {} leaves its window, which ends with page {}", quoted(pages.word), first + left - 1));
  }
  if (operation.second % space.granule != 0 && operation.second != left) {
    fail(pages.word, fmt::format("the range cannot be {} pages long: with {} pages in all, the length is a "
                                 "multiple of {}, or all {} pages that are left",
                                 operation.second, space.pages, space.granule, left));
  }
}

// --- exceptions ---

// "after 7 steps ..."; belongs to the last operation.
void Parser::exception_line(std::string_view first_word) {
  if (program().operation_count == 0) fail(first_word, "an exception must follow an operation");
  if (program().exception_count == max_exceptions)
    fail(first_word, fmt::format("too many exceptions: {} are the limit", max_exceptions));
  const std::string_view after = cursor_.word();
  const unsigned count = number("a number of steps");
  if (count > max_far_after) {
    fail(after, fmt::format("an exception is at most {} steps after its operation's start, not {}", max_far_after,
                            quoted(after)));
  }
  steps();
  Exception exception{.after = static_cast<std::uint16_t>(count)};
  what(exception, after);
  end_of_line();
  program().exceptions[program().exception_count++] = exception;
  ++program().operations[program().operation_count - 1U].exception_count;
}

// What happens: "suspend", for instance.
void Parser::what(Exception& exception, std::string_view after) {
  const std::string_view verb = cursor_.take();
  if (verb == "evict" || verb == "fill") {
    if (exception.after > max_near_after) {
      fail(after, fmt::format("'{}' is at most {} steps after its operation's start, not {}", verb, max_near_after,
                              quoted(after)));
    }
    exception.kind = verb == "evict" ? Exception::Kind::evict : Exception::Kind::fill;
    return tlb_change(exception);
  }
  exception.kind = Exception::Kind::preempt;
  if (verb == "suspend") {
    exception.cpu = program().operations[program().operation_count - 1U].cpu;
  } else if (verb == "switch") {
    keyword("to");
    keyword("cpu");
    exception.cpu = cpu();
  } else {
    fail(verb, fmt::format("expected 'switch', 'suspend', 'evict' or 'fill', found {}", quoted(verb)));
  }
  if (comma()) interrupts(exception, after);
}

// "interrupts 4 steps late".
void Parser::interrupts(Exception& exception, std::string_view after) {
  keyword("interrupts");
  const std::string_view word = cursor_.word();
  const unsigned latency = number("a number of steps");
  if (latency > max_latency)
    fail(word, fmt::format("interrupts are at most {} steps late, not {}", max_latency, quoted(word)));
  steps();
  keyword("late");
  if (latency != 0 && exception.after > max_near_after) {
    fail(after,
         fmt::format("interrupts can be late only if the exception is at most {} steps after the operation's start",
                     max_near_after));
  }
  exception.latency = static_cast<std::uint8_t>(latency);
}

// "page 0 from cpu 2", or "page 0 on cpu 2".
void Parser::tlb_change(Exception& exception) {
  const Pages pages = page_words(false);
  check_range("page", pages.word, pages.first, "the machine", static_cast<unsigned>(machine().virtual_pages()));
  exception.page = static_cast<std::uint16_t>(pages.first);
  check_nameable({.call = Call::load, .first = exception.page}, pages);
  keyword(exception.kind == Exception::Kind::evict ? "from" : "on");
  keyword("cpu");
  exception.cpu = cpu();
}

// --- words and numbers ---

void Parser::keyword(std::string_view expected) {
  const std::string_view word = cursor_.take();
  if (word != expected) fail(word, fmt::format("expected '{}', found {}", expected, quoted(word)));
}

unsigned Parser::number(std::string_view expected) {
  const std::string_view word = cursor_.take();
  unsigned value = 0;
  if (!to_number(word, value)) fail(word, fmt::format("expected {}, found {}", expected, quoted(word)));
  return value;
}

// The number of one of the `count` nouns that `owner` has.
unsigned Parser::number_of(std::string_view noun, std::string_view owner, unsigned count) {
  const std::string_view word = cursor_.word();
  const unsigned value = number(fmt::format("the number of a {}", noun));
  check_range(noun, word, value, owner, count);
  return value;
}

std::uint8_t Parser::cpu() {
  return static_cast<std::uint8_t>(number_of("cpu", "the machine", machine().cpus));
}

void Parser::steps() {
  const std::string_view word = cursor_.take();
  if (word != "step" && word != "steps") fail(word, fmt::format("expected 'steps', found {}", quoted(word)));
}

bool Parser::comma() {
  if (cursor_.word() != ",") return false;
  cursor_.take();
  return true;
}

void Parser::end_of_line(std::string_view expected) const {
  const std::string_view word = cursor_.word();
  if (!word.empty()) fail(word, fmt::format("expected {}, found {}", expected, quoted(word)));
}

void Parser::check_range(std::string_view noun, std::string_view word, unsigned value, std::string_view owner,
                         unsigned count) const {
  if (value < count) return;
  fail(word, fmt::format("{} {} is out of range: {} has {}", noun, shortened(word), owner, all_of(noun, count)));
}

void Parser::fail(std::string_view word, std::string message) const {
  fail(cursor_.place(word), std::move(message));
}

void Parser::fail(const Place& place, std::string message) {
  const auto column = static_cast<std::size_t>(place.word.data() - place.text.data()) + 1;
  throw ParseError{place.line, column, std::move(message), std::string(place.text)};
}

}  // namespace

std::variant<Document, ParseError> parse(std::string_view text) {
  try {
    return Parser(text).document();
  } catch (ParseError& error) {
    return std::move(error);
  }
}

}  // namespace shootdown
