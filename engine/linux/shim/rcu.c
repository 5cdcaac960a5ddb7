// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/* RCU: grace periods, and what is done after them.
 *
 * A CPU is in a read side while it may not be preempted: it has called rcu_read_lock, holds a spinlock, or has interrupts
 * off; that is what RCU promises. Whoever calls call_rcu waits for those CPUs that are in one at that moment, and each is
 * seen to have left it at its next access to memory outside of any. When the last has, the caller's CPU gets an interrupt,
 * and does the call there, in order; how late it takes it is the schedule's choice, and at the latest it is when the CPU
 * has nothing else to do, before the run ends. So a grace period is as short as the promise allows: real ones are much
 * longer.
 *
 * Does not keep: callbacks on other CPUs than the caller's (offloading); that softirqs, in which callbacks run, wait
 * while spin_lock_bh is held. No callback of mm/ takes a lock. */
#include <linux/rcupdate.h>

#include "shim.h"

/* Calls of a CPU that wait for the same CPUs. */
struct batch {
	unsigned long inside; /* which have not yet left the read side that they were in, a bit for each */
	struct rcu_head *first, *last;
};
/* Of a CPU, the oldest first: whom it waits for, all later ones wait for, too. */
struct batches {
	struct batch of[8];
	int count;
};
static DEFINE_PER_CPU(struct batches, batches);

int linux_grace_periods;

int shim_is_inside(int cpu)
{
#if SINCE_6_2
	int count = per_cpu(pcpu_hot.preempt_count, cpu);
#else
	int count = per_cpu(__preempt_count, cpu);
#endif

	return (count & ~PREEMPT_NEED_RESCHED) != 0 || !linux_irqs_enabled(cpu);
}

static unsigned long all_inside(void)
{
	unsigned long inside = 0;
	int cpu;

	for (cpu = 0; cpu < linux_max_cpus; cpu++)
		inside |= (unsigned long)shim_is_inside(cpu) << cpu;
	return inside;
}

static void leave(struct batch *batch, int cpu, int left)
{
	if (!(batch->inside >> left & 1))
		return;
	batch->inside &= ~(1UL << left);
	if (batch->inside)
		return;
	linux_grace_periods--;
	host_send_interrupt(cpu);
}

void linux_quiescent(int left)
{
	int cpu, i;

	if (shim_is_inside(left))
		return;
	for (cpu = 0; cpu < linux_max_cpus; cpu++) {
		struct batches *its = &per_cpu(batches, cpu);

		for (i = 0; i < its->count; i++)
			leave(&its->of[i], cpu, left);
	}
}

/* A new batch; where there is no room for it, the last one, which then waits for longer. */
static struct batch *batch_for(struct batches *own, unsigned long inside)
{
	struct batch *batch = &own->of[own->count - 1];

	if (own->count == ARRAY_SIZE(own->of)) {
		linux_grace_periods += !batch->inside && inside;
		batch->inside |= inside;
		return batch;
	}
	batch = &own->of[own->count++];
	*batch = (struct batch){ .inside = inside };
	linux_grace_periods += inside != 0;
	return batch;
}

void call_rcu(struct rcu_head *head, rcu_callback_t function)
{
	int cpu = host_cpu();
	struct batch *batch = batch_for(&per_cpu(batches, cpu), all_inside());

	head->func = function;
	head->next = NULL;
	if (batch->first)
		batch->last->next = head;
	else
		batch->first = head;
	batch->last = head;
	if (!batch->inside)
		host_send_interrupt(cpu);
}

int shim_rcu_ready(void)
{
	const struct batches *own = &per_cpu(batches, host_cpu());

	return own->count != 0 && !own->of[0].inside;
}

void shim_rcu_interrupt(void)
{
	struct batches *own = &per_cpu(batches, host_cpu());
	struct rcu_head *head = own->of[0].first, *next;

	own->count--;
	memmove(own->of, own->of + 1, own->count * sizeof(own->of[0]));
	preempt_count_add(SOFTIRQ_OFFSET);
	for (; head; head = next) {
		next = head->next;
		head->func(head);
	}
	preempt_count_sub(SOFTIRQ_OFFSET);
}

struct waiter {
	struct rcu_head head;
	int is_over;
};
static int is_over(const void *waiter) { return ((const struct waiter *)waiter)->is_over; }
static void end_wait(struct rcu_head *head)
{
	container_of(head, struct waiter, head)->is_over = 1;
	host_wake();
}
void synchronize_rcu(void)
{
	struct waiter waiter = { .is_over = 0 };

	might_sleep();
	call_rcu(&waiter.head, end_wait);
	host_wait_until(&waiter, is_over, &waiter);
}
void synchronize_rcu_expedited(void) { synchronize_rcu(); }
