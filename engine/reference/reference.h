// The sequential specification that engines are compared with.
//
// Files are arrays of words; each page of an mm shows a page of a file, or
// nothing. There is no TLB, no page cache, no batching: an operation is performed
// at once, at the moment at which the engine reports that it took effect. It is
// told by events alone, whichever kernel sends them.
//
// Promises to know what may be seen at every moment. That is a set: of values,
// and of being refused. A word of a file has one value, the one that was written
// last: steps are atomic, so whoever loads while others store gets what the last
// step before it has left. A page that is mapped allows that value, one that is
// unmapped only a refusal. Unmapping takes time, and while it does, an access may
// legally use the old translation (then it sees what the page showed, as it is
// now) or the new one (it is refused). The reference accepts both, and follows the
// engine. When the transition is over, only the new way is right. Write protection
// is the same for stores alone.
//
// A kernel may drop a clean page from its page cache without asking who uses it
// (invalidate_inode_pages2). The frame then is a copy of what the page was, which
// nobody writes to any more, until it is freed. Who has got there before may still
// see the copy, instead of what was written elsewhere since: a read() that began
// before, for what it returns was right while it went on; and a load through a
// translation that a gather has taken out of the page table and not flushed yet,
// for the page is not mapped then, so it is dropped without a flush.
//
// Pages that are discarded, by truncation or for a hole, become zeros: each when its
// frame leaves the page cache, or at the end of the operation. The frame then is a copy
// too, dirty or not; and who got there before, as above, may store to it: that changes
// the copy, and is lost. A page beyond the end of its file allows only a refusal; while
// it is being discarded, both.
//
// A private mapping (private_memory.h) shows pages of its file until it has a copy of
// its own: of what the page was when the kernel made it. MADV_DONTNEED throws it away,
// and so does truncation: page by page, as the entries are taken out. Who still has the
// old translation then may see the old page, and store to it, until the flush. What is
// freed lazily the kernel throws away when it likes: the reference follows it. What it
// has put into swap space must be found there again. A fork's child shows what its
// parent did, page by page as the fork comes to its mappings.
//
// A device writes to a frame that was pinned for it, and so to whatever the frame holds
// by then. Nobody waits for it: not who saves the page, not who unmaps or drops it. Until
// it has returned it has dirtied nothing, and what it has written to a page goes if the
// page does: the word then is what the disk has. What an mm has of its own stays where it
// was pinned, in the frame that was: what the device writes is there as long as it is not
// unmapped, or thrown away.
//
// The memory of a device is like a file that nobody saves. No page of it can be pinned.
//
// A place that is poisoned, or whose memory has failed, may only be refused until it is thrown
// away; and so may a fork's copy of it. What was there of an address space's own is lost.
//
// Cannot say which of the values that a word has had a disk shows: that is the
// page cache's doing. It knows the bounds, because values grow.
//
// Shares no code with the engines, so that no fault can hide in both. Belongs to one
// run, in whose arena it keeps what it knows.
#pragma once

#include <cstdint>

#include "engine/arena.h"
#include "engine/program/program.h"
#include "engine/reference/private_memory.h"

namespace shootdown {

class Reference {
 public:
  // When something happened: how often a page had been dropped by then, or discarded, or a size set.
  using Moment = std::uint32_t;

  // What pages that are mapped show: a file's from `index` on, and maybe copies of their own; or memory that is no file's.
  struct Mapping {
    bool is_private = false;
    bool is_anonymous = false;
    bool read_only = false;
    int file = 0;
    int index = 0;
    int moved_from = -1;  // a virtual page, if they were there until now, with all that was their own
  };

  // Files full of zeros, on a disk or a tmpfs; if the machine says so, every window shows its file. There are so many
  // `files`, those of the machine and at most one more, the memory of a device; page frames; and slots of swap space.
  Reference(Arena& arena, const MachineConfig& config, int files, int frames, int swap_slots = 0);

  // --- what may be seen now ---

