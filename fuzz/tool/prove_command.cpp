#include "fuzz/tool/prove_command.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "engine/sched/schedule_recorder.h"
#include "fuzz/language/text.h"
#include "fuzz/prove/explorer.h"
#include "fuzz/replay/replay.h"
#include "fuzz/triage/inputs.h"

namespace shootdown {

namespace {

// --- what is asked for ---

std::string freedom_names() {
  std::string names;
  for (const FreedomInfo& info : all_freedoms) names += fmt::format("{}{}", names.empty() ? "" : ", ", info.name);
  return names;
}

std::variant<Freedoms, InputError> freedoms_of(std::string_view list) {
  Freedoms freedoms;
  while (true) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view name = list.substr(0, comma);
    const auto* const info = std::ranges::find(all_freedoms, name, &FreedomInfo::name);
    if (info == all_freedoms.end())
      return InputError{
          fmt::format("--may: there is no '{}'; expected some of: {}", printable(std::string(name)), freedom_names())};
    freedoms.insert(info->freedom);
    if (comma == list.size()) return freedoms;
    list.remove_prefix(comma + 1);
  }
}

// What makes searches fast, and can be left out.
struct Aid {
  std::string_view name;
  bool ExplorerSettings::* is_used;
};
constexpr Aid aids[] = {{"merging", &ExplorerSettings::merges},
                        {"forgetting", &ExplorerSettings::forgets},
                        {"snapshots", &ExplorerSettings::snapshots}};

std::optional<InputError> leave_out(std::string_view list, ExplorerSettings& settings) {
  while (!list.empty()) {
    const std::string_view name = list.substr(0, list.find(','));
    const auto* const aid = std::ranges::find(aids, name, &Aid::name);
    if (aid == std::end(aids)) {
      return InputError{fmt::format("--without: there is no '{}'; expected some of: merging, forgetting, snapshots",
                                    printable(std::string(name)))};
    }
    settings.*aid->is_used = false;
    list.remove_prefix(std::min(name.size() + 1, list.size()));
  }
  return std::nullopt;
}

// As readers are told: "preemptions, late interrupts".
std::string descriptions_of(const Freedoms& freedoms) {
  std::string text;
  for (const FreedomInfo& info : all_freedoms) {
    if (freedoms.contains(info.freedom)) text += fmt::format("{}{}", text.empty() ? "" : ", ", info.description);
  }
  return text;
}

// --- while it searches ---

// In one line, which it writes again and again; nothing where nobody looks.
class SearchProgress {
 public:
  explicit SearchProgress(Output& out) : out_(out), shown_(out.is_terminal()) {}

  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count(); }

  void show(const Explorer& explorer) {
    const double now = seconds();
    if (!shown_ || now < next_) return;
    next_ = now + 0.2;
    out_.print("\r\x1b[K  {}: {}, {} a second; {} left, and {} with one more",
               counted(static_cast<std::uint64_t>(explorer.exceptions()), "exception"),
               counted(explorer.states(), "state"),
               grouped(static_cast<std::uint64_t>(static_cast<double>(explorer.states()) / now)),
               counted(explorer.left(), "schedule"), grouped(explorer.left_for_later()));
    out_.flush();
    drawn_ = true;
  }
  void clear() {
    if (drawn_) out_.print("\r\x1b[K");
  }

 private:
  Output& out_;
  bool shown_;
  bool drawn_ = false;
  double next_ = 0.2;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

// --- the command ---

class ProveCommand {
 public:
  ProveCommand(const ProveOptions& options, Console& console) : options_(options), console_(console) {}

  ExitStatus run(std::span<const Engine* const> engines);

 private:
  std::optional<InputError> choose(std::span<const Engine* const> engines);
  ExitStatus prove_file(const std::string& file);
  ExitStatus prove(const Input& input, const Engine& engine);
  ExitStatus search(const Input& input, const Engine& engine, OracleSet& broken);
  std::string verdict(const Explorer& explorer, Explorer::State state) const;
  std::string covered(const Explorer& explorer) const;
  ExitStatus fail(const InputError& error);

