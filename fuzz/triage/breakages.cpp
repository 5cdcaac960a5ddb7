#include "fuzz/triage/breakages.h"

#include <array>
#include <cstdint>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "engine/sched/random.h"
#include "fuzz/replay/adapt.h"
#include "fuzz/replay/replay.h"
#include "fuzz/triage/minimize.h"
#include "oracles/counts.h"
#include "oracles/filesystem_contract.h"

namespace shootdown {

namespace {

bool whatever(const Violation& /*violation*/) {
  return true;
}

constexpr std::array breakages{
    Breakage{"lost data", "what was written is in no dirty page and not on the disk", OracleId::lost_dirty_data,
             whatever},
    Breakage{"fsync misses a store", "an fsync returns, and a store that came before it is not on the disk",
             OracleId::fsync_durability, whatever},
    Breakage{"dirtied unlocked",
             "a clean page becomes dirty unlocked, and nobody has told the filesystem that it would",
             OracleId::filesystem_contract, FilesystemContract::tells_of_missing_lock},
    Breakage{"dirtied without buffers", "a page becomes dirty that has no buffers to be written from",
             OracleId::filesystem_contract, FilesystemContract::tells_of_missing_buffers},
    Breakage{"dropped while mapped", "a page leaves the page cache while it looks mapped", OracleId::counts,
             Counts::tells_of_dropped_page},
    Breakage{"anon_vma freed", "somebody goes by a page to its mappings through an anon_vma that has been freed",
             OracleId::use_after_free, whatever},
    Breakage{"hangs", "CPUs wait for each other, or somebody for himself", OracleId::progress, whatever},
};

class BreakageSearch {
 public:
  explicit BreakageSearch(const Engine& engine) : engine_(engine) {}

  EngineBreakages run(const CorpusAndMutants& programs, std::size_t limit);

 private:
  // A program that shows something of an oracle.
  struct Candidate {
    OracleId oracle{};
    std::string origin;
    std::unique_ptr<const Program> program;
  };

  // Whether a report tells of it.
  static bool shows(const Report& report, const Breakage& breakage) {
    return report.broken().contains(breakage.oracle) && breakage.is_shown_by(report.violation(breakage.oracle));
  }
  static bool under_pct(const Program& program) { return program.machine.pct_depth != 0; }
  // What can be read is better, then what is shorter.
  static std::pair<bool, int> size_of(const Program& program) {
    return {under_pct(program), program.operation_count + program.exception_count};
  }

  // Keeps a program if it is smaller than what is kept.
  static void keep(Candidate& smallest, OracleId oracle, const Program& program, const std::string& origin) {
    if (smallest.program != nullptr && size_of(*smallest.program) <= size_of(program)) return;
    smallest = {.oracle = oracle, .origin = origin, .program = std::make_unique<const Program>(program)};
  }

  std::size_t try_programs(const CorpusAndMutants& programs, std::size_t limit);
  std::unique_ptr<Program> program_of(const CorpusAndMutants& programs, bool is_mutant, std::size_t number) const;
  void note(const Report& report, const Program& program, const std::string& origin);
  Example made_small(const Candidate& candidate, const Minimizer::Shows& shows) const;

  const Engine& engine_;
  std::array<Candidate, breakages.size()> smallest_;
  Candidate surprise_;
};

EngineBreakages BreakageSearch::run(const CorpusAndMutants& programs, std::size_t limit) {
  EngineBreakages found{.engine = &engine_, .runs = try_programs(programs, limit), .examples = {}};
  for (std::size_t i = 0; i < breakages.size(); ++i) {
    std::optional<Example>& example = found.examples.emplace_back();
    if (smallest_[i].program == nullptr) continue;
    example = made_small(smallest_[i], [i](const Report& report) { return shows(report, breakages[i]); });
  }
  if (surprise_.program != nullptr) {
    const OracleId oracle = surprise_.oracle;
    const auto breaks_it = [oracle](const Report& report) { return report.broken().contains(oracle); };
    found.surprise = {.oracle = oracle, .example = made_small(surprise_, breaks_it)};
  }
  return found;
}

// Returns how many were run.
std::size_t BreakageSearch::try_programs(const CorpusAndMutants& programs, std::size_t limit) {
  Replayer replayer(engine_);
  for (std::size_t number = 0; number < limit; ++number) {
    const bool is_mutant = number >= programs.corpus_size();
    const std::unique_ptr<Program> program = program_of(programs, is_mutant, number);
    if (!adapt_to(*program, engine_)) continue;
    replayer.run(*program);
    note(replayer.report(), *program, is_mutant ? fmt::format("mutant {}", number) : programs.name(number));
  }
  return replayer.runs();
}

std::unique_ptr<Program> BreakageSearch::program_of(const CorpusAndMutants& programs, bool is_mutant,
                                                    std::size_t number) const {
  auto program = std::make_unique<Program>();
  programs.get(number, *program);
  if (is_mutant && number % 2 != 0) {
    SplitMix64 random(number);
    program->machine.pct_depth = static_cast<std::uint16_t>(1 + random.below(3));
    program->machine.pct_seed = static_cast<std::uint16_t>(random.below(2048));
  }
  return program;
}

void BreakageSearch::note(const Report& report, const Program& program, const std::string& origin) {
  for (std::size_t i = 0; i < breakages.size(); ++i) {
    if (shows(report, breakages[i])) keep(smallest_[i], breakages[i].oracle, program, origin);
  }
  const OracleSet claimed = report.broken() & claims_of(engine_);
  if (!claimed.empty()) keep(surprise_, report.first(claimed), program, origin);
}

Example BreakageSearch::made_small(const Candidate& candidate, const Minimizer::Shows& shows) const {
  Minimizer minimizer(engine_, candidate.oracle, shows);
  return {.origin = candidate.origin, .program = minimizer.minimized(*candidate.program).value_or(*candidate.program)};
}

}  // namespace

std::span<const Breakage> all_breakages() {
  return breakages;
}

EngineBreakages find_breakages(const Engine& engine, const CorpusAndMutants& programs, std::size_t limit) {
  return BreakageSearch(engine).run(programs, limit);
}

}  // namespace shootdown
