// Writeback: what says that a page is to be written.
#include "engine/kernel/writeback.h"

#include <boost/test/unit_test.hpp>
#include <string>

#include "test/programs.h"
#include "test/right_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(writeback)

namespace {

std::size_t words_of_pages(std::size_t pages) {
  return pages * MachineConfig().words;
}

}  // namespace

BOOST_AUTO_TEST_CASE(buffers_become_dirty_with_their_page_and_clean_behind_it) {
  const RightRun run(ProgramBuilder().operation(0, Call::store, 0, 0).operation(0, Call::fsync, 0, 1));
  std::string order;
  for (const AnyEvent& event : run.events()) {
    if (event.is<event::ClearDirty>()) order += "page ";
    if (event.is<event::CleanBuffers>()) order += "buffers ";
    if (event.is<event::SetWriteback>()) order += "writeback ";
  }
  BOOST_TEST(order == "page buffers writeback ");
  for (const auto& clean : run.all<event::CleanBuffers>()) {
    BOOST_TEST(clean.was == (clean.was | PG_buffers | PG_buffers_dirty));
    BOOST_TEST((clean.was & PG_dirty) == 0U);
  }
  for (const auto& strip : run.all<event::StripBuffers>()) BOOST_TEST((strip.was & PG_buffers_dirty) == 0U);
}

BOOST_AUTO_TEST_CASE(where_no_buffers_are_kept_none_are_cleaned) {
  const RightRun run(ProgramBuilder()
                         .machine(&MachineConfig::buffers, 0)
                         .operation(0, Call::store, 0, 0)
                         .operation(0, Call::fsync, 0, 1));
  BOOST_TEST(run.all<event::CleanBuffers>().empty());
  BOOST_TEST(run.all<event::WriteToDisk>().size() == words_of_pages(1));
}

// The page that is cut off is dirty, and so are its buffers.
BOOST_AUTO_TEST_CASE(truncation_cleans_buffers_and_they_take_the_page_with_them) {
  const RightRun run(ProgramBuilder().operation(0, Call::store, 1, 0).operation(0, Call::truncate, 0));
  BOOST_TEST(run.all<event::ClearDirty>().empty());
  const auto strips = run.all<event::StripBuffers>();
  BOOST_TEST_REQUIRE(strips.size() == 1U);
  BOOST_TEST((strips[0].was & (PG_dirty | PG_buffers | PG_buffers_dirty)) == (PG_dirty | PG_buffers));
}

BOOST_AUTO_TEST_SUITE_END()
