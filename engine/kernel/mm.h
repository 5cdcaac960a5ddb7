// Address spaces and files.
//
// struct mm_struct, vm_area_struct, anon_vma, address_space of Linux 6.1, cut down to what
// mappings of files and anonymous memory need. What a lock guards is plain, what the kernel
// accesses without one is atomic; each field says which. Tables lie in the arena
// of the run, as long as the program's machine wants them.
#pragma once

#include <cstdint>

#include "engine/events/event.h"
#include "engine/kernel/locks.h"
#include "engine/kernel/page.h"
#include "engine/program/program.h"
#include "engine/sched/atomic.h"

namespace shootdown {

inline constexpr int max_vmas = 96;  // of one mm; a further split or mmap fails (sysctl_max_map_count)

struct Vma;
struct AnonVmaChain;

// What the anonymous pages of mappings lead to, so that all page-table entries that map one can be found: the mappings in
// which it may be. A mapping gets one with its first anonymous page. Is freed with its last mapping, while pages may still lead to it.
struct AnonVma {
  Atomic<AnonVma*> root{nullptr};  // of what forks have made a tree of; its rwsem is the lock of all of them
  Atomic<int> refcount{0};         // 0: free
  RwSemaphore rwsem;
  // --- guarded by the root's rwsem ---
  Shared<AnonVma*> parent = nullptr;
  Shared<int> num_children = 0;             // a root is one of its own
  Shared<int> num_active_vmas = 0;          // whose new pages lead to it
  Shared<AnonVmaChain*> rb_root = nullptr;  // mappings by what they begin with
  Shared<AnonVma*> next_free = nullptr;
  Atomic<std::uint16_t> lives{0};  // that it has ended (the harness's)
};

// That pages in a mapping may lead to an anon_vma.
struct AnonVmaChain {
  Shared<Vma*> vma = nullptr;
  Shared<AnonVma*> anon_vma = nullptr;
  Shared<AnonVmaChain*> next = nullptr;  // of the same anon_vma
};

// A mapping: virtual pages [start, end), readable.
// Written with the mm's mmap_lock and, if it is of a file, that one's i_mmap lock held for writing, and if it has an anon_vma,
// that one's; either suffices to read.
struct Vma {
  using Kind = event::InsertMapping::Kind;

  Shared<std::uint16_t> start = std::uint16_t{0};
  Shared<std::uint16_t> end = std::uint16_t{0};
  Shared<std::uint16_t> pgoff = std::uint16_t{0};  // page of the file that `start` shows
  Shared<std::uint8_t> mm = std::uint8_t{0};
  Shared<std::uint8_t> file = std::uint8_t{0};
  Shared<Kind> kind = Kind::shared;
  // Not VM_WRITE, and what vm_page_prot says of it, which whoever moves pages reads without mmap_lock.
  Atomic<bool> read_only{false};
  // To which its new anonymous pages lead. Set by a fault, with the anon_vma locked and mmap_lock held for reading.
  Atomic<AnonVma*> anon_vma{nullptr};
  // All to which its pages may lead, from the root to its own.
  Row<AnonVmaChain> anon_vma_chain;
  Shared<int> chained = 0;

  bool is_read_only() const { return read_only.load(std::memory_order_relaxed); }
  void set_read_only(bool is) { read_only.store(is, std::memory_order_relaxed); }
  bool is_shared() const { return kind == Kind::shared || is_pfnmap(); }  // VM_SHARED
  bool is_pfnmap() const { return kind == Kind::device; }                 // VM_PFNMAP
  bool is_anonymous() const { return kind == Kind::anonymous; }           // vma_is_anonymous
};

// A page table of the lowest level. The entries themselves, and whether there is one, belong to the machine.
struct PageTable {
  SpinLock lock;
  PageTable* next = nullptr;  // of those that a gather has taken away, and is to free (struct mmu_table_batch)
  // Entries in it that are present. Plain on purpose: ThreadSanitizer cannot see who changes an
  // (atomic) entry without the lock, but this it sees.
  Shared<std::int32_t> present = 0;
};

struct Mm {
  std::uint8_t number = 0;
  RwSemaphore mmap_lock;
  Row<Vma> vmas;  // storage
  Row<AnonVmaChain> anon_vma_chains;
  Row<Atomic<bool>> vma_used;
  Row<Shared<Vma*>> mmap;     // the vmas in ascending order; guarded by mmap_lock
  Shared<int> map_count = 0;  // guarded by mmap_lock
  Row<PageTable> page_tables;
  Atomic<int> users{0};  // mm_users: threads
  // Whether it is there: one that a fork makes is not from the beginning, and its threads wait for that.
  Atomic<bool> born{true};
  Atomic<bool> forking{false};  // somebody makes it
  WaitQueue unborn_threads;
  Atomic<long> rss[rss_kinds];
  Atomic<int> tlb_flush_pending{0};  // gathers under way
  // Flushes that reclaim has put off: how many so far, and above these 16 bits up to which one others have flushed for it.
  Atomic<std::uint32_t> tlb_flush_batched{0};
  Atomic<std::uint32_t> write_protect_seq{0};  // odd: a fork makes entries read-only
  Atomic<std::uint64_t> tlb_gen{1};            // counts flushes
  Atomic<CpuMask> cpumask{0};                  // CPUs whose TLB may hold entries of it

  // Who is asked for a flush in lazy mode switches to init_mm.
  bool is_loaded_on(int cpu, std::memory_order order) const { return (cpumask.load(order) & cpu_bit(cpu)) != 0; }
};

// A page on the disk.
struct DiskPage {
  Atomic<Word> words[max_words];
};

// A file: its page cache and its disk.
struct AddressSpace {
  std::uint8_t number = 0;
  RwSemaphore i_rwsem;       // inode lock: writers of the file
  RwSemaphore i_mmap_rwsem;  // guards i_mmap
  // Who truncates pages holds it for writing until their blocks are free, so that nobody reads them in meanwhile. Nobody takes it
  // in a run in which nobody truncates (Kernel::truncates): it would make no difference.
  RwSemaphore invalidate_lock;
  Atomic<int> i_size{0};  // in pages; written with i_rwsem held, and read without
  SpinLock i_pages_lock;
  Row<Atomic<Page*>> slots;
  Row<Atomic<std::uint8_t>> tags;
  Row<Shared<Vma*>> i_mmap;  // all mappings, in no order; guarded by i_mmap_rwsem
  Shared<int> i_mmap_count = 0;
  Row<DiskPage> disk;
};

}  // namespace shootdown