  // Whether a load from a virtual page, which leads to a frame, may get the value.
  bool allows(int mm, int page, int word, int frame, std::uint32_t value) const {
    if (!may_access(mm, page, frame)) return false;
    if (shown_word(mm, page, word) == value) return true;
    if (!is_to_be_flushed(mm, page, frame)) return false;
    const Copy& copy = copies_[frame];
    if (frame == zeros_) return value == 0;
    // What was the mm's own another one may have had, too, and have thrown it away since: then the copy is that one's.
    const bool was_own = is_private(mm, page) && !is_of_file(copy.page);
    if (was(copy, was_own ? copy.page : view(mm, page).page, word, value)) return true;
    // It may lead to what is behind a page that the mm has got of its own since.
    const PageNumber behind = is_private(mm, page) && !is_own(copy, mm, page) ? in_file(mm, page) : nothing;
    return behind != nothing && (word_of(behind, word) == value || was(copy, behind, word, value));
  }
  // Whether a virtual page shows anything, were its file long enough.
  bool is_mapped(int mm, int page) const { return view(mm, page).access != Allowed::no; }
  // Whether a fork is making it: who gives up leaves an mm that nobody has used.
  bool is_being_forked(int mm) const { return parents_[mm] != no_mm; }
  // Whether there has been any private mapping; and whether a virtual page is of one.
  bool has_private_memory() const { return private_.exists(); }
  bool is_private(int mm, int page) const { return private_.is_private(place(mm, page)); }
  // Whether a virtual page of a private mapping may be found as if nobody had ever stored to it.
  bool may_be_gone(int mm, int page) const {
    const int where = place(mm, page);
    return !shows_own(where) || is_poisoned(mm, page) || is_being_cut_off(where) || private_.may_be_gone(where);
  }
  // Whether an access to a virtual page may work, which leads to a frame; and, if it may, a store.
  bool may_access(int mm, int page, int frame) const {
    if (!is_mapped(mm, page)) return false;
    if (is_poisoned(mm, page)) return is_to_be_flushed(mm, page, frame);
    const PageNumber behind = in_file(mm, page);
    const bool exists = behind == nothing || !is_beyond_end(behind) || is_discarded(behind);
    return (exists && !is_cut_off(mm, page, frame)) || is_to_be_flushed(mm, page, frame);
  }
  // Whether nobody may use what a virtual page shows.
  bool is_poisoned(int mm, int page) const { return view(mm, page).poisoned; }
  bool may_store(int mm, int page) const { return is_mapped(mm, page) && view(mm, page).stores != Allowed::no; }
  // Whether the access that has faulted on a CPU may be refused because nothing is there; and a store because what is mapped
  // must not be written to.
  bool may_refuse(int cpu, int mm, int page) const { return may_refuse_since(faulted_[cpu], mm, page); }
  bool may_refuse_store(int mm, int page) const { return view(mm, page).stores != Allowed::yes; }
  // Whether no page of a virtual page may be pinned for the operation under way on a CPU, to be written to.
  bool may_refuse_pin(int cpu, int mm, int page) const {
    return may_refuse_since(began_[cpu], mm, page) || may_refuse_store(mm, page) || is_of_device(view(mm, page).page);
  }
  // Whether the read() under way on a CPU, which has found a frame, may get the value from it.
  bool allows_read(int cpu, int file, int index, int word, int frame, std::uint32_t value) const {
    return file_word(file, index, word) == value ||
           (copies_[frame].dropped > began_[cpu] && was(copies_[frame], file_page(file, index), word, value));
  }
  // Whether the disk may have it when all is saved.
  bool allows_on_disk(int file, int index, int word, std::uint32_t value) const {
    return file_word(file, index, word) == value;
  }
  // Whether the disk may have it when an fsync returns that began at a moment (now()) when `settled` was the word's
  // settled value. What is being discarded, nobody knows; of what has been, nothing is owed.
  bool allows_on_disk(int file, int index, int word, Moment began, std::uint32_t settled, std::uint32_t value) const {
    const PageNumber page = file_page(file, index);
    if (is_discarded(page)) return true;
    const bool owed = pages_[page].was_discarded <= began;
    return (!owed || settled <= value) && value <= file_word(file, index, word);
  }
  Moment now() const { return now_; }

