// What an event touches: the places that CPUs share, and whether they learn or
// change something there.
//
// Two steps of which neither changes what the other touches may change places, and
// nobody sees a difference. This is said here once, for every kind of step. A build
// with SHOOTDOWN_FOOTPRINTS compares it with what the model's code does touch
// (engine/kernel/footprint.h). Too much said does no harm but to who wants to leave
// out equivalent schedules; too little would be wrong.
//
// An event touches more than the step at which it is announced: all that its CPU
// does until its next step. What a lock guards need not be said where the CPU holds
// that lock (guards), nor what belongs to the CPU alone.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/events/event.h"

namespace shootdown {

// A row of places of one kind: of one owner, from `number` on. Those of a folio are its first page's.
struct Places {
  enum class Kind : Fact {
    entry,              // owner: mm, number: virtual page
    table,              // whether there is one, and whether its memory is free; owner: mm, number: page table
    present,            // how many of its entries are; owner: mm, number: page table
    tlb,                // number: CPU
    lock,               // owner: class and owner, number
    flags,              // number: page frame; the page's lock is one of them
    refcount,           // number: page frame
    mapcount,           // number: page frame
    identity,           // which page of which file it is; number: page frame
    words,              // what is in it; number: page frame
    slot,               // of the page cache; owner: file, number: index
    tags,               // owner: file, number: index
    disk,               // owner: file, number: index
    swap,               // what is in it; number: slot
    swap_map,           // who uses it; number: slot
    swap_cache,         // number: slot
    mappings,           // owner: mm
    anon_vma,           // its counts, its place in the tree of them, its mappings; number: anon_vma
    i_mmap,             // the mappings of a file; owner: file
    users,              // of an mm, and whether it is there; owner: mm
    rss,                // owner: mm
    flush_pending,      // owner: mm
    flush_batched,      // owner: mm
    write_protect_seq,  // owner: mm
    tlb_generation,     // owner: mm
    size,               // number: file
    cpumask,            // owner: mm
    lazy,               // number: CPU
    flush_request,      // what a CPU asks, has been asked, and waits for; number: CPU
    free_memory,
    values,  // the next one that is stored; the last of the kinds
  };

  Kind kind;
  Fact owner = 0;
  Fact number = 0;
  Fact count = 1;

