// Puts the steps of a run into words, for people who know mm/.
//
// Follows the run: from steps and their results it knows at any moment what the
// page-table entries, the page flags and counts, and the locks are. So it can say
// that a store went through a translation that is no longer in the page table, or
// who holds the lock that a CPU waits for. Says "of mm 0" and "of file 0" only if
// there are several.
//
// Knows no more than the steps tell: a change that an engine makes without a step
// is not seen.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "engine/machine/machine.h"
#include "engine/program/program.h"
#include "engine/sched/strategy.h"
#include "fuzz/trace/trace.h"

namespace shootdown {

// A step in words.
struct Narration {
  std::string text;
  bool essential = false;  // belongs to the story; else it is left out of a short picture
  bool known = true;       // false: there are no words for such a step, the text says just what was reported
};

class Narrator {
 public:
  // `program` must outlive it.
  explicit Narrator(const Program& program);

  // CPU `cpu` begins operation number `operation` of the program, or (-1) what it does at its end.
  void begin_operation(int cpu, int operation);

  // The next step of the run, in words. `next` is the step that its CPU makes next on its own account, or null.
  Narration narrate(const TracedStep& step, const TracedStep* next);

 private:
  struct PageFrame {
    bool in_use = false;
    bool dirty = false;
    bool writeback = false;
    bool uptodate = false;
    bool buffers = false;
    int refcount = 0;
    int mapcount = 0;
  };
  using LockName = std::tuple<Object, int, int>;
  struct LockState {
    int writer = -1;
    CpuMask readers = 0;
  };
  struct CpuState {
    int operation = -1;
    bool found_page = false;    // in this operation, a page to write
    bool waited = false;        // its last step was to wait
    int allocated = 0;          // the page frame that it has allocated last
    bool removed_page = false;  // from the page cache, since it froze a refcount
  };

  Narration translation(const TracedStep& step);
  Narration user_access(const TracedStep& step);
  Narration page_table_entry(const TracedStep& step);
  Narration lock(const TracedStep& step, const TracedStep* next);
  Narration failed_lock(const TracedStep& step, const std::string& name);
  Narration address_space(const TracedStep& step);
  Narration flush(const TracedStep& step);
  Narration page_flag(const TracedStep& step);
  Narration page_dirty(const TracedStep& step, PageFrame& page, const std::string& name);
  Narration page_writeback(const TracedStep& step, PageFrame& page, const std::string& name);
  Narration page_uptodate(const TracedStep& step, PageFrame& page, const std::string& name);
  Narration page_buffers(const TracedStep& step, PageFrame& page, const std::string& name);
  Narration refcount(const TracedStep& step);
  Narration mapcount(const TracedStep& step);
  Narration page_data(const TracedStep& step);
  Narration cache_slot(const TracedStep& step);
  Narration tag(const TracedStep& step, const TracedStep* next);
  Narration page_allocator(const TracedStep& step);
  Narration gather(const TracedStep& step);

  std::string staleness(const TracedStep& step, int used, bool store) const;
  std::string of_mm(int mm) const;
  std::string of_file(int file) const;
  std::string lock_name(const Step& step) const;
  std::string holders(const Step& step) const;
  static LockName key(const Step& step) { return {step.object, step.first, step.second}; }
  Pte& pte(int mm, int page) { return ptes_[static_cast<std::size_t>(mm * max_virtual_pages + page)]; }
  const Pte& pte(int mm, int page) const { return ptes_[static_cast<std::size_t>(mm * max_virtual_pages + page)]; }
  PageFrame& frame(int number) { return frames_[static_cast<std::size_t>(number)]; }
  const PageFrame& frame(int number) const { return frames_[static_cast<std::size_t>(number)]; }
  CpuState& cpu(int number) { return cpus_[static_cast<std::size_t>(number)]; }
  int mm_of(int cpu_number) const { return cpu_number % program_.machine.mms; }
  // What the CPU is doing.
  const Operation* operation(int cpu_number) const;

  const Program& program_;
  std::vector<Pte> ptes_;
  std::vector<PageFrame> frames_;
  std::vector<int> slots_;  // the page frame at each place of each file, -1: none
  std::map<LockName, LockState> locks_;
  std::array<CpuState, max_cpus> cpus_{};
  std::array<int, max_mms> tlb_generations_{};
};

}  // namespace shootdown
