#include "engine/reference/private_memory.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace shootdown {

void PrivateMemory::make_room() {
  if (exists()) return;
  places_ = arena_.row<Place>(place_count_);
  // No place has more than one.
  users_ = arena_.row<std::uint16_t>(place_count_);
  words_ = arena_.row<std::uint32_t>(place_count_ * max_words);
  frames_ = arena_.row<Frame>(frame_count_);
  slots_ = arena_.row<PageNumber>(slot_count_);
  std::ranges::fill(slots_, nothing);
}

void PrivateMemory::map(int place, PageNumber behind) {
  make_room();
  std::ranges::replace(pins_, place, nowhere);
  release(place);
  places_[place] = {.is_private = true, .behind = behind};
}

void PrivateMemory::map_shared(int place) {
  if (!exists()) return;
  std::ranges::replace(pins_, place, nowhere);
  release(place);
  places_[place] = {};
}

void PrivateMemory::move(int from, int to) {
  if (!exists() || from == to) return;
  std::ranges::replace(pins_, to, nowhere);
  share(from, to);
  // Who has not found it yet will find at the old place what is there by then.
  std::ranges::replace(pins_, from, nowhere);
}

void PrivateMemory::share(int from, int to) {
  release(to);
  places_[to] = places_[from];
  if (own(to) != nothing) ++users_[own(to) - first_];
}

// What nobody has any more is not what its frame holds, which may be pinned and outlive it.
void PrivateMemory::release(int place) {
  const PageNumber own = std::exchange(places_[place].own, nothing);
  if (own == nothing || --users_[own - first_] != 0) return;
  PageNumber& held = frames_[places_[place].frame].held;
  if (held == own) held = nothing;
}

PrivateMemory::PageNumber PrivateMemory::make_own(int place) {
  if (own(place) == nothing) {
    const auto free = std::ranges::find(users_, 0) - users_.begin();
    users_[free] = 1;
    places_[place].own = static_cast<PageNumber>(first_ + free);
    forget(own(place));
  }
  return own(place);
}

void PrivateMemory::forget(PageNumber own) {
  for (int i = 0; i < max_words; ++i) word(own, i) = 0;
}

void PrivateMemory::throw_away(int place) {
  // Where it has moved to, or from, it is gone, too.
  for (int& pinned : pins_) {
    if (pinned != nowhere && own(pinned) == own(place)) pinned = nowhere;
  }
  PageNumber& held = frames_[places_[place].frame].held;
  if (held == own(place)) held = nothing;
  forget(own(place));
}

bool PrivateMemory::is_shared(int place) const {
  if (own(place) == nothing || users_[own(place) - first_] == 1) return false;
  for (int other = 0; other < place_count_; ++other) {
    if (other / each_ != place / each_ && own(other) == own(place)) return true;
  }
  return false;
}

void PrivateMemory::fork(int parent, int child) {
  const bool had = is_shared(parent);
  share(parent, child);
  if (own(parent) == nothing || had) return;
  // Where it has moved from it may still be stored to.
  for (int place = first_of_mm(parent); place < first_of_mm(parent) + each_; ++place) {
    if (own(place) == own(parent)) places_[place].forking = true;
  }
}

void PrivateMemory::end_fork(int parent) {
  if (exists()) places_[parent].forking = false;
}

PrivateMemory::PageNumber PrivateMemory::own_to_store(int place) {
  if (own(place) == nothing) return make_own(place);
  if (places_[place].forking || !is_shared(place)) return own(place);
  separate(place);
  frames_[places_[place].frame].held = own(place);
  return own(place);
}

PrivateMemory::PageNumber PrivateMemory::separate(int place) {
  if (!is_shared(place)) return own(place);
  const PageNumber shared = own(place);
  release(place);
  make_own(place);
  for (int i = 0; i < max_words; ++i) word(own(place), i) = word(shared, i);
  for (int other = first_of_mm(place); other < first_of_mm(place) + each_; ++other) {
    if (own(other) == shared) share_page(other, own(place));
  }
  return own(place);
}

