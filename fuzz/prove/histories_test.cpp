// What tells two pasts of a CPU apart, and what does not.
#include "fuzz/prove/histories.h"

#include <boost/test/unit_test.hpp>

#include "test/world.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(histories)

namespace {

struct Past {
  bool handles = false;  // an interrupt
  Histories histories;
  Arena arena;
  TestWorld world;

  explicit Past(bool forgets = true) : histories([this](int) { return handles; }, forgets) {
    histories.begin(arena, world);
  }

  template <typename E>
  void says(int cpu, const E& event) {
    histories.happened(EventView(0, cpu, event), world);
  }
};

// Whether a CPU that has announced the one knows something else than one that has announced the other.
template <typename E>
bool tells_apart(const E& one, const E& other) {
  Past first;
  Past second;
  first.says(0, one);
  second.says(0, other);
  return first.histories.of(0) != second.histories.of(0);
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_found_counts_if_it_is_looked_at) {
  using namespace event;
  BOOST_TEST(tells_apart(LookUpPage{.file = 0, .index = 1, .frame = 2}, LookUpPage{.file = 0, .index = 1, .frame = 3}));
  BOOST_TEST(tells_apart(ReadEntry{.page = 1, .entry = {1}}, ReadEntry{.page = 1, .entry = {3}}));
  BOOST_TEST(tells_apart(PutPage{.refcount = 0}, PutPage{.refcount = 1}));
  BOOST_TEST(!tells_apart(PutPage{.refcount = 1}, PutPage{.refcount = 2}));
  BOOST_TEST(tells_apart(UserAccess{.access = Access::fault}, UserAccess{.access = Access::hit}));
  BOOST_TEST(!tells_apart(UserAccess{.value = 1}, UserAccess{.value = 2}));
  BOOST_TEST(!tells_apart(TakeLock{.taken = 0, .holders = 1}, TakeLock{.taken = 0, .holders = 2}));
  BOOST_TEST(tells_apart(TakeLock{.taken = 0}, TakeLock{.taken = 1}));
  BOOST_TEST(!tells_apart(GetPage{.page = {.frame = 1, .file = 0}}, GetPage{.page = {.frame = 1, .file = 1}}));
  // It is told once more when the device returns.
  BOOST_TEST(tells_apart(DmaWord{.value = 1}, DmaWord{.value = 2}));
  BOOST_TEST(tells_apart(DmaWord{.page = {.frame = 1, .file = 0}}, DmaWord{.page = {.frame = 1, .file = 1}}));
}

BOOST_AUTO_TEST_CASE(each_cpu_has_its_own_until_its_next_operation) {
  using namespace event;
  Past past;
  past.says(0, OperationBegins{.operation = 3});
  const std::uint64_t begun = past.histories.of(0);
  const std::uint64_t other = past.histories.of(1);
  past.says(0, FlushTranslation{.page = 1});
  BOOST_TEST(past.histories.of(0) != begun);
  BOOST_TEST(past.histories.of(1) == other);
  past.says(0, OperationBegins{.operation = 3});
  BOOST_TEST(past.histories.of(0) == begun);
  past.says(0, OperationBegins{.operation = 4});
  BOOST_TEST(past.histories.of(0) != begun);
}

BOOST_AUTO_TEST_CASE(what_the_hardware_does_unasked_nobody_knows) {
  using namespace event;
  Past past;
  past.says(0, EvictTranslation{.owner = 1, .page = 0});
  past.says(0, FillTranslation{.owner = 1, .page = 0});
  past.says(0, WaitForFlush{.cpus = 1});
  BOOST_TEST(past.histories.of(0) == Past().histories.of(0));
}

// What an operation knows when this has happened in it.
std::uint64_t after(const auto&... events) {
  Past past;
  past.says(0, event::OperationBegins{.operation = 1});
  (past.says(0, events), ...);
  return past.histories.of(0);
}

BOOST_AUTO_TEST_CASE(what_no_code_looks_at_any_more_is_forgotten) {
  using namespace event;
  const ReadEntry one{.page = 1, .entry = {1}};
  const ReadEntry other{.page = 1, .entry = {3}};
  const UserAccess fault{.access = Access::fault};
  BOOST_TEST(after(one) != after(other));
  BOOST_TEST(after(one, fault) == after(other, fault));
  BOOST_TEST(after(fault, one) != after(fault));
  // In a gather, but not before it.
  BOOST_TEST(after(BeginGather{}, one) != after(BeginGather{}, other));
  BOOST_TEST(after(BeginGather{}, one, EndGather{}) == after(BeginGather{}, other, EndGather{}));
  BOOST_TEST(after(one, BeginGather{}, EndGather{}) != after(other, BeginGather{}, EndGather{}));
  // Of pages that have been saved, until the next is looked for; and all of them, when the fsync returns.
  const FindTagged next{.from = 1};
  BOOST_TEST(after(FsyncBegins{}, one, next) == after(FsyncBegins{}, other, next));
  BOOST_TEST(after(FsyncBegins{}, next, one) != after(FsyncBegins{}, next, other));
  BOOST_TEST(after(one, FsyncBegins{}, next) != after(other, FsyncBegins{}, next));
  BOOST_TEST(after(FsyncBegins{}, next, FsyncReturns{}) == after(FsyncBegins{}, FsyncReturns{}));
  BOOST_TEST(after(FsyncBegins{}, FsyncReturns{}) != after(FsyncBegins{}));
}

BOOST_AUTO_TEST_CASE(an_operation_knows_nothing_of_interrupts) {
  using namespace event;
  Past past;
  past.says(0, OperationBegins{.operation = 1});
  const std::uint64_t before = past.histories.of(0);
  past.handles = true;
  past.says(0, TakeInterrupt{.sender = 1});
  BOOST_TEST(past.histories.of(0) == before);
  const std::uint64_t begun = past.histories.of_handler(0);
  past.says(0, FlushTranslation{.page = 1});
  BOOST_TEST(past.histories.of_handler(0) != begun);
  past.says(0, TakeInterrupt{.sender = 1});
  BOOST_TEST(past.histories.of_handler(0) == begun);
  past.handles = false;
  past.says(0, FlushTranslation{.page = 1});
  BOOST_TEST(past.histories.of_handler(0) == 0U);
  BOOST_TEST(past.histories.of(0) != before);
}

BOOST_AUTO_TEST_CASE(it_can_be_told_to_forget_nothing) {
  using namespace event;
  Past forgets;
  Past keeps(false);
  for (Past* const past : {&forgets, &keeps}) past->says(0, OperationBegins{.operation = 1});
  const std::uint64_t begun = keeps.histories.of(0);
  for (Past* const past : {&forgets, &keeps}) {
    past->says(0, UserAccess{.value = 1});
    past->says(0, ReadEntry{});
    past->says(0, UserAccess{.value = 1});
  }
  BOOST_TEST(forgets.histories.of(0) != keeps.histories.of(0));
  forgets.histories.clear();
  keeps.histories.clear();
  BOOST_TEST(forgets.histories.of(0) == keeps.histories.of(0));
  BOOST_TEST(keeps.histories.of(0) != begun);
}

BOOST_AUTO_TEST_SUITE_END()
