// SPDX-License-Identifier: GPL-2.0-only
#include <stdint.h>

#include "mem.h"

/**
 * tl_equal_ct() - compare two secrets in time that depends on @len alone
 * @a: one secret
 * @b: the other
 * @len: length of both in bytes
 *
 * Return: true where all @len bytes are equal; nothing equals nothing.
 */
bool tl_equal_ct(const void *a, const void *b, size_t len)
{
	const uint8_t *x = a, *y = b;
	uint32_t diff = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		diff |= x[i] ^ y[i];
		/* Hide the value, or the compiler may leave the loop early. */
		__asm__ volatile("" : "+r"(diff));
	}

	return diff == 0;
}

/**
 * tl_wipe() - overwrite a secret with zeros
 * @p: the secret
 * @len: its length in bytes
 *
 * Unlike a plain memset() before the end of an object's life, this one
 * survives the optimiser: the compiler must assume that the memory is read.
 */
void tl_wipe(void *p, size_t len)
{
	__builtin_memset(p, 0, len);
	__asm__ volatile("" : : "r"(p) : "memory");
}
