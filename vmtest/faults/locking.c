// SPDX-License-Identifier: GPL-2.0-only
/* Locks in the wrong order or context, and memory that two write without one. */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "faults.h"

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);
static DEFINE_SPINLOCK(held);

/* Never at the same time, so nothing stops: only a checker of orders sees it. */
static void lock_inversion(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static void recursive_lock(void)
{
	mutex_lock(&first);
	mutex_lock(&first);
	/* Not as a jump, or the report names who called this. */
	barrier();
}

static void sleep_in_atomic(void)
{
	spin_lock(&held);
	might_sleep();
	spin_unlock(&held);
}

static void schedule_in_atomic(void)
{
	preempt_disable();
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_timeout(1);
	/* Where the kernel complains, it has set the count right already. */
	if (preempt_count())
		preempt_enable();
}

static void suspicious_rcu(void)
{
	static int __rcu *pointer;

	(void)rcu_dereference(pointer);
}

static int raced;

static int racer(void *unused)
{
	unsigned int i;

	while (!kthread_should_stop()) {
		for (i = 0; i < 10000; i++) {
			raced++;
			/* Or the compiler adds them all at once. */
			barrier();
		}
		cond_resched();
	}
	return 0;
}

/*
 * Two threads on two processors, and one plain variable. They get seconds: a
 * thread that is stopped before it has run never does, and KCSAN looks at few accesses.
 */
static void race_on_data(void)
{
	struct task_struct *task[2];
	int i;

	for (i = 0; i < 2; i++) {
		task[i] = kthread_create(racer, NULL, "racer/%d", i);
		if (IS_ERR(task[i])) {
			if (i)
				kthread_stop(task[0]);
			return;
		}
		kthread_bind(task[i], i % num_online_cpus());
		wake_up_process(task[i]);
	}
	msleep(2500);
	for (i = 0; i < 2; i++)
		kthread_stop(task[i]);
}

const struct fault locking_faults[] = { { "lock-inversion", lock_inversion },
					{ "recursive-lock", recursive_lock },
					{ "sleep-in-atomic", sleep_in_atomic },
					{ "schedule-in-atomic", schedule_in_atomic },
					{ "suspicious-rcu", suspicious_rcu },
					{ "data-race", race_on_data },
					{} };
