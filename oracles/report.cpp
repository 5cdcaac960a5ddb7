#include "oracles/report.h"

#include <tuple>

#include "engine/check.h"

namespace shootdown {

std::string Violation::kind() const {
  std::string text(form);
  if (words.empty()) return text;
  std::string escaped;
  for (const char letter : words) escaped.append(letter == '{' || letter == '}' ? 2 : 1, letter);
  return text.replace(text.find("{}"), 2, escaped);
}

std::string Violation::fact() const {
  return std::apply([&](auto... each) { return fmt::format(fmt::runtime(kind()), each...); }, numbers);
}

void Findings::note(OracleId id, const Violation& violation) {
  if (broken_.contains(id) || !judged_.contains(id)) return;
  broken_.insert(id);
  violations_[static_cast<std::size_t>(id)] = &arena_.make<Violation>(violation);
}

Report::Report(OracleSet judged, const std::array<const Violation*, oracle_count>& violations) : judged_(judged) {
  for (const OracleInfo& info : all_oracles()) {
    const Violation* const violation = violations[static_cast<std::size_t>(info.id)];
    if (violation == nullptr) continue;
    broken_.insert(info.id);
    violations_[static_cast<std::size_t>(info.id)] = *violation;
  }
}

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
