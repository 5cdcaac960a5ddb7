// Holds what searches say of all schedules against schedules that are drawn.
//
// Usage: proofs STATES RUNS FILE...
//
// All schedules of each FILE are searched on each engine that can run it, until so many STATES are known: whether what the engine
// claims holds. And again for what FILE shows by its own schedule: with each planted mistake, and what the engine does not claim. Then so many RUNS are made under schedules that
// are drawn as fuzzers draw them: by PCT, and preemptions at events. What holds for every schedule may break in none of them, nor
// what takes so many exceptions in one that has fewer; and not in FILE's own schedule either.
//
// Of a machine of many pages there are as many fewer states and runs.
//
// The kinds of exceptions are preemptions, late interrupts and those that FILE's own schedule has. A run that has others says
// nothing, nor does one whose schedule no program can list.
//
// Prints a line for each search, and last what they came to.
//
// Exit status: 0; 1 a run contradicts a search, or a claim breaks without a mistake; 2 bad usage.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/defects.h"
#include "engine/run/simulation.h"
#include "engine/sched/listed_schedule.h"
#include "engine/sched/random.h"
#include "engine/sched/sampler.h"
#include "engine/sched/schedule_recorder.h"
#include "fuzz/checks/count_and_files.h"
#include "fuzz/language/arrangement.h"
#include "fuzz/language/text.h"
#include "fuzz/prove/explorer.h"
#include "fuzz/prove/freedoms.h"
#include "fuzz/prove/results.h"
#include "fuzz/replay/record.h"
#include "fuzz/replay/replay.h"

namespace {

using namespace shootdown;

// Who is searched.
struct Searched {
  const Engine* engine;
  OracleSet oracles;  // that are asked
  Defect defect = Defect::none;

  bool must_hold() const { return defect == Defect::none && oracles == claims_of(*engine); }
  std::string name() const {
    if (must_hold()) return std::string(engine->name());
    return defect == Defect::none ? fmt::format("{}, asked for everything,", engine->name())
                                  : fmt::format("{} with {}", engine->name(), defect_name(defect));
  }
};

// --- schedules ---

// What a program's schedule comes to on an engine, as a list: what PCT draws, and of exceptions those that happen.
std::optional<Program> listed(Replayer& replayer, const Program& program) {
  if (sampler_of(program.machine) != Sampler::none) return record(replayer, program);
  ListedChooser schedule(program);
  return record(replayer, program, schedule);
}

bool has_others(const Program& list, const Freedoms& freedoms) {
  return std::ranges::any_of(exceptions_of(list),
                             [&](const Exception& exception) { return !freedoms.contains(freedom_of(exception)); });
}

// --- what a search says ---

using Verdict = SearchOutcome::Verdict;

// Whatever breaks something has at least so many exceptions.
int least_exceptions(const SearchOutcome& proof) {
  if (proof.verdict == Verdict::holds) return std::numeric_limits<int>::max();
  return proof.verdict == Verdict::breaks ? proof.exceptions : proof.exceptions + 1;
}

std::string text_of(const SearchOutcome& proof) {
  const auto count = [&] { return counted(static_cast<std::uint64_t>(proof.exceptions), "exception"); };
  if (proof.verdict == Verdict::breaks) return fmt::format("breaks {} with {}", names_of(proof.broken), count());
  if (proof.verdict == Verdict::holds) return "holds for every schedule";
  return proof.exceptions < 0 ? "is not decided" : "holds with up to " + count();
}

SearchOutcome prove(const Searched& searched, const Program& program, const Freedoms& freedoms,
                    std::uint64_t most_states) {
  Explorer explorer(*searched.engine, program,
                    {.freedoms = freedoms, .oracles = searched.oracles, .defect = searched.defect});
  Explorer::State state = Explorer::State::goes_on;
  while (state == Explorer::State::goes_on && explorer.states() < most_states) state = explorer.search(16);
  return result_of(explorer, state);
}

// --- holding it against runs ---

struct Totals {
  struct Searches {
    std::uint64_t count = 0;
    std::uint64_t broken = 0;
    std::uint64_t proved = 0;  // to hold for every schedule
  };
  Searches must_hold;
  Searches may_break;
  std::uint64_t runs = 0;      // that say something
  std::uint64_t breaking = 0;  // of these
  bool good = true;
};

class ProofCheck {
 public:
  ProofCheck(const Input& input, const Searched& searched, Totals& totals)
      : input_(input), searched_(searched), totals_(totals), replayer_(*searched.engine, searched.defect) {}

  // By the schedule that it has.
  bool shows() { return breaks(input_.document.program); }

