/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Comes before every source of the kernel: what it does to the CPU's interrupt flag, in inline assembly, it does to a
 * variable of the CPU instead. */
#ifndef __ASSEMBLY__
asm(".macro cli\n movq $0, %gs:shim_irq_flags(%rip)\n.endm\n"
    ".macro sti\n movq $0x200, %gs:shim_irq_flags(%rip)\n.endm\n"
    ".macro pushf\n pushq %gs:shim_irq_flags(%rip)\n.endm\n");

/* The compiler keeps what the shim calls, although only kernel/fork.c sees it. Since 6.15 it is in mm/mmap.c, for all. */
#include <linux/version.h>
#define kmod_fork 1
#if __KBUILD_MODNAME == kmod_fork && LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
struct mm_struct;
static int dup_mmap(struct mm_struct *child, struct mm_struct *mm) __attribute__((used));
#endif
#undef kmod_fork
#endif
