/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's types under the name by which kmod/core asks for them. */
#ifndef TIDELOCK_COMPAT_STDINT_H
#define TIDELOCK_COMPAT_STDINT_H

#include <linux/types.h>

#endif
