// What happens in a run: every kind of event, with the facts that it carries.
//
// An action of a kernel is announced once, and everybody lives on that: the
// scheduler (before a step another CPU may come to run), the trace (a line says
// what was done), coverage, and the oracles. An event carries facts, never an
// object of a kernel, so that every kernel can announce it, and so that it means
// the same when somebody reads it later.
//
// A *step* is an action that another CPU could see half-done; it is announced
// when it has been done, and nobody runs in between. A *note* is no action: it
// says that something takes effect, in the step at hand.
//
// The first facts say what is touched, and are known before the action; those
// below the line "found" are what came of it.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "engine/events/facts.h"

namespace shootdown {

// A lock, by what it guards.
enum class LockClass : Fact {
  page_table,  // owner: mm, number: page table
  page,        // number: page frame, the folio's first
  i_pages,     // owner: file
  i_mmap,      // owner: file
  inode,       // owner: file
  mmap,        // owner: mm
  invalidate,  // owner: file
  anon_vma,    // number: that of its root
  swap_cache,  // its i_pages; owner: swap area
};

struct LockFact {
  LockClass kind{};
  Fact owner = 0;
  Fact number = 0;

  bool operator==(const LockFact&) const = default;
};

// Marks of a page-cache slot (XArray marks).
enum CacheTag : std::uint8_t {
  PAGECACHE_TAG_DIRTY = 1U << 0U,
  PAGECACHE_TAG_WRITEBACK = 1U << 1U,
  PAGECACHE_TAG_TOWRITE = 1U << 2U,
};

// What came of a user program's access.
enum class Access : Fact {
  fault,  // nothing: a page fault
  hit,    // through an entry that the TLB held
  walk,   // through the page table; the TLB now holds an entry
};

namespace event {

struct StepEvent {
  static constexpr bool is_step = true;
};
struct Note {
  static constexpr bool is_step = false;
};
// The CPU cannot make its next step, and waits.
struct Wait : Note {};

// --- the run ---

struct RunBegins : Note {
  Fact cpus;
};

// All CPUs have ended, or the run was cut off. After `completed` every mm is gone, and every file was synced and
// dropped from the page cache as far as the kernel would.
struct RunEnds : Note {
  Outcome outcome;
};

// The CPU begins an operation of the program; no_fact: what every thread ends with.
struct OperationBegins : Note {
  Fact operation;
};

// --- user programs ---

// A load or store.
struct UserAccess : StepEvent {
  Fact mm;
  Fact page;  // virtual
  Fact word;
  Fact store;  // 1: it is a store
  // found
  Access access;
  Fact frame;
  Fact value;
  // 1: through a TLB entry that was made for an earlier life of the frame; a fault: by way of a page table that has been freed
  Fact stale;
  EntryFact entry;  // in the page table, after it
};

// The first half of an access that the machine makes in two (MachineConfig): the translation.
struct Translate : StepEvent {
  Fact mm;
  Fact page;
  Fact store;
};

// A load or store met no mapping, or a store one that must not be written to (SIGSEGV); or one that shows nothing there, beyond
// the end of its file (SIGBUS).
struct RefuseAccess : Note {
  Fact mm;
  Fact page;
  Fact read_only;  // 1: there is a mapping
};

// --- TLBs ---

// The hardware drops an entry, unasked.
struct EvictTranslation : StepEvent {
  Fact owner;  // whose TLB
  Fact page;
};

// The hardware loads an entry, unasked.
struct FillTranslation : StepEvent {
  Fact owner;
  Fact page;
  // found
  EntryFact entry;  // not present: there was none to load
  Fact astray;      // 1: it went to a page table that has been freed
};

// The CPU drops what its TLB holds of a page.
struct FlushTranslation : StepEvent {
  Fact page;  // no_fact: of all pages
};

struct RaiseTlbGeneration : StepEvent {
  Fact mm;
  // found
  Fact generation;
};

struct SendInterrupt : StepEvent {
  Fact cpus;  // a bit for each CPU that is asked to flush
};

// The CPU waits until all have answered.
struct WaitForFlush : Wait {
  Fact cpus;  // that have not yet
};

struct TakeInterrupt : StepEvent {
  Fact sender;
};

// --- page-table entries ---

struct ReadEntry : StepEvent {
  Fact mm;
  Fact page;
  // found
  EntryFact entry;
};

struct SetEntry : StepEvent {
  Fact mm;
  Fact page;
  EntryFact entry;
};

// A fault has met a present entry, and gives it more flags if it is not as it should be already.
struct SetAccessFlags : StepEvent {
  Fact mm;
  Fact page;
  Fact store;  // 0: nothing is written whatever it is
  EntryFact entry;
  // found
  EntryFact was;
  Fact changed;
};

struct ClearEntry : StepEvent {
  Fact mm;
  Fact page;
  // found
  EntryFact was;
};

// Looks whether the page was accessed, and forgets it.
struct ClearAccessed : StepEvent {
  Fact mm;
  Fact page;
  // found
  EntryFact was;
};

// --- page tables, of pages [first, first + count) each ---

// Looks whether there is one.
struct ReadTable : StepEvent {
  Fact mm;
  Fact first;
  Fact count;
  // found
  Fact exists;
};

// Puts a new one in place.
struct InstallTable : StepEvent {
  Fact mm;
  Fact first;
  Fact count;
  // found
  Fact installed;  // 0: there is one already
};

// Takes it from its place: nobody finds it any more.
struct FreeTable : StepEvent {
  Fact mm;
  Fact first;
  Fact count;
};

// The memory of page tables that were taken from their places is free from now on.
struct ReleaseTables : Note {
  Fact mm;
  Fact count;  // so many page tables
};

// --- locks ---

struct TakeLock : StepEvent {
  LockFact lock;
  Fact shared;  // 1: for reading
  Fact tries;   // 1: comes back at once if it cannot be had; else the step is made only when it can
  // found
  Fact taken;
  Fact holders;  // if it was not: a bit for each CPU that holds it
};

// The CPU waits until it can make its next step.
struct WaitForLock : Wait {
  LockFact lock;
  Fact holders;
};

struct DropLock : StepEvent {
  LockFact lock;
};

// The CPU does what it may have to sleep for, or asks others to flush, where it must not: it holds a spinlock, or has
// interrupts off (might_sleep, lockdep_assert_irqs_enabled).
struct SleepInAtomic : Note {
  enum class Reason : Fact { lock, writeback, flush, other };