  bool contains(const Places& other) const {
    return kind == other.kind && owner == other.owner && number <= other.number &&
           other.number + other.count <= number + count;
  }
};

namespace places {

using Kind = Places::Kind;

constexpr Places entry(Fact mm, Fact page) {
  return {Kind::entry, mm, page};
}
constexpr Places flags(const PageFact& page) {
  return {Kind::flags, 0, page.frame};
}
constexpr Places refcount(const PageFact& page) {
  return {Kind::refcount, 0, page.frame};
}
constexpr Places mapcount(const PageFact& page) {
  return {Kind::mapcount, 0, page.frame};
}
constexpr Places identity(const PageFact& page) {
  return {Kind::identity, 0, page.frame};
}
constexpr Places slots(const PageFact& page) {
  return {Kind::slot, page.file, page.index, page.pages};
}
constexpr Places tags(const PageFact& page) {
  return {Kind::tags, page.file, page.index, page.pages};
}
constexpr Places words(Fact frame) {
  return {Kind::words, 0, frame};
}
constexpr Places slot(Fact file, Fact index) {
  return {Kind::slot, file, index};
}
constexpr Places tags(Fact file, Fact first, Fact count = 1) {
  return {Kind::tags, file, first, count};
}
constexpr Places disk(const PageFact& page) {
  return {Kind::disk, page.file, page.index};
}
// Of one mm.
constexpr Places of_mm(Kind kind, Fact mm) {
  return {kind, mm};
}
// Of one CPU.
constexpr Places of_cpu(Kind kind, Fact cpu) {
  return {kind, 0, cpu};
}
constexpr Places table(Fact mm, Fact number) {
  return {Kind::table, mm, number};
}
// The lock of a page is a flag of it.
constexpr Places lock(const LockFact& lock) {
  if (lock.kind == LockClass::page) return {Kind::flags, 0, lock.number};
  return {Kind::lock, static_cast<Fact>(lock.kind) << 16U | lock.owner, lock.number};
}
constexpr Places anon_vma(Fact number) {
  return {Kind::anon_vma, 0, number};
}
inline constexpr Places free_memory{Kind::free_memory};
inline constexpr Places values{Kind::values};

}  // namespace places

// Calls visit(number) with each of the first places of a row, at most so many, as a number that no other place has. Left out are
// places that everybody comes upon in an order that nothing depends on.
template <typename Visit>
void visit_first_that_matter(const Places& places, Fact most, const Visit& visit) {
  using enum Places::Kind;
  if (places.kind == free_memory || places.kind == values || places.kind == rss) return;
  const std::uint64_t row = (static_cast<std::uint64_t>(places.kind) << 24U | places.owner) << 32U;
  for (Fact i = 0; i < std::min(places.count, most); ++i) visit(row | (places.number + i));
}

// Whether a place may be touched by who holds the lock, because nobody changes it without.
inline bool guards(const LockFact& lock, const Places& place) {
  switch (place.kind) {
    case Places::Kind::present:
      return lock.kind == LockClass::page_table && lock.owner == place.owner && lock.number == place.number;
    case Places::Kind::identity:
      return (lock.kind == LockClass::page && lock.number == place.number) || lock.kind == LockClass::i_pages;
    case Places::Kind::mappings:
      return (lock.kind == LockClass::mmap && lock.owner == place.owner) || lock.kind == LockClass::i_mmap ||
             lock.kind == LockClass::anon_vma;
    case Places::Kind::anon_vma: return lock.kind == LockClass::anon_vma;
    case Places::Kind::i_mmap: return lock.kind == LockClass::i_mmap && lock.owner == place.owner;
    default: return false;
  }
}

// Whether a place belongs to the CPU: others touch it in steps of which that is said.
inline bool is_own(int cpu, const Places& place) {
  return (place.kind == Places::Kind::flush_request || place.kind == Places::Kind::lazy) &&
         place.number == as_fact(cpu);
}

// Says of an event that `cpu` announces which places it reads and writes: say.reads(places), say.writes(places); who
// writes may have read. For each kind of step there is one; a note touches nothing that its step does not.
template <typename Say>
class TouchesOf {
 public:
  TouchesOf(int cpu, Say& say) : cpu_(as_fact(cpu)), say_(say) {}

  // --- user programs and TLBs ---

  void operator()(const event::UserAccess& e) {
    say_.writes(places::of_cpu(Kind::tlb, cpu_));
    say_.writes(places::entry(e.mm, e.page));
    if (e.store != 0) say_.writes(places::values);
    if (e.access == Access::fault) return;
    e.store != 0 ? say_.writes(places::words(e.frame)) : say_.reads(places::words(e.frame));
  }
  void operator()(const event::Translate& e) {
    say_.writes(places::of_cpu(Kind::tlb, cpu_));
    say_.writes(places::entry(e.mm, e.page));
  }
  void operator()(const event::EvictTranslation& e) { say_.writes(places::of_cpu(Kind::tlb, e.owner)); }
  void operator()(const event::FillTranslation& e) { say_.writes(places::of_cpu(Kind::tlb, e.owner)); }
  void operator()(const event::FlushTranslation& /*e*/) { say_.writes(places::of_cpu(Kind::tlb, cpu_)); }
  // And finds out whom to ask.
  void operator()(const event::RaiseTlbGeneration& e) {
    say_.writes(places::of_mm(Kind::tlb_generation, e.mm));
    say_.writes(places::of_cpu(Kind::flush_request, cpu_));
    say_.reads(places::of_mm(Kind::cpumask, e.mm));
    say_.reads({.kind = Kind::lazy, .count = max_cpus});
  }
  void operator()(const event::SendInterrupt& e) {
    say_.writes(places::of_cpu(Kind::flush_request, cpu_));
    for (Fact cpu = 0; cpu < max_cpus; ++cpu) {
      if ((e.cpus >> cpu & 1U) != 0) say_.writes(places::of_cpu(Kind::flush_request, cpu));
    }
  }
  void operator()(const event::TakeInterrupt& e) { say_.reads(places::of_cpu(Kind::flush_request, e.sender)); }

