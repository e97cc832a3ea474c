/* What the tests of the pool share: a setting, how many threads there are, a job that only so many threads at
 * once can do, and one that counts its items. */
#ifndef SUPPORT_CREW_H
#define SUPPORT_CREW_H

#include "backend_cpu/pool.h"

/* Retains the pool with VECDOT_NUM_THREADS, or without where threads is 0. A failure ends the test. */
void crew_open(int threads);

/* How many threads this process has, a sanitizer's own with them. */
int crew_size(void);
/* Whether it has so many, within two seconds: one that was joined is a moment longer in /proc. */
int crew_has(int threads);

/* Whether a job has so many threads inside at the same time, each in a slot of its own, the caller in slot 0.
 * Those who are inside wait for the others, ten seconds at most. */
int crew_meets(int threads);

/* Runs a job; whether each item is done once, in chunks as asked, in slots below `threads`. */
int crew_counts(int threads, int64_t items, int64_t chunk);

#endif
