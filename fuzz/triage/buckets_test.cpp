// Facts without their numbers, and the table of buckets.
#include "fuzz/triage/buckets.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <boost/test/unit_test.hpp>

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(buckets)

namespace {

Buckets::Kind kind(std::size_t rank, std::string engine, std::string oracle, std::string fact) {
  const std::string see = "shootdown run --engine " + engine;
  return {.rank = rank, .engine = std::move(engine), .oracle = std::move(oracle), .fact = std::move(fact), .see = see};
}

std::size_t widest_line(std::string_view text) {
  std::size_t widest = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    widest = std::max(widest, end - begin);
    begin = end + 1;
  }
  return widest;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_format_becomes_a_fact) {
  BOOST_TEST(fact_of_format("page {} of file {} is {:#x}").compare("page N of file N is N") == 0);
  BOOST_TEST(fact_of_format("{}") == "N");
  BOOST_TEST(fact_of_format("") == "");
  BOOST_TEST(fact_of_format("{{{}}} of 512") == "{N} of 512");
}

BOOST_AUTO_TEST_CASE(what_differs_between_processes_leaves_a_message) {
  BOOST_TEST(fact_of_message("AddressSanitizer: SEGV on unknown address 0x7ffd01aB (pc 0x55)") ==
             "AddressSanitizer: SEGV on unknown address 0xN (pc 0xN)");
  BOOST_TEST(fact_of_message("==1234==ERROR: a == b") == "==N==ERROR: a == b");
  // These are the same in every process, and different for different bugs.
  for (const std::string_view same :
       {"engine/kernel/mm.cpp:12: check failed: x == 0", "heap-use-after-free a.cpp:3:5 in f",
        "SEGV (shootdown+0x12ab) in f", "took longer than 30 s", "0x", "==", ""})
    BOOST_TEST(fact_of_message(same) == same);
}

BOOST_AUTO_TEST_CASE(files_of_one_kind_share_a_bucket) {
  Buckets buckets;
  BOOST_TEST(buckets.empty());
  const std::size_t first = buckets.add(kind(0, "a", "counts", "x"), {.path = "1", .size = 1});
  BOOST_TEST(buckets.add(kind(0, "a", "counts", "x"), {.path = "2", .size = 1}) == first);
  BOOST_TEST(buckets.add(kind(0, "a", "counts", "y"), {.path = "2", .size = 1}) != first);
  BOOST_TEST(buckets.add(kind(0, "a", "batch", "x"), {.path = "2", .size = 1}) != first);
  BOOST_TEST(buckets.add(kind(1, "b", "counts", "x"), {.path = "2", .size = 1}) != first);
  BOOST_TEST(buckets.size() == 4U);
}

BOOST_AUTO_TEST_CASE(the_table_has_the_largest_bucket_first_and_the_smallest_file) {
  Buckets buckets;
  buckets.add(kind(1, "other", "batch", "fact one"), {.path = "1", .size = 5});
  const std::size_t large = buckets.add(kind(1, "other", "counts", "fact two"), {.path = "2 3", .size = 9});
  buckets.add_to(large, {.path = "4", .size = 1});
  buckets.add_to(large, {.path = "5", .size = 1});
  buckets.add(kind(0, "one", "stale-access", "fact three"), {.path = "it's", .size = 7});
  const std::string expected =
      "#  files  engine  oracle        fact\n"
      "1      3  other   counts        fact two\n"
      "2      1  one     stale-access  fact three\n"
      "3      1  other   batch         fact one\n"
      "\n"
      "The smallest file of each:\n"
      "\n"
      "#1, 1 byte:\n"
      "  shootdown run --engine other 4\n"
      "\n"
      "#2, 7 bytes:\n"
      "  shootdown run --engine one 'it'\\''s'\n"
      "\n"
      "#3, 5 bytes:\n"
      "  shootdown run --engine other 1\n";
  BOOST_TEST(buckets.render(100, false) == expected);
  BOOST_TEST(buckets.render(100, true) == expected +
                                              "\nfiles of #1:\n  2 3\n  4\n  5\n"
                                              "\nfiles of #2:\n  it's\n"
                                              "\nfiles of #3:\n  1\n");
}

BOOST_AUTO_TEST_CASE(long_facts_are_wrapped) {
  Buckets buckets;
  const std::string fact =
      "fsync by cpu N returns, but the disk has N in page N word N of file N, where N had been written";
  buckets.add(kind(0, "deferred_dirty", "page-cache-contents", fact + fact), {.path = "x", .size = 1});
  buckets.add(kind(0, "deferred_dirty", "internal error", std::string(300, 'x')), {.path = "x", .size = 1});
  const std::string text = buckets.render(100, false);
  BOOST_TEST(widest_line(text) <= 100U);
  BOOST_TEST(widest_line(text) > 90U);
}

BOOST_AUTO_TEST_SUITE_END()
