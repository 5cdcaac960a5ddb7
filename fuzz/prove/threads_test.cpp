// Threads that work together.
#include "fuzz/prove/threads.h"

#include <atomic>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <vector>

#include <boost/test/unit_test.hpp>

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(threads)

BOOST_AUTO_TEST_CASE(each_does_its_part_on_a_thread_of_its_own) {
  Threads threads(3);
  BOOST_TEST(threads.size() == 3);
  std::vector<std::thread::id> first(3);
  threads.work_together([&](int i) { first[static_cast<std::size_t>(i)] = std::this_thread::get_id(); });
  BOOST_TEST((first[0] == std::this_thread::get_id()));
  BOOST_TEST((first[1] != first[0] && first[2] != first[0] && first[1] != first[2]));
  for (int times = 0; times < 100; ++times) {
    std::atomic<int> same = 0;
    threads.work_together(
        [&](int i) { same += first[static_cast<std::size_t>(i)] == std::this_thread::get_id() ? 1 : 0; });
    BOOST_TEST(same == 3);
  }
}

BOOST_AUTO_TEST_CASE(who_is_alone_needs_no_thread) {
  Threads threads(1);
  std::thread::id thread;
  threads.work_together([&](int i) {
    BOOST_TEST(i == 0);
    thread = std::this_thread::get_id();
  });
  BOOST_TEST((thread == std::this_thread::get_id()));
}

BOOST_AUTO_TEST_CASE(what_goes_wrong_is_thrown_when_all_are_done) {
  Threads threads(3);
  for (int bad = 0; bad < 3; ++bad) {
    std::atomic<int> done = 0;
    const auto work = [&](int i) {
      if (i == bad) throw std::runtime_error("no luck");
      ++done;
    };
    const auto is_said = [](const std::runtime_error& error) { return std::string_view(error.what()) == "no luck"; };
    BOOST_CHECK_EXCEPTION(threads.work_together(work), std::runtime_error, is_said);
    BOOST_TEST(done == 2);
  }
  std::atomic<int> done = 0;
  threads.work_together([&](int /*i*/) { ++done; });
  BOOST_TEST(done == 3);
}

BOOST_AUTO_TEST_SUITE_END()
