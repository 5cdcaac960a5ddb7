#include "fuzz/language/operands.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

#include "fuzz/language/language.h"

namespace shootdown {

namespace {

// --- pages ---

// The pages of memory, or those of files. What the forms of pages share.
class Pages {
 public:
  constexpr explicit Pages(bool of_files) : of_files_(of_files) {}

  PageSpace space(const MachineConfig& machine) const {
    return of_files_ ? pages_of_files(machine) : memory_pages(machine);
  }

  int decode_page(std::uint8_t argument, const MachineConfig& machine) const {
    const PageSpace pages = space(machine);
    return argument % pages.granules() * pages.granule;
  }
  std::uint8_t encode_page(int page, const MachineConfig& machine) const {
    return static_cast<std::uint8_t>(page / space(machine).granule);
  }

  // The pages' numbers, as far as `words` says them, exist where they are counted from.
  void check_exist(const Reader& reader, std::string_view words, unsigned first, unsigned last,
                   const MachineConfig& machine) const;
  // Takes the file that pages are of, if it is said. Returns the number of its page 0.
  int parse_file(Reader& reader, const MachineConfig& machine) const;
  // That the byte form has a name for a page.
  void check_nameable(const Reader& reader, std::string_view words, int page, const MachineConfig& machine) const;

  // The number that texts give to a page, and how they name the file that it is of.
  int number_of(int page, const MachineConfig& machine) const { return of_files_ ? machine.index_of(page) : page; }
  std::string file_of(int page, const MachineConfig& machine) const;

 private:
  bool of_files_;
};

void Pages::check_exist(const Reader& reader, std::string_view words, unsigned first, unsigned last,
                        const MachineConfig& machine) const {
  const auto count = static_cast<unsigned>(of_files_ ? machine.pages : machine.virtual_pages());
  const std::string_view owner = of_files_ ? "each file" : "the machine";
  const std::size_t dash = words.find('-');
  reader.check_range("page", words.substr(0, dash), first, owner, count);
  reader.check_range("page", words.substr(dash + 1), last, owner, count);
}

int Pages::parse_file(Reader& reader, const MachineConfig& machine) const {
  if (!of_files_ || reader.word().empty()) return 0;
  reader.keyword("of");
  reader.keyword("file");
  return static_cast<int>(reader.number_of("file", "the machine", machine.files)) * machine.pages;
}

void Pages::check_nameable(const Reader& reader, std::string_view words, int page, const MachineConfig& machine) const {
  const PageSpace pages = space(machine);
  if (page % pages.granule == 0) return;
  reader.fail(words, fmt::format("no operation can begin here: this is page {} of {} in all, and of so many only "
                                 "multiples of {} can be named",
                                 page, pages.pages, pages.granule));
}

std::string Pages::file_of(int page, const MachineConfig& machine) const {
  const int file = of_files_ ? page / machine.pages : 0;
  return file == 0 ? "" : fmt::format(" of file {}", file);
}

// "page 3", or "page 3 of file 1".
class PageForm final : public OperandForm {
 public:
  constexpr explicit PageForm(bool of_files) : OperandForm(1), pages_(of_files) {}

  Operand decode(const std::uint8_t* arguments, const MachineConfig& machine) const override {
    return {.value = static_cast<std::uint16_t>(pages_.decode_page(arguments[0], machine))};
  }

  void encode(const Operand& operand, const MachineConfig& machine, std::uint8_t* arguments) const override {
    arguments[0] = pages_.encode_page(operand.value, machine);
  }

  Operand parse(Reader& reader, const MachineConfig& machine) const override {
    reader.keyword("page");
    const std::string_view word = reader.word();
    const unsigned number = reader.number("the number of a page");
    pages_.check_exist(reader, word, number, number, machine);
    const int page = pages_.parse_file(reader, machine) + static_cast<int>(number);
    pages_.check_nameable(reader, word, page, machine);
    return {.value = static_cast<std::uint16_t>(page)};
  }

  std::string print(const Operand& operand, const MachineConfig& machine) const override {
    return fmt::format("page {}{}", pages_.number_of(operand.value, machine), pages_.file_of(operand.value, machine));
  }

  void mutate(std::uint8_t* arguments, SplitMix64& random) const override { mutate_byte(arguments[0], random); }

