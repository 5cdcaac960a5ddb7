#include "engine/zap/mmu_gather.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/kernel/page_alloc.h"
#include "engine/kernel/tlbflush.h"

namespace shootdown {

MmuGather::MmuGather(Task& current, Mm& mm, bool fullmm, Release release)
    : task_(current),
      mm_(mm),
      release_(release),
      fullmm_(fullmm),
      active_(&local_),
      local_{.next = nullptr, .nr = 0, .max = current.kernel->config.bundle, .encoded_pages = pages_} {
  reset_range();
  step(task_, Verb::set, Object::flush_pending, mm_.number);
  mm_.tlb_flush_pending.fetch_add(1, std::memory_order_seq_cst);
  const Unwatched unwatched;
  current.kernel->watcher.gather_began(*this);
}

// The defaults follow include/asm-generic/tlb.h: what fits in a page behind the batch's header of 16
// bytes, and 10,000 pages in all.
unsigned MmuGather::max_batch(const MachineConfig& config) {
  if (config.batch != 0) return config.batch;
  return ((1U << config.page_shift) - 16) / static_cast<unsigned>(sizeof(void*));
}

unsigned MmuGather::max_batch_count(const MachineConfig& config) {
  return config.batch_count != 0 ? config.batch_count : 10000U / max_batch(config);
}

bool MmuGather::next_batch() {
  if (active_->next != nullptr) {
    active_ = active_->next;
    return true;
  }
  if (batch_count_ == max_batch_count(task_.kernel->config)) return false;
  MmuGatherBatch* const batch = task_.kernel->allocate_batch(task_);
  if (batch == nullptr) return false;
  ++batch_count_;
  batch->next = nullptr;
  batch->nr = 0;
  batch->max = max_batch(task_.kernel->config);
  active_->next = batch;
  active_ = batch;
  return true;
}

bool MmuGather::remove_page(Page* page, unsigned flags) {
  SHOOTDOWN_CHECK(active_->nr < static_cast<unsigned>(max_virtual_pages));
  step(task_, Verb::set, Object::gather, task_.cpu, task_.kernel->pfn(page));
  const EncodedPage entry = encode_page(task_, page, flags);
  result(task_, entry.flags());
  active_->encoded_pages[active_->nr++] = entry.bits();
  {
    const Unwatched unwatched;
    task_.kernel->watcher.gather_queued(*this, entry);
  }
  return active_->nr == active_->max && !next_batch();
}

void MmuGather::remove_tlb_entry(int page) {
  adjust_range(page, 1);
  cleared_ptes_ = true;
}

void MmuGather::remove_table(int first, int count) {
  adjust_range(first, count);
  freed_tables_ = true;
}

void MmuGather::adjust_range(int first, int count) {
  start_ = std::min(start_, first);
  end_ = std::max(end_, first + count);
}

void MmuGather::reset_range() {
  start_ = max_virtual_pages;
  end_ = 0;
  freed_tables_ = false;
  cleared_ptes_ = false;
}

void MmuGather::flush_tlb_only() {
  if (!freed_tables_ && !cleared_ptes_) return;
  if (fullmm_) {
    flush_tlb_mm_range(task_, mm_, 0, 0, freed_tables_);
  } else {
    flush_tlb_mm_range(task_, mm_, start_, end_ - start_, freed_tables_);
  }
  {
    const Unwatched unwatched;
    task_.kernel->watcher.gather_flushed(*this);
  }
  reset_range();
}

// tlb_batch_pages_flush.
void MmuGather::release_batches() {
  const unsigned free_cap = task_.kernel->config.free_cap;
  for (MmuGatherBatch* batch = &local_; batch != nullptr && batch->nr != 0; batch = batch->next) {
    std::uintptr_t* pages = batch->encoded_pages;
    do {
      const unsigned count = std::min(free_cap, batch->nr);
      release_(*this, pages, count);
      pages += count;
      batch->nr -= count;
    } while (batch->nr != 0);
  }
  active_ = &local_;
}

void MmuGather::flush() {
  flush_tlb_only();
  release_batches();
}

// tlb_batch_list_free.
void MmuGather::free_batches() {
  for (MmuGatherBatch* batch = local_.next; batch != nullptr;) {
    MmuGatherBatch* const next = batch->next;
    task_.kernel->free_batch(task_, batch);
    batch = next;
  }
  local_.next = nullptr;
}

void MmuGather::finish() {
  // mm_tlb_flush_nested: another gather of this mm may have cleared entries that this one found none, and
  // not flushed them yet; its caller must not see them used after it returns.
  step(task_, Verb::read, Object::flush_pending, mm_.number);
  const bool nested = mm_.tlb_flush_pending.load(std::memory_order_seq_cst) > 1;
  result(task_, static_cast<std::uint64_t>(nested));
  if (nested) {
    fullmm_ = true;
    reset_range();
    freed_tables_ = true;
  }
  flush();
  free_batches();
  step(task_, Verb::clear, Object::flush_pending, mm_.number);
  mm_.tlb_flush_pending.fetch_sub(1, std::memory_order_seq_cst);
  const Unwatched unwatched;
  task_.kernel->watcher.gather_finished(*this);
}

void free_pages_and_swap_cache(MmuGather& tlb, const std::uintptr_t* pages, unsigned count) {
  {
    const Unwatched unwatched;
    tlb.task().kernel->watcher.gather_releasing(tlb, pages, count);
  }
  for (unsigned i = 0; i < count; ++i) put_page(tlb.task(), reinterpret_cast<Page*>(pages[i]));
}

EncodedPage encode_page(const Task& current, Page* page, unsigned flags) {
  const EncodedPage result(page, flags);
  const Unwatched unwatched;
  current.kernel->watcher.encoded(current.cpu, page, flags, result);
  return result;
}

}  // namespace shootdown
