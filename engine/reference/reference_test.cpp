#include "engine/reference/reference.h"

#include <boost/test/unit_test.hpp>
#include <memory>

using namespace shootdown;

namespace {

struct Fixture {
  explicit Fixture(std::uint16_t mapped = 1) {
    config.mapped = mapped;
    config.pages = 4;
    config.windows = 2;
    reference->reset(config);
  }
  MachineConfig config;
  std::unique_ptr<Reference> reference = std::make_unique<Reference>();
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(reference, Fixture)

BOOST_AUTO_TEST_CASE(a_store_is_seen_through_every_window) {
  reference->store(5, 1, 7);
  BOOST_TEST(reference->word(0, 1, 1) == 7U);
  BOOST_TEST(reference->mapped_word(1, 1) == 7U);
  BOOST_TEST(reference->mapped_word(5, 1) == 7U);
  BOOST_TEST(reference->mapped_word(5, 0) == 0U);
}

BOOST_AUTO_TEST_CASE(in_transition_both_ways_are_right_and_then_only_the_new_one) {
  BOOST_TEST(reference->may_access(0, 2));
  BOOST_TEST(!reference->may_refuse(0, 2));
  reference->begin_unmap(0, 2, 1);
  BOOST_TEST(reference->may_access(0, 2));
  BOOST_TEST(reference->may_refuse(0, 2));
  reference->end_unmap(0, 2, 1);
  BOOST_TEST(!reference->may_access(0, 2));
  BOOST_TEST(reference->may_refuse(0, 2));
  BOOST_TEST(!reference->may_refuse(0, 1));
  BOOST_TEST(!reference->may_refuse(0, 3));
  reference->map(0, 2, 1);
  BOOST_TEST(!reference->may_refuse(0, 2));
}

BOOST_AUTO_TEST_CASE(a_write_call_owes_durability_from_its_return_on) {
  reference->write(0, 1, 0, 5);
  BOOST_TEST(reference->word(0, 1, 0) == 5U);
  BOOST_TEST(reference->settled_word(0, 1, 0) == 0U);
  reference->write_returned(0, 1);
  BOOST_TEST(reference->settled_word(0, 1, 0) == 5U);
  reference->write(0, 1, 0, 6);
  reference->store(1, 0, 7);  // later than the write's word, and settled at once
  reference->write_returned(0, 1);
  BOOST_TEST(reference->settled_word(0, 1, 0) == 7U);
}

BOOST_AUTO_TEST_CASE(reset_forgets) {
  reference->store(0, 0, 3);
  reference->end_unmap(0, 0, 8);
  reference->reset(config);
  BOOST_TEST(reference->word(0, 0, 0) == 0U);
  BOOST_TEST(reference->settled_word(0, 0, 0) == 0U);
  BOOST_TEST(reference->may_access(0, 0));
  config.mapped = 0;
  reference->reset(config);
  BOOST_TEST(!reference->may_access(0, 0));
}

BOOST_AUTO_TEST_SUITE_END()
