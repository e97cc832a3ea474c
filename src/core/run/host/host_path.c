/* Decides whether a job is computed on the calling thread, and walks its outputs. */
#include "core/run/host/host_path.h"

#include "core/base/status.h"
#include "core/problem/layout.h"
#include "core/run/host/host_kernel.h"

#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
#include <xmmintrin.h>
#endif

/* ---- Instruction sets ---------------------------------------------------------------------------- */

static int cpu_has(const char *set)
{
#if defined(__x86_64__) || defined(__i386__)
    if (strcmp(set, "avx512") == 0)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (strcmp(set, "avx2") == 0) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return strcmp(set, "baseline") == 0;
}

int host_set_after(int set)
{
    while (host_sets[++set].name != NULL)
        if (cpu_has(host_sets[set].name)) return set;
    return -1;
}

const char *host_set_name(int set)
{
    return host_sets[set].name;
}

/* ---- Rounding ------------------------------------------------------------------------------------ */

/* The program may have set this thread to round differently, flush subnormals or trap. The bits must not
 * depend on that. Each version of the function sets the wanted mode and returns the mode before. */
#if defined(__x86_64__) || defined(__i386__)
enum { ROUNDING_DEFAULT = 0x1f80, ROUNDING_STATUS = 0x3f };

static uint64_t rounding_set(uint64_t wanted)
{
    unsigned before = _mm_getcsr();
    if ((before & ~(unsigned)ROUNDING_STATUS) != wanted) _mm_setcsr((unsigned)wanted);
    return before & ~(unsigned)ROUNDING_STATUS;
}
#elif defined(__aarch64__)
enum { ROUNDING_DEFAULT = 0 };

static uint64_t rounding_set(uint64_t wanted)
{
    uint64_t before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    if (before != wanted) __asm__ volatile("msr fpcr, %0" : : "r"(wanted));
    return before;
}
#else
enum { ROUNDING_DEFAULT = 0 };

static uint64_t rounding_set(uint64_t wanted)
{
    return wanted;
}
#endif

/* ---- Decision ------------------------------------------------------------------------------------ */

/* Picoseconds, measured with AVX-512 on the machine of docs/decisions.md: for each byte of both operands'
 * elements, each product and each output. First index: vectors run across outputs. Second index:
 * neighbouring elements are apart. */
static const struct {
    int byte, product, output;
} costs[2][2] = {{{16, 0, 50000}, {16, 1200, 50000}}, {{40, 0, 8000}, {40, 2000, 8000}}};

enum {
    CAST = 45,        /* converting an operand's element to what is added up */
    HALF_CAST = 1000, /* the same, when that is a half: it takes rounding */
    LINE = 50000      /* each row of outputs */
};

static int is_half(dtype t)
{
    return t == DTYPE_F16 || t == DTYPE_BF16;
}

static int64_t larger_magnitude(int64_t a, int64_t b)
{
    return magnitude(a) > magnitude(b) ? magnitude(a) : magnitude(b);
}

static int64_t inner_outputs(const problem *p)
{
    return p->rank > 0 ? p->shape[p->rank - 1] : 1;
}

static int64_t inner_step(const problem *p, int array)
{
    return p->rank > 0 ? p->step[array][p->rank - 1] : 0;
}

/* Whether vectors run across outputs: when neighbouring outputs are closer in memory than the products of
 * one output, or the sums are very short. */
static int goes_across(const problem *p)
{
    enum { FEW_OUTPUTS = 4, SHORT = 8 };
    if (p->n == 0 || p->is_matrix) return p->n > 0;
    int closer =
        larger_magnitude(inner_step(p, X1) * dtype_size(p->type[X1]),
                         inner_step(p, X2) * dtype_size(p->type[X2])) <
        larger_magnitude(p->stride[X1] * dtype_size(p->type[X1]), p->stride[X2] * dtype_size(p->type[X2]));
    return inner_outputs(p) >= FEW_OUTPUTS && (closer || p->n <= SHORT);
}

double host_path_estimate(const problem *p)
{
    int across = goes_across(p), apart = 0, cast = 0;
    int64_t bytes = 0;
    for (int a = X1; a <= X2; a++) {
        int64_t stride = across ? inner_step(p, a) : p->stride[a];
        int same = p->type[a] == p->result;
        apart |= stride != 0 && stride != 1;
        if (!same || is_half(p->result) || dtype_size(p->result) == 1)
            cast += !same && is_half(p->result) ? HALF_CAST : CAST;
        bytes += dtype_size(p->type[a]);
    }
    double outputs = (double)problem_outputs(p), lines = outputs / (double)inner_outputs(p);
    double product = (double)(costs[across][apart].byte * bytes + costs[across][apart].product + cast);
    int output = costs[across || p->n == 0][apart].output; /* an empty sum only stores */
    return 1e-3 * (outputs * ((double)p->n * product + output) + lines * LINE);
}

