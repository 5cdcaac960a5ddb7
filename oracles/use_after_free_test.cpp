#include "oracles/use_after_free.h"

#include <boost/test/unit_test.hpp>
#include <string>
#include <utility>

#include "test/hand_made_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(use_after_free)

namespace {

constexpr OracleId id = OracleId::use_after_free;
constexpr TextFact function{.kind = TextFact::Kind::function, .number = 3};

}  // namespace

BOOST_AUTO_TEST_CASE(silent_when_pages_are_freed_and_not_used) {
  HandMadeRun run;
  const PageFact page{.frame = run.world.add_page(0, 0).facts.page.frame};
  run.happens(0, event::FreePage{.page = page, .refcount = 0, .mapcount = 0, .entries = 0});
  run.happens(0, event::AllocatePage{.frame = page.frame});
  BOOST_TEST(!run.breaks(id));
}

BOOST_AUTO_TEST_CASE(says_who_uses_what) {
  using enum event::UseFreed::How;
  const std::pair<event::UseFreed, std::string> facts[] = {
      {{.how = touches, .function = function, .frame = no_fact}, "mas_walk touches an object that has been freed"},
      {{.how = touches, .function = function, .frame = 5}, "mas_walk touches what is in page frame 5, which is free"},
      {{.how = walks, .function = function, .frame = no_fact}, "mas_walk comes to a page table that has been freed"},
      {{.how = frees, .function = function, .frame = no_fact}, "mas_walk frees an object that has been freed"},
      {{.how = frees, .function = function, .frame = 5}, "mas_walk frees page frame 5, which is free"}};
  HandMadeRun run;
  run.world.texts = {{function, "mas_walk"}};
  for (const auto& [event, fact] : facts) {
    run.begin();
    run.happens(1, event);
    BOOST_TEST(run.fact(id) == fact);
  }
}

BOOST_AUTO_TEST_SUITE_END()
