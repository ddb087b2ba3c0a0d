// SPDX-License-Identifier: GPL-2.0-only
/*
 * 6.15: show() and store() of struct module_attribute take a pointer to const,
 * so that the attributes of a module can be read-only data.
 */
#include <linux/module.h>

static ssize_t show(const struct module_attribute *a, struct module_kobject *k, char *b)
{
	return 0;
}

const struct module_attribute probe = { .show = show };
