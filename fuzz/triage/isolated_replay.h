// Replays inputs on engines where a crash does no harm.
//
// An input is read, run and judged in a process of its own (isolation.h). If that
// dies, takes too long or complains, it is an internal error: whatever an input
// or an engine does, Shootdown itself must not fail.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/run/engine.h"
#include "fuzz/replay/replay.h"
#include "fuzz/triage/inputs.h"
#include "fuzz/triage/isolation.h"

namespace shootdown {

// How long a run may take, unless somebody says otherwise. Even under a sanitizer it takes a thousandth of that.
inline constexpr std::chrono::seconds default_run_limit{30};

// An engine, with a planted mistake or without, and what is asked of it whatever the inputs expect.
struct Subject {
  const Engine* engine;
  std::optional<OracleSet> oracles;
  Defect defect = Defect::none;

  Requirement requirement(const Document& document) const;
};

// What came of an input on an engine, and what should have.
struct Verdict {
  Requirement requirement;
  RunResult result;
  Report report;

  bool as_expected() const { return requirement.met_by(result.broken); }
};

// The engine cannot run such a program.
struct Refusal {
  Requirement requirement;
  std::string why;

  // Whoever writes down what it does on an engine expects that it runs there.
  bool as_expected() const { return !requirement.exact; }
};

// Shootdown itself has failed.
struct InternalError {
  std::string message;  // in one line: the failed check, or the sanitizer's summary, or how it ended
  std::string output;   // all that was said
};

class IsolatedReplay {
 public:
  using Result = std::variant<Verdict, Refusal, InputError, InternalError>;

  // The subjects, which may be added later, must outlive this object. The caller must not have a Replayer of its own
  // while one of these functions runs.
  IsolatedReplay(const std::vector<Subject>& subjects, std::chrono::milliseconds limit);

  // Throws std::system_error if no process can be started.
  Result run(std::size_t subject, const RawInput& input);

  // Ends the process. What is wrong then belongs to no single input: leaks, for example.
  std::optional<InternalError> finish();

  // Whether a process is there: if not, the next run starts one, and flushes stdio.
  bool running() const { return isolation_.running(); }

 private:
  std::string serve(std::string_view request);

  const std::vector<Subject>& subjects_;
  // Of each subject, once it is used; only in the process. ThreadSanitizer takes fibers for threads, and does not
  // work in a process that has been forked while there were some.
  std::vector<std::unique_ptr<Replayer>> replayers_;
  Isolation isolation_;
};

// What a call that was not clean says of its failure, in one line.
std::string failure_message(const Isolation::Outcome& outcome);

}  // namespace shootdown
