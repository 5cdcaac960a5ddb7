// The framework itself is compiled here, so that it has the tests' C++ library and sanitizer, whatever these are.
#define BOOST_TEST_MODULE shootdown
#include <boost/test/included/unit_test.hpp>
