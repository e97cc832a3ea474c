/* Times a case: makes arrays, checks the result, warms up, then takes samples of many calls each. */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double sample_seconds = 0.02;

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

bench_spread bench_spread_of(const bench_samples *samples)
{
    bench_samples sorted = *samples;
    int n = sorted.count;
    if (n == 0) return (bench_spread){0, 0, 0};
    qsort(sorted.value, (size_t)n, sizeof sorted.value[0], ascending);
    double median = n % 2 ? sorted.value[n / 2] : (sorted.value[n / 2 - 1] + sorted.value[n / 2]) / 2;
    return (bench_spread){median, sorted.value[0], sorted.value[n - 1]};
}

static void add_sample(bench_samples *samples, double value)
{
    if (samples->count < BENCH_RUNS) samples->value[samples->count++] = value;
}

static bool finish(const session *s, fault *f)
{
    vecdot_status status = vecdot_queue_finish(s->queue);
    return status == VECDOT_SUCCESS || fault_from_library(f, status);
}

/* ---- Calls --------------------------------------------------------------------------------------- */

/* Gives the seconds of `calls` calls over all sets. They are enqueued one after the other with one wait at
 * the end; those of everyday cases are waited for one by one, where a call is not complete on return. */
static bool time_calls(const session *s, const bench_problem *p, const bench_set *sets, int set_count,
                       int calls, double *seconds, fault *f)
{
    bool each = p->kind == KIND_CALL && !s->info.shares_host_memory;
    double begin = bench_now();
    for (int i = 0; i < calls; i++)
        if (!bench_call(s, p, &sets[i % set_count], f) || (each && !finish(s, f))) return false;
    if (!finish(s, f)) return false;
    *seconds = bench_now() - begin;
    return true;
}

/* Warms up and finds how many calls fill a sample. */
static bool calibrate(const session *s, const bench_problem *p, const bench_set *sets, int set_count,
                      int *calls, fault *f)
{
    double seconds = 0;
    *calls = set_count;
    for (int round = 0; round < 3; round++) {
        if (!time_calls(s, p, sets, set_count, *calls, &seconds, f)) return false;
        if (seconds >= sample_seconds) break;
        *calls = (int)(*calls * 1.1 * sample_seconds / (seconds + 1e-7)) + 1;
        if (*calls > 100000) *calls = 100000;
    }
    return true;
}

/* Reads what the case reads: both operands, or both halves of the larger one when the other is smaller. */
static bool sample_host(const bench_problem *p, const bench_set *set, bench_samples *rates, fault *f)
{
    size_t bytes[2] = {bench_storage_bytes(&p->x[0]), bench_storage_bytes(&p->x[1])};
    int larger = bytes[1] > bytes[0];
    const char *x = set->x[larger].host, *y = set->x[!larger].host;
    size_t each = bytes[larger];
    if (bytes[0] != bytes[1]) each /= 2, y = x + each;
    double seconds = bench_host_read(x, y, each);
    if (seconds <= 0) return fault_set(f, VECDOT_ERROR_OUT_OF_MEMORY, "no threads to read memory with");
    add_sample(rates, 2 * (double)each / seconds);
    return true;
}

static bool sample_calls(const session *s, const bench_problem *p, const bench_set *sets, int runs,
                         bench_result *r, fault *f)
{
    bool beside = p->kind == KIND_STREAM && s->info.shares_host_memory; /* the ceiling */
    if (!calibrate(s, p, sets, r->sets, &r->calls, f)) return false;
    for (int i = 0; i < runs; i++) {
        double seconds = 0;
        if (beside && !sample_host(p, &sets[i % r->sets], &r->ceiling, f)) return false;
        if (!time_calls(s, p, sets, r->sets, r->calls, &seconds, f)) return false;
        add_sample(&r->seconds, seconds / r->calls);
    }
    return true;
}

/* ---- Launches ------------------------------------------------------------------------------------ */

