#include "fuzz/explain/life.h"

#include <algorithm>

#include "engine/reference/reference.h"
#include "oracles/commits.h"
#include "oracles/watches.h"

namespace shootdown {

// Who knows what was promised.
struct Life::Witness {
  Witness(Arena& arena, const World& world)
      : reference(arena, world.machine_config(), world.files(), number(world.page_array_length()), world.swap_slots()),
        commits(reference, world) {}

  Reference reference;
  Commits commits;
};

bool PageState::is_to_be_saved() const {
  const auto is_dirty = [](Fact bits) { return EntryFact{bits}.present() && EntryFact{bits}.dirty(); };
  return test(PG_dirty) || test(PG_writeback) || cleaning || std::ranges::any_of(entries, is_dirty);
}

void Life::begin(Arena& arena, const World& world) {
  witness_ = &arena.make<Witness>(arena, world);
  frame_ = no_fact;
  freed_ = cleaning_ = false;
  swapped_.reset();
  states_.clear();
}

void Life::happened(const EventView& view, const World& world) {
  trace_.happened(view, world);
  visit_event(view, [&]<typename E>(const E& event) {
    if constexpr (Commits::watched.contains(kind_of<E>)) witness_->commits.on(view.cpu, event);
  });
  if (trace_.missing() != 0) return;
  follow(view);
  find_frame(world);
  PageState state = look(world);
  if (states_.empty() || states_.back().state != state)
    states_.push_back({trace_.events().size() - 1, std::move(state)});
}

const PageState& Life::after(std::size_t event) const {
  const auto later = std::ranges::upper_bound(states_, event, {}, [](const Since& since) { return since.event; });
  return later == states_.begin() ? states_.front().state : std::prev(later)->state;
}

PageState Life::look(const World& world) const {
  PageState state;
  for (const VirtualPage& page : followed_.shown_at)
    state.entries.push_back(world.entry(number(page.mm), number(page.page)).bits);
  for (int cpu = 0; cpu < world.machine_config().cpus; ++cpu)
    state.tlbs[static_cast<std::size_t>(cpu)] = find_translation(world, cpu);
  state.frame = frame_;
  if (frame_ != no_fact) {
    const FrameFacts facts = world.frame_facts(frame_);
    state.flags = facts.flags;
    state.refcount = facts.refcount;
    state.mapcount = facts.mapcount;
    state.cached = facts.cached() || facts.test(PG_swapcache);
    // Until a file's page has been read in, its frame has what was left there.
    if (!freed_ && (facts.test(PG_uptodate) || !followed_.is_of_file())) {
      state.memory.emplace();
      for (int word = 0; word < world.machine_config().words; ++word)
        (*state.memory)[static_cast<std::size_t>(word)] = world.frame_word(frame_, word);
    }
  }
  state.cleaning = cleaning_ && state.test(PG_locked);
  state.disk = saved(world);
  state.promised = promise(world);
  return state;
}

// Where it is now; if it is nowhere, the frame that held it last is kept in sight.
void Life::find_frame(const World& world) {
  const auto is_in = [&](Fact frame) {
    frame_ = frame;
    pages_ = world.frame_facts(frame).folio.pages;
    freed_ = false;
  };
  if (followed_.is_of_file()) {
    const Fact cached = world.cached_frame(number(followed_.file), number(followed_.index));
    if (cached != no_fact) is_in(cached);
    return;
  }
  if (!followed_.shown_at.empty()) {
    const EntryFact entry = world.entry(number(followed_.home.mm), number(followed_.home.page));
    if (entry.present() || entry.migrating() || entry.device_exclusive() || entry.device_private())
      is_in(entry.frame());
  } else if (!followed_.frames.empty() && number(followed_.frames.front()) < world.frames()) {
    frame_ = followed_.frames.front();  // that is all that is known of it
  }
}

Translation Life::find_translation(const World& world, int cpu) const {
  for (const VirtualPage& page : followed_.shown_at) {
    if (number(page.mm) != world.mm_of(cpu)) continue;
    for (int i = 0; i < world.tlb_size(cpu); ++i) {
      const TlbFact held = world.tlb_entry(cpu, i);
      if (held.page != page.page) continue;
      const EntryFact entry = world.entry(number(page.mm), number(page.page));
      const bool leads_there = entry.present() && entry.frame() == held.entry.frame();
      const bool allows = (!held.entry.write() || entry.write()) && (!held.entry.dirty() || entry.dirty());
      return {.held = true,
              .entry = held.entry,
              .stale = !leads_there || !allows || held.lives_ago != 0,
              .freed = held.lives_ago != 0};
    }
  }
  return {};
}

Words Life::promise(const World& world) const {
  const Reference& reference = witness_->reference;
  const int words = world.machine_config().words;
  Words promised;
  const auto promise_each = [&](const auto& word_of) {
    promised.emplace();
    for (int word = 0; word < words; ++word) (*promised)[static_cast<std::size_t>(word)] = word_of(word);
  };
  if (followed_.is_of_file()) {
    promise_each([&](int word) { return reference.file_word(number(followed_.file), number(followed_.index), word); });
    return promised;
  }
  if (followed_.shown_at.empty()) return promised;
  const int mm = number(followed_.home.mm);
  const int page = number(followed_.home.page);
  if (reference.is_mapped(mm, page) && !reference.is_poisoned(mm, page))
    promise_each([&](int word) { return reference.shown_word(mm, page, word); });
  return promised;
}

Words Life::saved(const World& world) const {
  const MachineConfig& machine = world.machine_config();
  if (!followed_.is_of_file()) return swapped_;
  if (machine.tmpfs != 0 || number(followed_.file) >= machine.files) return {};
  Words words(std::in_place);
  for (int word = 0; word < machine.words; ++word) {
    (*words)[static_cast<std::size_t>(word)] = world.disk_word(number(followed_.file), number(followed_.index), word);
  }
  return words;
}

// What the events alone say: that the frame has become something else, and what swap space gets.
void Life::follow(const EventView& view) {
  if (view.is<event::AllocatePage>()) {
    const auto& allocation = view.as<event::AllocatePage>();
    if (frame_ - allocation.frame < allocation.pages) frame_ = no_fact;
  } else if (view.is<event::FreePage>()) {
    const PageFact& page = view.as<event::FreePage>().page;
    if (frame_ - page.frame < page.pages) freed_ = true;
  } else if (view.is<event::ClearDirty>()) {
    const PageFact& page = view.as<event::ClearDirty>().page;
    if (frame_ - page.frame < page.pages) cleaning_ = true;
  } else if (view.is<event::DropLock>()) {
    const LockFact& lock = view.as<event::DropLock>().lock;
    if (lock.kind == LockClass::page && frame_ - lock.number < pages_) cleaning_ = false;
  } else if (view.is<event::WriteToSwap>() && !followed_.is_of_file()) {
    const auto& write = view.as<event::WriteToSwap>();
    if (write.frame != frame_) return;
    if (!swapped_) swapped_.emplace();
    (*swapped_)[write.word] = write.value;
  }
}

}  // namespace shootdown
