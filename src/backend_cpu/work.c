/* How long a launch takes one thread, and how many threads that is worth. */
#include "backend_cpu/objects.h"

#include "core/base/os.h"
#include "kernels/common/limits.h"

#include <math.h>

/* The least work for each thread so that a further one pays (docs/decisions.md). One that polls begins at
 * once. One that sleeps begins some 15 us after it was woken, and waking it takes the caller 5 to 9 us. */
static const double NS_AWAKE = 2500, NS_ASLEEP = 25000;

/* Sleeping threads are woken for less too, where launches have come so close together that woken threads
 * would still poll ... */
static const double CLOSE_SECONDS = 100e-6;
/* ... and have taken so long in all. */
static const double NS_TO_WAKE = 200000;

/* What a thread of a current processor does in a nanosecond, where the arrays lie in its second-level cache;
 * from memory it reads a fifth of that. */
void cpu_rate(const variant *v, const instruction_set *set, cpu_program *program)
{
    int wide = v->group == GROUP_F64 || v->group == GROUP_C128 ||
               (v->group == GROUP_INT && variant_result_bytes(v) == 8);
    int complex = v->group == GROUP_C64 || v->group == GROUP_C128;
    int vector = VECTOR_COMPONENTS(wide ? 8 : 4, set->vector_bytes);
    double bytes = set->vector_bytes < 64 ? 65 : 130; /* who has only short vectors has narrow caches too */
    double products = INFINITY;                       /* vectors are multiplied while others are loaded */
    if (v->kernel == KERNEL_MATRIX_CPU) {
        bytes = 20; /* operands are packed, then each element is used many times */
        products = 4.0 * vector;
    } else if (v->load == LOAD_STRIDED) {
        products = 4;
    } else if (v->load == LOAD_ANY && v->kernel == KERNEL_ROWS_CPU) {
        products = 0.4 * vector; /* elements are cast into memory first */
    } else if (v->load == LOAD_ANY) {
        products = 1.5;
    } else if (v->load == LOAD_NONE) {
        bytes = 5; /* output by output */
    }
    if (!set->typed) products = 0.4; /* no instruction multiplies and adds at once */
    program->ns_per_byte = 1 / bytes;
    program->ns_per_product = (complex ? 3 : 1) / products;
}

double cpu_launch_ns(const cpu_program *program, const launch *l)
{
    return l->bytes * program->ns_per_byte + l->products * program->ns_per_product;
}

static int shares(double ns, double ns_each, int most)
{
    double count = ns / ns_each;
    return count < 2 ? 1 : count > most ? most : (int)count;
}

int cpu_most_threads(const launch *l, double ns)
{
    int most = pool_threads();
    return shares(ns, NS_AWAKE, l->groups < (size_t)most ? (int)l->groups : most);
}

/* Whether launches have come right after each other for so long that waking threads for them pays. */
static int keeps_coming(cpu_queue *q, double ns)
{
    double now = clock_seconds();
    q->missed_ns = now - q->last_launch < CLOSE_SECONDS ? q->missed_ns + ns : 0;
    q->last_launch = now;
    if (q->missed_ns < NS_TO_WAKE) return 0;
    q->missed_ns = 0;
    return 1;
}

int cpu_threads_now(cpu_queue *q, double ns, int most)
{
    if (most < 2) return 1;
    int woken = shares(ns, NS_ASLEEP, most);
    if (q->context->own.run != NULL || woken == most) return woken;
    int ready = 1 + pool_awake();
    if (ready >= most || keeps_coming(q, ns)) return most;
    return ready > woken ? ready : woken;
}
