// Makes every choice in a run that is not the program's.
//
// Who runs next, whether the hardware drops or loads a translation, how long an
// interrupt stays pending, whether an allocation fails: each is a choice, asked for
// through this one interface.
// The scheduler asks when a run begins, when the running CPU cannot go on, and at
// the step points that the chooser has asked for (next_question); between these
// the running CPU runs on, and nothing is asked. A chooser is deterministic: the
// same questions in the same order get the same answers.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <limits>

#include "engine/events/event.h"
#include "engine/program/program.h"

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

// Where a CPU is.
struct Position {
  int cpu;
  int operation;        // which operation of the program it is in; -1: none, before the first and after the last
  std::uint64_t own;    // steps it has made in this operation, in handlers of interrupts too
  std::uint64_t total;  // steps that all CPUs have made in this run
  int visit = 0;        // how often it has come back here since its last step
};

// What a CPU is about to do: the kind of the event, and what it is about, as far as two of them can be told apart.
struct StepPoint {
  EventKind kind = 0;
  std::uint8_t facts = 0;    // that the event has
  std::uint16_t unused = 0;  // it lies in the world, which has the same bytes each time
  Fact subject = 0;
  // As far as it is known; null: not at all. It is on the CPU's stack, and there as long as the step has not been made.
  const void* event = nullptr;

  bool operator==(const StepPoint& other) const { return kind == other.kind && subject == other.subject; }
};

template <typename E>
constexpr Fact step_subject(const E& event) {
  if constexpr (requires { event.lock.number; }) {
    return event.lock.number | event.lock.owner << 16U;
  } else if constexpr (requires { event.page.frame; }) {
    return event.page.frame;
  } else if constexpr (requires { event.mm + event.page; }) {
    return event.page | event.mm << 16U;
  } else if constexpr (fact_count<E> == 0) {
    return 0;
  } else {
    return std::bit_cast<std::array<Fact, fact_count<E>>>(event)[0];
  }
}

// Of an event that outlives the step.
template <typename E>
constexpr StepPoint step_point(const E& event) {
  return {.kind = kind_of<E>, .facts = fact_count<E>, .subject = step_subject(event), .event = &event};
}

struct Question {
  enum class Occasion : std::uint8_t {
    begin,    // the run begins: no CPU has made a step, each is before its first
    step,     // the CPU is before a step that it can make
    blocked,  // it cannot go on, or has ended
  };

  Occasion occasion;
  Position at;       // at the beginning of the run: of CPU 0
  CpuMask runnable;  // who can make its next step, or take an interrupt; never empty
  // Those of them that will take an interrupt first, or are in its handler, but for the CPU itself.
  CpuMask interrupted;
  // Those that have an interrupt to take and could make a step before, the CPU itself as well: to them latency makes a difference.
  CpuMask can_put_off;
  // What each CPU is about to do, or waits for; but who is interrupted does something else first.
  const StepPoint* next;

  bool can_run(int cpu) const { return (runnable >> static_cast<unsigned>(cpu) & 1U) != 0; }
};

struct Choice {
  enum class Kind : std::uint8_t {
    run,    // `cpu` runs next: the running CPU itself, to go on
    evict,  // the TLB of `cpu` loses its entry for `page`; ask again
    fill,   // the hardware of `cpu` loads a TLB entry for `page`; ask again
    fail,   // the next allocation of memory by `cpu`, which is the running one, fails; ask again
    pause,  // the run rests here until somebody has it go on, and the same is asked again
  };

  Kind kind = Kind::run;
  std::uint8_t cpu = 0;
  std::uint8_t latency = 0;  // run: steps that the CPU still makes before it takes a pending interrupt
  std::uint16_t page = 0;

  bool operator==(const Choice&) const = default;
};

constexpr Choice run_next(int cpu) {
  return {.cpu = static_cast<std::uint8_t>(cpu)};
}

class Chooser {
 public:
  static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

  Chooser() = default;
  Chooser(const Chooser&) = delete;
  Chooser& operator=(const Chooser&) = delete;
  virtual ~Chooser() = default;

  // A run with `cpus` CPUs begins.
  virtual void begin(int cpus) = 0;
  // The number of the step (counted as Position::total) before which it wants to be asked; never: not before the
  // running CPU blocks. Asked when an operation begins, when a CPU comes to run, and after each answer.
  virtual std::uint64_t next_question(const Position& position) = 0;
  virtual Choice choose(const Question& question) = 0;
  // `cpu`, which could not run, can from now on. Returns whether to ask before the next step of `current`.
  virtual bool may_run(int cpu, int current) = 0;
  // The running CPU came to run because it had an interrupt to take, and has taken it.
  virtual void interrupt_taken() = 0;
  // The kinds of events that it waits for in this run, and that one of them has happened; returns whether to ask
  // before the next step of the running CPU.
  virtual EventSet waits_for() const { return {}; }
  virtual bool happened(const EventView& /*event*/) { return false; }
};

}  // namespace shootdown