 private:
  Pages pages_;
};

// "pages 3-5", or "pages 3-5 of file 1"; one page as PageForm has it.
class RangeForm final : public OperandForm {
 public:
  constexpr explicit RangeForm(bool of_files) : OperandForm(2), pages_(of_files) {}

  // The second argument is the length, in granules beyond the first.
  Operand decode(const std::uint8_t* arguments, const MachineConfig& machine) const override {
    const PageSpace space = pages_.space(machine);
    const int first = pages_.decode_page(arguments[0], machine);
    const int count = (1 + arguments[1] % space.granules_from(first)) * space.granule;
    return {.value = static_cast<std::uint16_t>(first),
            .count = static_cast<std::uint16_t>(std::min(count, space.left_from(first)))};
  }

  void encode(const Operand& operand, const MachineConfig& machine, std::uint8_t* arguments) const override {
    const int granule = pages_.space(machine).granule;
    arguments[0] = pages_.encode_page(operand.value, machine);
    arguments[1] = static_cast<std::uint8_t>((operand.count + granule - 1) / granule - 1);
  }

  Operand parse(Reader& reader, const MachineConfig& machine) const override;

  std::string print(const Operand& operand, const MachineConfig& machine) const override {
    const int first = pages_.number_of(operand.value, machine);
    const std::string numbers = operand.count == 1 ? fmt::format("page {}", first)
                                                   : fmt::format("pages {}-{}", first, first + operand.count - 1);
    return numbers + pages_.file_of(operand.value, machine);
  }

  void mutate(std::uint8_t* arguments, SplitMix64& random) const override {
    mutate_byte(arguments[random.below(2)], random);
  }

  // The parts of parse(). Its pages, which exist; `words` are their numbers as they stand there.
  Operand parse_pages(Reader& reader, const MachineConfig& machine, std::string_view& words) const;
  void check_window(const Reader& reader, std::string_view words, const Operand& range,
                    const MachineConfig& machine) const;
  void check_granules(const Reader& reader, std::string_view words, const Operand& range,
                      const MachineConfig& machine) const;

 private:
  struct Numbers {
    unsigned first = 0;
    unsigned last = 0;
    std::string_view words;  // "3" or "3-5"
  };
  static Numbers parse_numbers(Reader& reader);

  Pages pages_;
};

Operand RangeForm::parse(Reader& reader, const MachineConfig& machine) const {
  std::string_view words;
  const Operand range = parse_pages(reader, machine, words);
  check_window(reader, words, range, machine);
  check_granules(reader, words, range, machine);
  return range;
}

Operand RangeForm::parse_pages(Reader& reader, const MachineConfig& machine, std::string_view& words) const {
  const Numbers numbers = parse_numbers(reader);
  words = numbers.words;
  pages_.check_exist(reader, numbers.words, numbers.first, numbers.last, machine);
  const int first = pages_.parse_file(reader, machine) + static_cast<int>(numbers.first);
  pages_.check_nameable(reader, numbers.words, first, machine);
  return {.value = static_cast<std::uint16_t>(first),
          .count = static_cast<std::uint16_t>(numbers.last - numbers.first + 1)};
}

RangeForm::Numbers RangeForm::parse_numbers(Reader& reader) {
  const std::string_view noun = reader.take();
  const std::string_view words = reader.word();
  if (noun == "page") {
    const unsigned page = reader.number("the number of a page");
    return {page, page, words};
  }
  if (noun != "pages") reader.fail(noun, fmt::format("expected 'page' or 'pages', found {}", quoted(noun)));
  Numbers numbers{.words = reader.take()};
  const std::size_t dash = words.find('-');
  if (dash == std::string_view::npos || !to_number(words.substr(0, dash), numbers.first) ||
      !to_number(words.substr(dash + 1), numbers.last)) {
    reader.fail(words, fmt::format("expected a range of pages like 0-3, found {}", quoted(words)));
  }
  if (numbers.first > numbers.last)
    reader.fail(words, fmt::format("the range {} ends before it begins", quoted(words)));
  return numbers;
}

void RangeForm::check_window(const Reader& reader, std::string_view words, const Operand& range,
                             const MachineConfig& machine) const {
  const int left = pages_.space(machine).left_from(range.value);
  if (range.count <= left) return;
  reader.fail(words, fmt::format("the range {} leaves its window, which ends with page {}", quoted(words),
                                 range.value + left - 1));
}

// On large machines a range consists of whole granules.
void RangeForm::check_granules(const Reader& reader, std::string_view words, const Operand& range,
                               const MachineConfig& machine) const {
  const PageSpace space = pages_.space(machine);
  const int left = space.left_from(range.value);
  if (range.count % space.granule != 0 && range.count != left) {
    reader.fail(words, fmt::format("the range cannot be {} pages long: with {} pages in all, the length is a "
                                   "multiple of {}, or all {} pages that are left",
                                   range.count, space.pages, space.granule, left));
  }
}

// "pages 3-5 to page 8": where the range is to be found then.
//
// In bytes the third argument says in how many granules from the first page the other place begins, as if the address
// space were a ring; so no byte means the first page itself. What would not fit there is left out of the range.
class MoveForm final : public OperandForm {
 public:
  constexpr MoveForm() : OperandForm(3) {}

