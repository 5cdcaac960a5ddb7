// Holds two engines against each other, one operation after the other: what threads see, and how the kernel is after
// each operation (conduct.h), must be the same.
//
// Programs must be without a race (sequential_programs.h). Those that one of the engines refuses are changed as that
// engine sees fit.
//
// Linux makes a mistake that the model does not, and that needs no race (freed-for-others): what a program does in
// which that makes a difference on the first engine is explained by it, and not looked at further.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/defects.h"
#include "engine/run/engine.h"
#include "fuzz/compare/conduct.h"
#include "fuzz/replay/replay.h"

namespace shootdown {

// An engine, and the mistake that it makes.
struct ComparedEngine {
  const Engine* engine = nullptr;
  Defect defect = Defect::none;
};

// Changes a program into one that both can run; returns whether they can.
bool adapt_to_both(Program& program, const Engine& one, const Engine& other);

// How many programs came out how.
struct ComparisonCounts {
  std::uint64_t programs = 0;
  std::uint64_t operations = 0;  // of them
  std::uint64_t refused = 0;     // not among them
  std::uint64_t explained = 0;
  std::uint64_t different = 0;  // and not explained

  // "delayed_rmap and linux-6.12: 10 programs, 93 operations; 0 not possible; 0 explained; 0 differ"
  std::string in_words(const Engine& one, const Engine& other) const;
};

class Comparison {
 public:
  Comparison(const ComparedEngine& one, const ComparedEngine& other)
      : one_(*one.engine, one.defect),
        other_(*other.engine, other.defect),
        right_(*one.engine),
        as_linux_(*one.engine, Defect::freed_for_others) {}

  const ComparisonCounts& counts() const { return counts_; }

  // Returns where the engines differ, in lines of text; nothing if they do not, or it is explained, or one cannot run
  // the program, which is changed for them.
  std::string compare(Program& program);

 private:
  bool is_explained(const Program& program);
  const std::vector<Conduct::Part>& conduct_of(Replayer& replayer, const Program& program);
  std::string difference(const std::vector<Conduct::Part>& expected, const std::vector<Conduct::Part>& found) const;

  Replayer one_;
  Replayer other_;
  Replayer right_;     // the first, without a mistake,
  Replayer as_linux_;  // and with Linux's
  Conduct conduct_;
  ComparisonCounts counts_;
};

}  // namespace shootdown
