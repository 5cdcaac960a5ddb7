// Work that is done by several processes.
#include "fuzz/scoreboard/workers.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "test/files.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(workers)

namespace {

using Results = std::map<std::size_t, std::string>;

Results results_of(std::size_t pieces, std::size_t processes) {
  const HeldSignals signals;
  Results results;
  const bool all =
      do_work({.pieces = pieces,
               .processes = processes,
               .work = [](std::size_t piece) { return std::string(piece, 'x'); },
               .done = [&](std::size_t piece,
                           const std::string& result) { BOOST_TEST(results.emplace(piece, result).second); }},
              signals);
  BOOST_TEST(all);
  BOOST_TEST(::waitpid(-1, nullptr, WNOHANG) == -1);  // nobody is left
  return results;
}

// What it throws when a piece of the work does this.
std::string failure_of(const std::function<void()>& bad) {
  const HeldSignals signals;
  std::string message = "no failure";
  const auto work = [&](std::size_t piece) {
    if (piece == 2) bad();
    return std::string();
  };
  try {
    do_work({.pieces = 5, .processes = 2, .work = work, .done = [](std::size_t, const std::string&) {}}, signals);
  } catch (const std::runtime_error& error) {
    message = error.what();
  }
  BOOST_TEST(::waitpid(-1, nullptr, WNOHANG) == -1);
  return message;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_piece_is_done_once_however_many_do_it) {
  const Results results = results_of(20, 1);
  BOOST_TEST(results.size() == 20U);
  BOOST_TEST(results.at(19) == std::string(19, 'x'));
  BOOST_TEST((results_of(20, 3) == results));
  BOOST_TEST((results_of(20, 50) == results));
  BOOST_TEST(results_of(0, 3).empty());
}

BOOST_AUTO_TEST_CASE(what_goes_wrong_is_thrown) {
  BOOST_TEST(failure_of([] { throw std::runtime_error("no luck"); }) == "no luck");
  BOOST_TEST(failure_of([] { std::_Exit(3); }) == "a process that was at work has ended: exited with status 3");
}

// In a process of its own, for in the end the signal comes to whom it was sent.
BOOST_AUTO_TEST_CASE(a_signal_ends_the_work) {
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    const HeldSignals signals;
    const auto work = [&](std::size_t piece) {
      while (piece == 1) std::this_thread::sleep_for(std::chrono::hours(1));  // it does not heed signals
      if (piece == 0) return std::string();
      while (!signals.came()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      folder.write("has cleaned up", "");
      return std::string();
    };
    std::size_t count = 0;
    const auto done = [&](std::size_t, const std::string&) {
      ++count;
      ::raise(SIGINT);
    };
    const bool all = do_work({.pieces = 3, .processes = 3, .work = work, .done = done}, signals);
    std::_Exit(!all && count == 1 && ::waitpid(-1, nullptr, WNOHANG) == -1 ? 0 : 1);
  }
  int status = 0;
  BOOST_TEST(::waitpid(child, &status, 0) == child);
  BOOST_TEST(status == 0);
  BOOST_TEST(std::filesystem::exists(folder.path("has cleaned up")));
}

BOOST_AUTO_TEST_SUITE_END()
