// SPDX-License-Identifier: Apache-2.0
#include "toolchains/cc/tests/queue.h"

#include <stdio.h>
#include <stdlib.h>

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "queue_test: %s\n", what);
	exit(1);
}

int main(void)
{
	struct queue *q = queue_new(3);
	unsigned char byte = 0, i;

	check(q != NULL, "no memory");
	check(!queue_get(q, &byte), "an empty queue gave a byte");
	for (i = 0; i < 10; i++) {
		check(queue_put(q, i), "a byte was refused");
		check(queue_put(q, i + 1), "a second byte was refused");
		check(queue_get(q, &byte) && byte == i, "the first byte is wrong");
		check(queue_get(q, &byte) && byte == i + 1, "the second byte is wrong");
	}
	for (i = 0; i < 3; i++)
		check(queue_put(q, i), "a byte was refused");
	check(!queue_put(q, 3), "a full queue took a byte");
	queue_free(q);
	return 0;
}