  // --- what was written last ---

  std::uint32_t file_word(int file, int index, int word) const {
    return pages_[file_page(file, index)].words[word].value;
  }
  // In what a virtual page shows. It must be one that an access may work on.
  std::uint32_t shown_word(int mm, int page, int word) const { return word_of(view(mm, page).page, word); }
  // The last value of the word that an fsync which begins now must save: a write() that has not returned
  // does not count yet. A tmpfs's has nothing to save.
  std::uint32_t settled_word(int file, int index, int word) const {
    return saves_ ? pages_[file_page(file, index)].words[word].settled : 0;
  }

  // --- commits ---

  // A user program's store to a frame; `value` is greater than any before. One that goes through a translation which
  // ought to be gone ends up where that led to, in what the page showed last: that it happened is wrong, and no more of
  // it.
  void store(int mm, int page, int word, int frame, std::uint32_t value);
  // write() of a word, and the return of the write() of a page. A page is written by one at a time.
  void write(int file, int index, int word, std::uint32_t value);
  void write_returned(int file, int index);
  // The CPU's operation is about to pin a frame: what the virtual page shows.
  void begin_pin(int cpu, int mm, int page) { private_.begin_pin(cpu, place(mm, page)); }
  // A device's store to a frame, which was pinned as what a virtual page shows and holds a page of a file (-1: of none); and the
  // end of the CPU's operation for which it did.
  struct Dma {
    int mm = 0;
    int page = 0;
    int frame = 0;
    int file = -1;
    int index = -1;
  };
  void dma(int cpu, const Dma& dma, int word, std::uint32_t value);
  void dma_returned(int cpu, int file, int index, int word, std::uint32_t value);
  // A word of a page is saved.
  void save(int file, int index, int word, std::uint32_t value) {
    pages_[file_page(file, index)].words[word].saved = value;
  }
  // The pages are in no transition any more.
  void map(int mm, int first, int count, const Mapping& mapping);
  // A word of a page is copied from a frame to another, as the kernel does when somebody is about to store to a private page. The
  // source is a page of a file; -1: of none any more.
  void copy_word(int from, int file, int index, int to, int word);
  // What a frame holds is in a slot of swap space, too; or the other way round.
  void swap_out(int frame, int slot) { private_.swap_out(frame, slot); }
  void swap_in(int slot, int frame) { private_.swap_in(slot, frame); }
  // What a frame holds another one holds, which takes its place.
  void migrate(int from, int to) { private_.migrate(from, to); }
  // Of what is mapped in the range; what is unmapped already stays so. And of what may be written to.
  void begin_unmap(int mm, int first, int count) { change(mm, first, count, &View::access, Allowed::yes); }
  void begin_protect(int mm, int first, int count) { change(mm, first, count, &View::stores, Allowed::yes); }
  // Of what has been in transition since then.
  void end_unmap(int mm, int first, int count) { change(mm, first, count, &View::access, Allowed::in_transition); }
  void end_protect(int mm, int first, int count) { change(mm, first, count, &View::stores, Allowed::in_transition); }

  // The file ends behind so many pages.
  void set_size(int file, int pages);
  // Pages of a file are discarded, those of one file by one at a time.
  void begin_discard(int file, int first, int count);
  void end_discard(int file);

  // A fork copies an mm, which nobody has used, mapping by mapping (map); and is done.
  void begin_fork(int mm, int child);
  void end_fork(int mm, int child);

  // madvise(MADV_FREE) of the range begins, and is done.
  void begin_free(int mm, int first, int count);
  void end_free(int mm, int first, int count);

  // --- what may be seen late ---

