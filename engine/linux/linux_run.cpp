#include "engine/linux/linux_run.h"

#include "engine/check.h"
#include "engine/machine/x86.h"

namespace shootdown {

namespace {

LinuxRun* under_way = nullptr;

std::uintptr_t address_of(int page) {
  return LINUX_USER_BASE + static_cast<std::uintptr_t>(page) * linux_page_size;
}

// All user pages of a run are in one page table.
std::uint64_t* first_entry(int mm) {
  return linux_entry(mm, LINUX_USER_BASE);
}

Pte read_entry(int mm, int page) {
  const std::uint64_t* const table = first_entry(mm);
  return table == nullptr ? Pte() : Pte(table[page]);
}

// What the hardware does for an access.
Pte walk(int mm, int page, bool store) {
  const Pte after = read_entry(mm, page).walked(store);
  if (after.present()) first_entry(mm)[page] = after.bits();
  return after;
}

// An access to memory that is no event.
StepPoint point_of(const void* object) {
  return {.kind = 0xFF, .subject = static_cast<Fact>(reinterpret_cast<std::uintptr_t>(object))};
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
      lives_(setup.arena.row<std::uint32_t>(linux_frames)) {
  for (Cpu& cpu : cpus_) cpu.tlb = Tlb(setup.arena.row<TlbEntry>(config.tlb));
  under_way = nullptr;
  memory_.reset();
  memory_.become(0);
  SHOOTDOWN_CHECK(linux_begin(config.cpus, config.mms, config.files, config.windows, config.pages, config.mapped) == 0);
  under_way = this;
}

// One operation makes some thousand steps for each page.
std::uint64_t LinuxRun::step_limit(const Program& program) const {
  const std::uint64_t work = 1U + program.operation_count;
  return 20000 + work * (config.cpus + 1U) * (static_cast<std::uint64_t>(config.virtual_pages()) + 4) * 4000;
}

// --- steps ---

// Says what the step that has been made did to an entry.
void LinuxRun::leave_step() {
  Cpu& own = cpus_[cpu()];
  if (own.changing_mm >= 0) {
    const int mm = own.changing_mm;
    own.changing_mm = -1;
    const Pte now = read_entry(mm, own.changing_page);
    if (own.was.present() && !now.present()) {
      announce(cpu(),
               event::ClearEntry{.mm = as_fact(mm), .page = as_fact(own.changing_page), .was = entry_fact(own.was)});
    } else if (now != own.was) {
      announce(cpu(), event::SetEntry{.mm = as_fact(mm), .page = as_fact(own.changing_page), .entry = entry_fact(now)});
    }
  }
  const bool takes = linux_irqs_enabled(cpu()) != 0;
  if (takes == own.takes_interrupts) return;
  own.takes_interrupts = takes;
  if (takes) {
    sched.enable_interrupts();
  } else {
    sched.disable_interrupts();
  }
}

void LinuxRun::enter_step() {
  memory_.become(cpu());
}

void LinuxRun::note_change(const volatile void* address) {
  for (int mm = 0; mm < config.mms; ++mm) {
    const std::uint64_t* const table = first_entry(mm);
    if (table == nullptr) continue;
    const auto offset = reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(table);
    if (offset >= static_cast<std::uintptr_t>(config.virtual_pages()) * sizeof *table) continue;
    Cpu& own = cpus_[cpu()];
    own.changing_mm = mm;
    own.changing_page = static_cast<int>(offset / sizeof *table);
    own.was = Pte(table[own.changing_page]);
  }
}

// Code that tries again and again until another CPU has changed something may do so for ever if the schedule lets it: who
// has done nothing but read for longer than any search takes waits for that.
void LinuxRun::watch_for_spinning(bool writes) {
  constexpr int longest_search = 4000;
  Cpu& own = cpus_[cpu()];
  own.reads = writes ? 0 : own.reads + 1;
  if (writes) {
    ++changes_;
    wake();
  }
  if (own.reads < longest_search) return;
  own.reads = 0;
  const std::uint64_t seen = changes_;
  sched.wait_until({.kind = 0xFF}, waiting_, [&] { return changes_ != seen; }, [] {});
  enter_step();
}

void LinuxRun::step(const volatile void* address, std::size_t size, bool writes, const void* code) {
  if (fibers_.of(cpu()).owns(const_cast<const void*>(address))) return;
  leave_step();
  watch_for_spinning(writes);
  sched.step(point_of(const_cast<const void*>(address)));
  enter_step();
  sched.mix(reinterpret_cast<std::uintptr_t>(code) ^ static_cast<std::uint64_t>(cpu()) << 56U ^ size << 48U);
  if (writes) note_change(address);
}

void LinuxRun::step_when(const void* object, Condition enabled, const void* argument, const void* code) {
  leave_step();
  sched.step_when(point_of(object), waiting_, [=] { return enabled(argument) != 0; }, [] {});
  enter_step();
  sched.mix(reinterpret_cast<std::uintptr_t>(code) ^ static_cast<std::uint64_t>(cpu()) << 56U);
}

void LinuxRun::wait_until(const void* object, Condition enabled, const void* argument) {
  leave_step();
  sched.wait_until(point_of(object), waiting_, [=] { return enabled(argument) != 0; }, [] {});
  enter_step();
}

// A step that the machine or the program makes, not the kernel.
void LinuxRun::own_step(StepPoint point) {
  leave_step();
  sched.step(point);
  enter_step();
}

bool LinuxRun::interrupt(int cpu) {
  enter_step();
  const bool more = linux_interrupt() != 0;
  leave_step();
  SHOOTDOWN_CHECK(cpu == this->cpu());
  return more;
}

void LinuxRun::disturb(const Choice& choice) {
  Tlb& tlb = cpus_[choice.cpu].tlb;
  if (choice.kind == Choice::Kind::evict) {
    sched.record();
    tlb.drop(choice.page);
    announce(cpu(), event::EvictTranslation{.owner = choice.cpu, .page = choice.page});
  } else if (choice.kind == Choice::Kind::fill) {
    sched.record();
    const Pte found = cpus_[choice.cpu].exited ? Pte() : walk(mm_of(choice.cpu), choice.page, false);
    if (found.present()) tlb.insert(TlbEntry::of(choice.page, found, lives_[found.frame()]));
    announce(cpu(), event::FillTranslation{.owner = choice.cpu, .page = choice.page, .entry = entry_fact(found)});
  }
}

// --- what the kernel's code reports ---

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

void LinuxRun::frame_freed(Fact frame) {
  const FrameFacts facts = frame_facts(frame);
  ++lives_[frame];
  announce(cpu(),
           event::FreePage{
               .page = facts.page, .refcount = facts.refcount, .mapcount = facts.mapcount, .entries = facts.entries});
}

void LinuxRun::gather_begins(int mm) {
  announce(cpu(), event::BeginGather{.mm = as_fact(mm)});
}

void LinuxRun::gather_ends(int mm) {
  leave_step();
  announce(cpu(), event::FlushGather{.mm = as_fact(mm)});
  announce(cpu(), event::EndGather{.mm = as_fact(mm)});
}

void LinuxRun::page_dropped(Fact frame, int file, Fact index) {
  announce(cpu(), event::RemoveFromPageCache{.page = {.frame = frame, .file = as_fact(file), .index = index}});
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

// --- user programs ---

event::UserAccess LinuxRun::access(int cpu, int page, int word, bool store) {
  const int mm = mm_of(cpu);
  const AccessResult result = x86::translate(
      cpus_[cpu].tlb, page, store, [=] { return walk(mm, page, store); },
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
  event.entry = entry_fact(read_entry(mm, page));
  return event;
}

// As often as it faults.
void LinuxRun::user_access(int cpu, int page, int word, bool store) {
  for (;;) {
    own_step({.kind = kind_of<event::UserAccess>, .subject = as_fact(page)});
    const event::UserAccess done = access(cpu, page, word, store);
    announce(cpu, done);
    if (done.access != Access::fault) return;
    if (linux_fault(address_of(page), static_cast<int>(store)) == 0) continue;
    announce(cpu, event::RefuseAccess{.mm = as_fact(mm_of(cpu)), .page = as_fact(page)});
    return;
  }
}

// --- operations ---

void LinuxRun::begin_operation(int /*cpu*/) {
  enter_step();
}

void LinuxRun::fsync(int cpu, int file, int first, int count) {
  own_step({.kind = kind_of<event::FsyncBegins>, .subject = as_fact(file)});
  announce(cpu, event::FsyncBegins{.file = as_fact(file), .first = as_fact(first), .count = as_fact(count)});
  linux_fsync(file, static_cast<unsigned long>(first), static_cast<unsigned long>(count));
  leave_step();
  announce(cpu, event::FsyncReturns{.file = as_fact(file), .first = as_fact(first), .count = as_fact(count)});
}

void LinuxRun::map(int cpu, int first, int count) {
  const Fact mm = as_fact(mm_of(cpu));
  announce(cpu, event::BeginUnmap{.mm = mm, .first = as_fact(first), .count = as_fact(count)});
  const int file = config.file_of(first);
  const int index = config.index_of(first);
  const int error = linux_mmap(address_of(first), static_cast<unsigned long>(count) * linux_page_size, file,
                               static_cast<unsigned long>(index));
  leave_step();
  SHOOTDOWN_CHECK(error == 0);
  announce(
      cpu,
      event::InsertMapping{
          .mm = mm, .first = as_fact(first), .count = as_fact(count), .file = as_fact(file), .index = as_fact(index)});
}

void LinuxRun::unmap(int cpu, int first, int count) {
  const Fact mm = as_fact(mm_of(cpu));
  announce(cpu, event::BeginUnmap{.mm = mm, .first = as_fact(first), .count = as_fact(count)});
  const int error = linux_munmap(address_of(first), static_cast<unsigned long>(count) * linux_page_size);
  leave_step();
  SHOOTDOWN_CHECK(error == 0);
  announce(cpu, event::EndUnmap{.mm = mm, .first = as_fact(first), .count = as_fact(count)});
}

void LinuxRun::run_operation(int cpu, const Operation& operation) {
  constexpr int madv_dontneed = 4;
  const int first = operation.operands[0].value;
  const int count = operation.operands[0].count;
  const int file = first / config.pages;
  const auto index = static_cast<unsigned long>(config.index_of(first));
  const auto pages = static_cast<unsigned long>(count);
  switch (operation.call) {
    case Call::store: user_access(cpu, first, operation.operands[1].value, true); break;
    case Call::load: user_access(cpu, first, operation.operands[1].value, false); break;
    case Call::touch:
      for (int page = first; page < first + count; ++page) user_access(cpu, page, 0, true);
      break;
    case Call::mmap: map(cpu, first, count); break;
    case Call::populate:
      map(cpu, first, count);
      for (int page = first; page < first + count; ++page) linux_fault(address_of(page), 0);
      break;
    case Call::munmap: unmap(cpu, first, count); break;
    case Call::dontneed: linux_madvise(address_of(first), pages * linux_page_size, madv_dontneed); break;
    case Call::msync: fsync(cpu, config.file_of(first), config.index_of(first), count); break;
    case Call::exit: exit_thread(cpu); break;
    case Call::fsync: fsync(cpu, file, config.index_of(first), count); break;
    case Call::writeback: linux_writeback(file, index, pages); break;
    case Call::fadvise: linux_fadvise_dontneed(file, index, pages); break;
    case Call::invalidate: linux_invalidate(file, index, pages); break;
    case Call::reclaim:
    case Call::read:
    case Call::write: break;  // refused
  }
  leave_step();
}

void LinuxRun::exit_thread(int cpu) {
  linux_exit();
  leave_step();
  cpus_[cpu].exited = true;
}

void LinuxRun::finish(int cpu) {
  for (int file = 0; file < config.files; ++file) {
    fsync(cpu, file, 0, config.pages);
    linux_drop_cache(file);
    leave_step();
  }
}

// --- facts ---

FrameFacts LinuxRun::frame_facts(Fact frame) const {
  linux_frame facts{};
  linux_frame_facts(frame, &facts);
  FrameFacts result{.flags = static_cast<Fact>(facts.flags), .refcount = facts.refcount, .mapcount = facts.mapcount};
  result.page.frame = frame;
  if (facts.file >= 0) {
    result.page.file = as_fact(facts.file);
    result.page.index = static_cast<Fact>(facts.index);
  }
  for (int mm = 0; mm < config.mms; ++mm) {
    for (int page = 0; page < config.virtual_pages(); ++page) {
      const Pte pte = read_entry(mm, page);
      result.entries += static_cast<Fact>(pte.present() && pte.frame() == frame);
    }
  }
  return result;
}

Fact LinuxRun::cached_frame(int file, int index) const {
  LinuxRun* const run = under_way;
  under_way = nullptr;
  const long frame = linux_cached_frame(file, static_cast<unsigned long>(index));
  under_way = run;
  return frame < 0 ? no_fact : static_cast<Fact>(frame);
}

EntryFact LinuxRun::entry(int mm, int page) const {
  return entry_fact(read_entry(mm, page));
}

long LinuxRun::rss(int mm) const {
  return linux_rss(mm);
}

int LinuxRun::flushes_pending(int mm) const {
  return linux_flushes_pending(mm);
}

int LinuxRun::present_entries(int mm, int /*table*/) const {
  int entries = 0;
  for (int page = 0; page < config.virtual_pages(); ++page) entries += static_cast<int>(entry(mm, page).present());
  return entries;
}

int LinuxRun::tlb_size(int cpu) const {
  return cpus_[cpu].tlb.size();
}

TlbFact LinuxRun::tlb_entry(int cpu, int number) const {
  const TlbEntry& entry = cpus_[cpu].tlb.begin()[number];
  return entry.fact(lives_[entry.frame]);
}

}  // namespace shootdown
