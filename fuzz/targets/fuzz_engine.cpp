// The fuzz target of one engine; built once for each engine of the list, and for Linux's own code.
//
// The input is an encoded program (docs/input-format.md). The target runs it and
// asks the judges that the environment variable SHOOTDOWN_ORACLES names: `claims`
// (the default: what the engine claims to guarantee), `all`, or a list of oracles.
// On a violation it prints the violated fact, the program as text and the trace,
// then aborts in a function of the violated oracle's own. Otherwise it prints
// nothing. With the environment variable SHOOTDOWN_DEFECT, the name of a planted
// mistake, it makes that mistake in every run: for whoever measures how long it
// takes until it is found.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "engine/linux/linux_engine.h"
#include "engine/run/simulation.h"
#include "engine/zap/engines.h"
#include "fuzz/language/codec.h"
#include "fuzz/language/mutator.h"
#include "fuzz/replay/adapt.h"
#include "fuzz/replay/replay.h"
#include "fuzz/targets/features.h"
#include "fuzz/targets/state_coverage.h"
#include "oracles/judge.h"

// Of Linux's own code (CodeWatch::counters).
#ifndef SHOOTDOWN_CODE_COUNTERS
#define SHOOTDOWN_CODE_COUNTERS 0
#endif

namespace {

// libFuzzer clears this array before each run and keeps inputs that reach new counts. Without `used` the
// linker or the optimiser would shrink it. Other fuzzers ignore it: what they need is in fuzz/targets/features.h.
__attribute__((section("__libfuzzer_extra_counters"),
               used)) std::uint8_t extra_counters[shootdown::StateCoverage::counters + SHOOTDOWN_CODE_COUNTERS];

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed);
extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* first, std::size_t first_size,
                                                 const std::uint8_t* second, std::size_t second_size, std::uint8_t* out,
                                                 std::size_t max_size, unsigned seed);
// libFuzzer's own mutator; other fuzzers have none.
extern "C" __attribute__((weak)) std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size,
                                                              std::size_t max_size);

namespace shootdown {

namespace {

// What the target keeps from run to run: large, and allocated once.
struct Target {
  Target() : selected(selection_from_environment()) {
    simulation.defect = defect_from_environment();
    simulation.switch_counters = extra_counters + StateCoverage::state_counters;
    simulation.code.counters = std::span(extra_counters).subspan<StateCoverage::counters>();
  }

  static OracleSet selection_from_environment() {
    const char* const selection = std::getenv("SHOOTDOWN_ORACLES");
    const auto selected = select_oracles(selection == nullptr ? "claims" : selection, SHOOTDOWN_ENGINE());
    if (const auto* const error = std::get_if<InputError>(&selected)) refuse("SHOOTDOWN_ORACLES", *error);
    const OracleSet set = std::get<OracleSet>(selected);
    if ((set & judged_with(SHOOTDOWN_ENGINE().sends())).empty())
      refuse("SHOOTDOWN_ORACLES", {"none of these oracles can judge this engine"});
    return set;
  }

  static Defect defect_from_environment() {
    const char* const name = std::getenv("SHOOTDOWN_DEFECT");
    if (name == nullptr || *name == '\0') return Defect::none;
    const auto selected = select_defect(name);
    if (const auto* const defect = std::get_if<Defect>(&selected)) return *defect;
    refuse("SHOOTDOWN_DEFECT", std::get<InputError>(selected));
  }

  [[noreturn]] static void refuse(const char* variable, const InputError& error) {
    std::fprintf(stderr, "shootdown: %s: %s\n", variable, error.message.c_str());
    std::_Exit(2);  // not exit(): libFuzzer takes that for a crash
  }

  OracleSet selected;
  StateCoverage coverage{extra_counters};
  Judge judge{&coverage};
  Simulation simulation{SHOOTDOWN_ENGINE(), judge};
  Program program;
};

// One function for each oracle, so that tools which sort crashes by their stacks tell violations apart.
// The volatile write keeps the linker from folding functions that would otherwise be equal.
volatile int violated_oracle;
#define ORACLE(Class, id, name, guarantee)                      \
  [[noreturn]] __attribute__((noinline)) void violated_##id() { \
    violated_oracle = static_cast<int>(OracleId::id);           \
    std::abort();                                               \
  }
#include "oracles/oracles.def"
#undef ORACLE

[[noreturn]] void abort_for(OracleId id) {
  switch (id) {
#define ORACLE(Class, id, name, guarantee) \
  case OracleId::id: violated_##id();
#include "oracles/oracles.def"
#undef ORACLE
  }
  std::abort();
}

// Bytes of a program as those of one that the engine runs, if they are not already.
std::size_t adapted(std::uint8_t* data, std::size_t size, std::size_t max_size) {
  static Program program;
  if (!SHOOTDOWN_ENGINE().refuses_some()) return size;
  decode({data, size}, program);
  if (SHOOTDOWN_ENGINE().refusal(program).empty()) return size;
  adapt_to(program, SHOOTDOWN_ENGINE());
  const std::vector<std::uint8_t> bytes = encode(program);
  const std::size_t kept = std::min(bytes.size(), max_size);
  std::copy_n(bytes.begin(), kept, data);
  return kept;
}

}  // namespace

}  // namespace shootdown

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace shootdown;
  static const std::unique_ptr<Target> target = std::make_unique<Target>();
  decode({data, size}, target->program);
  try {
    target->simulation.run(target->program);
  } catch (const RefusedProgram&) {
    return -1;
  }
#ifdef SHOOTDOWN_FEATURES
  visit_features(extra_counters);
#endif
  if ((target->judge.broken() & target->selected).empty()) return 0;

  const OracleId id = target->judge.report().first(target->selected);
  const std::string story = describe_violation(SHOOTDOWN_ENGINE(), target->program, id, target->simulation.defect);
  std::fwrite(story.data(), 1, story.size(), stderr);
  abort_for(id);
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  using namespace shootdown;
  // Once in a while the fuzzer's own way, which knows nothing of records: it brings in what it learnt.
  const bool own = seed % 16 == 0 && LLVMFuzzerMutate != nullptr;
  size = own ? LLVMFuzzerMutate(data, size, max_size) : mutate(data, size, max_size, seed);
  return adapted(data, size, max_size);
}

std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* first, std::size_t first_size, const std::uint8_t* second,
                                      std::size_t second_size, std::uint8_t* out, std::size_t max_size, unsigned seed) {
  const std::size_t size = shootdown::cross_over(first, first_size, second, second_size, out, max_size, seed);
  return shootdown::adapted(out, size, max_size);
}
