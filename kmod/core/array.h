/* SPDX-License-Identifier: GPL-2.0-only */
/* Length of an array, in the kernel and out of it. */
#ifndef TIDELOCK_CORE_ARRAY_H
#define TIDELOCK_CORE_ARRAY_H

#define TL_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
