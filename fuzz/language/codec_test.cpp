// The byte form of programs: every byte string is one, and a byte is one thing.
#include "fuzz/language/codec.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "engine/events/names.h"
#include "fuzz/language/language.h"
#include "test/bytes.h"

namespace shootdown {

BOOST_AUTO_TEST_SUITE(codec)

namespace {

// Steps from one byte: none, then the first ones several times over, then the rest, in one piece.
unsigned near_steps(unsigned byte) {
  if (byte < 64) return 0;
  return byte < 192 ? (byte - 64) % 32 + 1 : byte - 192 + 33;
}

void put(Bytes& bytes, unsigned kind, unsigned cpu, unsigned a, unsigned b) {
  for (const unsigned byte : {kind, cpu, a, b}) bytes.push_back(static_cast<std::uint8_t>(byte));
}
void put(Bytes& bytes, ByteValues kinds, unsigned cpu, unsigned a, unsigned b) {
  put(bytes, kinds.first, cpu, a, b);
}
void put(Bytes& bytes, Call call, unsigned cpu, unsigned a, unsigned b) {
  put(bytes, info_of(call).kinds, cpu, a, b);
}
void put(Bytes& bytes, Exception::Kind kind, unsigned cpu, unsigned a, unsigned b) {
  put(bytes, info_of(kind).kinds, cpu, a, b);
}

// Behind the record of an operation that the model does not do.
void put_mark(Bytes& bytes) {
  put(bytes, more_kinds, 0, operation_mark[0], operation_mark[1]);
}

// The record that sets a parameter to a value.
void put_parameter(Bytes& bytes, std::uint16_t MachineConfig::* field, unsigned value) {
  for (const ParameterInfo& parameter : parameter_table) {
    if (parameter.field != field) continue;
    const unsigned number = value - parameter.min;
    put(bytes, parameter_kinds, parameter.numbers.first, number & 0xFFU, number >> 8U);
  }
}

Bytes machine_bytes(unsigned cpus, unsigned files, unsigned windows, unsigned pages) {
  Bytes bytes;
  put_parameter(bytes, &MachineConfig::cpus, cpus);
  put_parameter(bytes, &MachineConfig::files, files);
  put_parameter(bytes, &MachineConfig::windows, windows);
  put_parameter(bytes, &MachineConfig::pages, pages);
  return bytes;
}

// Checks of Boost.Test cost far more than what is checked here a million times.
void require(bool condition, const char* what) {
  if (!condition) BOOST_FAIL(what);
}

void check_valid_pages(const Operand& operand, const PageSpace& space, bool range) {
  require(operand.value < space.pages, "a page exists");
  require(operand.value % space.granule == 0, "a page can be named");
  require(!range || operand.count >= 1, "a range has pages");
  require(operand.count <= (range ? space.left_from(operand.value) : 0), "a range stays in its window");
}

void check_valid_move(const Operand& move, const PageSpace& space) {
  check_valid_pages(move, space, true);
  require(move.to % space.granule == 0, "the other place can be named");
  require(move.to + move.count <= space.pages, "the other place is in memory");
  require(std::abs(move.to - move.value) >= move.count, "the two places do not overlap");
}

void check_valid(const Operand& operand, OperandKind kind, const MachineConfig& machine) {
  switch (kind) {
    case OperandKind::virtual_page: return check_valid_pages(operand, memory_pages(machine), false);
    case OperandKind::virtual_range: return check_valid_pages(operand, memory_pages(machine), true);
    case OperandKind::virtual_move: return check_valid_move(operand, memory_pages(machine));
    case OperandKind::word: return require(operand.value < machine.words && operand.count == 0, "a word exists");
    case OperandKind::file_page: return check_valid_pages(operand, pages_of_files(machine), false);
    case OperandKind::file_range: return check_valid_pages(operand, pages_of_files(machine), true);
    case OperandKind::mm: return require(operand.value >= 1 && operand.value < machine.mms, "an mm can be named");
  }
}

// What program.h and language.h promise of every operation, exception and program.
void check_valid(const Operation& operation, const MachineConfig& machine) {
  require(operation.cpu < machine.cpus, "an operation's CPU exists");
  const std::span<const OperandKind> kinds = info_of(operation.call).operands();
  for (std::size_t i = 0; i < operation.operands.size(); ++i) {
    if (i < kinds.size()) {
      check_valid(operation.operands[i], kinds[i], machine);
    } else {
      require(operation.operands[i] == Operand{}, "operands beyond the call's are zero");
    }
  }
}

void check_valid(const Exception& exception, const MachineConfig& machine) {
  require(exception.cpu < machine.cpus, "an exception's CPU exists");
  const bool preempt = exception.kind == Exception::Kind::preempt;
  const bool at_event = exception.event != Exception::steps;
  require(says_cpu(exception.kind) || exception.cpu == 0, "an exception without a CPU says none");
  require(!at_event || happens_on_cpu(exception.event), "there is such an event");
  require(!at_event || (exception.after >= 1 && exception.after <= max_occurrence), "an occurrence is in range");
  require(!at_event || exception.visit == 0, "at an event no returns are counted");
  require(at_event || exception.event_page == Exception::any_page, "steps have no page");
  check_valid_pages({.value = exception.page}, memory_pages(machine), false);
  require(says_page(exception.kind) || exception.page == 0, "an exception without a page says none");
  require(exception.latency <= (preempt ? max_latency : 0), "a latency is in range");
}

void check_valid(const Program& program) {
  const MachineConfig& machine = program.machine;
  for (const ParameterInfo& parameter : parameter_table) {
    const std::uint16_t value = machine.*parameter.field;
    require(value >= parameter.min && value <= parameter.max, "a parameter is in range");
  }
  require(machine.mms <= machine.cpus, "each mm has a thread");
  require(machine.windows >= machine.files, "each file has a window");
  require(program.operation_count <= max_operations, "there are no more operations than possible");
  require(program.exception_count <= (program.operation_count == 0 ? 0 : max_exceptions),
          "exceptions are tied to operations");
  int exceptions = 0;
  for (const Operation& operation : operations_of(program)) {
    require(operation.first_exception == exceptions, "exceptions are in the order of operations");
    exceptions += operation.exception_count;
    check_valid(operation, machine);
  }
  require(exceptions == program.exception_count, "each exception is tied to an operation");
  for (const Exception& exception : exceptions_of(program)) check_valid(exception, machine);
}

void check_round_trip(const Bytes& bytes) {
  static Program program;  // large, and needed a million times
  static Program again;
  decode(bytes, program);
  check_valid(program);
  const Bytes canonical = encode(program);
  decode(canonical, again);
  require(again == program, "encoding and decoding gives the same program");
  require(encode(again) == canonical, "there is one canonical form");
}

}  // namespace

BOOST_AUTO_TEST_CASE(round_trip_of_random_bytes) {
  std::mt19937 random(1);
  for (int i = 0; i < 5000; ++i) check_round_trip(random_bytes(random, below(random, 600)));
}

BOOST_AUTO_TEST_CASE(round_trip_on_machines_of_every_size) {
  std::mt19937 random(2);
  for (const unsigned pages : {1U, 2U, 127U, 128U, 129U, 255U, 256U, 257U, 300U, 511U, 513U, 1000U, 1023U, 1024U}) {
    for (const unsigned windows : {1U, 2U}) {
      for (int i = 0; i < 50; ++i) {
        Bytes bytes = random_bytes(random, 300);
        const Bytes machine = machine_bytes(1 + below(random, 8), 1 + below(random, windows), windows, pages);
        bytes.insert(bytes.end(), machine.begin(), machine.end());
        BOOST_REQUIRE_EQUAL(decoded(bytes).machine.pages, pages);
        check_round_trip(bytes);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(every_value_of_every_parameter) {
  for (const ParameterInfo& parameter : parameter_table) {
    for (unsigned value = parameter.min; value <= parameter.max; ++value) {
      Bytes bytes;
      put_parameter(bytes, &MachineConfig::cpus, max_cpus);        // so that mms is what is asked for
      put_parameter(bytes, &MachineConfig::windows, max_windows);  // and files
      put_parameter(bytes, parameter.field, value);
      const Program program = decoded(bytes);
      if (parameter.field == &MachineConfig::windows || parameter.field == &MachineConfig::cpus) {
        BOOST_REQUIRE_EQUAL(program.machine.*parameter.field, value);
      } else {
        MachineConfig expected{.cpus = max_cpus, .windows = max_windows};
        expected.*parameter.field = static_cast<std::uint16_t>(value);
        BOOST_REQUIRE_MESSAGE(program.machine == expected, parameter.name << " " << value);
      }
      check_round_trip(bytes);
    }
  }
}

BOOST_AUTO_TEST_CASE(values_beyond_a_range_wrap_around) {
  Bytes bytes;
  put(bytes, parameter_kinds, 0, 8, 0);          // cpus: 1 + 8 mod 8
  put(bytes, parameter_kinds, 40, 7, 0);         // words: 1 + 7 mod 4
  put(bytes, parameter_kinds, 79, 0xFF, 7);      // page_shift: 6 + 2047 mod 11
  put(bytes, parameter_kinds, 136, 0xFF, 0xFF);  // pct_seed: 65535 mod 2048
  put(bytes, parameter_kinds, 35, 1, 5);         // pages: 1 + 1281 mod 1024
  const MachineConfig machine = decoded(bytes).machine;
  BOOST_TEST(machine.cpus == 1);
  BOOST_TEST(machine.words == 4);
  BOOST_TEST(machine.page_shift == 7);
  BOOST_TEST(machine.pct_seed == 2047);
  BOOST_TEST(machine.pages == 258);
}

BOOST_AUTO_TEST_CASE(mms_and_windows_are_made_to_fit) {
  Bytes bytes;
  put_parameter(bytes, &MachineConfig::mms, 4);
  put_parameter(bytes, &MachineConfig::files, 2);
  put_parameter(bytes, &MachineConfig::windows, 1);
  BOOST_TEST(decoded(bytes).machine.mms == 3);
  BOOST_TEST(decoded(bytes).machine.windows == 2);
  // Whatever the order: the last record for each counts, then they are made to fit.
  put_parameter(bytes, &MachineConfig::cpus, 2);
  BOOST_TEST(decoded(bytes).machine.mms == 2);
  put_parameter(bytes, &MachineConfig::cpus, 8);
  BOOST_TEST(decoded(bytes).machine.mms == 4);
  put_parameter(bytes, &MachineConfig::files, 1);
  BOOST_TEST(decoded(bytes).machine.windows == 1);
}

BOOST_AUTO_TEST_CASE(every_number_of_a_parameter_means_it_and_others_mean_nothing) {
  int meaningless = 0;
  for (unsigned number = 0; number < 256; ++number) {
    Bytes bytes;
    put_parameter(bytes, &MachineConfig::cpus, max_cpus);
    put_parameter(bytes, &MachineConfig::windows, max_windows);
    MachineConfig expected = decoded(bytes).machine;
    put(bytes, parameter_kinds.first + number % parameter_kinds.count, number, 1, 0);
    const auto info = std::ranges::find_if(
        parameter_table, [&](const ParameterInfo& parameter) { return parameter.numbers.contains(number); });
    if (info == parameter_table.end()) {
      ++meaningless;
    } else {
      expected.*info->field = static_cast<std::uint16_t>(info->min + 1);
    }
    expected.windows = std::max(expected.windows, expected.files);
    BOOST_TEST((decoded(bytes).machine == expected), number);
  }
  BOOST_TEST(meaningless > 50);
}

BOOST_AUTO_TEST_CASE(parameters_count_wherever_they_are) {
  Bytes before;
  put_parameter(before, &MachineConfig::pages, 9);
  put(before, Call::store, 1, 8, 1);
  put(before, Exception::Kind::preempt, 2, 7, 3);
  put(before, Call::dontneed, 1, 0, 8);
  Bytes between;
  put(between, Call::store, 1, 8, 1);
  put_parameter(between, &MachineConfig::pages, 5);
  put(between, Exception::Kind::preempt, 2, 7, 3);  // still tied to the store
  put(between, Call::dontneed, 1, 0, 8);
  put_parameter(between, &MachineConfig::pages, 9);
  const Program program = decoded(before);
  BOOST_TEST(program.operation_count == 2);
  BOOST_TEST(program.operations[0].operands[0].value == 8);
  BOOST_TEST(program.operations[0].exception_count == 1);
  BOOST_TEST(program.operations[1].operands[0].count == 9);
  BOOST_TEST((decoded(between) == program));
}

BOOST_AUTO_TEST_CASE(empty_and_short_inputs) {
  BOOST_TEST((decoded({}) == Program{}));
  BOOST_TEST(encode(Program{}).empty());
  // What is missing of the last record is zero.
  std::mt19937 random(3);
  for (unsigned first = 0; first < 256; ++first) {
    const auto kind = static_cast<std::uint8_t>(first);
    BOOST_REQUIRE((decoded({kind}) == decoded({kind, 0, 0, 0})));
    BOOST_REQUIRE((decoded({kind, 0x97}) == decoded({kind, 0x97, 0, 0})));
    BOOST_REQUIRE((decoded({kind, 0x97, 0x53}) == decoded({kind, 0x97, 0x53, 0})));
    for (const std::size_t missing : {1U, 2U, 3U}) {
      Bytes longer = random_bytes(random, 36);
      longer.push_back(kind);
      for (std::size_t i = 1; i < record_size - missing; ++i) longer.push_back(0x53);
      Bytes padded = longer;
      padded.resize(40);
      BOOST_REQUIRE((decoded(longer) == decoded(padded)));
    }
  }
}

BOOST_AUTO_TEST_CASE(what_was_in_the_program_before_does_not_matter) {
  std::mt19937 random(4);
  Program reused;
  for (int i = 0; i < 500; ++i) {
    const Bytes bytes = random_bytes(random, below(random, 200));
    decode(bytes, reused);
    BOOST_REQUIRE(reused == decoded(bytes));
  }
}

BOOST_AUTO_TEST_CASE(a_mebibyte) {
  std::mt19937 random(5);
  const Bytes bytes = random_bytes(random, 1U << 20U);
  check_round_trip(bytes);
  BOOST_TEST(decoded(bytes).operation_count == max_operations);
  for (const int byte : {0xFF, 0xD8, 0x80}) check_round_trip(Bytes(1U << 20U, static_cast<std::uint8_t>(byte)));
  check_round_trip(Bytes(1U << 20U, 0));
}

BOOST_AUTO_TEST_CASE(every_kind_means_what_the_table_says) {
  for (const OperationInfo& info : operation_table) {
    for (unsigned kind = info.kinds.first; info.kinds.contains(kind); ++kind) {
      Bytes bytes;
      put(bytes, kind, 1, 1, 1);
      if (info.marked) put_mark(bytes);
      put_parameter(bytes, &MachineConfig::mms, 2);  // of one mm there would be no fork
      const Program program = decoded(bytes);
      BOOST_TEST_CONTEXT(info.name << " " << kind) {
        BOOST_TEST(program.operation_count == 1);
        BOOST_TEST(program.operations[0].cpu == 1);
        BOOST_TEST((program.operations[0].call == info.call));
        Bytes canonical;
        put(canonical, info.kinds, 1, 1, 1);
        if (info.marked) put_mark(canonical);
        put_parameter(canonical, &MachineConfig::mms, 2);
        BOOST_TEST((decoded(canonical) == program));
        BOOST_TEST(encode(program)[record_size] == canonical[0]);
      }
    }
  }
  for (const ExceptionInfo& info : exception_table) {
    for (const ByteValues kinds : {info.kinds, info.kinds_at_event}) {
      for (unsigned kind = kinds.first; kinds.contains(kind); ++kind) {
        Bytes bytes{0, 0, 0, 0};
        put(bytes, kind, 2, 5, 1);
        const Program program = decoded(bytes);
        BOOST_TEST(program.exception_count == 1);
        BOOST_TEST((program.exceptions[0].kind == info.kind));
        BOOST_TEST((program.exceptions[0].event == Exception::steps) == info.kinds.contains(kind));
      }
    }
  }
}

// Every event, and every page and occurrence that can be said of one.
BOOST_AUTO_TEST_CASE(events_of_exceptions) {
  for (unsigned event = 0; event < 256; ++event) {
    for (unsigned detail = 0; detail < 256; detail += 5) {
      Bytes bytes{0, 0, 0, 0};
      put(bytes, info_of(Exception::Kind::preempt).kinds_at_event.first, 1, event, 3);
      // What comes last is a mark for newer events, and of no matter for others.
      const unsigned last = detail % 2 == 0 ? newer_event_mark : 77;
      put(bytes, more_kinds, detail, 255 - detail, last);
      const Program program = decoded(bytes);
      const bool known = happens_on_cpu(event) && (event < first_newer_event || last == newer_event_mark);
      BOOST_REQUIRE_EQUAL(program.exception_count, known ? 1 : 0);
      check_round_trip(bytes);
      if (!known) continue;
      const auto page = static_cast<std::uint8_t>(254 - detail);
      BOOST_REQUIRE((program.exceptions[0] == Exception{.cpu = 1,
                                                        .latency = 3,
                                                        .event = static_cast<std::uint8_t>(event),
                                                        .event_page = detail == 255 ? Exception::any_page : page,
                                                        .after = static_cast<std::uint16_t>(detail + 1)}));
    }
  }
}

// Without its mark such a record is none, and what it might say is the next one's no more than before.
BOOST_AUTO_TEST_CASE(what_is_marked_needs_its_mark) {
  for (const OperationInfo& info : operation_table) {
    if (!info.marked) continue;
    BOOST_TEST_CONTEXT(info.name) {
      Bytes two_mms;
      put_parameter(two_mms, &MachineConfig::mms, 2);
      for (const unsigned changed : {0U, 1U, 2U}) {
        Bytes bytes = two_mms;
        put(bytes, info.kinds, 1, 1, 1);
        if (changed != 0) {
          put_mark(bytes);
          bytes[bytes.size() - changed] ^= 1U;
        }
        BOOST_TEST((decoded(bytes) == decoded(two_mms)));
      }
      Bytes marked = two_mms;
      put(marked, info.kinds, 0, 0, 0);
      put_mark(marked);
      BOOST_TEST((encode(decoded(marked)) == marked));
      check_round_trip(marked);
    }
  }
}

// A move needs another place: on a machine with one page its record is none, and what follows is of the operation before.
BOOST_AUTO_TEST_CASE(there_are_moves_only_where_there_is_another_place) {
  for (const int pages : {1, 2}) {
    Bytes bytes = machine_bytes(2, 1, 1, static_cast<unsigned>(pages));
    put(bytes, Call::load, 0, 0, 0);
    put(bytes, info_of(Call::mremap).kinds, 1, 3, 3);
    put(bytes, more_kinds, 7, operation_mark[0], operation_mark[1]);
    put(bytes, Exception::Kind::preempt, 1, 64, 0);
    const Program program = decoded(bytes);
    BOOST_TEST(program.operation_count == pages);
    BOOST_TEST(program.operations[program.operation_count - 1U].exception_count == 1);
    if (pages == 2) BOOST_TEST((program.operations[1].operands[0] == Operand{.value = 1, .count = 1, .to = 0}));
    check_round_trip(bytes);
  }
}

BOOST_AUTO_TEST_CASE(there_are_forks_only_where_there_is_another_mm) {
  for (const unsigned mms : {1U, 2U, 4U}) {
    Bytes bytes = encode(Program{.machine = {.cpus = 4, .mms = static_cast<std::uint16_t>(mms)}});
    put(bytes, Call::load, 0, 0, 0);
    put(bytes, info_of(Call::fork).kinds, 3, 5, 0);
    put(bytes, more_kinds, 7, operation_mark[0], operation_mark[1]);
    const Program program = decoded(bytes);
    BOOST_TEST(program.operation_count == (mms == 1 ? 1 : 2));
    if (mms != 1) BOOST_TEST(program.operations[1].operands[0].value == (mms == 2 ? 1 : 3));
    check_round_trip(bytes);
  }
}

// What a reserved record says means nothing, wherever it stands; but it keeps records apart.
BOOST_AUTO_TEST_CASE(reserved_kinds_are_ignored) {
  std::mt19937 random(9);
  int reserved = 0;
  for (unsigned kind = 0; kind < 256; ++kind) {
    if (record_kinds[kind].sort != RecordKind::Sort::reserved) continue;
    ++reserved;
    const Bytes bytes = random_bytes(random, record_size * 20);
    Bytes with;
    for (std::size_t at = 0; at < bytes.size(); at += record_size) {
      // Anywhere but before a record that would no longer follow the one that it belongs to.
      if (!more_kinds.contains(bytes[at])) put(with, kind, below(random, 256), below(random, 256), below(random, 256));
      with.insert(with.end(), bytes.begin() + static_cast<long>(at),
                  bytes.begin() + static_cast<long>(at + record_size));
    }
    BOOST_REQUIRE(decoded(with) == decoded(bytes));
  }
  BOOST_TEST(reserved > 30);
  BOOST_TEST(reserved <= 128);
}

// The five arguments of an exception: what they mean, each on its own and together.
BOOST_AUTO_TEST_CASE(steps_of_exceptions) {
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned low = 0; low < 256; low += 51) {
      for (const unsigned high : {0U, 1U, 100U, 254U, 255U}) {
        Bytes bytes{0, 0, 0, 0};
        put(bytes, Exception::Kind::preempt, 4, a, 9);
        put(bytes, more_kinds, low, high, 77);
        put(bytes, more_kinds, 1, 1, 1);  // a second one has nothing to add to
        const Program program = decoded(bytes);
        BOOST_REQUIRE_EQUAL(program.exceptions[0].cpu, 1);  // 4 mod 3
        BOOST_REQUIRE_EQUAL(program.exceptions[0].after, std::min(near_steps(a) + low + 256 * high, 65535U));
        BOOST_REQUIRE_EQUAL(program.exceptions[0].latency, 9);
        check_round_trip(bytes);
      }
    }
  }
}

// Each value of the one argument with a fifth of those of the other: all that each can mean.
BOOST_AUTO_TEST_CASE(every_preemption) {
  Program program;
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = a % 5; b < 256; b += 5) {
      Bytes bytes{0, 0, 0, 0};
      put(bytes, Exception::Kind::preempt, 4, a, b);
      decode(bytes, program);
      const Exception& exception = program.exceptions[0];
      BOOST_REQUIRE_EQUAL(exception.cpu, 1);  // 4 mod 3
      BOOST_REQUIRE_EQUAL(exception.after, near_steps(a));
      BOOST_REQUIRE_EQUAL(exception.latency, b < 16 ? b : 0);
      check_round_trip(bytes);
    }
  }
}

// The same.
BOOST_AUTO_TEST_CASE(every_change_of_a_tlb) {
  Program program;
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = a % 5; b < 256; b += 5) {
      Bytes bytes{0, 0, 0, 0};
      put(bytes, a % 2 == 0 ? Exception::Kind::evict : Exception::Kind::fill, 5, a, b);
      decode(bytes, program);
      const Exception& exception = program.exceptions[0];
      BOOST_REQUIRE_EQUAL(exception.cpu, 2);  // 5 mod 3
      BOOST_REQUIRE_EQUAL(exception.after, near_steps(a));
      BOOST_REQUIRE_EQUAL(exception.page, b % 2);
      BOOST_REQUIRE_EQUAL(exception.latency, 0);
      check_round_trip(bytes);
    }
  }
}

