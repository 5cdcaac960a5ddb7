// The kernel's own code does not complain.
//
// Proves: in the run no WARN, BUG or assertion (VM_BUG_ON, VM_WARN_ON) of the kernel's was hit, it printed no error
// ("Bad page map", "Bad page state"), and it touched no address where there is no memory.
//
// Believes the kernel: who complains without cause breaks it, and a mistake that no assertion looks for does not. Of a
// message the text is told, not the numbers that were put into it. Only what comes first in a run is told; after a WARN the
// code goes on, after a BUG or a wild access the run ends, and whatever else it would have broken is not seen.
//
// A model has those of the kernel's assertions that say something about how pages are unmapped and saved
// (engine/kernel/texts.h), and no wild addresses.
#pragma once

#include "oracles/oracle.h"

namespace shootdown {

class KernelWarnings final : public Oracle<event::KernelWarns> {
 public:
  using Oracle::Oracle;

  void on(int cpu, const event::KernelWarns& event) {
    using enum event::KernelWarns::How;
    switch (event.how) {
      case warns: return violate_in_words(cpu, "the kernel warns at {}", event.text);
      case stops: return violate_in_words(cpu, "the kernel stops at {}", event.text);
      case prints: return violate_in_words(cpu, "the kernel says: {}", event.text);
      case touches:
        return violate_in_words(cpu, "{} touches an address where nothing is: {:#010x}{:08x}", event.text,
                                event.address_high, event.address_low);
    }
  }
};

}  // namespace shootdown
