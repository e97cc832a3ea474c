/* A line on the terminal while long work runs: the time so far and, where it is known, how much is done. */
#ifndef TOOLS_PROGRESS_H
#define TOOLS_PROGRESS_H

#include <stdatomic.h>
#include <stdint.h>

/* How much of the work is done. Any thread may read and write it. total 0: unknown. */
typedef struct progress {
    _Atomic uint64_t done, total;
} progress;

void progress_tell(progress *p, uint64_t done, uint64_t total);

/* Runs work(argument) and returns when it is done. When stderr is a terminal, the work runs in a thread of
 * its own, and after half a second a line shows the time and, when `watched` has a total, a bar. */
void run_with_progress(void (*work)(void *), void *argument, const char *label, progress *watched);

#endif