// Every number of steps has bytes, with every latency: what one argument says and what others add meet without a gap.
BOOST_AUTO_TEST_CASE(every_number_of_steps) {
  Program program;
  program.operation_count = 1;
  program.operations[0].exception_count = 1;
  program.exception_count = 1;
  Program again;
  const auto is_kept = [&] {
    decode(encode(program), again);
    return again == program;
  };
  for (unsigned after = 0; after <= max_after; ++after) {
    const auto steps = static_cast<std::uint16_t>(after);
    program.exceptions[0] = {.latency = static_cast<std::uint8_t>(after % (max_latency + 1)), .after = steps};
    BOOST_REQUIRE(is_kept());
    BOOST_REQUIRE_EQUAL(encode(program).size(), (after <= max_near_after ? 2 : 3) * record_size);
    program.exceptions[0] = {.kind = Exception::Kind::fill, .after = steps, .page = 1};
    BOOST_REQUIRE(is_kept());
  }
}

// Further arguments belong to the record right before them, and to no other.
BOOST_AUTO_TEST_CASE(more_arguments_stand_behind_their_record) {
  Bytes bytes;
  put(bytes, more_kinds, 1, 2, 3);  // lost: no record before it
  put(bytes, Call::store, 0, 0, 0);
  put(bytes, more_kinds, 1, 2, 3);  // lost: no operation has so many operands
  put(bytes, Exception::Kind::preempt, 1, 64, 0);
  put_parameter(bytes, &MachineConfig::words, 3);
  put(bytes, more_kinds, 1, 2, 3);  // lost: a parameter has no more arguments
  put(bytes, Exception::Kind::evict, 1, 64, 0);
  put(bytes, more_kinds.first + more_kinds.count - 1U, 1, 2, 3);
  const Program program = decoded(bytes);
  BOOST_TEST(program.operation_count == 1);
  BOOST_TEST(program.machine.words == 3);
  BOOST_TEST(program.exceptions[0].after == 1);
  BOOST_TEST(program.exceptions[1].after == 1 + 1 + 256 * 2);
  check_round_trip(bytes);
}

