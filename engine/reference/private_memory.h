// What address spaces have of their own: the pages of private mappings, and of
// anonymous memory.
//
// A place of a private mapping shows what is behind it, a page of a file, until a
// store makes a copy of that, which is the address space's own: then it shows this.
// Anonymous memory has nothing behind it, and is zeros until it is written to. What
// an address space has of its own moves with a mapping (mremap). Anonymous memory that
// is freed lazily (MADV_FREE) becomes zeros when the kernel puts another frame into its
// place, until somebody stores to it after the call.
//
// A fork lets two address spaces have the same pages. Who stores to one gets a page of
// his own; but while the fork goes on the parent's stores may be to both: translations
// that its threads have are flushed at its end.
//
// What is pinned for a device to write to stays its place's own until it is thrown away:
// no store of the address space that has pinned it, and no fork, puts another page there.
// Of what has moved meanwhile it is not known whether it was pinned before: it is found
// by its frame.
//
// Belongs to the reference (reference.h), and says nothing of who may access what.
// Needs no room before there is a private mapping.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/arena.h"
#include "engine/program/program.h"

namespace shootdown {

class PrivateMemory {
 public:
  // Identifies a page: of a file, below `first`; or one that an address space has of its own.
  using PageNumber = std::uint16_t;
  static constexpr PageNumber nothing = 0xFFFF;

  // There are so many `places`, virtual pages of all address spaces, `each` of every one; page frames; and slots of swap space.
  PrivateMemory(Arena& arena, int first, int places, int each, int frames, int swap_slots = 0)
      : arena_(arena), first_(first), place_count_(places), each_(each), frame_count_(frames), slot_count_(swap_slots) {
    pins_.fill(nowhere);
  }

  // Whether there has been any private mapping.
  bool exists() const { return places_.size() != 0; }
  bool is_private(int place) const { return exists() && places_[place].is_private; }
  // The page of a file behind a private place; nothing: it is anonymous memory.
  PageNumber behind(int place) const { return places_[place].behind; }
  // What is its own. It stays so when that is discarded, until something else is mapped.
  PageNumber own(int place) const { return exists() ? places_[place].own : nothing; }
  std::uint32_t& word(PageNumber own, int word) { return words_[(own - first_) * max_words + word]; }
  std::uint32_t word(PageNumber own, int word) const { return words_[(own - first_) * max_words + word]; }

  // A place is mapped privately, and has nothing of its own yet; or not privately.
  void map(int place, PageNumber behind);
  void map_shared(int place);
  // What is private at a place is at another now, too.
  void move(int from, int to);
  // Gives a place a page of zeros of its own, if it has none.
  PageNumber make_own(int place);
  // What is a place's own becomes zeros; nobody shares it.
  void throw_away(int place);

  // --- what address spaces share ---

  // A fork gives the child's place what is its parent's; and is done.
  void fork(int parent, int child);
  void end_fork(int parent);
  // The page that a store to the place is to: its own, made if need be. It is the same, or has what that had.
  PageNumber own_to_store(int place);
  // What the place has of its own, as a page that no other address space has. Where that has moved to, or from, it is
  // this page, too.
  PageNumber separate(int place);

  // --- what the kernel may throw away ---

  // A call frees a place lazily, which is anonymous; and has done so.
  void begin_free(int place);
  void end_free(int place);
  bool is_being_freed(int place) const { return is_private(place) && places_[place].frees != 0; }
  // Somebody has stored to it.
  void keep(int place);
  // Whether what the place has of its own may be thrown away, or be zeros, of which a kernel need not have a page.
  bool may_be_gone(int place) const;
  // The frame, which is no copy, is what the place shows from now on as its own. Returns this. If it may be thrown away, it has
  // been unless the frame is the one that the place has shown, or has been read in from swap space.
  PageNumber show(int place, int frame);
  // The same of the frame of zeros, which is nobody's.
  PageNumber show_zeros(int place, int frame);

  // --- swap space, and migration ---

  // What the frame holds is in the slot, too; and the other way round.
  void swap_out(int frame, int slot) {
    if (exists()) slots_[slot] = frames_[frame].held;
  }
  void swap_in(int slot, int frame) {
    if (exists()) frames_[frame].held = slots_[slot];
  }
  // What a frame holds another one holds, too, which takes its place.
  void migrate(int from, int to) {
    if (exists()) frames_[to].held = frames_[from].held;
  }

  // --- what is pinned for devices ---

  // A CPU pins what a place has of its own from now on.
  void begin_pin(int cpu, int place) { pins_[static_cast<std::size_t>(cpu)] = is_private(place) ? place : nowhere; }
  void end_pin(int cpu) { pins_[static_cast<std::size_t>(cpu)] = nowhere; }
  // The place to whose own page a device writes, by what the CPU has pinned at a place: that place, whatever frame it shows now;
  // or, if what was there is gone or has moved, the one that shows the frame. -1: none.
  int pinned(int cpu, int frame, int was_at) const;

  // --- copies that stores make ---

  // A word was copied to a frame.
  void copy(int frame, int word, std::uint32_t value);
  bool is_copy(int frame) const { return exists() && frames_[frame].is_copy; }
  // What some place has of its own, and the frame holds.
  PageNumber held(int frame) const { return exists() ? frames_[frame].held : nothing; }
  // The place that shows a frame, which holds what is its own: the one at which it was, or where that has moved to. Another address
  // space that shares it may have it in another frame, or get it there. -1: none.
  int place_of(int frame, int was_at) const;
  // A place shows from now on what was copied to the frame, as its own.
  PageNumber show_copy(int place, int frame);
  void free(int frame) {
    if (exists()) frames_[frame] = {};
  }

 private:
  struct Place {
    bool is_private = false;
    bool may_go = false;      // what it has of its own, when another frame is put into its place
    bool forking = false;     // what it has of its own a child gets just now, and nobody has had it before
    std::uint8_t frees = 0;   // calls that are under way and free it lazily
    std::uint16_t frame = 0;  // that it showed last
    PageNumber behind = nothing;
    PageNumber own = nothing;
  };
  HAS_NO_GAPS(Place);
  struct Frame {
    bool is_copy = false;
    bool unused = false;
    PageNumber held = nothing;
    std::uint32_t words[max_words] = {};  // of a copy
  };
  HAS_NO_GAPS(Frame);

  static constexpr int nowhere = -1;

  void make_room();
  void lose(int place);
  // The frame is the one that the place shows from now on.
  void change_frame(int place, int frame);
  void share(int from, int to);
  void share_page(int place, PageNumber page);
  void release(int place);
  // The first place of the address space that a place is in.
  int first_of_mm(int place) const { return place / each_ * each_; }
  void forget(PageNumber own);
  // By another address space. What has moved within one is at two places of it for a while.
  bool is_shared(int place) const;
  // In no frame, and no slot of swap space.
  bool is_nowhere(PageNumber own) const;

  Arena& arena_;
  int first_;
  int place_count_;
  int each_;
  int frame_count_;
  int slot_count_;
  Row<Place> places_;
  Row<std::uint16_t> users_;  // of pages that are somebody's own: how many places
  Row<std::uint32_t> words_;
  Row<Frame> frames_;
  Row<PageNumber> slots_;  // what some place has of its own, and the slot holds
  // By CPU: the place of what it pins, until this is thrown away or moves, or something else is mapped there.
  std::array<int, max_cpus> pins_;
};

}  // namespace shootdown
