// SPDX-License-Identifier: GPL-2.0-only
/* No progress, or the end. */
#include <linux/bug.h>
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/panic.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "faults.h"

static void soft_lockup(void)
{
	preempt_disable();
	for (;;)
		cpu_relax();
}

static void hung_task(void)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule();
}

static void nothing(struct rcu_head *head)
{
}

/* A grace period has to be waited for, or nobody misses its end. */
static void rcu_stall(void)
{
	static struct rcu_head waiting;

	call_rcu(&waiting, nothing);
	rcu_read_lock();
	for (;;)
		cpu_relax();
}

static void never_ends(struct work_struct *work)
{
	for (;;)
		cpu_relax();
}

static void never_begins(struct work_struct *work)
{
}

static DECLARE_WORK(endless, never_ends);
static DECLARE_WORK(waiting, never_begins);

/* One keeps the processor, and another waits for it. */
static void workqueue_lockup(void)
{
	schedule_work_on(0, &endless);
	schedule_work_on(0, &waiting);
	msleep(20000);
}

static void warning(void)
{
	WARN(1, "a warning on purpose");
}

static void bug(void)
{
	BUG();
}

static void end_of_the_kernel(void)
{
	panic("a panic on purpose");
}

const struct fault progress_faults[] = {
	{ "soft-lockup", soft_lockup }, { "hung-task", hung_task },
	{ "rcu-stall", rcu_stall },	{ "workqueue-lockup", workqueue_lockup },
	{ "warning", warning },		{ "bug", bug },
	{ "panic", end_of_the_kernel }, {}
};