BOOST_AUTO_TEST_CASE(operations_stay_in_order) {
  Bytes bytes;
  put(bytes, Call::store, 2, 0, 1);
  put(bytes, Call::load, 0, 1, 0);
  put(bytes, Call::exit, 7, 0, 0);  // CPU 7 mod 3
  put(bytes, Call::store, 2, 0, 0);
  const Program program = decoded(bytes);
  BOOST_TEST(program.operation_count == 4);
  BOOST_TEST((program.operations[0] == Operation{.call = Call::store, .cpu = 2, .operands = {{{0}, {1}}}}));
  BOOST_TEST((program.operations[1] == Operation{.call = Call::load, .cpu = 0, .operands = {{{1}, {0}}}}));
  BOOST_TEST((program.operations[2] == Operation{.call = Call::exit, .cpu = 1}));
  BOOST_TEST((program.operations[3] == Operation{.call = Call::store, .cpu = 2}));
}

BOOST_AUTO_TEST_CASE(exceptions_belong_to_the_operation_before_them) {
  Bytes bytes;
  put(bytes, Exception::Kind::preempt, 1, 64, 0);  // lost: no operation yet
  put(bytes, Call::store, 0, 0, 0);
  put(bytes, Exception::Kind::preempt, 1, 65, 0);
  put(bytes, Call::store, 1, 0, 0);
  put(bytes, Exception::Kind::evict, 0, 66, 1);
  put(bytes, Exception::Kind::fill, 2, 67, 1);
  put(bytes, Call::store, 0, 0, 0);
  put(bytes, Call::store, 0, 0, 0);
  put(bytes, Exception::Kind::preempt, 0, 68, 9);
  const Program program = decoded(bytes);
  const std::vector<std::pair<int, int>> expected{{0, 1}, {1, 2}, {3, 0}, {3, 1}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    BOOST_TEST(program.operations[i].first_exception == expected[i].first);
    BOOST_TEST(program.operations[i].exception_count == expected[i].second);
  }
  BOOST_TEST(program.exception_count == 4);
  BOOST_TEST((program.exceptions[0] == Exception{.kind = Exception::Kind::preempt, .cpu = 1, .after = 2}));
  BOOST_TEST((program.exceptions[1] == Exception{.kind = Exception::Kind::evict, .cpu = 0, .after = 3, .page = 1}));
  BOOST_TEST((program.exceptions[2] == Exception{.kind = Exception::Kind::fill, .cpu = 2, .after = 4, .page = 1}));
  BOOST_TEST(
      (program.exceptions[3] == Exception{.kind = Exception::Kind::preempt, .cpu = 0, .latency = 9, .after = 5}));
}

