// Pieces that are done in several processes, and what becomes of those that fail.
#include "fuzz/check/crew.h"

#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "fuzz/triage/message.h"
#include "test/output.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(crew)

BOOST_AUTO_TEST_CASE(a_piece_that_fails_is_told_from_the_others) {
  const File file(std::tmpfile());
  Output out(file.get());
  const HeldSignals signals;
  Crew crew(2, signals, out);
  std::vector<Answer> answers(4);
  CrewWork work{.pieces = answers.size()};
  work.serve = [](std::string_view request) {
    const auto piece = taken_from<std::size_t>(request);
    if (piece == 1) std::abort();
    return "piece " + std::to_string(piece);
  };
  work.work = [](std::size_t piece, Isolation& isolation) { return packed(ask(isolation, as_bytes(piece))); };
  work.done = [&](std::size_t piece, std::string_view result) { answers[piece] = unpacked(result); };
  BOOST_TEST(crew.work("pieces", work));
  BOOST_TEST(answers[0].reply == "piece 0");
  BOOST_TEST(answers[1].has_failed());
  BOOST_TEST(contains(answers[1].failure, "signal 6"), answers[1].failure);
  BOOST_TEST(!answers[2].has_failed());
  BOOST_TEST(answers[3].reply == "piece 3");
  BOOST_TEST(contents(file.get()).empty());  // nobody looks
}

BOOST_AUTO_TEST_CASE(results_come_in_the_order_of_the_pieces) {
  const File file(std::tmpfile());
  Output out(file.get());
  const HeldSignals signals;
  Crew crew(2, signals, out);
  std::vector<std::size_t> told;
  CrewWork work{.pieces = 6};
  work.serve = [](std::string_view request) { return std::string(request); };
  work.work = [](std::size_t piece, Isolation& /*isolation*/) {
    if (piece == 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return std::to_string(piece);
  };
  work.done = [&](std::size_t piece, std::string_view result) {
    BOOST_TEST(result == std::to_string(piece));
    told.push_back(piece);
  };
  BOOST_TEST(crew.work("pieces", work));
  BOOST_TEST(told == (std::vector<std::size_t>{0, 1, 2, 3, 4, 5}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(pieces_share_the_time_that_is_left) {
  const CheckClock::time_point end = CheckClock::now() + std::chrono::hours(10);
  const auto hours = [&](std::size_t piece, std::size_t pieces, std::size_t processes) {
    return seconds_until(end_of_piece(piece, pieces, processes, end)) / 3600;
  };
  BOOST_TEST(hours(0, 10, 1) == 1, boost::test_tools::tolerance(0.01));
  BOOST_TEST(hours(0, 10, 2) == 2, boost::test_tools::tolerance(0.01));
  BOOST_TEST(hours(8, 10, 1) == 5, boost::test_tools::tolerance(0.01));
  BOOST_TEST(hours(9, 10, 4) == 10, boost::test_tools::tolerance(0.01));  // the last cannot be shared
  BOOST_TEST(seconds_until(CheckClock::now() - std::chrono::hours(1)) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
