#include "oracles/encoded_pointer.h"

#include <boost/test/unit_test.hpp>

#include "test/hand_made_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(encoded_pointer)

namespace {

constexpr OracleId id = OracleId::encoded_pointer;

event::EncodePage encode(Fact offset, Fact flags) {
  return {
      .page = {offset}, .flags = flags, .encoded = {offset | flags}, .decoded_page = {offset}, .decoded_flags = flags};
}

std::string fact_of(const event::EncodePage& event) {
  HandMadeRun run;
  run.happens(0, event);
  return run.fact(id);
}
std::string fact_of_release(Fact offset) {
  HandMadeRun run;
  run.happens(0, event::ReleasePage{.pointer = {offset}});
  return run.fact(id);
}
bool may_be_queued(Fact offset) {
  HandMadeRun run;
  run.happens(0, event::QueuePage{.pointer = {offset}});
  return !run.breaks(id);
}

}  // namespace

BOOST_AUTO_TEST_CASE(silent_for_every_flag_of_every_page) {
  HandMadeRun run;
  for (Fact flags = 0; flags <= 3; ++flags) {
    for (Fact frame = 0; frame < run.world.array_length; ++frame)
      run.happens(0, encode(frame * run.world.stride, flags));
  }
  BOOST_TEST(run.holds());
}

BOOST_AUTO_TEST_CASE(fires_for_pointers_without_room_for_flags) {
  BOOST_TEST(fact_of(encode(0x1c2, 1)) == "the address of a page has its low bits set: 0x1c2");
  BOOST_TEST(fact_of(encode(0x1c0, 4)) == "flags 0x4 do not fit in the low bits of a pointer");
}

BOOST_AUTO_TEST_CASE(fires_when_encoding_changes_anything_else) {
  for (const Fact wrong : {0x1c0U, 0x1c2U, 0x201U, 0xFFFFFFFFU}) {
    event::EncodePage event = encode(0x1c0, 1);
    event.encoded = {wrong};
    BOOST_TEST(fact_of(event) == "a page encoded with flags 0x1 is not its address plus the flags");
  }
}

BOOST_AUTO_TEST_CASE(fires_when_decoding_gives_something_else) {
  event::EncodePage event = encode(0x1c0, 1);
  event.decoded_page = {0x200};
  BOOST_TEST(fact_of(event) == "a page encoded with flags 0x1 decodes to another pointer");
  event = encode(0x1c0, 1);
  event.decoded_flags = 2;
  BOOST_TEST(fact_of(event) == "flags 0x1 decode to 0x2");
}

BOOST_AUTO_TEST_CASE(what_is_queued_points_to_a_page_whatever_its_flags) {
  BOOST_TEST(may_be_queued(0x1c0));
  BOOST_TEST(may_be_queued(0x1c3));
  BOOST_TEST(!may_be_queued(0x1c4));
  BOOST_TEST(may_be_queued(4095 * 64 + 1));
  BOOST_TEST(!may_be_queued(4096 * 64));
  BOOST_TEST(!may_be_queued(0U - 64));
}

BOOST_AUTO_TEST_CASE(what_is_released_is_a_plain_pointer_to_a_page) {
  BOOST_TEST(fact_of_release(0x1c0).empty());
  BOOST_TEST(fact_of_release(0x1c1) == "page frame 7 is released through a pointer that still carries flags 0x1");
  BOOST_TEST(fact_of_release(0x1c4) == "an entry that does not point to a page is released");
  BOOST_TEST(fact_of_release(4096 * 64) == "an entry that does not point to a page is released");
}

BOOST_AUTO_TEST_SUITE_END()
