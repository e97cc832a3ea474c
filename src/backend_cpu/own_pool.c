/* How a program's own threads come into a job and take its items. */
#include "backend_cpu/own_pool.h"

static void take(own_job *j, int slot)
{
    for (;;) {
        int64_t k = atomic_fetch_add_explicit(&j->next, 1, memory_order_relaxed);
        if (k >= j->items) return;
        j->work(j->job, slot, k, k + 1);
    }
}

/* One call of `run`. Which part it is called for does not matter: its place in the gate gives it a slot. */
static void part(void *work, size_t k)
{
    own_job *j = work;
    int slot = gate_enter(&j->entrance);
    (void)k;
    if (slot == 0) return;
    take(j, slot);
    gate_leave(&j->entrance);
}

void own_pool_run(const own_pool *pool, own_job *j, int threads, int64_t items, pool_work *work, void *job)
{
    j->items = items;
    j->work = work;
    j->job = job;
    atomic_store_explicit(&j->next, 0, memory_order_relaxed);
    gate_open(&j->entrance, threads);
    pool->run(pool->user, (size_t)threads, part, j);
    take(j, 0);
    gate_close(&j->entrance);
    gate_await(&j->entrance, 0);
}
