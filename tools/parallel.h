/* Runs the same work on several items at the same time, with one thread for each. */
#ifndef TOOLS_PARALLEL_H
#define TOOLS_PARALLEL_H

#include <stdbool.h>
#include <stddef.h>

enum { MAX_THREADS = 256 };

int count_cores(void); /* at most MAX_THREADS */

/* Calls work for each of `count` items of `size` bytes, each in a thread of its own. Where threads cannot
 * be made, it calls work for one item after the other and returns false. */
bool in_parallel(void *(*work)(void *item), void *items, size_t size, int count);

#endif
