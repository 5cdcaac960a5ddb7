// What is said of a page's life is what the events say, whichever program and engine it is.
#include "fuzz/explain/life.h"

#include <string>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include "engine/zap/engines.h"
#include "fuzz/explain/scene.h"
#include "fuzz/language/text.h"
#include "test/documents.h"
#include "test/samples.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(life)

namespace {

Program program_of(const std::string& text) {
  const auto parsed = parse(text);
  BOOST_REQUIRE(std::holds_alternative<Document>(parsed));
  return std::get<Document>(parsed).program;
}

// Holds what events say of the page that a scene follows against its states.
class Comparison {
 public:
  explicit Comparison(const Scene& scene) : scene_(scene) {}

  // Returns how much was compared.
  std::size_t compare() {
    for (std::size_t i = 0; i < scene_.trace().events().size(); ++i) {
      event_ = i;
      visit_event(scene_.trace().events()[i], [&](const auto& event) { on(event); });
    }
    return compared_;
  }

 private:
  template <typename E>
  void on(const E& /*event*/) {}
  void on(const event::UserAccess& access) {
    const auto place = place_of(access.mm, access.page);
    if (access.access == Access::fault || !place || state().frame != access.frame) return;
    check(state().memory && state().memory->at(access.word) == access.value, "memory");
    const Translation& held = state().tlbs.at(scene_.trace().events()[event_].cpu);
    check(held.held && held.entry.frame() == access.frame, "TLB");
  }
  void on(const event::SetEntry& set) { check_entry(set.mm, set.page, set.entry); }
  void on(const event::ClearEntry& clear) { check_entry(clear.mm, clear.page, {}); }
  void on(const event::FlushTranslation& flush) {
    if (flush.page == no_fact) check(!state().tlbs.at(scene_.trace().events()[event_].cpu).held, "flushed TLB");
  }
  void on(const event::SetDirty& set) { check_flag(set.page, PG_dirty, true); }
  void on(const event::ClearDirty& clear) { check_flag(clear.page, PG_dirty, false); }
  void on(const event::SetWriteback& set) { check_flag(set.page, PG_writeback, true); }
  void on(const event::AddRmap& add) { check_count(add.page, &PageState::mapcount, add.mapcount); }
  void on(const event::RemoveRmap& remove) { check_count(remove.page, &PageState::mapcount, remove.mapcount); }
  void on(const event::GetPage& get) { check_count(get.page, &PageState::refcount, get.refcount); }
  void on(const event::WriteToDisk& write) {
    if (write.page.file != scene_.followed()->file || write.page.index != scene_.followed()->index) return;
    check(state().disk && state().disk->at(write.word) == write.value, "disk");
  }

  const PageState& state() const { return life_state(); }
  const PageState& life_state() const {
    return scene_.state_at({.kind = StoryLine::Kind::step, .text = {}, .event = event_});
  }
  std::optional<std::size_t> place_of(Fact mm, Fact page) const {
    const auto& places = scene_.followed()->shown_at;
    const auto found = std::ranges::find(places, VirtualPage{mm, page});
    return found == places.end() ? std::nullopt : std::optional<std::size_t>(found - places.begin());
  }
  void check_entry(Fact mm, Fact page, EntryFact entry) {
    if (const auto place = place_of(mm, page)) check(state().entries.at(*place) == entry.bits, "entry");
  }
  void check_flag(const PageFact& page, PageFlag flag, bool set) {
    if (page.frame == state().frame) check(state().test(flag) == set, "flag");
  }
  void check_count(const PageFact& page, std::int32_t PageState::* count, std::int32_t value) {
    if (page.frame == state().frame) check(state().*count == value, "count");
  }
  void check(bool right, std::string_view what) {
    ++compared_;
    if (!right)
      BOOST_ERROR(
          fmt::format("{} at event {} on {}\n{}", what, event_, scene_.engine().name(), print(scene_.program())));
  }

  const Scene& scene_;
  std::size_t event_ = 0;
  std::size_t compared_ = 0;
};

}  // namespace

// Programs of the corpus that are short enough, on every engine.
BOOST_AUTO_TEST_CASE(states_are_what_events_say) {
  std::size_t compared = 0;
  for (const std::string& story : sampled_stories()) {
    const Program program = program_of(contents_of(story));
    if (program.machine.pages > 64) continue;
    for (const Engine* const engine : all_engines()) {
      if (!engine->refusal(program).empty()) continue;
      const Scene scene(*engine, program, {});
      if (scene.followed()) compared += Comparison(scene).compare();
    }
  }
  BOOST_TEST(compared > 1000U);
}