  Reason reason;
  LockFact lock;     // that it takes
  Fact subject = 0;  // writeback: the page frame; flush: the mm
};

// From writer to reader.
struct DowngradeLock : StepEvent {
  LockFact lock;
};

// --- address spaces ---

// The range is mapped so from now on.
struct InsertMapping : StepEvent {
  enum class Kind : Fact {
    shared,        // shows pages of a file, which stores are to
    private_file,  // the same, but stores are to copies of the mm's own (MAP_PRIVATE)
    anonymous,     // shows pages of the mm's own, of zeros at first
    device,        // shows the memory of a device, which is numbered like one file more
  };

  Fact mm;
  Fact first;
  Fact count;
  Fact file;       // none: anonymous
  Fact index;      // that the first page shows; the others show those that follow
  Fact read_only;  // 1: it must not be written to
  Kind kind = Kind::shared;
  // The page at which the first one was until now, with what the mm has of its own; none: nowhere.
  Fact moved_from = no_fact;
};

struct SplitMapping : StepEvent {
  Fact mm;
  Fact page;
};

// The range is one mapping from now on, whatever it was.
struct MergeMappings : StepEvent {
  Fact mm;
  Fact first;
  Fact count;
};

struct DetachMappings : StepEvent {
  Fact mm;
  Fact first;
  Fact count;
};

// The range is in transition from now on: not mapped for who faults, but translations may still be in use.
struct BeginUnmap : Note {
  Fact mm;
  Fact first;
  Fact count;
  Fact only_stores;  // 1: it is write-protected, and all this is about stores alone
};

// The transition is over: nobody may use an old translation.
struct EndUnmap : Note {
  Fact mm;
  Fact first;
  Fact count;
  Fact only_stores;
};

// --- anon_vmas ---

struct AllocateAnonVma : StepEvent {
  // found
  Fact anon_vma;
};

// A mapping gets one, before its first anonymous page is mapped.
struct PrepareAnonVma : StepEvent {
  Fact mm;
  Fact page;  // with which the mapping begins
  Fact anon_vma;
  // found
  Fact prepared;  // 0: it has one already
};

struct GetAnonVma : StepEvent {
  Fact anon_vma;
  // found
  std::int32_t refcount;  // after it; 0: there was none any more, and none was taken
};

struct PutAnonVma : StepEvent {
  Fact anon_vma;
  // found
  std::int32_t refcount;
};

struct FreeAnonVma : StepEvent {
  Fact anon_vma;
};

// A thread leaves its mm, and its CPU enters lazy mode.
struct DropMmUser : StepEvent {
  Fact mm;
};

// --- page flags and counts ---

struct SetDirty : StepEvent {
  PageFact page;
  Fact table_locked;  // 1: the CPU holds the lock of a page table that has a place for the page
  // found
  Fact was;  // the page's flags just before
  std::int32_t mapcount;
};

struct ClearDirty : StepEvent {
  PageFact page;
  // found
  Fact was;
};

struct ReadDirty : StepEvent {
  PageFact page;
  Fact for_writeback;  // 1: a clean page will not be written
  // found
  Fact flags;
};

struct SetWriteback : StepEvent {
  PageFact page;
};

struct ClearWriteback : StepEvent {
  PageFact page;
};

// The page is found not to be under writeback; who needs that waits with this step.
struct ReadWriteback : StepEvent {
  PageFact page;
};

struct WaitForWriteback : Wait {
  PageFact page;
};

struct ReadUptodate : StepEvent {
  PageFact page;
  // found
  Fact flags;
};

struct MarkAccessed : StepEvent {
  PageFact page;
};

struct AttachBuffers : StepEvent {
  PageFact page;
};

struct StripBuffers : StepEvent {
  PageFact page;
  // found
  Fact was;  // the page's flags just before: under writeback, or with dirty ones, it keeps its buffers
};

// The buffers become clean, and no more than they.
struct CleanBuffers : StepEvent {
  PageFact page;
  // found
  Fact was;  // the page's flags just before
};

struct GetPage : StepEvent {
  PageFact page;
  // found
  std::int32_t refcount;  // after it; 0: there was none any more, and none was taken
};

struct PutPage : StepEvent {
  PageFact page;
  // found
  std::int32_t refcount;
};

struct ReadRefcount : StepEvent {
  PageFact page;
  // found
  std::int32_t refcount;
};

struct FreezeRefcount : StepEvent {
  PageFact page;
  // found
  Fact frozen;
  std::int32_t refcount;  // before it
};

struct UnfreezeRefcount : StepEvent {
  PageFact page;
  std::int32_t refcount;
};

struct AddRmap : StepEvent {
  PageFact page;
  // found
  std::int32_t mapcount;
};

struct RemoveRmap : StepEvent {
  PageFact page;
  // found
  std::int32_t mapcount;
};

struct ReadMapcount : StepEvent {
  PageFact page;
  Fact for_mkclean;  // 1: a page that is not mapped will not be made clean
  // found
  std::int32_t mapcount;
};

// Who reclaims pages takes one off its list, and a reference to it.
struct IsolatePage : StepEvent {
  PageFact page;
  // found
  Fact isolated;  // 0: it is on none, or somebody else has taken it
};

// And puts it back.
struct PutBackPage : StepEvent {
  PageFact page;
};

struct AllocatePage : StepEvent {
  Fact pages = 1;  // in a row, for one folio
  // found
  Fact frame;  // the first; none: there are no such
};

// To the free list; or, of the memory of a device, back to its driver.
struct FreePage : StepEvent {
  PageFact page;
  // found: how it was
  std::int32_t refcount;
  std::int32_t mapcount;
  Fact entries;  // page-table entries that lead to it
};

// --- the page cache ---

struct LookUpPage : StepEvent {
  Fact file;
  Fact index;
  // found
  Fact frame;
};

struct AddToPageCache : StepEvent {
  PageFact page;
  // found
  Fact added;  // 0: there is a page already
};

// Another frame takes the page's place, and holds what it held (migration).
struct ReplaceInPageCache : StepEvent {
  PageFact page;
  // found
  Fact was;
};

struct RemoveFromPageCache : StepEvent {
  PageFact page;
};

struct TagPage : StepEvent {
  Fact file;
  Fact index;
  Fact tag;
  Fact pages = 1;
};

// Pages of the range that are tagged dirty are tagged to be written.
struct TagForWriteback : StepEvent {
  Fact file;
  Fact first;
  Fact count;
};

// Looks for a page with a tag.
struct FindTagged : StepEvent {
  Fact file;
  Fact from;
  Fact tag;
  Fact again;  // 1: the search goes on
  // found
  Fact index;
};

// --- contents ---

// A page is read in from the disk.
struct ReadFromDisk : StepEvent {
  PageFact page;
  // found
  std::array<Fact, max_words> words;
};

struct WriteToDisk : StepEvent {
  PageFact page;
  Fact word;
  // found
  Fact value;
};

// A page that is no file's is written to swap space, or read in from there. Slots of all swap areas are counted together.
struct WriteToSwap : StepEvent {
  Fact frame;
  Fact slot;
  Fact word;
  // found
  Fact value;
};

struct ReadFromSwap : StepEvent {
  Fact frame;
  Fact slot;
  // found
  std::array<Fact, max_words> words;
};

// A slot of swap space is looked for.
struct AllocateSwap : StepEvent {
  // found
  Fact slot;  // none: there is no free one
};

// What is known of a slot changes (swap_map).
struct CountSwap : StepEvent {
  enum class Change : Fact {
    duplicate,      // one more entry leads to it
    free,           // one less
    prepare_cache,  // somebody is to put it into the swap cache, and nobody else
    clear_cache,    // it is in the swap cache no more
  };

