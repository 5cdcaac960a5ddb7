// Decides which virtual CPU runs.
//
// The scheduler asks a strategy at two occasions: when the running CPU blocks
// or ends (pick), and at the step points the strategy has asked for (next_stop,
// decide). Between these the running CPU runs on. A strategy is deterministic:
// the same questions in the same order get the same answers.
#pragma once

#include <cstdint>
#include <limits>

namespace shootdown {

// A set of CPUs, one bit each.
using CpuMask = std::uint8_t;

constexpr CpuMask cpu_bit(int cpu) {
  return static_cast<CpuMask>(1U << static_cast<unsigned>(cpu));
}

// The first `count` CPUs.
constexpr CpuMask cpus_below(int count) {
  return static_cast<CpuMask>((1U << static_cast<unsigned>(count)) - 1U);
}

class Strategy {
 public:
  static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

  // Where the running CPU is.
  struct Position {
    int cpu;
    int operation;        // which operation of the program it is in; -1: none, before the first and after the last
    std::uint64_t own;    // steps it has made in this operation
    std::uint64_t total;  // steps that all CPUs have made in this run
  };

  // Who can run.
  struct Candidates {
    CpuMask runnable;     // never empty; holds the running CPU unless it blocked
    CpuMask interrupted;  // those of them that will take an interrupt first
  };

  struct Decision {
    int cpu;                   // who runs next; the running CPU itself to go on
    std::uint8_t latency = 0;  // steps that CPU still makes before it takes a pending interrupt
    int disturbance = -1;      // what Client::disturb shall do first; -1: nothing
  };

  Strategy() = default;
  Strategy(const Strategy&) = delete;
  Strategy& operator=(const Strategy&) = delete;
  virtual ~Strategy() = default;

  // A run with `cpus` CPUs begins; returns who runs first.
  virtual int begin(int cpus) = 0;
  // The number of the step (counted as Position::total) before which the running CPU wants to
  // stop and ask; never: not before it blocks. Asked when an operation begins, when a CPU comes
  // to run, and after each decision.
  virtual std::uint64_t next_stop(const Position& position) = 0;
  // The stop is reached.
  virtual Decision decide(const Position& position, Candidates candidates) = 0;
  // The running CPU blocked or ended.
  virtual int pick(int current, Candidates candidates) = 0;
  // Whether `woken`, which has just become runnable, shall be considered before the next step.
  virtual bool preempts(int woken, int current) = 0;
  // The running CPU came to run because it had an interrupt to take, and has taken it.
  virtual void interrupt_taken() = 0;
};

}  // namespace shootdown
