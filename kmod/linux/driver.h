/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the kernel half know of each other. */
#ifndef TIDELOCK_LINUX_DRIVER_H
#define TIDELOCK_LINUX_DRIVER_H

#define TL_NAME "tidelock"

/* selftest.c */
int tl_selftest(void);
unsigned int tl_selftest_passed(void);

/* health.c */
int tl_health_init(void);
void tl_health_exit(void);
void tl_health_set(const char *word);
const char *tl_health(void);

/* proc.c */
int tl_proc_init(void);
void tl_proc_exit(void);

/* netlink.c */
int tl_netlink_init(void);
void tl_netlink_exit(void);

#endif
