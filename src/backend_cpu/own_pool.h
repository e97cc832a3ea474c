/* A job on a program's own pool (vecdot_set_parallel_for): the pool's threads take its items from one
 * counter, as those of pool.h do.
 *
 * Results do not depend on what the program's function does. Items that none of its calls took are left to
 * the caller, calls too many find no place, and one that comes after the job finds the gate closed. */
#ifndef CPU_OWN_POOL_H
#define CPU_OWN_POOL_H

#include "backend_cpu/gate.h"
#include "backend_cpu/pool.h"

/* The program's pool. run NULL: it has none. */
typedef struct own_pool {
    vecdot_parallel_for_fn run;
    void *user;
} own_pool;

/* What the pool's threads are given. Starts as zeros, and lives longer than the job, for late calls. One job
 * at a time. */
typedef struct own_job {
    gate entrance;
    _Atomic int64_t next; /* the first item that nobody has taken */
    int64_t items;
    pool_work *work;
    void *job;
} own_job;

/* Calls work for items 0 to items - 1, one at a time, on up to `threads` threads of the pool, in slots 1 to
 * `threads`, and for what they leave on the calling thread, in slot 0. */
void own_pool_run(const own_pool *pool, own_job *j, int threads, int64_t items, pool_work *work, void *job);

#endif