BOOST_AUTO_TEST_CASE(what_is_beyond_the_limits_is_lost) {
  Bytes bytes;
  for (unsigned i = 0; i < max_operations; ++i) put(bytes, Call::store, i % 3, 0, 0);
  put(bytes, Exception::Kind::preempt, 1, 1, 0);  // of the last operation
  const Bytes full = bytes;
  BOOST_TEST(decoded(full).operation_count == max_operations);
  BOOST_TEST(decoded(full).exception_count == 1);
  put(bytes, Call::load, 1, 0, 0);
  put(bytes, Exception::Kind::preempt, 1, 1, 0);  // of the lost operation: lost with it
  BOOST_TEST((decoded(bytes) == decoded(full)));
  put_parameter(bytes, &MachineConfig::pages, 9);  // counts all the same
  BOOST_TEST(decoded(bytes).machine.pages == 9);
  BOOST_TEST(decoded(bytes).operation_count == max_operations);
  BOOST_TEST(decoded(bytes).exception_count == 1);

  bytes.clear();
  put(bytes, Call::store, 0, 0, 0);
  for (unsigned i = 0; i < max_exceptions; ++i) put(bytes, Exception::Kind::preempt, 1, i & 0xFFU, 0);
  const Bytes all = bytes;
  BOOST_TEST(decoded(all).exception_count == max_exceptions);
  put(bytes, Exception::Kind::preempt, 1, 99, 0);
  BOOST_TEST((decoded(bytes) == decoded(all)));
  put(bytes, Call::store, 0, 0, 0);  // operations still count
  put(bytes, Exception::Kind::preempt, 1, 99, 0);
  BOOST_TEST(decoded(bytes).operation_count == 2);
  BOOST_TEST(decoded(bytes).exception_count == max_exceptions);
}

