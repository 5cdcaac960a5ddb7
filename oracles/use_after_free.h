// The kernel's own code does not use what it has freed.
//
// Proves: in the run it touched no object and no page frame after it had been freed, and freed none a second time; on a model,
// where page tables are no page frames: it neither walked nor locked one that had been freed. What is freed after a grace
// period of RCU is free only when that is over; objects of a cache that is SLAB_TYPESAFE_BY_RCU are never free to whoever
// looks, nor is a struct page.
//
// Sees what the code announces: not what assembly and the code that KCSAN leaves out touch. Objects are never used again
// within a run, so none hides there; but a page frame is, and who touches it then through an old pointer is not seen.
// What user programs reach through old translations is for stale-access.
#pragma once

#include "oracles/oracle.h"

namespace shootdown {

class UseAfterFree final : public Oracle<event::UseFreed> {
 public:
  using Oracle::Oracle;

  void on(int cpu, const event::UseFreed& event) {
    const bool object = event.frame == no_fact;
    using enum event::UseFreed::How;
    if (event.how == walks) {
      violate_in_words(cpu, "{} comes to a page table that has been freed", event.function);
    } else if (event.how == touches && object) {
      violate_in_words(cpu, "{} touches an object that has been freed", event.function);
    } else if (event.how == touches) {
      violate_in_words(cpu, "{} touches what is in page frame {}, which is free", event.function, event.frame);
    } else if (object) {
      violate_in_words(cpu, "{} frees an object that has been freed", event.function);
    } else {
      violate_in_words(cpu, "{} frees page frame {}, which is free", event.function, event.frame);
    }
  }
};

}  // namespace shootdown
