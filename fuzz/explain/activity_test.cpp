#include "fuzz/explain/activity.h"

#include <string_view>
#include <variant>

#include <boost/test/unit_test.hpp>

#include "engine/zap/engines.h"
#include "fuzz/explain/scene.h"
#include "fuzz/language/text.h"
#include "test/documents.h"
#include "test/explained_story.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(activity)

BOOST_AUTO_TEST_CASE(locks_are_held_until_they_are_dropped) {
  const ExplainedStory story("eager_dirty", contents_of("corpus/lost-write-simple.program"));
  const std::vector<AnyEvent>& events = story.scene.trace().events();
  const std::vector<HeldLock> locks = held_locks(story.scene.trace());
  BOOST_TEST(!locks.empty());
  for (const HeldLock& held : locks) {
    BOOST_TEST(events[held.span.begin].is<event::TakeLock>());
    BOOST_REQUIRE(held.span.end.has_value());
    const AnyEvent& end = events[*held.span.end];
    BOOST_TEST((end.is<event::DropLock>() || end.is<event::DowngradeLock>()));
    BOOST_TEST(end.cpu == held.cpu);
  }
}

BOOST_AUTO_TEST_CASE(interrupts_go_from_sender_to_receiver) {
  const ExplainedStory story("eager_dirty", contents_of("corpus/lost-write-simple.program"));
  const std::vector<Interrupt> sent = interrupts(story.scene.trace());
  BOOST_REQUIRE(sent.size() == 2U);
  const std::vector<AnyEvent>& events = story.scene.trace().events();
  for (const Interrupt& interrupt : sent) {
    BOOST_TEST(interrupt.from == 1);
    BOOST_TEST(interrupt.to == 0);
    BOOST_REQUIRE(interrupt.span.end.has_value());
    BOOST_TEST(events[interrupt.span.begin].is<event::SendInterrupt>());
    BOOST_TEST(events[*interrupt.span.end].is<event::TakeInterrupt>());
    BOOST_TEST(events[*interrupt.span.end].cpu == 0);
  }
}

BOOST_AUTO_TEST_CASE(who_waits_in_vain_is_found) {
  const ExplainedStory story("deferred_dirty_locked", contents_of("corpus/invalidate-unmaps-a-locked-page.program"));
  BOOST_TEST((story.scene.result().outcome == Outcome::deadlock));
  const std::vector<StuckCpu> stuck = stuck_cpus(story.scene.trace());
  BOOST_REQUIRE(stuck.size() == 1U);
  BOOST_TEST(stuck[0].cpu == 1);
  BOOST_TEST((stuck[0].lock.kind == LockClass::page));
  BOOST_TEST(stuck[0].lock.number == 1U);
  BOOST_TEST((stuck[0].holders == std::vector<int>{1}));
  // That page is the one that is followed.
  BOOST_TEST(story.scene.followed()->index == 1U);
  BOOST_TEST(
      stuck_cpus(
          ExplainedStory("delayed_rmap", contents_of("corpus/invalidate-unmaps-a-locked-page.program")).scene.trace())
          .empty());
}

BOOST_AUTO_TEST_SUITE_END()
