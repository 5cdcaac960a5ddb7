// Places that nobody may use: who tries is refused, until what was there is thrown away.
#include "engine/kernel/memory_failure.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <vector>

#include "engine/zap/engines.h"
#include "test/programs.h"
#include "test/right_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(memory_failure)

namespace {

std::size_t poisoned(const Recorder& run) {
  const std::vector<event::SetEntry> set = run.all<event::SetEntry>();
  return static_cast<std::size_t>(std::ranges::count_if(set, [](const auto& s) { return s.entry.poisoned(); }));
}

ProgramBuilder anonymous(int pages) {
  ProgramBuilder builder;
  return builder.operation(0, Call::mmap_anonymous, 0, pages);
}

}  // namespace

BOOST_AUTO_TEST_CASE(who_uses_a_poisoned_place_is_refused_until_it_is_zapped) {
  ProgramBuilder builder = anonymous(1);
  builder.operation(0, Call::poison, 0, 1).operation(0, Call::load, 0, 0).operation(1, Call::store, 0, 0);
  const RightRun run(builder.operation(0, Call::dontneed, 0, 1).operation(0, Call::load, 0, 0));
  BOOST_TEST(run.count<event::RefuseAccess>() == 2U);
  BOOST_TEST(run.loaded() == std::vector<Fact>{0}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(poisoning_stops_at_the_first_page) {
  const RightRun run(anonymous(2).operation(0, Call::store, 0, 0).operation(0, Call::poison, 0, 2));
  BOOST_TEST(poisoned(run) == 0U);
}

BOOST_AUTO_TEST_CASE(only_anonymous_memory_of_one_mapping_is_poisoned) {
  const RightRun run(anonymous(1).operation(0, Call::poison, 0, 2).operation(0, Call::poison, 1, 1));
  BOOST_TEST(poisoned(run) == 0U);
}

BOOST_AUTO_TEST_CASE(a_clean_page_of_a_file_is_dropped_and_read_in_again) {
  ProgramBuilder builder;
  builder.operation(0, Call::store, 0, 0).operation(1, Call::load, 0, 0).operation(0, Call::fsync, 0, 1);
  const RightRun run(builder.operation(0, Call::hwpoison, 0, 1).operation(1, Call::load, 0, 0));
  BOOST_TEST(poisoned(run) == 0U);
  BOOST_TEST(run.count<event::ReadFromDisk>() == 2U);
  BOOST_TEST(run.loaded() == (std::vector<Fact>{1, 1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_dirty_page_of_a_file_stays) {
  ProgramBuilder builder;
  const RightRun run(builder.operation(0, Call::store, 0, 0).operation(0, Call::hwpoison, 0, 1));
  BOOST_TEST(poisoned(run) == 0U);
  BOOST_TEST(run.count<event::ReadFromDisk>() == 1U);
}

BOOST_AUTO_TEST_CASE(an_anonymous_page_that_fails_is_lost_and_not_counted) {
  ProgramBuilder builder = anonymous(1);
  builder.operation(0, Call::store, 0, 0).operation(0, Call::hwpoison, 0, 1).operation(1, Call::load, 0, 0);
  const RightRun run(builder.operation(0, Call::munmap, 0, 1));
  BOOST_TEST(poisoned(run) == 1U);
  BOOST_TEST(run.count<event::RefuseAccess>() == 1U);
  BOOST_TEST(run.count<event::QueuePage>() == 0U);
  BOOST_TEST(run.count<event::FreePage>() == 1U);
}

BOOST_AUTO_TEST_CASE(a_copy_that_has_failed_stays_so_when_the_page_behind_it_goes) {
  ProgramBuilder builder;
  builder.operation(0, Call::mmap_private, 0, 1).operation(0, Call::store, 0, 0).operation(0, Call::hwpoison, 0, 1);
  const RightRun run(builder.operation(0, Call::invalidate, 0, 1).operation(0, Call::load, 0, 0));
  BOOST_TEST(run.count<event::RefuseAccess>() == 1U);
  BOOST_TEST(run.loaded().empty());
}

BOOST_AUTO_TEST_SUITE_END()
