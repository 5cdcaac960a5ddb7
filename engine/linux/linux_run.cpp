#include "engine/linux/linux_run.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "engine/check.h"
#include "engine/linux/places.h"
#include "engine/machine/x86.h"
#include "engine/program/calls.h"
#include "engine/program/forks.h"

namespace shootdown {

namespace {

LinuxRun* under_way = nullptr;

std::uintptr_t address_of(int page) {
  return LINUX_USER_BASE + static_cast<std::uintptr_t>(page) * linux_page_size;
}

Fact page_of(std::uintptr_t address) {
  return static_cast<Fact>((address - LINUX_USER_BASE) / linux_page_size);
}

Fact pages_in(std::uintptr_t start, std::uintptr_t end) {
  return page_of(end) - page_of(start);
}

// All user pages of a run are in one page table.
std::uint64_t* first_entry(int mm) {
  return linux_entry_of(mm, LINUX_USER_BASE);
}

Pte read_entry(int mm, int page) {
  const std::uint64_t* const table = first_entry(mm);
  return table == nullptr ? Pte() : Pte(table[page]);
}

// A present entry as pte_dirty sees it: since 6.6 x86 keeps the dirty bit of one that is write-protected elsewhere
// (_PAGE_SAVED_DIRTY), where hardware does not look.
EntryFact present_fact(Pte pte) {
  constexpr std::uint64_t saved_dirty = std::uint64_t{1} << 58U;
  const bool is_saved = !pte.write() && (pte.bits() & saved_dirty) != 0;
  return entry_fact(is_saved ? pte.mkdirty() : pte);
}

EntryFact fact_of(Pte pte) {
  if (pte.none()) return {};
  if (pte.present()) return present_fact(pte);
  linux_absent absent;
  linux_decode_entry(pte.bits(), &absent);
  if (absent.pfn >= 0) return EntryFact::in_migration(static_cast<Fact>(absent.pfn));
  if (absent.exclusive >= 0) return EntryFact::exclusive_to_device(static_cast<Fact>(absent.exclusive));
  if (absent.is_poisoned != 0) return {.bits = EntryFact::poison_bit};
  return absent.slot < 0 ? EntryFact{} : EntryFact::in_swap(as_fact(absent.slot));
}

// What the kernel's own code says when it is asked, which is no part of the run.
template <typename Ask>
auto outside_run(const Ask& ask) {
  LinuxRun* const run = std::exchange(under_way, nullptr);
  const auto answer = ask();
  under_way = run;
  return answer;
}

// User programs' accesses are none.
bool is_system_call(Call call) {
  return call != Call::store && call != Call::load && call != Call::touch;
}

// Of which a word is the struct page; none: of nobody's.
Fact frame_of_pointer(std::uintptr_t word) {
  const std::uintptr_t offset = word - LINUX_PAGES_BASE;
  const std::uintptr_t frame = offset / struct_page_size;
  return offset % struct_page_size == 0 && frame < linux_frames ? static_cast<Fact>(frame) : no_fact;
}

std::uintptr_t word_in(const std::byte* memory) {
  std::uintptr_t word = 0;
  std::memcpy(&word, memory, sizeof word);
  return word;
}

// A call takes more bytes than this: no two that return have a counter in common, if there are enough.
constexpr std::size_t bytes_per_counter = 4;

std::uintptr_t word_of(const volatile void* address) {
  return reinterpret_cast<std::uintptr_t>(address) / sizeof(std::uint64_t);
}

// Of code that is about to make a step; 0: it is not the kernel's.
std::size_t place_of(const void* code) {
  return LinuxMemory::is_code(code) ? LinuxMemory::offset_of(code) : 0;
}

// An access to memory that is no event.
StepPoint point_of(const void* object) {
  return {.kind = 0xFF, .subject = static_cast<Fact>(reinterpret_cast<std::uintptr_t>(object))};
}

int filesystem_of(const MachineConfig& config) {
  if (config.tmpfs != 0) return linux_tmpfs;
  if (config.mkwrite_leaves_clean()) return linux_disk_left_clean;
  return config.buffers != 0 ? linux_disk_with_buffers : linux_disk;
}

linux_machine machine_of(const Program& program, unsigned unborn_mms) {
  const MachineConfig& config = program.machine;
  return {.cpus = config.cpus,
          .mms = config.mms,
          .files = config.files,
          .windows = config.windows,
          .pages = config.pages,
          .mapped = config.mapped,
          .filesystem = filesystem_of(config),
          .seq_read = config.seq_read,
          // A large folio could have to be split.
          .folio_order = truncates_files(program) ? 0 : config.folio_order,
          .device = static_cast<int>(maps_device(program)),
          .forked = unborn_mms};
}

}  // namespace

LinuxRun* LinuxRun::current() {
  return under_way;
}

LinuxRun::LinuxRun(const Engine& engine, const RunSetup& setup)
    : Run(setup, *this),
      engine_(engine),
      memory_(LinuxMemory::get()),
      fibers_(setup.fibers),
      cpus_(setup.arena.row<Cpu>(config.cpus)),
      disk_(setup.arena.row<DiskPage>(config.files * config.pages)),
      swap_(setup.arena.row<DiskPage>(swap_slots())),
      lives_(setup.arena.row<std::uint32_t>(linux_frames)),
      code_(setup.code),
      visible_(code_.visible == nullptr ? visible_linux_code() : *code_.visible),
      counts_all_(code_.counters.size() * bytes_per_counter > LinuxMemory::code_size()),
      files_(files_of(setup.program)),
      unborn_mms_(forked_mms(setup.program)) {
  for (int cpu = 0; cpu < config.cpus; ++cpu) {
    cpus_[cpu].tlb = Tlb(setup.arena.row<TlbEntry>(config.tlb));
    cpus_[cpu].stacks.kernel = LinuxMemory::stack_of(cpu).end;
  }
  under_way = nullptr;
  memory_.reset();
  memory_.become(0, linux_no_stacks);
  const linux_machine machine = machine_of(setup.program, unborn_mms_);
  SHOOTDOWN_CHECK(linux_begin(&machine) == 0);
  under_way = this;
  if (code_.observer != nullptr) code_.observer->begin_accesses(setup.arena);
}

// Ten times as many as any run was seen to make for each operation and page.
std::uint64_t LinuxRun::step_limit(const Program& program) const {
  const std::uint64_t operations = 1U + program.operation_count;
  return 20000 + operations * (static_cast<std::uint64_t>(config.virtual_pages()) + 4) * 1000;
}

// --- memory ---

// Another run may have been under way in between.
void LinuxRun::enter() {
  under_way = this;
}

// Who looks at the world then is on no CPU.
void LinuxRun::leave() {
  memory_.become(0, linux_no_stacks);
}

void LinuxRun::visit_memory(const MemoryVisitor& visit) const {
  memory_.visit(config.cpus, visit);
  for (int cpu = 0; cpu < config.cpus; ++cpu) visit({cpus_[cpu].stacks.kernel, LinuxMemory::stack_of(cpu).end});
}

// --- steps ---

// Says what came of the access that has been made.
void LinuxRun::leave_step() {
  Cpu& own = cpus_[cpu()];
  if (own.memory != nullptr) count_change(own);
  if (own.touched.place.kind != linux_other) {
    const Touched touched = own.touched;
    own.touched = {};
    const void* const code = std::exchange(own.code, touched.code);
    report_touch(touched);
    own.code = code;
  }
  if (linux_grace_periods != 0) linux_quiescent(cpu());
  const bool takes = linux_irqs_enabled(cpu()) != 0;
  if (takes == own.takes_interrupts) return;
  own.takes_interrupts = takes;
  if (takes) {
    sched.enable_interrupts();
  } else {
    sched.disable_interrupts();
  }
}

// What code that has returned has left below the stack, in this run or in one that has been gone back from, no other code reads. But it may
// show where a later frame has a hole that is never written.
void LinuxRun::enter_step() {
  memory_.become(cpu(), cpus_[cpu()].stacks);
  if (code_.compares_states) std::fill(LinuxMemory::stack_of(cpu()).begin, cpus_[cpu()].stacks.kernel, std::byte{});
}

// What it is about to touch, as it is. Reads, too: an atomic operation may be announced as a write, read first, and
// write then.
void LinuxRun::note_memory(const volatile void* address, std::size_t size, const void* code) {
  Cpu& own = cpus_[cpu()];
  own.memory = const_cast<const void*>(address);
  own.memory_size = std::min(size, own.was.size());
  look_ = {.address = address, .code = code};
  looking_ = true;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  std::memcpy(own.was.data(), own.memory, own.memory_size);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  looking_ = false;
  look_ = {};
}

// A write that leaves everything as it was, as a compare-and-exchange that fails, is none.
void LinuxRun::count_change(Cpu& own) {
  const auto* const now = static_cast<const std::byte*>(own.memory);
  const bool changed = !std::equal(now, now + own.memory_size, own.was.begin());
  const std::uintptr_t was = word_in(own.was.data());
  own.memory = nullptr;
  own.was = {};
  if (!changed) return;
  for (Cpu& cpu : cpus_) {
    cpu.idle = 0;
    cpu.knew = 0;
    cpu.spins = false;
  }
  wake();
  if (own.slot_store.under_way && own.memory_size == sizeof(std::uintptr_t)) report_slot_store(own, was, word_in(now));
}

// Code that tries again and again until another CPU has changed something may do so for ever if the schedule lets it. Who comes
// back to what it was about to do and knew before, with nothing changed since, waits for that. When nobody else can go on any more it
// does not, and the run ends at the limit of steps.
void LinuxRun::watch_for_spinning() {
  constexpr unsigned no_loop = 64;  // so many accesses are not looked at, for most code has changed something by then
  Cpu& own = cpus_[cpu()];
  if (in_one_step() || ++own.idle < no_loop) return;
  const auto digest = [](const auto* data, std::size_t size) {
    return std::hash<std::string_view>()({reinterpret_cast<const char*>(data), size});
  };
  const std::span stack(own.stacks.kernel, LinuxMemory::stack_of(cpu()).end);
  // And how far it has come with what it is served, as in a copy of some memory.
  const std::uint64_t knows = digest(stack.data(), stack.size()) + 3 * digest(&doing(), sizeof(Doing));
  if (std::has_single_bit(own.idle)) {
    own.knew = knows;
    return;
  }
  if (knows != own.knew) return;
  own.idle = 0;
  own.spins = true;
  const int spinner = cpu();
  sched.wait_until({.kind = 0xFF}, waiting_, [=, this] { return may_spin_on(spinner); }, [] {});
  own.spins = false;
  enter_step();
}

bool LinuxRun::may_spin_on(int spinner) const {
  if (!cpus_[spinner].spins) return true;
  for (int other = 0; other < config.cpus; ++other) {
    if (cpus_[other].spins) continue;
    if (cpus_[other].sleeps != 0 || sched.can_run(other)) return false;
  }
  return true;
}

// Not how often: each number of times would be another feature to a fuzzer, which then keeps inputs that only do more of the
// same, and finds races later.
void LinuxRun::note_code(std::size_t place) const {
  code_.counters[place / bytes_per_counter % code_.counters.size()] = 1;
}

void LinuxRun::read_is_announced(const volatile void* address, std::size_t size, const void* code) {
  access_memory(address, size, false, code);
  cpus_[cpu()].announced = word_of(address);
}

// Whether the access is the read that the CPU's last step has announced: that and the read are one.
bool LinuxRun::is_announced(const volatile void* address, bool writes) {
  const std::uintptr_t announced = std::exchange(cpus_[cpu()].announced, 0);
  return !writes && announced == word_of(address);
}

// At places that nobody else can see, too, when there have been very many in turn: a run's steps are limited, its accesses are
// not.
bool LinuxRun::is_step(std::size_t place) {
  constexpr int most_unseen = 4000;
  Cpu& own = cpus_[cpu()];
  if (in_one_step()) return false;
  if (!visible_(place) && ++own.unseen < most_unseen) return false;
  own.unseen = 0;
  return true;
}

bool LinuxRun::is_preemptible(std::size_t place) const {
  return code_.preemptible == nullptr || (*code_.preemptible)(place);
}

void LinuxRun::make_step(const volatile void* address, std::size_t size, std::size_t place) {
  sched.step(point_of(const_cast<const void*>(address)));
  enter_step();
  mix_step(size, place);
}

// Nobody comes to run before it.
void LinuxRun::make_quiet_step(std::size_t size, std::size_t place) {
  sched.record();
  mix_step(size, place);
}

void LinuxRun::mix_step(std::size_t size, std::size_t place) {
  sched.mix(place ^ static_cast<std::uint64_t>(cpu()) << 56U ^ size << 48U);
}

void LinuxRun::access_memory(const volatile void* address, std::size_t size, bool writes, const void* code) {
  if (passes_over(address, code)) return;
  const std::size_t place = LinuxMemory::offset_of(code);
  if (!code_.counters.empty()) note_code(place);
  leave_step();
  if (!is_announced(address, writes)) {
    watch_for_spinning();
    if (is_step(place)) {
      if (is_preemptible(place)) {
        make_step(address, size, place);
      } else {
        make_quiet_step(size, place);
      }
    }
    comes_of(code);
    observe(address, size, writes, place);
  }
  note_memory(address, size, code);
  note_touch(address, writes, code);
}

void LinuxRun::access_two(const void* from, void* to, std::size_t size, const void* code) {
  access_memory(from, size, false, code);
  ++doing().steps_in_call;
  access_memory(to, size, true, code);
}

void LinuxRun::step(const volatile void* address, std::size_t size, bool writes, const void* code) {
  if (!code_.counters.empty()) note_code(place_of(code));
  leave_step();
  if (!in_one_step()) {
    watch_for_spinning();
    make_step(address, size, place_of(code));
  }
  comes_of(code);
  observe(address, size, writes, CodeAccess::no_place);
  note_memory(address, size, code);
  note_touch(address, writes, code);
}

void LinuxRun::step_when(const void* object, Condition enabled, const void* argument, const void* code) {
  leave_step();
  if (in_one_step()) {
    SHOOTDOWN_CHECK(enabled(argument) != 0);
  } else {
    sched.step_when(point_of(object), waiting_, [=] { return enabled(argument) != 0; }, [] {});
    enter_step();
  }
  sched.mix(place_of(code) ^ static_cast<std::uint64_t>(cpu()) << 56U);
  comes_of(code);
  if (accesses_are_watched()) tell_of_access(object, true);
  linux_place place;
  linux_locate(object, &place);
  check_not_freed(place, code);
}

// --- who watches the code ---

void LinuxRun::observe(const volatile void* address, std::size_t size, bool writes, std::size_t place) {
  if (accesses_are_watched()) tell_of_access(address, writes);
  if (code_.observer == nullptr) return;
  code_.observer->accessed({.cpu = observed_cpu(),
                            .agent = agent(),
                            .takes_interrupts = cpus_[cpu()].takes_interrupts,
                            .address = reinterpret_cast<std::uintptr_t>(address),
                            .size = size,
                            .writes = writes,
                            .place = place});
}

void LinuxRun::locked(const void* lock, bool shared) {
  if (code_.observer != nullptr) code_.observer->locked(observed_cpu(), agent(), lock, shared);
}

void LinuxRun::unlocked(const void* lock) {
  if (code_.observer != nullptr) code_.observer->unlocked(observed_cpu(), agent(), lock);
}

// --- waiting ---

void LinuxRun::wait_until(const void* object, Condition enabled, const void* argument) {
  leave_step();
  sched.wait_until(point_of(object), waiting_, [=] { return enabled(argument) != 0; }, [] {});
  enter_step();
}

// Who tries again and again, and sleeps in between, changes something each time: that must not keep others like it going.
void LinuxRun::sleep() {
  leave_step();
  const int sleeper = cpu();
  cpus_[sleeper].sleeps = ++falls_asleep_;
  sched.wait_until({.kind = 0xFF}, waiting_, [=, this] { return may_wake(sleeper); }, [] {});
  cpus_[sleeper].sleeps = 0;
  enter_step();
}

bool LinuxRun::may_wake(int sleeper) const {
  for (int other = 0; other < config.cpus; ++other) {
    if (other == sleeper) continue;
    const std::uint64_t sleeps = cpus_[other].sleeps;
    const bool comes_first = sleeps == 0 ? sched.can_run(other) : sleeps < cpus_[sleeper].sleeps;
    if (comes_first) return false;
  }
  return true;
}

void LinuxRun::count_own_step() {
  Doing& now = doing();
  ++(now.call[0] == 0 ? now.steps : now.steps_in_call);
}

template <typename Function, typename... Arguments>
auto LinuxRun::call(Function* function, Arguments... arguments) {
  ++doing().steps;
  return enter_linux(function, arguments...);
}

// A step that the machine or the program makes, not the kernel.
void LinuxRun::own_step(StepPoint point) {
  leave_step();
  count_own_step();
  sched.step(point);
  enter_step();
  comes_of(nullptr);
}

bool LinuxRun::interrupt(int cpu) {
  enter_step();
  cpus_[cpu].in_interrupt = true;
  comes_of(nullptr);
  call(linux_interrupt);
  cpus_[cpu].doing[1] = {};
  cpus_[cpu].in_interrupt = false;
  leave_step();
  SHOOTDOWN_CHECK(cpu == this->cpu());
  return linux_interrupt_pends() != 0;
}

void LinuxRun::disturb(const Choice& choice) {
  if (choice.kind == Choice::Kind::fail) ++cpus_[choice.cpu].failing_allocations;
  Tlb& tlb = cpus_[choice.cpu].tlb;
  if (choice.kind == Choice::Kind::evict) {
    sched.record();
    tlb.drop(choice.page);
    announce(cpu(), event::EvictTranslation{.owner = choice.cpu, .page = choice.page});
  } else if (choice.kind == Choice::Kind::fill) {
    sched.record();
    const int mm = mm_of(choice.cpu);
    const Pte found =
        is_born(mm) && linux_has_loaded(choice.cpu, mm) != 0 ? walk(choice.cpu, choice.page, false) : Pte();
    if (found.present()) tlb.insert(TlbEntry::of(choice.page, found, lives_[found.frame()]));
    announce(cpu(), event::FillTranslation{.owner = choice.cpu, .page = choice.page, .entry = entry_fact(found)});
  }
}

void LinuxRun::tell_of_access(const volatile void* address, bool writes) {
  MemoryAccess access{.step = sched.steps(), .cpu = cpu(), .writes = writes, .object = memory_.describe(address)};
  // Who waits is in a list on its own stack.
  for (int other = 0; other < config.cpus; ++other) {
    if (LinuxMemory::is_on_stack(other, const_cast<const void*>(address)))
      access.object = "stack of cpu " + std::to_string(other);
  }
  Run::tell_of_access(access);
}

// --- what comes of an access ---

// What has been freed is no place any more.
void LinuxRun::check_not_freed(linux_place& place, const void* code) {
  if (place.kind != linux_freed) return;
  place.kind = linux_other;
  announce(cpu(), event::UseFreed{.how = event::UseFreed::How::touches,
                                  .function = text_of_function(code),
                                  .frame = static_cast<Fact>(place.pfn)});
}

void LinuxRun::note_touch(const volatile void* address, bool writes, const void* code) {
  Touched& touched = cpus_[cpu()].touched;
  linux_locate(address, &touched.place);
  check_not_freed(touched.place, code);
  touched.writes = writes;
  touched.code = cpus_[cpu()].code;
  switch (touched.place.kind) {
    case linux_entry: touched.entry = read_entry(touched.place.mm, touched.place.page); break;
    case linux_page: linux_frame_facts(touched.place.pfn, &touched.frame); break;
    case linux_generation: touched.generation = linux_tlb_generation(touched.place.mm); break;
    case linux_size: touched.pages = linux_file_pages(touched.place.file); break;
    case linux_table:
    case linux_freed:
    case linux_other: break;
  }
}

void LinuxRun::report_touch(const Touched& touched) {
  switch (touched.place.kind) {
    case linux_entry: return report_entry(touched);
    case linux_table: return report_table(touched);
    case linux_generation: return report_generation(touched);
    case linux_size: return report_size(touched);
    case linux_page:
      linux_frame now;
      linux_frame_facts(touched.place.pfn, &now);
      report_page(touched.frame, now);
      return;
    case linux_freed:
    case linux_other: return;
  }
}

void LinuxRun::report_entry(const Touched& touched) {
  const Fact mm = as_fact(touched.place.mm);
  const Fact page = as_fact(touched.place.page);
  if (touched.place.page >= config.virtual_pages()) return;
  const Pte now = read_entry(touched.place.mm, touched.place.page);
  const bool cleared = !touched.entry.none() && now.none();
  if (cleared || (touched.entry.present() && !now.present())) {
    announce(cpu(), event::ClearEntry{.mm = mm, .page = page, .was = fact_of(touched.entry)});
  } else if (now != touched.entry) {
    announce(cpu(), event::SetEntry{.mm = mm, .page = page, .entry = fact_of(now)});
  } else if (!touched.writes) {
    note_entry_read(touched.place.mm, touched.place.page, now);
    announce(cpu(), event::ReadEntry{.mm = mm, .page = page, .entry = fact_of(now)});
  }
}

// All windows are in one table: there is one if all higher ones lead to it.
void LinuxRun::report_table(const Touched& touched) {
  if (touched.writes) return;
  announce(cpu(), event::ReadTable{.mm = as_fact(touched.place.mm),
                                   .first = 0,
                                   .count = as_fact(config.virtual_pages()),
                                   .exists = static_cast<Fact>(first_entry(touched.place.mm) != nullptr)});
}

void LinuxRun::report_generation(const Touched& touched) {
  const unsigned long now = linux_tlb_generation(touched.place.mm);
  if (now == touched.generation) return;
  announce(cpu(), event::RaiseTlbGeneration{.mm = as_fact(touched.place.mm), .generation = static_cast<Fact>(now)});
}

void LinuxRun::report_size(const Touched& touched) {
  const unsigned long now = linux_file_pages(touched.place.file);
  if (now == touched.pages) return;
  announce(cpu(), event::SetFileSize{.file = as_fact(touched.place.file), .pages = static_cast<Fact>(now)});
}

namespace {

PageFact page_fact(Fact frame, const linux_frame& facts) {
  if (facts.file < 0) return {.frame = frame};
  return {.frame = frame, .file = as_fact(facts.file), .index = static_cast<Fact>(facts.index)};
}

// Of what one of its frames is in.
PageFact folio_fact(const linux_frame& facts) {
  const auto first = static_cast<Fact>(facts.folio);
  if (facts.file < 0) return {.frame = first, .pages = facts.pages};
  const Fact index = static_cast<Fact>(facts.index) & ~(facts.pages - 1U);
  return {.frame = first, .file = as_fact(facts.file), .index = index, .pages = facts.pages};
}

event::InsertMapping::Kind kind_of_mapping(linux_mapping mapping) {
  switch (mapping) {
    case linux_shared: break;
    case linux_private: return event::InsertMapping::Kind::private_file;
    case linux_anonymous: return event::InsertMapping::Kind::anonymous;
    case linux_device: return event::InsertMapping::Kind::device;
  }
  return event::InsertMapping::Kind::shared;
}

bool is_set(const linux_frame& facts, PageFlag flag) {
  return (facts.flags & flag) != 0;
}

}  // namespace

void LinuxRun::report_page(const linux_frame& was, const linux_frame& now) {
  if (was.is_table != 0 || now.is_table != 0 || now.in_use == 0) return;
  const PageFact page = folio_fact(now.file >= 0 ? now : was);
  if (was.flags != now.flags) report_flags(page, was, now);
  report_counts(page, was, now);
}

// Of a frame that is to take another's place in the page cache, and has not yet: it is in none (migration).
PageFact LinuxRun::as_cached(const PageFact& page) const {
  if (page.file == no_fact || cached_frame(static_cast<int>(page.file), static_cast<int>(page.index)) == page.frame)
    return page;
  return {.frame = page.frame, .pages = page.pages};
}

void LinuxRun::report_flags(const PageFact& page, const linux_frame& was, const linux_frame& now) {
  const auto sets = [&](PageFlag flag) { return !is_set(was, flag) && is_set(now, flag); };
  const auto clears = [&](PageFlag flag) { return is_set(was, flag) && !is_set(now, flag); };
  const LockFact lock{.kind = LockClass::page, .number = page.frame};
  if (sets(PG_locked)) lock_taken(lock, false, false);
  if (sets(PG_dirty)) {
    bool table_locked = false;
    for (int mm = 0; mm < config.mms; ++mm) table_locked = table_locked || linux_table_lock_owner(mm) == cpu();
    announce(cpu(), event::SetDirty{.page = as_cached(page),
                                    .table_locked = static_cast<Fact>(table_locked),
                                    .was = static_cast<Fact>(was.flags),
                                    .mapcount = was.mapcount});
  }
  if (clears(PG_dirty)) announce(cpu(), event::ClearDirty{.page = page, .was = static_cast<Fact>(was.flags)});
  if (sets(PG_writeback)) announce(cpu(), event::SetWriteback{.page = page});
  if (clears(PG_writeback)) announce(cpu(), event::ClearWriteback{.page = page});
  if (sets(PG_referenced) || sets(PG_active)) announce(cpu(), event::MarkAccessed{.page = page});
  if (sets(PG_buffers)) announce(cpu(), event::AttachBuffers{.page = page});
  if (clears(PG_buffers)) announce(cpu(), event::StripBuffers{.page = page, .was = static_cast<Fact>(was.flags)});
  if (clears(PG_locked)) lock_dropped(lock);
}

// A reference count that falls from more than 1 to 0 at once is frozen, not dropped, unless that was a pin.
void LinuxRun::report_counts(const PageFact& page, const linux_frame& was, const linux_frame& now) {
  if (was.mapcount < now.mapcount) announce(cpu(), event::AddRmap{.page = page, .mapcount = now.mapcount});
  if (was.mapcount > now.mapcount) announce(cpu(), event::RemoveRmap{.page = page, .mapcount = now.mapcount});
  if (was.refcount == now.refcount) return;
  if (now.refcount == 0 && was.refcount > 1 && was.refcount != gup_pin_counting_bias) {
    announce(cpu(), event::FreezeRefcount{.page = page, .frozen = 1, .refcount = was.refcount});
  } else if (was.refcount == 0) {
    announce(cpu(), event::UnfreezeRefcount{.page = page, .refcount = now.refcount});
  } else if (was.refcount < now.refcount) {
    announce(cpu(), event::GetPage{.page = page, .refcount = now.refcount});
  } else {
    announce(cpu(), event::PutPage{.page = page, .refcount = now.refcount});
  }
}

// --- what the kernel's code reports ---

// What takes effect now, after what the access at hand has done.
template <typename E>
void LinuxRun::report(const E& event) {
  leave_step();
  announce(cpu(), event);
}

void LinuxRun::flush_tlb_page(std::uintptr_t address) {
  const std::uintptr_t page = (address - LINUX_USER_BASE) / linux_page_size;
  if (address < LINUX_USER_BASE || page >= static_cast<std::uintptr_t>(config.virtual_pages())) return;
  cpus_[cpu()].tlb.drop(static_cast<std::uint16_t>(page));
  announce(cpu(), event::FlushTranslation{.page = static_cast<Fact>(page)});
}

void LinuxRun::flush_tlb() {
  cpus_[cpu()].tlb.drop_all();
  announce(cpu(), event::FlushTranslation{.page = no_fact});
}

bool LinuxRun::allocation_fails() {
  int& failing = cpus_[cpu()].failing_allocations;
  if (failing == 0) return false;
  --failing;
  return true;
}

void LinuxRun::batch_allocated(bool succeeded) {
  announce(cpu(), event::AllocateBatch{.allocated = static_cast<Fact>(succeeded)});
}

void LinuxRun::frame_allocated(Fact frame, Fact count) {
  announce(cpu(), event::AllocatePage{.pages = count, .frame = frame});
}

void LinuxRun::frame_freed(Fact frame) {
  leave_step();
  const FrameFacts facts = frame_facts(frame);
  for (Fact each = frame; each < frame + facts.folio.pages; ++each) ++lives_[each];
  announce(cpu(),
           event::FreePage{
               .page = facts.folio, .refcount = facts.refcount, .mapcount = facts.mapcount, .entries = facts.entries});
}

void LinuxRun::freed_twice(Fact frame, const void* code) {
  announce(cpu(),
           event::UseFreed{.how = event::UseFreed::How::frees, .function = text_of_function(code), .frame = frame});
}

void LinuxRun::lock_taken(LockFact lock, bool shared, bool tries) {
  announce(cpu(), event::TakeLock{.lock = lock,
                                  .shared = static_cast<Fact>(shared),
                                  .tries = static_cast<Fact>(tries),
                                  .taken = 1,
                                  .holders = 0});
}

void LinuxRun::lock_dropped(LockFact lock) {
  announce(cpu(), event::DropLock{.lock = lock});
}

void LinuxRun::sleep_in_atomic() {
  announce(cpu(), event::SleepInAtomic{.reason = event::SleepInAtomic::Reason::other, .lock = {}});
}

void LinuxRun::interrupt_sent(Fact cpus) {
  announce(cpu(), event::SendInterrupt{.cpus = cpus});
}

void LinuxRun::interrupt_taken(int sender) {
  announce(cpu(), event::TakeInterrupt{.sender = as_fact(sender)});
}

// What the CPU frees lazily, which it does in a gather.
void LinuxRun::report_lazily(bool done) {
  event::FreeLazily& lazily = cpus_[cpu()].lazily;
  lazily.done = static_cast<Fact>(done);
  if (lazily.count != 0) announce(cpu(), lazily);
}

void LinuxRun::gather_begins(int mm) {
  announce(cpu(), event::BeginGather{.mm = as_fact(mm)});
  report_lazily(false);
}

void LinuxRun::gather_ends(int mm) {
  report(event::FlushGather{.mm = as_fact(mm)});
  report_lazily(true);
  announce(cpu(), event::EndGather{.mm = as_fact(mm)});
}

template <typename E>
void LinuxRun::report_range(int mm, std::uintptr_t start, std::uintptr_t end, E event) {
  event.mm = as_fact(mm);
  event.first = page_of(start);
  event.count = pages_in(start, end);
  report(event);
}

void LinuxRun::unmap_begins(int mm, std::uintptr_t start, std::uintptr_t end) {
  report_range<event::BeginUnmap>(mm, start, end);
}

void LinuxRun::unmap_ends(int mm, std::uintptr_t start, std::uintptr_t end) {
  report_range<event::EndUnmap>(mm, start, end);
}

void LinuxRun::protect_begins(int mm, std::uintptr_t start, std::uintptr_t end) {
  report_range(mm, start, end, event::BeginUnmap{.only_stores = 1});
}

void LinuxRun::protect_ends(int mm, std::uintptr_t start, std::uintptr_t end) {
  report_range(mm, start, end, event::EndUnmap{.only_stores = 1});
}

void LinuxRun::mapped(int mm, std::uintptr_t start, std::uintptr_t end, const linux_shown* shown) {
  const bool anonymous = shown->mapping == linux_anonymous;
  // The device is numbered like one file more.
  const int file = shown->mapping == linux_device ? config.files : shown->file;
  report_range(mm, start, end,
               event::InsertMapping{.file = anonymous ? no_fact : as_fact(file),
                                    .index = anonymous ? no_fact : static_cast<Fact>(shown->index),
                                    .read_only = static_cast<Fact>(shown->read_only != 0),
                                    .kind = kind_of_mapping(shown->mapping),
                                    .moved_from = shown->from == 0 ? no_fact : page_of(shown->from)});
}

void LinuxRun::fork_begins(int mm, int child) {
  report(event::Fork{.mm = as_fact(mm), .child = as_fact(child), .done = 0});
}

void LinuxRun::fork_ends(int mm, int child) {
  report(event::Fork{.mm = as_fact(mm), .child = as_fact(child), .done = 1});
  unborn_mms_ &= ~(1U << static_cast<unsigned>(child));
  wake();
}

void LinuxRun::copy_page(Fact from, Fact to) {
  for (int word = 0; word < config.words; ++word) {
    own_step({.kind = kind_of<event::CopyWord>, .subject = to});
    linux_frame facts;
    linux_frame_facts(from, &facts);
    const Fact value = LinuxMemory::frame_words(from)[word];
    LinuxMemory::frame_words(to)[word] = value;
    announce(cpu(), event::CopyWord{.page = page_fact(from, facts), .to = to, .word = as_fact(word), .value = value});
  }
}

void LinuxRun::move_page(Fact from, Fact to) {
  for (int word = 0; word < config.words; ++word) {
    own_step({.kind = kind_of<event::MoveWord>, .subject = to});
    linux_frame facts;
    linux_frame_facts(from, &facts);
    const Fact value = LinuxMemory::frame_words(to)[word] = LinuxMemory::frame_words(from)[word];
    announce(cpu(), event::MoveWord{.page = page_fact(from, facts), .to = to, .word = as_fact(word), .value = value});
  }
}

void LinuxRun::device_frame_freed(Fact frame) {
  own_step({.kind = kind_of<event::FreePage>, .subject = frame});
  const Fact entries = entries_to(frame, 1);
  ++lives_[frame];
  announce(cpu(), event::FreePage{.page = {.frame = frame}, .refcount = 0, .mapcount = 0, .entries = entries});
}

void LinuxRun::zap_begins(int mm, std::uintptr_t start, std::uintptr_t end) {
  report_range<event::BeginZap>(mm, start, end);
}

void LinuxRun::zap_ends(int mm, std::uintptr_t start, std::uintptr_t end) {
  report_range<event::EndZap>(mm, start, end);
}

void LinuxRun::page_queued(Fact frame, Fact count, std::uintptr_t pointer, Fact queued, Fact room, Fact batches) {
  leave_step();
  linux_frame facts;
  linux_frame_facts(frame, &facts);
  if (facts.is_table != 0) return;
  PageFact page = page_fact(frame, facts);
  page.pages = count;
  announce(cpu(), event::QueuePage{.page = page,
                                   .flags = static_cast<Fact>(pointer & 3U),
                                   .pointer = {static_cast<Fact>(pointer - LINUX_PAGES_BASE)},
                                   .queued = queued,
                                   .room = room,
                                   .batches = batches,
                                   .batch_max = 0});
}

void LinuxRun::page_looked_up(int file, Fact index, long frame) {
  report(event::LookUpPage{
      .file = as_fact(file), .index = index, .frame = frame < 0 ? no_fact : static_cast<Fact>(frame)});
}

void LinuxRun::slot_store_begins(int file, Fact index, std::uintptr_t entry, const void* code) {
  leave_step();
  cpus_[cpu()].slot_store = {.under_way = true, .file = file, .index = index, .entry = entry, .code = code};
}

void LinuxRun::slot_store_ends() {
  leave_step();
  cpus_[cpu()].slot_store.under_way = false;
}

// Of a word of memory that has changed from what it was: whether that put the entry into its slot.
void LinuxRun::report_slot_store(Cpu& own, std::uintptr_t was, std::uintptr_t now) {
  const SlotStore& store = own.slot_store;
  const Fact dropped = frame_of_pointer(was);
  const Fact added = frame_of_pointer(now);
  if (now != store.entry || (dropped == no_fact && added == no_fact)) return;
  own.slot_store.under_way = false;
  const void* const code = std::exchange(own.code, store.code);
  const auto page = [&](Fact frame) {
    linux_frame facts;
    linux_frame_facts(frame, &facts);
    const Fact first = store.index & ~(facts.pages - 1U);
    return PageFact{.frame = frame, .file = as_fact(store.file), .index = first, .pages = facts.pages};
  };
  if (dropped != no_fact && added != no_fact) {
    announce(cpu(), event::ReplaceInPageCache{.page = page(added), .was = dropped});
  } else if (dropped != no_fact) {
    announce(cpu(), event::RemoveFromPageCache{.page = page(dropped)});
  } else {
    announce(cpu(), event::AddToPageCache{.page = page(added), .added = 1});
  }
  own.code = code;
}

void LinuxRun::page_tagged(int file, Fact index, Fact tag) {
  report(event::TagPage{.file = as_fact(file), .index = index, .tag = tag});
}

void LinuxRun::discard_begins(int file, Fact first, Fact count) {
  report(event::BeginDiscard{.file = as_fact(file), .first = first, .count = count});
}

void LinuxRun::discard_ends(int file, Fact first, Fact count) {
  own_step({.kind = kind_of<event::EndDiscard>, .subject = as_fact(file)});
  for (Fact index = first; index < first + count; ++index) disk_page(file, static_cast<int>(index)) = {};
  announce(cpu(), event::EndDiscard{.file = as_fact(file), .first = first, .count = count});
}

void LinuxRun::fsync_begins(int file, Fact first, Fact count) {
  own_step({.kind = kind_of<event::FsyncBegins>, .subject = as_fact(file)});
  announce(cpu(), event::FsyncBegins{.file = as_fact(file), .first = first, .count = count});
}

void LinuxRun::fsync_returns(int file, Fact first, Fact count) {
  report(event::FsyncReturns{.file = as_fact(file), .first = first, .count = count});
}

void LinuxRun::read_words(Fact frame) {
  PageFact page = cpus_[cpu()].copied;
  page.frame = frame;
  for (int word = 0; word < config.words; ++word) {
    own_step({.kind = kind_of<event::ReadWord>, .subject = frame});
    announce(cpu(),
             event::ReadWord{.page = page, .word = as_fact(word), .value = LinuxMemory::frame_words(frame)[word]});
  }
}

void LinuxRun::write_words(Fact frame) {
  PageFact page = cpus_[cpu()].copied;
  page.frame = frame;
  for (int word = 0; word < config.words; ++word) {
    own_step({.kind = kind_of<event::WriteWord>, .subject = frame});
    LinuxMemory::frame_words(frame)[word] = ++last_value_;
    announce(cpu(), event::WriteWord{.page = page, .word = as_fact(word), .value = last_value_});
  }
}

void LinuxRun::dma_word(Fact frame) {
  Dma& own = cpus_[cpu()].dma;
  own_step({.kind = kind_of<event::DmaWord>, .subject = frame});
  linux_frame facts;
  linux_frame_facts(frame, &facts);
  own.written = page_fact(frame, facts);
  own.value = LinuxMemory::frame_words(frame)[own.word] = ++last_value_;
  announce(cpu(), event::DmaWord{.page = own.written,
                                 .mm = as_fact(mm_of(cpu())),
                                 .virtual_page = as_fact(own.page),
                                 .word = own.word,
                                 .value = own.value,
                                 .stale = static_cast<Fact>(lives_[frame] != own.lives)});
}

void LinuxRun::read_page(int file, Fact index, Fact frame) {
  own_step({.kind = kind_of<event::ReadFromDisk>, .subject = frame});
  event::ReadFromDisk event{.page = {.frame = frame, .file = as_fact(file), .index = index}};
  for (int word = 0; word < config.words; ++word) {
    LinuxMemory::frame_words(frame)[word] = event.words[static_cast<std::size_t>(word)] =
        disk_page(file, static_cast<int>(index)).words[word];
  }
  announce(cpu(), event);
}

void LinuxRun::write_page(int file, Fact index, Fact frame) {
  for (int word = 0; word < config.words; ++word) {
    own_step({.kind = kind_of<event::WriteToDisk>, .subject = frame});
    const Fact value = LinuxMemory::frame_words(frame)[word];
    disk_page(file, static_cast<int>(index)).words[word] = value;
    announce(cpu(), event::WriteToDisk{.page = {.frame = frame, .file = as_fact(file), .index = index},
                                       .word = as_fact(word),
                                       .value = value});
  }
}

void LinuxRun::write_swap(Fact slot, Fact frame) {
  for (int word = 0; word < config.words; ++word) {
    own_step({.kind = kind_of<event::WriteToSwap>, .subject = frame});
    const Fact value = swap_[slot].words[word] = LinuxMemory::frame_words(frame)[word];
    announce(cpu(), event::WriteToSwap{.frame = frame, .slot = slot, .word = as_fact(word), .value = value});
  }
}

void LinuxRun::read_swap(Fact slot, Fact frame) {
  own_step({.kind = kind_of<event::ReadFromSwap>, .subject = frame});
  event::ReadFromSwap event{.frame = frame, .slot = slot, .words = {}};
  for (int word = 0; word < config.words; ++word) {
    LinuxMemory::frame_words(frame)[word] = event.words[static_cast<std::size_t>(word)] = swap_[slot].words[word];
  }
  announce(cpu(), event);
}

void LinuxRun::error_printed(const char* format) {
  complains({.how = event::KernelWarns::How::prints, .text = text_of_message(format)});
}

// --- user programs ---

// What the hardware of a CPU does for an access.
Pte LinuxRun::walk(int cpu, int page, bool store) const {
  const int mm = mm_of(cpu);
  const Pte before = read_entry(mm, page);
  const Pte after = before.walked(store);
  if (after.present()) first_entry(mm)[page] = after.bits();
  if (code_.observer != nullptr && first_entry(mm) != nullptr) {
    code_.observer->accessed({.cpu = cpu,
                              .agent = Agent::machine,
                              .takes_interrupts = true,
                              .address = reinterpret_cast<std::uintptr_t>(first_entry(mm) + page),
                              .size = sizeof(std::uint64_t),
                              .writes = before != after});
  }
  return after;
}

event::UserAccess LinuxRun::access(int cpu, int page, int word, bool store) {
  const int mm = mm_of(cpu);
  const AccessResult result = x86::translate(
      cpus_[cpu].tlb, page, store, [=, this] { return walk(cpu, page, store); },
      [this](FrameNumber frame) { return lives_[frame]; });
  event::UserAccess event{.mm = as_fact(mm),
                          .page = as_fact(page),
                          .word = as_fact(word),
                          .store = static_cast<Fact>(store),
                          .access = result.kind,
                          .frame = result.frame,
                          .stale = static_cast<Fact>(result.stale)};
  if (result.kind != Access::fault) {
    std::uint32_t& memory = LinuxMemory::frame_words(result.frame)[word];
    if (store) memory = ++last_value_;
    event.value = memory;
  }
  event.entry = fact_of(read_entry(mm, page));
  return event;
}

// As often as it faults. A fault that leaves the entry as it was met something that another CPU is about to change, but waits
// for nobody: who meets it again and again would else do so for ever under some schedules.
void LinuxRun::user_access(int cpu, int page, int word, bool store) {
  for (;;) {
    own_step({.kind = kind_of<event::UserAccess>, .subject = as_fact(page)});
    const event::UserAccess done = access(cpu, page, word, store);
    announce(cpu, done);
    if (done.access != Access::fault) return;
    cpus_[cpu].faulted = read_entry(mm_of(cpu), page);
    const int error = call(linux_fault, address_of(page), static_cast<int>(store));
    const Pte before = std::exchange(cpus_[cpu].faulted, {});
    if (error == 0) {
      if (read_entry(mm_of(cpu), page) == before) sleep();
      continue;
    }
    announce(cpu,
             event::RefuseAccess{
                 .mm = as_fact(mm_of(cpu)), .page = as_fact(page), .read_only = static_cast<Fact>(error == -EACCES)});
    return;
  }
}

// --- operations ---

void LinuxRun::begin_operation(int cpu) {
  cpus_[cpu].failing_allocations = 0;
  cpus_[cpu].doing[0] = {};
  // Who does the same once more does not spin.
  cpus_[cpu].idle = 0;
  cpus_[cpu].knew = 0;
  if (const int mm = mm_of(cpu); !is_born(mm))
    sched.wait_until({.kind = 0xFF}, waiting_, [=, this] { return is_born(mm); }, [] {});
  enter_step();
  comes_of(nullptr);
}

void LinuxRun::read(int cpu, int file, int index) {
  cpus_[cpu].copied = {.file = as_fact(file), .index = as_fact(index)};
  SHOOTDOWN_CHECK(call(linux_read, file, static_cast<unsigned long>(index)) == 0);
}

void LinuxRun::write(int cpu, int file, int index) {
  cpus_[cpu].copied = {.file = as_fact(file), .index = as_fact(index)};
  SHOOTDOWN_CHECK(call(linux_write, file, static_cast<unsigned long>(index)) == 0);
  leave_step();
  announce(cpu, event::WriteReturns{.file = as_fact(file), .index = as_fact(index)});
}

void LinuxRun::dma(int cpu, int page, int word) {
  Dma& own = cpus_[cpu].dma;
  own = {.page = page, .word = as_fact(word)};
  own_step({.kind = kind_of<event::PinBegins>, .subject = as_fact(page)});
  announce(cpu, event::PinBegins{.mm = as_fact(mm_of(cpu)), .page = as_fact(page)});
  const bool pinned = call(linux_dma, address_of(page)) == 0;
  leave_step();
  own.page = -1;
  if (pinned) {
    announce(cpu, event::DmaReturns{.page = own.written, .word = own.word, .value = own.value});
  } else {
    announce(cpu, event::RefusePin{.mm = as_fact(mm_of(cpu)), .page = as_fact(page)});
  }
}

void LinuxRun::write_exclusively(int cpu, int page, int word) {
  Dma& own = cpus_[cpu].dma;
  own = {.page = page, .word = as_fact(word)};
  const bool refused = call(linux_exclusive, address_of(page)) != 0;
  leave_step();
  own.page = -1;
  if (refused) announce(cpu, event::RefusePin{.mm = as_fact(mm_of(cpu)), .page = as_fact(page)});
}

// Who is about to pin a page takes it for the one that the entry leads to.
void LinuxRun::note_entry_read(int mm, int page, Pte entry) {
  Dma& own = cpus_[cpu()].dma;
  if (own.page == page && mm_of(cpu()) == mm && entry.present()) own.lives = lives_[entry.frame()];
}

void LinuxRun::map(linux_mapping mapping, int first, int count) {
  const int error = call(linux_mmap, address_of(first), static_cast<unsigned long>(count) * linux_page_size, mapping,
                         config.file_of(first), static_cast<unsigned long>(config.index_of(first)));
  SHOOTDOWN_CHECK(error == 0);
}

void LinuxRun::unmap(int first, int count) {
  const int error = call(linux_munmap, address_of(first), static_cast<unsigned long>(count) * linux_page_size);
  SHOOTDOWN_CHECK(error == 0);
}

// The kernel does so in a gather for each mapping, when it has the mmap_lock.
void LinuxRun::free_lazily(int cpu, int first, int count) {
  constexpr int madv_free = 8;
  cpus_[cpu].lazily = {.mm = as_fact(mm_of(cpu)), .first = as_fact(first), .count = as_fact(count)};
  call(linux_madvise, address_of(first), static_cast<unsigned long>(count) * linux_page_size, madv_free);
  cpus_[cpu].lazily = {};
}

void LinuxRun::fork(int child) {
  // Another thread may have begun to make it, too.
  if (((unborn_mms_ & ~begun_mms_) >> static_cast<unsigned>(child) & 1U) == 0) return;
  begun_mms_ |= 1U << static_cast<unsigned>(child);
  call(linux_fork, child);
}

void LinuxRun::idle(int cpu) {
  cpus_[cpu].in_kernel_thread = true;
  call(linux_idle);
  leave_step();
  cpus_[cpu].in_kernel_thread = false;
}

// Of a system call, the first step: who has not made it is not in the kernel.
void LinuxRun::enter_kernel() {
  own_step({.kind = 0xFF});
}

void LinuxRun::run_operation(int cpu, const Operation& operation) {
  constexpr int madv_dontneed = 4;
  constexpr int madv_cold = 20;
  constexpr int madv_pageout = 21;
  const int first = operation.operands[0].value;
  const int count = operation.operands[0].count;
  const int file = first / config.pages;
  const auto index = static_cast<unsigned long>(config.index_of(first));
  const auto pages = static_cast<unsigned long>(count);
  const unsigned long length = pages * linux_page_size;
  if (is_system_call(operation.call)) enter_kernel();
  switch (operation.call) {
    case Call::store: user_access(cpu, first, operation.operands[1].value, true); break;
    case Call::load: user_access(cpu, first, operation.operands[1].value, false); break;
    case Call::touch:
      for (int page = first; page < first + count; ++page) user_access(cpu, page, 0, true);
      break;
    case Call::mmap: map(linux_shared, first, count); break;
    case Call::mmap_private: map(linux_private, first, count); break;
    case Call::mmap_anonymous: map(linux_anonymous, first, count); break;
    case Call::populate:
      map(linux_shared, first, count);
      for (int page = first; page < first + count; ++page) call(linux_fault, address_of(page), 0);
      break;
    case Call::munmap: unmap(first, count); break;
    case Call::dontneed: call(linux_madvise, address_of(first), length, madv_dontneed); break;
    case Call::msync: call(linux_msync, address_of(first), length); break;
    case Call::exit: exit_thread(cpu); break;
    case Call::fork: fork(first); break;
    case Call::fsync: call(linux_fsync, file, index, pages); break;
    case Call::writeback: call(linux_writeback, file, index, pages); break;
    case Call::fadvise: call(linux_fadvise_dontneed, file, index, pages); break;
    case Call::invalidate: call(linux_invalidate, file, index, pages); break;
    case Call::reclaim: call(linux_reclaim, file, index, pages); break;
    case Call::read: read(cpu, file, config.index_of(first)); break;
    case Call::write: write(cpu, file, config.index_of(first)); break;
    case Call::migrate: call(linux_migrate, address_of(first), length); break;
    case Call::kswapd: call(linux_kswapd, address_of(first), length); break;
    case Call::pageout: call(linux_madvise, address_of(first), length, madv_pageout); break;
    case Call::cold: call(linux_madvise, address_of(first), length, madv_cold); break;
    case Call::free: free_lazily(cpu, first, count); break;
    case Call::protect: call(linux_mprotect, address_of(first), length, 0); break;
    case Call::unprotect: call(linux_mprotect, address_of(first), length, 1); break;
    case Call::mremap: call(linux_mremap, address_of(first), length, address_of(operation.operands[0].to)); break;
    case Call::dma: dma(cpu, first, operation.operands[1].value); break;
    case Call::idle: idle(cpu); break;
    case Call::exclusive: write_exclusively(cpu, first, operation.operands[1].value); break;
    case Call::mmap_device: map(linux_device, first, count); break;
    case Call::move_device: call(linux_move_device, index, pages); break;
    case Call::poison: call(linux_poison, address_of(first), length); break;
    case Call::to_device:
    case Call::hwpoison: break;  // refused (linux_engine.cpp)
    case Call::truncate: call(linux_truncate, file, index); break;
    case Call::punch: call(linux_punch, file, index, pages); break;
  }
  leave_step();
}

void LinuxRun::exit_thread(int cpu) {
  enter_kernel();
  call(linux_exit);
  leave_step();
  cpus_[cpu].exited = true;
}

void LinuxRun::finish(int /*cpu*/) {
  code_.observer = nullptr;  // there is nobody left who could meet it
  call(linux_end);
  for (int file = 0; file < config.files; ++file) {
    call(linux_fsync, file, 0, config.pages);
    call(linux_drop_cache, file);
    leave_step();
  }
}

// --- facts ---

FrameFacts LinuxRun::frame_facts(Fact frame) const {
  linux_frame facts{};
  linux_frame_facts(frame, &facts);
  const PageFact page = page_fact(frame, facts);
  FrameFacts result{.flags = static_cast<Fact>(facts.flags),
                    .refcount = facts.refcount,
                    .mapcount = facts.mapcount,
                    .page = page,
                    .folio = folio_fact(facts),
                    .anonymous = facts.is_anonymous != 0,
                    .uncounted = facts.is_uncounted != 0};
  if (facts.in_use == 0 || facts.is_uncounted != 0) return result;
  result.entries = entries_to(result.folio.frame, result.folio.pages);
  return result;
}

// Page-table entries that lead to frames in a row.
Fact LinuxRun::entries_to(Fact first, Fact count) const {
  const auto leads_there = [=](std::uint64_t bits) { return Pte(bits).present() && Pte(bits).frame() - first < count; };
  Fact entries = 0;
  for (int mm = 0; mm < config.mms; ++mm)
    entries += static_cast<Fact>(std::ranges::count_if(entries_of(mm), leads_there));
  return entries;
}

// For the pages of its windows; empty: it has no table for them.
std::span<const std::uint64_t> LinuxRun::entries_of(int mm) const {
  const std::uint64_t* const table = first_entry(mm);
  return {table, table == nullptr ? 0 : static_cast<std::size_t>(config.virtual_pages())};
}

Fact LinuxRun::cached_frame(int file, int index) const {
  const long frame = outside_run([&] { return linux_cached_frame(file, static_cast<unsigned long>(index)); });
  return frame < 0 ? no_fact : static_cast<Fact>(frame);
}

Fact LinuxRun::cache_tags(int file, int index) const {
  return outside_run([&] { return linux_cache_tags(file, static_cast<unsigned long>(index)); });
}

EntryFact LinuxRun::entry(int mm, int page) const {
  return fact_of(read_entry(mm, page));
}

long LinuxRun::rss(int mm, RssKind kind) const {
  return outside_run([&] { return linux_rss(mm, kind); });
}

int LinuxRun::swap_users(int slot) const {
  return outside_run([&] { return linux_swap_users(slot); });
}

int LinuxRun::flushes_pending(int mm) const {
  return linux_flushes_pending(mm);
}

int LinuxRun::present_entries(int mm, int /*table*/) const {
  return static_cast<int>(
      std::ranges::count_if(entries_of(mm), &Pte::present, [](std::uint64_t bits) { return Pte(bits); }));
}

int LinuxRun::tlb_size(int cpu) const {
  return cpus_[cpu].tlb.size();
}

TlbFact LinuxRun::tlb_entry(int cpu, int number) const {
  const TlbEntry& entry = cpus_[cpu].tlb.begin()[number];
  return entry.fact(lives_[entry.frame]);
}

}  // namespace shootdown
