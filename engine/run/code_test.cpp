#include "engine/run/code.h"

#include <boost/test/unit_test.hpp>

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(code)

BOOST_AUTO_TEST_CASE(visible_code_lists_what_is_visible_or_what_is_not) {
  VisibleCode visible(VisibleCode::Listed::visible);
  VisibleCode invisible(VisibleCode::Listed::invisible);
  for (VisibleCode* const listed : {&visible, &invisible}) {
    BOOST_TEST(listed->list(1000));
    BOOST_TEST(!listed->list(1000));
  }
  BOOST_TEST(visible(1000));
  BOOST_TEST(!visible(999));
  BOOST_TEST(!visible(1'000'000));
  BOOST_TEST(!invisible(1000));
  BOOST_TEST(invisible(999));
  BOOST_TEST(invisible(1'000'000));
}

BOOST_AUTO_TEST_SUITE_END()
