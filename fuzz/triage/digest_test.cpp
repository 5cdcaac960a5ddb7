// The digest is what it says that it is: files are called by it.
#include "fuzz/triage/digest.h"

#include <string_view>

#include <boost/test/unit_test.hpp>

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(digest)

// From its authors' list.
BOOST_AUTO_TEST_CASE(known_digests) {
  BOOST_TEST(shootdown::digest("") == "cbf29ce484222325");
  BOOST_TEST(shootdown::digest("a") == "af63dc4c8601ec8c");
  BOOST_TEST(shootdown::digest("foobar") == "85944171f73967e8");
  BOOST_TEST(shootdown::digest(std::string_view("\xFF\x00\x00\x01", 4)) == "6961196491cc682d");
}

BOOST_AUTO_TEST_SUITE_END()
