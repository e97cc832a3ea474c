/* Measures vecdot against the floor of streams.h: for each case the two run in turns, and the medians of both
 * make the ratio. Bytes are what must move: inputs once and outputs twice (a store reads its line first).
 * Prints a Markdown table. On a device with memory of its own there is no floor to compare with, and no
 * ratio.
 *
 *   bench [runs [MiB]]    default 11 runs, 256 MiB of input a case */
#include "bench/streams.h"

#include <vecdot/vecdot.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define MAX_RUNS 101
#define PAGE     ((size_t)2 << 20)

typedef struct shape {
    int32_t ndim;
    int64_t size[3];
} shape;

typedef struct bench_case {
    const char *name;
    stream kind;
    shape x1, x2;
    int32_t axis;
} bench_case;

/* An operand or the result: `host` always, `device` where the device has memory of its own. */
typedef struct array {
    DLTensor tensor; /* what vecdot is called with */
    void *host;
    DLManagedTensor *device;
    size_t bytes;
} array;

typedef struct bench {
    vecdot_context *context;
    vecdot_queue *queue;
    vecdot_device_info info;
    int runs;
    int failures;
} bench;

static const char *const kind_names[STREAM_COUNT] = {"float32", "float64", "float16", "int8", "complex64"};

static void check(vecdot_status status, const char *what)
{
    if (status == VECDOT_SUCCESS) return;
    fprintf(stderr, "bench: %s: %s: %s\n", what, vecdot_status_name(status), vecdot_last_error());
    exit(1);
}

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static DLDataType kind_dtype(stream kind)
{
    const DLDataType dtypes[STREAM_COUNT] = {VECDOT_FLOAT32, VECDOT_FLOAT64, VECDOT_FLOAT16, VECDOT_INT8,
                                             VECDOT_COMPLEX64};
    return dtypes[kind];
}

/* Pseudo-random values in (-1, 1), for int8 in [-128, 127]; others for each state to start from. */
static void fill_random(stream kind, uint32_t state, void *data, size_t bytes)
{
    size_t step = kind == STREAM_C64 ? 4 : stream_item_size(kind), n = bytes / step;
    for (size_t i = 0; i < n; i++) {
        state = state * 1664525u + 1013904223u;
        double value = (double)(int32_t)state / 2147483648.0;
        if (kind == STREAM_F64)
            ((double *)data)[i] = value;
        else if (kind == STREAM_F16)
            ((uint16_t *)data)[i] = (uint16_t)(0x2c00u | (state >> 16 & 0x8fffu));
        else if (kind == STREAM_I8)
            ((int8_t *)data)[i] = (int8_t)(state >> 24);
        else
            ((float *)data)[i] = (float)value;
    }
}

static size_t elements(const shape *s)
{
    size_t n = 1;
    for (int32_t d = 0; d < s->ndim; d++) n *= (size_t)s->size[d];
    return n;
}

/* Makes an array in host memory, of large pages where the system has them, and its twin on the device. */
static array make_array(bench *b, DLDataType dtype, shape *s, stream fill)
{
    static uint32_t count;
    array a = {.bytes = elements(s) * dtype.bits / 8};
    a.host = aligned_alloc(PAGE, (a.bytes + PAGE - 1) / PAGE * PAGE);
    if (!a.host) check(VECDOT_ERROR_OUT_OF_MEMORY, "allocating an array");
    (void)madvise(a.host, a.bytes, MADV_HUGEPAGE);
    if (fill < STREAM_COUNT)
        fill_random(fill, 12345 * ++count, a.host, a.bytes);
    else
        memset(a.host, 0, a.bytes);
    a.tensor =
        (DLTensor){.data = a.host, .device = {kDLCPU, 0}, .ndim = s->ndim, .dtype = dtype, .shape = s->size};
    if (b->info.shares_host_memory) return a;
    check(vecdot_empty(b->context, dtype, s->ndim, s->size, &a.device), "vecdot_empty");
    check(vecdot_copy(b->queue, &a.tensor, &a.device->dl_tensor), "vecdot_copy");
    a.tensor = a.device->dl_tensor;
    return a;
}

