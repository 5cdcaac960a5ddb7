// The life of a page in a run: what page table, TLBs, page cache and disk have of it
// after each event, and what the program was promised.
//
// Everything is read from the world at the moment at which it is so; the promise is the
// reference's, which follows the same events. Whatever a kernel is, it is asked for
// the same facts.
//
// Of swap space a world does not say what is in it: that is followed by the events.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "engine/events/observer.h"
#include "fuzz/explain/followed_page.h"
#include "fuzz/trace/trace.h"

namespace shootdown {

// The words of a page; none: there is nothing.
using Words = std::optional<std::array<Fact, max_words>>;

// What a CPU's TLB holds of a page.
struct Translation {
  bool held = false;
  EntryFact entry;
  bool stale = false;  // it allows what the page table does not
  bool freed = false;  // the frame has been freed since

  bool operator==(const Translation& other) const {
    return held == other.held && entry.bits == other.entry.bits && stale == other.stale && freed == other.freed;
  }
};

// How it stands with a page.
struct PageState {
  Fact frame = no_fact;       // that holds it, or held it last; none: none has yet
  bool cached = false;        // it is in the page cache, or swap cache
  bool cleaning = false;      // who has made it clean is about to write it
  std::vector<Fact> entries;  // the bits of the entries, of each place where it is shown
  std::array<Translation, max_cpus> tlbs{};
  Fact flags = 0;
  std::int32_t refcount = 0;
  std::int32_t mapcount = 0;
  Words memory;  // of the frame, once it has been read in, until it is freed
  Words disk;    // or swap space
  Words promised;

  bool operator==(const PageState&) const = default;

  bool test(PageFlag flag) const { return (flags & flag) != 0; }
  // Whether something the kernel will look at says that the page has to be saved, or it is being saved.
  bool is_to_be_saved() const;
};

// A trace that also follows a page.
class Life final : public Observer {
 public:
  Life(std::size_t limit, FollowedPage followed) : trace_(limit), followed_(std::move(followed)) {}

  EventSet watches() const override { return EventSet::all(); }
  void begin(Arena& arena, const World& world) override;
  void happened(const EventView& view, const World& world) override;

  const Trace& trace() const { return trace_; }
  // After an event, by its place in the trace.
  const PageState& after(std::size_t event) const;

 private:
  struct Witness;

  PageState look(const World& world) const;
  void find_frame(const World& world);
  Translation find_translation(const World& world, int cpu) const;
  Words promise(const World& world) const;
  Words saved(const World& world) const;
  void follow(const EventView& view);

  Trace trace_;
  FollowedPage followed_;
  Witness* witness_ = nullptr;  // in the run's arena
  Fact frame_ = no_fact;        // that held the page last
  Fact pages_ = 1;              // of its folio
  bool freed_ = false;          // and has been freed since
  bool cleaning_ = false;       // PG_dirty has been cleared, and the page has not been unlocked since
  Words swapped_;               // what swap space got of it last
  // Each state, and the number of events before it.
  struct Since {
    std::size_t event = 0;
    PageState state;
  };
  std::vector<Since> states_;
};

}  // namespace shootdown
