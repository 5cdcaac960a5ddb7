#include "oracles/oracles.h"

#include <array>

#include "engine/check.h"
#include "oracles/headers.h"  // of all oracles: CMake makes it from oracles.def

namespace shootdown {

namespace {

constexpr std::array<OracleInfo, oracle_count> infos{{
#define ORACLE(Class, id, name, guarantee) {OracleId::id, name, guarantee, Class::needed},
#include "oracles/oracles.def"
#undef ORACLE
}};

}  // namespace

std::span<const OracleInfo> all_oracles() {
  return infos;
}

std::string_view oracle_name(OracleId id) {
  return infos[static_cast<std::size_t>(id)].name;
}

const OracleInfo* find_oracle(std::string_view name) {
  for (const OracleInfo& info : infos) {
    if (info.name == name) return &info;
  }
  return nullptr;
}

OracleSet claims(std::span<const NotClaimed> exceptions) {
  OracleSet set = OracleSet::all();
  for (const NotClaimed& exception : exceptions) {
    const OracleInfo* const oracle = find_oracle(exception.oracle);
    SHOOTDOWN_CHECK(oracle != nullptr);
    set.erase(oracle->id);
  }
  return set;
}

OracleSet judged_with(EventSet sent) {
  OracleSet set;
  for (const OracleInfo& info : infos) {
    if (sent.contains(info.needed)) set.insert(info.id);
  }
  return set;
}

}  // namespace shootdown