  void begin_operation(int cpu) {
    began_[cpu] = now_;
    private_.end_pin(cpu);
  }
  // An access on the CPU has met no translation: the kernel sees to it, or refuses it.
  void fault(int cpu) { faulted_[cpu] = now_; }
  // The frame leaves the page cache, as what the page of the file is now; and it ends its life.
  void drop(int frame, int file, int index);
  void free(int frame) {
    copies_[frame].dropped = 0;
    private_.free(frame);
  }
  // A CPU takes entries of an mm out of the page tables, and has them flushed together. It has one gather at a time.
  void begin_gather(int cpu, int mm);
  // It zaps a range of an mm's, or discards pages of a file. What is private in the entries that it clears meanwhile is thrown away.
  void begin_zap(int cpu) { ++zaps_[cpu]; }
  // In its gather it will have zapped the range: who has cleared entries there before must have flushed them by the time that this
  // gather ends.
  void zap_range(int cpu, int mm, int first, int count);
  void end_zap(int cpu) { --zaps_[cpu]; }
  // Takes an entry out that leads to the frame. Without a gather it is not left for later, nor is one that is set again
  // (mprotect).
  void clear_entry(int cpu, int mm, int page, int frame);
  void set_entry(int cpu, int mm, int page);
  // Takes one out that is not present: it leads to swap space, or the page is being moved.
  void clear_absent(int cpu, int mm, int page);
  // From now on nobody may use a virtual page; what it had of its own is lost. And an entry that said so is taken out, which ends it
  // only where what was there is thrown away, or moves.
  void poison(int mm, int page);
  void clear_poison(int cpu, int mm, int page);
  // An entry of a private mapping leads to the frame from now on; and to that of zeros, which is the same for all places.
  void show_frame(int mm, int page, int frame);
  void show_zeros(int mm, int page, int frame);
  void flush_gather(int cpu);
  void end_gather(int cpu);

 private:
  enum class Allowed : std::uint8_t { no, yes, in_transition };

  struct Word {
    std::uint32_t value = 0;
    std::uint32_t settled = 0;
    std::uint32_t writing = 0;  // by the last write(), whether it has returned or not
    std::uint32_t saved = 0;
    bool is_dma = false;  // it is a device's, whose operation has not returned
    std::uint8_t unused[3] = {};
  };
  HAS_NO_GAPS(Word);
  struct Page {
    Word words[max_words];
    Moment was_beyond_end = 0;  // the last moment, if the file has grown; 0: it never was
    Moment was_discarded = 0;   // when that last ended; 0: never
  };

  // Of a page that can be shown: those of files, then those that mms have of their own.
  using PageNumber = PrivateMemory::PageNumber;
  static constexpr PageNumber nothing = PrivateMemory::nothing;
  static_assert((max_files + 1) * max_file_pages + max_mms * max_windows * max_file_pages <= nothing);
  bool is_of_file(PageNumber page) const { return page < pages_.size(); }
  bool is_of_device(PageNumber page) const { return is_of_file(page) && page >= first_of_device_; }
  PageNumber file_page(int file, int index) const { return static_cast<PageNumber>(file * file_length_ + index); }
  static void forget(Page& page);
  std::uint32_t word_of(PageNumber page, int word) const {
    return is_of_file(page) ? pages_[page].words[word].value : private_.word(page, word);
  }

  void cut_off_copies(int file);

  // How long a file is, and which of its pages are being discarded.
  struct File {
    int size = 0;
    int first = 0;
    int count = 0;
  };
  bool is_beyond_end(PageNumber page) const { return page % file_length_ >= files_[page / file_length_].size; }
  bool is_discarded(PageNumber page) const {
    const File& file = files_[page / file_length_];
    const int index = page % file_length_;
    return index >= file.first && index < file.first + file.count;
  }

  // A truncation throws away what is behind a place of a private mapping, and so what it has of its own.
  bool is_being_cut_off(int where) const {
    const PageNumber behind = private_.behind(where);
    return behind != nothing && is_discarded(behind) && is_beyond_end(behind);
  }

