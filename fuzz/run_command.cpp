#include "fuzz/run_command.h"

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <variant>

#include "engine/zap/engines.h"
#include "fuzz/replay.h"

namespace shootdown {

namespace fs = std::filesystem;

void Console::error(std::string_view message) {
  out_.flush();
  const std::string line = fmt::format("shootdown: {}\n", message);
  std::fwrite(line.data(), 1, line.size(), err_);
  std::fflush(err_);
}

namespace {

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

class RunCommand {
 public:
  RunCommand(const RunOptions& options, Console& console) : options_(options), console_(console) {}

  ExitStatus run();

 private:
  // An engine, and what is asked of it whatever the inputs expect.
  struct Contestant {
    std::unique_ptr<Replayer> replayer;
    std::optional<OracleSet> oracles;
  };

  bool choose_engines();
  bool add_contestant(const ZapEngine& engine);
  std::vector<fs::path> find_inputs();
  void run_input(const fs::path& path);
  void run_on(Contestant& contestant, const Input& input, const std::string& path);
  Demand demand(const Contestant& contestant, const Input& input) const;
  void show_verdicts(const Replayer& replayer, const Demand& demand, const RunResult& result);
  void show_surprises(const Replayer& replayer, const Demand& demand, const RunResult& result, const Input& input,
                      const std::string& path);
  void show_trace(Replayer& replayer, const Program& program);
  void show_summary();
  void bad_input(const InputError& error);

  Output& out() { return console_.out(); }

