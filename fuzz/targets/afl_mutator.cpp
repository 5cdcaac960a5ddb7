#include "fuzz/targets/afl_mutator.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

#include "engine/program/program.h"
#include "engine/sched/random.h"
#include "fuzz/language/language.h"
#include "fuzz/language/mutator.h"

namespace {

using namespace shootdown;

// The length of the longest program that says nothing twice: what is beyond has no effect. Operations and
// exceptions may take two records each.
constexpr std::size_t longest = (parameter_table.size() + 2 * (max_operations + max_exceptions)) * record_size;

class AflMutator {
 public:
  explicit AflMutator(std::uint64_t seed) : random_(seed), limit_(limit_from_environment()) {}

  std::size_t fuzz(const std::uint8_t* data, std::size_t size, const std::uint8_t* other, std::size_t other_size,
                   std::size_t max_size) {
    const std::size_t room = std::min(max_size, limit_);
    const bool mix = other != nullptr && random_.below(4) == 0;
    if (mix) {
      size = cross_over(data, size, other, other_size, buffer_.data(), room, random_.next());
      if (size != 0 && random_.below(2) == 0) return size;
    } else {
      size = std::min(size, room);
      std::copy_n(data, size, buffer_.data());
    }
    return mutate(buffer_.data(), size, room, random_.next());
  }

  std::uint8_t* result() { return buffer_.data(); }

 private:
  // AFL++ has checked the variable.
  static std::size_t limit_from_environment() {
    const char* const limit = std::getenv("AFL_INPUT_LEN_MAX");
    const std::size_t value = limit == nullptr ? 0 : std::strtoul(limit, nullptr, 10);
    return value == 0 ? longest : std::min(value, longest);
  }

  SplitMix64 random_;
  std::size_t limit_;
  std::array<std::uint8_t, longest> buffer_{};
};

}  // namespace

void* afl_custom_init(void* /*afl*/, unsigned int seed) {
  return std::make_unique<AflMutator>(seed).release();
}

std::size_t afl_custom_fuzz(void* state, std::uint8_t* data, std::size_t size, std::uint8_t** out, std::uint8_t* other,
                            std::size_t other_size, std::size_t max_size) {
  auto* const mutator = static_cast<AflMutator*>(state);
  *out = mutator->result();
  return mutator->fuzz(data, size, other, other_size, max_size);
}

void afl_custom_deinit(void* state) {
  const std::unique_ptr<AflMutator> mutator(static_cast<AflMutator*>(state));
}
