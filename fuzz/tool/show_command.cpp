#include "fuzz/tool/show_command.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "engine/zap/engines.h"
#include "fuzz/replay/replay.h"
#include "fuzz/triage/buckets.h"
#include "fuzz/triage/inputs.h"

namespace shootdown {

namespace {

class ShowCommand {
 public:
  ShowCommand(const ShowOptions& options, Console& console) : options_(options), console_(console) {
    if (!options.expect && !options.bucket) return;
    for (const ZapEngine* const engine : all_engines()) replayers_.push_back(std::make_unique<Replayer>(*engine));
  }

  ExitStatus run();

 private:
  struct Break {
    std::string_view engine;
    OracleId oracle;
    std::string fact;  // without numbers
  };

  void show(const Input& input);
  std::vector<Expectation> observe(const Program& program);
  std::string bucket_of(const Program& program);
  std::optional<Break> first_break(const Program& program);

  const ShowOptions& options_;
  Console& console_;
  std::vector<std::unique_ptr<Replayer>> replayers_;  // one for each engine, if programs are to be run
};

ExitStatus ShowCommand::run() {
  ExitStatus status = exit_fine;
  for (const std::string& file : options_.files) {
    const std::variant<Input, InputError> loaded = load_input(file);
    if (const auto* const error = std::get_if<InputError>(&loaded)) {
      console_.error(error->message);
      status = exit_bad_input;
      continue;
    }
    show(std::get<Input>(loaded));
  }
  return status;
}

void ShowCommand::show(const Input& input) {
  const Program& program = input.document.program;
  if (options_.files.size() > 1) console_.out().print("# {}\n", input.name);
  if (options_.bucket) {
    console_.out().print("{}\n", bucket_of(program));
  } else if (options_.expect) {
    console_.out().write(print({.program = program, .expectations = observe(program)}));
  } else {
    console_.out().write(print(program));
  }
}

// What happens on every engine, as expectations that are met.
std::vector<Expectation> ShowCommand::observe(const Program& program) {
  std::vector<Expectation> expectations;
  for (const std::unique_ptr<Replayer>& replayer : replayers_) {
    Expectation expectation{.engine = std::string(replayer->engine().name())};
    const OracleSet broken = replayer->run(program).broken;
    for (const OracleInfo& oracle : all_oracles()) {
      if (broken.contains(oracle.id)) expectation.breaks.emplace_back(oracle.name);
    }
    expectations.push_back(std::move(expectation));
  }
  return expectations;
}

std::string ShowCommand::bucket_of(const Program& program) {
  const std::optional<Break> first = first_break(program);
  if (!first.has_value()) return "breaks nothing";
  return fmt::format("{} breaks {}: {}", first->engine, oracle_name(first->oracle), first->fact);
}

// Of the first engine that breaks one of its claims, the claim that it breaks first; if none does, of the first engine
// that breaks anything, what it breaks first. None: everything holds.
std::optional<ShowCommand::Break> ShowCommand::first_break(const Program& program) {
  std::optional<Break> unclaimed;
  for (const std::unique_ptr<Replayer>& replayer : replayers_) {
    const ZapEngine& engine = replayer->engine();
    const OracleSet broken = replayer->run(program).broken;
    const OracleSet claimed = broken & claims(engine.not_claimed());
    if (broken.empty() || (claimed.empty() && unclaimed.has_value())) continue;
    const Report& report = replayer->report();
    const OracleId oracle = report.first(claimed.empty() ? broken : claimed);
    Break found{.engine = engine.name(), .oracle = oracle, .fact = fact_of_format(report.violation(oracle).form)};
    if (!claimed.empty()) return found;
    unclaimed = std::move(found);
  }
  return unclaimed;
}

}  // namespace

ExitStatus show_command(const ShowOptions& options, Console& console) {
  return ShowCommand(options, console).run();
}

}  // namespace shootdown
