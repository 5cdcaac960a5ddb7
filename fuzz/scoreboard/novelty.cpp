#include "fuzz/scoreboard/novelty.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/events/names.h"
#include "engine/sched/random.h"

namespace shootdown {

namespace {

std::uint64_t mixed(std::uint64_t number) {
  return SplitMix64(number).next();
}

// What is told apart of a page for one address space, as a number.
std::uint64_t situation_of(const World& world, int mm, int page) {
  constexpr Fact flags = PG_dirty | PG_writeback | PG_swapbacked | PG_swapcache | PG_anon_exclusive;
  constexpr Fact kind_of_entry = (EntryFact::present_bit << EntryFact::frame_shift) - 1 - EntryFact::young_bit;
  const auto few = [](std::int32_t count) { return static_cast<std::uint64_t>(std::clamp(count, 0, 2)); };
  const EntryFact entry = world.entry(mm, page);
  std::uint64_t situation = entry.bits & kind_of_entry;
  if (entry.swapped()) situation |= few(world.swap_users(static_cast<int>(entry.slot()))) << 32U;
  if (!entry.present()) return situation;
  const FrameFacts facts = world.frame_facts(entry.frame());
  situation |= std::uint64_t{facts.flags & flags} << 16U | few(facts.mapcount) << 32U;
  if (facts.anonymous) situation |= std::uint64_t{1} << 36U;
  if (facts.maybe_dma_pinned()) situation |= std::uint64_t{1} << 37U;
  return situation;
}

}  // namespace

void Novelty::begin(Arena& /*arena*/, const World& /*world*/) {
  ++run_;
  news_.clear();
}

void Novelty::happened(const EventView& event, const World& world) {
  kind_ = event.kind;
  cpu_ = event.cpu;
  if (event.is<event::OperationBegins>()) {
    const Fact number = event.as<event::OperationBegins>().operation;
    if (number == no_fact) return;
    SHOOTDOWN_CHECK(program_ != nullptr && number < program_->operation_count);
    return look_at_situation(program_->operations[number], world);
  }
  if (!happens_on_cpu(event.kind)) return;
  visit_event(event, [this]<typename E>(const E& what) {
    if constexpr (E::is_step) TouchesOf(cpu_, *this)(what);
  });
}

void Novelty::touch(const Places& places, bool writes) {
  constexpr Fact most = 8;
  visit_first_that_matter(places, most, [&](std::uint64_t place) { touch(places.kind, place, writes); });
}

void Novelty::touch(Places::Kind kind, std::uint64_t place, bool writes) {
  LastTouch& last = last_[mixed(place) % places_kept];
  if (last.run == run_ && last.place == place && last.cpu != cpu_ && (last.writes || writes)) {
    note(std::uint64_t{static_cast<Fact>(kind)} << 32U | std::uint64_t{last.kind} << 16U | std::uint64_t{kind_} << 2U |
         std::uint64_t{last.writes} << 1U | std::uint64_t{writes});
  }
  last = {.place = place, .run = run_, .kind = kind_, .cpu = cpu_, .writes = writes};
}

void Novelty::look_at_situation(const Operation& operation, const World& world) {
  const int page = static_cast<int>(operation.operands[0].value) % world.machine_config().virtual_pages();
  const std::uint64_t situation = situation_of(world, world.mm_of(operation.cpu), page);
  note(situation ^ mixed(static_cast<std::uint64_t>(operation.call) + 1));
}

void Novelty::note(std::uint64_t hash) {
  const auto feature = static_cast<Feature>(mixed(hash) % feature_numbers);
  if (known_[feature]) return;
  known_[feature] = true;
  news_.push_back(feature);
}

}  // namespace shootdown
