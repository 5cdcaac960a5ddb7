// Which oracles there are (oracles.def), sets of them, and which of them count.
//
// Promises that every oracle of the list is in all that is made of it here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string_view>

#include "engine/claims.h"
#include "engine/events/event.h"

namespace shootdown {

// In the order in which they are listed everywhere.
enum class OracleId : std::uint8_t {
#define ORACLE(Class, id, name, guarantee) id,
#include "oracles/oracles.def"
#undef ORACLE
};
inline constexpr OracleId oracle_ids[] = {
#define ORACLE(Class, id, name, guarantee) OracleId::id,
#include "oracles/oracles.def"
#undef ORACLE
};
inline constexpr std::size_t oracle_count = std::size(oracle_ids);

// A set of oracles.
class OracleSet {
 public:
  static constexpr OracleSet all() { return OracleSet((1U << oracle_count) - 1U); }
  static constexpr OracleSet only(OracleId id) { return OracleSet(1U << static_cast<unsigned>(id)); }
  constexpr OracleSet() = default;
  constexpr void insert(OracleId id) { bits_ |= 1U << static_cast<unsigned>(id); }
  constexpr void erase(OracleId id) { bits_ &= ~(1U << static_cast<unsigned>(id)); }
  constexpr bool contains(OracleId id) const { return (bits_ >> static_cast<unsigned>(id) & 1U) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr OracleSet operator&(OracleSet other) const { return OracleSet(bits_ & other.bits_); }
  constexpr OracleSet operator|(OracleSet other) const { return OracleSet(bits_ | other.bits_); }
  constexpr OracleSet operator-(OracleSet other) const { return OracleSet(bits_ & ~other.bits_); }
  constexpr bool operator==(const OracleSet&) const = default;

 private:
  static_assert(oracle_count < 32, "a bit for each");

  explicit constexpr OracleSet(unsigned bits) : bits_(bits) {}
  unsigned bits_ = 0;
};

struct OracleInfo {
  OracleId id;
  // What users are told of it.
  std::string_view name;
  std::string_view guarantee;
  // The events without which it cannot judge.
  EventSet needed;
};

std::span<const OracleInfo> all_oracles();
std::string_view oracle_name(OracleId id);
// The oracle of this name, or null.
const OracleInfo* find_oracle(std::string_view name);

// All guarantees but these, which must have the names of oracles.
OracleSet claims(std::span<const NotClaimed> exceptions);
// The oracles that can judge a kernel that sends these events: those that miss none.
OracleSet judged_with(EventSet sent);

}  // namespace shootdown