  // On a machine with one granule there is no other place.
  bool exists_on(const MachineConfig& machine) const override { return memory_pages(machine).granules() > 1; }

  Operand decode(const std::uint8_t* arguments, const MachineConfig& machine) const override {
    const PageSpace space = memory_pages(machine);
    Operand move = range_.decode(arguments, machine);
    const int away = 1 + arguments[2] % (space.granules() - 1);
    move.to = static_cast<std::uint16_t>((move.value / space.granule + away) % space.granules() * space.granule);
    const int room = std::min(std::abs(move.to - move.value), space.pages - move.to);
    move.count = static_cast<std::uint16_t>(std::min<int>(move.count, room));
    return move;
  }

  void encode(const Operand& operand, const MachineConfig& machine, std::uint8_t* arguments) const override {
    const PageSpace space = memory_pages(machine);
    range_.encode(operand, machine, arguments);
    const int away = (operand.to - operand.value) / space.granule;
    arguments[2] = static_cast<std::uint8_t>((away + space.granules()) % space.granules() - 1);
  }

  Operand parse(Reader& reader, const MachineConfig& machine) const override;

  std::string print(const Operand& operand, const MachineConfig& machine) const override {
    return fmt::format("{} to page {}", range_.print(operand, machine), operand.to);
  }

  void mutate(std::uint8_t* arguments, SplitMix64& random) const override {
    mutate_byte(arguments[random.below(3)], random);
  }

 private:
  Operand parse_target(Reader& reader, const MachineConfig& machine, std::string_view words, Operand move) const;

  Pages pages_{false};
  RangeForm range_{false};
};

Operand MoveForm::parse(Reader& reader, const MachineConfig& machine) const {
  std::string_view words;
  Operand move = range_.parse_pages(reader, machine, words);
  range_.check_window(reader, words, move, machine);
  reader.keyword("to");
  move = parse_target(reader, machine, words, move);
  // All that fits there can be said, too.
  if (move.to + move.count != machine.virtual_pages()) range_.check_granules(reader, words, move, machine);
  return move;
}

// "page 8".
Operand MoveForm::parse_target(Reader& reader, const MachineConfig& machine, std::string_view words,
                               Operand move) const {
  reader.keyword("page");
  const std::string_view word = reader.word();
  const unsigned to = reader.number("the number of a page");
  pages_.check_exist(reader, word, to, to, machine);
  pages_.check_nameable(reader, word, static_cast<int>(to), machine);
  move.to = static_cast<std::uint16_t>(to);
  if (move.to + move.count > machine.virtual_pages()) {
    reader.fail(word, fmt::format("the range {} does not fit there: the machine has pages 0 to {}", quoted(words),
                                  machine.virtual_pages() - 1));
  }
  if (std::abs(move.to - move.value) < move.count) {
    reader.fail(word, fmt::format("the range {} and as many pages from page {} on overlap", quoted(words), move.to));
  }
  return move;
}

// --- words ---

// "word 1".
class WordForm final : public OperandForm {
 public:
  constexpr WordForm() : OperandForm(1) {}

  Operand decode(const std::uint8_t* arguments, const MachineConfig& machine) const override {
    return {.value = static_cast<std::uint16_t>(arguments[0] % machine.words)};
  }