static void free_array(array *a)
{
    if (a->device) a->device->deleter(a->device);
    free(a->host);
}

static double run_ours(bench *b, const array *x1, const array *x2, int32_t axis, const array *out)
{
    double begin = seconds_now();
    check(vecdot(b->queue, &x1->tensor, &x2->tensor, axis, &out->tensor), "vecdot");
    check(vecdot_queue_finish(b->queue), "vecdot_queue_finish");
    return seconds_now() - begin;
}

/* Streams over the same memory: both operands, or the two halves of the first where the second is small. */
static double run_floor(stream kind, const array *x1, const array *x2, double result[2])
{
    double seconds = x1->bytes == x2->bytes ? stream_dot(kind, x1->host, x2->host, x1->bytes, result)
                                            : stream_dot(kind, x1->host, (char *)x1->host + x1->bytes / 2,
                                                         x1->bytes / 2, result);
    if (seconds < 0) check(VECDOT_ERROR_OUT_OF_MEMORY, "starting threads");
    return seconds;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, ascending);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static double first_value(stream kind, const void *out)
{
    uint16_t half;
    if (kind == STREAM_F64) return *(const double *)out;
    if (kind == STREAM_I8) return *(const int8_t *)out;
    if (kind != STREAM_F16) return (double)*(const float *)out;
    memcpy(&half, out, sizeof half);
    double value = ldexp((half >> 10 & 31) ? 1024 + (half & 1023) : half & 1023,
                         (half >> 10 & 31) ? (half >> 10 & 31) - 25 : -24);
    return half & 0x8000 ? -value : value;
}

/* A speed counts only with the right answer: a whole sum must be what the floor found. */
static void check_sum(bench *b, const bench_case *c, const void *out, double expected, size_t n)
{
    double value = first_value(c->kind, out);
    double error = c->kind == STREAM_I8 ? fmod(value - expected, 256) : fabs(value - expected);
    if (error == 0 || (c->kind != STREAM_I8 && error <= 1e-3 * sqrt((double)n))) return;
    fprintf(stderr, "bench: %s: got %g, expected about %g\n", c->name, value, expected);
    b->failures++;
}

static void print_row(const bench *b, const bench_case *c, const array *x1, const array *x2, const array *out,
                      double ours, double floor)
{
    double bytes = (double)(x1->bytes + x2->bytes + 2 * out->bytes);
    double streamed = (double)(x1->bytes == x2->bytes ? 2 * x1->bytes : x1->bytes);
    printf("| %s | %s | %.0f | %.2f | %.1f |", c->name, kind_names[c->kind],
           (double)(x1->bytes + x2->bytes) / 1048576, ours * 1e3, bytes / ours * 1e-9);
    if (b->info.shares_host_memory)
        printf(" %.1f | %.2f |\n", streamed / floor * 1e-9, bytes / ours / (streamed / floor));
    else
        printf(" - | - |\n");
    fflush(stdout);
}

static void run_case(bench *b, bench_case *c)
{
    DLDataType dtype = kind_dtype(c->kind);
    array x1 = make_array(b, dtype, &c->x1, c->kind), x2 = make_array(b, dtype, &c->x2, c->kind);
    int64_t size[VECDOT_MAX_NDIM];
    shape result = {0};
    DLDataType result_dtype;
    check(vecdot_result(&x1.tensor, &x2.tensor,
                        &(vecdot_options){.size = sizeof(vecdot_options), .axis = {c->axis, c->axis}},
                        &result_dtype, &result.ndim, size),
          "vecdot_result");
    memcpy(result.size, size, (size_t)result.ndim * sizeof size[0]);
    array out = make_array(b, result_dtype, &result, STREAM_COUNT);
    double ours[MAX_RUNS], floors[MAX_RUNS], expected[2];
    run_ours(b, &x1, &x2, c->axis, &out); /* builds the program */
    for (int r = 0; r < b->runs; r++) {
        floors[r] = run_floor(c->kind, &x1, &x2, expected);
        ours[r] = run_ours(b, &x1, &x2, c->axis, &out);
    }
    if (out.device)
        check(vecdot_copy(b->queue, &out.tensor,
                          &(DLTensor){.data = out.host,
                                      .device = {kDLCPU, 0},
                                      .ndim = result.ndim,
                                      .dtype = result_dtype,
                                      .shape = result.size}),
              "vecdot_copy");
    if (result.ndim == 0) check_sum(b, c, out.host, expected[0], elements(&c->x1));
    print_row(b, c, &x1, &x2, &out, median(ours, b->runs), median(floors, b->runs));
    free_array(&x1);
    free_array(&x2);
    free_array(&out);
}

