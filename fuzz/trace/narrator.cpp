#include "fuzz/trace/narrator.h"

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace shootdown {

namespace {

Narration essential(std::string text) {
  return {.text = std::move(text), .essential = true};
}

Narration detail(std::string text) {
  return {.text = std::move(text), .essential = false};
}

// --- names of things ---

// "frame 3", or "frames 4-7" of a large folio
std::string row(std::string_view what, Fact first, Fact count) {
  if (count == 1) return fmt::format("{} {}", what, first);
  return fmt::format("{}s {}-{}", what, first, first + count - 1);
}

std::string name(PageFact page) {
  return row("frame", page.frame, page.pages);
}

// "frame 3 W A D"
std::string name(EntryFact entry) {
  if (entry.swapped()) return fmt::format("swap slot {}", entry.slot());
  if (entry.migrating()) return fmt::format("migration entry, frame {}", entry.frame());
  if (entry.device_exclusive()) return fmt::format("frame {}, a device's alone", entry.frame());
  if (entry.device_private()) return fmt::format("frame {}, in a device", entry.frame());
  if (entry.poisoned()) return "poison";
  if (!entry.present()) return "none";
  return fmt::format("frame {}{}{}{}", entry.frame(), entry.write() ? " W" : "", entry.young() ? " A" : "",
                     entry.dirty() ? " D" : "");
}

// "cpu 0, 2"
std::string cpu_list(Fact mask) {
  std::string list;
  for (unsigned cpu = 0; cpu < max_cpus; ++cpu) {
    if ((mask >> cpu & 1U) != 0) list += fmt::format("{}{}", list.empty() ? "cpu " : ", ", cpu);
  }
  return list;
}

// ", which cpu 1 holds"
std::string which_hold(Fact holders) {
  if (holders == 0) return {};
  return fmt::format(", which {} {}", cpu_list(holders), (holders & (holders - 1)) != 0 ? "hold" : "holds");
}

std::string_view tag_name(Fact tag) {
  if (tag == PAGECACHE_TAG_DIRTY) return "dirty";
  return tag == PAGECACHE_TAG_WRITEBACK ? "writeback" : "towrite";
}

std::string_view access_name(Fact store) {
  return store != 0 ? "store" : "load";
}

std::string pages(Fact count) {
  return fmt::format("{} page{}", count, count == 1 ? "" : "s");
}

// Locks that can be shared say how they are taken.
std::string_view manner(LockClass kind, Fact shared) {
  const bool can_be_shared = kind != LockClass::page_table && kind != LockClass::page && kind != LockClass::i_pages;
  if (!can_be_shared) return "";
  return shared != 0 ? " (read)" : " (write)";
}

// What is wrong with the TLB entry that an access went through, if anything.
std::string staleness(const event::UserAccess& access) {
  std::string why;
  if (!access.entry.present()) {
    why = "the pte is gone";
  } else if (access.entry.frame() != access.frame) {
    why = fmt::format("the pte maps frame {} now", access.entry.frame());
  } else if (access.store != 0 && !access.entry.write()) {
    why = "the pte is read-only now";
  } else if (access.store != 0 && !access.entry.dirty()) {
    why = "the pte is clean now";
  }
  if (access.stale != 0) why += why.empty() ? "the frame has been freed" : ", the frame has been freed";
  return why.empty() ? why : fmt::format(" (stale: {})", why);
}

// An overload for each kind of step.
class Words {
 public:
  explicit Words(const MachineConfig& machine) : machine_(machine) {}

  std::string lock_name(LockFact lock) const;

  // --- user programs ---

  Narration tell(const event::UserAccess& access) const {
    const bool store = access.store != 0;
    std::string text = fmt::format("{} page {}: ", access_name(access.store), access.page);
    if (access.access == Access::fault && access.stale != 0)
      return essential(text + "page walk through a page table that has been freed");
    if (access.access == Access::fault)
      return essential(text + "fault, pte is " + (access.entry.present() ? "read-only" : name(access.entry)));
    const bool hit = access.access == Access::hit;
    text += fmt::format("{}, {} {} {} frame {}", hit ? "TLB hit" : "page walk", store ? "writes" : "reads",
                        access.value, store ? "to" : "from", access.frame);
    return essential(hit ? text + staleness(access) : text);
  }
  Narration tell(const event::Translate& half) const {
    return essential(fmt::format("translate page {} for a {}", half.page, access_name(half.store)));
  }

  // --- TLBs ---

  Narration tell(const event::EvictTranslation& evict) const {
    return essential(fmt::format("hardware evicts page {} from TLB", evict.page));
  }
  Narration tell(const event::FillTranslation& fill) const {
    if (fill.astray != 0)
      return essential(fmt::format("hardware looks for page {} in a page table that has been freed", fill.page));
    if (!fill.entry.present()) return essential(fmt::format("hardware finds no pte to load for page {}", fill.page));
    return essential(fmt::format("hardware loads page {} into TLB: {}", fill.page, name(fill.entry)));
  }
  Narration tell(const event::FlushTranslation& flush) const {
    return essential(flush.page == no_fact ? "flush whole TLB" : fmt::format("flush TLB: page {}", flush.page));
  }
  Narration tell(const event::RaiseTlbGeneration& raise) const {
    return detail(fmt::format("raise tlb_gen{} to {}", of_mm(raise.mm), raise.generation));
  }
  Narration tell(const event::SendInterrupt& send) const { return essential("send IPI to " + cpu_list(send.cpus)); }
  Narration tell(const event::WaitForFlush& wait) const {
    return essential(fmt::format("wait for {} to flush", cpu_list(wait.cpus)));
  }
  Narration tell(const event::TakeInterrupt& take) const {
    return essential(fmt::format("take IPI from cpu {}", take.sender));
  }

  // --- page-table entries ---

  Narration tell(const event::ReadEntry& read) const {
    return detail(fmt::format("read {}: {}", pte(read.mm, read.page), name(read.entry)));
  }
  Narration tell(const event::SetEntry& set) const {
    return essential(fmt::format("set {}: {}", pte(set.mm, set.page), name(set.entry)));
  }
  Narration tell(const event::SetAccessFlags& set) const {
    if (set.changed == 0) return detail(fmt::format("leave {}: {}", pte(set.mm, set.page), name(set.was)));
    return essential(fmt::format("set {}: {}", pte(set.mm, set.page), name(set.entry)));
  }
  Narration tell(const event::ClearEntry& clear) const {
    return essential(fmt::format("clear {}: was {}", pte(clear.mm, clear.page), name(clear.was)));
  }

  // --- page tables ---

  Narration tell(const event::ClearAccessed& clear) const {
    return detail(
        fmt::format("clear A of {} ({})", pte(clear.mm, clear.page), clear.was.young() ? "was set" : "was clear"));
  }
  Narration tell(const event::ReadTable& read) const {
    return detail(page_table(read.mm, read.first) + (read.exists != 0 ? ": there is one" : ": there is none"));
  }
  Narration tell(const event::InstallTable& install) const {
    const std::string table = page_table(install.mm, install.first);
    return detail(fmt::format("install {}{}", table, install.installed == 0 ? ": there is one already" : ""));
  }
  Narration tell(const event::FreeTable& free) const { return essential("unhook " + page_table(free.mm, free.first)); }

  // --- locks ---

  // Who does not get a lock waits for it, which has a line of its own, unless this was only a try.
  Narration tell(const event::TakeLock& take) const {
    const std::string lock = lock_name(take.lock);
    if (take.taken != 0) return detail(fmt::format("lock {}{}", lock, manner(take.lock.kind, take.shared)));
    return essential(fmt::format("trylock {}: fails{}", lock, which_hold(take.holders)));
  }
  Narration tell(const event::WaitForLock& wait) const {
    const bool unnamed = wait.lock.kind == LockClass::page || wait.lock.kind == LockClass::anon_vma;
    const std::string_view what = unnamed ? "the lock of " : "";
    return essential(fmt::format("wait for {}{}{}", what, lock_name(wait.lock), which_hold(wait.holders)));
  }
  Narration tell(const event::DropLock& drop) const { return detail("unlock " + lock_name(drop.lock)); }
  Narration tell(const event::DowngradeLock& downgrade) const {
    return detail(fmt::format("downgrade {} to read", lock_name(downgrade.lock)));
  }

  // --- address spaces ---

  Narration tell(const event::InsertMapping& insert) const {
    static constexpr std::array<std::string_view, 4> kinds{"a mapping", "a private mapping", "anonymous memory",
                                                           "a device's memory"};
    const std::string_view what = kinds.at(static_cast<std::size_t>(insert.kind));
    const std::string_view how = insert.read_only != 0 ? ", read-only" : "";
    return essential(fmt::format("insert {} at page {}{}{}", what, insert.first, of_mm(insert.mm), how));
  }
  Narration tell(const event::SplitMapping& split) const {
    return essential(fmt::format("split the mapping at page {}{}", split.page, of_mm(split.mm)));
  }
  Narration tell(const event::MergeMappings& merge) const {
    const std::string range = merge.count == 1 ? fmt::format("page {}", merge.first)
                                               : fmt::format("pages {}-{}", merge.first, merge.first + merge.count - 1);
    return essential(fmt::format("make one mapping of {}{}", range, of_mm(merge.mm)));
  }
  Narration tell(const event::DetachMappings& detach) const {
    return essential(fmt::format("take mappings from page {} on out of the mm{}", detach.first, of_mm(detach.mm)));
  }
  Narration tell(const event::AllocateAnonVma& allocate) const {
    return detail(fmt::format("allocate anon_vma {}", allocate.anon_vma));
  }
  Narration tell(const event::PrepareAnonVma& prepare) const {
    const std::string mapping = fmt::format("the mapping at page {}{}", prepare.page, of_mm(prepare.mm));
    if (prepare.prepared == 0) return detail(mapping + " has an anon_vma already");
    return essential(fmt::format("give {} anon_vma {}", mapping, prepare.anon_vma));
  }
  Narration tell(const event::GetAnonVma& get) const {
    if (get.refcount <= 0) return essential(fmt::format("get anon_vma {}: fails, its refcount is 0", get.anon_vma));
    return detail(fmt::format("get anon_vma {}: refcount {}", get.anon_vma, get.refcount));
  }
  Narration tell(const event::PutAnonVma& put) const {
    return detail(fmt::format("put anon_vma {}: refcount {}", put.anon_vma, put.refcount));
  }
  Narration tell(const event::FreeAnonVma& free) const {
    return essential(fmt::format("free anon_vma {}", free.anon_vma));
  }
  Narration tell(const event::DropMmUser& drop) const {
    return detail(fmt::format("drop mm_users{}, enter lazy TLB", of_mm(drop.mm)));
  }

  Narration tell(const event::EnterLazyMode& /*lazy*/) const { return essential("enter lazy TLB"); }
  Narration tell(const event::EndKernelThread& /*end*/) const { return detail("the kernel thread is done"); }
  Narration tell(const event::LeaveLazyMode& /*lazy*/) const { return essential("leave lazy TLB"); }
  Narration tell(const event::LoadMm& load) const {
    return essential(fmt::format("load the page tables{}", of_mm(load.mm)));
  }
  Narration tell(const event::ReadTlbGeneration& look) const {
    return essential(fmt::format("tlb_gen{} is {}", of_mm(look.mm), look.generation));
  }

  // --- page flags ---

  Narration tell(const event::SetDirty& set) const {
    return essential(
        fmt::format("set PG_dirty of {}{}", name(set.page), (set.was & PG_dirty) != 0 ? " (was set)" : ""));
  }
  Narration tell(const event::ClearDirty& clear) const {
    return essential(
        fmt::format("clear PG_dirty of {}{}", name(clear.page), (clear.was & PG_dirty) != 0 ? "" : " (was clear)"));
  }
  Narration tell(const event::ReadDirty& read) const {
    if ((read.flags & PG_dirty) != 0) return detail(name(read.page) + " is dirty");
    if (read.for_writeback != 0) return essential(name(read.page) + " is clean: nothing to write");
    return detail(name(read.page) + " is clean");
  }
  Narration tell(const event::SetWriteback& set) const { return detail("set PG_writeback of " + name(set.page)); }
  Narration tell(const event::ClearWriteback& clear) const {
    return essential("clear PG_writeback of " + name(clear.page));
  }
  Narration tell(const event::ReadWriteback& read) const { return detail(name(read.page) + " is not under writeback"); }
  Narration tell(const event::WaitForWriteback& wait) const {
    return essential("wait for writeback of " + name(wait.page));
  }
  Narration tell(const event::ReadUptodate& read) const {
    return detail(name(read.page) + ((read.flags & PG_uptodate) != 0 ? " is up to date" : " is not up to date"));
  }
  Narration tell(const event::MarkAccessed& mark) const {
    return detail(fmt::format("mark {} accessed", name(mark.page)));
  }
  Narration tell(const event::AttachBuffers& attach) const { return detail("attach buffers to " + name(attach.page)); }
  Narration tell(const event::StripBuffers& strip) const {
    if ((strip.was & PG_buffers) == 0) return detail(name(strip.page) + " has no buffers");
    const bool in_use = (strip.was & (PG_buffers_dirty | PG_writeback)) != 0;
    const bool cleans = !in_use && (strip.was & PG_dirty) != 0;
    return essential(fmt::format("strip buffers of {}{}{}", name(strip.page), in_use ? ": they are in use" : "",
                                 cleans ? ", and clear PG_dirty" : ""));
  }
  Narration tell(const event::CleanBuffers& clean) const {
    if ((clean.was & PG_buffers_dirty) != 0) return detail("clean buffers of " + name(clean.page));
    return essential(name(clean.page) + " has clean buffers: nothing to write");
  }

  // --- page counts ---

  Narration tell(const event::GetPage& get) const {
    if (get.refcount <= 0) return essential(fmt::format("get {}: fails, its refcount is 0", name(get.page)));
    return detail(fmt::format("get {}: refcount {}", name(get.page), get.refcount));
  }
  Narration tell(const event::PutPage& put) const {
    return detail(fmt::format("put {}: refcount {}", name(put.page), put.refcount));
  }
  Narration tell(const event::ReadRefcount& read) const {
    return detail(fmt::format("refcount of {} is {}", name(read.page), read.refcount));
  }
  Narration tell(const event::FreezeRefcount& freeze) const {
    if (freeze.frozen != 0) return detail("freeze refcount of " + name(freeze.page));
    return essential(fmt::format("freeze refcount of {}: fails, it is {}", name(freeze.page), freeze.refcount));
  }
  Narration tell(const event::UnfreezeRefcount& unfreeze) const {
    return detail(fmt::format("unfreeze refcount of {}: {}", name(unfreeze.page), unfreeze.refcount));
  }
  Narration tell(const event::AddRmap& add) const {
    return essential(fmt::format("add rmap of {}: mapcount {}", name(add.page), add.mapcount));
  }
  Narration tell(const event::RemoveRmap& remove) const {
    return essential(fmt::format("remove rmap of {}: mapcount {}", name(remove.page), remove.mapcount));
  }
  Narration tell(const event::ReadMapcount& read) const {
    if (read.for_mkclean == 0) return essential(fmt::format("{} has mapcount {}", name(read.page), read.mapcount));
    if (read.mapcount <= 0) return essential(name(read.page) + " not mapped: skip mkclean");
    return essential(fmt::format("{} has mapcount {}: mkclean", name(read.page), read.mapcount));
  }
  Narration tell(const event::IsolatePage& isolate) const {
    if (isolate.isolated == 0) return detail("take " + name(isolate.page) + " off its LRU list: it is on none");
    return detail("take " + name(isolate.page) + " off its LRU list");
  }
  Narration tell(const event::PutBackPage& put) const { return detail("put " + name(put.page) + " on its LRU list"); }
  Narration tell(const event::AllocatePage& allocate) const {
    if (allocate.frame == no_fact) return essential("allocate a page: there is none left");
    return detail("allocate " + row("frame", allocate.frame, allocate.pages));
  }
  Narration tell(const event::FreePage& free) const { return essential("free " + name(free.page)); }

  // --- the page cache ---

  Narration tell(const event::LookUpPage& look_up) const {
    const std::string found = look_up.frame == no_fact ? "nothing" : fmt::format("frame {}", look_up.frame);
    return detail(fmt::format("look up {}: {}", file_page(look_up.file, look_up.index), found));
  }
  Narration tell(const event::AddToPageCache& add) const {
    const PageFact page = add.page;
    if (add.added == 0)
      return detail(fmt::format("add {} to page cache: it has one", file_page(page.file, page.index)));
    return essential(
        fmt::format("add {} to page cache: {}{}", name(page), row("page", page.index, page.pages), of_file(page.file)));
  }
  Narration tell(const event::ReplaceInPageCache& replace) const {
    const PageFact page = replace.page;
    return essential(fmt::format("put {} into page cache in place of {}: {}{}", name(page),
                                 row("frame", replace.was, page.pages), row("page", page.index, page.pages),
                                 of_file(page.file)));
  }
  Narration tell(const event::RemoveFromPageCache& remove) const {
    return essential(fmt::format("drop {} from page cache", name(remove.page)));
  }
  Narration tell(const event::TagPage& tag) const {
    return detail(fmt::format("tag {} {}", file_page(tag.file, tag.index), tag_name(tag.tag)));
  }
  Narration tell(const event::TagForWriteback& /*tag*/) const { return detail("tag the dirty pages towrite"); }
  Narration tell(const event::FindTagged& find) const {
    const std::string_view tag = tag_name(find.tag);
    if (find.index != no_fact) return detail(fmt::format("{} is tagged {}", file_page(find.file, find.index), tag));
    if (find.again != 0) return detail(fmt::format("no further page tagged {}", tag));
    if (find.tag == PAGECACHE_TAG_WRITEBACK) return detail("no page tagged writeback");
    return essential(fmt::format("no page{} tagged {}: done", of_file(find.file), tag));
  }

  // --- contents ---

  Narration tell(const event::ReadFromDisk& read) const {
    std::string text = fmt::format("read {} from disk:", name(read.page));
    for (std::size_t word = 0; word < machine_.words; ++word) text += fmt::format(" {}", read.words[word]);
    return essential(std::move(text));
  }
  Narration tell(const event::WriteToDisk& write) const {
    return essential(fmt::format("write {} word {} to disk: {}", name(write.page), write.word, write.value));
  }
  Narration tell(const event::AllocateSwap& allocation) const {
    if (allocation.slot == no_fact) return essential("look for a free swap slot: there is none");
    return essential(fmt::format("take swap slot {}", allocation.slot));
  }
  Narration tell(const event::CountSwap& count) const {
    using Change = event::CountSwap::Change;
    const std::string slot = fmt::format("swap slot {}", count.slot);
    const std::string users = fmt::format(" (users {}{})", count.users, count.cached != 0 ? ", in the swap cache" : "");
    switch (count.change) {
      case Change::duplicate: return detail("one more entry for " + slot + users);
      case Change::free: return detail("one entry less for " + slot + users);
      case Change::prepare_cache:
        return detail((count.done != 0 ? "reserve " + slot : "reserve " + slot + ": fails") + users);
      case Change::clear_cache: break;
    }
    return detail("let go of " + slot + users);
  }
  Narration tell(const event::ReadSwapCount& look) const {
    return detail(fmt::format("{} entries lead to swap slot {}", look.users, look.slot));
  }
  Narration tell(const event::WaitForSwapCache& wait) const {
    return essential(fmt::format("wait for who reads swap slot {}", wait.slot));
  }
  Narration tell(const event::LookUpSwapCache& look) const {
    const std::string what = look.frame == no_fact ? "nothing" : fmt::format("frame {}", look.frame);
    return detail(fmt::format("look up swap slot {} in the swap cache: {}", look.slot, what));
  }
  Narration tell(const event::AddToSwapCache& add) const {
    return essential(fmt::format("add {} to the swap cache, slot {}", name(add.page), add.slot));
  }
  Narration tell(const event::RemoveFromSwapCache& remove) const {
    return essential(fmt::format("remove {} from the swap cache, slot {}", name(remove.page), remove.slot));
  }
  Narration tell(const event::SubmitIo& submit) const {
    const std::string request = fmt::format("ask the disk to {} ", submit.writes != 0 ? "write" : "read");
    if (submit.slot == no_fact) return essential(request + name(submit.page));
    return essential(request + fmt::format("{} {} swap slot {}", name(submit.page), submit.writes != 0 ? "to" : "from",
                                           submit.slot));
  }
  Narration tell(const event::TakeDiskInterrupt& take) const {
    const std::string what = take.slot == no_fact ? name(take.page) : fmt::format("swap slot {}", take.slot);
    return essential("take the disk's interrupt for " + what);
  }
  Narration tell(const event::SetSwapBacked& set) const {
    if (set.swapbacked != 0) return essential(name(set.page) + " is to be kept");
    return essential(name(set.page) + " may be thrown away until it is written to");
  }
  Narration tell(const event::WriteToSwap& write) const {
    return essential(
        fmt::format("write frame {} word {} to swap slot {}: {}", write.frame, write.word, write.slot, write.value));
  }
  Narration tell(const event::ReadFromSwap& read) const {
    std::string text = fmt::format("read frame {} from swap slot {}:", read.frame, read.slot);
    for (std::size_t word = 0; word < machine_.words; ++word) text += fmt::format(" {}", read.words[word]);
    return essential(std::move(text));
  }
  Narration tell(const event::ReadWord& read) const {
    return essential(fmt::format("read() gets {} from {} word {}", read.value, name(read.page), read.word));
  }
  Narration tell(const event::CopyWord& copy) const {
    return essential(fmt::format("copy {} word {} to frame {}: {}", name(copy.page), copy.word, copy.to, copy.value));
  }
  Narration tell(const event::MoveWord& move) const {
    return essential(fmt::format("move {} word {} to frame {}: {}", name(move.page), move.word, move.to, move.value));
  }
  Narration tell(const event::WriteWord& write) const {
    return essential(fmt::format("write() puts {} into {} word {}", write.value, name(write.page), write.word));
  }
  Narration tell(const event::PinBegins& /*pin*/) const { return detail("walk the page table for a pin"); }
  Narration tell(const event::DmaWord& dma) const {
    const std::string_view why = dma.stale != 0 ? " (stale: the frame has been freed)" : "";
    return essential(fmt::format("a device writes {} to {} word {}{}", dma.value, name(dma.page), dma.word, why));
  }
  Narration tell(const event::FsyncBegins& /*fsync*/) const { return detail("fsync begins"); }

  // --- sizes of files ---

  Narration tell(const event::ReadFileSize& look) const {
    return detail(fmt::format("the size{} is {}", of_file(look.file), pages(look.pages)));
  }
  Narration tell(const event::SetFileSize& set) const {
    return essential(fmt::format("set the size{} to {}", of_file(set.file), pages(set.pages)));
  }
  Narration tell(const event::EndDiscard& end) const {
    const std::string pages =
        end.count == 1 ? file_page(end.file, end.first)
                       : fmt::format("file pages {}-{}{}", end.first, end.first + end.count - 1, of_file(end.file));
    return essential(fmt::format("clear {} on the disk", pages));
  }

  // --- gathers ---

  Narration tell(const event::BeginGather& gather) const { return detail("begin a gather" + of_mm(gather.mm)); }
  Narration tell(const event::QueuePage& queue) const {
    const std::string flags = queue.flags == 0 ? "" : fmt::format(" with flag {}", queue.flags);
    return essential(fmt::format("queue {}{}", name(queue.page), flags));
  }
  Narration tell(const event::AllocateBatch& batch) const {
    return batch.allocated != 0 ? detail("allocate a gather batch") : essential("allocate a gather batch: fails");
  }
  Narration tell(const event::FreeBatch& /*batch*/) const { return detail("free a gather batch"); }
  Narration tell(const event::DeferFlush& defer) const {
    return essential(fmt::format("put off the flush{} ({} so far)", of_mm(defer.mm), defer.count));
  }
  Narration tell(const event::SettleFlushes& settle) const {
    if (settle.settled == 0) return detail("others have put off flushes" + of_mm(settle.mm) + " meanwhile");
    return detail("flushes that were put off" + of_mm(settle.mm) + " are done");
  }
  Narration tell(const event::FinishGather& gather) const {
    if (gather.nested != 0) return essential("finish the gather: another is under way, flush everything");
    return detail("finish the gather");
  }
  Narration tell(const event::EndGather& /*gather*/) const { return detail("end of the gather"); }

 private:
  std::string of_mm(Fact mm) const { return machine_.mms == 1 ? "" : fmt::format(" of mm {}", mm); }
  std::string of_file(Fact file) const { return machine_.files == 1 ? "" : fmt::format(" of file {}", file); }
  std::string pte(Fact mm, Fact page) const { return fmt::format("pte {}{}", page, of_mm(mm)); }
  bool several_tables() const { return (machine_.virtual_pages() - 1) >> machine_.table_shift != 0; }
  std::string page_table(Fact mm, Fact first) const {
    return (several_tables() ? fmt::format("page table {}", first >> machine_.table_shift) : "page table") + of_mm(mm);
  }
  std::string file_page(Fact file, Fact index) const { return fmt::format("file page {}{}", index, of_file(file)); }

  const MachineConfig& machine_;
};

std::string Words::lock_name(LockFact lock) const {
  switch (lock.kind) {
    case LockClass::page_table:
      return (several_tables() ? fmt::format("PTL of table {}", lock.number) : "PTL") + of_mm(lock.owner);
    case LockClass::page: return fmt::format("frame {}", lock.number);
    case LockClass::i_pages: return "i_pages lock" + of_file(lock.owner);
    case LockClass::i_mmap: return "i_mmap_rwsem" + of_file(lock.owner);
    case LockClass::inode: return "i_rwsem" + of_file(lock.owner);
    case LockClass::invalidate: return "invalidate_lock" + of_file(lock.owner);
    case LockClass::anon_vma: return fmt::format("anon_vma {}", lock.number);
    case LockClass::swap_cache: return fmt::format("i_pages lock of swap area {}", lock.owner);
    case LockClass::mmap: break;
  }
  return "mmap_lock" + of_mm(lock.owner);
}

}  // namespace

Narration narrate(const AnyEvent& event, const MachineConfig& machine) {
  Narration narration;
  visit_event(event, [&]<typename E>(const E& what) {
    if constexpr (is_told<E>) narration = Words(machine).tell(what);
  });
  return narration;
}

std::string lock_name(const LockFact& lock, const MachineConfig& machine) {
  return Words(machine).lock_name(lock);
}

}  // namespace shootdown
