// A program: what a fuzz input means.
//
// A machine (how many CPUs, how large the files, which limits of the kernel),
// a list of operations, each on a virtual CPU, and a schedule. By default the
// operations run one after the other, in the order of the list. The schedule is
// its exceptions, each tied to an operation ("after 7 steps of this operation,
// switch to CPU 2"); or a seed for the PCT strategy.
//
// Exceptions are tied to operations, not counted from the start of the run, so that
// a change in one operation does not move the preemptions of all that follow.
//
// A Program is a plain value of fixed size without pointers. docs/input-format.md
// says how it is written as bytes and as text.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace shootdown {

inline constexpr int max_cpus = 8;
inline constexpr int max_mms = 4;
inline constexpr int max_files = 2;
inline constexpr int max_windows = 2;
inline constexpr int max_file_pages = 1024;
inline constexpr int max_words = 4;
inline constexpr int max_operations = 96;
inline constexpr int max_exceptions = 96;

// An address space is a row of windows, each as long as a file: window w shows file
// w mod files from its beginning.
inline constexpr int max_virtual_pages = max_windows * max_file_pages;

// The machine and the limits of the kernel. The defaults are the kernel's, where it has one.
struct MachineConfig {
  std::uint16_t cpus = 3;             // 1 to 8
  std::uint16_t mms = 1;              // 1 to 4, at most cpus; CPU c runs a thread of mm c mod mms
  std::uint16_t files = 1;            // 1 to 2
  std::uint16_t windows = 1;          // 1 to 2, at least files
  std::uint16_t pages = 2;            // 1 to 1024: the length of each file
  std::uint16_t words = 2;            // 1 to 4: words of content in a page
  std::uint16_t tlb = 8;              // 1 to 16: entries in each CPU's TLB
  std::uint16_t mapped = 1;           // 1: the windows are mapped when the run begins; 0: they are not
  std::uint16_t buffers = 1;          // 1: the filesystem keeps buffers on its pages; 0: it does not
  std::uint16_t page_shift = 12;      // 6 to 16: a page's size is 2 to this power; sets the size of a gather batch
  std::uint16_t table_shift = 9;      // 0 to 9: a page table has 2 to this power entries and one lock
  std::uint16_t bundle = 8;           // 1 to 8: MMU_GATHER_BUNDLE
  std::uint16_t batch = 0;            // 0 to 2047: MAX_GATHER_BATCH; 0: what fits in a page
  std::uint16_t batch_count = 0;      // 0 to 2047: MAX_GATHER_BATCH_COUNT; 0: 10,000 pages' worth
  std::uint16_t free_cap = 512;       // 1 to 512: pages freed in one go
  std::uint16_t failing_batches = 0;  // bit n: allocation n mod 11 of a gather batch fails
  std::uint16_t pct_depth = 0;        // 0: the exceptions are the schedule; 1 to 8: PCT with this many priority levels
  std::uint16_t pct_seed = 0;         // 0 to 2047
  std::uint16_t pct_steps = 128;      // 1 to 2047: PCT's estimate of a run's steps

  bool operator==(const MachineConfig&) const = default;

  int virtual_pages() const { return windows * pages; }
  int file_of(int virtual_page) const { return (virtual_page / pages) % files; }
  int index_of(int virtual_page) const { return virtual_page % pages; }
};

enum class Call : std::uint8_t {
  // On memory; `first` is a virtual page.
  store,     // writes a word
  load,      // reads a word
  touch,     // writes the first word of every page of a range
  mmap,      // maps a range, shared and writable; replaces what is there
  populate,  // the same, and reads every page in (MAP_POPULATE)
  munmap,    // unmaps a range
  dontneed,  // madvise(MADV_DONTNEED)
  msync,     // msync(MS_SYNC)
  exit,      // the thread ends; the last of an mm tears it down. Every list ends so, if only implicitly
  // On files; `first` is file number times the file's length plus the page's index.
  fsync,      // fsync of the file, or of a range
  writeback,  // starts writing dirty pages back, as the flusher thread does
  fadvise,    // posix_fadvise(POSIX_FADV_DONTNEED): starts writeback, drops clean pages
  reclaim,    // strips the buffers of clean unmapped pages and drops them if it can
  read,       // read() of a page
  write,      // write() of a page
};
inline constexpr int call_count = 15;

// Whether `second` of an operation counts pages; else it is a word.
constexpr bool takes_range(Call call) {
  return call != Call::store && call != Call::load && call != Call::exit && call != Call::read && call != Call::write;
}
constexpr bool takes_word(Call call) {
  return call == Call::store || call == Call::load;
}
constexpr bool is_on_file(Call call) {
  return call >= Call::fsync;
}

struct Operation {
  Call call = Call::store;
  std::uint8_t cpu = 0;              // who does it
  std::uint16_t first = 0;           // a page
  std::uint16_t second = 0;          // a word, or how many pages (from 1)
  std::uint8_t first_exception = 0;  // its exceptions: their place in Program::exceptions, and their number
  std::uint8_t exception_count = 0;

  bool operator==(const Operation&) const = default;
};

struct Exception {
  enum class Kind : std::uint8_t {
    preempt,  // the operation is suspended and another CPU runs
    evict,    // a TLB loses its entry for a page
    fill,     // a CPU's hardware loads a TLB entry for a page, unasked
  };

  Kind kind = Kind::preempt;
  // preempt: who runs next; the operation's own CPU means whoever is next in order.
  // evict, fill: whose TLB.
  std::uint8_t cpu = 0;
  std::uint8_t latency = 0;  // preempt: steps that `cpu` makes before it takes a pending interrupt, 0 to 15
  std::uint16_t after = 0;   // steps of the operation; exceptions of one operation happen in their order
  std::uint16_t page = 0;    // evict, fill: a virtual page

  bool operator==(const Exception&) const = default;
};

struct Program {
  MachineConfig machine;
  std::uint8_t operation_count = 0;
  std::uint8_t exception_count = 0;
  std::array<Operation, max_operations> operations{};
  std::array<Exception, max_exceptions> exceptions{};  // of the first operation, then of the second, ...

  bool operator==(const Program& other) const {
    return machine == other.machine &&
           std::equal(operations.begin(), operations.begin() + operation_count, other.operations.begin(),
                      other.operations.begin() + other.operation_count) &&
           std::equal(exceptions.begin(), exceptions.begin() + exception_count, other.exceptions.begin(),
                      other.exceptions.begin() + other.exception_count);
  }
};

}  // namespace shootdown
