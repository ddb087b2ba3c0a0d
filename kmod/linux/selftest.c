// SPDX-License-Identifier: GPL-2.0-only
/* The module refuses to load rather than run with a part that is broken. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cache.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/utsname.h>
#include <generated/utsrelease.h>

#include "../core/selftest.h"
#include "driver.h"

static unsigned int passed __ro_after_init;

/*
 * A kernel with MODVERSIONS takes a module of another release where the
 * checksums of the symbols agree. They say nothing of behaviour, and this
 * module is built and proved for each release, so it insists.
 */
static int __init tl_selftest_release(void)
{
	const char *running = init_utsname()->release;

	if (!strcmp(running, UTS_RELEASE))
		return 0;

	pr_err("self-test release failed: built for " UTS_RELEASE ", running %s\n", running);

	return -ENOEXEC;
}

/**
 * tl_selftest() - run all self-tests, stop at the first that fails
 *
 * Return: 0, or -ENOEXEC for a foreign kernel, or -EINVAL for a wrong answer;
 * the log names the test.
 */
int __init tl_selftest(void)
{
	unsigned int i;
	int err;

	err = tl_selftest_release();
	if (err)
		return err;
	passed = 1;

	for (i = 0; i < tl_core_selftest_count; i++) {
		const struct tl_selftest *t = &tl_core_selftests[i];

		if (!t->run()) {
			pr_err("self-test %s failed: refusing to load\n", t->name);
			return -EINVAL;
		}
		passed++;
	}

	return 0;
}

/**
 * tl_selftest_passed() - how many self-tests passed when the module was loaded
 *
 * Return: their number.
 */
unsigned int tl_selftest_passed(void)
{
	return passed;
}