  Fact slot;
  Change change;
  // found
  Fact done;   // 0: somebody has prepared it already, or it is free
  Fact users;  // entries that lead to it, after that
  Fact cached;
};

struct ReadSwapCount : StepEvent {
  Fact slot;
  // found
  Fact users;
};

// Whoever needs a slot waits until who has prepared it is done.
struct WaitForSwapCache : Wait {
  Fact slot;
};

struct LookUpSwapCache : StepEvent {
  Fact slot;
  // found
  Fact frame;
};

struct AddToSwapCache : StepEvent {
  PageFact page;
  Fact slot;
};

struct RemoveFromSwapCache : StepEvent {
  PageFact page;
  Fact slot;
};

// The disk is asked for the transfer of a page, or of a folio; it is made when the CPU takes an interrupt.
struct SubmitIo : StepEvent {
  PageFact page;
  Fact slot;  // of swap space; no_fact: it goes to its file, or comes from there
  Fact writes;
};

struct TakeDiskInterrupt : StepEvent {
  PageFact page;
  Fact slot;  // as above
};

// What is in an anonymous page is to be saved before it is thrown away, or need not be (MADV_FREE).
struct SetSwapBacked : StepEvent {
  PageFact page;
  Fact swapbacked;
};

// A word of a page goes to the frame that takes the page's place (migration).
struct MoveWord : StepEvent {
  PageFact page;
  Fact to;
  Fact word;
  // found
  Fact value;
};

// read() moves a word of a file to the program.
struct ReadWord : StepEvent {
  PageFact page;
  Fact word;
  // found
  Fact value;
};

// madvise(MADV_FREE) of the range begins, or is done: what is anonymous there may be thrown away until it is written to.
struct FreeLazily : Note {
  Fact mm;
  Fact first;
  Fact count;
  Fact done;
};

// A fork begins to copy an mm, or is done: what both have of their own they share until one of them stores to it.
struct Fork : Note {
  Fact mm;
  Fact child;
  Fact done;
};

// Of a page that a store makes a copy of, which goes to a frame.
struct CopyWord : StepEvent {
  PageFact page;
  Fact to;
  Fact word;
  // found
  Fact value;
};

// write() moves a word of the program to a file.
struct WriteWord : StepEvent {
  PageFact page;
  Fact word;
  // found
  Fact value;
};

// write() of a page is about to return: only from now on does an fsync owe anything for it.
struct WriteReturns : Note {
  Fact file;
  Fact index;
};

// A page table is about to be walked for a pin: from now on with interrupts off.
struct PinBegins : StepEvent {
  Fact mm;
  Fact page;
};

// A device writes a word of a frame that is pinned for it, by no page table and no TLB: to whatever the frame holds now.
struct DmaWord : StepEvent {
  PageFact page;
  Fact mm;  // that it was pinned for, as this virtual page
  Fact virtual_page;
  Fact word;
  // found
  Fact value;
  Fact stale;  // 1: the frame has been freed since the entry that led to it was read
};

// The page that a device has written to is unpinned, and marked dirty if need be: only from now on does an fsync owe anything
// for it.
struct DmaReturns : Note {
  PageFact page;
  Fact word;
  Fact value;
};

// A device gets no page, because nothing is mapped there, or it must not be written to (EFAULT).
struct RefusePin : Note {
  Fact mm;
  Fact page;
};

struct FsyncBegins : StepEvent {
  Fact file;
  Fact first;
  Fact count;
};

struct FsyncReturns : Note {
  Fact file;
  Fact first;
  Fact count;
};

// --- sizes of files ---

// Looks where a file ends (i_size), in a run in which that may change.
struct ReadFileSize : StepEvent {
  Fact file;
  // found
  Fact pages;
};

// A file ends behind so many pages from now on (i_size).
struct SetFileSize : StepEvent {
  Fact file;
  Fact pages;
};

// Pages of a file are thrown away from now on, with what is in them, because it is cut short or gets a hole. Those of one
// file only by one CPU at a time.
struct BeginDiscard : Note {
  Fact file;
  Fact first;
  Fact count;
};

// They have been: the disk has zeros there now.
struct EndDiscard : StepEvent {
  Fact file;
  Fact first;
  Fact count;
};

// --- gathers; each is its CPU's ---

struct BeginGather : StepEvent {
  Fact mm;
};

// The CPU zaps a range, entry by entry: none is to be left.
struct BeginZap : Note {
  Fact mm;
  Fact first;
  Fact count;
};

struct EndZap : Note {
  Fact mm;
  Fact first;
  Fact count;
};

// A page waits for the flush. The batch that it went into has not been followed by another yet.
struct QueuePage : StepEvent {
  PageFact page;  // or several of one folio
  Fact flags;     // that its pointer carries
  // found
  PointerFact pointer;
  Fact queued;     // entries in the batch
  Fact room;       // for so many
  Fact batches;    // beside the gather's own
  Fact batch_max;  // at most so many
};

// A pointer to a page was made to carry flags.
struct EncodePage : Note {
  PointerFact page;
  Fact flags;
  PointerFact encoded;
  PointerFact decoded_page;
  Fact decoded_flags;
};

struct AllocateBatch : StepEvent {
  // found
  Fact allocated;
};

struct FreeBatch : StepEvent {};

// All that was gathered so far can no longer be reached through any TLB.
struct FlushGather : Note {
  Fact mm;
};

// Queued pointers are about to be released in one go; a ReleasePage for each of them follows.
struct ReleasePages : Note {
  Fact count;
  Fact limit;
};

// As the entry is in memory.
struct ReleasePage : Note {
  PointerFact pointer;
  Fact pages = 1;  // from there on: a reference to each is dropped
};

// Reclaim has cleared an entry, and is to flush later, for many entries at once.
struct DeferFlush : StepEvent {
  Fact mm;
  // found
  Fact count;  // so many times in this mm
};

// Somebody has flushed the mm in reclaim's place.
struct SettleFlushes : StepEvent {
  Fact mm;
  // found
  Fact settled;  // 0: there are new ones
};

struct FinishGather : StepEvent {
  Fact mm;
  // found
  Fact nested;  // 1: another gather of this mm is under way
};

struct EndGather : StepEvent {
  Fact mm;
};

// --- kernel threads ---

// The CPU runs a kernel thread, with the mm still loaded: until it runs user code of the mm again, nobody needs to ask it for a flush.
struct EnterLazyMode : StepEvent {
  Fact mm;
};

// The kernel thread has nothing to do any more. From now on interrupts are off, until user code runs again.
struct EndKernelThread : StepEvent {};

// The CPU is about to run user code again, and is asked for flushes from now on. Its TLB may be out of date.
struct LeaveLazyMode : StepEvent {
  Fact mm;
};

// The mm was not loaded any more, and is again.
struct LoadMm : StepEvent {
  Fact mm;
};

// Looks how many flushes of the mm there have been.
struct ReadTlbGeneration : StepEvent {
  Fact mm;
  // found
  Fact generation;
};

// --- what is wrong by the kernel's own rules ---

// Its code complains.
struct KernelWarns : Note {
  enum class How : Fact {
    warns,    // WARN: it goes on
    stops,    // BUG: it cannot go on, and the run ends
    prints,   // an error message
    touches,  // an address where nothing is; the run ends
  };