  void operator()(const event::EnterLazyMode& /*e*/) { say_.writes(places::of_cpu(Kind::lazy, cpu_)); }
  void operator()(const event::EndKernelThread& /*e*/) {}
  void operator()(const event::LeaveLazyMode& /*e*/) { say_.writes(places::of_cpu(Kind::lazy, cpu_)); }
  void operator()(const event::LoadMm& e) { say_.writes(places::of_mm(Kind::cpumask, e.mm)); }
  void operator()(const event::ReadTlbGeneration& e) { say_.reads(places::of_mm(Kind::tlb_generation, e.mm)); }

  // --- page-table entries and page tables ---

  void operator()(const event::ReadEntry& e) { say_.reads(places::entry(e.mm, e.page)); }
  void operator()(const event::SetEntry& e) { say_.writes(places::entry(e.mm, e.page)); }
  void operator()(const event::SetAccessFlags& e) { say_.writes(places::entry(e.mm, e.page)); }
  void operator()(const event::ClearEntry& e) { say_.writes(places::entry(e.mm, e.page)); }
  void operator()(const event::ReadTable& e) { say_.reads(places::table(e.mm, e.first / e.count)); }
  void operator()(const event::ClearAccessed& e) { say_.writes(places::entry(e.mm, e.page)); }
  void operator()(const event::InstallTable& e) { say_.writes(places::table(e.mm, e.first / e.count)); }
  void operator()(const event::FreeTable& e) { say_.writes(places::table(e.mm, e.first / e.count)); }

  // --- locks and address spaces ---

  void operator()(const event::TakeLock& e) { say_.writes(places::lock(e.lock)); }
  void operator()(const event::DropLock& e) { say_.writes(places::lock(e.lock)); }
  void operator()(const event::DowngradeLock& e) { say_.writes(places::lock(e.lock)); }
  void operator()(const event::InsertMapping& e) { say_.writes(places::of_mm(Kind::mappings, e.mm)); }
  void operator()(const event::SplitMapping& e) { say_.writes(places::of_mm(Kind::mappings, e.mm)); }
  void operator()(const event::MergeMappings& e) { say_.writes(places::of_mm(Kind::mappings, e.mm)); }
  void operator()(const event::DetachMappings& e) { say_.writes(places::of_mm(Kind::mappings, e.mm)); }
  void operator()(const event::AllocateAnonVma& e) {
    say_.writes(places::free_memory);
    say_.writes(places::anon_vma(e.anon_vma));
  }
  void operator()(const event::PrepareAnonVma& e) {
    say_.writes(places::of_mm(Kind::mappings, e.mm));
    say_.writes(places::anon_vma(e.anon_vma));
  }
  void operator()(const event::GetAnonVma& e) { say_.writes(places::anon_vma(e.anon_vma)); }
  void operator()(const event::PutAnonVma& e) { say_.writes(places::anon_vma(e.anon_vma)); }
  void operator()(const event::FreeAnonVma& e) {
    say_.writes(places::free_memory);
    say_.writes(places::anon_vma(e.anon_vma));
  }
  void operator()(const event::DropMmUser& e) {
    say_.writes(places::of_mm(Kind::users, e.mm));
    say_.writes(places::of_cpu(Kind::lazy, cpu_));
  }

  // --- page flags and counts ---

