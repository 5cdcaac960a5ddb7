#include "fuzz/triage/minimize.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/run/simulation.h"
#include "engine/sched/listed_schedule.h"
#include "engine/sched/schedule_recorder.h"
#include "engine/zap/engines.h"
#include "fuzz/language/codec.h"
#include "fuzz/prove/freedoms.h"
#include "fuzz/replay/record.h"
#include "fuzz/replay/replay.h"
#include "fuzz/triage/isolated_replay.h"
#include "fuzz/triage/message.h"
#include "fuzz/triage/reductions.h"
#include "fuzz/triage/shrink.h"

namespace shootdown {

namespace {

// How many runs a search for a schedule makes at most, and all of them. That takes about a tenth of a second, and seconds; of 200
// findings, none came out smaller with five times as many. Where no two states are taken for one, it would not come much further, and
// a run takes longer.
struct SearchLimits {
  std::uint64_t one;
  std::uint64_t all;
};
constexpr SearchLimits limits_of(bool merges) {
  return merges ? SearchLimits{4000, 100000} : SearchLimits{500, 4000};
}

std::string bytes_of(const Program& program) {
  return std::string(as_characters(encode(program)));
}

std::optional<Program> program_of(std::string_view bytes) {
  std::optional<Program> program(std::in_place);
  decode(std::vector<std::uint8_t>(bytes.begin(), bytes.end()), *program);
  return program;
}

bool under_pct(const Program& program) {
  return program.machine.pct_depth != 0;
}

// Operations; or as many, and fewer exceptions; or as many of both, and fewer CPUs.
bool has_fewer(const Program& less, const Program& more) {
  const auto numbers = [](const Program& program) {
    return std::tie(program.operation_count, program.exception_count, program.machine.cpus);
  };
  return numbers(less) < numbers(more);
}

}  // namespace

// --- what is done in the process ---

struct Minimizer::Order {
  enum class What : char { run, record, say_events, search };

  What what;
  int exceptions = 0;  // of a search: no more
  Freedoms freedoms;   // of a search
};

// Does what is ordered. What comes of it is a program that shows what is wanted, or none.
class Minimizer::Workbench {
 public:
  explicit Workbench(const Minimizer& minimizer)
      : minimizer_(minimizer), replayer_(minimizer.engine_, minimizer.defect_) {}

  std::optional<Program> carry_out(const Order& order, const Program& program) {
    if (!replayer_.engine().refusal(program).empty()) return std::nullopt;
    switch (order.what) {
      case Order::What::run: return shown(program);
      case Order::What::record: return shown(written_out(program));
      case Order::What::say_events: return shown(shootdown::with_events(replayer_, program));
      case Order::What::search: return search(order, program);
    }
    return std::nullopt;
  }

  std::uint64_t runs() const { return replayer_.runs() + searched_; }

 private:
  std::optional<Program> written_out(const Program& program) {
    if (under_pct(program)) return record(replayer_, program);
    ListedChooser chooser(program);
    return record(replayer_, program, chooser);
  }

  std::optional<Program> shown(const std::optional<Program>& program) {
    if (!program.has_value()) return std::nullopt;
    replayer_.run(*program);
    return minimizer_.shows_(replayer_.report()) ? program : std::nullopt;
  }

  std::optional<Program> search(const Order& order, const Program& program) {
    if (!can_record(program)) return std::nullopt;
    Explorer explorer(replayer_.engine(), program,
                      {.freedoms = order.freedoms,
                       .oracles = minimizer_.oracle_,
                       .wanted = minimizer_.shows_,
                       .defect = minimizer_.defect_,
                       .exceptions = order.exceptions,
                       .merges = minimizer_.merges_});
    const bool found = explorer.search(limits_of(minimizer_.merges_).one) == Explorer::State::broken;
    searched_ += explorer.runs();
    return found ? std::optional(explorer.counterexample()) : std::nullopt;
  }

