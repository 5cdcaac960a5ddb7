// The kernel's own assertions, which an oracle judges (event::KernelWarns).
//
// Follows include/linux/mmdebug.h and include/asm-generic/bug.h of Linux 6.1 with CONFIG_DEBUG_VM. An assertion that is
// hit says that the kernel is wrong; if a SHOOTDOWN_CHECK is, the model is. What an assertion looks at is touched as
// anything else is: in a step, or said by also_reads. Left out is what another oracle judges at the same place, after
// which the run goes on: that a page which leaves its file is not mapped.
#pragma once

#include "engine/kernel/kernel.h"
#include "engine/kernel/texts.h"

namespace shootdown {

// Which one, in words of the list.
template <TextFact::Kind Kind>
class KernelText {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): a text is meant
  consteval KernelText(const char* text) : text_(text_of(Kind, text)) {}
  TextFact fact() const { return text_; }

 private:
  TextFact text_;
};
using Assertion = KernelText<TextFact::Kind::place>;
using Message = KernelText<TextFact::Kind::message>;

// BUG_ON, VM_BUG_ON: if it is hit, the CPU cannot go on, and the run ends here.
inline void bug_on(const Task& current, bool hit, Assertion assertion) {
  if (!hit) return;
  note(current, event::KernelWarns{.how = event::KernelWarns::How::stops, .text = assertion.fact()});
  current.kernel->sched.stop();
}

// WARN_ON, VM_WARN_ON: it goes on.
inline void warn_on(const Task& current, bool hit, Assertion assertion) {
  if (hit) note(current, event::KernelWarns{.how = event::KernelWarns::How::warns, .text = assertion.fact()});
}

// pr_alert and the like, of what is wrong.
inline void print_error(const Task& current, Message message) {
  note(current, event::KernelWarns{.how = event::KernelWarns::How::prints, .text = message.fact()});
}

}  // namespace shootdown
