#include "engine/kernel/dup_mmap.h"

#include <utility>

#include "engine/check.h"
#include "engine/kernel/anon_vma.h"
#include "engine/kernel/device_exclusive.h"
#include "engine/kernel/memory.h"
#include "engine/kernel/page_alloc.h"
#include "engine/kernel/page_table.h"
#include "engine/kernel/rmap.h"
#include "engine/kernel/swap.h"
#include "engine/kernel/tlbflush.h"
#include "engine/kernel/vma.h"

namespace shootdown {

namespace {

// A mapping that is copied, and its copy.
struct Copy {
  Mm& src_mm;
  Mm& dst_mm;
  const Vma& vma;
  const Vma& dst_vma;
};

// copy_nonpresent_pte: what is in swap space, or being moved, is the child's, too, and nobody's alone any more. What nobody may use
// the child may not.
void copy_nonpresent_pte(Task& current, const Copy& copy, int page, Pte pte, RssVector& rss) {
  if (pte.poisoned()) {
    if (!planted(current, Defect::poison_not_forked)) set_pte_at(current, copy.dst_mm, page, pte);
    return;
  }
  const bool shares =
      pte.swapped() ? pte.swp_exclusive() : !copy.vma.is_shared() && (pte.write() || pte.swp_exclusive());
  if (pte.swapped()) {
    swap_duplicate(current, static_cast<int>(pte.slot()));
    ++rss[MM_SWAPENTS];
  } else {
    ++rss[mm_counter(current, pfn_swap_entry_to_page(current, pte))];
  }
  if (shares) {
    pte = pte.swp_clear_exclusive();
    if (pte.migrating()) pte = pte.wrprotect();
    set_pte_at(current, copy.src_mm, page, pte);
  }
  set_pte_at(current, copy.dst_mm, page, pte);
}

// The same of what is in a device's private memory, which the child maps, too; neither may store to it then.
void copy_private_entry(Task& current, const Copy& copy, int page, Pte pte, RssVector& rss) {
  Page* const mapped = pfn_swap_entry_to_page(current, pte);
  get_page(current, mapped);
  ++rss[mm_counter(current, mapped)];
  // Nobody can pin it.
  SHOOTDOWN_CHECK(page_try_dup_anon_rmap(current, mapped));
  if (pte.write() && !planted(current, Defect::private_forked_writable)) {
    pte = pte.wrprotect();
    set_pte_at(current, copy.src_mm, page, pte);
  }
  set_pte_at(current, copy.dst_mm, page, pte.wrprotect());
}

// copy_present_page: the child has a page of its own, for a device may write to the parent's. `prealloc` is used up.
void copy_present_page(Task& current, const Copy& copy, int page, Page* from, Page*& prealloc, RssVector& rss) {
  Page* const copied = std::exchange(prealloc, nullptr);
  copy_highpage<event::CopyWord>(current, copied, from);
  page_add_new_anon_rmap(current, copied, copy.dst_vma, page);
  ++rss[MM_ANONPAGES];
  const Pte pte = Pte::mapping(current.kernel->pfn(copied)).mkyoung().mkdirty();
  set_pte_at(current, copy.dst_mm, page, copy.vma.is_read_only() ? pte : pte.mkwrite());
}

// copy_present_pte: the child's entry leads to the same page. Where stores are to make copies, neither may store to it. False: a page
// is needed first (-EAGAIN).
bool copy_present_pte(Task& current, const Copy& copy, int page, Pte pte, Page*& prealloc, RssVector& rss) {
  Page* const mapped = vm_normal_page(current, pte);
  if (mapped != nullptr) {
    get_page(current, mapped);
    if (!page_anon(current, mapped)) {
      page_add_file_rmap(current, mapped);
    } else if (!page_try_dup_anon_rmap(current, mapped)) {
      put_page(current, mapped);
      if (prealloc == nullptr) return false;
      copy_present_page(current, copy, page, mapped, prealloc, rss);
      return true;
    }
    ++rss[mm_counter(current, mapped)];
  }
  if (!copy.vma.is_shared() && pte.write()) {
    if (!planted(current, Defect::fork_leaves_parent_writable)) ptep_set_wrprotect(current, copy.src_mm, page);
    pte = pte.wrprotect();
  }
  if (copy.vma.is_shared()) pte = pte.mkclean();
  set_pte_at(current, copy.dst_mm, page, pte.mkold());
  return true;
}

// Where the loop of copy_pte_range stops.
struct Stop {
  int page = 0;
  Page* locked = nullptr;  // with a reference: it is to be waited for. Null: a page is needed, unless all is done
};

// Of what a device has the entry is made present again, and is copied then. Returns what it is; if the page is locked,
// what it was.
Pte source_pte(Task& current, const Copy& copy, int page) {
  const Pte pte = ptep_get(current, copy.src_mm, page);
  if (!pte.device_exclusive() || planted(current, Defect::exclusive_entry_forked)) return pte;
  const bool restored = try_restore_exclusive_pte(current, copy.vma, page, pte);
  return restored ? ptep_get(current, copy.src_mm, page) : pte;
}

// The loop of copy_pte_range, under both page-table locks.
Stop copy_ptes(Task& current, const Copy& copy, int first, int end, Page*& prealloc) {
  RssVector rss = {};
  Stop stop{.page = first};
  for (; stop.page < end; ++stop.page) {
    const int page = stop.page;
    const Pte pte = source_pte(current, copy, page);
    if (pte.none()) continue;
    if (pte.device_exclusive() && !planted(current, Defect::exclusive_entry_forked)) {
      stop.locked = pfn_swap_entry_to_page(current, pte);
      get_page(current, stop.locked);
      break;
    }
    if (pte.device_private()) {
      copy_private_entry(current, copy, page, pte, rss);
    } else if (!pte.present()) {
      copy_nonpresent_pte(current, copy, page, pte, rss);
    } else if (!copy_present_pte(current, copy, page, pte, prealloc, rss)) {
      break;
    }
  }
  add_mm_rss_vec(current, copy.dst_mm, rss);
  return stop;
}

// Linux gives the fork up instead (EBUSY).
void wait_until_unlocked(Task& current, Page* page) {
  lock_page(current, page);
  unlock_page(current, page);
  put_page(current, page);
}

// copy_pte_range, of [first, end), which is in one page table.
void copy_pte_range(Task& current, const Copy& copy, int first, int end) {
  Page* prealloc = nullptr;
  while (first < end) {
    pte_alloc(current, copy.dst_mm, first);
    pte_lock(current, copy.dst_mm, first);
    pte_lock(current, copy.src_mm, first);
    const Stop stop = copy_ptes(current, copy, first, end, prealloc);
    pte_unlock(current, copy.src_mm, first);
    pte_unlock(current, copy.dst_mm, first);
    first = stop.page;
    if (stop.locked != nullptr) {
      wait_until_unlocked(current, stop.locked);
    } else if (first != end) {
      prealloc = alloc_anon_page(current);
      SHOOTDOWN_CHECK(prealloc != nullptr);
    }
  }
  if (prealloc != nullptr) put_page(current, prealloc);
}

// raw_write_seqcount_begin and _end: whoever pins pages without a lock meanwhile does it with the mmap_lock.
void advance_write_protect_seq(const Task& current, Mm& mm) {
  also_writes(current, places::of_mm(Places::Kind::write_protect_seq, mm.number));
  mm.write_protect_seq.add(1, std::memory_order_acq_rel);
}

// copy_page_range. vma_needs_copy: a mapping without anonymous pages is filled by faults, unless it has none at all.
void copy_page_range(Task& current, const Copy& copy) {
  if (copy.vma.anon_vma.load(std::memory_order_relaxed) == nullptr && !copy.vma.is_pfnmap()) return;
  const bool is_cow = !copy.vma.is_shared();
  if (is_cow) advance_write_protect_seq(current, copy.src_mm);
  each_page_table(current, copy.src_mm, copy.vma.start, copy.vma.end,
                  [&](int first, int end) { copy_pte_range(current, copy, first, end); });
  if (is_cow) advance_write_protect_seq(current, copy.src_mm);
}

// The loop of dup_mmap. Both mmap_locks are held for writing.
void copy_mappings(Task& current, Mm& mm, Mm& oldmm) {
  for (int i = 0; i < oldmm.map_count; ++i) {
    const Vma& vma = *oldmm.mmap[i];
    Vma* const copy = vm_area_dup(mm, vma);
    SHOOTDOWN_CHECK(copy != nullptr);
    anon_vma_fork(current, *copy, vma);
    vma_link(current, *copy, insertion_of(*copy));
    copy_page_range(current, {.src_mm = oldmm, .dst_mm = mm, .vma = vma, .dst_vma = *copy});
  }
}

// Whether it is this task that makes it.
bool begin_birth(const Task& current, Mm& child) {
  also_writes(current, places::of_mm(Places::Kind::users, child.number));
  return !child.born.load(std::memory_order_relaxed) && !child.forking.exchange(true, std::memory_order_acq_rel);
}

// Its threads run. CPUs that load it have missed no flush.
void end_birth(const Task& current, Mm& child) {
  Kernel& kernel = *current.kernel;
  also_writes(current, places::of_mm(Places::Kind::users, child.number));
  also_writes(current, places::of_mm(Places::Kind::cpumask, child.number));
  also_reads(current, places::of_mm(Places::Kind::tlb_generation, child.number));
  for (Task& task : kernel.tasks) {
    if (task.mm != &child) continue;
    also_writes(current, places::of_cpu(Places::Kind::flush_request, as_fact(task.cpu)));
    task.tlb_gen = child.tlb_gen.load(std::memory_order_relaxed);
    // Who is asked for a flush from now on need not have come to run yet.
    child.cpumask.set(cpu_bit(task.cpu), std::memory_order_acq_rel);
  }
  child.born.store(true, std::memory_order_release);
  kernel.sched.wake(child.unborn_threads);
}

}  // namespace

void dup_mmap(Task& current, Mm& child) {
  Mm& mm = *current.mm;
  mm.mmap_lock.down_write(current);
  if (begin_birth(current, child)) {
    note(current, event::Fork{.mm = mm.number, .child = child.number, .done = 0});
    child.mmap_lock.down_write(current);
    copy_mappings(current, child, mm);
    child.mmap_lock.up_write(current);
    if (!planted(current, Defect::fork_without_flush)) flush_tlb_mm_range(current, mm, 0, 0, true);
    note(current, event::Fork{.mm = mm.number, .child = child.number, .done = 1});
    end_birth(current, child);
  }
  mm.mmap_lock.up_write(current);
}

}  // namespace shootdown
