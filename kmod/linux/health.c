// SPDX-License-Identifier: GPL-2.0-only
/* /sys/module/tidelock/health: one word, "ok" or what is wrong. */
#include <linux/compiler.h>
#include <linux/module.h>
#include <linux/sysfs.h>

#include "driver.h"

static const char *health = "starting";

/**
 * tl_health_set() - change the state that user space sees
 * @word: a string constant without blanks
 */
void tl_health_set(const char *word)
{
	WRITE_ONCE(health, word);
}

/**
 * tl_health() - the state that user space sees
 *
 * Return: one word.
 */
const char *tl_health(void)
{
	return READ_ONCE(health);
}

static ssize_t health_show(tl_module_attribute *attr, struct module_kobject *mk, char *buf)
{
	return sysfs_emit(buf, "%s\n", tl_health());
}

static tl_module_attribute health_attr = __ATTR_RO(health);

int __init tl_health_init(void)
{
	return sysfs_create_file(&THIS_MODULE->mkobj.kobj, &health_attr.attr);
}

/* Waits for readers: none is in health_show() afterwards. */
void tl_health_exit(void)
{
	sysfs_remove_file(&THIS_MODULE->mkobj.kobj, &health_attr.attr);
}
