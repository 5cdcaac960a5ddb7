#include "fuzz/trace/narrator.h"

#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace shootdown {

namespace {

constexpr int no_frame = 0xFFFF;   // page-cache lookup: nothing there
constexpr int whole_tlb = 0xFFFF;  // flush: all pages
constexpr int initial_tlb_gen = 1;

Narration essential(std::string text) {
  return {.text = std::move(text), .essential = true};
}

Narration detail(std::string text) {
  return {.text = std::move(text), .essential = false};
}

Narration told(bool is_essential, std::string text) {
  return {.text = std::move(text), .essential = is_essential};
}

// No engine reports such a step so far.
Narration unknown(const Step& step) {
  return {.text = fmt::format("verb {} on object {} ({}, {})", static_cast<int>(step.verb),
                              static_cast<int>(step.object), step.first, step.second),
          .essential = true,
          .known = false};
}

// "frame 3 W A D"
std::string pte_words(Pte pte) {
  if (pte.none()) return "none";
  return fmt::format("frame {}{}{}{}", pte.frame(), pte.write() ? " W" : "", pte.young() ? " A" : "",
                     pte.dirty() ? " D" : "");
}

// "cpu 0, 2"
std::string cpu_list(unsigned mask) {
  std::string list;
  for (int cpu = 0; cpu < max_cpus; ++cpu) {
    if ((mask >> static_cast<unsigned>(cpu) & 1U) != 0) list += fmt::format("{}{}", list.empty() ? "cpu " : ", ", cpu);
  }
  return list;
}

constexpr unsigned bit(int cpu) {
  return 1U << static_cast<unsigned>(cpu);
}

AccessResult access_result(std::uint64_t result) {
  return {.kind = static_cast<AccessResult::Kind>(result & 0xFFU),
          .frame = static_cast<FrameNumber>(result >> 40U),
          .value = static_cast<Word>(result >> 8U)};
}

}  // namespace

Narrator::Narrator(const Program& program)
    : program_(program),
      ptes_(static_cast<std::size_t>(max_mms) * max_virtual_pages),
      frames_(max_frames),
      slots_(static_cast<std::size_t>(max_files) * max_file_pages, -1) {
  tlb_generations_.fill(initial_tlb_gen);
}

void Narrator::begin_operation(int cpu_number, int operation) {
  cpu(cpu_number).operation = operation;
  cpu(cpu_number).found_page = false;
}

const Operation* Narrator::operation(int cpu_number) const {
  const int number = cpus_[static_cast<std::size_t>(cpu_number)].operation;
  if (number < 0) return nullptr;
  return &program_.operations[static_cast<std::size_t>(number)];
}

std::string Narrator::of_mm(int mm) const {
  return program_.machine.mms == 1 ? std::string() : fmt::format(" of mm {}", mm);
}

std::string Narrator::of_file(int file) const {
  return program_.machine.files == 1 ? std::string() : fmt::format(" of file {}", file);
}

Narration Narrator::narrate(const TracedStep& step, const TracedStep* next) {
  switch (step.step.object) {
    case Object::tlb: return translation(step);
    case Object::pte: return page_table_entry(step);
    case Object::page_table_lock:
    case Object::mmap_lock:
    case Object::page_lock:
    case Object::i_pages_lock:
    case Object::i_mmap_lock:
    case Object::inode_lock: return lock(step, next);
    case Object::vmas: return address_space(step);
    case Object::tlb_generation:
    case Object::flush_pending:
    case Object::interrupt: return flush(step);
    case Object::page_dirty:
    case Object::page_writeback:
    case Object::page_uptodate:
    case Object::page_referenced:
    case Object::page_buffers: return page_flag(step);
    case Object::page_refcount: return refcount(step);
    case Object::page_mapcount: return mapcount(step);
    case Object::page_data: return page_data(step);
    case Object::cache_slot: return cache_slot(step);
    case Object::dirty_tag:
    case Object::writeback_tag:
    case Object::towrite_tag: return tag(step, next);
    case Object::page_allocator: return page_allocator(step);
    case Object::gather: return gather(step);
  }
  return unknown(step.step);
}

// --- translations ---

