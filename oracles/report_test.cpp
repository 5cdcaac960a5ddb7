#include "oracles/report.h"

#include <boost/test/unit_test.hpp>

using namespace shootdown;

namespace {

constexpr OracleId counts = OracleId::counts;
constexpr OracleId batch = OracleId::batch;
constexpr OracleId progress = OracleId::progress;

}  // namespace

BOOST_AUTO_TEST_SUITE(report)

BOOST_AUTO_TEST_CASE(only_the_first_violation_of_an_oracle_counts) {
  Report report;
  report.violate(counts, 7, 2, "{} apples, {} pears", 3, 4);
  report.violate(counts, 5, 1, "nothing");
  BOOST_TEST(report.broken().contains(counts));
  const Violation& violation = report.violation(counts);
  BOOST_TEST(violation.step == 7U);
  BOOST_TEST(violation.cpu == 2);
  BOOST_TEST(violation.fact() == "3 apples, 4 pears");
  BOOST_TEST(violation.form == "{} apples, {} pears");
  report.clear(OracleSet::all());
  BOOST_TEST(report.broken().empty());
}

BOOST_AUTO_TEST_CASE(the_earliest_is_first_and_of_those_the_one_that_is_listed_first) {
  Report report;
  report.violate(batch, 9, 0, "late");
  report.violate(progress, 7, 0, "early");
  report.violate(counts, 7, 0, "early");
  BOOST_TEST((report.first(OracleSet::all()) == counts));
  OracleSet some;
  some.insert(batch);
  some.insert(progress);
  BOOST_TEST((report.first(some) == progress));
  some.erase(progress);
  BOOST_TEST((report.first(some) == batch));
}

BOOST_AUTO_TEST_CASE(a_cause_is_first_only_if_nothing_came_of_it) {
  Report report;
  report.violate(OracleId::dirty_unmapped, 1, 0, "cause");
  BOOST_TEST((report.first(OracleSet::all()) == OracleId::dirty_unmapped));
  report.violate(progress, 9, 0, "effect");
  BOOST_TEST((report.first(OracleSet::all()) == progress));
  OracleSet others = OracleSet::all();
  others.erase(progress);
  BOOST_TEST((report.first(others) == OracleId::dirty_unmapped));
}

BOOST_AUTO_TEST_CASE(a_long_fact_is_cut) {
  Report report;
  report.violate(counts, 1, 0, "{:300}", 1);
  BOOST_TEST(report.violation(counts).fact() == std::string(256, ' '));
}

BOOST_AUTO_TEST_SUITE_END()
