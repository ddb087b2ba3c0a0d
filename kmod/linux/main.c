// SPDX-License-Identifier: GPL-2.0-only
/* Loading and unloading. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>

#include "../core/version.h"
#include "driver.h"

static int __init tl_init(void)
{
	int err;

	err = tl_selftest();
	if (err)
		return err;

	err = tl_health_init();
	if (err)
		return err;

	err = tl_proc_init();
	if (err)
		goto err_health;

	/* Last: from here on user space may ask. */
	err = tl_netlink_init();
	if (err)
		goto err_proc;

	tl_health_set("ok");
	pr_info("version " TIDELOCK_VERSION " loaded, %u self-tests passed\n",
		tl_selftest_passed());

	return 0;

err_proc:
	tl_proc_exit();
err_health:
	tl_health_exit();

	return err;
}

static void __exit tl_exit(void)
{
	tl_health_set("unloading");
	tl_netlink_exit();
	tl_proc_exit();
	tl_health_exit();
	pr_info("unloaded\n");
}

module_init(tl_init);
module_exit(tl_exit);

MODULE_DESCRIPTION("Workload identity and mutual TLS for unmodified programs");
MODULE_AUTHOR("The Tidelock authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(TIDELOCK_VERSION);

#ifdef TIDELOCK_SELFTEST_FAIL
MODULE_INFO(tidelock_test, "selftest-fail");
#endif
