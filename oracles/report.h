// What the oracles found in one run: for each oracle, its first violation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "engine/arena.h"
#include "oracles/oracles.h"

namespace shootdown {

struct Violation {
  static constexpr std::size_t max_numbers = 8;

  std::uint64_t step = 0;  // steps made when it was found
  int cpu = -1;            // who acted; -1: found after the run
  std::string_view form;   // the fact with {} in place of its words, if it has any, and its numbers
  std::string_view words;  // of a kernel's own, which come first; empty: it has none
  std::array<std::int64_t, max_numbers> numbers{};

  // The fact with {} in place of its numbers: the same for all violations of one kind.
  std::string kind() const;

  // The violated fact, in one line.
  std::string fact() const;
};

// A plain value.
class Report {
 public:
  Report() = default;
  // `violations`: by oracle, those that are not broken null.
  Report(OracleSet judged, const std::array<const Violation*, oracle_count>& violations);

  // Who could judge the run. That the others found nothing does not mean that their guarantees hold.
  OracleSet judged() const { return judged_; }
  OracleSet broken() const { return broken_; }
  // Of an oracle that is broken.
  const Violation& violation(OracleId id) const { return violations_[static_cast<std::size_t>(id)]; }
  // The first of those in `among` that was violated in this run; `among` and broken() must intersect. dirty-unmapped is
  // first only if it is the only one: it sees the cause of others, which say what came of it.
  OracleId first(OracleSet among) const;

 private:
  OracleSet judged_ = OracleSet::all();
  OracleSet broken_;
  std::array<Violation, oracle_count> violations_{};
};

// The same while the run is under way, in its arena: room is taken only when something is wrong, and text is made only
// when somebody wants to read it.
class Findings {
 public:
  // Of a run which only `judged` can judge: what the others find in it means nothing.
  Findings(Arena& arena, OracleSet judged) : arena_(arena), judged_(judged) {}

  // Notes that an oracle is violated. Only the first time in a run counts. The arguments are numbers: words belong
  // into the format, which tells kinds of violations apart.
  template <typename... Numbers>
  void violate(OracleId id, std::uint64_t step, int cpu, fmt::format_string<Numbers...> format, Numbers&&... numbers) {
    note(id, {.step = step, .cpu = cpu, .form = text_of(format), .words = {}, .numbers = plain(numbers...)});
  }
  // The same with words of a kernel's (World::text), which come first and tell kinds apart, too.
  template <typename... Numbers>
  void violate_in_words(OracleId id, std::uint64_t step, int cpu,
                        fmt::format_string<std::string_view&, Numbers...> format, std::string_view words,
                        Numbers&&... numbers) {
    note(id, {.step = step, .cpu = cpu, .form = text_of(format), .words = words, .numbers = plain(numbers...)});
  }

  OracleSet broken() const { return broken_; }
  Report report() const { return {judged_, violations_}; }

 private:
  static std::string_view text_of(fmt::string_view form) { return {form.data(), form.size()}; }
  template <typename... Numbers>
  static std::array<std::int64_t, Violation::max_numbers> plain(const Numbers&... numbers) {
    static_assert((std::is_integral_v<Numbers> && ...));
    static_assert(sizeof...(Numbers) <= Violation::max_numbers);
    return {static_cast<std::int64_t>(numbers)...};
  }
  void note(OracleId id, const Violation& violation);

  Arena& arena_;
  OracleSet judged_;
  OracleSet broken_;
  std::array<const Violation*, oracle_count> violations_{};
};

}  // namespace shootdown
