/* What the files of `vecdot bench` share: cases, arrays, checks, the clock, the ceiling, and results.
 * Arrays are on the device, or on the host where the device works on host memory in place. */
#ifndef TOOLS_BENCH_H
#define TOOLS_BENCH_H

#include "session.h"

#include <stdio.h>

enum { BENCH_NDIM = 4, BENCH_RUNS = 101, BENCH_SETS = 16 };

/* ---- Cases --------------------------------------------------------------------------------------- */

typedef enum bench_layout {
    LAYOUT_C,           /* both in C order                              */
    LAYOUT_C_AND_F,     /* the second in Fortran order                  */
    LAYOUT_F,           /* both in Fortran order                        */
    LAYOUT_OFFSET,      /* x[1:], y[1:]: not aligned                    */
    LAYOUT_EVERY_OTHER, /* x[::2], y[::2]                               */
    LAYOUT_REVERSED     /* x[::-1], y                                   */
} bench_layout;

typedef enum bench_kind {
    KIND_STREAM, /* measures throughput */
    KIND_LAUNCH, /* measures the cost of a small call */
    KIND_CALL,   /* measures a call with its wait */
    KIND_BITS    /* checks for the same bits on every device and layout */
} bench_kind;

/* A case as data. Shapes are letters: n is the size of the sum, m and k are other sizes, 1 is 1. `shrinks`
 * lists the sizes that a smaller scale reduces. */
typedef struct bench_case {
    const char *number, *title;
    const char *dtype1, *dtype2, *dtype; /* of the operands; the one to compute in, or NULL */
    const char *shape1, *shape2;
    int64_t m, k, n;
    const char *shrinks;
    bench_layout layout;
    bench_kind kind;
} bench_case;

typedef struct bench_list {
    const bench_case *rows;
    int count;
    const char *numbers; /* in words, for who names an unknown one */
} bench_list;

extern const bench_list bench_all_cases, bench_everyday_cases;

/* An array as a view of its storage. All fields count elements. */
typedef struct bench_operand {
    DLDataType dtype;
    int32_t ndim;
    int64_t shape[BENCH_NDIM], strides[BENCH_NDIM];
    int64_t offset, storage;
} bench_operand;

typedef struct bench_problem {
    const char *number, *title;
    bench_kind kind;
    bool zeros;
    vecdot_options options;
    bench_operand x[2], out;
    int64_t terms;              /* products in each sum */
    double bytes_in, bytes_out; /* bytes that must be moved: each operand once, even if it is used often */
    double operations;          /* additions and multiplications */
} bench_problem;

/* The size of the cases. `bytes` 0: the case's own size. Otherwise inputs take about this many bytes at
 * most, and products of matrices this many `operations` at most. */
typedef struct bench_scale {
    const char *name;
    const bench_list *list;
    double bytes, operations;
    bool rotate;   /* use several sets of inputs in turn, so that no cache holds them */
    bool everyday; /* a call with its wait is timed, in microseconds, beside no ceiling */
    double limit;  /* bytes of one array at most; all arrays together: four times as many */
} bench_scale;

/* Reads --scale for this device. Returns false and sets *f when it is not valid. */
bool bench_scale_parse(const char *text, const vecdot_device_info *info, bench_scale *scale, fault *f);

bool bench_case_selected(const bench_case *row, const options *o);
bool bench_numbers_known(const bench_list *list, const options *o, fault *f);

/* Describe a case at the given scale, or the problem of a --shape option. */
bool bench_problem_from_case(const bench_case *row, const bench_scale *scale, bench_problem *p, fault *f);
bool bench_problem_from_shape(const options *o, const bench_scale *scale, const char *shape, bench_problem *p,
                              fault *f);

/* Halves a case until its inputs have about `bytes` bytes and a product of matrices has about `operations`
 * operations. */
bool bench_problem_sized(const char *number, double bytes, double operations, bench_problem *p, fault *f);

/* ---- Arrays -------------------------------------------------------------------------------------- */

/* An operand in memory. */
typedef struct bench_array {
    bench_operand operand;
    DLTensor tensor; /* the view; points into this struct */
    void *host;      /* NULL when the array is on the device */
    DLManagedTensor *device;
} bench_array;