int host_path_takes(const job *j, const plan_policy *policy)
{
    const problem *p = &j->p;
    if (policy->host == HOST_NEVER || policy->host_set < 0) return 0;
    if (!j->at[X1].on_host || !j->at[X2].on_host || !j->at[OUT].on_host) return 0;
    if (policy->host == HOST_AUTO &&
        (!policy->share_host || host_path_estimate(p) >= (double)policy->thresholds.host_call_ns))
        return 0;
    return !j->overlaps;
}

/* ---- The walk ------------------------------------------------------------------------------------ */

/* Calls the function for each row of outputs along the innermost dimension. */
static void walk(const problem *p, host_line *l, host_function *function)
{
    int64_t index[VECDOT_MAX_NDIM], size[ARRAYS];
    for (int a = 0; a < ARRAYS; a++) size[a] = dtype_size(p->type[a]);
    for (int d = 0; d + 1 < p->rank; d++) index[d] = 0;
    l->outputs = inner_outputs(p);
    l->step1 = inner_step(p, X1) * size[X1];
    l->step2 = inner_step(p, X2) * size[X2];
    l->step_out = inner_step(p, OUT) * size[OUT];
    for (;;) {
        int d = p->rank - 2;
        function(l);
        for (; d >= 0; d--) {
            int64_t by = ++index[d] < p->shape[d] ? 1 : 1 - p->shape[d];
            l->x1 += by * p->step[X1][d] * size[X1];
            l->x2 += by * p->step[X2][d] * size[X2];
            l->out += by * p->step[OUT][d] * size[OUT];
            if (by == 1) break;
            index[d] = 0;
        }
        if (d < 0) return;
    }
}

static host_line line_of(const job *j)
{
    const problem *p = &j->p;
    return (host_line){.x1 = j->at[X1].host,
                       .x2 = j->at[X2].host,
                       .out = j->at[OUT].host,
                       .n = p->n,
                       .stride1 = p->stride[X1] * dtype_size(p->type[X1]),
                       .stride2 = p->stride[X2] * dtype_size(p->type[X2]),
                       .type1 = (int32_t)p->type[X1],
                       .type2 = (int32_t)p->type[X2],
                       .result = (int32_t)p->result,
                       .type_out = (int32_t)p->type[OUT],
                       .no_conj = p->no_conj,
                       .is_matrix = p->is_matrix,
                       .across = goes_across(p)};
}

static host_function *function_for(const problem *p, int set)
{
    static const host_number numbers[DTYPE_COUNT] = {
        [DTYPE_BOOL] = HOST_b1, [DTYPE_I8] = HOST_i16,  [DTYPE_I16] = HOST_i16,   [DTYPE_I32] = HOST_i32,
        [DTYPE_I64] = HOST_i64, [DTYPE_U8] = HOST_i16,  [DTYPE_U16] = HOST_i16,   [DTYPE_U32] = HOST_i32,
        [DTYPE_U64] = HOST_i64, [DTYPE_F16] = HOST_f16, [DTYPE_BF16] = HOST_bf16, [DTYPE_F32] = HOST_f32,
        [DTYPE_F64] = HOST_f64, [DTYPE_C64] = HOST_c64, [DTYPE_C128] = HOST_c128};
    return host_sets[set].functions[numbers[p->result]];
}

/* Logs once for each queue: a line for each call would cost more than the call. */
static void log_first_call(vecdot_queue *queue, const job *j)
{
    if (queue->logged_host_path) return;
    queue->logged_host_path = 1;
    log_line(
        "small host arrays: computed on the calling thread (%s), this call in about %.0f ns; a launch is "
        "worth %lld ns",
        host_set_name(queue->context->policy.host_set), host_path_estimate(&j->p),
        (long long)queue->context->policy.thresholds.host_call_ns);
}

vecdot_status host_path_run(vecdot_queue *queue, const job *j)
{
    host_function *function = function_for(&j->p, queue->context->policy.host_set);
    log_first_call(queue, j);
    TRY(queue->context->dev.driver->queue_finish(queue->native));
    uint64_t before = rounding_set(ROUNDING_DEFAULT);
    host_line l = line_of(j);
    walk(&j->p, &l, function);
    (void)rounding_set(before);
    return VECDOT_SUCCESS;
}
