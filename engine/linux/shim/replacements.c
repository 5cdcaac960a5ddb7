// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/* Locks, semaphores, wait queues, calls to other CPUs and registers: replaced in full, as things that the scheduler knows.
 *
 * Keeps: mutual exclusion; that a waiter is woken when what it waits for may be so; that interrupts are sent to the CPUs
 * that the mask and the condition name, and waited for. Which of several waiters comes next is the schedule's choice.
 * Does not keep: fairness of rwsems and queued spinlocks, lockdep. */
#include "shim.h"

static void report_taken(const void *lock, int shared, int tries)
{
	struct shim_lock_name name = shim_name_lock(lock);

	host_lock_taken(lock, name.kind, name.owner, shared, tries);
}

static void report_dropped(const void *lock)
{
	struct shim_lock_name name = shim_name_lock(lock);

	host_lock_dropped(lock, name.kind, name.owner);
}

/* --- sleeping in atomic context --- */

void __might_resched(const char *file, int line, unsigned int offsets)
{
	if (preempt_count() == (int)(offsets & MIGHT_RESCHED_PREEMPT_MASK) && !raw_irqs_disabled())
		return;
	host_code(IP);
	host_sleep_in_atomic();
}
void __might_sleep(const char *file, int line) { __might_resched(file, line, 0); }
void __cant_sleep(const char *file, int line, int offset) {}

/* --- spinlocks --- */

static int is_unlocked(const void *lock)
{
	return atomic_read(&((const raw_spinlock_t *)lock)->raw_lock.val) == 0;
}

static void take(raw_spinlock_t *lock, int tries)
{
	atomic_set(&lock->raw_lock.val, 1);
	lock->owner_cpu = host_cpu();
	report_taken(lock, 0, tries);
}

static void lock(raw_spinlock_t *lock, const void *ip)
{
	preempt_disable();
	host_step_when(lock, is_unlocked, lock, ip);
	take(lock, 0);
}

static void unlock(raw_spinlock_t *lock, const void *ip)
{
	host_step(lock, sizeof(*lock), 1, ip);
	if (is_unlocked(lock))
		host_die("unlock of a spinlock that is not held");
	atomic_set(&lock->raw_lock.val, 0);
	report_dropped(lock);
	host_wake();
	preempt_enable();
}

void __raw_spin_lock_init(raw_spinlock_t *l, const char *name, struct lock_class_key *key, short inner)
{
	atomic_set(&l->raw_lock.val, 0);
}
void _raw_spin_lock(raw_spinlock_t *l) { lock(l, IP); }
void _raw_spin_lock_bh(raw_spinlock_t *l) { lock(l, IP); }
void _raw_spin_lock_irq(raw_spinlock_t *l) { raw_local_irq_disable(); lock(l, IP); }
unsigned long _raw_spin_lock_irqsave(raw_spinlock_t *l)
{
	unsigned long flags;

	raw_local_irq_save(flags);
	lock(l, IP);
	return flags;
}
int _raw_spin_trylock(raw_spinlock_t *l)
{
	host_step(l, sizeof(*l), 1, IP);
	if (!is_unlocked(l))
		return 0;
	preempt_disable();
	take(l, 1);
	return 1;
}
void _raw_spin_unlock(raw_spinlock_t *l) { unlock(l, IP); }
void _raw_spin_unlock_bh(raw_spinlock_t *l) { unlock(l, IP); }
void _raw_spin_unlock_irq(raw_spinlock_t *l) { unlock(l, IP); raw_local_irq_enable(); }
void _raw_spin_unlock_irqrestore(raw_spinlock_t *l, unsigned long flags)
{
	unlock(l, IP);
	raw_local_irq_restore(flags);
}

/* --- rw_semaphores: 1 in the count stands for a writer, 256 for each reader (rwsem_is_locked looks at both) --- */

enum { writer = 1, reader = 256 };

static long count_of(const void *sem) { return atomic_long_read(&((const struct rw_semaphore *)sem)->count); }
static int is_readable(const void *sem) { return (count_of(sem) & writer) == 0; }
static int is_writable(const void *sem) { return count_of(sem) == 0; }

static void count_in(struct rw_semaphore *sem, long by, int tries)
{
	atomic_long_add(by, &sem->count);
	report_taken(sem, by == reader, tries);
}

static void acquire(struct rw_semaphore *sem, long by, const void *ip)
{
	might_sleep();
	host_step_when(sem, by == reader ? is_readable : is_writable, sem, ip);
	count_in(sem, by, 0);
}

