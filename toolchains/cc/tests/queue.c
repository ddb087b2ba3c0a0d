// SPDX-License-Identifier: Apache-2.0
#include "toolchains/cc/tests/queue.h"

#include <stdlib.h>

struct queue {
	size_t capacity, first, count;
	unsigned char bytes[];
};

struct queue *queue_new(size_t capacity)
{
	struct queue *q = malloc(sizeof(*q) + capacity);

	if (!q)
		return NULL;
	q->capacity = capacity;
	q->first = 0;
	q->count = 0;
	return q;
}

void queue_free(struct queue *q)
{
	free(q);
}

bool queue_put(struct queue *q, unsigned char byte)
{
	if (q->count == q->capacity)
		return false;
	q->bytes[(q->first + q->count++) % q->capacity] = byte;
	return true;
}

bool queue_get(struct queue *q, unsigned char *byte)
{
	if (!q->count)
		return false;
	*byte = q->bytes[q->first];
	q->first = (q->first + 1) % q->capacity;
	q->count--;
	return true;
}
