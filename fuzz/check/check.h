// What can be found out about an engine in a few minutes: what is asked, and what came of it. Plain data.
//
// A check has parts, each of which runs programs on the engine: those of the corpus as they are; all schedules of its
// stories; all schedules of all small programs; mutants. Each looks at every guarantee that can be judged, whether it
// has to hold or not. Where this program was built with a kernel's own code, that is compared with the model,
// besides.
//
// What a part says is the same each time, but for how far it comes in its time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/defects.h"
#include "engine/program/program.h"
#include "engine/run/engine.h"
#include "fuzz/prove/explorer.h"
#include "fuzz/prove/results.h"
#include "oracles/oracles.h"

namespace shootdown {

struct CheckSettings {
  const Engine* engine = nullptr;  // of the model
  OracleSet demanded;              // that must hold
  Defect defect = Defect::none;    // that is planted
  Freedoms freedoms;               // of schedules that are searched
  std::vector<Call> calls;         // of which small programs are made, no exit among them
  double seconds = 0;              // for all parts; what is found is made small besides
  std::uint64_t memory = 0;        // for each search, in bytes
  std::uint64_t seed = 1;          // of mutants
  std::size_t processes = 1;
};

// Of an engine that sends what it says, all that can be judged.
OracleSet judged_of(const Engine& engine);

// That of small programs: two CPUs, a page of one word.
MachineConfig small_machine();

// --- what breaks ---

enum class CheckPart : std::uint8_t { corpus, stories, programs, mutants };
// Of programs that are as small, which is shown: a search has the fewest exceptions, and that of all small programs the fewest
// operations.
inline constexpr std::array check_parts{CheckPart::programs, CheckPart::stories, CheckPart::corpus, CheckPart::mutants};

// A program that breaks a guarantee.
struct Breach {
  CheckPart part = CheckPart::corpus;  // that has found it
  std::uint64_t number = 0;            // among those of the part
  std::string origin;                  // what it is, or is a schedule of: a file, a mutant, a program in a line
  std::vector<std::uint8_t> program;   // encoded
};

// For each guarantee and each part, the smallest program that breaks it.
class Breaches {
 public:
  // Keeps it if it is smaller than what is kept: what lists its schedule is, then what has fewer operations and
  // exceptions, then what comes first.
  void note(OracleId oracle, const Breach& breach);
  void note(OracleSet oracles, const Breach& breach);
  void note(const Breaches& others);

  // One of each part that has found any, in the order of check_parts.
  std::vector<Breach> of(OracleId oracle) const;
  OracleSet oracles() const;

 private:
  std::array<std::array<std::optional<Breach>, check_parts.size()>, oracle_count> smallest_;
};

// --- what the parts came to ---

// What came of a search of all schedules of a program that went on with the other guarantees whenever some broke.
struct ScheduleSearch {
  struct Broken {
    OracleSet oracles;
    std::vector<std::uint8_t> program;  // encoded: a schedule that breaks them, with the fewest exceptions
  };

  std::vector<Broken> broken;
  SearchOutcome rest;  // of what is not broken; if nothing is, of the last search
  std::uint64_t states = 0;
  double omission = 0;
};

// Programs of the corpus, as they are.
struct CorpusChecked {
  // That did not do what it expects of this engine.
  struct Surprise {
    std::string name;
    bool refused = false;  // it was not run, and expects something
    OracleSet broken;      // that should have held
    OracleSet held;        // that should have broken
  };

  std::uint64_t programs = 0;  // that were run
  std::uint64_t refused = 0;
  std::vector<Surprise> surprises;
};

// How far the schedules of some programs have been searched. Guarantees that break in a program are left out of what
// holds in it.
struct SearchTally {
  std::uint64_t programs = 0;     // all there are
  std::uint64_t decided = 0;      // that were searched as far as was asked
  std::uint64_t holds = 0;        // for every schedule
  std::uint64_t holds_up_to = 0;  // some number of exceptions: so was asked, or time or memory ran out
  std::uint64_t breaking = 0;     // in which anything breaks
  int fewest = 0;                 // of these exceptions: where they are fewest, and most
  int most = 0;
  std::uint64_t states = 0;
  double omission = 0;  // the probability that any state was missed, at most

  void add(const ScheduleSearch& search);
  bool is_complete() const { return decided == programs; }
};

// All programs of so many operations.
struct SmallPrograms {
  int operations = 0;
  bool or_fewer = false;
  std::optional<int> exceptions;  // at most; none: every schedule
  SearchTally tally;
};

struct MutantsRun {
  std::uint64_t runs = 0;
  std::uint64_t refused = 0;  // not among them
};

// The model's engine that has the order of steps of the kernel in this build, and that kernel's own code.
struct LinuxCompared {
  std::string kernel;  // the engine's name
  std::string what;    // it is
  std::string model;
  std::uint64_t programs = 0;
  std::uint64_t operations = 0;
  std::uint64_t refused = 0;
  std::uint64_t explained = 0;
  std::uint64_t different = 0;
  std::string first;  // of them: its program, and where it differs
};

// Shootdown itself has failed.
struct CheckFailure {
  std::string where;
  std::string message;
};

// --- what follows ---

// What is known of a guarantee.
enum class Standing : std::uint8_t {
  not_judged,  // the engine does not send all that the oracle needs
  broken,
  proved,  // for every schedule of all programs of up to two operations, and nothing else breaks it
  held,    // nothing breaks it
};

// Of a guarantee that is broken.
struct ShownBreach {
  Breach found;                       // as it was found
  std::vector<std::uint8_t> program;  // the same made small, encoded
  int operations = 0;                 // of that
  int exceptions = 0;
  std::string fact;            // that is violated there; or why that is not known
  bool is_repeatable = false;  // it is known: a run of the program shows it, and does no harm
};

struct Guarantee {
  OracleId oracle{};
  bool claimed = false;
  bool demanded = false;
  std::string why_not_claimed;
  Standing standing = Standing::held;
  std::optional<ShownBreach> breach;
};

struct EngineChecked {
  CheckSettings settings;
  CorpusChecked corpus;
  SearchTally stories;
  std::vector<SmallPrograms> programs;
  MutantsRun mutants;
  std::vector<LinuxCompared> linux_code;  // empty: there is none in this build
  std::vector<CheckFailure> failures;     // the first few
  std::uint64_t failed = 0;               // all
  bool interrupted = false;
  Breaches breaches;
  std::vector<Guarantee> guarantees;  // in the order of their list

  // What has to hold is broken; or something else came out other than it should.
  bool has_violation() const;
  // Whether all was done that does not end with time only: the corpus was run, and every schedule of all programs of
  // two operations searched.
  bool is_decided() const;
};

}  // namespace shootdown
