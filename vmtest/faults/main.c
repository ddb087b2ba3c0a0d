// SPDX-License-Identifier: GPL-2.0-only
/*
 * Really commits the faults that the harness has to recognise. A test writes the
 * name of one to /sys/module/faults/parameters/commit.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "faults.h"

static const struct fault *const lists[] = {
	memory_faults,
	locking_faults,
	progress_faults,
	object_faults,
};

static const struct fault *find(const char *name)
{
	const struct fault *f;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lists); i++)
		for (f = lists[i]; f->name; f++)
			if (sysfs_streq(name, f->name))
				return f;
	return NULL;
}

static int commit(const char *name, const struct kernel_param *kp)
{
	const struct fault *f = find(name);

	if (!f)
		return -ENOENT;
	pr_info("committing %s\n", f->name);
	f->commit();
	pr_info("survived %s\n", f->name);
	return 0;
}

static int list(char *buffer, const struct kernel_param *kp)
{
	const struct fault *f;
	int n = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lists); i++)
		for (f = lists[i]; f->name; f++)
			n += scnprintf(buffer + n, PAGE_SIZE - n, "%s\n", f->name);
	return n;
}

static const struct kernel_param_ops commit_ops = {
	.set = commit,
	.get = list,
};

module_param_cb(commit, &commit_ops, NULL, 0600);
MODULE_PARM_DESC(commit, "Name of the fault to commit; reading lists them");

static int __init faults_init(void)
{
	return 0;
}
module_init(faults_init);

static void __exit faults_exit(void)
{
}
module_exit(faults_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION(
	"Commits faults for tests of a harness; never load it on a machine that is worth anything");
