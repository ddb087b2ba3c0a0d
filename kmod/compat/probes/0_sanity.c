// SPDX-License-Identifier: GPL-2.0-only
/*
 * Must compile on every kernel. Where it does not, the compiler, its flags or
 * the headers are broken, and the answers of all other probes mean nothing.
 */
#include <linux/types.h>

u32 probe(u32 x);
u32 probe(u32 x)
{
	return x;
}
