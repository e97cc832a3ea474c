/* A line on the terminal that shows long work going on: for how long and, where that is known, how far it is.
 */
#ifndef TOOLS_PROGRESS_H
#define TOOLS_PROGRESS_H

#include <stdatomic.h>
#include <stdint.h>

/* How far some work is, from any thread; total 0: not known. */
typedef struct progress {
    _Atomic uint64_t done, total;
} progress;

void progress_tell(progress *p, uint64_t done, uint64_t total);

/* Runs work(argument) and returns when it is done. When stderr is a terminal and it takes longer than half a
 * second, a line there shows the time, and a bar where `watched` knows how far it is; `work` then runs in a
 * thread of its own. */
void run_with_progress(void (*work)(void *), void *argument, const char *label, progress *watched);

#endif
