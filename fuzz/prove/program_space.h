// All small programs over some calls, up to symmetry: what `shootdown prove --programs` searches.
//
// A program is a sequence of operations for each CPU, which may be empty. How the sequences run beside each other is
// for the search of all schedules: in the list one CPU has done all its operations before the next begins, and
// exceptions are counted from that order. An operation is one of the calls with operands, all that there are on the
// machine.
//
// Of programs that differ only in names there is one: two CPUs may change places. Of three none may: who is asked for a
// flush by two at once answers the one with the lower number first. Nor may pages or words: whoever goes through
// several begins with the first.
//
// No program has an `exit`: each thread ends with one anyway, and behind it there is no operation.
//
// Programs have numbers, the shorter ones first. Of those with the same number of operations who they are depends on
// nothing but what is asked for, so several machines can share them (Shard).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/program/program.h"
#include "fuzz/io/input_error.h"

namespace shootdown {

// Those that need no mark in bytes, but two: `exit`, and `touch`, which is a store where there is one page of one word.
std::vector<Call> default_calls();

// Those of a list, names with commas between; by default those.
std::variant<std::vector<Call>, InputError> select_calls(std::string_view list);

// What an operation of this kind can work on, on this machine.
std::vector<Operand> operands_of(OperandKind kind, const MachineConfig& machine);

// Every Nth program.
struct Shard {
  std::uint64_t index = 1;  // from 1
  std::uint64_t count = 1;

  bool has(std::uint64_t number) const { return number % count == index - 1; }
};

class ProgramSpace {
 public:
  // For each CPU the numbers of its operations, in their order.
  using Sequences = std::vector<std::vector<std::size_t>>;

  // All that have up to so many operations, at least one. The machine has the default of what is not said here; no call
  // twice.
  ProgramSpace(const std::vector<Call>& calls, int operations, const MachineConfig& machine);

  const MachineConfig& machine() const { return machine_; }
  // What CPUs can do.
  const std::vector<Operation>& operations() const { return operations_; }
  // How many programs there are if every name counts; the largest number if there are more than that.
  std::uint64_t size() const { return size_; }

  // Programs by their places among all of those, below size().
  Sequences at(std::uint64_t place) const;
  // The places of those that are in the shard.
  std::vector<std::uint64_t> places(const Shard& shard) const;

  // The one that stands for it: the first CPU has the most to do, or what comes first among the operations.
  Sequences canonical(const Sequences& sequences) const;
  Program program(const Sequences& sequences) const;
  // In a line: operations with ';' between, CPUs with '|'.
  std::string text(const Sequences& sequences) const;

 private:
  // Programs whose CPUs have so many operations each.
  struct Block {
    std::vector<int> lengths;
    std::uint64_t first;  // place
  };

  void add_blocks(std::vector<int>& lengths, int left);

  MachineConfig machine_;
  std::vector<Operation> operations_;
  std::vector<Block> blocks_;
  std::uint64_t size_ = 0;
};

}  // namespace shootdown
