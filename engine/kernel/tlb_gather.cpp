#include "engine/kernel/tlb_gather.h"

#include <algorithm>

#include "engine/kernel/tlbflush.h"

namespace shootdown {

TlbGather::TlbGather(Task& current, Mm& mm, bool fullmm) : task_(current), mm_(mm), fullmm_(fullmm) {
  reset_range();
  act(task_, event::BeginGather{.mm = mm_.number}, [&] { mm_.tlb_flush_pending.add(1, std::memory_order_seq_cst); });
}

void TlbGather::remove_tlb_entry(int page) {
  if (planted(task_, Defect::released_without_flush)) return;
  if (planted(task_, Defect::range_forgotten)) reset_range();
  adjust_range(page, planted(task_, Defect::last_entry_not_flushed) ? 0 : 1);
  cleared_ptes_ = true;
}

void TlbGather::note_table(int first) {
  if (planted(task_, Defect::table_range_only)) reset_range();
  adjust_range(first, 1);
  freed_tables_ = !planted(task_, Defect::tables_not_noted);
}

void TlbGather::adjust_range(int first, int count) {
  start_ = std::min(start_, first);
  end_ = std::max(end_, first + count);
}

void TlbGather::reset_range() {
  start_ = max_virtual_pages;
  end_ = 0;
  freed_tables_ = false;
  cleared_ptes_ = false;
}

void TlbGather::flush_tlb_only() {
  if (!freed_tables_ && !cleared_ptes_) return;
  Mm& mm = planted(task_, Defect::own_mm_flushed) ? *task_.mm : mm_;
  if (fullmm_) {
    flush_tlb_mm_range(task_, mm, 0, 0, freed_tables_);
  } else {
    flush_tlb_mm_range(task_, mm, start_, end_ - start_, freed_tables_);
  }
  note(task_, event::FlushGather{.mm = mm_.number});
  reset_range();
}

void TlbGather::end_vma(const Vma& vma) {
  if (vma.is_pfnmap() && !fullmm_ && !planted(task_, Defect::pfnmap_not_flushed)) flush_tlb_only();
}

void TlbGather::finish() {
  begin_finish();
  flush_tlb_only();
  end_finish();
}

void TlbGather::begin_finish() {
  // mm_tlb_flush_nested: another gather of this mm may have cleared entries that this one found none, and
  // not flushed them yet; its caller must not see them used after it returns.
  const auto finish = act(task_, event::FinishGather{.mm = mm_.number}, [&](event::FinishGather& found) {
    found.nested = static_cast<Fact>(mm_.tlb_flush_pending.load(std::memory_order_seq_cst) > 1 &&
                                     !planted(task_, Defect::nested_ignored));
  });
  if (finish.nested == 0) return;
  fullmm_ = true;
  reset_range();
  freed_tables_ = true;
}

void TlbGather::end_finish() {
  const int announced = planted(task_, Defect::flush_pending_kept) ? 0 : 1;
  act(task_, event::EndGather{.mm = mm_.number},
      [&] { mm_.tlb_flush_pending.sub(announced, std::memory_order_seq_cst); });
}

}  // namespace shootdown
