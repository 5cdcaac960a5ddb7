#include "oracles/report.h"

#include <boost/test/unit_test.hpp>

using namespace shootdown;

namespace {

struct EmptyFindings {
  static constexpr OracleId counts = OracleId::counts;
  static constexpr OracleId batch = OracleId::batch;
  static constexpr OracleId progress = OracleId::progress;

  Arena arena;
  Findings findings{arena, OracleSet::all()};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(report, EmptyFindings)

BOOST_AUTO_TEST_CASE(only_the_first_violation_of_an_oracle_counts) {
  BOOST_TEST(findings.report().broken().empty());
  findings.violate(counts, 7, 2, "{} apples, {} pears", 3, 4);
  findings.violate(counts, 5, 1, "nothing");
  const Report report = findings.report();
  BOOST_TEST(report.broken().contains(counts));
  const Violation& violation = report.violation(counts);
  BOOST_TEST(violation.step == 7U);
  BOOST_TEST(violation.cpu == 2);
  BOOST_TEST(violation.fact() == "3 apples, 4 pears");
  BOOST_TEST(violation.form == "{} apples, {} pears");
}

BOOST_AUTO_TEST_CASE(the_earliest_is_first_and_of_those_the_one_that_is_listed_first) {
  findings.violate(batch, 9, 0, "late");
  findings.violate(progress, 7, 0, "early");
  findings.violate(counts, 7, 0, "early");
  BOOST_TEST((findings.report().first(OracleSet::all()) == counts));
  OracleSet some;
  some.insert(batch);
  some.insert(progress);
  BOOST_TEST((findings.report().first(some) == progress));
  some.erase(progress);
  BOOST_TEST((findings.report().first(some) == batch));
}

BOOST_AUTO_TEST_CASE(a_cause_is_first_only_if_nothing_came_of_it) {
  findings.violate(OracleId::dirty_unmapped, 1, 0, "cause");
  BOOST_TEST((findings.report().first(OracleSet::all()) == OracleId::dirty_unmapped));
  findings.violate(progress, 9, 0, "effect");
  BOOST_TEST((findings.report().first(OracleSet::all()) == progress));
  OracleSet others = OracleSet::all();
  others.erase(progress);
  BOOST_TEST((findings.report().first(others) == OracleId::dirty_unmapped));
}

BOOST_AUTO_TEST_CASE(words_of_a_kernel_tell_kinds_apart) {
  findings.violate_in_words(counts, 1, 0, "{} costs {}", "{pear}", 5);
  const Report report = findings.report();
  BOOST_TEST(report.violation(counts).kind() == "{{pear}} costs {}");
  BOOST_TEST(report.violation(counts).fact() == "{pear} costs 5");
}

BOOST_AUTO_TEST_CASE(numbers_are_told_as_they_are) {
  findings.violate(counts, 1, 0, "{} {} {} {}", -1, 0xFFFFFFFFU, std::uint64_t{1} << 62U, std::uint8_t{7});
  BOOST_TEST(findings.report().violation(counts).fact() == "-1 4294967295 4611686018427387904 7");
}

BOOST_AUTO_TEST_SUITE_END()