  // And finds the file whose page it is to be tagged as.
  void operator()(const event::SetDirty& e) {
    say_.writes(places::flags(e.page));
    say_.reads(places::mapcount(e.page));
    say_.reads(places::identity(e.page));
  }
  void operator()(const event::ClearDirty& e) { say_.writes(places::flags(e.page)); }
  void operator()(const event::ReadDirty& e) { say_.reads(places::flags(e.page)); }
  void operator()(const event::SetWriteback& e) {
    say_.writes(places::flags(e.page));
    say_.writes(places::tags(e.page));
  }
  void operator()(const event::ClearWriteback& e) {
    say_.writes(places::flags(e.page));
    say_.writes(places::tags(e.page));
  }
  void operator()(const event::ReadWriteback& e) { say_.reads(places::flags(e.page)); }
  void operator()(const event::ReadUptodate& e) { say_.reads(places::flags(e.page)); }
  void operator()(const event::MarkAccessed& e) { say_.writes(places::flags(e.page)); }
  void operator()(const event::AttachBuffers& e) {
    say_.writes(places::flags(e.page));
    say_.writes(places::refcount(e.page));
  }
  void operator()(const event::StripBuffers& e) { say_.writes(places::flags(e.page)); }
  void operator()(const event::CleanBuffers& e) { say_.writes(places::flags(e.page)); }
  void operator()(const event::GetPage& e) { say_.writes(places::refcount(e.page)); }
  void operator()(const event::PutPage& e) { say_.writes(places::refcount(e.page)); }
  void operator()(const event::ReadRefcount& e) {
    say_.reads(places::refcount(e.page));
    say_.reads(places::flags(e.page));
  }
  void operator()(const event::FreezeRefcount& e) { say_.writes(places::refcount(e.page)); }
  void operator()(const event::UnfreezeRefcount& e) { say_.writes(places::refcount(e.page)); }
  void operator()(const event::AddRmap& e) { say_.writes(places::mapcount(e.page)); }
  void operator()(const event::RemoveRmap& e) { say_.writes(places::mapcount(e.page)); }
  void operator()(const event::ReadMapcount& e) {
    say_.reads(places::mapcount(e.page));
    say_.reads(places::flags(e.page));
  }
  void operator()(const event::IsolatePage& e) {
    say_.writes(places::flags(e.page));
    say_.writes(places::refcount(e.page));
  }
  void operator()(const event::PutBackPage& e) { say_.writes(places::flags(e.page)); }
  void operator()(const event::AllocatePage& e) {
    say_.writes(places::free_memory);
    if (e.frame != no_fact) says_whole({.frame = e.frame, .pages = e.pages});
  }
  void operator()(const event::FreePage& e) {
    say_.writes(places::free_memory);
    says_whole(e.page);
  }

  // --- the page cache and contents ---

  void operator()(const event::LookUpPage& e) { say_.reads(places::slot(e.file, e.index)); }
  void operator()(const event::AddToPageCache& e) {
    say_.writes(places::slots(e.page));
    say_.writes(places::identity(e.page));
    say_.writes(places::refcount(e.page));
    say_.writes(places::flags(e.page));
  }
  void operator()(const event::ReplaceInPageCache& e) {
    say_.writes(places::slots(e.page));
    says_whole(e.page);
    says_whole({.frame = e.was, .pages = e.page.pages});
  }
  void operator()(const event::RemoveFromPageCache& e) {
    say_.writes(places::slots(e.page));
    say_.writes(places::tags(e.page));
    say_.writes(places::identity(e.page));
  }
  void operator()(const event::TagPage& e) { say_.writes(places::tags(e.file, e.index, e.pages)); }
  void operator()(const event::TagForWriteback& e) { say_.writes(places::tags(e.file, e.first, e.count)); }
  // From where it began to where it found one, or to the end.
  void operator()(const event::FindTagged& e) {
    const Fact end = e.index == no_fact ? max_file_pages : e.index + 1;
    say_.reads(places::tags(e.file, e.from, end - e.from));
  }
  void operator()(const event::ReadFromDisk& e) {
    say_.reads(places::disk(e.page));
    say_.writes(places::words(e.page.frame));
    say_.writes(places::flags(e.page));
  }
  void operator()(const event::WriteToDisk& e) {
    say_.reads(places::words(e.page.frame));
    say_.writes(places::disk(e.page));
  }
  void operator()(const event::WriteToSwap& e) {
    say_.reads(places::words(e.frame));
    say_.writes({.kind = Kind::swap, .number = e.slot});
  }
  void operator()(const event::ReadFromSwap& e) {
    say_.reads({.kind = Kind::swap, .number = e.slot});
    say_.writes(places::words(e.frame));
    say_.writes({.kind = Kind::flags, .number = e.frame});
  }
  void operator()(const event::AllocateSwap& /*e*/) {
    say_.writes({.kind = Kind::swap_map, .count = max_swap_slots});
    say_.writes(places::free_memory);
  }
  void operator()(const event::CountSwap& e) {
    say_.writes({.kind = Kind::swap_map, .number = e.slot});
    say_.writes(places::free_memory);
  }
  void operator()(const event::ReadSwapCount& e) { say_.reads({.kind = Kind::swap_map, .number = e.slot}); }
  void operator()(const event::LookUpSwapCache& e) { say_.reads({.kind = Kind::swap_cache, .number = e.slot}); }
  void operator()(const event::AddToSwapCache& e) {
    say_.writes({.kind = Kind::swap_cache, .number = e.slot});
    says_whole(e.page);
  }
  void operator()(const event::RemoveFromSwapCache& e) {
    say_.writes({.kind = Kind::swap_cache, .number = e.slot});
    says_whole(e.page);
  }
  void operator()(const event::SubmitIo& /*e*/) { say_.writes(places::of_cpu(Kind::flush_request, cpu_)); }
  void operator()(const event::TakeDiskInterrupt& /*e*/) { say_.writes(places::of_cpu(Kind::flush_request, cpu_)); }
  void operator()(const event::SetSwapBacked& e) { say_.writes(places::flags(e.page)); }
  void operator()(const event::MoveWord& e) {
    say_.reads(places::words(e.page.frame));
    say_.writes(places::words(e.to));
  }
  void operator()(const event::ReadWord& e) { say_.reads(places::words(e.page.frame)); }
  void operator()(const event::CopyWord& e) {
    say_.reads(places::words(e.page.frame));
    say_.writes(places::words(e.to));
  }
  void operator()(const event::WriteWord& e) {
    say_.writes(places::words(e.page.frame));
    say_.writes(places::values);
  }
  void operator()(const event::PinBegins& /*e*/) {}
  void operator()(const event::DmaWord& e) {
    say_.writes(places::words(e.page.frame));
    say_.writes(places::values);
  }
  void operator()(const event::FsyncBegins& /*e*/) {}

