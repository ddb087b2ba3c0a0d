/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/*
 * The interface between the tidelock kernel module and programs.
 * tidelock.yaml specifies the generic netlink family; a test compares the two.
 */
#ifndef _UAPI_LINUX_TIDELOCK_H
#define _UAPI_LINUX_TIDELOCK_H

#define TIDELOCK_FAMILY_NAME "tidelock"
#define TIDELOCK_FAMILY_VERSION 1

/* Counts up when a program written for an older module has to know better. */
#define TIDELOCK_ABI 1

/*
 * getsockopt(fd, SOL_TIDELOCK, TIDELOCK_PEER, ...) tells a program who is at
 * the other end. The level is "TL" in ASCII, far from the numbers that the
 * kernel hands out one after the other.
 */
#define TIDELOCK_SOL 21580
#define SOL_TIDELOCK TIDELOCK_SOL
#define TIDELOCK_PEER 1

/**
 * enum tidelock_cap - what the loaded module can do
 * @TIDELOCK_CAP_KTLS: the kernel that it was built for has the TLS record
 *   layer (CONFIG_TLS), built in or as a module
 */
enum tidelock_cap {
	TIDELOCK_CAP_KTLS = 1 << 0,
};

enum {
	TIDELOCK_A_INFO_ABI = 1,
	TIDELOCK_A_INFO_VERSION,
	TIDELOCK_A_INFO_KERNEL_RELEASE,
	TIDELOCK_A_INFO_CAPS,
	TIDELOCK_A_INFO_HEALTH,
	TIDELOCK_A_INFO_SELFTESTS,

	__TIDELOCK_A_INFO_MAX,
	TIDELOCK_A_INFO_MAX = (__TIDELOCK_A_INFO_MAX - 1)
};

enum {
	TIDELOCK_CMD_GET_INFO = 1,

	__TIDELOCK_CMD_MAX,
	TIDELOCK_CMD_MAX = (__TIDELOCK_CMD_MAX - 1)
};

#endif /* _UAPI_LINUX_TIDELOCK_H */
