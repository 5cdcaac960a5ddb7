#include "fuzz/tool/prove_command.h"

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "engine/sched/schedule_recorder.h"
#include "fuzz/io/progress_line.h"
#include "fuzz/language/text.h"
#include "fuzz/prove/explorer.h"
#include "fuzz/prove/freedoms.h"
#include "fuzz/prove/steps_that_matter.h"
#include "fuzz/replay/replay.h"
#include "fuzz/triage/inputs.h"

namespace shootdown {

namespace {

// --- while it searches ---

// A few times a second.
class SearchProgress {
 public:
  explicit SearchProgress(Output& out) : line_(out) {}

  double seconds() const { return line_.seconds(); }

  void show(const Explorer& explorer) {
    const double now = seconds();
    if (!line_.is_shown() || now < next_) return;
    next_ = now + 0.2;
    line_.write(fmt::format("{}: {}, {} a second; {} left, and {} with one more",
                            counted(static_cast<std::uint64_t>(explorer.exceptions()), "exception"),
                            counted(explorer.states(), "state"),
                            grouped(static_cast<std::uint64_t>(static_cast<double>(explorer.states()) / now)),
                            counted(explorer.left(), "schedule"), grouped(explorer.left_for_later())));
  }
  void clear() { line_.clear(); }

 private:
  ProgressLine line_;
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
  std::string verdict(const Explorer& explorer, Explorer::State state, std::size_t places) const;
  std::string covered(const Explorer& explorer, std::size_t places) const;
  ExitStatus fail(const InputError& error);

  const ProveOptions& options_;
  Console& console_;
  std::vector<ProvedEngine> engines_;
};

ExitStatus ProveCommand::run(std::span<const Engine* const> engines) {
  if (options_.files.empty()) return fail({"FILE or --programs is required; see shootdown prove --help"});
  auto proved = proved_engines(options_, engines, all_engines());
  if (const auto* const error = std::get_if<InputError>(&proved)) return fail(*error);
  engines_ = std::get<std::vector<ProvedEngine>>(std::move(proved));
  ExitStatus status = exit_fine;
  for (const std::string& file : options_.files) status = graver(status, prove_file(file));
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
  for (const ProvedEngine& proved : engines_) status = graver(status, prove(input, proved));
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
  SearchProgress progress(console_.out());
  Explorer::State state = Explorer::State::goes_on;
  while (state == Explorer::State::goes_on && progress.seconds() < options_.seconds) {
    state = search->search(256);
    if (steps.take_in_new_ones()) {
      search.emplace(engine, input.document.program, settings);
      state = Explorer::State::goes_on;
    }
    progress.show(*search);
  }
  const Explorer& explorer = *search;
  progress.clear();
  console_.out().print("{}: {} {}{}\n", input.name, engine.name(), broken.empty() ? "" : "otherwise ",
                       verdict(explorer, state, steps.places()));
  console_.out().flush();
  if (state == Explorer::State::broken) {
    if (!options_.quiet) console_.out().print("\n{}\n", print(explorer.counterexample()));
    broken = broken | explorer.broken();
    return exit_violation;
  }
  const bool decided = state == Explorer::State::exhausted || state == Explorer::State::bound_reached;
  return decided ? exit_fine : exit_undecided;
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
  return fmt::format("is not decided: {}, time ran out ({})", up_to(exceptions - 1), covered(explorer, places));
}

std::string ProveCommand::covered(const Explorer& explorer, std::size_t places) const {
  const auto states = static_cast<double>(explorer.states());
  const std::string where = places == 0 ? "" : fmt::format(", at {} of the code", counted(places, "place"));
  return fmt::format("{}{}: {}, omission below {:.0e}", descriptions_of(engines_.front().settings.freedoms), where,
                     counted(explorer.states(), "state"), VisitedStates::omission(states));
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