BOOST_AUTO_TEST_CASE(pages_and_ranges_in_granules) {
  struct Case {
    unsigned windows, pages, a, b;
    int first, count;
  };
  // 512 pages in all: a granule is 2 pages. 2046: it is 8, and windows begin within one.
  for (const Case& c :
       {Case{1, 4, 1, 1, 1, 2}, Case{1, 4, 5, 3, 1, 1}, Case{1, 4, 3, 255, 3, 1}, Case{2, 256, 127, 0, 254, 2},
        Case{2, 256, 128, 127, 256, 256}, Case{1, 257, 128, 0, 256, 1}, Case{1, 257, 127, 1, 254, 3},
        Case{2, 1023, 127, 0, 1016, 7}, Case{2, 1023, 128, 127, 1024, 1022}, Case{2, 1023, 255, 0, 2040, 6},
        Case{2, 1024, 255, 255, 2040, 8}}) {
    Bytes bytes = machine_bytes(3, 1, c.windows, c.pages);
    put(bytes, Call::munmap, 0, c.a, c.b);
    const Operand range = decoded(bytes).operations[0].operands[0];
    BOOST_TEST_CONTEXT(c.windows << " windows of " << c.pages << " pages, a " << c.a << ", b " << c.b) {
      BOOST_TEST(range.value == c.first);
      BOOST_TEST(range.count == c.count);
    }
    check_round_trip(bytes);
  }
}

