#include "oracles/report.h"

#include "engine/check.h"

namespace shootdown {

OracleId Report::first(OracleSet among) const {
  OracleSet found = broken_ & among;
  SHOOTDOWN_CHECK(!found.empty());
  OracleSet causes;
  causes.insert(OracleId::dirty_unmapped);
  if (!(found - causes).empty()) found = found - causes;
  const OracleInfo* best = nullptr;
  for (const OracleInfo& info : all_oracles()) {
    if (!found.contains(info.id)) continue;
    if (best == nullptr || violation(info.id).step < violation(best->id).step) best = &info;
  }
  return best->id;
}

}  // namespace shootdown
