// What was written before an fsync is on the disk when it returns.
//
// Proves: when fsync or msync returns, every word of its range on the disk is
// what was there when the call began, or something that was written later; a
// write() counts from its return, a store through a mapping at once, and nothing that
// was cut off or punched out of the file since the call began. The values
// of stores grow in the order in which they take effect, so "later" is "greater",
// and nothing is greater than what was written last.
//
// Cannot see whether the disk keeps what it was given; nor all garbage: a value in
// between that was written to another place passes for a later one.
#pragma once

#include <cstdint>

#include "oracles/oracle.h"

namespace shootdown {

class FsyncDurability final : public ComparingOracle<event::FsyncBegins, event::FsyncReturns> {
 public:
  FsyncDurability(OracleId id, Trial& trial) : ComparingOracle(id, trial) {
    for (Required& required : required_) required.pages = row<Page>(machine().pages);
  }

  void on(int cpu, const event::FsyncBegins& event) {
    const int file = number(event.file);
    required_[cpu].began = reference().now();
    for (Fact i = 0; i < event.count; ++i) {
      for (int word = 0; word < machine().words; ++word) {
        required_[cpu].pages[i].words[word] = reference().settled_word(file, number(event.first + i), word);
      }
    }
  }

  void on(int cpu, const event::FsyncReturns& event) {
    const int file = number(event.file);
    for (Fact i = 0; i < event.count; ++i) {
      const int index = number(event.first + i);
      for (int word = 0; word < machine().words; ++word) {
        const Fact disk = world().disk_word(file, index, word);
        const Fact required = required_[cpu].pages[i].words[word];
        if (reference().allows_on_disk(file, index, word, required_[cpu].began, required, disk)) continue;
        report(cpu, file, index, word, disk, required);
      }
    }
  }

 private:
  void report(int cpu, int file, int index, int word, Fact disk, Fact required) {
    if (disk < required) {
      violate(cpu,
              "fsync by cpu {} returns, but the disk has {} in page {} word {} of file {}, where {} had been written "
              "before it began",
              cpu, disk, index, word, file, required);
    } else {
      violate(cpu,
              "fsync by cpu {} returns, but the disk has {} in page {} word {} of file {}, where {} was written last",
              cpu, disk, index, word, file, reference().file_word(file, index, word));
    }
  }

  // What each CPU's fsync found when it began: a CPU runs one at a time.
  struct Page {
    Fact words[max_words];
  };
  struct Required {
    Reference::Moment began = 0;
    Row<Page> pages;  // from the first of its range on
  };
  Row<Required> required_ = one_per_cpu<Required>();
};

}  // namespace shootdown
