#include "engine/kernel/operations.h"

#include <array>

#include "engine/check.h"
#include "engine/kernel/device_exclusive.h"
#include "engine/kernel/device_memory.h"
#include "engine/kernel/device_private.h"
#include "engine/kernel/dup_mmap.h"
#include "engine/kernel/filemap.h"
#include "engine/kernel/gup.h"
#include "engine/kernel/kernel.h"
#include "engine/kernel/madvise.h"
#include "engine/kernel/memory.h"
#include "engine/kernel/memory_failure.h"
#include "engine/kernel/migrate.h"
#include "engine/kernel/mmap.h"
#include "engine/kernel/mprotect.h"
#include "engine/kernel/mremap.h"
#include "engine/kernel/tlbflush.h"
#include "engine/kernel/truncate.h"
#include "engine/kernel/vmscan.h"
#include "engine/kernel/writeback.h"

namespace shootdown {

namespace {

using Operands = std::array<Operand, max_operands>;

// Pages of a file, from what numbers the pages of all files in one row.
struct FilePages {
  FilePages(Task& current, const Operand& operand)
      : file(current.kernel->files[operand.value / current.kernel->config.pages]),
        span{current.kernel->config.index_of(operand.value), operand.count} {}

  AddressSpace& file;
  PageSpan span;
};

template <Call Which>
void perform(Task& current, const Operands& operands) = delete;

// --- on memory ---

template <>
void perform<Call::store>(Task& current, const Operands& operands) {
  user_access(current, operands[0].value, operands[1].value, true);
}

template <>
void perform<Call::load>(Task& current, const Operands& operands) {
  user_access(current, operands[0].value, operands[1].value, false);
}

template <>
void perform<Call::dma>(Task& current, const Operands& operands) {
  dma_to_user(current, operands[0].value, operands[1].value);
}

template <>
void perform<Call::exclusive>(Task& current, const Operands& operands) {
  write_exclusively(current, operands[0].value, operands[1].value);
}

template <>
void perform<Call::to_device>(Task& current, const Operands& operands) {
  migrate_to_device(current, operands[0].value, operands[1].value);
}

template <>
void perform<Call::touch>(Task& current, const Operands& operands) {
  const Operand& range = operands[0];
  for (int page = range.value; page < range.value + range.count; ++page) user_access(current, page, 0, true);
}

template <>
void perform<Call::mmap>(Task& current, const Operands& operands) {
  do_mmap(current, operands[0].value, operands[0].count, Vma::Kind::shared);
}

template <>
void perform<Call::populate>(Task& current, const Operands& operands) {
  do_mmap(current, operands[0].value, operands[0].count, Vma::Kind::shared, true);
}

template <>
void perform<Call::mmap_private>(Task& current, const Operands& operands) {
  do_mmap(current, operands[0].value, operands[0].count, Vma::Kind::private_file);
}

template <>
void perform<Call::mmap_anonymous>(Task& current, const Operands& operands) {
  do_mmap(current, operands[0].value, operands[0].count, Vma::Kind::anonymous);
}

template <>
void perform<Call::mmap_device>(Task& current, const Operands& operands) {
  do_mmap(current, operands[0].value, operands[0].count, Vma::Kind::device);
}

template <>
void perform<Call::move_device>(Task& current, const Operands& operands) {
  move_device_memory(current, {current.kernel->config.index_of(operands[0].value), operands[0].count});
}

template <>
void perform<Call::munmap>(Task& current, const Operands& operands) {
  do_munmap(current, operands[0].value, operands[0].count);
}

template <>
void perform<Call::dontneed>(Task& current, const Operands& operands) {
  madvise_dontneed(current, operands[0].value, operands[0].count);
}

template <>
void perform<Call::free>(Task& current, const Operands& operands) {
  madvise_free(current, operands[0].value, operands[0].count);
}

template <>
void perform<Call::cold>(Task& current, const Operands& operands) {
  madvise_cold(current, operands[0].value, operands[0].count);
}

template <>
void perform<Call::pageout>(Task& current, const Operands& operands) {
  madvise_pageout(current, operands[0].value, operands[0].count);
}

template <>
void perform<Call::kswapd>(Task& current, const Operands& operands) {
  kswapd(current, operands[0].value, operands[0].count);
}

template <>
void perform<Call::migrate>(Task& current, const Operands& operands) {
  migrate(current, operands[0].value, operands[0].count);
}

template <>
void perform<Call::poison>(Task& current, const Operands& operands) {
  uffdio_poison(current, operands[0].value, operands[0].count);
}

template <>
void perform<Call::hwpoison>(Task& current, const Operands& operands) {
  madvise_hwpoison(current, operands[0].value, operands[0].count);
}

template <>
void perform<Call::protect>(Task& current, const Operands& operands) {
  mprotect(current, operands[0].value, operands[0].count, false);
}

template <>
void perform<Call::unprotect>(Task& current, const Operands& operands) {
  mprotect(current, operands[0].value, operands[0].count, true);
}

template <>
void perform<Call::mremap>(Task& current, const Operands& operands) {
  mremap(current, operands[0].value, operands[0].count, operands[0].to);
}

template <>
void perform<Call::fork>(Task& current, const Operands& operands) {
  dup_mmap(current, current.kernel->mms[operands[0].value]);
}

template <>
void perform<Call::msync>(Task& current, const Operands& operands) {
  msync(current, operands[0].value, operands[0].count);
}

template <>
void perform<Call::exit>(Task& current, const Operands& /*operands*/) {
  exit_thread(current);
}

template <>
void perform<Call::idle>(Task& current, const Operands& /*operands*/) {
  run_kernel_thread(current);
}

// --- on files ---

template <>
void perform<Call::fsync>(Task& current, const Operands& operands) {
  const FilePages pages(current, operands[0]);
  fsync_range(current, pages.file, pages.span);
}

template <>
void perform<Call::writeback>(Task& current, const Operands& operands) {
  const FilePages pages(current, operands[0]);
  filemap_fdatawrite_range(current, pages.file, pages.span, SyncMode::none);
}

template <>
void perform<Call::fadvise>(Task& current, const Operands& operands) {
  const FilePages pages(current, operands[0]);
  fadvise_dontneed(current, pages.file, pages.span);
}

template <>
void perform<Call::reclaim>(Task& current, const Operands& operands) {
  const FilePages pages(current, operands[0]);
  reclaim_file_pages(current, pages.file, pages.span);
}

template <>
void perform<Call::invalidate>(Task& current, const Operands& operands) {
  const FilePages pages(current, operands[0]);
  invalidate_inode_pages2_range(current, pages.file, pages.span);
}

template <>
void perform<Call::truncate>(Task& current, const Operands& operands) {
  const FilePages pages(current, operands[0]);
  truncate(current, pages.file, pages.span.first + 1);
}

template <>
void perform<Call::punch>(Task& current, const Operands& operands) {
  const FilePages pages(current, operands[0]);
  punch_hole(current, pages.file, pages.span);
}

template <>
void perform<Call::read>(Task& current, const Operands& operands) {
  const FilePages pages(current, operands[0]);
  file_read(current, pages.file, pages.span.first);
}

template <>
void perform<Call::write>(Task& current, const Operands& operands) {
  const FilePages pages(current, operands[0]);
  file_write(current, pages.file, pages.span.first);
}

}  // namespace

void run_operation(Task& current, const Operation& operation) {
  switch (operation.call) {
#define OPERATION(name, ...) \
  case Call::name: return perform<Call::name>(current, operation.operands);
#include "engine/program/operations.def"
#undef OPERATION
  }
}

}  // namespace shootdown