  How how;
  TextFact text;  // touches: the function that does
  Fact address_high = 0;
  Fact address_low = 0;
};

// The kernel uses what it has freed.
struct UseFreed : Note {
  enum class How : Fact { touches, frees, walks };

  How how;
  TextFact function;  // that does
  Fact frame;         // no_fact: it is an object, or, if it walks, a page table
};

}  // namespace event

// Whether a trace has a line for it.
template <typename E>
inline constexpr bool is_told = E::is_step || std::is_base_of_v<event::Wait, E>;

template <typename... Events>
struct EventList {
  static constexpr std::size_t size = sizeof...(Events);
};

// Every kind of event. Its place in the list is its number, which inputs keep: NUMBERS ARE PERMANENT, new events come
// last.
using AllEvents = EventList<
    event::RunBegins, event::RunEnds, event::OperationBegins, event::UserAccess, event::Translate, event::RefuseAccess,
    event::EvictTranslation, event::FillTranslation, event::FlushTranslation, event::RaiseTlbGeneration,
    event::SendInterrupt, event::WaitForFlush, event::TakeInterrupt, event::ReadEntry, event::SetEntry,
    event::SetAccessFlags, event::ClearEntry, event::ReadTable, event::InstallTable, event::FreeTable, event::TakeLock,
    event::WaitForLock, event::DropLock, event::SleepInAtomic, event::DowngradeLock, event::InsertMapping,
    event::SplitMapping, event::DetachMappings, event::BeginUnmap, event::EndUnmap, event::DropMmUser, event::SetDirty,
    event::ClearDirty, event::ReadDirty, event::SetWriteback, event::ClearWriteback, event::ReadWriteback,
    event::WaitForWriteback, event::ReadUptodate, event::MarkAccessed, event::AttachBuffers, event::StripBuffers,
    event::GetPage, event::PutPage, event::ReadRefcount, event::FreezeRefcount, event::UnfreezeRefcount, event::AddRmap,
    event::RemoveRmap, event::ReadMapcount, event::AllocatePage, event::FreePage, event::LookUpPage,
    event::AddToPageCache, event::RemoveFromPageCache, event::TagPage, event::TagForWriteback, event::FindTagged,
    event::ReadFromDisk, event::WriteToDisk, event::ReadWord, event::WriteWord, event::WriteReturns, event::FsyncBegins,
    event::FsyncReturns, event::BeginGather, event::BeginZap, event::EndZap, event::QueuePage, event::EncodePage,
    event::AllocateBatch, event::FreeBatch, event::FlushGather, event::ReleasePages, event::ReleasePage,
    event::FinishGather, event::EndGather, event::SetFileSize, event::BeginDiscard, event::EndDiscard,
    event::KernelWarns, event::UseFreed, event::CopyWord, event::FreeLazily, event::Fork, event::WriteToSwap,
    event::ReadFromSwap, event::MoveWord, event::ReplaceInPageCache, event::ReadFileSize, event::AllocateAnonVma,
    event::PrepareAnonVma, event::GetAnonVma, event::PutAnonVma, event::FreeAnonVma, event::ClearAccessed,
    event::IsolatePage, event::PutBackPage, event::DeferFlush, event::SettleFlushes, event::AllocateSwap,
    event::CountSwap, event::ReadSwapCount, event::WaitForSwapCache, event::LookUpSwapCache, event::AddToSwapCache,
    event::RemoveFromSwapCache, event::SubmitIo, event::TakeDiskInterrupt, event::SetSwapBacked, event::DmaWord,
    event::DmaReturns, event::RefusePin, event::PinBegins, event::MergeMappings, event::CleanBuffers,
    event::EnterLazyMode, event::EndKernelThread, event::LeaveLazyMode, event::LoadMm, event::ReadTlbGeneration,
    event::ReleaseTables>;

// The number of a kind of event. An event that is not in the list does not compile.
using EventKind = std::uint8_t;

template <typename E, typename... Events>
consteval EventKind kind_in(EventList<Events...> /*list*/) {
  static_assert((std::is_same_v<E, Events> + ...) == 1, "an event stands once in the list");
  EventKind kind = 0;
  static_cast<void>(((std::is_same_v<E, Events> ? false : (++kind, true)) && ...));
  return kind;
}
template <typename E>
inline constexpr EventKind kind_of = kind_in<E>(AllEvents{});

// A set of kinds of events.
class EventSet {
 public:
  static constexpr std::size_t capacity = 128;