Narration Narrator::translation(const TracedStep& step) {
  const int page = step.step.second;
  switch (step.step.verb) {
    case Verb::load:
    case Verb::store: return user_access(step);
    case Verb::flush: return essential(page == whole_tlb ? "flush whole TLB" : fmt::format("flush TLB: page {}", page));
    case Verb::clear: return essential(fmt::format("hardware evicts page {} from TLB", page));
    case Verb::set: {
      if (step.result() == 0) return essential(fmt::format("hardware finds no pte to load for page {}", page));
      Pte& entry = pte(mm_of(step.step.first), page);
      entry = entry.mkyoung();
      return essential(fmt::format("hardware loads page {} into TLB: {}", page, pte_words(entry)));
    }
    default: return unknown(step.step);
  }
}

Narration Narrator::user_access(const TracedStep& step) {
  const bool store = step.step.verb == Verb::store;
  const int page = step.step.second;
  const std::string what = fmt::format("{} page {}: ", store ? "store" : "load", page);
  if (!step.has_result()) return essential(what + "translated");  // the access is a step of its own
  const AccessResult result = access_result(step.result());
  Pte& entry = pte(mm_of(step.cpu), page);
  const std::string access =
      fmt::format("{} {} {} frame {}", store ? "writes" : "reads", result.value, store ? "to" : "from", result.frame);
  switch (result.kind) {
    case AccessResult::Kind::fault:
      return essential(what + (entry.present() ? "fault, pte is read-only" : "fault, pte is none"));
    case AccessResult::Kind::walk:
      entry = store ? entry.mkyoung().mkdirty() : entry.mkyoung();
      return essential(what + "page walk, " + access);
    case AccessResult::Kind::hit: break;
  }
  return essential(what + "TLB hit, " + access + staleness(step, result.frame, store));
}

// What is wrong with the TLB entry that an access went through, if anything.
std::string Narrator::staleness(const TracedStep& step, int used, bool store) const {
  const Pte entry = pte(mm_of(step.cpu), step.step.second);
  std::string why;
  if (entry.none()) {
    why = "the pte is gone";
  } else if (entry.frame() != used) {
    why = fmt::format("the pte maps frame {} now", entry.frame());
  } else if (store && !entry.write()) {
    why = "the pte is read-only now";
  } else if (store && !entry.dirty()) {
    why = "the pte is clean now";
  } else {
    return {};
  }
  if (!frame(used).in_use) why += ", the frame is free";
  return " (stale: " + why + ")";
}

Narration Narrator::page_table_entry(const TracedStep& step) {
  const Pte value(step.result());
  Pte& entry = pte(step.step.first, step.step.second);
  const std::string name = fmt::format("pte {}{}", step.step.second, of_mm(step.step.first));
  switch (step.step.verb) {
    case Verb::read: entry = value; return detail(fmt::format("read {}: {}", name, pte_words(value)));
    case Verb::set: entry = value; return essential(fmt::format("set {}: {}", name, pte_words(value)));
    case Verb::clear: entry = Pte(); return essential(fmt::format("clear {}: was {}", name, pte_words(value)));
    default: return unknown(step.step);
  }
}

// --- locks ---

std::string Narrator::lock_name(const Step& step) const {
  switch (step.object) {
    case Object::page_table_lock: {
      const bool several = (program_.machine.virtual_pages() - 1) >> program_.machine.table_shift != 0;
      return (several ? fmt::format("PTL of table {}", step.second) : "PTL") + of_mm(step.first);
    }
    case Object::mmap_lock: return "mmap_lock" + of_mm(step.first);
    case Object::page_lock: return fmt::format("frame {}", step.first);
    case Object::i_pages_lock: return "i_pages lock" + of_file(step.first);
    case Object::i_mmap_lock: return "i_mmap_rwsem" + of_file(step.first);
    default: return "i_rwsem" + of_file(step.first);
  }
}

// ", which cpu 1 holds"
std::string Narrator::holders(const Step& step) const {
  const auto found = locks_.find(key(step));
  if (found == locks_.end()) return {};
  const LockState& state = found->second;
  const unsigned mask = state.writer >= 0 ? bit(state.writer) : state.readers;
  if (mask == 0) return {};
  return fmt::format(", which {} {}", cpu_list(mask), (mask & (mask - 1)) != 0 ? "hold" : "holds");
}

