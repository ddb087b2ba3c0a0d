// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

uint64_t sum(const uint64_t *from, uint64_t count);

int main(void)
{
	static const uint64_t numbers[] = { 1, 20, 300, UINT64_MAX };
	uint64_t got = sum(numbers, 4);

	if (got == 320 && sum(numbers, 0) == 0)
		return 0;
	fprintf(stderr, "sum_test: got %" PRIu64 ", want 320\n", got);
	return 1;
}
