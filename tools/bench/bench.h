/* The parts of `vecdot bench`: cases, their arrays, the check of a result, the clock, the ceiling, and what
 * was measured. The arrays are the device's, or the host's where the device works on host memory in place. */
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
    KIND_STREAM, /* throughput                                     */
    KIND_LAUNCH, /* what a small call costs                        */
    KIND_BITS    /* the same bits from every device and layout     */
} bench_kind;

/* An array as a view of its storage, all counted in elements. */
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
    int64_t terms;              /* of each sum                                               */
    double bytes_in, bytes_out; /* that must move: an operand once, however often it is used */
    double operations;          /* additions and multiplications                             */
} bench_problem;

/* How large: the table's own size where `bytes` is 0, else inputs of at most about so many bytes, and then
 * products of matrices of at most `operations`. */
typedef struct bench_scale {
    const char *name;
    double bytes, operations;
    bool rotate;  /* over several sets of inputs, so that no cache holds them */
    double limit; /* bytes for one array; for all, four times as many          */
} bench_scale;

/* What --scale asks for on this device. False after a message. */
bool bench_scale_parse(const char *text, const vecdot_device_info *info, bench_scale *scale, fault *f);

int bench_case_count(void);
bool bench_case_selected(int index, const options *o);
bool bench_numbers_known(const options *o, fault *f);

/* The case at that index, made to fit the scale, or what a --shape describes. */
bool bench_problem_from_case(int index, const bench_scale *scale, bench_problem *p, fault *f);
bool bench_problem_from_shape(const options *o, const char *shape, bench_problem *p, fault *f);

/* Halves a case until it is about `bytes` large, and a product of matrices has so many operations. */
bool bench_problem_sized(const char *number, double bytes, double operations, bench_problem *p, fault *f);

/* ---- Arrays -------------------------------------------------------------------------------------- */

/* An operand in memory. */
typedef struct bench_array {
    bench_operand operand;
    DLTensor tensor; /* the view: points into this struct */
    void *host;      /* one of the two                    */
    DLManagedTensor *device;
} bench_array;

typedef struct bench_set {
    bench_array x[2], out;
} bench_set;

size_t bench_storage_bytes(const bench_operand *operand);

/* Makes an array on the session's device of zero bytes, or with random elements: integers from the whole
 * range, floats with |x| in [2^-7, 2), another array for each seed. Not to be moved. */
bool bench_array_create(bench_array *a, const session *s, const bench_operand *operand, uint64_t seed,
                        bool zeros, fault *f);
void bench_array_destroy(bench_array *a);

bool bench_set_create(bench_set *set, const session *s, const bench_problem *p, uint64_t seed, fault *f);
void bench_set_destroy(bench_set *set);

/* Sets every byte of an output. */
bool bench_array_poison(bench_array *a, const session *s, int byte, fault *f);

/* Copies an array to host memory, C-contiguous. */
bool bench_fetch(const session *s, const DLTensor *view, void *host, fault *f);

/* ---- Running and checking ------------------------------------------------------------------------ */

bool bench_call(const session *s, const bench_problem *p, const bench_set *set, fault *f);

/* Runs it twice over outputs that were poisoned differently, which must then be equal, and compares a sample
 * of the outputs with the canonical sum in scalar C. *verdict: "bits", or "bound" for the products that have
 * an order of their own and are within the error bound. */
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

/* Seconds to read so many bytes at two places on all cores of the host; negative: no threads. */
double bench_host_read(const void *x, const void *y, size_t bytes_each);

/* Bytes a second that a copy within the device's memory reads and writes. */
bool bench_device_copy(const session *s, double bytes, bench_samples *rates, int runs, fault *f);

typedef enum bench_status { BENCH_OK, BENCH_LISTED, BENCH_SKIPPED, BENCH_FAILED } bench_status;

/* What came of one case. */
typedef struct bench_result {
    bench_problem problem;
    bench_status status;
    char message[480];
    const char *check;
    uint64_t hash;
    int calls, sets;         /* calls a sample, and sets of inputs they rotate over */
    bench_samples seconds;   /* a call                                             */
    bench_samples ceiling;   /* bytes a second that the host reads (CPU devices)   */
    bench_samples launch[4]; /* seconds a call: enqueue, wait; the same, empty      */
} bench_result;

void bench_measure(const session *s, const bench_problem *p, const bench_scale *scale, int runs,
                   bench_result *r);

/* Case 27: every device there is, and three layouts. Devices are added up in r->message. */
void bench_compare_bits(const bench_scale *scale, bench_result *r);

/* ---- Telling ------------------------------------------------------------------------------------- */

/* All of a run. */
typedef struct bench_report {
    const session *session;
    const bench_scale *scale;
    int runs;
    bool markdown;
    bench_samples copies; /* bytes a second: the ceiling of a device with memory of its own */
    bench_result *results;
    int count;
} bench_report;

/* The share of the ceiling that a result reaches: the time that its bytes need there over its own. 0 where
 * arithmetic and not memory is the limit, or nothing was measured. */
double bench_share(const bench_report *report, const bench_result *r);
double bench_moved(const bench_report *report, const bench_result *r);

void bench_print_head(const bench_report *report);
void bench_print_row(const bench_report *report, const bench_result *r);
void bench_describe_operands(const bench_problem *p, char *text, size_t capacity);

/* Writes the whole file anew. */
bool bench_write_json(const bench_report *report, const char *path, fault *f);

#endif
