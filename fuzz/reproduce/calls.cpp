#include "fuzz/reproduce/calls.h"

#include <fmt/format.h>

namespace shootdown {

namespace {

using CallKind = CCall::Kind;

// Builds the texts: of the operation's first operand.
class CallWriter {
 public:
  CallWriter(const Operation& operation, const MachineConfig& machine)
      : first_(operation.operands[0]),
        word_(operation.operands[1].value),
        file_(first_.value / machine.pages),
        index_(first_.value % machine.pages) {}

  CCall madvise(std::string_view advice, std::string_view remark = {}) const {
    return {CallKind::zap, fmt::format("madvise({}, {})", memory(), advice), remark};
  }
  CCall mprotect(std::string_view protection) const {
    return {CallKind::zap, fmt::format("mprotect({}, {})", memory(), protection)};
  }
  CCall map_anew(std::string_view flags) const {
    return {CallKind::zap, fmt::format("map_anew({}, {}, {})", first_.value, first_.count, flags)};
  }
  CCall munmap() const { return {CallKind::zap, fmt::format("munmap({})", memory())}; }
  CCall mremap() const {
    return {CallKind::zap, fmt::format("mremap({}, pages({}), MREMAP_MAYMOVE | MREMAP_FIXED, page({}))", memory(),
                                       first_.count, first_.to)};
  }
  CCall load() const { return {CallKind::other, fmt::format("load(me, {}, {})", first_.value, word_)}; }
  CCall msync() const {
    return {CallKind::sync, fmt::format("msync(page({}), firsts_of({}), MS_SYNC)", first_.value, first_.count)};
  }
  CCall sync_file_range(std::string_view flags, std::string_view remark) const {
    return {CallKind::sync,
            fmt::format("sync_file_range(file({}), at({}), firsts_of({}), {})", file_, index_, first_.count, flags),
            remark};
  }
  CCall drop(std::string_view remark) const {
    return {CallKind::sync, fmt::format("drop({}, at({}), firsts_of({}))", file_, index_, first_.count), remark};
  }
  CCall read() const { return {CallKind::other, fmt::format("read_page({}, {})", file_, index_)}; }
  CCall write(std::string_view remark) const {
    return {CallKind::other, fmt::format("write_page(me, {}, {})", file_, index_), remark};
  }
  CCall dma(std::string_view remark) const {
    return {CallKind::other, fmt::format("write_pinned(me, {})", first_.value), remark};
  }
  CCall write_directly(std::string_view remark) const {
    return {CallKind::sync, fmt::format("write_directly({}, {}, {})", file_, index_, first_.count), remark};
  }
  CCall ftruncate() const { return {CallKind::zap, fmt::format("ftruncate(file({}), all_of({}))", file_, index_ + 1)}; }
  CCall punch() const {
    return {CallKind::zap,
            fmt::format("fallocate(file({}), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at({}), all_of({}))", file_,
                        index_, first_.count)};
  }

 private:
  std::string memory() const { return fmt::format("page({}), pages({})", first_.value, first_.count); }

  Operand first_;
  unsigned word_;
  int file_;
  int index_;
};

CCall exit_in_c(bool ends_mm) {
  if (!ends_mm) return {CallKind::nothing, {}, "threads stay until the last round"};
  return {CallKind::zap, "leave_memory()",
          "the last thread: the address space stays, but nothing is mapped in it any more"};
}

}  // namespace

CCall call_in_c(const Operation& operation, const MachineConfig& machine, bool ends_mm) {
  const CallWriter writer(operation, machine);
  switch (operation.call) {
    case Call::store:
    case Call::touch: return {CallKind::store, {}, {}};
    case Call::load: return writer.load();
    case Call::mmap: return writer.map_anew("0");
    case Call::populate: return writer.map_anew("MAP_POPULATE");
    case Call::munmap: return writer.munmap();
    case Call::dontneed: return writer.madvise("MADV_DONTNEED");
    case Call::msync: return writer.msync();
    case Call::exit: return exit_in_c(ends_mm);
    case Call::fsync:
      return writer.sync_file_range("SYNC_AND_WAIT",
                                    "what of it cleans pages, and is quick; a real one ends each round");
    case Call::writeback:
      return writer.sync_file_range("SYNC_FILE_RANGE_WRITE",
                                    "nobody can ask the flusher for it: this begins it as well");
    case Call::fadvise: return writer.drop({});
    case Call::reclaim:
      return writer.drop("nobody can ask for it: POSIX_FADV_DONTNEED drops clean pages that are not mapped, too");
    case Call::read: return writer.read();
    case Call::write: return writer.write("words of its own: each has one writer");
    case Call::invalidate:
      return writer.write_directly("nobody can ask for it alone: a direct write, of other words, begins so");
    case Call::pageout: return writer.madvise("MADV_PAGEOUT");
    case Call::kswapd:
      return writer.madvise("MADV_PAGEOUT", "nobody can ask for it: this leaves alone what others map, too");
    case Call::migrate: return {CallKind::nothing, {}, "where there is one node, nobody can ask for it"};
    case Call::dma:
      return writer.dma("words of its own; the kernel pins the page, and writes to it itself, as a device would");
    case Call::cold: return writer.madvise("MADV_COLD");
    case Call::protect: return writer.mprotect("PROT_READ");
    case Call::unprotect: return writer.mprotect("PROT_READ | PROT_WRITE");
    case Call::mremap: return writer.mremap();
    case Call::truncate: return writer.ftruncate();
    case Call::punch: return writer.punch();
    case Call::idle: return {CallKind::nothing, {}, "a CPU idles when no thread wants it, and nobody can ask for more"};
    case Call::exclusive:
    case Call::to_device:
      return {CallKind::nothing, {}, "nobody can ask for it, and memory that is a file's is not given"};
    case Call::mmap_device:
    case Call::move_device: return {CallKind::nothing, {}, "there need be no such device"};
    case Call::poison: return {CallKind::nothing, {}, "memory that is a file's is not poisoned so"};
    case Call::hwpoison: return {CallKind::nothing, {}, "the memory would be lost to the machine"};
    case Call::free: return {CallKind::nothing, {}, "memory that is a file's is not freed so"};
    case Call::mmap_private:
    case Call::mmap_anonymous:
    case Call::fork: break;
  }
  return {};
}

}  // namespace shootdown
