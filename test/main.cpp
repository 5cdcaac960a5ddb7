// The framework itself is compiled here, so that it has the tests' C++ library and sanitizer, whatever these are.
#define BOOST_TEST_MODULE shootdown
#include <boost/test/included/unit_test.hpp>

#include <cstdlib>

namespace {

// Signals are left to the sanitizers, who know more. And a test may start a process that dies of one: to catch it
// there would be to go on with the other tests, twice. Boost.Test looks at this before main.
const bool signals_are_left_alone = ::setenv("BOOST_TEST_CATCH_SYSTEM_ERRORS", "no", 0) == 0;

}  // namespace