Narration Narrator::lock(const TracedStep& step, const TracedStep* next) {
  const bool read_write = step.step.object != Object::page_table_lock && step.step.object != Object::page_lock &&
                          step.step.object != Object::i_pages_lock;
  const std::string name = lock_name(step.step);
  const bool fails = next != nullptr && next->step.verb == Verb::wait && key(next->step) == key(step.step);
  const bool waited = std::exchange(cpu(step.cpu).waited, step.step.verb == Verb::wait);
  LockState& state = locks_[key(step.step)];
  switch (step.step.verb) {
    case Verb::lock:
      if (fails || step.has_result()) return failed_lock(step, name);
      state.writer = step.cpu;
      return told(waited, fmt::format("lock {}{}{}", name, read_write ? " (write)" : "", waited ? ", at last" : ""));
    case Verb::share: {
      if (fails) return failed_lock(step, name);
      const bool downgrade = state.writer == step.cpu;
      state.writer = -1;
      state.readers = static_cast<CpuMask>(state.readers | bit(step.cpu));
      if (downgrade) return detail(fmt::format("downgrade {} to read", name));
      return told(waited, fmt::format("lock {} (read){}", name, waited ? ", at last" : ""));
    }
    case Verb::unlock:
      state.writer = -1;
      state.readers = static_cast<CpuMask>(state.readers & ~bit(step.cpu));
      return detail("unlock " + name);
    case Verb::wait:
      return essential(fmt::format("wait for {}{}{}", step.step.object == Object::page_lock ? "the lock of " : "", name,
                                   holders(step.step)));
    default: return unknown(step.step);
  }
}

// A try that comes back at once says so in a result; any other is followed by a wait, which has a line of its own.
Narration Narrator::failed_lock(const TracedStep& step, const std::string& name) {
  if (step.has_result()) return essential(fmt::format("trylock {}: fails{}", name, holders(step.step)));
  return detail(fmt::format("try to lock {}{}", name, holders(step.step)));
}

// --- address spaces and flushes ---

Narration Narrator::address_space(const TracedStep& step) {
  const int page = step.step.second;
  const std::string mm = of_mm(step.step.first);
  switch (step.step.verb) {
    case Verb::set: {
      // A mapping is split with i_mmap_rwsem held for writing; a new one is inserted without.
      bool split = false;
      for (int file = 0; file < program_.machine.files; ++file) {
        const auto lock = locks_.find({Object::i_mmap_lock, file, 0});
        split = split || (lock != locks_.end() && lock->second.writer == step.cpu);
      }
      return essential(fmt::format("{} at page {}{}", split ? "split the mapping" : "insert a mapping", page, mm));
    }
    case Verb::clear: return essential(fmt::format("take mappings from page {} on out of the mm{}", page, mm));
    case Verb::put: return detail(fmt::format("drop mm_users{}, enter lazy TLB", mm));
    default: return unknown(step.step);
  }
}

Narration Narrator::flush(const TracedStep& step) {
  const Step& what = step.step;
  if (what.object == Object::interrupt) {
    if (what.verb == Verb::send) return essential("send IPI to " + cpu_list(what.first));
    if (what.verb == Verb::handle) return essential(fmt::format("take IPI from cpu {}", what.first));
    if (what.verb == Verb::wait) return essential(fmt::format("wait for {} to flush", cpu_list(what.first)));
  } else if (what.object == Object::tlb_generation && what.verb == Verb::set) {
    return detail(fmt::format("raise tlb_gen{} to {}", of_mm(what.first), ++tlb_generations_[what.first]));
  } else if (what.object == Object::flush_pending) {
    if (what.verb == Verb::set) return detail("begin a gather" + of_mm(what.first));
    if (what.verb == Verb::clear) return detail("end of the gather");
    if (what.verb == Verb::read && step.has_result()) {
      const bool nested = step.result() != 0;
      return told(nested, nested ? "finish the gather: another is under way, flush everything" : "finish the gather");
    }
  }
  return unknown(what);
}

// --- pages ---

Narration Narrator::page_flag(const TracedStep& step) {
  PageFrame& page = frame(step.step.first);
  const std::string name = fmt::format("frame {}", step.step.first);
  switch (step.step.object) {
    case Object::page_dirty: return page_dirty(step, page, name);
    case Object::page_writeback: return page_writeback(step, page, name);
    case Object::page_uptodate: return page_uptodate(step, page, name);
    case Object::page_buffers: return page_buffers(step, page, name);
    default: return step.step.verb == Verb::set ? detail("mark " + name + " accessed") : unknown(step.step);
  }
}

