// What a failure says of itself. The replay as a whole is tested in run_command_test.cpp.
#include "fuzz/triage/isolated_replay.h"

#include <string>

#include <boost/test/unit_test.hpp>

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(isolated_replay)

namespace {

std::string message_of(const std::string& output) {
  return failure_message({.end = "killed by signal 6 (Aborted)", .output = output});
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_most_telling_line_is_the_message) {
  BOOST_TEST(message_of("") == "killed by signal 6 (Aborted)");
  BOOST_TEST(message_of("\n\n  ") == "killed by signal 6 (Aborted)");
  BOOST_TEST(message_of("shootdown: internal error: engine/a.cpp:12: check failed: x\nmore\n") ==
             "engine/a.cpp:12: check failed: x");
  BOOST_TEST(message_of("=====\n==7==ERROR: AddressSanitizer: ...\n    #0 0x55 in f\nSUMMARY: AddressSanitizer: "
                        "heap-use-after-free a.cpp:3:5 in f\n==7==ABORTING\n") ==
             "AddressSanitizer: heap-use-after-free a.cpp:3:5 in f");
  BOOST_TEST(message_of("\na.h:3: T &f(): Assertion 'x' failed.\nmore") == "a.h:3: T &f(): Assertion 'x' failed.");
  BOOST_TEST(message_of("shootdown: internal error: cut off") == "cut off");
}

BOOST_AUTO_TEST_CASE(of_what_took_too_long_that_is_the_message) {
  BOOST_TEST(failure_message({.timed_out = true, .end = "took longer than 3 s", .output = "SUMMARY: x\n"}) ==
             "took longer than 3 s");
}

BOOST_AUTO_TEST_SUITE_END()