  template <typename... Events>
  static constexpr EventSet of(EventList<Events...> /*list*/) {
    EventSet set;
    (set.insert(kind_of<Events>), ...);
    return set;
  }
  static constexpr EventSet all() { return of(AllEvents{}); }

  constexpr EventSet() = default;
  constexpr void insert(EventKind kind) { bits_[kind / 64U] |= std::uint64_t{1} << kind % 64U; }
  constexpr bool contains(EventKind kind) const { return (bits_[kind / 64U] >> kind % 64U & 1U) != 0; }
  constexpr bool contains(EventSet other) const {
    return (other.bits_[0] & ~bits_[0]) == 0 && (other.bits_[1] & ~bits_[1]) == 0;
  }
  constexpr EventSet operator|(EventSet other) const {
    EventSet set;
    for (std::size_t i = 0; i < bits_.size(); ++i) set.bits_[i] = bits_[i] | other.bits_[i];
    return set;
  }
  constexpr EventSet operator-(EventSet other) const {
    EventSet set;
    for (std::size_t i = 0; i < bits_.size(); ++i) set.bits_[i] = bits_[i] & ~other.bits_[i];
    return set;
  }
  constexpr bool operator==(const EventSet&) const = default;

 private:
  std::array<std::uint64_t, capacity / 64> bits_{};
};
static_assert(AllEvents::size <= EventSet::capacity);

// The facts of an event as numbers, in their order.
inline constexpr std::size_t max_facts = 10;
template <typename E>
// NOLINTNEXTLINE(bugprone-sizeof-expression): in facts
inline constexpr std::size_t fact_count = std::is_empty_v<E> ? 0 : sizeof(E) / sizeof(Fact);

template <typename... Events>
constexpr std::array<std::uint8_t, sizeof...(Events)> fact_counts(EventList<Events...> /*list*/) {
  return {static_cast<std::uint8_t>(fact_count<Events>)...};
}

// An event that happens, as observers are told of it: it is gone when they have been told.
class EventView {
 public:
  template <typename E>
  EventView(std::uint64_t steps_made, int by_cpu, const E& event)
      : step(steps_made), kind(kind_of<E>), cpu(static_cast<std::uint8_t>(by_cpu)), event_(&event) {
    static_assert(std::is_trivially_copyable_v<E> && fact_count<E> <= max_facts && alignof(E) <= alignof(Fact));
  }

