/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's types under the name by which kmod/core asks for them. */
#ifndef TIDELOCK_COMPAT_STDBOOL_H
#define TIDELOCK_COMPAT_STDBOOL_H

#include <linux/stddef.h>
#include <linux/types.h>

#endif
