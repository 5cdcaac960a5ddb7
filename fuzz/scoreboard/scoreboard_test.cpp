// Trials of planted mistakes: one that is detected, one that cannot be; and what is counted of them.
#include "fuzz/scoreboard/scoreboard.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "test/inputs.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(scoreboard)

namespace {

CorpusProgram program(std::string name, std::string_view text) {
  const std::string bytes = encoded(text);
  return {std::move(name), {bytes.begin(), bytes.end()}};
}

// Three programs: of them only the second reaches what "rss-counted-twice" does wrong.
ScoreboardSettings settings(std::size_t processes = 1) {
  return {.defects = {*find_defect("rss-counted-twice"), *find_defect("mkclean-result-dropped")},
          .corpus = {program("nothing", "shootdown 2\ncpu 0: exit\n"),
                     program("zap", "shootdown 2\ncpu 0: store page 0 word 0\ncpu 0: dontneed page 0\n"),
                     program("clean", "shootdown 2\nmachine mapped 0\ncpu 0: read page 0\n")},
          .runs = 240,
          .seeds = 3,
          .processes = processes};
}

Scoreboard keep(const ScoreboardSettings& settings) {
  const HeldSignals signals;
  std::size_t told = 0;
  Scoreboard board = keep_score(settings, signals, [&](std::size_t made, std::size_t all) {
    BOOST_TEST(made == ++told);
    BOOST_TEST(all == (settings.defects.size() + 1) * settings.seeds);
  });
  BOOST_TEST(told == (settings.defects.size() + 1) * settings.seeds);
  return board;
}

// The board of these settings, which several tests look at.
const Scoreboard& usual_board() {
  static const Scoreboard board = keep(settings());
  return board;
}

// All that must be the same each time.
std::vector<std::uint64_t> numbers_of(const Scoreboard& board) {
  std::vector<std::uint64_t> numbers;
  const auto add = [&](const Score& score) {
    numbers.insert(numbers.end(), score.left_out.begin(), score.left_out.end());
    for (const SearchResult& trial : score.trials) {
      const SearchCounts& counts = trial.counts;
      numbers.insert(numbers.end(),
                     {counts.runs, counts.reached, counts.triggered, counts.detected.run, counts.detected.engine,
                      static_cast<std::uint64_t>(counts.detected.oracle), counts.runs_without, counts.false_alarms});
    }
  };
  std::ranges::for_each(board.scores, add);
  add(board.without);
  return numbers;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_defect_is_detected_without_the_programs_that_show_it) {
  const ScoreboardSettings asked = settings();
  const Scoreboard& board = usual_board();
  BOOST_TEST(board.complete);
  BOOST_TEST_REQUIRE(board.scores.size() == 2U);
  const Score& score = board.scores[0];
  BOOST_TEST((std::ranges::find(score.left_out, 1U) != score.left_out.end()));
  BOOST_TEST(score.trials.size() == 3U);
  BOOST_TEST(score.detectable());
  BOOST_TEST(score.reached() == 3U);
  BOOST_TEST(score.triggered() == 3U);
  BOOST_TEST(score.detected() == 3U);
  BOOST_TEST(score.runs().median.has_value());
  BOOST_TEST(score.cpu_milliseconds().median.has_value());
  const std::size_t seeds = programs_of(asked, score, 1).corpus_size();
  BOOST_TEST(seeds == asked.corpus.size() - score.left_out.size());
  for (const SearchResult& trial : score.trials) {
    BOOST_TEST(trial.counts.runs > seeds * score.engines.size());
    BOOST_TEST(trial.counts.runs == trial.counts.detected.run);
    BOOST_TEST(oracle_name(trial.counts.detected.oracle) == "counts");
    BOOST_TEST(trial.counts.cpu_time != 0U);
  }
}

BOOST_AUTO_TEST_CASE(what_nothing_can_show_is_tried_and_not_detected) {
  const Scoreboard& board = usual_board();
  const Score& score = board.scores[1];
  BOOST_TEST(!score.detectable());
  BOOST_TEST(score.left_out.empty());
  BOOST_TEST(score.trials.size() == 3U);
  BOOST_TEST(score.detected() == 0U);
  BOOST_TEST(!score.runs().median.has_value());
  for (const SearchResult& trial : score.trials) BOOST_TEST(trial.counts.runs == 240U);
  BOOST_TEST(board.unexpected().empty());
  BOOST_TEST(board.share() == 1);  // it does not count
}

BOOST_AUTO_TEST_CASE(runs_without_a_mistake_are_counted_and_break_nothing) {
  const Scoreboard& board = usual_board();
  BOOST_TEST(board.without.trials.size() == 3U);
  for (const SearchResult& trial : board.without.trials) {
    BOOST_TEST(trial.counts.runs_without == 240U);
    BOOST_TEST(trial.counts.reached == 0U);
  }
  BOOST_TEST(board.runs_without() > 720U);  // and those that mistakes are compared with
  BOOST_TEST(board.false_alarms() == 0U);
}

BOOST_AUTO_TEST_CASE(however_many_processes_it_comes_to_the_same) {
  const std::vector<std::uint64_t> numbers = numbers_of(usual_board());
  BOOST_TEST(numbers_of(keep(settings(3))) == numbers, boost::test_tools::per_element());
  ScoreboardSettings other = settings(1);
  other.runs = 250;
  BOOST_TEST((numbers_of(keep(other)) != numbers));
}

BOOST_AUTO_TEST_CASE(if_all_programs_show_it_a_trial_begins_from_nothing) {
  ScoreboardSettings asked = settings();
  asked.corpus.erase(asked.corpus.begin() + 2);
  asked.corpus.erase(asked.corpus.begin());
  const Score score = keep(asked).scores[0];
  BOOST_TEST(score.left_out.size() == 1U);
  BOOST_TEST(programs_of(asked, score, 1).corpus_size() == 0U);
  BOOST_TEST(score.detected() == 3U);
}

BOOST_AUTO_TEST_CASE(curves_are_counted_from_the_trials) {
  const Scoreboard& board = usual_board();
  BOOST_TEST(board.whole_seeds() == 3U);
  for (std::size_t seed = 1; seed <= 3; ++seed) {
    const std::uint64_t run = board.scores[0].trials[seed - 1].counts.runs;
    BOOST_TEST(board.detected_within(run - 1, seed) == 0U);
    BOOST_TEST(board.detected_within(run, seed) == 1U);
    BOOST_TEST(board.detected_within(240, seed) == 1U);
  }
}

BOOST_AUTO_TEST_CASE(a_signal_leaves_what_there_is) {
  const pid_t child = ::fork();
  if (child == 0) {
    const HeldSignals signals;
    const Scoreboard board = keep_score(settings(), signals, [](std::size_t made, std::size_t) {
      if (made == 4) ::raise(SIGINT);
    });
    // Three trials are those of the first seed; the fourth is of the second.
    const bool right = !board.complete && board.whole_seeds() == 1 && board.scores[0].trials.size() == 2;
    std::_Exit(right ? 0 : 1);
  }
  int status = 0;
  BOOST_TEST(::waitpid(child, &status, 0) == child);
  BOOST_TEST(status == 0);
}

BOOST_AUTO_TEST_SUITE_END()
