// SPDX-License-Identifier: GPL-2.0-only
/* The portable half as an ordinary program: exhaustive where the self-tests are quick. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "array.h"
#include "mem.h"
#include "selftest.h"

static unsigned int count, failed;

static void ok(bool pass, const char *name)
{
	printf("%sok %u - %s\n", pass ? "" : "not ", ++count, name);
	failed += !pass;
}

/* Every length, every bit in which two secrets can differ. */
static bool equal_ct_sees_every_bit(void)
{
	uint8_t a[40], b[40];
	size_t len, bit;

	for (len = 0; len <= sizeof(a); len++) {
		memset(a, 0x5a, sizeof(a));
		memcpy(b, a, sizeof(b));
		if (!tl_equal_ct(a, b, len))
			return false;
		for (bit = 0; bit < 8 * sizeof(a); bit++) {
			b[bit / 8] ^= 1 << bit % 8;
			if (tl_equal_ct(a, b, len) != (bit / 8 >= len))
				return false;
			b[bit / 8] ^= 1 << bit % 8;
		}
	}

	return true;
}

/* Every length at every alignment, and nothing around it. */
static bool wipe_keeps_to_its_bytes(void)
{
	uint8_t buf[64];
	size_t start, len, i;

	for (start = 0; start < 16; start++) {
		for (len = 0; start + len <= sizeof(buf); len++) {
			memset(buf, 0xa5, sizeof(buf));
			tl_wipe(buf + start, len);
			for (i = 0; i < sizeof(buf); i++) {
				if (buf[i] != (i >= start && i < start + len ? 0 : 0xa5))
					return false;
			}
		}
	}

	return true;
}

int main(void)
{
	unsigned int i;

	printf("1..%u\n", tl_core_selftest_count + 2);
	for (i = 0; i < tl_core_selftest_count; i++)
		ok(tl_core_selftests[i].run(), tl_core_selftests[i].name);
	ok(equal_ct_sees_every_bit(), "equal_ct sees every bit");
	ok(wipe_keeps_to_its_bytes(), "wipe keeps to its bytes");

	return failed != 0;
}
