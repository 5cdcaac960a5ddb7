// A fuzz target that runs the three-CPU race (bench/race.h) whatever its input is: what a run costs under
// libFuzzer.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "bench/race.h"
#include "engine/zap/engines.h"
#include "fuzz/language/codec.h"
#include "test/programs.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace shootdown;

struct Race {
  std::vector<std::uint8_t> input = encoded_race();
  TestBench bench{eager_dirty()};
  Program program;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* /*data*/, std::size_t /*size*/) {
  static const std::unique_ptr<Race> race = std::make_unique<Race>();
  decode(race->input, race->program);
  race->bench.run(race->program);
  return 0;
}