Narration Narrator::page_dirty(const TracedStep& step, PageFrame& page, const std::string& name) {
  const bool was = page.dirty;
  switch (step.step.verb) {
    case Verb::set:
      page.dirty = true;
      return essential(fmt::format("set PG_dirty of {}{}", name, step.result() == 0 ? " (was set)" : ""));
    case Verb::clear:
      page.dirty = false;
      return essential(fmt::format("clear PG_dirty of {}{}", name, was ? "" : " (was clear)"));
    case Verb::read:
      if (was) return detail(name + " is dirty");
      // Only writeback reports what it finds.
      return step.has_result() ? essential(name + " is clean: nothing to write") : detail(name + " is clean");
    default: return unknown(step.step);
  }
}

Narration Narrator::page_writeback(const TracedStep& step, PageFrame& page, const std::string& name) {
  cpu(step.cpu).waited = step.step.verb == Verb::wait;
  switch (step.step.verb) {
    case Verb::set: page.writeback = true; return detail("set PG_writeback of " + name);
    case Verb::clear: page.writeback = false; return essential("clear PG_writeback of " + name);
    case Verb::read: return detail(name + (page.writeback ? " is under writeback" : " is not under writeback"));
    case Verb::wait: return essential("wait for writeback of " + name);
    default: return unknown(step.step);
  }
}

Narration Narrator::page_uptodate(const TracedStep& step, PageFrame& page, const std::string& name) {
  if (step.step.verb == Verb::read) return detail(name + (page.uptodate ? " is up to date" : " is not up to date"));
  if (step.step.verb != Verb::copy) return unknown(step.step);
  page.uptodate = true;
  std::string text = fmt::format("read {} from disk:", name);
  for (int i = 0; i < step.result_count; ++i) text += fmt::format(" {}", step.results[static_cast<std::size_t>(i)]);
  return essential(std::move(text));
}

Narration Narrator::page_buffers(const TracedStep& step, PageFrame& page, const std::string& name) {
  if (step.step.verb == Verb::set) {
    page.buffers = true;
    ++page.refcount;
    return detail("attach buffers to " + name);
  }
  if (step.step.verb != Verb::clear) return unknown(step.step);
  if (!page.buffers) return detail(name + " has no buffers");
  if (page.dirty || page.writeback) return essential(fmt::format("strip buffers of {}: they are in use", name));
  page.buffers = false;
  return essential("strip buffers of " + name);
}

Narration Narrator::refcount(const TracedStep& step) {
  PageFrame& page = frame(step.step.first);
  const std::string name = fmt::format("frame {}", step.step.first);
  switch (step.step.verb) {
    case Verb::get:
      if (page.refcount <= 0) return essential(fmt::format("get {}: fails, its refcount is 0", name));
      return detail(fmt::format("get {}: refcount {}", name, ++page.refcount));
    case Verb::put: return detail(fmt::format("put {}: refcount {}", name, --page.refcount));
    case Verb::read: return detail(fmt::format("refcount of {} is {}", name, page.refcount));
    case Verb::clear:
      cpu(step.cpu).removed_page = false;
      if (step.result() == 0)
        return essential(fmt::format("freeze refcount of {}: fails, it is {}", name, page.refcount));
      page.refcount = 0;
      return detail("freeze refcount of " + name);
    case Verb::set:
      page.refcount = cpu(step.cpu).removed_page ? 1 : 2;
      return detail(fmt::format("unfreeze refcount of {}: {}", name, page.refcount));
    default: return unknown(step.step);
  }
}

Narration Narrator::mapcount(const TracedStep& step) {
  PageFrame& page = frame(step.step.first);
  const std::string name = fmt::format("frame {}", step.step.first);
  switch (step.step.verb) {
    case Verb::get: return essential(fmt::format("add rmap of {}: mapcount {}", name, ++page.mapcount));
    case Verb::put: return essential(fmt::format("remove rmap of {}: mapcount {}", name, --page.mapcount));
    case Verb::read:
      // Only page_mkclean reports what it finds.
      if (!step.has_result()) return essential(fmt::format("{} has mapcount {}", name, page.mapcount));
      if (step.result() == 0) return essential(name + " not mapped: skip mkclean");
      return essential(fmt::format("{} has mapcount {}: mkclean", name, page.mapcount));
    default: return unknown(step.step);
  }
}

