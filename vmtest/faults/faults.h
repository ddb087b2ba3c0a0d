/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FAULTS_H
#define FAULTS_H

/**
 * struct fault - one way to go wrong
 * @name: what is written to /sys/module/faults/parameters/commit
 * @commit: commits it; returns where the kernel survives
 */
struct fault {
	const char *name;
	void (*commit)(void);
};

/* Each list ends with an entry without a name. */
extern const struct fault memory_faults[];
extern const struct fault locking_faults[];
extern const struct fault progress_faults[];
extern const struct fault object_faults[];

#endif
