// SPDX-License-Identifier: GPL-2.0-only
/* Counts, lists and timers that are handled wrongly. */
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/timer.h>

#include "faults.h"

static void refcount_underflow(void)
{
	refcount_t count = REFCOUNT_INIT(0);

	/* What the count stood for is gone already. */
	if (refcount_dec_and_test(&count))
		return;
}

static void list_corruption(void)
{
	struct list_head head, one, two;

	INIT_LIST_HEAD(&head);
	list_add(&one, &head);
	list_add(&two, &head);
	one.prev = &head;
	list_del(&one);
}

static void nothing(struct timer_list *timer)
{
}

static void timer_freed_while_active(void)
{
	struct timer_list *timer = kmalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return;
	timer_setup(timer, nothing, 0);
	mod_timer(timer, jiffies + HZ);
	kfree(timer);
}

const struct fault object_faults[] = { { "refcount-underflow", refcount_underflow },
				       { "list-corruption", list_corruption },
				       { "timer-freed-while-active", timer_freed_while_active },
				       {} };