  const ProveOptions& options_;
  Console& console_;
  std::vector<const Engine*> engines_;
  ExplorerSettings settings_;
};

ExitStatus ProveCommand::run(std::span<const Engine* const> engines) {
  if (const std::optional<InputError> error = choose(engines)) return fail(*error);
  ExitStatus status = exit_fine;
  for (const std::string& file : options_.files) status = graver(status, prove_file(file));
  return status;
}

std::optional<InputError> ProveCommand::choose(std::span<const Engine* const> engines) {
  auto freedoms = freedoms_of(options_.may);
  if (const auto* const error = std::get_if<InputError>(&freedoms)) return *error;
  settings_ = {
      .freedoms = std::get<Freedoms>(freedoms), .exceptions = options_.exceptions, .memory = options_.memory << 20U};
  if (const std::optional<InputError> error = leave_out(options_.without, settings_)) return error;
  if (!options_.defect.empty()) {
    auto defect = select_defect(options_.defect);
    if (const auto* const error = std::get_if<InputError>(&defect)) return InputError{"--defect: " + error->message};
    settings_.defect = std::get<Defect>(defect);
  }
  if (options_.engines.empty()) engines_.assign(engines.begin(), engines.end());
  for (const std::string& name : options_.engines) {
    auto engine = select_engine(name, engines);
    if (const auto* const error = std::get_if<InputError>(&engine)) return InputError{"--engine: " + error->message};
    engines_.push_back(std::get<const Engine*>(engine));
  }
  if (const auto oracles = select_oracles(options_.oracles.value_or("claims"), *engines_.front());
      const auto* const error = std::get_if<InputError>(&oracles))
    return InputError{"--oracles: " + error->message};
  return std::nullopt;
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
  for (const Engine* const engine : engines_) status = graver(status, prove(input, *engine));
  return status;
}

ExitStatus ProveCommand::prove(const Input& input, const Engine& engine) {
  if (const std::string why = engine.refusal(input.document.program); !why.empty())
    return fail({fmt::format("{}: {} cannot run it: {}", input.name, engine.name(), why)});
  settings_.oracles = std::get<OracleSet>(select_oracles(options_.oracles.value_or("claims"), engine));
  OracleSet broken;
  ExitStatus status = search(input, engine, broken);
  while (options_.all && status == exit_violation && !settings_.oracles.empty()) {
    const OracleSet before = broken;
    const ExitStatus rest = search(input, engine, broken);
    if (broken == before) return graver(status, rest);
  }
  return status;
}

// For what is not broken yet.
ExitStatus ProveCommand::search(const Input& input, const Engine& engine, OracleSet& broken) {
  Explorer explorer(engine, input.document.program, settings_);
  SearchProgress progress(console_.out());
  Explorer::State state = Explorer::State::goes_on;
  while (state == Explorer::State::goes_on && progress.seconds() < options_.seconds) {
    state = explorer.search(256);
    progress.show(explorer);
  }
  progress.clear();
  console_.out().print("{}: {} {}{}\n", input.name, engine.name(), broken.empty() ? "" : "otherwise ",
                       verdict(explorer, state));
  console_.out().flush();
  if (state == Explorer::State::broken) {
    if (!options_.quiet) console_.out().print("\n{}\n", print(explorer.counterexample()));
    broken = broken | explorer.broken();
    settings_.oracles = settings_.oracles - explorer.broken();
    return exit_violation;
  }
  const bool decided = state == Explorer::State::exhausted || state == Explorer::State::bound_reached;
  return decided ? exit_fine : exit_undecided;
}

std::string ProveCommand::verdict(const Explorer& explorer, Explorer::State state) const {
  const int exceptions = explorer.exceptions();
  const auto up_to = [](int count) {
    if (count < 0) return std::string("nothing is known yet");
    return "holds with up to " + counted(static_cast<std::uint64_t>(count), "exception");
  };
  switch (state) {
    case Explorer::State::broken:
      return fmt::format("breaks {} with {}{} ({})", names_of(explorer.broken()),
                         counted(static_cast<std::uint64_t>(exceptions), "exception"),
                         exceptions == 0 ? "" : ", none with fewer", covered(explorer));
    case Explorer::State::exhausted: return fmt::format("holds for every schedule ({})", covered(explorer));
    case Explorer::State::bound_reached: return fmt::format("{} ({})", up_to(exceptions), covered(explorer));
    case Explorer::State::out_of_memory:
      return fmt::format("is not decided: {}, memory ran out ({})", up_to(exceptions - 1), covered(explorer));
    case Explorer::State::goes_on: break;
  }
  return fmt::format("is not decided: {}, time ran out ({})", up_to(exceptions - 1), covered(explorer));
}

std::string ProveCommand::covered(const Explorer& explorer) const {
  const auto states = static_cast<double>(explorer.states());
  return fmt::format("{}: {}, omission below {:.0e}", descriptions_of(settings_.freedoms),
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
