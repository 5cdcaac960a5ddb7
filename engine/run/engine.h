// What a program can be run on.
//
// An engine is a way of unmapping pages, in the kernel that it belongs to. It says
// what it claims, and makes kernels. It holds no state: all that changes belongs to
// the run.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/claims.h"
#include "engine/events/event.h"
#include "engine/run/run.h"

namespace shootdown {

class Engine {
 public:
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  virtual ~Engine() = default;

  virtual std::string_view name() const = 0;
  // One sentence: the order of events, and where it is from.
  virtual std::string_view summary() const = 0;
  // An engine claims every guarantee but these.
  virtual std::span<const NotClaimed> not_claimed() const = 0;
  // The kinds of events that runs on it send. Who needs another one does not judge it, whatever it claims.
  virtual EventSet sends() const = 0;
  // Why it cannot run a program, as what follows "NAME cannot run it: "; empty: it can.
  virtual std::string refusal(const Program& /*program*/) const { return {}; }
  // Whether there are programs that it refuses; and changes one that it refuses, as far as that goes, into one that it
  // does not: numbers into those that it has, things that it cannot do into none. What operations name may lie beyond a machine that
  // has become smaller: who adapts a program brings it back (fuzz/replay/adapt.h).
  virtual bool refuses_some() const { return false; }
  virtual void adapt(Program& /*program*/) const {}
  // Makes a kernel for one run, in its arena, of a program that it does not refuse.
  virtual Run& boot(const RunSetup& setup) const = 0;
};

}  // namespace shootdown
