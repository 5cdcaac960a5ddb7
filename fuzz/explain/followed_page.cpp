#include "fuzz/explain/followed_page.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "engine/events/touches.h"

namespace shootdown {

namespace {

using FilePage = std::pair<Fact, Fact>;  // file, index

// The number behind a phrase in a fact, if the phrase is in it and not just the end of a longer one.
std::optional<Fact> number_behind(std::string_view fact, std::string_view phrase, std::string_view unless = {}) {
  for (std::size_t at = fact.find(phrase); at != std::string_view::npos; at = fact.find(phrase, at + 1)) {
    if (!unless.empty() && fact.substr(0, at).ends_with(unless)) continue;
    const std::string_view digits = fact.substr(at + phrase.size());
    Fact number = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), number).ec == std::errc()) return number;
  }
  return {};
}

// What a fact, or an event, says of a page.
struct Clue {
  std::optional<VirtualPage> shown_at;
  std::optional<FilePage> of_file;
  std::optional<Fact> frame;

  bool empty() const { return !shown_at && !of_file && !frame; }
};

Clue clue_in(const Violation& violation, const MachineConfig& machine) {
  const std::string fact = violation.fact();
  Clue clue;
  if (const auto page = number_behind(fact, "virtual page "))
    clue.shown_at = {number_behind(fact, " mm ").value_or(as_fact(machine.mm_of(std::max(violation.cpu, 0)))), *page};
  const auto index = number_behind(fact, "page ", "virtual ");
  const auto file = number_behind(fact, " file ");
  if (index && file) clue.of_file = {*file, *index};
  clue.frame = number_behind(fact, "page frame ");
  return clue;
}

Clue clue_in(const AnyEvent& any) {
  Clue clue;
  visit_event(any, [&](const auto& event) {
    if constexpr (requires {
                    event.page.frame;
                    event.page.file;
                  }) {
      if (event.page.file != no_fact) clue.of_file = {event.page.file, event.page.index};
      if (event.page.frame != no_fact) clue.frame = event.page.frame;
    } else if constexpr (requires {
                           event.mm;
                           Fact{event.page};
                         }) {
      clue.shown_at = {event.mm, event.page};
    } else if constexpr (requires { LockFact{event.lock}; }) {
      if (event.lock.kind == LockClass::page) clue.frame = event.lock.number;
    }
  });
  return clue;
}

// The entry that an event leaves, or meets, in a page table.
template <typename E>
std::optional<EntryFact> entry_in(const E& event) {
  if constexpr (requires {
                  event.mm;
                  EntryFact{event.entry};
                  Fact{event.page};
                }) {
    return event.entry;
  } else if constexpr (requires {
                         event.mm;
                         EntryFact{event.was};
                         Fact{event.page};
                       }) {
    return event.was;
  } else {
    return {};
  }
}

// Follows which frame holds what, event by event.
class Whereabouts {
 public:
  void happened(const AnyEvent& any) {
    if (any.is<event::AddToPageCache>()) {
      if (any.as<event::AddToPageCache>().added != 0) hold(any.as<event::AddToPageCache>().page);
    } else if (any.is<event::ReplaceInPageCache>()) {
      hold(any.as<event::ReplaceInPageCache>().page);
    } else if (any.is<event::AllocatePage>()) {
      const auto allocation = any.as<event::AllocatePage>();
      for (Fact i = 0; allocation.frame != no_fact && i < allocation.pages; ++i) forget(allocation.frame + i);
    }
    visit_event(any, [&](const auto& event) {
      const std::optional<EntryFact> entry = entry_in(event);
      if constexpr (requires { VirtualPage{event.mm, event.page}; }) {
        if (entry && entry->present()) led_to_[{event.mm, event.page}] = entry->frame();
      }
    });
  }