  // --- sizes of files ---

  void operator()(const event::ReadFileSize& e) { say_.reads({.kind = Kind::size, .number = e.file}); }
  void operator()(const event::SetFileSize& e) { say_.writes({.kind = Kind::size, .number = e.file}); }
  void operator()(const event::EndDiscard& e) { say_.writes({Kind::disk, e.file, e.first, e.count}); }

  // --- gathers: what they gather is on their CPU's stack ---

  void operator()(const event::BeginGather& e) { say_.writes(places::of_mm(Kind::flush_pending, e.mm)); }
  void operator()(const event::DeferFlush& e) { say_.writes(places::of_mm(Kind::flush_batched, e.mm)); }
  void operator()(const event::SettleFlushes& e) { say_.writes(places::of_mm(Kind::flush_batched, e.mm)); }
  void operator()(const event::QueuePage& /*e*/) {}
  void operator()(const event::AllocateBatch& /*e*/) { say_.writes(places::free_memory); }
  void operator()(const event::FreeBatch& /*e*/) { say_.writes(places::free_memory); }
  void operator()(const event::FinishGather& e) { say_.reads(places::of_mm(Kind::flush_pending, e.mm)); }
  void operator()(const event::EndGather& e) { say_.writes(places::of_mm(Kind::flush_pending, e.mm)); }

 private:
  using Kind = Places::Kind;

  // Folios may come to be, or be taken apart.
  void says_whole(const PageFact& page) {
    for (const Kind kind : {Kind::flags, Kind::refcount, Kind::mapcount, Kind::identity})
      say_.writes({kind, 0, page.frame, page.pages});
  }

  Fact cpu_;
  Say& say_;
};

namespace touches_of {

struct Nobody {
  void reads(const Places& /*places*/) {}
  void writes(const Places& /*places*/) {}
};

template <typename... Events>
consteval bool are_said(EventList<Events...> /*list*/) {
  return ((!Events::is_step || requires(TouchesOf<Nobody> say, Events step) { say(step); }) && ...);
}
static_assert(are_said(AllEvents{}), "TouchesOf must say of every step what it touches");

}  // namespace touches_of

}  // namespace shootdown
