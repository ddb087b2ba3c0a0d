/* SPDX-License-Identifier: GPL-2.0-only */
/* The version of the driver, as modinfo, netlink and the logs show it. */
#ifndef TIDELOCK_CORE_VERSION_H
#define TIDELOCK_CORE_VERSION_H

/* A release build may give its own: -DTIDELOCK_VERSION='"1.2.3"'. */
#ifndef TIDELOCK_VERSION
#define TIDELOCK_VERSION "0.1.0"
#endif

#endif
