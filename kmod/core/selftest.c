// SPDX-License-Identifier: GPL-2.0-only
#include <stddef.h>
#include <stdint.h>

#include "array.h"
#include "mem.h"
#include "selftest.h"

/*
 * A module built with TIDELOCK_SELFTEST_FAIL expects one wrong answer. It is
 * how a test sees the refusal to load: the shipped module has no switch for it.
 */
#ifdef TIDELOCK_SELFTEST_FAIL
#define ANSWER_OF_EQUAL false
#else
#define ANSWER_OF_EQUAL true
#endif

static const struct {
	uint8_t a[8], b[8];
	size_t len;
	bool equal;
} equal_ct_vectors[] = {
	{ { 0 }, { 0xff }, 0, true },
	{ { 1, 2, 3, 4, 5, 6, 7, 8 }, { 1, 2, 3, 4, 5, 6, 7, 8 }, 8, ANSWER_OF_EQUAL },
	{ { 0x00, 2, 3 }, { 0x80, 2, 3 }, 3, false }, /* first byte */
	{ { 1, 2, 3 }, { 1, 2, 2 }, 3, false }, /* last byte */
	{ { 0x0f, 0xf0 }, { 0xf0, 0x0f }, 2, false }, /* differences that cancel out */
	{ { 1, 2, 3 }, { 1, 2, 9 }, 2, true }, /* a difference beyond the end */
};

static bool test_equal_ct(void)
{
	size_t i;

	for (i = 0; i < TL_COUNT(equal_ct_vectors); i++) {
		if (tl_equal_ct(equal_ct_vectors[i].a, equal_ct_vectors[i].b,
				equal_ct_vectors[i].len) != equal_ct_vectors[i].equal)
			return false;
	}

	return true;
}

static bool test_wipe(void)
{
	uint8_t secret[33], zeros[31] = { 0 };
	size_t i;

	for (i = 0; i < sizeof(secret); i++)
		secret[i] = 0xa5;
	tl_wipe(secret + 1, sizeof(zeros));

	/* All of what was asked, and not a byte around it. */
	return tl_equal_ct(secret + 1, zeros, sizeof(zeros)) && secret[0] == 0xa5 &&
	       secret[sizeof(secret) - 1] == 0xa5;
}

const struct tl_selftest tl_core_selftests[] = {
	{ "equal_ct", test_equal_ct },
	{ "wipe", test_wipe },
};

const unsigned int tl_core_selftest_count = TL_COUNT(tl_core_selftests);