  // The page of a file that a frame holds, or held last.
  std::optional<FilePage> held_by(Fact frame) const {
    const auto found = held_.find(frame);
    return found == held_.end() ? std::nullopt : std::optional(found->second);
  }
  // Where an entry leads, or led last.
  std::optional<Fact> frame_of(VirtualPage page) const {
    const auto found = led_to_.find(page);
    return found == led_to_.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<VirtualPage> page_of(Fact frame) const {
    for (const auto& [page, led_to] : led_to_) {
      if (led_to == frame) return page;
    }
    return {};
  }
  // Whether a frame that holds the page at some time holds something else now.
  bool holds_another(Fact frame, const FollowedPage& followed) const {
    const std::optional<FilePage> held = held_by(frame);
    if (followed.is_of_file()) return held && *held != FilePage{followed.file, followed.index};
    bool is_led_to = false;
    for (const auto& [page, led_to] : led_to_) {
      if (led_to != frame) continue;
      if (std::ranges::find(followed.shown_at, page) != followed.shown_at.end()) return false;
      is_led_to = true;
    }
    return held || is_led_to;
  }

 private:
  void forget(Fact frame) {
    held_.erase(frame);
    std::erase_if(led_to_, [&](const auto& entry) { return entry.second == frame; });
  }
  void hold(const PageFact& page) {
    for (Fact i = 0; i < page.pages; ++i) held_[page.frame + i] = {page.file, page.index + i};
  }

  std::map<Fact, FilePage> held_;
  std::map<VirtualPage, Fact> led_to_;
};

// The page that clues lead to, as far as it can be told there and then.
FollowedPage follow(const Clue& clue, const Whereabouts& now) {
  FollowedPage followed;
  std::optional<Fact> frame = clue.frame;
  if (clue.shown_at) {
    followed.shown_at = {*clue.shown_at};
    if (const auto led_to = now.frame_of(*clue.shown_at)) frame = led_to;
  }
  std::optional<FilePage> of_file = clue.of_file;
  if (!of_file && frame) of_file = now.held_by(*frame);
  if (of_file) std::tie(followed.file, followed.index) = *of_file;
  if (frame) followed.frames = {*frame};
  if (followed.shown_at.empty() && frame) {
    if (const auto page = now.page_of(*frame)) followed.shown_at = {*page};
  }
  if (!followed.shown_at.empty()) followed.home = followed.shown_at.front();
  return followed;
}

// All places and frames of it in a run.
void complete(FollowedPage& followed, const Trace& trace) {
  std::set<VirtualPage> shown_at(followed.shown_at.begin(), followed.shown_at.end());
  std::set<Fact> frames(followed.frames.begin(), followed.frames.end());
  const auto same_page = [&](const VirtualPage& other) {
    return std::ranges::any_of(followed.shown_at, [&](const VirtualPage& page) { return page.page == other.page; });
  };
  Whereabouts now;
  for (const AnyEvent& any : trace.events()) {
    now.happened(any);
    visit_event(any, [&](const auto& event) {
      const std::optional<EntryFact> entry = entry_in(event);
      if constexpr (requires { VirtualPage{event.mm, event.page}; }) {
        if (!entry || !entry->present()) return;
        const VirtualPage page{event.mm, event.page};
        const Fact frame = entry->frame();
        const bool is_it = followed.is_of_file() ? now.held_by(frame) == FilePage{followed.file, followed.index}
                                                 : !now.held_by(frame) && same_page(page) &&
                                                       (shown_at.contains(page) || frames.contains(frame));
        if (!is_it) return;
        shown_at.insert(page);
        frames.insert(frame);
      }
    });
  }
  followed.shown_at.assign(shown_at.begin(), shown_at.end());
  followed.frames.assign(frames.begin(), frames.end());
}

// Whether all that an event is about is what a TLB holds of a page, or of all.
template <typename E>
constexpr bool changes_tlb = std::is_same_v<E, event::FlushTranslation> || std::is_same_v<E, event::EvictTranslation> ||
                             std::is_same_v<E, event::FillTranslation>;

class Touched {
 public:
  Touched(const FollowedPage& followed, const Whereabouts& now) : followed_(followed), now_(now) {}

  void reads(const Places& places) { touch(places); }
  void writes(const Places& places) { touch(places); }
  bool any() const { return any_; }

