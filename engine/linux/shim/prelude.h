/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Comes before every source of the kernel: what it does to the CPU's interrupt flag, in inline assembly, it does to a
 * variable of the CPU instead. */
#ifndef __ASSEMBLY__
asm(".macro cli\n movq $0, %gs:shim_irq_flags(%rip)\n.endm\n"
    ".macro sti\n movq $0x200, %gs:shim_irq_flags(%rip)\n.endm\n"
    ".macro pushf\n pushq %gs:shim_irq_flags(%rip)\n.endm\n");
#endif