  const Minimizer& minimizer_;
  Replayer replayer_;
  std::uint64_t searched_ = 0;
};

// The answer is how many runs it took, and the bytes of the program if there is one.
std::string Minimizer::serve(std::string_view request) {
  const auto order = taken_from<Order>(request);
  const std::optional<Program> program = program_of(request);
  if (bench_ == nullptr) bench_ = std::make_shared<Workbench>(*this);
  const std::uint64_t before = bench_->runs();
  const std::optional<Program> result = bench_->carry_out(order, *program);
  const std::uint64_t runs = bench_->runs() - before;
  std::string answer(as_bytes(runs));
  answer += result.has_value() ? '+' : '-';
  if (result.has_value()) answer += bytes_of(*result);
  return answer;
}

// --- what is done with it ---

Minimizer::Minimizer(const Engine& engine, OracleId oracle, Shows shows, Defect defect)
    : engine_(engine),
      shows_(std::move(shows)),
      defect_(defect),
      merges_(Simulation::can_save && !is_optional_engine(engine.name())),
      isolation_([this](std::string_view request) { return serve(request); }, default_run_limit) {
  oracle_.insert(oracle);
}

std::optional<Program> Minimizer::ask(const Order& order, const Program& program) {
  const Isolation::Outcome outcome = isolation_.call(std::string(as_bytes(order)) + bytes_of(program));
  if (!outcome.clean()) return std::nullopt;
  std::string_view answer = outcome.reply;
  runs_ += taken_from<std::uint64_t>(answer);
  return answer.front() == '+' ? program_of(answer.substr(1)) : std::nullopt;
}

bool Minimizer::shows(const Program& program) {
  const auto [known, is_new] = known_.try_emplace(bytes_of(program), false);
  if (is_new) known->second = ask({.what = Order::What::run, .freedoms = {}}, program).has_value();
  return known->second;
}

Program Minimizer::shrunk_further(const Program& program) {
  return shrunk(program, [this](const Program& candidate) { return shows(candidate); });
}

// With the schedule that its run takes, by steps: what has no effect is not among it, and nothing in it is counted from something
// else. As it was if that cannot be.
Program Minimizer::written_out(const Program& program) {
  return ask({.what = Order::What::record, .freedoms = {}}, program).value_or(program);
}

Program Minimizer::with_events(const Program& program) {
  return ask({.what = Order::What::say_events, .freedoms = {}}, program).value_or(program);
}

std::optional<Program> Minimizer::searched(const Program& program, int exceptions) {
  if (searched_ >= limits_of(merges_).all) return std::nullopt;
  if (!done_.emplace(bytes_of(program), exceptions).second) return std::nullopt;
  const std::uint64_t before = runs_;
  std::optional<Program> found =
      ask({.what = Order::What::search, .exceptions = exceptions, .freedoms = freedoms_}, program);
  searched_ += runs_ - before;
  return found;
}

namespace {

// Whether an operation may come to stand at another place of the list: each CPU's own stay in their order.
bool may_move(const Program& program, int from, int to) {
  const auto operations = operations_of(program);
  const auto others = operations.subspan(static_cast<std::size_t>(std::min(from, to)),
                                         static_cast<std::size_t>(std::abs(from - to)) + 1);
  const int cpu = operations[static_cast<std::size_t>(from)].cpu;
  return from != to && std::ranges::count(others, cpu, &Operation::cpu) == 1;
}

Program with_moved(const Program& program, int from, int to) {
  Program moved = program;
  auto* const begin = moved.operations.data();
  if (from < to) {
    std::rotate(begin + from, begin + from + 1, begin + to + 1);
  } else {
    std::rotate(begin + to, begin + from, begin + from + 1);
  }
  return moved;
}

// Calls visit(order) for each order of the list that one operation of those CPUs leads to when it is moved, until it returns true.
template <typename Visit>
bool any_order(const Program& program, unsigned cpus, const Visit& visit) {
  for (int from = 0; from < program.operation_count; ++from) {
    if ((cpus >> program.operations[static_cast<std::size_t>(from)].cpu & 1U) == 0) continue;
    for (int to = 0; to < program.operation_count; ++to) {
      if (may_move(program, from, to) && visit(with_moved(program, from, to))) return true;
    }
  }
  return false;
}

// Calls visit(operations, exceptions) with operations for which a schedule with at most so many exceptions would be less, until it
// returns true: without one; in this order or another; on fewer CPUs, in this order or another.
template <typename Visit>
void any_variation(const Program& program, const Visit& visit) {
  const int exceptions = program.exception_count;
  Program bare = program;
  drop_schedule(bare);
  for (int i = bare.operation_count - 1; i >= 0; --i) {
    if (visit(without_operations(bare, i, 1), exceptions)) return;
  }
  const auto with_fewer_exceptions = [&](const Program& order) { return visit(order, exceptions - 1); };
  if (exceptions != 0 && (with_fewer_exceptions(bare) || any_order(bare, ~0U, with_fewer_exceptions))) return;
  for (int cpu = bare.machine.cpus - 1; cpu >= 0; --cpu) {
    const auto on_fewer_cpus = [&](const Program& order) {
      return std::ranges::any_of(with_cpu_merged(order, cpu),
                                 [&](const Program& merged) { return visit(merged, exceptions); });
    };
    if (on_fewer_cpus(bare) || any_order(bare, 1U << static_cast<unsigned>(cpu), on_fewer_cpus)) return;
  }
}

}  // namespace

// A program that is smaller, under whichever schedule.
std::optional<Program> Minimizer::with_less(const Program& program) {
  if (under_pct(program)) return std::nullopt;
  std::optional<Program> less;
  any_variation(program, [&](const Program& operations, int exceptions) {
    const std::optional<Program> found = searched(operations, exceptions);
    if (!found.has_value()) return false;
    const Program small = shrunk_further(*found);
    if (has_fewer(small, program)) less = small;
    return less.has_value();
  });
  return less;
}

std::optional<Program> Minimizer::minimized(const Program& program) {
  if (!shows(program)) return std::nullopt;
  searched_ = 0;
  Program smallest = shrunk_further(program);
  if (under_pct(smallest)) smallest = written_out(smallest);
  freedoms_ = freedoms_of(smallest);
  while (true) {
    smallest = shrunk_further(smallest);
    if (const Program written = shrunk_further(written_out(smallest)); has_fewer(written, smallest)) smallest = written;
    if (const std::optional<Program> less = with_less(smallest)) {
      smallest = *less;
      continue;
    }
    const Program with_places = with_events(smallest);
    smallest = shrunk_further(with_places);
    if (smallest == with_places) return smallest;
  }
}

}  // namespace shootdown