// A changed argument of a record changes one operation or one exception, and of it only what the argument says.
BOOST_AUTO_TEST_CASE(a_changed_argument_changes_one_thing) {
  using Sort = RecordKind::Sort;
  std::mt19937 random(6);
  int changes = 0;
  for (int round = 0; round < 3000; ++round) {
    Bytes bytes = random_bytes(random, record_size * (1 + below(random, 60)));
    const std::size_t at = record_size * below(random, static_cast<unsigned>(bytes.size() / record_size));
    const Sort sort = record_kind(bytes[at], {}).sort;
    put_parameter(bytes, &MachineConfig::pages, 1 + below(random, max_file_pages));
    if (sort == Sort::parameter) continue;
    // An exception at an event that there is not is none.
    const auto names_event = [&](std::size_t record) { return record_kinds[bytes[record]].at_event; };
    if (names_event(at) || (sort == Sort::more && at != 0 && names_event(at - record_size))) continue;
    const Program before = decoded(bytes);
    const unsigned arguments = sort == Sort::more ? 3 : 2;  // the last of its bytes
    bytes[at + record_size - 1 - below(random, arguments)] ^= static_cast<std::uint8_t>(1U << below(random, 8));
    Program after = decoded(bytes);
    BOOST_REQUIRE(after.machine == before.machine);
    BOOST_REQUIRE_EQUAL(after.operation_count, before.operation_count);
    BOOST_REQUIRE_EQUAL(after.exception_count, before.exception_count);
    int different = 0;
    for (std::size_t i = 0; i < before.operation_count; ++i) {
      Operation is = after.operations[i];
      const Operation& was = before.operations[i];
      if (is == was) continue;
      ++different;
      BOOST_REQUIRE(sort == Sort::operation);
      is.operands = was.operands;
      BOOST_REQUIRE(is == was);
    }
    for (std::size_t i = 0; i < before.exception_count; ++i) {
      const Exception& is = after.exceptions[i];
      const Exception& was = before.exceptions[i];
      if (is == was) continue;
      ++different;
      BOOST_REQUIRE(sort == Sort::exception || sort == Sort::more);
      BOOST_REQUIRE(is.kind == was.kind);
      BOOST_REQUIRE_EQUAL(is.cpu, was.cpu);
    }
    BOOST_REQUIRE_LE(different, sort == Sort::reserved ? 0 : 1);
    changes += different;
  }
  BOOST_TEST(changes > 700);  // it was not about records without effect only
}

