/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded queue of bytes: something small to build, link and test. */
#ifndef TIDELOCK_TESTS_QUEUE_H
#define TIDELOCK_TESTS_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

struct queue;

struct queue *queue_new(size_t capacity);
void queue_free(struct queue *q);
bool queue_put(struct queue *q, unsigned char byte);
bool queue_get(struct queue *q, unsigned char *byte);

#endif
