#include "fuzz/explain/activity.h"

#include <algorithm>
#include <map>

namespace shootdown {

namespace {

// The last that `fits` and has not ended yet.
template <typename Things, typename Fits>
auto* find_open(Things& things, const Fits& fits) {
  const auto found =
      std::find_if(things.rbegin(), things.rend(), [&](const auto& thing) { return !thing.span.end && fits(thing); });
  return found == things.rend() ? nullptr : &*found;
}

}  // namespace

std::vector<HeldLock> held_locks(const Trace& trace) {
  std::vector<HeldLock> locks;
  for (std::size_t i = 0; i < trace.events().size(); ++i) {
    const AnyEvent& any = trace.events()[i];
    const auto end = [&](const LockFact& lock) {
      HeldLock* const held =
          find_open(locks, [&](const HeldLock& other) { return other.cpu == any.cpu && other.lock == lock; });
      if (held != nullptr) held->span.end = i;
    };
    if (any.is<event::TakeLock>()) {
      const auto take = any.as<event::TakeLock>();
      if (take.taken != 0)
        locks.push_back(
            {.cpu = any.cpu, .span = {.begin = i, .end = {}}, .lock = take.lock, .shared = take.shared != 0});
    } else if (any.is<event::DropLock>()) {
      end(any.as<event::DropLock>().lock);
    } else if (any.is<event::DowngradeLock>()) {
      const LockFact lock = any.as<event::DowngradeLock>().lock;
      end(lock);
      locks.push_back({.cpu = any.cpu, .span = {.begin = i, .end = {}}, .lock = lock, .shared = true});
    }
  }
  return locks;
}

std::vector<Interrupt> interrupts(const Trace& trace) {
  std::vector<Interrupt> sent;
  for (std::size_t i = 0; i < trace.events().size(); ++i) {
    const AnyEvent& any = trace.events()[i];
    if (any.is<event::SendInterrupt>()) {
      const Fact cpus = any.as<event::SendInterrupt>().cpus;
      for (int to = 0; to < max_cpus; ++to) {
        if ((cpus >> to & 1U) != 0) sent.push_back({.from = any.cpu, .to = to, .span = {.begin = i, .end = {}}});
      }
    } else if (any.is<event::TakeInterrupt>()) {
      const auto from = static_cast<int>(any.as<event::TakeInterrupt>().sender);
      Interrupt* const taken =
          find_open(sent, [&](const Interrupt& other) { return other.from == from && other.to == any.cpu; });
      if (taken != nullptr) taken->span.end = i;
    }
  }
  return sent;
}

std::vector<StuckCpu> stuck_cpus(const Trace& trace) {
  std::map<int, std::size_t> waiting;  // CPUs whose last own event it is
  for (std::size_t i = 0; i < trace.events().size(); ++i) {
    const AnyEvent& any = trace.events()[i];
    if (any.is<event::RunEnds>()) continue;
    if (any.is<event::WaitForLock>()) {
      waiting.emplace(any.cpu, i);
    } else if (!any.is<event::TakeInterrupt>() && !any.is<event::FlushTranslation>()) {
      waiting.erase(any.cpu);
    }
  }
  const std::vector<HeldLock> locks = held_locks(trace);
  std::vector<StuckCpu> stuck;
  for (const auto& [cpu, event] : waiting) {
    StuckCpu& one = stuck.emplace_back(StuckCpu{
        .cpu = cpu, .event = event, .lock = trace.events()[event].as<event::WaitForLock>().lock, .holders = {}});
    for (const HeldLock& held : locks) {
      if (!held.span.end && held.lock == one.lock) one.holders.push_back(held.cpu);
    }
  }
  return stuck;
}

}  // namespace shootdown
