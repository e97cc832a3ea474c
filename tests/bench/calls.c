/* What a call costs apart from its arithmetic: nanoseconds per warm call on small arrays, the median of
 * several runs.
 *
 *     bench_calls SELECTOR          the table, for a device ("cuda", "opencl"), or for no driver: "null" (a
 *                                   GPU), "null:cpu" (wraps host arrays), "null:host" (host addresses)
 *     bench_calls SELECTOR CALLS    that many calls on device arrays of the first shape, for callgrind; with
 *                                   "null:host" on host arrays
 */
#include "support/null_backend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS = 9, MOST_CALLS = 500 /* a run: drivers keep only so many enqueued */, SPAN = 1 << 16 };

typedef struct bench_case {
    const char *name;
    int ndim;
    int64_t shape[4]; /* of x1; x2's is the same, or the last dimension alone */
    int x2_is_vector;
} bench_case;

static const bench_case cases[] = {
    {"8", 1, {8}, 0},
    {"1024", 1, {1024}, 0},
    {"64 x 128", 2, {64, 128}, 0},
    {"64 x 128 by a vector", 2, {64, 128}, 1},
    {"4 x 5 x 6 x 100", 4, {4, 5, 6, 100}, 0},
};
enum { CASES = sizeof cases / sizeof cases[0] };

static _Alignas(64) float host[3][SPAN];
static vecdot_context *context;
static vecdot_queue *queue;
static DLManagedTensor *made[3]; /* of a real device; the null backend takes any address */
static int host_only;            /* the device has no arrays of its own */

static void must(vecdot_status status)
{
    if (status == VECDOT_SUCCESS) return;
    fprintf(stderr, "bench_calls: %s: %s\n", vecdot_status_name(status), vecdot_last_error());
    exit(EXIT_FAILURE);
}

static void open_device(const char *selector)
{
    const int64_t span = SPAN;
    if (strncmp(selector, "null", 4) == 0) {
        host_only = strcmp(selector, "null:host") == 0;
        int wraps = strcmp(selector, "null:cpu") == 0;
        must(null_context_create(host_only ? NULL_HOST : wraps ? NULL_CPU : NULL_GPU, &context));
    } else {
        must(vecdot_context_create(selector, &context));
        for (int a = 0; a < 3; a++) must(vecdot_empty(context, VECDOT_FLOAT32, 1, &span, &made[a]));
    }
    must(vecdot_queue_create(context, &queue));
}

static void close_device(void)
{
    for (int a = 0; a < 3; a++)
        if (made[a] != NULL) made[a]->deleter(made[a]);
    vecdot_queue_release(queue);
    vecdot_context_release(context);
}

static DLTensor tensor_of(const bench_case *c, int which, int on_device)
{
    int ndim = which == 1 && c->x2_is_vector ? 1 : which == 2 ? c->ndim - 1 : c->ndim;
    DLTensor t = {.data = host[which],
                  .device = {on_device ? kDLCUDA : kDLCPU, 0},
                  .ndim = ndim,
                  .dtype = VECDOT_FLOAT32,
                  .shape = (int64_t *)(uintptr_t)&c->shape[which == 1 ? c->ndim - ndim : 0]};
    if (on_device && made[which] != NULL) {
        t.data = made[which]->dl_tensor.data;
        t.device = made[which]->dl_tensor.device;
    }
    return t;
}

/* Calls on device arrays are only enqueued; what is left of the work is waited for, and not counted. */
static double nanoseconds(const DLTensor t[3], long calls)
{
    double begin = clock_seconds();
    for (long k = 0; k < calls; k++) must(vecdot(queue, &t[0], &t[1], -1, &t[2]));
    double seconds = clock_seconds() - begin;
    must(vecdot_queue_finish(queue));
    return 1e9 * seconds / (double)calls;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const bench_case *c, int on_device)
{
    const DLTensor t[3] = {tensor_of(c, 0, on_device), tensor_of(c, 1, on_device),
                           tensor_of(c, 2, on_device)};
    double runs[RUNS];
    nanoseconds(t, 1); /* builds */
    double warm = nanoseconds(t, 20);
    long calls = warm > 2e6 / MOST_CALLS ? (long)(2e6 / warm) + 1 : MOST_CALLS; /* about 2 ms */
    for (int k = 0; k < RUNS; k++) runs[k] = nanoseconds(t, calls);
    qsort(runs, RUNS, sizeof runs[0], by_value);
    return runs[RUNS / 2];
}

int main(int argc, char **argv)
{
    long calls = argc > 2 ? atol(argv[2]) : 0;
    if (argc < 2 || argc > 3 || calls < 0) {
        fprintf(stderr, "usage: bench_calls SELECTOR [CALLS]\n");
        return EXIT_FAILURE;
    }
    open_device(argv[1]);
    if (calls > 0) {
        const DLTensor t[3] = {tensor_of(cases, 0, !host_only), tensor_of(cases, 1, !host_only),
                               tensor_of(cases, 2, !host_only)};
        nanoseconds(t, calls);
    }
    for (int k = 0; k < CASES && calls == 0; k++) {
        printf("%-10s %-22s", argv[1], cases[k].name);
        if (!host_only) printf(" device arrays %8.0f ns  ", median(&cases[k], 1));
        printf(" host arrays %8.0f ns\n", median(&cases[k], 0));
    }
    close_device();
    return EXIT_SUCCESS;
}