 private:
  void touch(const Places& places) {
    using Kind = Places::Kind;
    switch (places.kind) {
      case Kind::entry:
        for (const VirtualPage& page : followed_.shown_at) any_ |= places.contains({Kind::entry, page.mm, page.page});
        return;
      case Kind::slot:
      case Kind::tags:
      case Kind::disk:
        any_ |= followed_.is_of_file() && places.contains({places.kind, followed_.file, followed_.index});
        return;
      case Kind::flags:
      case Kind::refcount:
      case Kind::mapcount:
      case Kind::identity:
      case Kind::words:
        for (const Fact frame : followed_.frames)
          any_ |= places.contains({places.kind, 0, frame}) && !now_.holds_another(frame, followed_);
        return;
      // What CPUs ask each other for.
      case Kind::tlb_generation:
      case Kind::flush_request:
      case Kind::flush_batched:
      case Kind::flush_pending:
      case Kind::lazy: any_ = true; return;
      default: return;
    }
  }

  const FollowedPage& followed_;
  const Whereabouts& now_;
  bool any_ = false;
};

// Flags and counts are a folio's: its pages have them in common.
bool is_in(const PageFact& page, const FollowedPage& followed, const Whereabouts& now) {
  if (followed.is_of_file() && page.file == followed.file && followed.index - page.index < page.pages) return true;
  return std::ranges::any_of(followed.frames, [&](Fact frame) {
    return frame - page.frame < page.pages && !now.holds_another(frame, followed);
  });
}

// Whether an event is about a page, when frames hold what they do.
bool is_about(const AnyEvent& any, const FollowedPage& followed, const Whereabouts& now) {
  bool result = false;
  visit_event(any, [&]<typename E>(const E& event) {
    if constexpr (std::is_base_of_v<event::Wait, E>) {
      result = true;
    } else if constexpr (changes_tlb<E>) {
      const auto is_of = [&](const VirtualPage& page) { return page.page == event.page; };
      result = event.page == no_fact || std::ranges::any_of(followed.shown_at, is_of);
    } else if constexpr (E::is_step) {
      if constexpr (requires { PageFact{event.page.frame, event.page.file, event.page.index, event.page.pages}; })
        result = is_in(event.page, followed, now);
      Touched touched(followed, now);
      TouchesOf(any.cpu, touched)(event);
      result = result || touched.any();
    }
  });
  return result;
}

}  // namespace

std::optional<FollowedPage> find_page(const Trace& trace, const Violation* violation, const MachineConfig& machine) {
  Clue clue = violation == nullptr ? Clue() : clue_in(*violation, machine);
  const bool said = !clue.empty();
  const bool in_the_run = violation != nullptr && violation->cpu >= 0;
  std::array<bool, max_cpus> ends{};  // its thread does
  Whereabouts now;
  for (const AnyEvent& any : trace.events()) {
    if (in_the_run && any.step > violation->step) break;
    if (any.is<event::OperationBegins>()) ends[any.cpu] = any.as<event::OperationBegins>().operation == no_fact;
    now.happened(any);
    if (said || (ends[any.cpu] && !clue.empty())) continue;  // what is torn down says nothing
    if (const Clue next = clue_in(any); !next.empty()) clue = next;
  }
  if (clue.empty()) return {};
  FollowedPage followed = follow(clue, now);
  complete(followed, trace);
  return followed;
}

FollowedPage find_again(const FollowedPage& followed, const Trace& trace) {
  FollowedPage again{.file = followed.file,
                     .index = followed.index,
                     .shown_at = followed.shown_at,
                     .home = followed.home,
                     .frames = {}};
  complete(again, trace);
  return again;
}

std::string name_of(const FollowedPage& followed, const MachineConfig& machine) {
  std::string name;
  if (followed.is_of_file()) {
    name = fmt::format("page {} of file {}", followed.index, followed.file);
    if (followed.shown_at.empty()) return name;
    name += ", shown at ";
  }
  for (const VirtualPage& page : followed.shown_at) {
    if (&page != &followed.shown_at.front()) name += " and ";
    name += fmt::format("virtual page {}{}", page.page, machine.mms == 1 ? "" : fmt::format(" of mm {}", page.mm));
  }
  return name.empty() ? fmt::format("page frame {}", followed.frames.front()) : name;
}

std::vector<bool> find_events_about(const FollowedPage& followed, const Trace& trace) {
  std::vector<bool> about;
  Whereabouts now;
  for (const AnyEvent& any : trace.events()) {
    now.happened(any);
    about.push_back(is_about(any, followed, now));
  }
  return about;
}

}  // namespace shootdown
