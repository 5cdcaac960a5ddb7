// Places at the edges of symbols, and where there are none. The names of the kernel itself are checked by ci/check-traces.
#include "engine/linux/symbols.h"

#include <array>
#include <string_view>

#include <boost/test/unit_test.hpp>

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(symbols)

namespace {

constexpr std::array<linux_symbol, 3> table{{{16, "first"}, {48, "second"}, {64, "third"}}};

std::string_view name(const linux_symbol* symbol) {
  return symbol == nullptr ? "none" : symbol->name;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_place_belongs_to_the_last_symbol_before_it) {
  BOOST_TEST(name(symbol_at(table, 0)) == "none");
  BOOST_TEST(name(symbol_at(table, 15)) == "none");
  BOOST_TEST(name(symbol_at(table, 16)) == "first");
  BOOST_TEST(name(symbol_at(table, 47)) == "first");
  BOOST_TEST(name(symbol_at(table, 48)) == "second");
  BOOST_TEST(name(symbol_at(table, 1000)) == "third");
  BOOST_TEST(name(symbol_at({}, 16)) == "none");
}

// A call may be the last instruction of its function.
BOOST_AUTO_TEST_CASE(a_call_is_of_the_function_that_it_stands_in) {
  BOOST_TEST(name(function_at(table, 0)) == "none");
  BOOST_TEST(name(function_at(table, 16)) == "none");
  BOOST_TEST(name(function_at(table, 17)) == "first");
  BOOST_TEST(name(function_at(table, 48)) == "first");
  BOOST_TEST(name(function_at(table, 49)) == "second");
}

BOOST_AUTO_TEST_SUITE_END()
