/* The parts of `vecdot tune`: problems of every class, the search over the library's thresholds, products by
 * the vendor's BLAS, and the report. */
#ifndef TOOLS_TUNE_H
#define TOOLS_TUNE_H

#include "bench.h"

#include <vecdot/tune.h>

enum {
    TUNE_PROBLEMS = 18,
    TUNE_THRESHOLDS = 64,
    TUNE_TRIALS = 1000,
    TUNE_ROUNDS = 5,
    TUNE_PLAN_BYTES = 2048,
    TUNE_PRODUCTS = 8
};

typedef struct tune_problem {
    bench_problem problem;
    bench_set set;
    uint64_t hash;              /* of the right outputs */
    int calls;                  /* a sample             */
    char plan[TUNE_PLAN_BYTES]; /* with the values that are accepted so far */
} tune_problem;

typedef enum tune_verdict { TUNE_ACCEPTED, TUNE_NO_BETTER, TUNE_OTHER_BITS, TUNE_FAILED } tune_verdict;

/* One candidate beside the value it would replace, on the problems whose plans it changes. */
typedef struct tune_trial {
    int threshold;
    int64_t from, to;
    tune_verdict verdict;
    double ratio; /* of the times, the geometric mean over those problems */
    bool affects[TUNE_PROBLEMS];
    bench_spread before[TUNE_PROBLEMS], after[TUNE_PROBLEMS]; /* seconds a sample */
} tune_trial;

typedef enum tune_product_verdict {
    PRODUCT_FASTER, /* the BLAS's slowest sample beats the own kernel's fastest */
    PRODUCT_NO_FASTER,
    PRODUCT_NO_TIME, /* not measured                                             */
    PRODUCT_WRONG,   /* outside of the error bound                               */
    PRODUCT_FAILED
} tune_product_verdict;

/* A square product of one dtype, by the vendor's BLAS and by the own kernel. */
typedef struct tune_product {
    vecdot_blas_choice choice;
    tune_product_verdict verdict;
    char why[480]; /* of the last two */
    int64_t edge;
    int calls;              /* a sample       */
    bench_spread own, blas; /* seconds a call */
} tune_product;

typedef struct tuning {
    const session *session;
    double budget, begin; /* seconds */
    double bytes;         /* of a problem's inputs */
    int problem_count, threshold_count, trial_count, other_bits, product_count, wrong_products;
    tune_problem problems[TUNE_PROBLEMS];
    vecdot_threshold thresholds[TUNE_THRESHOLDS]; /* value: accepted so far */
    tune_trial trials[TUNE_TRIALS];
    tune_product products[TUNE_PRODUCTS];
} tuning;

bool tune_is_over(const tuning *t);

/* Makes as many of the problems as half of the budget allows, one at least, as large as the device computes
 * in a small part of it; each is checked with the library's own thresholds, which the context follows then.
 */
bool tune_problems_create(tuning *t, fault *f);
void tune_problems_destroy(tuning *t);

/* Writes how a problem would run with the context's thresholds. */
bool tune_plan(const session *s, const tune_problem *p, char plan[TUNE_PLAN_BYTES], fault *f);

/* Runs the problem and tells whether the outputs have the right bits. */
bool tune_is_right(const session *s, tune_problem *p, bool *right, fault *f);

/* Coordinate descent until nothing gets better or the budget is used. */
bool tune_search(tuning *t, fault *f);

/* Lists what the vendor's BLAS could compute, and hands it nothing from now on: the rest is about the own
 * kernels. */
bool tune_blas_list(tuning *t, fault *f);

/* Measures it, for a quarter of the budget at most, but one dtype at least. */
bool tune_blas_measure(tuning *t, fault *f);

/* What was measured, to be kept. */
int tune_blas_kept(const tuning *t, vecdot_blas_choice choices[TUNE_PRODUCTS]);

void tune_print_head(const tuning *t);
void tune_print_products(const tuning *t);
void tune_print_result(const tuning *t);
bool tune_write_json(const tuning *t, const char *path, fault *f);

#endif
