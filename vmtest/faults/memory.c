// SPDX-License-Identifier: GPL-2.0-only
/* Memory that is used wrongly, or lost. */
#include <linux/compiler.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "faults.h"

#define SIZE 123

static char global_area[SIZE];
static volatile char sink;

/* The compiler must not know where the pointer leads, or it knows too much. */
static noinline char *hide(char *p)
{
	OPTIMIZER_HIDE_VAR(p);
	return p;
}

static void use_after_free(void)
{
	char *p = kmalloc(SIZE, GFP_KERNEL);

	if (!p)
		return;
	kfree(p);
	sink = *(volatile char *)hide(p);
}

static void slab_out_of_bounds(void)
{
	char *p = kmalloc(SIZE, GFP_KERNEL);

	if (!p)
		return;
	*(volatile char *)(hide(p) + SIZE) = 'x';
	kfree(p);
}

static void stack_out_of_bounds(void)
{
	char area[16] = {};

	sink = *(volatile char *)(hide(area) + sizeof(area));
}

static void global_out_of_bounds(void)
{
	sink = *(volatile char *)(hide(global_area) + SIZE);
}

static void double_free(void)
{
	char *p = kmalloc(SIZE, GFP_KERNEL);

	if (!p)
		return;
	kfree(p);
	kfree(hide(p));
	/* Not as a jump, or the report names who called this. */
	barrier();
}

static void leak(void)
{
	char *p = kmalloc(SIZE, GFP_KERNEL);

	if (p)
		*(volatile char *)hide(p) = 'x';
}

static void null_dereference(void)
{
	sink = *(volatile char *)hide(NULL);
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
	*(volatile char *)hide(p) = 'x';
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
	sink = deeper(0);
}

static void shift_out_of_bounds(void)
{
	int by = 40;

	OPTIMIZER_HIDE_VAR(by);
	sink = 1 << by;
}

const struct fault memory_faults[] = { { "use-after-free", use_after_free },
				       { "slab-out-of-bounds", slab_out_of_bounds },
				       { "stack-out-of-bounds", stack_out_of_bounds },
				       { "global-out-of-bounds", global_out_of_bounds },
				       { "double-free", double_free },
				       { "leak", leak },
				       { "null-dereference", null_dereference },
				       { "page-use-after-free", page_use_after_free },
				       { "stack-overflow", stack_overflow },
				       { "shift-out-of-bounds", shift_out_of_bounds },
				       {} };