static int try_acquire(struct rw_semaphore *sem, long by, const void *ip)
{
	host_step(sem, sizeof(sem->count), 1, ip);
	if (by == reader ? !is_readable(sem) : !is_writable(sem))
		return 0;
	count_in(sem, by, 1);
	return 1;
}

static void release(struct rw_semaphore *sem, long by, const void *ip)
{
	host_step(sem, sizeof(sem->count), 1, ip);
	atomic_long_sub(by, &sem->count);
	report_dropped(sem);
	host_wake();
}

void __init_rwsem(struct rw_semaphore *sem, const char *name, struct lock_class_key *key)
{
	atomic_long_set(&sem->count, 0);
}
void down_read(struct rw_semaphore *sem) { acquire(sem, reader, IP); }
int down_read_killable(struct rw_semaphore *sem) { acquire(sem, reader, IP); return 0; }
int down_read_trylock(struct rw_semaphore *sem) { return try_acquire(sem, reader, IP); }
void up_read(struct rw_semaphore *sem)
{
	shim_before_unlock(sem);
	release(sem, reader, IP);
}
void down_write(struct rw_semaphore *sem) { acquire(sem, writer, IP); }
int down_write_killable(struct rw_semaphore *sem) { acquire(sem, writer, IP); return 0; }
int down_write_trylock(struct rw_semaphore *sem) { return try_acquire(sem, writer, IP); }
void up_write(struct rw_semaphore *sem)
{
	shim_before_unlock(sem);
	release(sem, writer, IP);
}
void downgrade_write(struct rw_semaphore *sem)
{
	release(sem, writer - reader, IP);
	report_taken(sem, 1, 1);
}

/* --- mutexes --- */

static int is_free(const void *mutex) { return atomic_long_read(&((const struct mutex *)mutex)->owner) == 0; }
void mutex_lock(struct mutex *m)
{
	might_sleep();
	host_step_when(m, is_free, m, IP);
	atomic_long_set(&m->owner, 1);
	report_taken(m, 0, 0);
}
void mutex_unlock(struct mutex *m)
{
	host_step(m, sizeof(m->owner), 1, IP);
	atomic_long_set(&m->owner, 0);
	report_dropped(m);
	host_wake();
}

/* --- sleeping and waking --- */

static int is_running(const void *task) { return READ_ONCE(((const struct task_struct *)task)->__state) == TASK_RUNNING; }
void io_schedule(void) { host_wait_until(current, is_running, current); }
void schedule(void) { io_schedule(); }
int __cond_resched(void) { return 0; }
int wake_up_state(struct task_struct *task, unsigned int state)
{
	host_step(&task->__state, sizeof(task->__state), 1, IP);
	if (!(READ_ONCE(task->__state) & state))
		return 0;
	WRITE_ONCE(task->__state, TASK_RUNNING);
	host_wake();
	return 1;
}

int wake_up_process(struct task_struct *task) { return wake_up_state(task, TASK_NORMAL); }
long schedule_timeout_uninterruptible(long timeout)
{
	host_sleep();
	return 0;
}

void __init_waitqueue_head(struct wait_queue_head *head, const char *name, struct lock_class_key *key)
{
	spin_lock_init(&head->lock);
	INIT_LIST_HEAD(&head->head);
}
void add_wait_queue(struct wait_queue_head *head, struct wait_queue_entry *entry) { list_add(&entry->entry, &head->head); }
void remove_wait_queue(struct wait_queue_head *head, struct wait_queue_entry *entry) { list_del(&entry->entry); }
void finish_wait(struct wait_queue_head *head, struct wait_queue_entry *entry)
{
	WRITE_ONCE(current->__state, TASK_RUNNING);
	if (list_empty_careful(&entry->entry))
		return;
	spin_lock(&head->lock);
	list_del_init(&entry->entry);
	spin_unlock(&head->lock);
}
static void wake_all_locked(struct wait_queue_head *head, unsigned int mode, int exclusive, void *key)
{
	struct wait_queue_entry *entry, *next;

	list_for_each_entry_safe(entry, next, &head->head, entry) {
		unsigned int flags = entry->flags;
		int woken = entry->func(entry, mode, 0, key);

		if (woken < 0)
			break;
		if (woken && (flags & WQ_FLAG_EXCLUSIVE) && --exclusive == 0)
			break;
	}
}
#if SINCE_6_2
void __wake_up_locked_key(struct wait_queue_head *head, unsigned int mode, void *key)
{
	wake_all_locked(head, mode, 1, key);
}
#else
void __wake_up_locked_key_bookmark(struct wait_queue_head *head, unsigned int mode, void *key, wait_queue_entry_t *bookmark)
{
	bookmark->flags = 0;
	wake_all_locked(head, mode, 1, key);
}
#endif

