// What a program shows of a kernel: what its threads see, and how the kernel is between its operations, as lines of text.
//
// Two kernels that do the same have the same lines. There are those that hold whichever frames a kernel takes and however it
// counts references: what is loaded and read, which accesses are refused; of each page in a page cache its contents, whether it
// is dirty, under writeback, up to date or has buffers, its tags and its mapcount; page-table entries, rss, the disk.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "engine/events/observer.h"

namespace shootdown {

class Conduct final : public Observer {
 public:
  // An operation, or the end of a thread.
  struct Part {
    int cpu = 0;
    Fact operation = no_fact;        // in the program; none: the thread ends
    std::vector<std::string> seen;   // by the thread
    std::vector<std::string> state;  // when it was done; of the ends of threads: when the run has ended

    bool operator==(const Part&) const = default;

    // "operation 3, cpu 1", "at the end, cpu 1"
    std::string place() const;
  };

  // Of the last run: the operations as they are in the program, then the ends of threads.
  const std::vector<Part>& parts() const { return parts_; }

  EventSet watches() const override;
  void begin(Arena& arena, const World& world) override;
  void happened(const EventView& event, const World& world) override;

 private:
  void begin_operation(int cpu, Fact operation, const World& world);
  void see(Fact cpu, std::string line);
  void end(const World& world);

  std::vector<Part> parts_;                      // as they began
  std::array<std::size_t, max_cpus> part_of_{};  // of each CPU, the one that is under way
};

}  // namespace shootdown
