/* The parts of `vecdot tune`: problems of every class, the search over the library's thresholds, and its
 * report. */
#ifndef TOOLS_TUNE_H
#define TOOLS_TUNE_H

#include "bench.h"

#include <vecdot/tune.h>

enum {
    TUNE_PROBLEMS = 18,
    TUNE_THRESHOLDS = 64,
    TUNE_TRIALS = 1000,
    TUNE_ROUNDS = 5,
    TUNE_PLAN_BYTES = 2048
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

typedef struct tuning {
    const session *session;
    double budget, begin; /* seconds */
    double bytes;         /* of a problem's inputs */
    int problem_count, threshold_count, trial_count, other_bits;
    tune_problem problems[TUNE_PROBLEMS];
    vecdot_threshold thresholds[TUNE_THRESHOLDS]; /* value: accepted so far */
    tune_trial trials[TUNE_TRIALS];
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

void tune_print_head(const tuning *t);
void tune_print_result(const tuning *t);
bool tune_write_json(const tuning *t, const char *path, fault *f);

#endif