typedef struct bench_set {
    bench_array x[2], out;
} bench_set;

size_t bench_storage_bytes(const bench_operand *operand);

/* Makes an array for the session's device, of zero bytes or random elements: integers of the whole range,
 * floats with |x| in [2^-7, 2). Each seed gives another array. Must not be moved. */
bool bench_array_create(bench_array *a, const session *s, const bench_operand *operand, uint64_t seed,
                        bool zeros, fault *f);
void bench_array_destroy(bench_array *a);

bool bench_set_create(bench_set *set, const session *s, const bench_problem *p, uint64_t seed, fault *f);
void bench_set_destroy(bench_set *set);

/* Sets every byte of an output. */
bool bench_array_poison(bench_array *a, const session *s, int byte, fault *f);

/* Copies an array to C-contiguous host memory. */
bool bench_fetch(const session *s, const DLTensor *view, void *host, fault *f);

/* ---- Running and checking ------------------------------------------------------------------------ */

bool bench_call(const session *s, const bench_problem *p, const bench_set *set, fault *f);

/* Runs the problem twice, over outputs with different old contents. Both results must be equal. Compares a
 * sample of the outputs with the canonical sum in plain C. *verdict: "bits", or "bound" for a product of
 * matrices with its own order that is within the error bound. */
bool bench_check(const session *s, const bench_problem *p, bench_set *set, const char **verdict,
                 uint64_t *hash, fault *f);

uint64_t bench_hash(const void *data, size_t bytes);

/* ---- Measuring ----------------------------------------------------------------------------------- */

double bench_now(void); /* seconds */

typedef struct bench_samples {
    int count;
    double value[BENCH_RUNS];
} bench_samples;

typedef struct bench_spread {
    double median, least, most;
} bench_spread;

bench_spread bench_spread_of(const bench_samples *samples);

/* Seconds to read this many bytes from each of two addresses on all cores of the host; negative when
 * threads cannot be made. */
double bench_host_read(const void *x, const void *y, size_t bytes_each);

/* Bytes a second, read and written, of a copy within the device's memory. */
bool bench_device_copy(const session *s, double bytes, bench_samples *rates, int runs, fault *f);

typedef enum bench_status { BENCH_OK, BENCH_LISTED, BENCH_SKIPPED, BENCH_FAILED } bench_status;

/* The result of one case. */
typedef struct bench_result {
    bench_problem problem;
    bench_status status;
    char message[480];
    const char *check;
    uint64_t hash;
    int calls, sets;       /* calls in a sample; sets of inputs used in turn */
    bench_samples seconds; /* of one call */
    bench_samples ceiling; /* bytes a second that the host reads (CPU devices) */
    bench_samples
        launch[4]; /* seconds of one call: to enqueue, to enqueue and wait; the same two for an empty sum */
} bench_result;

void bench_measure(const session *s, const bench_problem *p, const bench_scale *scale, int runs,
                   bench_result *r);

/* Runs case 27: every device, in three layouts. r->message lists the devices. */
void bench_compare_bits(const bench_scale *scale, bench_result *r);

/* ---- Telling ------------------------------------------------------------------------------------- */

/* The results of a whole run. */
typedef struct bench_report {
    const session *session;
    const bench_scale *scale;
    int runs;
    bool markdown;
    bench_samples copies; /* bytes a second: the ceiling of a device with its own memory */
    bench_result *results;
    int count;
} bench_report;

/* The share of the ceiling that a result reaches: the time its bytes would need at the ceiling, divided by
 * its own time. 0 when arithmetic is the limit, not memory, or when nothing was measured. */
double bench_share(const bench_report *report, const bench_result *r);
double bench_moved(const bench_report *report, const bench_result *r);

void bench_print_head(const bench_report *report);
void bench_print_row(const bench_report *report, const bench_result *r);
void bench_describe_operands(const bench_problem *p, char *text, size_t capacity);

/* Writes the whole file. */
bool bench_write_json(const bench_report *report, const char *path, fault *f);

#endif
