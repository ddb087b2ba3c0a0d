// SPDX-License-Identifier: Apache-2.0
/* One fault of each kind, for a sanitizer to catch. The offsets come from argc, which is 2. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile int sink;

static int heap_overflow(int two)
{
	char *p = calloc(1, 8);

	sink = p[two * 4];
	free(p);
	return 0;
}

static int use_after_free(int two)
{
	char *p = calloc(1, 8);

	free(p);
	sink = p[two];
	return 0;
}

static int stack_overflow(int two)
{
	volatile char p[8] = { 0 };

	sink = p[two * 4];
	return 0;
}

static int leak(int two)
{
	void *volatile p = malloc(two * 50);

	p = NULL;
	return p != NULL;
}

static int signed_overflow(int two)
{
	sink = INT_MAX - 1 + two;
	return 0;
}

static int wide_shift(int two)
{
	sink = 1 << (two * 16);
	return 0;
}

static int none(int two)
{
	sink = two;
	return 0;
}

static const struct {
	const char *name;
	int (*make)(int two);
} faults[] = {
	{ "heap_overflow", heap_overflow },
	{ "use_after_free", use_after_free },
	{ "stack_overflow", stack_overflow },
	{ "leak", leak },
	{ "signed_overflow", signed_overflow },
	{ "wide_shift", wide_shift },
	{ "none", none },
};

int main(int argc, char **argv)
{
	size_t i;

	if (argc != 2)
		return 2;
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (!strcmp(argv[1], faults[i].name))
			return faults[i].make(argc);
	fprintf(stderr, "faults: no fault is called %s\n", argv[1]);
	return 2;
}
