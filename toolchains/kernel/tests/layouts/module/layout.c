// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module that needs every program of the kernel's build system: fixdep for
 * any source, modpost for any module, genksyms because it exports a symbol,
 * and objtool because it has functions.
 */
#include <linux/export.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/slab.h>

int layout_sum(const u8 *bytes, size_t length);

int layout_sum(const u8 *bytes, size_t length)
{
	int sum = 0;

	while (length--)
		sum += *bytes++;
	return sum;
}
EXPORT_SYMBOL_GPL(layout_sum);

static int __init layout_init(void)
{
	u8 *page = kzalloc(64, GFP_KERNEL);

	if (!page)
		return -ENOMEM;
	pr_info("sum %d\n", layout_sum(page, 64));
	kfree(page);
	return 0;
}

static void __exit layout_exit(void)
{
}

module_init(layout_init);
module_exit(layout_exit);

MODULE_DESCRIPTION("Module for kernels in other distributions' layouts");
MODULE_LICENSE("GPL");
