/* SPDX-License-Identifier: GPL-2.0-only */
/* Comparing and erasing secrets. */
#ifndef TIDELOCK_CORE_MEM_H
#define TIDELOCK_CORE_MEM_H

#include <stdbool.h>
#include <stddef.h>

bool tl_equal_ct(const void *a, const void *b, size_t len);
void tl_wipe(void *p, size_t len);

#endif
