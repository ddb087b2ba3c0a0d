/* SPDX-License-Identifier: GPL-2.0-only */
/* Known answers that the portable half must give before it may be used. */
#ifndef TIDELOCK_CORE_SELFTEST_H
#define TIDELOCK_CORE_SELFTEST_H

#include <stdbool.h>

/**
 * struct tl_selftest - one test of the portable half
 * @name: how the log names it
 * @run: says whether the test passed
 */
struct tl_selftest {
	const char *name;
	bool (*run)(void);
};

extern const struct tl_selftest tl_core_selftests[];
extern const unsigned int tl_core_selftest_count;

#endif