// The same of a parameter's value; mms and windows may follow.
BOOST_AUTO_TEST_CASE(a_changed_value_changes_one_parameter) {
  std::mt19937 random(7);
  int changes = 0;
  for (int round = 0; round < 3000; ++round) {
    Bytes bytes;
    for (unsigned i = 1 + below(random, 10); i > 0; --i)
      put(bytes, parameter_kinds, below(random, 256), below(random, 256), below(random, 256));
    const std::size_t at = record_size * below(random, static_cast<unsigned>(bytes.size() / record_size));
    const MachineConfig before = decoded(bytes).machine;
    bytes[at + 2 + below(random, 2)] ^= static_cast<std::uint8_t>(1U << below(random, 8));
    const MachineConfig after = decoded(bytes).machine;
    for (const ParameterInfo& parameter : parameter_table) {
      if (before.*parameter.field == after.*parameter.field) continue;
      ++changes;
      const RecordKind number = parameter_numbers[bytes[at + 1]];
      BOOST_REQUIRE(number.sort == RecordKind::Sort::parameter);
      const ParameterInfo& changed = parameter_table[number.index];
      const bool follows = (parameter.field == &MachineConfig::mms && changed.field == &MachineConfig::cpus) ||
                           (parameter.field == &MachineConfig::windows && changed.field == &MachineConfig::files);
      BOOST_REQUIRE_MESSAGE(parameter.name == changed.name || follows, changed.name << " changed " << parameter.name);
    }
  }
  BOOST_TEST(changes > 500);
}

