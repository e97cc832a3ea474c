/* The same work on several things at once, one thread each. */
#ifndef TOOLS_PARALLEL_H
#define TOOLS_PARALLEL_H

#include <stdbool.h>
#include <stddef.h>

enum { MAX_THREADS = 256 };

int count_cores(void); /* at most MAX_THREADS */

/* Does the work on each of `count` items of `size` bytes, in as many threads; where those cannot be had, one
 * after the other, and gives false. */
bool in_parallel(void *(*work)(void *item), void *items, size_t size, int count);

#endif
