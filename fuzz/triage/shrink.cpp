#include "fuzz/triage/shrink.h"

#include <algorithm>
#include <bit>
#include <memory>

#include "engine/check.h"
#include "fuzz/language/codec.h"
#include "fuzz/triage/reductions.h"

namespace shootdown {

namespace {

// Whether it is what its bytes mean; then a text can say it, too.
bool can_be_said(const Program& program) {
  const auto again = std::make_unique<Program>();
  decode(encode(program), *again);
  return *again == program;
}

class Shrinking {
 public:
  Shrinking(const Program& program, const std::function<bool(const Program&)>& still)
      : program_(program), still_(still) {
    SHOOTDOWN_CHECK(still(program));
  }

  Program run() {
    bool smaller = true;
    while (smaller) {
      smaller = false;
      for (const Removal& removal : all_removals()) smaller = leave_out(removal) || smaller;
      for (const Simplification& simplification : all_simplifications()) smaller = simplify(simplification) || smaller;
    }
    return program_;
  }

 private:
  // Whether it was taken.
  bool take(const Program& candidate) {
    if (!can_be_said(candidate) || !still_(candidate)) return false;
    program_ = candidate;
    return true;
  }

  // Halves, quarters and so on, down to single things; from the end, for what comes later is needed less often.
  bool leave_out(const Removal& removal) {
    bool taken = false;
    for (auto length = static_cast<int>(std::bit_floor(static_cast<unsigned>(removal.count(program_)))); length > 0;
         length /= 2) {
      for (int end = removal.count(program_); end > 0; end = std::min(end - length, removal.count(program_))) {
        const int first = std::max(end - length, 0);
        taken = take(removal.without(program_, first, end - first)) || taken;
      }
    }
    return taken;
  }

  bool simplify(const Simplification& simplification) {
    bool taken = false;
    for (int number = simplification.count(program_) - 1; number >= 0; --number) {
      while (number < simplification.count(program_) && takes_one_of(simplification.simpler(program_, number)))
        taken = true;
    }
    return taken;
  }
  bool takes_one_of(const std::vector<Program>& candidates) {
    return std::ranges::any_of(candidates, [this](const Program& candidate) { return take(candidate); });
  }

  Program program_;
  const std::function<bool(const Program&)>& still_;
};

}  // namespace

Program shrunk(const Program& program, const std::function<bool(const Program&)>& still) {
  return Shrinking(program, still).run();
}

}  // namespace shootdown
