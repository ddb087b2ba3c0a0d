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

/* A work that keeps the processor is set aside, unless it may not be preempted. */
static void takes_long(struct work_struct *work)
{
	preempt_disable();
	mdelay(15000);
	preempt_enable();
}

static void has_to_wait(struct work_struct *work)
{
}

static DECLARE_WORK(first, takes_long);
static DECLARE_WORK(second, has_to_wait);

static void workqueue_lockup(void)
{
	schedule_work_on(0, &first);
	schedule_work_on(0, &second);
	flush_work(&second);
	flush_work(&first);
}

static void warning(void)
{
	WARN(1, "on purpose");
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
