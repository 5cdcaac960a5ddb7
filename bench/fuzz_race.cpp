// A fuzz target that runs the three-CPU race (see run_bench.cpp) whatever its input is: what a run costs under
// libFuzzer.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/test_programs.h"
#include "engine/zap/engines.h"
#include "fuzz/codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace shootdown;

struct Race {
  Race() : bench(eager_dirty()) {
    ProgramBuilder builder;
    builder.operation(0, Call::store, 0, 0).operation(1, Call::dontneed, 0, 1).suspend(5);
    builder.operation(2, Call::fsync, 0, 1).operation(0, Call::store, 0, 0);
    input = encode(builder.program());
  }
  std::vector<std::uint8_t> input;
  TestBench bench;
  Program program;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* /*data*/, std::size_t /*size*/) {
  static const std::unique_ptr<Race> race = std::make_unique<Race>();
  decode(race->input, race->program);
  race->bench.run(race->program);
  return 0;
}
