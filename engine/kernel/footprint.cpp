#include "engine/kernel/footprint.h"

#ifdef SHOOTDOWN_FOOTPRINTS

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/check.h"
#include "engine/events/names.h"
#include "engine/kernel/kernel.h"

namespace shootdown {

namespace {

using Kind = Places::Kind;

constexpr int max_said = 16;
// Rows of places. Whoever releases pages of a gather looks at the flags of each, and they lie in no order.
constexpr int max_touched = 600;

// The enumerator's name, as the compiler writes it.
template <Kind Which>
constexpr std::string_view name_of() {
  const std::string_view function = __PRETTY_FUNCTION__;
  const std::string_view space = "Kind::";
  const std::string_view rest = function.substr(function.rfind(space) + space.size());
  return rest.substr(0, rest.find_first_of(";],"));
}
template <std::size_t... Numbers>
constexpr auto names_of(std::index_sequence<Numbers...> /*numbers*/) {
  return std::array{name_of<static_cast<Kind>(Numbers)>()...};
}
constexpr auto place_names = names_of(std::make_index_sequence<static_cast<std::size_t>(Kind::values) + 1>());

bool changes(Touch touch) {
  return touch != Touch::read;
}

// --- where what lies ---

template <typename T>
bool is_in(const void* address, const T& object) {
  const auto* const byte = static_cast<const std::byte*>(address);
  const auto* const first = reinterpret_cast<const std::byte*>(&object);
  return byte >= first && byte < first + sizeof(T);
}

// Of which thing of the row it is a part.
template <typename T>
std::optional<Fact> index_in(const void* address, const Row<T>& row) {
  const auto* const byte = static_cast<const std::byte*>(address);
  const auto* const first = reinterpret_cast<const std::byte*>(row.begin());
  if (byte < first || byte >= reinterpret_cast<const std::byte*>(row.end())) return std::nullopt;
  return static_cast<Fact>(static_cast<std::size_t>(byte - first) / sizeof(T));
}

std::optional<Places> place_in_machine(const void* address, const Machine& machine) {
  if (const auto cpu = index_in(address, machine.tlbs())) return places::of_cpu(Kind::tlb, *cpu);
  const PagingCaches& caches = machine.paging_caches();
  if (const auto entry = index_in(address, caches.entries()))
    return places::of_cpu(Kind::tlb, as_fact(caches.owner_of(static_cast<int>(*entry))));
  if (const auto number = index_in(address, machine.directory())) {
    const Fact in_each = as_fact(machine.places());
    return places::table(*number / in_each, *number % in_each);
  }
  if (const auto frame = index_in(address, machine.frames())) return places::words(*frame);
  for (int mm = 0; mm < machine.tables().size(); ++mm) {
    if (const auto page = index_in(address, machine.tables()[mm].slots)) return places::entry(as_fact(mm), *page);
  }
  return std::nullopt;
}

bool is_of_page(Kind kind) {
  return kind == Kind::flags || kind == Kind::refcount || kind == Kind::mapcount || kind == Kind::identity;
}

std::optional<Places> place_in_pages(const void* address, const Row<Page>& pages) {
  const auto frame = index_in(address, pages);
  if (!frame.has_value()) return std::nullopt;
  const Page& page = pages[*frame];
  const PageFact fact{.frame = static_cast<Fact>(page.folio() - pages.begin())};
  if (is_in(address, page.flags)) return places::flags(fact);
  if (is_in(address, page.refcount)) return places::refcount(fact);
  if (is_in(address, page.mapcount)) return places::mapcount(fact);
  if (is_in(address, page.lru)) return places::free_memory;
  return places::identity(fact);
}

std::optional<Places> place_in_tables(const void* address, const Mm& mm) {
  const auto number = index_in(address, mm.page_tables);
  if (!number.has_value()) return std::nullopt;
  const PageTable& table = mm.page_tables[*number];
  if (is_in(address, table.present)) return Places{Kind::present, mm.number, *number};
  return places::lock({.kind = LockClass::page_table, .owner = mm.number, .number = *number});
}

std::optional<Places> place_in_mm(const void* address, const Mm& mm) {
  const bool in_lists = index_in(address, mm.vmas) || index_in(address, mm.vma_used) || index_in(address, mm.mmap) ||
                        index_in(address, mm.anon_vma_chains);
  if (in_lists || is_in(address, mm.map_count)) return places::of_mm(Kind::mappings, mm.number);
  if (is_in(address, mm.mmap_lock)) return places::lock({.kind = LockClass::mmap, .owner = mm.number});
  const bool whose = is_in(address, mm.users) || is_in(address, mm.born) || is_in(address, mm.forking);
  if (whose) return places::of_mm(Kind::users, mm.number);
  if (is_in(address, mm.rss)) return places::of_mm(Kind::rss, mm.number);
  if (is_in(address, mm.tlb_flush_pending)) return places::of_mm(Kind::flush_pending, mm.number);
  if (is_in(address, mm.tlb_flush_batched)) return places::of_mm(Kind::flush_batched, mm.number);
  if (is_in(address, mm.write_protect_seq)) return places::of_mm(Kind::write_protect_seq, mm.number);
  if (is_in(address, mm.tlb_gen)) return places::of_mm(Kind::tlb_generation, mm.number);
  if (is_in(address, mm.cpumask)) return places::of_mm(Kind::cpumask, mm.number);
  return place_in_tables(address, mm);
}

std::optional<Places> place_in_file(const void* address, const AddressSpace& file) {
  const Fact number = file.number;
  if (const auto index = index_in(address, file.slots)) return places::slot(number, *index);
  if (const auto index = index_in(address, file.tags)) return places::tags(number, *index);
  if (const auto index = index_in(address, file.disk)) return places::disk({.file = number, .index = *index});
  if (index_in(address, file.i_mmap) || is_in(address, file.i_mmap_count)) return Places{Kind::i_mmap, number};
  if (is_in(address, file.i_size)) return Places{.kind = Kind::size, .number = number};
  if (is_in(address, file.invalidate_lock)) return places::lock({.kind = LockClass::invalidate, .owner = number});
  if (is_in(address, file.i_rwsem)) return places::lock({.kind = LockClass::inode, .owner = number});
  if (is_in(address, file.i_mmap_rwsem)) return places::lock({.kind = LockClass::i_mmap, .owner = number});
  if (is_in(address, file.i_pages_lock)) return places::lock({.kind = LockClass::i_pages, .owner = number});
  return std::nullopt;
}

std::optional<Places> place_in_anon_vmas(const void* address, const Row<AnonVma>& anon_vmas) {
  const auto number = index_in(address, anon_vmas);
  if (!number.has_value()) return std::nullopt;
  const AnonVma& anon_vma = anon_vmas[*number];
  if (is_in(address, anon_vma.rwsem)) return places::lock({.kind = LockClass::anon_vma, .number = *number});
  if (is_in(address, anon_vma.next_free)) return places::free_memory;
  return places::anon_vma(*number);
}

std::optional<Places> place_in_tasks(const void* address, const Row<Task>& tasks) {
  const auto cpu = index_in(address, tasks);
  if (!cpu.has_value()) return std::nullopt;
  return places::of_cpu(is_in(address, tasks[*cpu].lazy) ? Kind::lazy : Kind::flush_request, *cpu);
}

std::optional<Places> place_in_swap(const void* address, const SwapSpace& swap) {
  if (const auto number = index_in(address, swap.slots)) {
    const SwapSlot& slot = swap.slots[static_cast<int>(*number)];
    if (is_in(address, slot.map)) return Places{.kind = Kind::swap_map, .number = *number};
    if (is_in(address, slot.cached)) return Places{.kind = Kind::swap_cache, .number = *number};
    return Places{.kind = Kind::swap, .number = *number};
  }
  const auto area = index_in(address, swap.areas);
  if (!area.has_value()) return std::nullopt;
  return places::lock({.kind = LockClass::swap_cache, .owner = *area});
}

Places place_at(const void* address, const Kernel& kernel) {
  if (const auto place = place_in_machine(address, kernel.machine)) return *place;
  if (const auto place = place_in_pages(address, kernel.pages)) return *place;
  if (const auto place = place_in_anon_vmas(address, kernel.anon_vmas)) return *place;
  if (const auto place = place_in_tasks(address, kernel.tasks)) return *place;
  for (const Mm& mm : kernel.mms) {
    if (const auto place = place_in_mm(address, mm)) return *place;
  }
  for (const AddressSpace& file : kernel.files) {
    if (const auto place = place_in_file(address, file)) return *place;
  }
  if (const auto place = place_in_swap(address, kernel.swap)) return *place;
  if (const auto place = index_in(address, kernel.device_memory)) return places::slot(kernel.device().number, *place);
  if (is_in(address, kernel.last_value)) return places::values;
  // What is left of the kernel are the free lists.
  SHOOTDOWN_CHECK(is_in(address, kernel));
  return places::free_memory;
}

}  // namespace

// --- keeping ---

// What follows a row that is there already makes that longer.
void Footprint::Entries::add(const Entry& entry) {
  for (Entry& old : row.first(count)) {
    if (old.touch != entry.touch) continue;
    if (old.place.contains(entry.place)) return;
    Places& place = old.place;
    if (place.kind != entry.place.kind || place.owner != entry.place.owner) continue;
    if (place.number + place.count != entry.place.number) continue;
    place.count += entry.place.count;
    return;
  }
  row[count++] = entry;
}

Footprint::Footprint(const Kernel& kernel, Arena& arena, int cpus)
    : kernel_(kernel), arena_(arena), cpus_(arena.row<Cpu>(cpus)) {
  for (Cpu& cpu : cpus_) {
    cpu.touched.row = arena.row<Entry>(max_touched);
    for (Saying& saying : cpu.sayings) saying.said.row = arena.row<Entry>(max_said);
  }
}

void Footprint::touched(const void* address, Touch touch) {
  const std::span<const std::byte> world = arena_.used();
  const auto* const byte = static_cast<const std::byte*>(address);
  const bool on_stack = byte < world.data() || byte >= world.data() + world.size();
  if (!on_stack) cpus_[kernel_.sched.current()].touched.add({place_at(address, kernel_), touch});
}

void Footprint::say(int cpu, Places place, Touch touch) {
  // A folio's places are its first page's.
  if (is_of_page(place.kind)) place.number = kernel_.pfn(kernel_.pages[place.number].folio());
  Entries& said = cpus_[cpu].last().said;
  const auto covers = [&](const Entry& entry) { return entry.touch == touch && entry.place.contains(place); };
  if (std::ranges::none_of(said, covers)) said.add({place, touch});
}

// --- comparing ---

bool Footprint::is_permitted(const Task& current, const Entry& entry) const {
  if (is_own(current.cpu, entry.place)) return true;
  const auto says = [&](const Entry& said) {
    return said.place.contains(entry.place) && (changes(said.touch) || !changes(entry.touch));
  };
  if (std::ranges::any_of(cpus_[current.cpu].last().said, says)) return true;
  return std::ranges::any_of(current.held.all(), [&](const LockFact& lock) { return guards(lock, entry.place); });
}

void Footprint::compare(const Task& current) {
  const Unwatched unwatched;
  Entries& touched = cpus_[current.cpu].touched;
  for (const Entry& entry : touched) {
    for (Fact i = 0; i < entry.place.count; ++i) {
      Entry one = entry;
      one.place.number += i;
      one.place.count = 1;
      if (!is_permitted(current, one)) fail(current, one);
    }
  }
  touched.count = 0;
}

void Footprint::begin_interruption(const Task& current) {
  compare(current);
  Cpu& cpu = cpus_[current.cpu];
  ++cpu.depth;
  SHOOTDOWN_CHECK(cpu.depth < max_depth);
  cpu.last().said.count = 0;
}

void Footprint::end_interruption(const Task& current) {
  compare(current);
  --cpus_[current.cpu].depth;
}

void Footprint::fail(const Task& current, const Entry& entry) const {
  const Places& place = entry.place;
  const std::string_view step = all_event_names[cpus_[current.cpu].last().step];
  const std::string_view name = place_names[static_cast<std::size_t>(place.kind)];
  std::fprintf(
      stderr,
      "shootdown: footprint: cpu %d, after its step '%.*s' (%llu steps were made), %s %.*s (owner %u, number %u), "
      "which is not said in engine/events/touches.h\n",
      current.cpu, static_cast<int>(step.size()), step.data(), static_cast<unsigned long long>(kernel_.sched.steps()),
      changes(entry.touch) ? "writes" : "reads", static_cast<int>(name.size()), name.data(), place.owner, place.number);
  std::abort();
}

}  // namespace shootdown

#endif