  const RunOptions& options_;
  Console& console_;
  std::vector<Contestant> contestants_;
  bool single_ = false;  // one file was named
  std::size_t files_ = 0;
  std::size_t runs_ = 0;
  std::size_t surprises_ = 0;  // runs that came out other than expected
  std::size_t bad_inputs_ = 0;
};

ExitStatus RunCommand::run() {
  if (!choose_engines()) return exit_bad_input;
  for (const fs::path& path : find_inputs()) {
    run_input(path);
    if (out().error() != 0) break;  // nobody listens
  }
  if (!single_ && !options_.quiet && runs_ != 0) show_summary();
  if (surprises_ != 0) return exit_violation;
  return bad_inputs_ != 0 ? exit_bad_input : exit_fine;
}

bool RunCommand::choose_engines() {
  if (options_.engines.empty()) {
    for (const ZapEngine* const engine : all_engines()) {
      if (!add_contestant(*engine)) return false;
    }
  }
  for (const std::string& name : options_.engines) {
    const std::variant<const ZapEngine*, InputError> engine = select_engine(name);
    if (const auto* const error = std::get_if<InputError>(&engine)) {
      console_.error("--engine: " + error->message);
      return false;
    }
    if (!add_contestant(*std::get<const ZapEngine*>(engine))) return false;
  }
  return true;
}

bool RunCommand::add_contestant(const ZapEngine& engine) {
  for (const Contestant& other : contestants_) {
    if (&other.replayer->engine() == &engine) return true;  // named twice
  }
  std::optional<OracleSet> oracles;
  if (options_.oracles.has_value()) {
    const std::variant<OracleSet, InputError> selected = select_oracles(*options_.oracles, engine);
    if (const auto* const error = std::get_if<InputError>(&selected)) {
      console_.error("--oracles: " + error->message);
      return false;
    }
    oracles = std::get<OracleSet>(selected);
  }
  contestants_.push_back({.replayer = std::make_unique<Replayer>(engine), .oracles = oracles});
  return true;
}

std::vector<fs::path> RunCommand::find_inputs() {
  std::vector<fs::path> inputs;
  for (const std::string& path : options_.paths) {
    std::error_code ignored;
    if (path == "-" || !fs::is_directory(path, ignored)) {
      inputs.emplace_back(path);
      single_ = options_.paths.size() == 1;
      continue;
    }
    std::variant<std::vector<fs::path>, InputError> found = list_inputs(path);
    if (const auto* const error = std::get_if<InputError>(&found)) {
      bad_input(*error);
      continue;
    }
    for (fs::path& input : std::get<std::vector<fs::path>>(found)) inputs.push_back(std::move(input));
  }
  return inputs;
}

void RunCommand::run_input(const fs::path& path) {
  const std::variant<Input, InputError> loaded = load_input(path);
  if (const auto* const error = std::get_if<InputError>(&loaded)) {
    bad_input(*error);
    return;
  }
  ++files_;
  for (Contestant& contestant : contestants_) run_on(contestant, std::get<Input>(loaded), path.string());
}

Demand RunCommand::demand(const Contestant& contestant, const Input& input) const {
  if (contestant.oracles.has_value()) return {.exact = false, .oracles = *contestant.oracles};
  return demand_of(input.document, contestant.replayer->engine());
}

void RunCommand::run_on(Contestant& contestant, const Input& input, const std::string& path) {
  Replayer& replayer = *contestant.replayer;
  const Demand wanted = demand(contestant, input);
  const RunResult result = replayer.run(input.document.program);
  const bool surprising = !wanted.met_by(result.broken);
  ++runs_;
  if (surprising) ++surprises_;
  if (single_ && !options_.quiet) show_verdicts(replayer, wanted, result);
  if (surprising) show_surprises(replayer, wanted, result, input, path);
  if (options_.hash) out().print("{:016x}  {}  {}\n", result.hash, replayer.engine().name(), input.name);
  if (!options_.trace.empty() && (surprising || (single_ && !options_.quiet)))
    show_trace(replayer, input.document.program);
}

// Everything that was found and is no surprise.
void RunCommand::show_verdicts(const Replayer& replayer, const Demand& demand, const RunResult& result) {
  const std::string_view engine = replayer.engine().name();
  const bool chosen = options_.oracles.has_value();
  const OracleSet expected = demand.exact ? result.broken & demand.oracles : OracleSet();
  const OracleSet unclaimed = demand.exact || chosen ? OracleSet() : result.broken - demand.oracles;
  for (const OracleInfo& oracle : all_oracles()) {
    const std::string_view fact = replayer.report().violation(oracle.id).fact();
    if (expected.contains(oracle.id)) out().print("{}: breaks {} as expected: {}\n", engine, oracle.name, fact);
    if (unclaimed.contains(oracle.id))
      out().print("{}: breaks {}, which it does not claim: {}\n", engine, oracle.name, fact);
  }
  if (!demand.met_by(result.broken) || (demand.exact && !demand.oracles.empty())) return;
  if (demand.exact) {
    out().print("{}: holds as expected\n", engine);
  } else if (chosen) {
    const bool all = demand.oracles == OracleSet::all();
    out().print("{}: holds {}\n", engine, all ? "every guarantee" : names_of(demand.oracles));
  } else {
    out().print("{}: holds all that it claims\n", engine);
  }
}

void RunCommand::show_surprises(const Replayer& replayer, const Demand& demand, const RunResult& result,
                                const Input& input, const std::string& path) {
  const std::string_view engine = replayer.engine().name();
  const std::string place = demand.line != 0 ? fmt::format("{}:{}", input.name, demand.line) : input.name;
  for (const OracleInfo& oracle : all_oracles()) {
    if (demand.wrongly_broken(result.broken).contains(oracle.id)) {
      out().print("{}: {} breaks {} unexpectedly: {}\n", place, engine, oracle.name,
                  replayer.report().violation(oracle.id).fact());
    }
    if (demand.wrongly_held(result.broken).contains(oracle.id))
      out().print("{}: {} does not break {}, which was expected\n", place, engine, oracle.name);
  }
  if (options_.trace.empty())
    out().print("  to see it: shootdown run --engine {} --trace {}\n", engine, shell_word(path));
}

void RunCommand::show_trace(Replayer& replayer, const Program& program) {
  const char* const no_colour = std::getenv("NO_COLOR");
  const TraceOptions options{.full = options_.trace == "full",
                             .width = options_.width,
                             .colour = out().is_terminal() && (no_colour == nullptr || *no_colour == '\0')};
  out().print("\n{}\n", replayer.trace(program, options));
}

void RunCommand::show_summary() {
  const std::string verdict = surprises_ == 0 ? "all as expected" : fmt::format("{} not as expected", surprises_);
  out().print("{}, {}, {}: {}", counted(files_, "file"), counted(contestants_.size(), "engine"), counted(runs_, "run"),
              verdict);
  if (bad_inputs_ != 0) out().print("; {}", counted(bad_inputs_, "bad input"));
  out().print("\n");
}

void RunCommand::bad_input(const InputError& error) {
  ++bad_inputs_;
  console_.error(error.message);
}

}  // namespace

ExitStatus run_command(const RunOptions& options, Console& console) {
  return RunCommand(options, console).run();
}

}  // namespace shootdown
