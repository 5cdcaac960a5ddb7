#include "fuzz/tool/prove_command.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "engine/sched/schedule_recorder.h"
#include "fuzz/io/progress_line.h"
#include "fuzz/language/text.h"
#include "fuzz/prove/checkpoint.h"
#include "fuzz/prove/explorer.h"
#include "fuzz/prove/freedoms.h"
#include "fuzz/prove/steps_that_matter.h"
#include "fuzz/replay/replay.h"
#include "fuzz/scoreboard/workers.h"
#include "fuzz/triage/child.h"
#include "fuzz/triage/inputs.h"

namespace shootdown {

namespace {

// --- while it searches ---

// A few times a second.
class SearchProgress {
 public:
  // The search has so many states already.
  SearchProgress(Output& out, std::uint64_t states) : line_(out), before_(states) {}

  double seconds() const { return line_.seconds(); }

  void show(const Explorer& explorer) {
    const double now = seconds();
    if (!line_.is_shown() || now < next_) return;
    next_ = now + 0.2;
    line_.write(fmt::format("{}: {}, {} a second; {} left, and {} with one more",
                            counted(static_cast<std::uint64_t>(explorer.exceptions()), "exception"),
                            counted(explorer.states(), "state"),
                            grouped(static_cast<std::uint64_t>(static_cast<double>(explorer.states() - before_) / now)),
                            counted(explorer.left(), "schedule"), grouped(explorer.left_for_later())));
  }
  void clear() { line_.clear(); }

 private:
  ProgressLine line_;
  std::uint64_t before_;
  double next_ = 0.2;
};

// --- the command ---

class ProveCommand {
 public:
  ProveCommand(const ProveOptions& options, Console& console) : options_(options), console_(console) {}

  ExitStatus run(std::span<const Engine* const> engines);

 private:
  ExitStatus prove_file(const std::string& file);
  ExitStatus prove(const Input& input, ProvedEngine proved);
  ExitStatus search(const Input& input, const ProvedEngine& proved, OracleSet& broken);
  Explorer::State search_on(std::optional<Explorer>& search, StepsThatMatter& steps);
  std::optional<InputError> resume(Explorer& explorer) const;
  double keep_for_now(Explorer& explorer);
  bool keep(Explorer& explorer);
  ExitStatus keep_rest(Explorer& explorer, Explorer::State state);
  std::string verdict(const Explorer& explorer, Explorer::State state, std::size_t places) const;
  std::string covered(const Explorer& explorer, std::size_t places) const;
  ExitStatus fail(const InputError& error);

