// The functions that AFL++ calls, called as it calls them.
#include "fuzz/targets/afl_mutator.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "engine/program/program.h"
#include "fuzz/language/language.h"
#include "test/bytes.h"

namespace shootdown {

BOOST_AUTO_TEST_SUITE(afl_mutator)

namespace {

constexpr std::size_t afl_max_file = std::size_t{1} << 20U;  // the limit that AFL++ gives

// Sets AFL_INPUT_LEN_MAX (null: removes it) until it goes out of scope.
class LengthLimit {
 public:
  explicit LengthLimit(const char* value) {
    const char* const before = std::getenv(name);
    if (before != nullptr) before_ = std::make_unique<std::string>(before);
    set(value);
  }
  ~LengthLimit() { set(before_ == nullptr ? nullptr : before_->c_str()); }
  LengthLimit(const LengthLimit&) = delete;
  LengthLimit& operator=(const LengthLimit&) = delete;

 private:
  static constexpr const char* name = "AFL_INPUT_LEN_MAX";

  static void set(const char* value) {
    if (value == nullptr) {
      unsetenv(name);
    } else {
      setenv(name, value, 1);
    }
  }

  std::unique_ptr<std::string> before_;
};

class Mutator {
 public:
  explicit Mutator(unsigned seed) : state_(afl_custom_init(nullptr, seed)) { BOOST_REQUIRE(state_ != nullptr); }
  ~Mutator() { afl_custom_deinit(state_); }
  Mutator(const Mutator&) = delete;
  Mutator& operator=(const Mutator&) = delete;

  // The inputs are copied, so that AddressSanitizer sees every access beyond them.
  Bytes fuzz(Bytes data, std::size_t max_size, Bytes* other = nullptr) {
    std::uint8_t* out = nullptr;
    const std::size_t size =
        afl_custom_fuzz(state_, data.data(), data.size(), &out, other == nullptr ? nullptr : other->data(),
                        other == nullptr ? 0 : other->size(), max_size);
    BOOST_REQUIRE(out != nullptr);  // AFL++ ends if it is, whatever the size
    BOOST_REQUIRE_LE(size, max_size);
    BOOST_REQUIRE_EQUAL(size == 0, max_size == 0);
    return {out, out + size};
  }

 private:
  void* state_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(results_are_programs_of_whole_records) {
  const LengthLimit limit(nullptr);
  Mutator mutator(1);
  Bytes program{0};
  std::size_t changed = 0;
  for (int round = 0; round < 10000; ++round) {
    Bytes next = mutator.fuzz(program, afl_max_file);
    BOOST_REQUIRE_EQUAL(next.size() % record_size, 0);
    if (next != program) ++changed;
    program = std::move(next);
  }
  BOOST_TEST(changed > 8000U);
}

BOOST_AUTO_TEST_CASE(limits_are_kept_whatever_the_inputs_are) {
  const LengthLimit limit(nullptr);
  std::mt19937 random(1);
  Mutator mutator(2);
  for (const std::size_t max_size : {0U, 1U, 2U, 3U, 4U, 5U, 8U, 100U, 512U}) {
    for (int round = 0; round < 500; ++round) {
      Bytes other = random_bytes(random, random() % 1000);
      mutator.fuzz(random_bytes(random, random() % 1000), max_size, round % 2 == 0 ? nullptr : &other);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_limit_of_the_environment_is_kept) {
  const LengthLimit limit("100");
  std::mt19937 random(1);
  Mutator mutator(3);
  std::size_t longest = 0;
  for (int round = 0; round < 2000; ++round) {
    Bytes other = random_bytes(random, 300);
    longest = std::max(longest, mutator.fuzz(random_bytes(random, 300), afl_max_file, &other).size());
  }
  BOOST_TEST(longest <= 100U);
  BOOST_TEST(longest > 90U);
}

BOOST_AUTO_TEST_CASE(what_is_no_limit_is_none) {
  std::mt19937 random(1);
  const Bytes input = random_bytes(random, 2000);
  for (const char* const value : {"", "0", "none", "1000000"}) {
    const LengthLimit limit(value);
    Mutator mutator(4);
    std::size_t longest = 0;
    for (int round = 0; round < 100; ++round) longest = std::max(longest, mutator.fuzz(input, afl_max_file).size());
    BOOST_TEST(longest > 500U, "AFL_INPUT_LEN_MAX=" << value);
    BOOST_TEST(longest <= (2 * (max_operations + max_exceptions) + parameter_table.size()) * record_size);
  }
}

BOOST_AUTO_TEST_CASE(a_program_is_mixed_with_another_at_times) {
  const LengthLimit limit(nullptr);
  Mutator mutator(5);
  const Bytes stores(60, 0x01);
  Bytes loads(60, 0x17);
  int mixed = 0;
  for (int round = 0; round < 1000; ++round) {
    const Bytes result = mutator.fuzz(stores, afl_max_file, &loads);
    // A run of them, which mutation alone does not make.
    if (std::search_n(result.begin(), result.end(), 12, 0x17) != result.end()) ++mixed;
  }
  BOOST_TEST(mixed > 50);
  BOOST_TEST(mixed < 500);
}

BOOST_AUTO_TEST_CASE(empty_inputs_are_inputs) {
  const LengthLimit limit(nullptr);
  Mutator mutator(6);
  Bytes empty;
  for (int round = 0; round < 1000; ++round) BOOST_REQUIRE(!mutator.fuzz({}, 512, &empty).empty());
}

BOOST_AUTO_TEST_CASE(equal_seeds_make_equal_mutations) {
  const LengthLimit limit(nullptr);
  const auto make = [](unsigned seed) {
    Mutator mutator(seed);
    std::mt19937 random(1);
    Bytes program{0};
    for (int round = 0; round < 200; ++round) {
      Bytes other = random_bytes(random, 30);
      program = mutator.fuzz(program, 512, &other);
    }
    return program;
  };
  BOOST_TEST(make(7) == make(7));
  BOOST_TEST(make(7) != make(8));
}

BOOST_AUTO_TEST_CASE(mutators_do_not_disturb_each_other) {
  const LengthLimit limit(nullptr);
  Mutator alone(9);
  Mutator one(9);
  Mutator other(10);
  for (int round = 0; round < 100; ++round) {
    const Bytes expected = alone.fuzz({1, 2, 3, 4, 5, 6}, 512);
    const Bytes found = one.fuzz({1, 2, 3, 4, 5, 6}, 512);
    other.fuzz({1, 2, 3}, 512);
    BOOST_TEST(found == expected);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace shootdown