  void encode(const Operand& operand, const MachineConfig& /*machine*/, std::uint8_t* arguments) const override {
    arguments[0] = static_cast<std::uint8_t>(operand.value);
  }

  Operand parse(Reader& reader, const MachineConfig& machine) const override {
    reader.keyword("word");
    return {.value = static_cast<std::uint16_t>(reader.number_of("word", "a page", machine.words))};
  }

  std::string print(const Operand& operand, const MachineConfig& /*machine*/) const override {
    return fmt::format("word {}", operand.value);
  }

  void mutate(std::uint8_t* arguments, SplitMix64& random) const override {
    arguments[0] = static_cast<std::uint8_t>(random.below(max_words));
  }
};

// --- address spaces ---

// "mm 1". The first is there from the beginning, and cannot be named.
class MmForm final : public OperandForm {
 public:
  constexpr MmForm() : OperandForm(1) {}

  bool exists_on(const MachineConfig& machine) const override { return machine.mms > 1; }

  Operand decode(const std::uint8_t* arguments, const MachineConfig& machine) const override {
    return {.value = static_cast<std::uint16_t>(1 + arguments[0] % (machine.mms - 1))};
  }

  void encode(const Operand& operand, const MachineConfig& /*machine*/, std::uint8_t* arguments) const override {
    arguments[0] = static_cast<std::uint8_t>(operand.value - 1);
  }

  Operand parse(Reader& reader, const MachineConfig& machine) const override {
    reader.keyword("mm");
    const std::string_view word = reader.word();
    const unsigned mm = reader.number("the number of an mm");
    reader.check_range("mm", word, mm, "the machine", machine.mms);
    if (mm == 0) reader.fail(word, "mm 0 is there from the beginning: nobody can make it");
    return {.value = static_cast<std::uint16_t>(mm)};
  }

  std::string print(const Operand& operand, const MachineConfig& /*machine*/) const override {
    return fmt::format("mm {}", operand.value);
  }

  void mutate(std::uint8_t* arguments, SplitMix64& random) const override {
    arguments[0] = static_cast<std::uint8_t>(random.below(max_mms));
  }
};

}  // namespace

const OperandForm& form_of(OperandKind kind) {
  static constexpr PageForm virtual_page(false);
  static constexpr RangeForm virtual_range(false);
  static constexpr MoveForm virtual_move;
  static constexpr WordForm word;
  static constexpr PageForm file_page(true);
  static constexpr RangeForm file_range(true);
  static constexpr MmForm mm;
  switch (kind) {
    case OperandKind::virtual_page: return virtual_page;
    case OperandKind::virtual_range: return virtual_range;
    case OperandKind::virtual_move: return virtual_move;
    case OperandKind::word: return word;
    case OperandKind::file_page: return file_page;
    case OperandKind::file_range: return file_range;
    case OperandKind::mm: return mm;
  }
  std::abort();
}

// Small numbers of steps are the interesting ones, and none most of all: then the exception falls between
// two operations. 0 to 63 mean 0; 64 to 191 mean 1 to 32, four times over; the rest 33 to 96.
std::uint16_t decode_steps(std::uint8_t near, std::uint8_t low, std::uint8_t high) {
  unsigned steps = 0;
  if (near >= 192) {
    steps = near - 192U + 33;
  } else if (near >= 64) {
    steps = 1U + near % 32U;
  }
  return static_cast<std::uint16_t>(std::min<unsigned>(steps + low + 256U * high, max_after));
}

void encode_steps(unsigned steps, std::uint8_t& near, std::uint8_t& low, std::uint8_t& high) {
  const unsigned begin = std::min(steps, max_near_after);
  near = 0;
  if (begin > 32) {
    near = static_cast<std::uint8_t>(192 + (begin - 33));
  } else if (begin > 0) {
    near = static_cast<std::uint8_t>(64 + (begin - 1));
  }
  low = static_cast<std::uint8_t>((steps - begin) & 0xFFU);
  high = static_cast<std::uint8_t>((steps - begin) >> 8U);
}

void mutate_byte(std::uint8_t& byte, SplitMix64& random) {
  const std::uint64_t change = random.below(4) == 0 ? random.below(256) : random.below(9) - 4;
  byte = static_cast<std::uint8_t>(byte + change);
}

}  // namespace shootdown
