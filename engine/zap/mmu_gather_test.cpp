// The gather at its edges: bundles, batches, limits, failing allocations, chunks.
#include "engine/zap/mmu_gather.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <vector>

#include "engine/zap/engines.h"
#include "test/programs.h"
#include "test/recorder.h"
#include "test/right_run.h"
#include "test/samples.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(mmu_gather)

namespace {

struct Notes {
  int gathers = 0;
  int queued = 0;
  int flagged = 0;
  int flushes = 0;
  unsigned batches = 0;
  unsigned fullest = 0;
  std::vector<unsigned> chunks;
};

// What gathers did.
Notes notes_of(const Recorder& run) {
  Notes notes;
  notes.gathers = static_cast<int>(run.all<event::BeginGather>().size());
  notes.flushes = static_cast<int>(run.all<event::FlushGather>().size());
  for (const auto& page : run.all<event::QueuePage>()) {
    ++notes.queued;
    if (page.flags != 0) ++notes.flagged;
    notes.batches = std::max(notes.batches, page.batches);
    notes.fullest = std::max(notes.fullest, page.queued);
  }
  for (const auto& chunk : run.all<event::ReleasePages>()) notes.chunks.push_back(chunk.count);
  return notes;
}

// Stores to `pages` pages and unmaps them, then notes what happened on the deferred engine; the eager one must only
// hold. Everything that happens later happens to an mm without pages.
Notes unmap(int pages, ProgramBuilder builder, Call how = Call::munmap, const std::vector<Exception>& exceptions = {}) {
  builder.machine(&MachineConfig::pages, pages).machine(&MachineConfig::cpus, 1);
  builder.operation(0, Call::touch, 0, pages).operation(0, how, 0, pages);
  for (const Exception& exception : exceptions) builder.exception(exception);
  // Large, and used hundreds of times.
  static TestBench eager(*find_engine("eager_dirty"));
  static Recorder recorder;
  static TestBench deferred(*find_engine("deferred_dirty"), &recorder);
  BOOST_TEST((eager.run(builder) == Outcome::completed));
  BOOST_TEST(eager.holds());

  BOOST_TEST((deferred.run(builder) == Outcome::completed));
  OracleSet allowed;
  allowed.insert(OracleId::filesystem_contract);
  BOOST_TEST((deferred.report().broken() - allowed).empty());
  Notes notes = notes_of(recorder);
  BOOST_TEST(notes.queued == pages);
  BOOST_TEST(notes.flagged == pages);
  return notes;
}

ProgramBuilder limits(int bundle, int batch, int count, int cap = 512) {
  ProgramBuilder builder;
  builder.machine(&MachineConfig::bundle, bundle).machine(&MachineConfig::batch, batch);
  return builder.machine(&MachineConfig::batch_count, count).machine(&MachineConfig::free_cap, cap);
}

std::vector<unsigned> sizes(std::initializer_list<unsigned> list) {
  return list;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_defaults_are_the_kernels) {
  const MachineConfig config;
  BOOST_TEST(MmuGather::max_batch(config) == 510U);
  BOOST_TEST(MmuGather::max_batch_count(config) == 19U);
  MachineConfig large;
  large.page_shift = 16;
  BOOST_TEST(MmuGather::max_batch(large) == 8190U);
  BOOST_TEST(MmuGather::max_batch_count(large) == 1U);
}

BOOST_AUTO_TEST_CASE(flags_round_trip_through_an_encoded_page) {
  std::vector<Page> pages(5);
  for (Page& page : pages) {
    for (unsigned flags = 0; flags <= encoded_page_bits; ++flags) {
      const EncodedPage encoded(&page, flags);
      BOOST_TEST(encoded.page() == &page);
      BOOST_TEST(encoded.flags() == flags);
      BOOST_TEST(encoded.bits() - flags == reinterpret_cast<std::uintptr_t>(&page));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_single_page_stays_in_the_bundle) {
  const Notes notes = unmap(1, ProgramBuilder());
  BOOST_TEST(notes.batches == 0U);
  BOOST_TEST(notes.chunks == sizes({1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_bundle_of_eight_overflows_into_a_batch) {
  BOOST_TEST(unmap(7, ProgramBuilder()).batches == 0U);
  // The batch is allocated when the bundle is full, not when the next page comes; 8 pages leave it empty.
  const Notes full = unmap(8, ProgramBuilder());
  BOOST_TEST(full.chunks == sizes({8}), boost::test_tools::per_element());
  const Notes over = unmap(9, ProgramBuilder());
  BOOST_TEST(over.batches == 1U);
  BOOST_TEST(over.chunks == sizes({8, 1}), boost::test_tools::per_element());
  BOOST_TEST(over.flushes == 1);
}

BOOST_AUTO_TEST_CASE(batches_are_chained_up_to_their_limit_and_then_a_flush_is_forced) {
  // Room for 2 + 2 * 3 = 8 pages; the ninth to sixteenth come after a flush, in the same batches.
  const Notes notes = unmap(17, limits(2, 3, 2));
  BOOST_TEST(notes.batches == 2U);
  BOOST_TEST(notes.fullest == 3U);
  BOOST_TEST(notes.chunks == sizes({2, 3, 3, 2, 3, 3, 1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(every_size_around_the_edges_releases_everything_once) {
  for (int pages = 1; pages <= 30; pages += one_in) {
    for (const int bundle : {1, 2, 8}) {
      for (const int batch : {1, 2, 5}) {
        for (const int count : {1, 2, 3}) unmap(pages, limits(bundle, batch, count));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_failing_allocation_forces_a_flush_and_the_zap_goes_on) {
  // All allocations fail: only the bundle is left.
  const std::vector<Exception> all(5, Exception{.kind = Exception::Kind::fail});
  const Notes without = unmap(7, limits(3, 4, 5), Call::munmap, all);
  BOOST_TEST(without.batches == 0U);
  BOOST_TEST(without.chunks == sizes({3, 3, 1}), boost::test_tools::per_element());
  // The second one fails: the first batch is kept for the next round.
  const Exception second{.kind = Exception::Kind::fail, .event = kind_of<event::AllocateBatch>, .after = 1};
  const Notes one = unmap(9, limits(3, 4, 5), Call::munmap, {second});
  BOOST_TEST(one.batches == 1U);
  BOOST_TEST(one.chunks == sizes({3, 4, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(pages_are_released_in_chunks_of_the_free_cap) {
  BOOST_TEST(unmap(12, limits(8, 100, 1, 3)).chunks == sizes({3, 3, 2, 3, 1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(with_large_pages_a_batch_is_released_in_chunks_of_512) {
  ProgramBuilder builder;
  builder.machine(&MachineConfig::page_shift, 16);
  BOOST_TEST(unmap(1024, builder).chunks == sizes({8, 512, 504}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(with_small_pages_a_batch_of_510_is_followed_by_another) {
  // A page table has 512 entries: the flush comes after both, because munmap has one gather for all.
  BOOST_TEST(unmap(1024, ProgramBuilder()).chunks == sizes({8, 510, 506}), boost::test_tools::per_element());
}

// --- ranges ---

namespace {

// Zaps the pages of a file whose folios have two pages, at once; then what each batch held, and the chunks that were released,
// in the order in which that was.
Notes unmap_pairs(int pages, ProgramBuilder builder) {
  builder.machine(&MachineConfig::pages, pages).machine(&MachineConfig::cpus, 1);
  builder.machine(&MachineConfig::folio_order, 1).operation(0, Call::touch, 0, pages);
  const Notes notes = notes_of(RightRun(builder.operation(0, Call::munmap, 0, pages), delayed_rmap_ranges()));
  unsigned released = 0;
  for (const unsigned chunk : notes.chunks) released += chunk;
  BOOST_TEST(released == static_cast<unsigned>(notes.queued));
  return notes;
}

}  // namespace

BOOST_AUTO_TEST_CASE(pages_of_a_folio_take_a_pointer_and_a_number) {
  const Notes notes = unmap_pairs(5, ProgramBuilder());
  BOOST_TEST(notes.queued == 3);
  BOOST_TEST(notes.fullest == 5U);
  BOOST_TEST(notes.chunks == sizes({3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_batch_is_full_while_a_number_would_still_have_room) {
  // Of eight entries four pairs; of five, two: the fifth is left.
  BOOST_TEST(unmap_pairs(8, ProgramBuilder()).fullest == 8U);
  BOOST_TEST(unmap_pairs(20, limits(5, 5, 3)).fullest == 4U);
  // And where one has room for one alone, it gets room for the number.
  BOOST_TEST(unmap_pairs(4, limits(1, 1, 1)).fullest == 2U);
}

BOOST_AUTO_TEST_CASE(a_chunk_does_not_end_before_a_number) {
  BOOST_TEST(unmap_pairs(8, limits(8, 8, 1, 1)).chunks == sizes({1, 1, 1, 1}), boost::test_tools::per_element());
  BOOST_TEST(unmap_pairs(8, limits(8, 8, 1, 3)).chunks == sizes({2, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(ranges_of_every_size_around_the_edges_are_released_once) {
  for (int pages = 1; pages <= 24; pages += one_in) {
    for (const int bundle : {1, 2, 8}) {
      for (const int batch : {1, 2, 5}) {
        for (const int count : {1, 3}) {
          for (const int cap : {1, 2, 512}) unmap_pairs(pages, limits(bundle, batch, count, cap));
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(page_tables_are_zapped_one_after_the_other) {
  ProgramBuilder builder;
  builder.machine(&MachineConfig::table_shift, 2);
  for (const Call how : {Call::munmap, Call::dontneed, Call::exit}) unmap(11, builder, how);
}

BOOST_AUTO_TEST_CASE(the_full_mm_case_releases_everything_too) {
  const Notes notes = unmap(9, ProgramBuilder(), Call::exit);
  BOOST_TEST(notes.gathers == 1);
  BOOST_TEST(notes.chunks == sizes({8, 1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
