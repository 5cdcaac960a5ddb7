// What an input does to every engine.
//
// Found out where a crash does no harm (isolated_replay.h). What a text says that
// it expects of them does not count.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "engine/zap/engines.h"
#include "fuzz/triage/inputs.h"
#include "fuzz/triage/isolated_replay.h"

namespace shootdown {

struct Examination {
  // Runs that break in the same way are in the same bucket (buckets.h).
  struct Break {
    const Engine* engine;
    OracleSet among;   // the oracles that count
    OracleId oracle;   // that is broken first, of those
    std::string fact;  // without numbers
    bool claimed;      // by the engine: that it does not happen

    // Whether a run on this engine is in the same bucket.
    bool is_shown_by(const Report& report) const;
  };

  Program program;
  // One for each engine that can run it: what has come of it.
  std::vector<Expectation> expectations;
  // What a text expects of other engines, which are not in this build.
  std::vector<Expectation> kept;
  // Of the first engine that breaks one of its claims, the claim that it breaks first; if none does, of the first engine
  // that breaks anything, what it breaks first. Where the oracles are said that count, what it breaks first of these. None:
  // everything holds.
  std::optional<Break> first;

  // The program as text, with expectations that are met, and those that are kept.
  std::string text() const;
  // "ENGINE breaks ORACLE: FACT" of what is broken first, or "breaks nothing".
  std::string bucket() const;
};

class Examiner {
 public:
  // Of an internal error the message says which input and engine it was.
  using Result = std::variant<Examination, InputError, InternalError>;

  explicit Examiner(std::span<const Engine* const> engines = all_engines(),
                    std::chrono::milliseconds limit = default_run_limit);
  explicit Examiner(std::vector<Subject> subjects, std::chrono::milliseconds limit = default_run_limit);

  Result examine(const RawInput& input);

  // What is wrong when all inputs have been run, and belongs to no single one.
  std::optional<InternalError> finish() { return replay_.finish(); }

 private:
  std::vector<Subject> subjects_;
  IsolatedReplay replay_;
};

}  // namespace shootdown
