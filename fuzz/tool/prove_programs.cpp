#include "fuzz/tool/prove_programs.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "fuzz/io/progress_line.h"
#include "fuzz/io/table.h"
#include "fuzz/language/text.h"
#include "fuzz/prove/freedoms.h"
#include "fuzz/prove/program_space.h"
#include "fuzz/prove/results.h"
#include "fuzz/replay/replay.h"
#include "fuzz/scoreboard/workers.h"
#include "fuzz/triage/digest.h"

namespace shootdown {

namespace {

using Sequences = ProgramSpace::Sequences;

// --- what is asked for ---

std::variant<Shard, InputError> shard_of(std::string_view text) {
  Shard shard;
  const char* const end = text.data() + text.size();
  // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the end is told, too
  const auto index = std::from_chars(text.data(), end, shard.index);
  if (index.ec == std::errc() && index.ptr != end && *index.ptr == '/') {
    const auto count = std::from_chars(index.ptr + 1, end, shard.count);
    if (count.ec == std::errc() && count.ptr == end && shard.index >= 1 && shard.index <= shard.count) return shard;
  }
  return InputError{fmt::format("--shard: expected I/N, with I from 1 to N, found '{}'", printable(text))};
}

MachineConfig machine_of(const SpaceOptions& options) {
  MachineConfig machine;
  machine.cpus = static_cast<std::uint16_t>(options.cpus);
  machine.pages = static_cast<std::uint16_t>(options.pages);
  machine.words = static_cast<std::uint16_t>(options.words);
  return machine;
}

std::variant<ProgramSpace, InputError> space_of(const SpaceOptions& options) {
  constexpr std::uint64_t most = 1'000'000'000;  // that can be told apart in a minute or two
  const auto calls = select_calls(options.calls);
  if (const auto* const error = std::get_if<InputError>(&calls)) return InputError{"--calls: " + error->message};
  ProgramSpace space(std::get<std::vector<Call>>(calls), options.operations, machine_of(options));
  for (const Call call : std::get<std::vector<Call>>(calls)) {
    if (std::ranges::find(space.operations(), call, &Operation::call) == space.operations().end())
      return InputError{fmt::format("--calls: on this machine there is nothing for '{}'", info_of(call).name)};
  }
  if (space.size() > most)
    return InputError{fmt::format("--programs: of up to {} operations there are too many", options.operations)};
  return space;
}

// As a text has it.
std::string words_of(const MachineConfig& machine) {
  return fmt::format("cpus {}, pages {}, words {}", machine.cpus, machine.pages, machine.words);
}

// --- what came of it ---

std::size_t length_of(const Sequences& sequences) {
  std::size_t length = 0;
  for (const auto& sequence : sequences) length += sequence.size();
  return length;
}

struct BreakingProgram {
  Sequences sequences;
  int exceptions;  // the fewest
};

// On one engine.
struct Tally {
  std::uint64_t programs = 0;  // of which something is known
  std::uint64_t holds = 0;
  std::uint64_t holds_up_to = 0;
  std::uint64_t breaks = 0;
  std::uint64_t undecided = 0;
  std::uint64_t states = 0;
  double omission = 0;
  std::map<OracleId, std::vector<BreakingProgram>> breaking;

  void add(const Sequences& sequences, const SearchOutcome& result);
};

void Tally::add(const Sequences& sequences, const SearchOutcome& result) {
  using Verdict = SearchOutcome::Verdict;
  ++programs;
  states += result.states;
  omission += VisitedStates::omission(static_cast<double>(result.digests));
  switch (result.verdict) {
    case Verdict::holds: ++holds; break;
    case Verdict::holds_up_to: ++holds_up_to; break;
    case Verdict::breaks: ++breaks; break;
    case Verdict::no_time:
    case Verdict::no_memory: ++undecided; break;
  }
  for (const OracleId oracle : oracle_ids) {
    if (result.broken.contains(oracle))
      breaking[oracle].push_back({.sequences = sequences, .exceptions = result.exceptions});
  }
}

// --- the command ---

// A search that is to be made.
struct Piece {
  const ProvedEngine* engine;
  Sequences sequences;
  std::string name;  // in the file
};

class ProvePrograms {
 public:
  ProvePrograms(const ProveOptions& options, Console& console) : options_(options), console_(console) {}

  ExitStatus run(std::span<const Engine* const> engines);