/* Every case reads about `bytes` bytes. */
static void run_all(bench *b, int64_t bytes)
{
    int64_t f32 = bytes / 8; /* elements of each of two float32 operands */
    bench_case cases[] = {
        {"1-D", STREAM_F32, {1, {f32}}, {1, {f32}}, -1},
        {"1-D, a quarter of the size", STREAM_F32, {1, {f32 / 4}}, {1, {f32 / 4}}, -1},
        {"1-D, twice the size", STREAM_F32, {1, {f32 * 2}}, {1, {f32 * 2}}, -1},
        {"1-D", STREAM_F64, {1, {f32 / 2}}, {1, {f32 / 2}}, -1},
        {"1-D", STREAM_F16, {1, {f32 * 2}}, {1, {f32 * 2}}, -1},
        {"1-D", STREAM_I8, {1, {f32 * 4}}, {1, {f32 * 4}}, -1},
        {"1-D", STREAM_C64, {1, {f32 / 2}}, {1, {f32 / 2}}, -1},
        {"rows of 3", STREAM_F32, {2, {f32 / 3, 3}}, {2, {f32 / 3, 3}}, -1},
        {"rows of 64", STREAM_F32, {2, {f32 / 64, 64}}, {2, {f32 / 64, 64}}, -1},
        {"rows of 4096", STREAM_F32, {2, {f32 / 4096, 4096}}, {2, {f32 / 4096, 4096}}, -1},
        {"axis 0 of (n, 16384)", STREAM_F32, {2, {f32 / 16384, 16384}}, {2, {f32 / 16384, 16384}}, 0},
        {"axis 1 of (n, 512, 1024)",
         STREAM_F32,
         {3, {f32 / 524288, 512, 1024}},
         {3, {f32 / 524288, 512, 1024}},
         1},
        {"(n, 4096) with one (4096,)", STREAM_F32, {2, {f32 / 2048, 4096}}, {1, {4096}}, -1},
    };
    printf("| case | dtype | MiB | ms | GB/s | floor GB/s | of the floor |\n");
    printf("|---|---|---:|---:|---:|---:|---:|\n");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) run_case(b, &cases[i]);
}

int main(int argc, char **argv)
{
    bench b = {.runs = argc > 1 ? atoi(argv[1]) : 11};
    long mib = argc > 2 ? atol(argv[2]) : 256;
    if (argc > 3 || b.runs < 1 || b.runs > MAX_RUNS || mib < 16 || mib > 65536) {
        fprintf(stderr, "usage: bench [runs, 1 to %d [MiB, 16 to 65536]]\n", MAX_RUNS);
        return 2;
    }
    check(vecdot_context_create(NULL, &b.context), "vecdot_context_create");
    check(vecdot_queue_create(b.context, &b.queue), "vecdot_queue_create");
    check(vecdot_context_info(b.context, &b.info), "vecdot_context_info");
    printf("vecdot %s on %s:%d, %s (%s)\n\n", vecdot_version(), b.info.backend, (int)b.info.index,
           b.info.name, b.info.driver);
    run_all(&b, (int64_t)mib << 20);
    vecdot_queue_release(b.queue);
    vecdot_context_release(b.context);
    return b.failures != 0;
}