  const std::uint64_t step;  // steps made in the run, this one included
  const EventKind kind;
  const std::uint8_t cpu;  // who did it

  template <typename E>
  bool is() const {
    return kind == kind_of<E>;
  }
  // The event, which is an E.
  template <typename E>
  const E& as() const {
    return *static_cast<const E*>(event_);
  }

 private:
  friend struct AnyEvent;
  const void* event_;
};

// The same, to keep.
struct AnyEvent {
  std::uint64_t step = 0;
  EventKind kind = 0;
  std::uint8_t cpu = 0;
  std::array<Fact, max_facts> facts{};

  AnyEvent() = default;
  explicit AnyEvent(const EventView& view) : step(view.step), kind(view.kind), cpu(view.cpu) {
    static constexpr auto counts = fact_counts(AllEvents{});
    if (counts[kind] != 0) std::memcpy(facts.data(), view.event_, counts[kind] * sizeof(Fact));
  }

  template <typename E>
  bool is() const {
    return kind == kind_of<E>;
  }
  // The event, which is an E.
  template <typename E>
  E as() const {
    E event{};
    if constexpr (fact_count<E> != 0) std::memcpy(static_cast<void*>(&event), facts.data(), sizeof event);
    return event;
  }
};

// The page that an event is about: a virtual one, or the place in its file, whichever it has; none: no_fact.
template <typename E>
constexpr Fact page_of(const E& event) {
  if constexpr (requires { event.page.index; }) {
    return event.page.index;
  } else if constexpr (requires { Fact{event.page}; }) {
    return event.page;
  } else if constexpr (requires { event.index; }) {
    return event.index;
  } else {
    return no_fact;
  }
}

// Calls `visit` with the event, an EventView or AnyEvent, as what it is.
template <typename Event, typename Visitor, typename... Events>
void visit_event_in(EventList<Events...> /*list*/, const Event& event, Visitor&& visit) {
  using Visit = void (*)(const Event&, Visitor&);
  static constexpr std::array<Visit, sizeof...(Events)> visits{
      [](const Event& any, Visitor& visitor) { visitor(any.template as<Events>()); }...};
  visits[event.kind](event, visit);
}
template <typename Event, typename Visitor>
void visit_event(const Event& event, Visitor&& visit) {
  visit_event_in(AllEvents{}, event, visit);
}

template <typename Event>
Fact page_of_any(const Event& event) {
  Fact page = no_fact;
  visit_event(event, [&page](const auto& what) { page = page_of(what); });
  return page;
}
inline Fact page_of(const EventView& event) {
  return page_of_any(event);
}
inline Fact page_of(const AnyEvent& event) {
  return page_of_any(event);
}

}  // namespace shootdown