// Another CPU: one operation moves to it, or one exception is about it. Nothing else changes, not even the order.
BOOST_AUTO_TEST_CASE(a_changed_cpu_moves_one_operation_or_redirects_one_exception) {
  std::mt19937 random(8);
  int changes = 0;
  for (int round = 0; round < 2000; ++round) {
    Bytes bytes;
    put_parameter(bytes, &MachineConfig::cpus, max_cpus);
    const std::size_t records = 1 + below(random, 20);
    for (std::size_t i = 0; i < records; ++i)
      put(bytes, below(random, parameter_kinds.first), below(random, 256), below(random, 256), below(random, 256));
    const std::size_t at = record_size * (1 + below(random, static_cast<unsigned>(records)));
    const Program before = decoded(bytes);
    const unsigned from = bytes[at + 1] % max_cpus;
    bytes[at + 1] ^= static_cast<std::uint8_t>(1 + below(random, 7));
    Program after = decoded(bytes);
    int different = 0;
    const auto compare = [&](const auto& was, auto& is) {
      if (is == was) return;
      ++different;
      BOOST_REQUIRE_EQUAL(is.cpu, bytes[at + 1] % max_cpus);
      is.cpu = static_cast<std::uint8_t>(from);
    };
    for (std::size_t i = 0; i < before.operation_count; ++i) compare(before.operations[i], after.operations[i]);
    for (std::size_t i = 0; i < before.exception_count; ++i) compare(before.exceptions[i], after.exceptions[i]);
    BOOST_REQUIRE(after == before);
    BOOST_REQUIRE_LE(different, 1);
    changes += different;
  }
  BOOST_TEST(changes > 700);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace shootdown
