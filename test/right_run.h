// Helpers for tests: a run in which nothing is wrong, for whoever wants to look at what happened in it.
#pragma once

#include <boost/test/unit_test.hpp>

#include "engine/zap/engines.h"
#include "test/programs.h"
#include "test/recorder.h"

namespace shootdown {

// Runs a program, which must complete and on which no oracle may find anything.
class RightRun final : public Recorder {
 public:
  explicit RightRun(const ProgramBuilder& program, const Engine& engine = eager_dirty()) {
    TestBench bench(engine, this);
    BOOST_TEST((bench.run(program) == Outcome::completed));
    BOOST_TEST(bench.holds());
  }
};

}  // namespace shootdown