enum { MOST_LAUNCHES = 100 };

/* Gives the seconds to enqueue a call, and the seconds for a call with its wait. */
static bool time_launches(const session *s, const bench_problem *p, const bench_set *set, int calls,
                          bench_samples pair[2], fault *f)
{
    double begin = bench_now();
    for (int i = 0; i < calls; i++)
        if (!bench_call(s, p, set, f)) return false;
    add_sample(&pair[0], (bench_now() - begin) / calls);
    if (!finish(s, f)) return false;
    begin = bench_now();
    for (int i = 0; i < calls; i++)
        if (!bench_call(s, p, set, f) || !finish(s, f)) return false;
    add_sample(&pair[1], (bench_now() - begin) / calls);
    return true;
}

/* Also times sums of no products, the cheapest calls there are. */
static bool sample_launches(const session *s, const bench_problem *p, const bench_set *set, int runs,
                            bench_result *r, fault *f)
{
    bench_problem empty = *p;
    bench_set no_terms = *set;
    for (int i = 0; i < 2; i++) {
        int32_t axis = p->options.axis[i];
        bench_array *a = &no_terms.x[i];
        a->operand.shape[axis < 0 ? axis + p->x[i].ndim : axis] = 0;
        a->tensor.shape = a->operand.shape;
        a->tensor.strides = NULL;
    }
    if (!calibrate(s, p, set, 1, &r->calls, f)) return false;
    if (r->calls > MOST_LAUNCHES) r->calls = MOST_LAUNCHES;
    for (int i = -1; i < runs; i++) {
        if (!time_launches(s, p, set, r->calls, &r->launch[0], f)) return false;
        if (!time_launches(s, &empty, &no_terms, r->calls, &r->launch[2], f)) return false;
        if (i < 0) memset(r->launch, 0, sizeof r->launch); /* the first one warms up */
    }
    r->seconds = r->launch[1];
    return true;
}

/* ---- A case -------------------------------------------------------------------------------------- */

/* The number of sets of inputs: several if one would stay in a cache, as far as memory allows. */
static int count_sets(const bench_problem *p, const bench_scale *scale)
{
    const double enough = 256.0 * 1048576, bytes = p->bytes_in + p->bytes_out + 1;
    double most = scale->limit / bytes, wanted = enough / bytes;
    if (!scale->rotate || p->kind == KIND_LAUNCH) return 1;
    if (wanted > most) wanted = most;
    return wanted < 1 ? 1 : wanted > BENCH_SETS ? BENCH_SETS : (int)wanted;
}

static bool create_sets(const session *s, const bench_problem *p, bench_set *sets, int count, fault *f)
{
    for (int i = 0; i < count; i++)
        if (!bench_set_create(&sets[i], s, p, (uint64_t)(1 + 3 * i), f)) return false;
    return true;
}

void bench_measure(const session *s, const bench_problem *p, const bench_scale *scale, int runs,
                   bench_result *r)
{
    bench_set sets[BENCH_SETS] = {0};
    fault f = {VECDOT_SUCCESS, ""};
    r->sets = count_sets(p, scale);
    bool well = create_sets(s, p, sets, r->sets, &f) &&
                bench_check(s, p, &sets[0], &r->check, &r->hash, &f) &&
                (p->kind == KIND_LAUNCH ? sample_launches(s, p, &sets[0], runs, r, &f)
                                        : sample_calls(s, p, sets, runs, r, &f));
    vecdot_queue_finish(s->queue);
    for (int i = 0; i < r->sets; i++) bench_set_destroy(&sets[i]);
    r->status = well ? BENCH_OK : BENCH_FAILED;
    if (!well && (f.status == VECDOT_ERROR_OUT_OF_MEMORY || f.status == VECDOT_ERROR_UNSUPPORTED))
        r->status = BENCH_SKIPPED;
    if (!well) snprintf(r->message, sizeof r->message, "%s", f.text);
}