Narration Narrator::page_data(const TracedStep& step) {
  const std::string place = fmt::format("frame {} word {}", step.step.first, step.step.second);
  if (step.step.verb == Verb::load || step.step.verb == Verb::store) {  // of a user program, apart from translation
    const AccessResult access = access_result(step.result());
    return essential(fmt::format("{} {} {}", step.step.verb == Verb::load ? "load: reads" : "store: writes",
                                 access.value, (step.step.verb == Verb::load ? "from " : "to ") + place));
  }
  if (step.step.verb != Verb::copy) return unknown(step.step);
  const Operation* const current = operation(step.cpu);
  if (current != nullptr && current->call == Call::read)
    return essential(fmt::format("read() gets {} from {}", step.result(), place));
  if (current != nullptr && current->call == Call::write)
    return essential(fmt::format("write() puts {} into {}", step.result(), place));
  return essential(fmt::format("write {} to disk: {}", place, step.result()));
}

Narration Narrator::cache_slot(const TracedStep& step) {
  const int file = step.step.first;
  const int index = step.step.second;
  int& slot = slots_[static_cast<std::size_t>(file * max_file_pages + index)];
  const std::string name = fmt::format("file page {}{}", index, of_file(file));
  switch (step.step.verb) {
    case Verb::read:
      if (step.has_result()) slot = step.result() == no_frame ? -1 : static_cast<int>(step.result());
      if (slot < 0) return detail(fmt::format("look up {}: nothing", name));
      return detail(fmt::format("look up {}: frame {}", name, slot));
    case Verb::set: {
      if (step.result() == 0) return detail(fmt::format("add {} to page cache: it has one", name));
      slot = cpu(step.cpu).allocated;
      ++frame(slot).refcount;
      return essential(fmt::format("add frame {} to page cache: page {}{}", slot, index, of_file(file)));
    }
    case Verb::clear: {
      const int dropped = slot;
      slot = -1;
      cpu(step.cpu).removed_page = true;
      return essential(fmt::format("drop frame {} from page cache", dropped));
    }
    default: return unknown(step.step);
  }
}

Narration Narrator::tag(const TracedStep& step, const TracedStep* next) {
  const Step& what = step.step;
  std::string_view name = "towrite";
  if (what.object == Object::dirty_tag) name = "dirty";
  if (what.object == Object::writeback_tag) name = "writeback";
  if (what.verb == Verb::set) {
    if (what.object == Object::towrite_tag) return detail("tag the dirty pages towrite");
    return detail(fmt::format("tag file page {}{} {}", what.second, of_file(what.first), name));
  }
  if (what.verb != Verb::read) return unknown(what);
  CpuState& state = cpu(step.cpu);
  if (!step.has_result()) {
    state.found_page = false;
    return detail("fsync begins");
  }
  // A page that was found is looked up next.
  const bool found = next != nullptr && next->step.verb == Verb::read && next->step.object == Object::cache_slot &&
                     next->step.first == what.first && next->step.second == step.result();
  if (found) {
    state.found_page = true;
    return detail(fmt::format("file page {}{} is tagged {}", step.result(), of_file(what.first), name));
  }
  if (state.found_page) return detail(fmt::format("no further page tagged {}", name));
  if (what.object == Object::writeback_tag) return detail("no page tagged writeback");
  return essential(fmt::format("no page{} tagged {}: done", of_file(what.first), name));
}

Narration Narrator::page_allocator(const TracedStep& step) {
  if (step.step.verb == Verb::clear) {
    frame(step.step.first) = PageFrame{};
    locks_.erase({Object::page_lock, step.step.first, 0});
    return essential(fmt::format("free frame {}", step.step.first));
  }
  if (step.step.verb != Verb::get) return unknown(step.step);
  if (!step.has_result()) return essential("allocate a page: there is none left");
  const int number = static_cast<int>(step.result());
  PageFrame& page = frame(number);
  page = PageFrame{};
  page.in_use = true;
  page.refcount = 1;
  cpu(step.cpu).allocated = number;
  locks_[{Object::page_lock, number, 0}] = {.writer = step.cpu};  // new pages are born locked
  return detail(fmt::format("allocate frame {}", number));
}

Narration Narrator::gather(const TracedStep& step) {
  switch (step.step.verb) {
    case Verb::get:
      return step.result() != 0 ? detail("allocate a gather batch") : essential("allocate a gather batch: fails");
    case Verb::put: return detail("free a gather batch");
    case Verb::set:
      return essential(step.result() == 0
                           ? fmt::format("queue frame {}", step.step.second)
                           : fmt::format("queue frame {} with flag {}", step.step.second, step.result()));
    default: return unknown(step.step);
  }
}

}  // namespace shootdown