 private:
  std::optional<InputError> prepare(std::span<const Engine* const> engines);
  std::string name(const ProvedEngine& proved, const Sequences& sequences) const;
  template <typename Visit>
  void each_search(const Visit& visit) const;
  bool is_settled(const std::string& name) const;

  Explorer::State search_on(Explorer& explorer, double seconds) const;
  std::optional<SearchOutcome> search(const Piece& piece) const;
  bool search_all(const std::vector<Piece>& pieces,
                  const std::function<void(const Piece&, const SearchOutcome&)>& done) const;

  ExitStatus prove();
  ExitStatus report(bool was_interrupted);
  void print_table(const std::vector<Tally>& tallies);
  void print_breaking(const ProvedEngine& proved, OracleId oracle, const std::vector<BreakingProgram>& programs);
  bool is_minimal(const ProvedEngine& proved, OracleId oracle, const Sequences& sequences) const;

  ExitStatus recheck(double per_cent);
  std::vector<Piece> sample(double per_cent) const;
  ExitStatus fail(const InputError& error);

  const ProveOptions& options_;
  Console& console_;
  HeldSignals signals_;  // until all is said
  std::vector<ProvedEngine> engines_;
  std::unique_ptr<ProgramSpace> space_;
  std::vector<std::uint64_t> places_;  // of this shard's programs
  Results results_;
};

ExitStatus ProvePrograms::run(std::span<const Engine* const> engines) {
  if (const std::optional<InputError> error = prepare(engines)) return fail(*error);
  const ExitStatus status = options_.space.recheck.has_value() ? recheck(*options_.space.recheck) : prove();
  console_.out().flush();  // a signal that has come takes effect behind this
  return status;
}

std::optional<InputError> ProvePrograms::prepare(std::span<const Engine* const> engines) {
  auto proved = proved_engines(options_, engines, engines);
  if (const auto* const error = std::get_if<InputError>(&proved)) return *error;
  engines_ = std::get<std::vector<ProvedEngine>>(std::move(proved));
  auto space = space_of(options_.space);
  if (const auto* const error = std::get_if<InputError>(&space)) return *error;
  space_ = std::make_unique<ProgramSpace>(std::get<ProgramSpace>(std::move(space)));
  const auto shard = shard_of(options_.space.shard);
  if (const auto* const error = std::get_if<InputError>(&shard)) return *error;
  places_ = space_->places(std::get<Shard>(shard));
  if (options_.space.results.empty()) return std::nullopt;
  const std::optional<InputError> error = results_.open(options_.space.results);
  if (results_.was_torn()) {
    console_.error(
        fmt::format("{}: the last line was not written to its end, and is cut off", printable(options_.space.results)));
  }
  return error;
}

std::string ProvePrograms::name(const ProvedEngine& proved, const Sequences& sequences) const {
  const int bound = proved.settings.exceptions;
  return name_of({.engine = std::string(proved.engine->name()),
                  .machine = words_of(space_->machine()),
                  .program = space_->text(sequences),
                  .may = names_of(proved.settings.freedoms),
                  .exceptions = bound == ProveOptions().exceptions ? std::nullopt : std::optional(bound),
                  .oracles = proved.settings.oracles,
                  .defect = options_.defect});
}

// Calls visit(engine, sequences, name) with all that are asked for, each program on every engine before the next.
template <typename Visit>
void ProvePrograms::each_search(const Visit& visit) const {
  for (const std::uint64_t place : places_) {
    const Sequences sequences = space_->at(place);
    for (const ProvedEngine& proved : engines_) visit(proved, sequences, name(proved, sequences));
  }
}

// Whether nothing more can come of a search than what is known.
bool ProvePrograms::is_settled(const std::string& name) const {
  using Verdict = SearchOutcome::Verdict;
  const SearchOutcome* const result = results_.find(name);
  if (result == nullptr) return false;
  if (result->verdict == Verdict::no_time) return result->limit >= options_.seconds;
  if (result->verdict == Verdict::no_memory) return result->limit >= static_cast<double>(options_.memory);
  return true;
}

// --- searching ---

// For no longer than that, and until a signal comes.
Explorer::State ProvePrograms::search_on(Explorer& explorer, double seconds) const {
  using Clock = std::chrono::steady_clock;
  const auto begun = Clock::now();
  const auto spent = [&] { return std::chrono::duration<double>(Clock::now() - begun).count(); };
  Explorer::State state = Explorer::State::goes_on;
  while (state == Explorer::State::goes_on && spent() < seconds && !signals_.came()) state = explorer.search(256);
  return state;
}

// None if a signal has come: then it is no time that has run out.
std::optional<SearchOutcome> ProvePrograms::search(const Piece& piece) const {
  using Verdict = SearchOutcome::Verdict;
  Explorer explorer(*piece.engine->engine, space_->program(piece.sequences), piece.engine->settings);
  SearchOutcome result = result_of(explorer, search_on(explorer, options_.seconds));
  if (signals_.came()) return std::nullopt;
  if (result.verdict == Verdict::no_time) result.limit = options_.seconds;
  if (result.verdict == Verdict::no_memory) result.limit = static_cast<double>(options_.memory);
  return result;
}

// Returns whether all was done, and no signal came.
bool ProvePrograms::search_all(const std::vector<Piece>& pieces,
                               const std::function<void(const Piece&, const SearchOutcome&)>& done) const {
  WorkProgress progress(console_.out(), "searches");
  std::size_t made = 0;
  Workload workload{.pieces = pieces.size(), .processes = static_cast<std::size_t>(std::max(options_.jobs, 1))};
  workload.work = [&](std::size_t piece) {
    const std::optional<SearchOutcome> result = search(pieces[piece]);
    return result.has_value() ? json_of(*result) : std::string();
  };
  workload.done = [&](std::size_t piece, const std::string& result) {
    if (result.empty()) return;
    done(pieces[piece], result_from_json(result));
    progress.show(++made, pieces.size());
  };
  do_work(workload, signals_);
  progress.clear();
  return made == pieces.size();
}

ExitStatus ProvePrograms::prove() {
  std::vector<Piece> pieces;
  each_search([&](const ProvedEngine& proved, const Sequences& sequences, std::string name) {
    if (!is_settled(name)) pieces.push_back({.engine = &proved, .sequences = sequences, .name = std::move(name)});
  });
  const bool was_done =
      search_all(pieces, [&](const Piece& piece, const SearchOutcome& result) { results_.add(piece.name, result); });
  return report(!was_done);
}

// --- saying what came of it ---

ExitStatus ProvePrograms::report(bool was_interrupted) {
  std::map<const ProvedEngine*, Tally> by_engine;
  each_search([&](const ProvedEngine& proved, const Sequences& sequences, const std::string& name) {
    if (const SearchOutcome* const result = results_.find(name)) by_engine[&proved].add(sequences, *result);
  });
  std::vector<Tally> tallies;
  tallies.reserve(engines_.size());
  for (const ProvedEngine& proved : engines_) tallies.push_back(std::move(by_engine[&proved]));
  print_table(tallies);
  if (was_interrupted) console_.out().print("Interrupted: not all has been searched.\n");
  ExitStatus status = was_interrupted ? exit_undecided : exit_fine;
  for (std::size_t i = 0; i < engines_.size(); ++i) {
    for (const auto& [oracle, programs] : tallies[i].breaking) print_breaking(engines_[i], oracle, programs);
    if (tallies[i].undecided != 0) status = graver(status, exit_undecided);
    if (tallies[i].breaks != 0) status = exit_violation;
  }
  return status;
}

void ProvePrograms::print_table(const std::vector<Tally>& tallies) {
  const bool is_bounded = options_.exceptions != ProveOptions().exceptions;
  std::vector<std::vector<std::string>> rows{{"engine", "programs", "hold for every schedule"}};
  if (is_bounded)
    rows.front().push_back("hold up to " + counted(static_cast<std::uint64_t>(options_.exceptions), "exception"));
  for (const char* const head : {"break", "not decided", "states"}) rows.front().emplace_back(head);
  double omission = 0;
  for (std::size_t i = 0; i < engines_.size(); ++i) {
    const Tally& tally = tallies[i];
    std::vector<std::string>& row = rows.emplace_back();
    row = {std::string(engines_[i].engine->name()), grouped(tally.programs), grouped(tally.holds)};
    if (is_bounded) row.push_back(grouped(tally.holds_up_to));
    for (const std::uint64_t count : {tally.breaks, tally.undecided, tally.states}) row.push_back(grouped(count));
    omission += tally.omission;
  }
  console_.out().write(aligned(rows));
  const bool is_shard = options_.space.shard != "1/1";
  console_.out().print("{} of up to {} on {}{}; {}, omission below {:.0e}\n", counted(places_.size(), "program"),
                       counted(static_cast<std::uint64_t>(options_.space.operations), "operation"),
                       words_of(space_->machine()), is_shard ? ", shard " + options_.space.shard : "",
                       descriptions_of(engines_.front().settings.freedoms), omission);
}

// Those that are a longer one of others are counted only.
void ProvePrograms::print_breaking(const ProvedEngine& proved, OracleId oracle,
                                   const std::vector<BreakingProgram>& programs) {
  console_.out().print("\n{} breaks {} in {}", proved.engine->name(), oracle_name(oracle),
                       counted(programs.size(), "program"));
  std::vector<BreakingProgram> minimal;
  std::ranges::copy_if(programs, std::back_inserter(minimal),
                       [&](const BreakingProgram& program) { return is_minimal(proved, oracle, program.sequences); });
  std::ranges::sort(minimal, {}, [](const BreakingProgram& program) {
    return std::tuple(length_of(program.sequences), program.exceptions, program.sequences);
  });
  console_.out().print(", and with no operation less in {}{}\n", minimal.size(), options_.quiet ? "" : ":");
  if (options_.quiet) return;
  for (const BreakingProgram& program : minimal) {
    console_.out().print("  {}: {}\n", counted(static_cast<std::uint64_t>(program.exceptions), "exception"),
                         space_->text(program.sequences));
  }
  if (minimal.empty()) return;
  ExplorerSettings settings = proved.settings;
  settings.oracles = {};
  settings.oracles.insert(oracle);
  Explorer explorer(*proved.engine, space_->program(minimal.front().sequences), settings);
  if (search_on(explorer, std::numeric_limits<double>::infinity()) == Explorer::State::broken)
    console_.out().print("\n{}", print(explorer.counterexample()));
}

// Whether nothing with an operation less is known to break it.
bool ProvePrograms::is_minimal(const ProvedEngine& proved, OracleId oracle, const Sequences& sequences) const {
  for (std::size_t cpu = 0; cpu < sequences.size(); ++cpu) {
    for (std::size_t i = 0; i < sequences[cpu].size(); ++i) {
      Sequences less = sequences;
      less[cpu].erase(less[cpu].begin() + static_cast<std::ptrdiff_t>(i));
      const SearchOutcome* const result = results_.find(name(proved, space_->canonical(less)));
      if (result != nullptr && result->broken.contains(oracle)) return false;
    }
  }
  return true;
}

// --- whether it comes out the same ---

// The same ones each time: those whose names have the smallest digests.
std::vector<Piece> ProvePrograms::sample(double per_cent) const {
  std::vector<std::pair<std::string, Piece>> decided;
  each_search([&](const ProvedEngine& proved, const Sequences& sequences, const std::string& name) {
    const SearchOutcome* const result = results_.find(name);
    if (result != nullptr && result->is_decided())
      decided.emplace_back(digest(name), Piece{.engine = &proved, .sequences = sequences, .name = name});
  });
  std::ranges::sort(decided, {}, [](const auto& one) { return std::pair(one.first, one.second.name); });
  const auto count = static_cast<std::size_t>(std::ceil(static_cast<double>(decided.size()) * per_cent / 100));
  std::vector<Piece> pieces;
  pieces.reserve(count);
  for (std::size_t i = 0; i < count; ++i) pieces.push_back(std::move(decided[i].second));
  return pieces;
}

ExitStatus ProvePrograms::recheck(double per_cent) {
  const std::vector<Piece> pieces = sample(per_cent);
  if (pieces.empty())
    return fail({fmt::format("--recheck: {} has nothing that is decided of what is asked for",
                             printable(options_.space.results))});
  std::size_t same = 0;
  std::string others;
  ExitStatus status = exit_fine;
  const bool was_done = search_all(pieces, [&](const Piece& piece, const SearchOutcome& now) {
    const SearchOutcome& before = *results_.find(piece.name);
    if (now == before) {
      ++same;
      return;
    }
    status = graver(status, now.is_decided() ? exit_violation : exit_undecided);
    others += fmt::format("{}\n  came to {}\n  and now {}\n", piece.name, json_of(before), json_of(now));
  });
  console_.out().print("{}{} of {} came out as before\n", others, grouped(same), counted(pieces.size(), "result"));
  return was_done ? status : graver(status, exit_undecided);
}

ExitStatus ProvePrograms::fail(const InputError& error) {
  console_.error(error.message);
  return exit_bad_input;
}

}  // namespace

ExitStatus prove_programs_command(const ProveOptions& options, Console& console,
                                  std::span<const Engine* const> engines) {
  return ProvePrograms(options, console).run(engines);
}

}  // namespace shootdown