  void check(std::uint64_t states, std::uint64_t runs) {
    const Program& story = input_.document.program;
    const std::optional<Program> list = listed(replayer_, story);
    freedoms_ = freedoms_of(list.value_or(story));
    proof_ = prove(searched_, story, freedoms_, states);
    count_search();
    if (list.has_value()) hold_against(*list);
    const std::uint64_t before = totals_.breaking;
    SplitMix64 random(1);
    for (std::uint64_t i = 0; i < runs; ++i) {
      Program drawn = story;
      draw_schedule(drawn, random);
      if (const std::optional<Program> drawn_list = listed(replayer_, drawn)) hold_against(*drawn_list);
    }
    fmt::print("{}: {} {} ({}; of the runs {} broke something)\n", input_.name, searched_.name(), text_of(proof_),
               counted(proof_.states, "state"), totals_.breaking - before);
    std::fflush(stdout);
  }

 private:
  bool breaks(const Program& program) { return !(replayer_.run(program).broken & searched_.oracles).empty(); }

  void count_search() {
    Totals::Searches& searches = searched_.must_hold() ? totals_.must_hold : totals_.may_break;
    ++searches.count;
    searches.broken += proof_.verdict == Verdict::breaks ? 1 : 0;
    searches.proved += proof_.verdict == Verdict::holds ? 1 : 0;
    if (!searched_.must_hold() || proof_.verdict != Verdict::breaks) return;
    fmt::print("proofs: {}: {} breaks what it claims\n", input_.name, searched_.name());
    totals_.good = false;
  }

  void hold_against(const Program& list) {
    if (has_others(list, freedoms_)) return;
    ++totals_.runs;
    if (!breaks(list)) return;
    ++totals_.breaking;
    if (list.exception_count >= least_exceptions(proof_)) return;
    fmt::print("proofs: {}: {} {}, but with {} here:\n{}\n", input_.name, searched_.name(), text_of(proof_),
               list.exception_count, print(list));
    totals_.good = false;
  }

  const Input& input_;
  Searched searched_;
  Totals& totals_;
  Replayer replayer_;
  Freedoms freedoms_;
  SearchOutcome proof_;
};

// States and steps of larger machines cost more: there are fewer of them.
constexpr int most_pages = 8;

// With mistakes, and of what is not claimed, those searches where there is something to find.
void check_file(const Input& input, std::uint64_t states, std::uint64_t runs, Totals& totals) {
  const Program& program = input.document.program;
  if (!can_record(program)) return;
  const auto share = static_cast<std::uint64_t>(std::max(1, program.machine.virtual_pages() / most_pages));
  const auto check = [&](const Searched& searched) {
    if (!searched.engine->refusal(program).empty()) return false;
    ProofCheck one(input, searched, totals);
    if (!searched.must_hold() && !one.shows()) return false;
    one.check(states / share, runs / share);
    return true;
  };
  for (const Engine* const engine : model_engines()) {
    check({.engine = engine, .oracles = claims_of(*engine)});
    if (!engine->not_claimed().empty()) check({.engine = engine, .oracles = OracleSet::all()});
  }
  for (const DefectInfo& defect : all_defects()) {
    if (defect.engine == no_engine) continue;
    // On the latest engine that shows it.
    for (const Engine* const engine : std::views::reverse(model_engines())) {
      if (defect.engine != any_engine && defect.engine != engine->name()) continue;
      if (check({.engine = engine, .oracles = claims_of(*engine), .defect = defect.id})) break;
    }
  }
}

void print(const Totals::Searches& searches, std::string_view what) {
  fmt::print("{} searches of what {}: {} broken, {} hold for every schedule\n", grouped(searches.count), what,
             searches.broken, searches.proved);
}

Checked check(std::span<char* const> arguments) {
  if (arguments.empty()) return InputError{"expected STATES RUNS FILE..."};
  const auto states = count_in(arguments.front());
  if (const auto* const error = std::get_if<InputError>(&states)) return *error;
  const auto runs_and_files = count_and_files(arguments.subspan(1));
  if (const auto* const error = std::get_if<InputError>(&runs_and_files)) return *error;
  const auto& inputs = std::get<CountAndFiles>(runs_and_files);
  Totals totals;
  for (const Input& input : inputs.files) check_file(input, std::get<std::uint64_t>(states), inputs.count, totals);
  print(totals.must_hold, "must hold");
  print(totals.may_break, "may break");
  fmt::print("{}, {} of which broke something\n", counted(totals.runs, "run"), totals.breaking);
  return totals.good;
}

}  // namespace

int main(int argc, char** argv) {
  if (!Simulation::can_save) {
    std::puts("proofs: not with sanitizers");
    return 0;
  }
  return run_check(argc, argv, "proofs", check);
}