  // What a virtual page shows or, if it is unmapped, showed last.
  struct View {
    PageNumber page = nothing;
    Allowed access = Allowed::no;
    Allowed stores = Allowed::no;  // as far as any access is
    bool poisoned = false;         // nobody may use it, until it is zapped
    bool unused = false;
  };
  HAS_NO_GAPS(View);
  int place(int mm, int page) const { return mm * virtual_pages_ + page; }
  const View& view(int mm, int page) const { return views_[place(mm, page)]; }
  View& view(int mm, int page) { return views_[place(mm, page)]; }
  // The page of a file that a virtual page shows, or would if it had no copy of its own; nothing: it is anonymous.
  PageNumber in_file(int mm, int page) const {
    const int where = place(mm, page);
    return private_.is_private(where) ? private_.behind(where) : views_[where].page;
  }
  PageNumber own(int mm, int page) const { return private_.own(place(mm, page)); }
  // Whether there is nothing, or was at some time since a moment.
  bool may_refuse_since(Moment moment, int mm, int page) const {
    if (view(mm, page).access != Allowed::yes || is_poisoned(mm, page)) return true;
    const PageNumber behind = in_file(mm, page);
    return behind != nothing && (is_beyond_end(behind) || pages_[behind].was_beyond_end > moment);
  }
  static constexpr int no_mm = -1;
  PageNumber map_anew(int place, const Mapping& mapping, int i);
  void store_privately(int mm, int page, int word, std::uint32_t value);
  // `change` returns what a place has of its own from now on. Where that has moved to, or from, the same is shown then.
  template <typename Change>
  PageNumber change_own(int where, const Change& change);
  // See PrivateMemory::separate.
  PageNumber separate(int where);
  void is_shown(int mm, int page, int frame);
  bool shows_own(int where) const { return private_.is_private(where) && views_[where].page == private_.own(where); }
  // Throws away what a virtual page has of its own, which it shows.
  void throw_away(View& view, int where);
  // One step on the way from yes to no, of the pages for which it is `from`.
  void change(int mm, int first, int count, Allowed View::* what, Allowed from);

  // What a frame was when it left the page cache.
  struct Copy {
    Moment dropped = 0;  // when; 0: it has not been
    PageNumber page = nothing;
    bool discarded = false;  // and what was in it, too
    bool unused = false;
    std::uint32_t words[max_words] = {};
  };
  HAS_NO_GAPS(Copy);
  // From now on it is a copy of what the page is now.
  void make_copy(int frame, PageNumber page, bool discarded);
  static bool was(const Copy& copy, PageNumber page, int word, std::uint32_t value) {
    return copy.dropped != 0 && copy.page == page && copy.words[word] == value;
  }
  bool is_own(const Copy& copy, int mm, int page) const { return copy.dropped != 0 && copy.page == own(mm, page); }
  // Whether a frame is nothing but a copy of what a virtual page shows or had of its own, which was discarded.
  bool is_cut_off(int mm, int page, int frame) const {
    const Copy& copy = copies_[frame];
    if (copy.dropped == 0 || !copy.discarded) return false;
    return copy.page == view(mm, page).page || copy.page == own(mm, page);
  }

  static constexpr std::uint16_t no_frame = 0xFFFF;
  static_assert(max_frames <= no_frame);
  // The frames that the entries which a gather has cleared led to, until they are flushed.
  struct Gather {
    int mm = no_mm;
    Row<std::uint16_t> cleared;  // by virtual page
    // By virtual page, where memory is private: whether another gather had cleared the entry when this one began to zap the range.
    Row<bool> found_cleared;
  };
  bool is_to_be_flushed(int mm, int page, int frame) const;

  Arena& arena_;
  bool saves_;  // files are on a disk
  int file_length_;
  int virtual_pages_;
  Row<View> views_;  // of the first mm, then of the second, ...
  Row<Page> pages_;
  Row<File> files_;
  PageNumber first_of_device_;
  int zeros_ = -1;  // the frame that is full of zeros, if it was ever shown
  Moment now_ = 0;
  Row<Moment> began_;       // when the operation under way on each CPU did
  Row<Moment> faulted_;     // when each CPU's access last did
  Row<Copy> copies_;        // by frame
  Row<Gather> gathers_;     // by CPU
  Row<std::uint8_t> zaps_;  // by CPU: how many are under way
  // By CPU: the frame of a file's page that a device has written to for it, if that is there still.
  Row<std::uint16_t> dmas_;
  int parents_[max_mms];  // of mms that are being forked
  PrivateMemory private_;
};

}  // namespace shootdown
