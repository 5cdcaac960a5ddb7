// Performs on the reference what takes effect in a run, and tells it who may see
// late what has.
//
// Judges nothing: the oracles compare with the reference before it follows.
#pragma once

#include "engine/reference/reference.h"
#include "oracles/watches.h"

namespace shootdown {

class Commits final
    : public Watches<event::UserAccess, event::WriteWord, event::WriteReturns, event::InsertMapping, event::BeginUnmap,
                     event::EndUnmap, event::OperationBegins, event::RemoveFromPageCache, event::FreePage,
                     event::BeginGather, event::ClearEntry, event::SetEntry, event::FlushGather, event::EndGather,
                     event::BeginZap, event::EndZap, event::CopyWord, event::WriteToSwap, event::ReadFromSwap,
                     event::MoveWord, event::FreeLazily, event::Fork, event::SetFileSize, event::BeginDiscard,
                     event::EndDiscard, event::WriteToDisk, event::PinBegins, event::DmaWord, event::DmaReturns> {
 public:
  Commits(Reference& reference, const World& world) : reference_(reference), world_(world) {}

  void on(int cpu, const event::UserAccess& event) {
    if (event.access == Access::fault) return reference_.fault(cpu);
    if (event.store == 0) return;
    reference_.store(number(event.mm), number(event.page), number(event.word), number(event.frame), event.value);
  }
  void on(int /*cpu*/, const event::WriteWord& event) {
    reference_.write(file_of(event.page), number(event.page.index), number(event.word), event.value);
  }
  void on(int /*cpu*/, const event::WriteReturns& event) {
    reference_.write_returned(number(event.file), number(event.index));
  }
  void on(int cpu, const event::PinBegins& event) { reference_.begin_pin(cpu, number(event.mm), number(event.page)); }
  void on(int cpu, const event::DmaWord& event) {
    reference_.dma(cpu,
                   {.mm = number(event.mm),
                    .page = number(event.virtual_page),
                    .frame = number(event.page.frame),
                    .file = number(event.page.file),
                    .index = number(event.page.index)},
                   number(event.word), event.value);
  }
  void on(int cpu, const event::DmaReturns& event) {
    reference_.dma_returned(cpu, number(event.page.file), number(event.page.index), number(event.word), event.value);
  }
  void on(int /*cpu*/, const event::WriteToDisk& event) {
    reference_.save(file_of(event.page), number(event.page.index), number(event.word), event.value);
  }
  void on(int /*cpu*/, const event::InsertMapping& event) {
    using Kind = event::InsertMapping::Kind;
    reference_.map(number(event.mm), number(event.first), number(event.count),
                   {.is_private = event.kind == Kind::private_file || event.kind == Kind::anonymous,
                    .is_anonymous = event.kind == Kind::anonymous,
                    .read_only = event.read_only != 0,
                    .file = number(event.file),
                    .index = number(event.index),
                    .moved_from = number(event.moved_from)});
  }
  void on(int /*cpu*/, const event::FreeLazily& event) {
    const auto changes = event.done != 0 ? &Reference::end_free : &Reference::begin_free;
    (reference_.*changes)(number(event.mm), number(event.first), number(event.count));
  }
  void on(int /*cpu*/, const event::Fork& event) {
    const auto change = event.done != 0 ? &Reference::end_fork : &Reference::begin_fork;
    (reference_.*change)(number(event.mm), number(event.child));
  }
  void on(int /*cpu*/, const event::CopyWord& event) {
    reference_.copy_word(number(event.page.frame), number(event.page.file), number(event.page.index), number(event.to),
                         number(event.word));
  }
  void on(int /*cpu*/, const event::WriteToSwap& event) {
    reference_.swap_out(number(event.frame), number(event.slot));
  }
  void on(int /*cpu*/, const event::ReadFromSwap& event) {
    reference_.swap_in(number(event.slot), number(event.frame));
  }
  void on(int /*cpu*/, const event::MoveWord& event) { reference_.migrate(number(event.page.frame), number(event.to)); }
  void on(int /*cpu*/, const event::BeginUnmap& event) {
    const auto begin = event.only_stores != 0 ? &Reference::begin_protect : &Reference::begin_unmap;
    (reference_.*begin)(number(event.mm), number(event.first), number(event.count));
  }
  void on(int /*cpu*/, const event::EndUnmap& event) {
    const auto end = event.only_stores != 0 ? &Reference::end_protect : &Reference::end_unmap;
    (reference_.*end)(number(event.mm), number(event.first), number(event.count));
  }

  void on(int /*cpu*/, const event::SetFileSize& event) {
    reference_.set_size(number(event.file), number(event.pages));
  }
  void on(int cpu, const event::BeginZap& event) {
    reference_.begin_zap(cpu);
    reference_.zap_range(cpu, number(event.mm), number(event.first), number(event.count));
  }
  void on(int cpu, const event::EndZap& /*event*/) { reference_.end_zap(cpu); }
  void on(int cpu, const event::BeginDiscard& event) {
    reference_.begin_zap(cpu);
    reference_.begin_discard(number(event.file), number(event.first), number(event.count));
  }
  void on(int cpu, const event::EndDiscard& event) {
    reference_.end_zap(cpu);
    reference_.end_discard(number(event.file));
  }

  void on(int cpu, const event::OperationBegins& /*event*/) { reference_.begin_operation(cpu); }
  void on(int /*cpu*/, const event::RemoveFromPageCache& event) {
    each_page(event.page,
              [&](const PageFact& page) { reference_.drop(number(page.frame), file_of(page), number(page.index)); });
  }
  void on(int /*cpu*/, const event::FreePage& event) {
    each_page(event.page, [&](const PageFact& page) { reference_.free(number(page.frame)); });
  }
  void on(int cpu, const event::BeginGather& event) { reference_.begin_gather(cpu, number(event.mm)); }
  void on(int cpu, const event::ClearEntry& event) {
    const int mm = number(event.mm);
    const int page = number(event.page);
    if (event.was.present()) return reference_.clear_entry(cpu, mm, page, number(event.was.frame()));
    if (event.was.poisoned()) return reference_.clear_poison(cpu, mm, page);
    if (!event.was.none()) reference_.clear_absent(cpu, mm, page);
  }
  void on(int cpu, const event::SetEntry& event) {
    const int mm = number(event.mm);
    const int page = number(event.page);
    reference_.set_entry(cpu, mm, page);
    if (event.entry.poisoned()) reference_.poison(mm, page);
    const bool shows = event.entry.present() || event.entry.device_private();
    if (!shows || !reference_.is_private(mm, page)) return;
    const bool is_of_zeros = world_.frame_facts(event.entry.frame()).uncounted;
    const auto show = is_of_zeros ? &Reference::show_zeros : &Reference::show_frame;
    (reference_.*show)(mm, page, number(event.entry.frame()));
  }
  void on(int cpu, const event::FlushGather& /*event*/) { reference_.flush_gather(cpu); }
  void on(int cpu, const event::EndGather& /*event*/) { reference_.end_gather(cpu); }

 private:
  Reference& reference_;
  const World& world_;
};

}  // namespace shootdown
