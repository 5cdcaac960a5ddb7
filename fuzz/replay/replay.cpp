#include "fuzz/replay/replay.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "engine/zap/engines.h"
#include "fuzz/io/names.h"

namespace shootdown {

// --- running ---

Replayer::Replayer(const Engine& engine, Defect defect) : simulation_(engine, judge_) {
  simulation_.defect = defect;
}

RunResult Replayer::run(const Program& program, Observer* trace, Chooser* chooser) {
  ++runs_;
  const Outcome outcome = simulation_.run(program, trace, chooser);
  return {.outcome = outcome,
          .hash = simulation_.hash(),
          .broken = judge_.broken(),
          .defect_reached = simulation_.defect_reached()};
}

std::string Replayer::trace(const Program& program, const TraceOptions& options) {
  Trace trace(Trace::default_limit, options.full);
  run(program, &trace);
  return render_trace(program, trace, report(), options);
}

namespace {

// The lines of a long trace that matter most: its heading, and what leads to the violation of `oracle`.
std::string shortened(const std::string& trace, std::string_view oracle) {
  constexpr std::size_t before = 150;  // lines up to the violation
  constexpr std::size_t behind = 30;   // lines from there on
  std::vector<std::string_view> lines;
  for (std::size_t at = 0; at < trace.size();) {
    const std::size_t end = std::min(trace.find('\n', at), trace.size() - 1) + 1;
    lines.push_back(std::string_view(trace).substr(at, end - at));
    at = end;
  }
  const std::string verdict = fmt::format("*** {}:", oracle);
  std::size_t violation = 0;
  while (violation < lines.size() && lines[violation].find(verdict) == std::string_view::npos) ++violation;

  std::string result;
  std::size_t left_out = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool shown = i == 0 || (i + before >= violation && i < violation + behind);
    if (shown) {
      if (left_out != 0) result += fmt::format("... {} lines left out\n", left_out);
      left_out = 0;
      result += lines[i];
    } else {
      ++left_out;
    }
  }
  if (left_out != 0) result += fmt::format("... {} lines left out\n", left_out);
  return result;
}

}  // namespace

std::string describe_violation(const Engine& engine, const Program& program, OracleId broken, Defect defect) {
  Replayer replayer(engine, defect);
  const std::string trace = replayer.trace(program, {});
  const Report report = replayer.report();
  const bool again = report.broken().contains(broken);
  const std::string fact = again ? report.violation(broken).fact() : "but not when it is run again, which must not be";
  const std::string planted = defect == Defect::none ? "" : fmt::format(" with {}", defect_name(defect));
  return fmt::format("shootdown: {}{} breaks {}: {}\n\n{}\n{}", engine.name(), planted, oracle_name(broken), fact,
                     print(program), shortened(trace, oracle_name(broken)));
}

// --- names ---

std::string engine_names(std::span<const Engine* const> engines) {
  std::string names;
  for (const Engine* const engine : engines) {
    if (!names.empty()) names += ", ";
    names += engine->name();
  }
  return names;
}

std::string oracle_names() {
  return names_of(OracleSet::all());
}

std::vector<std::string> name_list(OracleSet oracles) {
  std::vector<std::string> names;
  for (const OracleInfo& oracle : all_oracles()) {
    if (oracles.contains(oracle.id)) names.emplace_back(oracle.name);
  }
  return names;
}

std::string names_of(OracleSet oracles) {
  return fmt::format("{}", fmt::join(name_list(oracles), ", "));
}

std::variant<const Engine*, InputError> select_engine(std::string_view name, std::span<const Engine* const> engines) {
  const auto found = std::ranges::find(engines, name, &Engine::name);
  if (found != engines.end()) return *found;
  const std::string names = engine_names(engines);
  if (find_engine(name) != nullptr)
    return InputError{fmt::format("'{}' is not possible here; there are: {}", name, names)};
  return InputError{fmt::format("there is no engine '{}'; there are: {}", name, names)};
}

std::variant<Defect, InputError> select_defect(std::string_view name) {
  if (const DefectInfo* const defect = find_defect(name)) return defect->id;
  return InputError{fmt::format("there is no defect '{}'; 'shootdown defects' lists them", name)};
}

std::variant<OracleSet, InputError> select_oracles(std::string_view selection, const Engine& engine) {
  if (selection == "claims") return claims_of(engine);
  if (selection == "all") return OracleSet::all();
  OracleSet set;
  for (const std::string_view name : names_in(selection)) {
    const OracleInfo* const oracle = find_oracle(name);
    if (oracle == nullptr) {
      return InputError{
          fmt::format("there is no oracle '{}'; expected claims, all, or some of: {}", name, oracle_names())};
    }
    set.insert(oracle->id);
  }
  return set;
}

// --- judging ---

OracleSet claims_of(const Engine& engine) {
  return claims(engine.not_claimed());
}

Requirement requirement_of(const Document& document, const Engine& engine) {
  for (const Expectation& expectation : document.expectations) {
    if (expectation.engine != engine.name()) continue;
    Requirement requirement{.exact = true, .line = expectation.line};
    for (const std::string& name : expectation.breaks) {
      if (const OracleInfo* const oracle = find_oracle(name)) requirement.oracles.insert(oracle->id);
    }
    return requirement;
  }
  return {.exact = false, .oracles = claims_of(engine)};
}

}  // namespace shootdown
