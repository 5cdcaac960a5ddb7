#include "oracles/oracles.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <string>

#include "engine/events/event.h"
#include "oracles/headers.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(oracles)

BOOST_AUTO_TEST_CASE(the_list_is_in_the_order_of_the_ids_and_names_follow_from_them) {
  const std::string ids[] = {
#define ORACLE(Class, id, name, guarantee) #id,
#include "oracles/oracles.def"
#undef ORACLE
  };
  BOOST_TEST_REQUIRE(all_oracles().size() == oracle_count);
  for (std::size_t i = 0; i < oracle_count; ++i) {
    const OracleInfo& oracle = all_oracles()[i];
    BOOST_TEST(static_cast<std::size_t>(oracle.id) == i);
    std::string name = ids[i];
    std::replace(name.begin(), name.end(), '_', '-');
    BOOST_TEST(oracle.name == name);
    BOOST_TEST(oracle_name(oracle.id) == name);
    BOOST_TEST(find_oracle(name) == &oracle);
  }
  BOOST_TEST(find_oracle("no-such-oracle") == nullptr);
}

BOOST_AUTO_TEST_CASE(claims_are_all_but_the_exceptions) {
  BOOST_TEST((claims({}) == OracleSet::all()));
  const NotClaimed exceptions[] = {{.oracle = "counts", .why = ""}, {.oracle = "batch", .why = ""}};
  OracleSet expected = OracleSet::all();
  expected.erase(OracleId::counts);
  expected.erase(OracleId::batch);
  BOOST_TEST((claims(exceptions) == expected));
}

BOOST_AUTO_TEST_CASE(who_misses_an_event_does_not_judge) {
  BOOST_TEST((judged_with(EventSet::all()) == OracleSet::all()));
  BOOST_TEST(judged_with(EventSet()).empty());

  OracleSet expected;
  expected.insert(OracleId::progress);
  expected.insert(OracleId::lost_dirty_data);
  EventSet sent = EventSet::of(EventList<event::RunBegins, event::RunEnds, event::PutPage, event::RemoveFromPageCache,
                                         event::BeginDiscard, event::EndDiscard>{});
  BOOST_TEST((judged_with(sent) == expected));
}

BOOST_AUTO_TEST_CASE(who_compares_with_the_reference_needs_what_the_reference_needs) {
  EventSet sent = StaleAccess::watched;
  BOOST_TEST(judged_with(sent).empty());
  sent = sent | EventSet::of(EventList<event::WriteWord, event::WriteReturns, event::InsertMapping>{});
  BOOST_TEST(judged_with(sent).empty());
  sent = sent | EventSet::of(
                    EventList<event::OperationBegins, event::RemoveFromPageCache, event::BeginGather, event::ClearEntry,
                              event::SetEntry, event::FlushGather, event::BeginZap, event::EndZap, event::CopyWord,
                              event::FreeLazily, event::Fork, event::WriteToSwap, event::ReadFromSwap, event::MoveWord,
                              event::SetFileSize, event::BeginDiscard, event::EndDiscard, event::WriteToDisk,
                              event::PinBegins, event::DmaWord, event::DmaReturns>{});
  BOOST_TEST(judged_with(sent).empty());
  sent.insert(kind_of<event::BeginUnmap>);
  BOOST_TEST(judged_with(sent).contains(OracleId::stale_access));
}

BOOST_AUTO_TEST_SUITE_END()
