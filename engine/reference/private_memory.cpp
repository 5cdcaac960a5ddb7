#include "engine/reference/private_memory.h"

#include <algorithm>

namespace shootdown {

void PrivateMemory::make_room() {
  if (exists()) return;
  places_ = arena_.row<Place>(place_count_);
  // No place has more than one.
  users_ = arena_.row<std::uint16_t>(place_count_);
  words_ = arena_.row<std::uint32_t>(place_count_ * max_words);
  copies_ = arena_.row<Copy>(frame_count_);
}

void PrivateMemory::map(int place, PageNumber behind) {
  make_room();
  release(place);
  places_[place] = {.is_private = true, .behind = behind};
}

void PrivateMemory::map_shared(int place) {
  if (!exists()) return;
  release(place);
  places_[place] = {};
}

void PrivateMemory::move(int from, int to) {
  if (!exists() || from == to) return;
  release(to);
  places_[to] = places_[from];
  if (own(to) != nothing) ++users_[own(to) - first_];
}

void PrivateMemory::release(int place) {
  if (own(place) != nothing) --users_[own(place) - first_];
  places_[place].own = nothing;
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

void PrivateMemory::show(int place, int frame) {
  Place& here = places_[place];
  if (here.frame != frame && here.may_go) {
    forget(here.own);
    keep(place);
  }
  here.frame = static_cast<std::uint16_t>(frame);
}

void PrivateMemory::copy(int frame, int word, std::uint32_t value) {
  if (!exists()) return;
  copies_[frame].made = true;
  copies_[frame].words[word] = value;
}

PrivateMemory::PageNumber PrivateMemory::show_copy(int place, int frame) {
  const PageNumber page = make_own(place);
  for (int i = 0; i < max_words; ++i) word(page, i) = copies_[frame].words[i];
  copies_[frame].made = false;
  places_[place].frame = static_cast<std::uint16_t>(frame);
  return page;
}

}  // namespace shootdown
