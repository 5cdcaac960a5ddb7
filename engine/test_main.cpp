#define BOOST_TEST_MODULE shootdown
#include <boost/test/unit_test.hpp>
