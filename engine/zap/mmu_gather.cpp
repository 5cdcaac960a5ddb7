#include "engine/zap/mmu_gather.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/kernel/bug.h"
#include "engine/kernel/page_alloc.h"
#include "engine/kernel/page_table.h"
#include "engine/kernel/rmap.h"
#include "engine/kernel/swap.h"
#include "engine/kernel/tlbflush.h"
#include "engine/kernel/writeback.h"

namespace shootdown {

MmuGather::MmuGather(Task& current, Mm& mm, bool fullmm, const Releaser& releaser)
    : TlbGather(current, mm, fullmm),
      releaser_(releaser),
      room_for_number_(releaser.queues_ranges() ? 1 : 0),
      active_(&local_),
      local_{.next = nullptr,
             .nr = 0,
             .max = std::max<unsigned>(current.kernel->config.bundle, 1 + room_for_number_),
             .encoded_pages = pages_} {}

// The defaults follow include/asm-generic/tlb.h: what fits in a page behind the batch's header of 16
// bytes, and 10,000 pages in all.
unsigned MmuGather::max_batch(const MachineConfig& config) {
  if (config.batch != 0) return config.batch;
  return ((1U << config.page_shift) - 16) / static_cast<unsigned>(sizeof(void*));
}

unsigned MmuGather::max_batch_count(const MachineConfig& config) {
  return config.batch_count != 0 ? config.batch_count : 10000U / max_batch(config);
}

// With rmaps to be removed only the gather's own bundle and one batch behind it are looked through for them
// (flush_rmaps): then no further batch may be begun.
bool MmuGather::next_batch() {
  if (delayed_rmap_ && active_ != &local_ && !planted(task(), Defect::batches_not_limited)) return false;
  if (active_->next != nullptr) {
    active_ = active_->next;
    return true;
  }
  if (batch_count_ == max_batch_count(task().kernel->config)) return false;
  const unsigned max = std::max(max_batch(task().kernel->config), 1 + room_for_number_);
  MmuGatherBatch* const batch = task().kernel->allocate_batch(task(), max + room_for_number_);
  if (batch == nullptr) return false;
  ++batch_count_;
  batch->next = nullptr;
  batch->nr = 0;
  batch->max = max;
  if (planted(task(), Defect::batch_not_initialised)) {
    batch->encoded_pages[batch->nr++] = reinterpret_cast<std::uintptr_t>(task().kernel->pages.begin());
  }
  active_->next = batch;
  active_ = batch;
  return true;
}

// There must always be room for a pointer and a number.
bool MmuGather::is_full() const {
  const bool forgets_number = queues_ranges() && planted(task(), Defect::range_without_room);
  return active_->nr + (forgets_number ? 0 : room_for_number_) >= active_->max;
}

bool MmuGather::remove_page(Page* page, unsigned flags, int pages) {
  SHOOTDOWN_CHECK(pages == 1 || queues_ranges());
  // The kernel looks when it has written behind the end.
  bug_on(task(), active_->nr >= active_->max, "VM_BUG_ON_PAGE in __tlb_remove_page_size: the batch has no room");
  if (planted(task(), Defect::flags_not_removed)) flags |= 1U;
  if (pages > 1) flags |= encoded_page_nr_pages_next;
  PageFact fact = frame_fact(task(), page);
  fact.pages = as_fact(pages);
  // Not where that bit means that a number follows: nothing behind it could be told any more.
  const bool wrong_bit = !queues_ranges() && planted(task(), Defect::flag_in_wrong_bit);
  act(task(), event::QueuePage{.page = fact, .flags = flags}, [&](event::QueuePage& found) {
    const EncodedPage entry = encode_page(task(), page, flags, wrong_bit);
    active_->encoded_pages[active_->nr++] = entry.bits();
    if (pages > 1) active_->encoded_pages[active_->nr++] = encode_nr_pages(pages);
    found.pointer = pointer_fact(task(), entry.bits());
    found.queued = active_->nr;
    found.room = active_->max;
    found.batches = batch_count_;
    found.batch_max = max_batch_count(task().kernel->config);
  });
  return is_full() && !next_batch();
}

namespace {

// Whether the entry says that a number follows it.
bool number_follows(const MmuGather& tlb, EncodedPage entry) {
  return tlb.queues_ranges() && (entry.flags() & encoded_page_nr_pages_next) != 0;
}

// Calls visit(entry, pages) for each pointer among `count` entries, and for how many pages it stands.
template <typename Visit>
void each_queued(const MmuGather& tlb, const std::uintptr_t* entries, unsigned count, const Visit& visit) {
  for (unsigned i = 0; i < count; ++i) {
    const EncodedPage entry(entries[i]);
    visit(entry, number_follows(tlb, entry) ? encoded_nr_pages(entries[++i]) : 1);
  }
}

void dirty_again(const MmuGather& tlb, const std::uintptr_t* entries, unsigned count) {
  each_queued(tlb, entries, count, [&](EncodedPage entry, int /*pages*/) { set_page_dirty(tlb.task(), entry.page()); });
}

void dirty_again_under_lock(const MmuGather& tlb, const std::uintptr_t* entries, unsigned count) {
  pte_lock(tlb.task(), tlb.mm(), 0);
  dirty_again(tlb, entries, count);
  pte_unlock(tlb.task(), tlb.mm(), 0);
}

void wait_for_page_locks(const MmuGather& tlb, const std::uintptr_t* entries, unsigned count) {
  each_queued(tlb, entries, count, [&](EncodedPage entry, int /*pages*/) {
    lock_page(tlb.task(), entry.page());
    unlock_page(tlb.task(), entry.page());
  });
}

}  // namespace

// tlb_batch_pages_flush.
void MmuGather::release_batches() {
  const unsigned free_cap = task().kernel->config.free_cap;
  for (MmuGatherBatch* batch = &local_; batch != nullptr && batch->nr != 0; batch = batch->next) {
    std::uintptr_t* pages = batch->encoded_pages;
    const unsigned left = planted(task(), Defect::batch_not_emptied) ? batch->nr : 0;
    do {
      unsigned count = std::min(free_cap, batch->nr);
      // A number is not left behind.
      if (count < batch->nr && number_follows(*this, EncodedPage(pages[count - 1]))) ++count;
      if (planted(task(), Defect::unlocked_dirty)) dirty_again(*this, pages, count);
      if (planted(task(), Defect::foreign_lock_dirty)) dirty_again_under_lock(*this, pages, count);
      if (planted(task(), Defect::release_locks_pages)) wait_for_page_locks(*this, pages, count);
      releaser_.release(*this, pages, count);
      if (!planted(task(), Defect::chunk_released_again)) pages += count;
      batch->nr -= count;
    } while (batch->nr != 0);
    batch->nr = left;
  }
  if (!planted(task(), Defect::active_batch_kept)) active_ = &local_;
}

// __tlb_remove_table_free. Linux has RCU call it, which waits for all who walk page tables with interrupts off. They have answered
// the flush, which asks by interrupts here: so it is done at once. Nobody sees it but who should not, and it is no step.
void MmuGather::free_tables() {
  Kernel& kernel = *task().kernel;
  for (const PageTable* table = tables_; table != nullptr; table = table->next) {
    const auto place = static_cast<int>(table - mm().page_tables.begin());
    kernel.machine.free_page_table(mm().number, place << kernel.config.table_shift);
  }
  // Some of all: they may be many.
  Places freed = places::table(mm().number, 0);
  freed.count = as_fact(mm().page_tables.size());
  also_writes(task(), freed);
  note(task(), event::ReleaseTables{.mm = mm().number, .count = table_count_});
  tables_ = nullptr;
  table_count_ = 0;
}

void MmuGather::table_invalidate() {
  if (!planted(task(), Defect::tables_freed_unflushed)) flush_tlb_only();
}

// tlb_remove_table. That there is memory for a batch, or none, is no step: nobody else sees any of it.
void MmuGather::remove_table(int first) {
  note_table(first);
  const bool no_batch = tables_ == nullptr && allocation_fails(task());
  PageTable& table = task().kernel->page_table(mm(), first);
  table.next = tables_;
  tables_ = &table;
  ++table_count_;
  if (no_batch) {
    table_invalidate();
    smp_call_function(task());  // tlb_remove_table_sync_one
    free_tables();
  } else if (table_count_ == max_batch(task().kernel->config)) {
    flush_tables();
  }
}

// tlb_table_flush.
void MmuGather::flush_tables() {
  if (tables_ == nullptr) return;
  table_invalidate();
  free_tables();
}

void MmuGather::flush() {
  flush_tlb_only();
  flush_tables();
  if (planted(task(), Defect::rmaps_after_unlock)) flush_rmaps();
  release_batches();
}

// tlb_batch_list_free.
void MmuGather::free_batches() {
  for (MmuGatherBatch* batch = local_.next; batch != nullptr;) {
    MmuGatherBatch* const next = batch->next;
    task().kernel->free_batch(task(), batch);
    batch = next;
  }
  local_.next = nullptr;
}

void MmuGather::finish() {
  begin_finish();
  flush();
  if (!planted(task(), Defect::batches_not_freed)) free_batches();
  end_finish();
}

void MmuGather::flush_rmaps() {
  if (!delayed_rmap_ || planted(task(), Defect::delayed_rmap_kept)) return;
  const auto flush_batch = [this](const MmuGatherBatch& batch) {
    each_queued(*this, batch.encoded_pages, batch.nr, [this](EncodedPage entry, int pages) {
      if ((encoded_page_flags(task(), entry) & encoded_page_delay_rmap) == 0) return;
      page_remove_rmap(task(), entry.page(), planted(task(), Defect::range_rmap_of_one) ? 1 : pages);
    });
  };
  if (active_ == &local_ || !planted(task(), Defect::rmaps_of_last_batch_only)) flush_batch(local_);
  if (active_ != &local_) flush_batch(*active_);
  if (!planted(task(), Defect::delayed_rmap_not_reset)) delayed_rmap_ = false;
}

namespace {

void put_pages(const MmuGather& tlb, const std::uintptr_t* entries, unsigned count, std::uintptr_t kept_bits) {
  Task& current = tlb.task();
  Fact queued = 0;
  each_queued(tlb, entries, count, [&](EncodedPage /*entry*/, int /*pages*/) { ++queued; });
  note(current, event::ReleasePages{.count = queued, .limit = current.kernel->config.free_cap});
  each_queued(tlb, entries, count, [&](EncodedPage entry, int pages) {
    note(current,
         event::ReleasePage{.pointer = pointer_fact(current, entry.bits() & kept_bits), .pages = as_fact(pages)});
  });
  // What is wrong with a pointer has been told; the run goes on.
  each_queued(tlb, entries, count, [&](EncodedPage entry, int /*pages*/) { free_swap_cache(current, entry.page()); });
  each_queued(tlb, entries, count, [&](EncodedPage entry, int pages) {
    put_page_refs(current, entry.page(), planted(current, Defect::range_reference_of_one) ? 1 : pages);
  });
}

}  // namespace

void free_pages_and_swap_cache(const MmuGather& tlb, const std::uintptr_t* pages, unsigned count) {
  put_pages(tlb, pages, count, ~std::uintptr_t{0});
}

void free_encoded_pages_and_swap_cache(const MmuGather& tlb, const std::uintptr_t* encoded_pages, unsigned count) {
  put_pages(tlb, encoded_pages, count, ~std::uintptr_t{encoded_page_bits});
}

PointerFact pointer_fact(const Task& current, std::uintptr_t bits) {
  return {static_cast<Fact>(bits - reinterpret_cast<std::uintptr_t>(current.kernel->pages.begin()))};
}

EncodedPage encode_page(const Task& current, Page* page, unsigned flags, bool wrong_bit) {
  const EncodedPage encoded(page, wrong_bit ? flags << 1U : flags);
  const std::uintptr_t flag_bits = planted(current, Defect::pointer_keeps_a_flag) ? 1 : encoded_page_bits;
  note(current, event::EncodePage{.page = pointer_fact(current, reinterpret_cast<std::uintptr_t>(page)),
                                  .flags = flags,
                                  .encoded = pointer_fact(current, encoded.bits()),
                                  .decoded_page = pointer_fact(current, encoded.bits() & ~flag_bits),
                                  .decoded_flags = encoded_page_flags(current, encoded)});
  return encoded;
}

unsigned encoded_page_flags(const Task& current, EncodedPage encoded) {
  const unsigned flags = encoded.flags();
  return planted(current, Defect::flags_read_as_bool) ? static_cast<unsigned>(flags != 0) : flags;
}

}  // namespace shootdown
