// What of the kernel's code a CPU does not let a user program do: instructions that flush the TLB trap, and are done to
// the simulated one; so do WARN and BUG, and accesses to what nobody provides.
#pragma once

namespace shootdown {

// From now on, in this process.
void install_linux_traps();

}  // namespace shootdown
