// SPDX-License-Identifier: GPL-2.0-only
/* Memory that is used wrongly, or lost. */
#include <linux/compiler.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kfence.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "faults.h"

#define SIZE 123

static char global_area[SIZE];
static char sink;

/* One that KFENCE does not watch in KASAN's stead, as it does with a few. */
static __always_inline char *plain_object(void)
{
	char *p = kmalloc(SIZE, GFP_KERNEL);
	char *watched = NULL;

	if (is_kfence_address(p)) {
		watched = p;
		p = kmalloc(SIZE, GFP_KERNEL);
	}
	kfree(watched);
	return p;
}

/* One that KFENCE watches: it takes one allocation in many milliseconds. */
static char *watched_object(void)
{
	unsigned long end = jiffies + 30 * HZ;
	char *p;

	do {
		p = kmalloc(SIZE, GFP_KERNEL);
		if (is_kfence_address(p))
			return p;
		kfree(p);
		usleep_range(1000, 2000);
	} while (time_before(jiffies, end));
	return NULL;
}

/* The compiler must not know where the pointer leads, or it knows too much. */
static noinline char *hide(char *p)
{
	OPTIMIZER_HIDE_VAR(p);
	return p;
}

static void use_after_free(void)
{
	char *p = plain_object();

	if (!p)
		return;
	kfree(p);
	WRITE_ONCE(sink, READ_ONCE(*hide(p)));
}

static void slab_out_of_bounds(void)
{
	char *p = plain_object();

	if (!p)
		return;
	WRITE_ONCE(*(hide(p) + SIZE), 'x');
	kfree(p);
}

static void kfence_use_after_free(void)
{
	char *p = watched_object();

	if (!p)
		return;
	kfree(p);
	WRITE_ONCE(sink, READ_ONCE(*hide(p)));
}

static void stack_out_of_bounds(void)
{
	char area[16] = {};

	WRITE_ONCE(sink, READ_ONCE(*(hide(area) + sizeof(area))));
}

static void global_out_of_bounds(void)
{
	WRITE_ONCE(sink, READ_ONCE(*(hide(global_area) + SIZE)));
}

static void double_free(void)
{
	char *p = plain_object();

	if (!p)
		return;
	kfree(p);
	kfree(hide(p));
	/* Not as a jump, or the report names who called this. */
	barrier();
}

static void leak(void)
{
	char *p = plain_object();

	if (p)
		WRITE_ONCE(*hide(p), 'x');
}

static void null_dereference(void)
{
	WRITE_ONCE(sink, READ_ONCE(*hide(NULL)));
}

/* Written to after the allocator has got it back. */
static void page_use_after_free(void)
{
	struct page *page = alloc_page(GFP_KERNEL);
	char *p;

	if (!page)
		return;
	p = page_address(page);
	__free_page(page);
	WRITE_ONCE(*hide(p), 'x');
}

/* As a device would write, or what is not compiled with KASAN. */
static noinline __no_sanitize_address void write_unseen(char *p)
{
	WRITE_ONCE(*p, 'x');
}

/* Written to while nobody has it, and seen when somebody gets it. */
static void page_poison(void)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct page *again[16];
	size_t i;

	if (!page)
		return;
	__free_page(page);
	write_unseen(hide(page_address(page)));
	for (i = 0; i < ARRAY_SIZE(again); i++)
		again[i] = alloc_page(GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(again); i++)
		if (again[i])
			__free_page(again[i]);
}

static noinline int deeper(int depth)
{
	char area[512];

	memset(hide(area), depth, sizeof(area));
	if (depth > 100000)
		return area[0];
	return deeper(depth + 1) + area[depth % sizeof(area)];
}

static void stack_overflow(void)
{
	WRITE_ONCE(sink, deeper(0));
}

static void shift_out_of_bounds(void)
{
	int by = 40;

	OPTIMIZER_HIDE_VAR(by);
	WRITE_ONCE(sink, 1 << by);
}

const struct fault memory_faults[] = { { "use-after-free", use_after_free },
				       { "slab-out-of-bounds", slab_out_of_bounds },
				       { "stack-out-of-bounds", stack_out_of_bounds },
				       { "global-out-of-bounds", global_out_of_bounds },
				       { "double-free", double_free },
				       { "leak", leak },
				       { "null-dereference", null_dereference },
				       { "page-use-after-free", page_use_after_free },
				       { "page-poison", page_poison },
				       { "kfence-use-after-free", kfence_use_after_free },
				       { "stack-overflow", stack_overflow },
				       { "shift-out-of-bounds", shift_out_of_bounds },
				       {} };