// In place of what it has of its own.
void PrivateMemory::share_page(int place, PageNumber page) {
  release(place);
  places_[place].own = page;
  ++users_[page - first_];
}

void PrivateMemory::begin_free(int place) {
  if (!is_private(place) || behind(place) != nothing) return;
  ++places_[place].frees;
  places_[place].may_go = true;
}

void PrivateMemory::end_free(int place) {
  if (is_private(place) && places_[place].frees != 0) --places_[place].frees;
}

// While a call is under way it may still throw away what is stored.
void PrivateMemory::keep(int place) {
  if (places_[place].frees == 0) places_[place].may_go = false;
}

bool PrivateMemory::may_be_gone(int place) const {
  if (places_[place].may_go) return true;
  for (int i = 0; i < max_words; ++i) {
    if (word(own(place), i) != 0) return false;
  }
  return behind(place) == nothing;
}

// What may be thrown away of it has been.
void PrivateMemory::lose(int place) {
  separate(place);
  throw_away(place);
  keep(place);
}

// Where others share what is there, they may have it in the old frame.
void PrivateMemory::change_frame(int place, int frame) {
  Place& here = places_[place];
  PageNumber& held = frames_[here.frame].held;
  if (here.frame != frame && held == here.own && !is_shared(place)) held = nothing;
  here.frame = static_cast<std::uint16_t>(frame);
}

bool PrivateMemory::is_nowhere(PageNumber own) const {
  const bool has_frame = std::ranges::any_of(frames_, [=](const Frame& frame) { return frame.held == own; });
  return !has_frame && std::ranges::find(slots_, own) == slots_.end();
}

// What is nowhere is zeros of which the kernel has no page: when it makes one, that is nobody else's.
PrivateMemory::PageNumber PrivateMemory::show(int place, int frame) {
  const Place& here = places_[place];
  const PageNumber held = frames_[frame].held;
  if (held == nothing && is_shared(place) && is_nowhere(here.own)) separate(place);
  const bool is_another = here.frame != frame || held == nothing;
  if (here.may_go && is_another && held != here.own) lose(place);
  change_frame(place, frame);
  frames_[frame].held = here.own;
  return here.own;
}

PrivateMemory::PageNumber PrivateMemory::show_zeros(int place, int frame) {
  const Place& here = places_[place];
  if (here.may_go && here.frame != frame) lose(place);
  change_frame(place, frame);
  return here.own;
}

void PrivateMemory::copy(int frame, int word, std::uint32_t value) {
  if (!exists()) return;
  frames_[frame].is_copy = true;
  frames_[frame].words[word] = value;
}

int PrivateMemory::place_of(int frame, int was_at) const {
  if (held(frame) == nothing) return nowhere;
  const auto shows = [&](int place) { return places_[place].frame == frame && own(place) == held(frame); };
  if (shows(was_at)) return was_at;
  for (int place = first_of_mm(was_at); place < first_of_mm(was_at) + each_; ++place) {
    if (shows(place)) return place;
  }
  return nowhere;
}

int PrivateMemory::pinned(int cpu, int frame, int was_at) const {
  const int pinned = pins_[static_cast<std::size_t>(cpu)];
  return pinned != nowhere && own(pinned) != nothing ? pinned : place_of(frame, was_at);
}

PrivateMemory::PageNumber PrivateMemory::show_copy(int place, int frame) {
  make_own(place);
  separate(place);
  Frame& copy = frames_[frame];
  for (int i = 0; i < max_words; ++i) word(own(place), i) = copy.words[i];
  copy.is_copy = false;
  copy.held = own(place);
  places_[place].frame = static_cast<std::uint16_t>(frame);
  keep(place);
  return own(place);
}

}  // namespace shootdown
