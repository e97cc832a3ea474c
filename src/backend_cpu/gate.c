/* The gate's word: how many threads may still enter, how many are inside, whether somebody sleeps until they
 * have left. */
#include "backend_cpu/gate.h"

#include "core/base/os.h"

#define INSIDE  0x00000fffu
#define PLACE   0x00001000u
#define PLACES  0x00fff000u
#define AWAITED 0x80000000u

enum { POLLS_PER_CLOCK = 32 };

void gate_open(gate *g, int places)
{
    atomic_store(&g->word, (unsigned)places * PLACE);
}

int gate_enter(gate *g)
{
    unsigned now = atomic_load(&g->word);
    while ((now & PLACES) != 0) {
        if (atomic_compare_exchange_weak(&g->word, &now, now - PLACE + 1))
            return (int)((now & PLACES) / PLACE);
    }
    return 0;
}

void gate_close(gate *g)
{
    if ((atomic_load(&g->word) & PLACES) != 0) atomic_fetch_and(&g->word, ~PLACES);
}

void gate_leave(gate *g)
{
    if (atomic_fetch_sub(&g->word, 1) == (AWAITED | 1)) word_wake(&g->word, 1);
}

gate_view gate_look(const gate *g)
{
    unsigned now = atomic_load(&g->word);
    return (gate_view){(int)((now & PLACES) / PLACE), (int)(now & INSIDE)};
}

void gate_await(gate *g, double time)
{
    unsigned now = atomic_load(&g->word);
    while ((now & INSIDE) != 0) {
        if (!word_changes_by(&g->word, now, time)) {
            now = atomic_fetch_or(&g->word, AWAITED) | AWAITED;
            if ((now & INSIDE) != 0) word_wait(&g->word, now);
        }
        now = atomic_load(&g->word);
    }
}

/* Tells the processor that this thread polls. */
static inline void relax(void)
{
#if defined(__i386__) || defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" : : : "memory"); /* many processors ignore `yield` */
#endif
}

int word_changes_by(const atomic_uint *word, unsigned seen, double time)
{
    for (int polls = 0; atomic_load_explicit(word, memory_order_acquire) == seen; polls++) {
        if (polls % POLLS_PER_CLOCK == 0 && (time == 0 || clock_seconds() >= time)) return 0;
        relax();
    }
    return 1;
}
