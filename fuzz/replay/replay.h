// Runs inputs again and says what came of it: what the command line and the
// fuzz targets share.
//
// A run of a program on an engine is judged either by what its text expects of
// that engine, or by a set of guarantees that must hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/defects.h"
#include "engine/run/engine.h"
#include "engine/run/simulation.h"
#include "engine/zap/engines.h"
#include "fuzz/io/input_error.h"
#include "fuzz/language/text.h"
#include "fuzz/trace/trace.h"
#include "oracles/judge.h"

namespace shootdown {

// --- running ---

// What came of a run.
struct RunResult {
  Outcome outcome{};
  std::uint64_t hash = 0;
  OracleSet broken;
  bool defect_reached = false;  // the place where the planted mistake is made
};

// Runs programs on one engine, and has them judged.
class Replayer {
 public:
  // `defect` is made in every run.
  explicit Replayer(const Engine& engine, Defect defect = Defect::none);

  const Engine& engine() const { return simulation_.engine(); }
  // `chooser`, if any, makes the choices in place of the program's schedule. Throws RefusedProgram as Simulation does.
  RunResult run(const Program& program, Observer* trace = nullptr, Chooser* chooser = nullptr);
  // See Simulation. Whoever asks for a report asks before.
  StepCounts count_steps(const Program& program) { return simulation_.count_steps(program); }
  // In the runs to come.
  void watch_code(const CodeWatch& code) { simulation_.code = code; }
  // What was found in the last run.
  Report report() const { return judge_.report(); }
  // How many there were.
  std::uint64_t runs() const { return runs_; }
  // Runs the program and gives the picture of that run.
  std::string trace(const Program& program, const TraceOptions& options);

 private:
  Judge judge_;
  Simulation simulation_;
  std::uint64_t runs_ = 0;
};

// What a fuzz target says of a program that breaks a guarantee: "shootdown: ENGINE breaks ORACLE: fact" ("ENGINE with
// DEFECT", if one is planted), the program as text, and the trace of a run of it, with empty lines between. Of a long trace only what leads to this violation
// is shown. Runs the program anew.
std::string describe_violation(const Engine& engine, const Program& program, OracleId broken,
                               Defect defect = Defect::none);

// --- names ---

// "eager_dirty, deferred_dirty"
std::string engine_names(std::span<const Engine* const> engines = all_engines());
std::string oracle_names();
// Names of oracles, in the order in which they are listed.
std::vector<std::string> name_list(OracleSet oracles);
// The same in a line: "lost-dirty-data, counts".
std::string names_of(OracleSet oracles);

std::variant<const Engine*, InputError> select_engine(std::string_view name,
                                                      std::span<const Engine* const> engines = all_engines());
std::variant<Defect, InputError> select_defect(std::string_view name);

// Which oracles count: "claims" (those guarantees that the engine claims), "all", or names with commas between them.
std::variant<OracleSet, InputError> select_oracles(std::string_view selection, const Engine& engine);

// --- judging ---

// The guarantees that an engine claims.
OracleSet claims_of(const Engine& engine);

// What must come of a run.
struct Requirement {
  bool exact = false;  // exactly `oracles` must be broken; else none of them may be
  OracleSet oracles;
  // Of the text that expects it; 0: nobody does, it is what the engine claims or the user asked for.
  std::size_t line = 0;

  OracleSet wrongly_broken(OracleSet broken) const { return exact ? broken - oracles : broken & oracles; }
  OracleSet wrongly_held(OracleSet broken) const { return exact ? oracles - broken : OracleSet(); }
  bool met_by(OracleSet broken) const { return wrongly_broken(broken).empty() && wrongly_held(broken).empty(); }
};

// What a document expects of an engine; else what the engine claims.
Requirement requirement_of(const Document& document, const Engine& engine);

}  // namespace shootdown
