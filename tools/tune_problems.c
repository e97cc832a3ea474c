/* The problems that `vecdot tune` measures: cases of the benchmark, some of each class, in a size that suits
 * the device and the budget. */
#include "tune.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A case of the benchmark, or where `inner` is not 0 the axis of a matrix with so many columns. The most
 * telling first, should there be time for a few only. Small ones are where dispatch counts. */
static const struct {
    const char *number;
    int divisor; /* of the size */
    int64_t inner;
    int32_t axis;
} cases[TUNE_PROBLEMS] = {{"1", 1, 0, 0},   {"7", 1, 0, 0},  {"12", 1, 0, 0},       {"9", 1, 0, 0},
                          {"11", 1, 0, 0},  {"19", 1, 0, 0}, {"7", 64, 0, 0},       {"12", 64, 0, 0},
                          {"13", 1, 0, 0},  {"20", 1, 0, 0}, {"8", 1, 0, 0},        {"21", 1, 0, 0},
                          {"1", 64, 0, 0},  {"9", 64, 0, 0}, {"wide", 1, 16384, 0}, {"short", 1, 24, 1},
                          {"19", 64, 0, 0}, {"14", 1, 0, 0}};

static bool problem_of(int index, double bytes, bench_problem *p, fault *f)
{
    const vecdot_options defaults = VECDOT_OPTIONS_INIT;
    int64_t inner = cases[index].inner, rows = inner > 0 ? (int64_t)(bytes / 8 / (double)inner) : 0;
    char shape[64];
    options o = {.contract = defaults};
    bytes /= cases[index].divisor;
    if (inner == 0) return bench_problem_sized(cases[index].number, bytes, 16 * bytes, p, f);
    o.contract.axis[0] = o.contract.axis[1] = cases[index].axis;
    snprintf(shape, sizeof shape, "%" PRId64 "x%" PRId64, rows > 0 ? rows : 1, inner);
    if (!bench_problem_from_shape(&o, shape, p, f)) return false;
    p->number = p->title = cases[index].number; /* `shape` is gone when this returns */
    return true;
}

bool tune_plan(const session *s, const tune_problem *p, char plan[TUNE_PLAN_BYTES], fault *f)
{
    const DLTensor *x1 = &p->set.x[0].tensor, *x2 = &p->set.x[1].tensor;
    vecdot_status status = vecdot_explain(s->queue, x1, x2, &p->problem.options, &p->set.out.tensor, plan,
                                          TUNE_PLAN_BYTES, NULL);
    if (status != VECDOT_SUCCESS) return fault_from_library(f, status);
    char *values = strstr(plan, "tuned thresholds:"); /* the last line */
    if (values != NULL) *values = '\0';
    return true;
}

bool tune_is_right(const session *s, tune_problem *p, bool *right, fault *f)
{
    size_t bytes = bench_storage_bytes(&p->problem.out);
    void *out = malloc(bytes + 1);
    if (out == NULL) return fault_set(f, VECDOT_ERROR_OUT_OF_MEMORY, "no host memory for the result");
    bool well = bench_array_poison(&p->set.out, s, 0x5a, f) && bench_call(s, &p->problem, &p->set, f) &&
                bench_fetch(s, &p->set.out.tensor, out, f);
    *right = well && bench_hash(out, bytes) == p->hash;
    free(out);
    return well;
}

static bool problem_create(tune_problem *p, const tuning *t, int index, fault *f)
{
    const session *s = t->session;
    const char *verdict;
    double sample = t->budget / 6000;
    sample = sample < 2e-4 ? 2e-4 : sample > 0.01 ? 0.01 : sample;
    return problem_of(index, t->bytes, &p->problem, f) && bench_set_create(&p->set, s, &p->problem, 1, f) &&
           bench_check(s, &p->problem, &p->set, &verdict, &p->hash, f) &&
           bench_calibrate(s, &p->problem, &p->set, 1, sample, &p->calls, f) && tune_plan(s, p, p->plan, f);
}

/* Seconds for a call, the shortest of some: the first ones may be slow for other reasons. */
static bool time_one(const tuning *t, const tune_problem *p, double *seconds, fault *f)
{
    *seconds = HUGE_VAL;
    for (int i = 0; i < 5; i++) {
        double now = 0;
        if (!bench_time_calls(t->session, &p->problem, &p->set, 1, 1, &now, f)) return false;
        if (now < *seconds) *seconds = now;
    }
    return true;
}

/* Doubles the size while the first problem takes a small part of the budget. */
static bool choose_size(tuning *t, fault *f)
{
    const vecdot_device_info *info = &t->session->info;
    double most = (info->shares_host_memory ? 64.0 : 256.0) * 1048576, seconds = 0;
    if (most > (double)info->memory_bytes / 64) most = (double)info->memory_bytes / 64;
    for (t->bytes = 16384; t->bytes * 2 <= most; t->bytes *= 2) {
        tune_problem *p = &t->problems[0];
        bool well = problem_create(p, t, 0, f) && time_one(t, p, &seconds, f);
        bench_set_destroy(&p->set);
        if (!well) return false;
        if (seconds > t->budget / 6000) break;
    }
    return true;
}

static bool use_table(tuning *t, fault *f)
{
    size_t count = 0;
    vecdot_context *context = t->session->context;
    vecdot_status status = vecdot_tuning(context, t->thresholds, TUNE_THRESHOLDS, &count);
    t->threshold_count = (int)(count < TUNE_THRESHOLDS ? count : TUNE_THRESHOLDS);
    for (int i = 0; i < t->threshold_count && status == VECDOT_SUCCESS; i++) {
        vecdot_threshold *row = &t->thresholds[i];
        row->value = row->table;
        status = vecdot_tuning_set(context, row->name, row->value);
    }
    return status == VECDOT_SUCCESS || fault_from_library(f, status);
}

bool tune_problems_create(tuning *t, fault *f)
{
    if (!use_table(t, f) || !choose_size(t, f)) return false;
    for (int i = 0; i < TUNE_PROBLEMS; i++) {
        if (i > 0 && bench_now() - t->begin > t->budget / 2) break;
        t->problem_count = i + 1;
        if (!problem_create(&t->problems[i], t, i, f)) return false;
    }
    return true;
}

void tune_problems_destroy(tuning *t)
{
    vecdot_queue_finish(t->session->queue);
    for (int i = 0; i < t->problem_count; i++) bench_set_destroy(&t->problems[i].set);
}