/* Bits that are locks. */
struct bit {
	unsigned long *word;
	int number;
};
static int is_clear(const void *bit)
{
	const struct bit *it = bit;

	return (READ_ONCE(*it->word) >> it->number & 1) == 0;
}
int out_of_line_wait_on_bit(void *word, int number, wait_bit_action_f *action, unsigned int mode)
{
	struct bit bit = { word, number };

	host_wait_until(word, is_clear, &bit);
	return 0;
}
int out_of_line_wait_on_bit_lock(void *word, int number, wait_bit_action_f *action, unsigned int mode)
{
	struct bit bit = { word, number };

	host_step_when(word, is_clear, &bit, IP);
	__set_bit(number, word);
	return 0;
}
void wake_up_bit(void *word, int number) { host_wake(); }

/* --- calls to other CPUs --- */

DEFINE_PER_CPU(unsigned long, shim_irq_flags) = 0x200;

struct call {
	smp_call_func_t function;
	void *argument;
	int sender;
};
struct calls {
	struct call queued[linux_max_cpus];
	int count;
	int unanswered; /* of those that this CPU has asked for */
};
static DEFINE_PER_CPU(struct calls, calls);

static int is_answered(const void *own) { return ((const struct calls *)own)->unanswered == 0; }

static void ask(int self, unsigned long cpus, smp_call_func_t function, void *argument)
{
	int cpu;

	host_step(&per_cpu(calls, self), sizeof(struct calls), 1, IP);
	if (raw_irqs_disabled())
		host_sleep_in_atomic();
	host_interrupt_sent(cpus);
	for (cpu = 0; cpu < linux_max_cpus; cpu++) {
		struct calls *its = &per_cpu(calls, cpu);

		if (!(cpus >> cpu & 1))
			continue;
		if (its->count == linux_max_cpus)
			host_die("more calls wait on a CPU than there are CPUs");
		its->queued[its->count++] = (struct call){ function, argument, self };
		per_cpu(calls, self).unanswered++;
		host_send_interrupt(cpu);
	}
}

void on_each_cpu_cond_mask(smp_cond_func_t condition, smp_call_func_t function, void *argument, bool wait,
			   const struct cpumask *mask)
{
	int self = host_cpu(), cpu;
	unsigned long asked = 0;

	for_each_cpu(cpu, mask) {
		if (cpu != self && (!condition || condition(cpu, argument)))
			asked |= 1UL << cpu;
	}
	if (asked)
		ask(self, asked, function, argument);
	if (cpumask_test_cpu(self, mask) && (!condition || condition(self, argument))) {
		unsigned long flags;

		local_irq_save(flags);
		function(argument);
		local_irq_restore(flags);
	}
	if (wait)
		host_wait_until(&per_cpu(calls, self), is_answered, &per_cpu(calls, self));
}

int linux_interrupt_pends(void) { return per_cpu(calls, host_cpu()).count != 0 || shim_disk_ready() || shim_rcu_ready(); }

void linux_interrupt(void)
{
	struct calls *own = &per_cpu(calls, host_cpu());
	unsigned long flags = per_cpu(shim_irq_flags, host_cpu());
	struct call call;

	if (own->count == 0) {
		if (shim_disk_ready())
			shim_disk_interrupt();
		else if (shim_rcu_ready())
			shim_rcu_interrupt();
		return;
	}
	call = own->queued[0];
	own->count--;
	memmove(own->queued, own->queued + 1, own->count * sizeof(call));
	per_cpu(shim_irq_flags, host_cpu()) = 0;
	host_interrupt_taken(call.sender);
	call.function(call.argument);
	per_cpu(shim_irq_flags, host_cpu()) = flags;
	per_cpu(calls, call.sender).unanswered--;
	host_wake();
}

DEFINE_PER_CPU(unsigned long, shim_cr3);

unsigned long linux_read_cr3(void) { return per_cpu(shim_cr3, host_cpu()); }
void linux_write_cr3(unsigned long value) { per_cpu(shim_cr3, host_cpu()) = value; }

int linux_irqs_enabled(int cpu) { return per_cpu(shim_irq_flags, cpu) != 0; }
