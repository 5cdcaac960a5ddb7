// What of the kernel's code a CPU does not let a user program do: instructions that flush the TLB trap, and are done to
// the simulated one. WARN, BUG and accesses to where there is no memory trap too, and are reported to the run
// (event::KernelWarns): after a WARN the code goes on; else its run ends, and the process goes on with the next.
//
// What is the tool's own fault ends the process: code that needs what nobody provides, an instruction that is not
// emulated, a fault that is not the kernel's.
#pragma once

namespace shootdown {

// From now on, in this process.
void install_linux_traps();

}  // namespace shootdown
