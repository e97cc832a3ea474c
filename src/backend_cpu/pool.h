/* The threads that compute: one pool for the whole process. A job is a number of items, which the calling
 * thread and threads of the pool take from one counter. It is closed as soon as its items are all taken, so
 * the caller never waits for a thread that has not begun.
 *
 * In a child process that was forked, whatever the parent's threads were doing, the pool has no threads and
 * no job; it starts threads of its own. Only `work` itself must not fork: the child would have a job whose
 * other items nobody finishes. */
#ifndef CPU_POOL_H
#define CPU_POOL_H

#include "core/base/status.h"

#include <stdint.h>

/* Runs items begin to end - 1 of a job, which are at most a chunk. slot: 0 for the caller, below `threads`
 * for others; no two threads have one slot of a job at the same time. Jobs of several callers run at once,
 * each with a slot 0 of its own.
 *
 * A thread of the pool begins with the default floating-point environment, whatever its creator's was, and
 * keeps what `work` leaves it with: `work` sets the rounding that it needs. Its stack has POOL_STACK bytes.
 */
typedef void pool_work(void *job, int slot, int64_t begin, int64_t end);

enum { POOL_STACK = 256 * 1024 };

/* Each context retains the pool while it is open. The first reads VECDOT_NUM_THREADS, and the processors that
 * this thread may use; a later one only checks the variable. The last release stops and joins all threads, so
 * that the library can be closed. pool_release must not be called from `work`. INVALID_ARGUMENT:
 * VECDOT_NUM_THREADS is no number of threads. OUT_OF_MEMORY. */
vecdot_status pool_retain(void);
void pool_release(void);

/* How many threads a job may have at most, the caller's included: VECDOT_NUM_THREADS, else the processors.
 * While nobody retains the pool, what the next to retain it would get; a wrong variable then counts as none.
 */
int pool_threads(void);

/* How many threads of the pool poll for a job at this moment. They begin at once; those who sleep must be
 * woken, which takes the caller some microseconds and lets them begin some more later. 0 while a job is
 * running. */
int pool_awake(void);

/* Calls work until items 0 to items - 1 are done, `chunk` (at least 1) at a time, on the calling thread and
 * up to threads - 1 others. Starts threads at the first call that wants them. Alone on the calling thread
 * when threads <= 1, when another thread's job is running (a second or nested caller), or when no thread can
 * be started.
 */
void pool_run(int threads, int64_t items, int64_t chunk, pool_work *work, void *job);

#endif
