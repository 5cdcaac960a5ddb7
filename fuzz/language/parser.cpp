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

#include "engine/events/names.h"
#include "engine/zap/engines.h"
#include "fuzz/language/language.h"
#include "fuzz/language/operands.h"
#include "fuzz/language/reader.h"
#include "fuzz/language/text.h"
#include "fuzz/language/words.h"

namespace shootdown {

namespace {

std::string header_line() {
  return fmt::format("'shootdown {}'", format_version);
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
  explicit Parser(std::string_view text) : reader_(text) {}

  Document document();

 private:
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
  void exception_line(std::string_view first_word);
  void after_steps(Exception& exception);
  void after_event(Exception& exception);
  std::uint16_t nth();
  EventKind event();
  unsigned returns();
  void what(Exception& exception);
  unsigned latency();
  void tlb_change(Exception& exception);

  std::uint8_t cpu();
  unsigned number(std::string_view expected, unsigned max, std::string_view limit);
  void noun(std::string_view singular);

  const TextPlace& given(std::uint16_t MachineConfig::* field) const;
  Program& program() { return document_.program; }
  const MachineConfig& machine() const { return document_.program.machine; }

  Reader reader_;
  Document document_;
  bool in_head_ = true;                                  // before the first operation
  std::array<TextPlace, parameter_table.size()> given_;  // where a parameter is; line 0: nowhere
  std::set<std::string_view> engines_;                   // of the expectations so far
};

Document Parser::document() {
  header();
  while (reader_.next_line()) line();
  if (in_head_) check_machine();
  return std::move(document_);
}

void Parser::header() {
  if (!reader_.next_line())
    reader_.fail(reader_.word(), fmt::format("expected {}, found the end of the text", header_line()));
  const std::string_view word = reader_.take();
  if (word != "shootdown") reader_.fail(word, fmt::format("expected {}, found {}", header_line(), quoted(word)));
  const std::string_view version = reader_.word();
  const unsigned number = reader_.number("the version of the format");
  if (number == 0 || number > format_version) {
    reader_.fail(version, fmt::format("version {} of the format is unknown; this is a reader of version {}",
                                      quoted(version), format_version));
  }
  if (number < format_version) {
    reader_.fail(version, fmt::format("version {} of the format is not read any more; expected {}, which can say all "
                                      "that it could",
                                      quoted(version), header_line()));
  }
  reader_.end_of_line();
}

void Parser::line() {
  const std::string_view word = reader_.take();
  if (word == "cpu") return operation_line(word);
  if (word == "after") return exception_line(word);
  head_line(word);
}

void Parser::head_line(std::string_view word) {
  const bool known = word == "machine" || word == "expect";
  if (known && !in_head_) reader_.fail(word, fmt::format("'{}' must stand before the first operation", word));
  if (!known) {
    reader_.fail(word, fmt::format("expected {}, found {}",
                                   in_head_ ? "'machine', 'expect' or 'cpu'" : "'cpu' or 'after'", quoted(word)));
  }
  if (word == "machine") return machine_line();
  expect_line();
}

// --- the machine ---

void Parser::machine_line() {
  do {
    parameter();
  } while (reader_.comma());
  reader_.end_of_line("a comma or the end of the line");
}

void Parser::parameter() {
  const std::string_view name = reader_.take();
  const auto* const found =
      std::ranges::find_if(parameter_table, [name](const ParameterInfo& info) { return info.name == name; });
  if (found == parameter_table.end())
    reader_.fail(name, fmt::format("expected a parameter ({}), found {}", names(parameter_table), quoted(name)));
  TextPlace& place = given_[static_cast<std::size_t>(found - parameter_table.begin())];
  if (place.line != 0) reader_.fail(name, fmt::format("'{}' is given twice; line {} has it, too", name, place.line));
  const std::string_view word = reader_.word();
  const unsigned value = reader_.number(fmt::format("the value of '{}'", name));
  if (value < found->min || value > found->max)
    reader_.fail(word, fmt::format("'{}' must be {} to {}, not {}", name, found->min, found->max, quoted(word)));
  program().machine.*found->field = static_cast<std::uint16_t>(value);
  place = reader_.place(word);
}

// Where a parameter's value is; not a place of the text if it is not given.
const TextPlace& Parser::given(std::uint16_t MachineConfig::* field) const {
  std::size_t i = 0;
  while (parameter_table[i].field != field) ++i;
  return given_[i];
}

// What holds between parameters. By default mms and files are 1: it can only be wrong if they are given.
void Parser::check_machine() const {
  if (machine().mms > machine().cpus)
    Reader::fail(given(&MachineConfig::mms), fmt::format("'mms' must be at most 'cpus', which is {}", machine().cpus));
  if (machine().windows < machine().files) {
    Reader::fail(given(&MachineConfig::files),
                 fmt::format("'files' must be at most 'windows', which is {}", machine().windows));
  }
}

// --- expectations ---

void Parser::expect_line() {
  Expectation expectation{.engine = engine(), .breaks = {}, .line = reader_.place({}).line};
  const std::string_view verb = reader_.take();
  if (verb == "breaks") {
    expectation.breaks = oracles();
  } else if (verb != "holds") {
    reader_.fail(verb, fmt::format("expected 'holds' or 'breaks', found {}", quoted(verb)));
  } else {
    reader_.end_of_line();
  }
  document_.expectations.push_back(std::move(expectation));
}

std::string Parser::engine() {
  const std::string_view name = reader_.take();
  if (!is_name(name, '_') && !is_optional_engine(name)) {
    reader_.fail(name, fmt::format("expected the name of an engine (a-z, 0-9, _; in linux-NAME also . and -), found {}",
                                   quoted(name)));
  }
  if (!engines_.insert(name).second)
    reader_.fail(name, fmt::format("there is already an expectation of engine {}", quoted(name)));
  return std::string(name);
}

std::vector<std::string> Parser::oracles() {
  std::vector<std::string> result;
  std::set<std::string_view> seen;
  do {
    const std::string_view name = reader_.take();
    if (!is_name(name, '-'))
      reader_.fail(name, fmt::format("expected the name of an oracle (a-z, 0-9, -), found {}", quoted(name)));
    if (!seen.insert(name).second) reader_.fail(name, fmt::format("oracle {} is named twice", quoted(name)));
    result.emplace_back(name);
  } while (reader_.comma());
  reader_.end_of_line("a comma or the end of the line");
  return result;
}

// --- operations ---

// "cpu 0: store page 1 word 0".
void Parser::operation_line(std::string_view first_word) {
  if (in_head_) check_machine();
  in_head_ = false;
  if (program().operation_count == max_operations)
    reader_.fail(first_word, fmt::format("too many operations: {} are the limit", max_operations));
  Operation operation{.cpu = cpu(), .first_exception = program().exception_count};
  reader_.keyword(":");
  operation.call = call();
  const OperationInfo& info = info_of(operation.call);
  for (std::size_t i = 0; i < info.operands().size(); ++i)
    operation.operands[i] = form_of(info.operands()[i]).parse(reader_, machine());
  reader_.end_of_line();
  program().operations[program().operation_count++] = operation;
}

Call Parser::call() {
  const std::string_view name = reader_.take();
  const auto* const info =
      std::ranges::find_if(operation_table, [name](const OperationInfo& entry) { return entry.name == name; });
  if (info == operation_table.end())
    reader_.fail(name, fmt::format("expected an operation ({}), found {}", names(operation_table), quoted(name)));
  return info->call;
}

// --- exceptions ---

// "after 7 steps ...", "after remove rmap ..."; belongs to the last operation.
void Parser::exception_line(std::string_view first_word) {
  if (program().operation_count == 0) reader_.fail(first_word, "an exception must follow an operation");
  if (program().exception_count == max_exceptions)
    reader_.fail(first_word, fmt::format("too many exceptions: {} are the limit", max_exceptions));
  Exception exception;
  unsigned unused = 0;
  if (to_number(reader_.word(), unused)) {
    after_steps(exception);
  } else {
    after_event(exception);
  }
  what(exception);
  reader_.end_of_line();
  program().exceptions[program().exception_count++] = exception;
  ++program().operations[program().operation_count - 1U].exception_count;
}

// "3 steps and 2 returns".
void Parser::after_steps(Exception& exception) {
  exception.after = static_cast<std::uint16_t>(
      number("a number of steps", max_after,
             fmt::format("an exception is at most {} steps after its operation's start", max_after)));
  noun("step");
  if (reader_.word() == "and") exception.visit = static_cast<std::uint8_t>(returns());
}

// "2nd remove rmap of page 0".
void Parser::after_event(Exception& exception) {
  exception.after = nth();
  exception.event = event();
  if (reader_.word() != "of") return;
  reader_.keyword("of");
  reader_.keyword("page");
  constexpr unsigned last = Exception::any_page - 1;
  exception.event_page = static_cast<std::uint8_t>(
      number("a page", last, fmt::format("an event's page can be named if it is one of pages 0 to {}", last)));
}

// "2nd", or nothing.
std::uint16_t Parser::nth() {
  const std::string_view word = reader_.word();
  if (word.empty() || word[0] < '0' || word[0] > '9') return 1;
  unsigned number = 0;
  to_number(word.substr(0, word.find_first_not_of("0123456789")), number);
  if (number < 2 || number > unsigned{max_occurrence} || word != ordinal(number)) {
    reader_.fail(word, fmt::format("expected a number of steps, or '2nd' to '{}' of some event, found {}",
                                   ordinal(max_occurrence), quoted(word)));
  }
  reader_.take();
  return static_cast<std::uint16_t>(number);
}

// No event's name begins another's.
EventKind Parser::event() {
  const std::string_view first = reader_.word();
  std::string words;
  while (!reader_.word().empty() && words.size() <= longest_event_name) {
    if (!words.empty()) words += ' ';
    words += reader_.take();
    const auto* const found = std::ranges::find(all_event_names, words);
    const auto kind = static_cast<EventKind>(found - all_event_names.begin());
    if (happens_on_cpu(kind)) return kind;
  }
  reader_.fail(first, fmt::format("expected a number of steps or an event ('shootdown events' lists them), found {}",
                                  quoted(first)));
}

// "and 2 returns".
unsigned Parser::returns() {
  reader_.keyword("and");
  const unsigned value =
      number("a number of returns", max_visit, fmt::format("an exception waits for at most {} returns", max_visit));
  noun("return");
  return value;
}

// What happens: "suspend", for instance.
void Parser::what(Exception& exception) {
  const std::string_view verb = reader_.take();
  if (verb == "evict" || verb == "fill") {
    exception.kind = verb == "evict" ? Exception::Kind::evict : Exception::Kind::fill;
    return tlb_change(exception);
  }
  if (verb == "go") {
    exception.kind = Exception::Kind::keep;
    return reader_.keyword("on");
  }
  if (verb == "fail") {
    exception.kind = Exception::Kind::fail;
    return reader_.keyword("allocation");
  }
  exception.kind = Exception::Kind::preempt;
  if (verb == "suspend") {
    exception.cpu = program().operations[program().operation_count - 1U].cpu;
  } else if (verb == "switch") {
    reader_.keyword("to");
    reader_.keyword("cpu");
    exception.cpu = cpu();
  } else {
    reader_.fail(verb,
                 fmt::format("expected 'switch', 'suspend', 'go', 'evict', 'fill' or 'fail', found {}", quoted(verb)));
  }
  if (reader_.comma()) exception.latency = static_cast<std::uint8_t>(latency());
}

// "interrupts 4 steps late".
unsigned Parser::latency() {
  reader_.keyword("interrupts");
  const unsigned value =
      number("a number of steps", max_latency, fmt::format("interrupts are at most {} steps late", max_latency));
  noun("step");
  reader_.keyword("late");
  return value;
}

// "page 0 from cpu 2", or "page 0 on cpu 2".
void Parser::tlb_change(Exception& exception) {
  exception.page = form_of(OperandKind::virtual_page).parse(reader_, machine()).value;
  reader_.keyword(exception.kind == Exception::Kind::evict ? "from" : "on");
  reader_.keyword("cpu");
  exception.cpu = cpu();
}

// --- parts of several lines ---

std::uint8_t Parser::cpu() {
  return static_cast<std::uint8_t>(reader_.number_of("cpu", "the machine", machine().cpus));
}

// A number up to `max`; `limit` says that there is no more.
unsigned Parser::number(std::string_view expected, unsigned max, std::string_view limit) {
  const std::string_view word = reader_.word();
  const unsigned value = reader_.number(expected);
  if (value > max) reader_.fail(word, fmt::format("{}, not {}", limit, quoted(word)));
  return value;
}

// "step" or "steps".
void Parser::noun(std::string_view singular) {
  const std::string_view word = reader_.take();
  const std::string plural = fmt::format("{}s", singular);
  if (word != singular && word != plural)
    reader_.fail(word, fmt::format("expected '{}', found {}", plural, quoted(word)));
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