  const ProveOptions& options_;
  Console& console_;
  HeldSignals signals_;  // until all is said
  std::vector<ProvedEngine> engines_;
};

ExitStatus ProveCommand::run(std::span<const Engine* const> engines) {
  if (options_.files.empty()) return fail({"FILE or --programs is required; see shootdown prove --help"});
  auto proved = proved_engines(options_, engines, all_engines());
  if (const auto* const error = std::get_if<InputError>(&proved)) return fail(*error);
  engines_ = std::get<std::vector<ProvedEngine>>(std::move(proved));
  const auto is_model = [&](const ProvedEngine& engine) {
    return std::ranges::find(engines, engine.engine) != engines.end();
  };
  const int workers = options_.jobs != 0 ? options_.jobs : static_cast<int>(usable_cpus());
  for (ProvedEngine& engine : engines_) engine.settings.workers = is_model(engine) ? workers : 1;
  if (!options_.checkpoint.empty() && (options_.files.size() != 1 || engines_.size() != 1))
    return fail({"--checkpoint: is of one search, of one FILE on one --engine"});
  if (!options_.checkpoint.empty() && !is_model(engines_.front()))
    return fail({"--checkpoint: not with a kernel's own code, whose memory lies elsewhere in each process"});
  if (!options_.checkpoint.empty() && !console_.can_save(options_.checkpoint)) return exit_bad_input;
  ExitStatus status = exit_fine;
  for (const std::string& file : options_.files) {
    status = graver(status, prove_file(file));
    if (signals_.came()) break;
  }
  console_.out().flush();  // a signal that has come takes effect behind this
  return status;
}

ExitStatus ProveCommand::prove_file(const std::string& file) {
  const std::variant<Input, InputError> loaded = load_input(file);
  if (const auto* const error = std::get_if<InputError>(&loaded)) return fail(*error);
  const auto& input = std::get<Input>(loaded);
  if (!can_record(input.document.program)) {
    return fail({fmt::format("{}: there is no room in a program for the ends of its threads ({} operations at most)",
                             input.name, max_operations)});
  }
  ExitStatus status = exit_fine;
  for (const ProvedEngine& proved : engines_) {
    status = graver(status, prove(input, proved));
    if (signals_.came()) break;
  }
  return status;
}

ExitStatus ProveCommand::prove(const Input& input, ProvedEngine proved) {
  const Engine& engine = *proved.engine;
  if (const std::string why = engine.refusal(input.document.program); !why.empty())
    return fail({fmt::format("{}: {} cannot run it: {}", input.name, engine.name(), why)});
  OracleSet broken;
  const ExitStatus status = search(input, proved, broken);
  while (options_.all && status == exit_violation) {
    proved.settings.oracles = proved.settings.oracles - broken;
    if (proved.settings.oracles.empty()) break;
    const OracleSet before = broken;
    const ExitStatus rest = search(input, proved, broken);
    if (broken == before) return graver(status, rest);
  }
  return status;
}

// Adds what is broken to what has been.
ExitStatus ProveCommand::search(const Input& input, const ProvedEngine& proved, OracleSet& broken) {
  const Engine& engine = *proved.engine;
  StepsThatMatter steps(engine, input.document.program, proved.settings.defect);
  ExplorerSettings settings = proved.settings;
  settings.code = steps.watch();
  std::optional<Explorer> search(std::in_place, engine, input.document.program, settings);
  if (const std::optional<InputError> error = resume(*search)) return fail(*error);
  const Explorer::State state = search_on(search, steps);
  Explorer& explorer = *search;
  console_.out().print("{}: {} {}{}\n", input.name, engine.name(), broken.empty() ? "" : "otherwise ",
                       verdict(explorer, state, steps.places()));
  if (state == Explorer::State::broken && !options_.quiet)
    console_.out().print("\n{}\n", print(explorer.counterexample()));
  console_.out().flush();
  const ExitStatus kept = keep_rest(explorer, state);
  if (state == Explorer::State::broken) {
    broken = broken | explorer.broken();
    return exit_violation;
  }
  const bool decided = state == Explorer::State::exhausted || state == Explorer::State::bound_reached;
  return graver(kept, decided ? exit_fine : exit_undecided);
}

// Until time has run out, or a signal comes. Begins again when it has not known all steps that matter.
Explorer::State ProveCommand::search_on(std::optional<Explorer>& search, StepsThatMatter& steps) {
  const std::uint64_t portion = 256 * static_cast<std::uint64_t>(search->settings().workers);
  SearchProgress progress(console_.out(), search->states());
  double keep_at = options_.checkpoint.empty() ? std::numeric_limits<double>::infinity() : options_.checkpoint_every;
  Explorer::State state = Explorer::State::goes_on;
  while (state == Explorer::State::goes_on && progress.seconds() < options_.seconds && !signals_.came()) {
    state = search->search(portion);
    if (steps.take_in_new_ones()) {
      const ExplorerSettings settings = search->settings();
      const Program program = search->program();
      search.emplace(search->engine(), program, settings);
      state = Explorer::State::goes_on;
    }
    progress.show(*search);
    if (state == Explorer::State::goes_on && progress.seconds() >= keep_at)
      keep_at = progress.seconds() + keep_for_now(*search);
  }
  progress.clear();
  return state;
}

std::optional<InputError> ProveCommand::resume(Explorer& explorer) const {
  std::error_code ignored;
  if (options_.checkpoint.empty() || !std::filesystem::exists(options_.checkpoint, ignored)) return std::nullopt;
  return load_checkpoint(options_.checkpoint, explorer);
}

// Returns after how many seconds it is to be kept again. One that cannot be kept is searched all the same.
double ProveCommand::keep_for_now(Explorer& explorer) {
  const auto begun = std::chrono::steady_clock::now();
  if (!keep(explorer)) return std::numeric_limits<double>::infinity();
  // A large one takes long to write, and most of the time is for searching.
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  return std::max(options_.checkpoint_every, 20 * took.count());
}

bool ProveCommand::keep(Explorer& explorer) {
  return console_.is_saved(options_.checkpoint, save_checkpoint(options_.checkpoint, explorer));
}

// What is decided is not gone on with, if anybody could be told.
ExitStatus ProveCommand::keep_rest(Explorer& explorer, Explorer::State state) {
  if (options_.checkpoint.empty()) return exit_fine;
  if (state != Explorer::State::goes_on && state != Explorer::State::out_of_memory) {
    std::error_code ignored;
    if (console_.out().error() == 0) std::filesystem::remove(options_.checkpoint, ignored);
    return exit_fine;
  }
  return keep(explorer) ? exit_fine : exit_bad_input;
}

// `places`: of the kernel's code at which others come to run; none: at all steps.
std::string ProveCommand::verdict(const Explorer& explorer, Explorer::State state, std::size_t places) const {
  const int exceptions = explorer.exceptions();
  const auto up_to = [](int count) {
    if (count < 0) return std::string("nothing is known yet");
    return "holds with up to " + counted(static_cast<std::uint64_t>(count), "exception");
  };
  switch (state) {
    case Explorer::State::broken:
      return fmt::format("breaks {} with {}{} ({})", names_of(explorer.broken()),
                         counted(static_cast<std::uint64_t>(exceptions), "exception"),
                         exceptions == 0 ? "" : ", none with fewer", covered(explorer, places));
    case Explorer::State::exhausted: return fmt::format("holds for every schedule ({})", covered(explorer, places));
    case Explorer::State::bound_reached: return fmt::format("{} ({})", up_to(exceptions), covered(explorer, places));
    case Explorer::State::out_of_memory:
      return fmt::format("is not decided: {}, memory ran out ({})", up_to(exceptions - 1), covered(explorer, places));
    case Explorer::State::goes_on: break;
  }
  return fmt::format("is not decided: {}, {} ({})", up_to(exceptions - 1),
                     signals_.came() ? "interrupted" : "time ran out", covered(explorer, places));
}

std::string ProveCommand::covered(const Explorer& explorer, std::size_t places) const {
  const double omission = VisitedStates::omission(static_cast<double>(explorer.digests()));
  const std::string where = places == 0 ? "" : fmt::format(", at {} of the code", counted(places, "place"));
  return fmt::format("{}{}: {}, omission below {:.0e}", descriptions_of(engines_.front().settings.freedoms), where,
                     counted(explorer.states(), "state"), omission);
}

ExitStatus ProveCommand::fail(const InputError& error) {
  console_.error(error.message);
  return exit_bad_input;
}

}  // namespace

ExitStatus prove_command(const ProveOptions& options, Console& console, std::span<const Engine* const> engines) {
  return ProveCommand(options, console).run(engines);
}

}  // namespace shootdown
