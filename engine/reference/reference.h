// The sequential specification that engines are compared with.
//
// Files are arrays of words; an mm is a set of mapped pages. There is no TLB, no
// page cache, no batching: an operation is performed at once, at the moment at
// which the engine reports that it took effect.
//
// Unmapping is the exception: it takes time, and while it does, an access may
// legally use the old translation (it works) or the new one (it is refused). The
// reference accepts both, and follows the engine. When the transition is over,
// only the new way is right.
//
// Shares no code with the engines, so that no fault can hide in both.
#pragma once

#include <cstdint>

#include "engine/program/program.h"

namespace shootdown {

class Reference {
 public:
  // Files full of zeros; everything mapped if the machine says so.
  void reset(const MachineConfig& config);

  // --- what is true now ---

  // Whether an access to a virtual page may work, and whether it may be refused.
  bool may_access(int mm, int page) const { return state(mm, page) != State::unmapped; }
  bool may_refuse(int mm, int page) const { return state(mm, page) != State::mapped; }
  // The word of a file, as everybody must see it.
  std::uint32_t word(int file, int index, int word) const { return files_[file][index][word]; }
  std::uint32_t mapped_word(int page, int word) const {
    return files_[config_.file_of(page)][config_.index_of(page)][word];
  }

  // The last value of the word that an fsync which begins now must save: a write() that has not returned
  // does not count yet.
  std::uint32_t settled_word(int file, int index, int word) const { return settled_[file][index][word]; }

  // --- commits ---

  // A user program's store; `value` is greater than any before.
  void store(int page, int word, std::uint32_t value);
  // write() of a word, and the return of the write() of a page.
  void write(int file, int index, int word, std::uint32_t value);
  void write_returned(int file, int index);
  void map(int mm, int first, int count) { set(mm, first, count, State::mapped); }
  void begin_unmap(int mm, int first, int count) { set(mm, first, count, State::in_transition); }
  void end_unmap(int mm, int first, int count) { set(mm, first, count, State::unmapped); }

 private:
  enum class State : std::uint8_t { unmapped, mapped, in_transition };

  State state(int mm, int page) const { return pages_[mm][page]; }
  void set(int mm, int first, int count, State state);

  MachineConfig config_;
  State pages_[max_mms][max_virtual_pages] = {};
  std::uint32_t files_[max_files][max_file_pages][max_words] = {};
  std::uint32_t settled_[max_files][max_file_pages][max_words] = {};
  // What a write() of the page under way has written; files are written by one at a time.
  std::uint32_t writing_[max_files][max_words] = {};
};

}  // namespace shootdown
