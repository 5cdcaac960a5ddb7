// Large folios: which pages are one, and what is done to all of one.
#include "engine/kernel/filemap.h"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <utility>
#include <vector>

#include "test/programs.h"
#include "test/right_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(filemap)

namespace {

ProgramBuilder file_of(int pages, int folio_order) {
  ProgramBuilder builder;
  builder.machine(&MachineConfig::cpus, 1).machine(&MachineConfig::pages, pages);
  return builder.machine(&MachineConfig::words, 1).machine(&MachineConfig::folio_order, folio_order);
}

// The numbers of pages of which a folio was added to the page cache, and the index of the first.
std::vector<std::pair<Fact, Fact>> folios_added(const Recorder& run) {
  std::vector<std::pair<Fact, Fact>> folios;
  for (const auto& add : run.all<event::AddToPageCache>()) {
    if (add.added != 0) folios.emplace_back(add.page.index, add.page.pages);
  }
  return folios;
}

using Folios = std::vector<std::pair<Fact, Fact>>;

// The file pages that were written to the disk, before the run came to its end.
std::vector<Fact> written(const Recorder& run) {
  std::vector<Fact> pages;
  for (const auto& write : run.all<event::WriteToDisk>()) pages.push_back(write.page.index);
  return pages;
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_page_is_a_folio_of_its_own_unless_the_machine_says_otherwise) {
  const RightRun run(file_of(3, 0).operation(0, Call::touch, 0, 3));
  BOOST_TEST((folios_added(run) == Folios{{0, 1}, {1, 1}, {2, 1}}));
}

BOOST_AUTO_TEST_CASE(a_folio_begins_at_a_multiple_of_its_size_and_what_does_not_fill_one_is_alone) {
  const RightRun run(
      file_of(7, 2).operation(0, Call::read, 6).operation(0, Call::read, 3).operation(0, Call::touch, 0, 7));
  BOOST_TEST((folios_added(run) == Folios{{6, 1}, {0, 4}, {4, 1}, {5, 1}}));
}

// Nothing here splits one.
BOOST_AUTO_TEST_CASE(a_file_that_could_be_cut_in_the_middle_of_a_folio_has_none) {
  const RightRun run(file_of(4, 2).operation(0, Call::touch, 0, 4).operation(0, Call::truncate, 2));
  BOOST_TEST(folios_added(run).size() == 4U);
}

BOOST_AUTO_TEST_CASE(pages_of_a_folio_are_saved_together) {
  const RightRun run(file_of(5, 1).operation(0, Call::store, 1).operation(0, Call::fsync, 0, 1));
  BOOST_TEST((written(run) == std::vector<Fact>{0, 1}));
  // From its middle on, and then the next.
  const RightRun middle(file_of(5, 1).operation(0, Call::touch, 0, 5).operation(0, Call::fsync, 1, 2));
  BOOST_TEST((written(middle) == std::vector<Fact>{0, 1, 2, 3, 4}));
  BOOST_TEST(middle.count<event::SetWriteback>() == 3U);
}

BOOST_AUTO_TEST_CASE(each_of_its_pages_keeps_what_was_stored_there) {
  const RightRun run(file_of(4, 2)
                         .operation(0, Call::touch, 0, 4)
                         .operation(0, Call::munmap, 0, 4)
                         .operation(0, Call::fsync, 3, 1)
                         .operation(0, Call::fadvise, 0, 4)
                         .operation(0, Call::mmap, 0, 4)
                         .operation(0, Call::load, 2)
                         .operation(0, Call::load, 0));
  BOOST_TEST((run.loaded() == std::vector<Fact>{3, 1}));
  BOOST_TEST(folios_added(run).size() == 2U);  // it was dropped, and read in again
}

BOOST_AUTO_TEST_CASE(fadvise_spares_a_folio_that_is_not_all_in_its_range_and_invalidate_does_not) {
  const auto drops = [](Call call, int first, int count) {
    const RightRun run(
        file_of(4, 1).operation(0, Call::read, 0).operation(0, Call::read, 2).operation(0, call, first, count));
    std::vector<Fact> dropped;
    for (const auto& remove : run.all<event::RemoveFromPageCache>()) dropped.push_back(remove.page.index);
    // The last two are dropped when the run ends, if they are not before.
    return dropped;
  };
  BOOST_TEST((drops(Call::fadvise, 1, 3) == std::vector<Fact>{2, 0}));
  BOOST_TEST((drops(Call::fadvise, 2, 1) == std::vector<Fact>{0, 2}));
  BOOST_TEST((drops(Call::invalidate, 3, 1) == std::vector<Fact>{2, 0}));
  BOOST_TEST((drops(Call::reclaim, 3, 1) == std::vector<Fact>{2, 0}));
}

BOOST_AUTO_TEST_CASE(a_folio_looks_mapped_as_long_as_one_page_of_it_is) {
  const RightRun run(
      file_of(2, 1).operation(0, Call::touch, 0, 2).operation(0, Call::munmap, 0, 1).operation(0, Call::fsync, 0, 1));
  std::vector<std::int32_t> seen;
  for (const auto& read : run.all<event::ReadMapcount>()) {
    if (read.for_mkclean != 0) seen.push_back(read.mapcount);
  }
  BOOST_REQUIRE(!seen.empty());
  BOOST_TEST(seen.front() == 1);
}

BOOST_AUTO_TEST_CASE(a_folio_moves_as_a_whole) {
  const RightRun run(
      file_of(4, 2).operation(0, Call::touch, 0, 4).operation(0, Call::migrate, 2, 1).operation(0, Call::load, 3));
  const auto replaced = run.all<event::ReplaceInPageCache>();
  BOOST_REQUIRE(replaced.size() == 1U);
  BOOST_TEST(replaced[0].page.pages == 4U);
  BOOST_TEST(run.count<event::MoveWord>() == 4U);
  BOOST_TEST((run.loaded() == std::vector<Fact>{4}));
}

BOOST_AUTO_TEST_CASE(a_folio_is_reclaimed_as_a_whole_and_unmapped_from_wherever_it_is) {
  ProgramBuilder builder = file_of(4, 1);
  builder.machine(&MachineConfig::windows, 2).operation(0, Call::load, 0).operation(0, Call::load, 1);
  builder.operation(0, Call::load, 5);  // page 1 by the other window
  builder.operation(0, Call::kswapd, 0, 1).operation(0, Call::kswapd, 0, 1).operation(0, Call::kswapd, 0, 1);
  const RightRun run(builder);
  const auto dropped = run.all<event::RemoveFromPageCache>();
  BOOST_REQUIRE(dropped.size() == 1U);
  BOOST_TEST(dropped[0].page.pages == 2U);
  BOOST_TEST(run.count<event::RemoveRmap>() == 3U);
  BOOST_TEST(run.count<event::ClearEntry>() == 3U);
}

BOOST_AUTO_TEST_CASE(where_no_large_folio_can_be_had_or_has_room_a_small_one_does) {
  ProgramBuilder builder = file_of(4, 1);
  builder.operation(0, Call::read, 1).exception({.kind = Exception::Kind::fail});
  builder.operation(0, Call::read, 0).operation(0, Call::read, 2);
  const RightRun run(builder);
  BOOST_TEST((folios_added(run) == Folios{{1, 1}, {0, 1}, {2, 2}}));
}

BOOST_AUTO_TEST_SUITE_END()