// The lost write: memory and disk part when CPU 0 stores through a translation that the page table has no more.
BOOST_AUTO_TEST_CASE(a_lost_write_is_seen) {
  const Program program = program_of(contents_of("corpus/lost-write-simple.program"));
  const Scene scene(*find_engine("eager_dirty"), program, {});
  BOOST_REQUIRE(scene.followed().has_value());
  BOOST_TEST(name_of(*scene.followed(), program.machine) == "page 0 of file 0, shown at virtual page 0");
  bool seen = false;
  bool was_to_be_saved = false;
  for (const StoryLine& line : scene.story()) {
    if (line.kind != StoryLine::Kind::step) continue;
    const PageState& state = scene.state_at(line);
    was_to_be_saved = was_to_be_saved || state.is_to_be_saved();
    if (line.text != "store page 0: TLB hit, writes 2 to frame 0 (stale: the pte is gone)") continue;
    seen = true;
    BOOST_TEST(state.memory->front() == 2U);
    BOOST_TEST(state.disk->front() == 1U);
    BOOST_TEST(state.promised->front() == 2U);
    BOOST_TEST(state.entries.front() == 0U);
    BOOST_TEST(state.tlbs[0].held);
    BOOST_TEST(state.tlbs[0].stale);
    BOOST_TEST(!state.tlbs[0].freed);
    BOOST_TEST(!state.tlbs[1].held);
    BOOST_TEST(!state.is_to_be_saved());
    BOOST_TEST(state.mapcount == 0);
  }
  BOOST_TEST(seen);
  BOOST_TEST(was_to_be_saved);
}

// Between the bit's being cleared and the write the page is locked: that is no loss.
BOOST_AUTO_TEST_CASE(who_is_about_to_write_the_page_knows) {
  const Program program =
      program_of("shootdown 2\nmachine pages 1, words 1\ncpu 0: store page 0 word 0\ncpu 0: fsync page 0\n");
  const Scene scene(*find_engine("delayed_rmap"), program, {});
  for (const StoryLine& line : scene.story()) {
    const PageState& state = scene.state_at(line);
    if (state.memory && state.promised && state.disk && *state.disk != *state.promised && state.cached)
      BOOST_TEST(state.is_to_be_saved(), line.text);
  }
}

// Until then it has what was left there.
BOOST_AUTO_TEST_CASE(what_is_in_a_frame_counts_when_it_has_been_read_in) {
  const Program program = program_of("shootdown 2\nmachine pages 1, words 1\ncpu 0: load page 0 word 0\n");
  const Scene scene(*find_engine("delayed_rmap"), program, {});
  bool is_cached = false;
  bool is_there = false;
  for (const StoryLine& line : scene.story()) {
    if (line.kind != StoryLine::Kind::step) continue;
    const PageState& state = scene.state_at(line);
    is_cached = is_cached || (state.cached && !state.memory);
    is_there = is_there || state.memory;
    BOOST_TEST(state.memory.has_value() == (state.frame != no_fact && state.test(PG_uptodate)), line.text);
  }
  BOOST_TEST(is_cached);
  BOOST_TEST(is_there);
}

// What an address space has of its own: where it is saved is swap space.
BOOST_AUTO_TEST_CASE(memory_of_no_file_is_followed_into_swap_space) {
  const Program program = program_of(
      "shootdown 2\nmachine pages 1, words 1, cpus 1\ncpu 0: mmap_anonymous page 0\ncpu 0: store page 0 word 0\n"
      "cpu 0: pageout page 0\ncpu 0: load page 0 word 0\n");
  const Scene scene(*find_engine("delayed_rmap"), program, {});
  BOOST_REQUIRE(scene.followed().has_value());
  BOOST_TEST(!scene.followed()->is_of_file());
  bool swapped = false;
  for (const StoryLine& line : scene.story()) {
    const PageState& state = scene.state_at(line);
    if (!EntryFact{state.entries.front()}.swapped()) continue;
    swapped = true;
    BOOST_TEST(state.promised->front() == 1U);
  }
  BOOST_TEST(swapped);
}

BOOST_AUTO_TEST_SUITE_END()
