/* The search of `vecdot tune`: one threshold after the other, a step up or down, measured in turns with the
 * value it would replace. */
#include "tune.h"

#include <math.h>
#include <string.h>

bool tune_is_over(const tuning *t)
{
    return bench_now() - t->begin > t->budget || t->trial_count == TUNE_TRIALS;
}

static bool set(const tuning *t, int threshold, int64_t value, fault *f)
{
    vecdot_status status = vecdot_tuning_set(t->session->context, t->thresholds[threshold].name, value);
    return status == VECDOT_SUCCESS || fault_from_library(f, status);
}

typedef enum outcome { MOVED, STAYED, NOTHING_CHANGED } outcome;

/* ---- One candidate ------------------------------------------------------------------------------- */

/* With the candidate set: which plans it changes, and whether their outputs keep their bits. */
static bool inspect(tuning *t, tune_trial *trial, bool *any, fault *f)
{
    char plan[TUNE_PLAN_BYTES];
    *any = false;
    for (int i = 0; i < t->problem_count; i++) {
        tune_problem *p = &t->problems[i];
        bool right = true;
        if (!tune_plan(t->session, p, plan, f)) return false;
        trial->affects[i] = strcmp(plan, p->plan) != 0;
        if (!trial->affects[i]) continue;
        *any = true;
        if (!tune_is_right(t->session, p, &right, f)) return false;
        if (!right) trial->verdict = TUNE_OTHER_BITS;
    }
    return true;
}

static bool sample(const tuning *t, const tune_trial *trial, int64_t value, const tune_problem *p,
                   bench_samples *samples, fault *f)
{
    double seconds = 0;
    if (!set(t, trial->threshold, value, f)) return false;
    if (!bench_time_calls(t->session, &p->problem, &p->set, 1, p->calls, &seconds, f)) return false;
    samples->value[samples->count++] = seconds;
    return true;
}

/* The value, the candidate, the value again, round after round: what changes on the machine meanwhile changes
 * both. */
static bool compare(tuning *t, tune_trial *trial, fault *f)
{
    for (int i = 0; i < t->problem_count; i++) {
        bench_samples before = {0}, after = {0};
        const tune_problem *p = &t->problems[i];
        if (!trial->affects[i]) continue;
        for (int round = 0; round < TUNE_ROUNDS && !tune_is_over(t); round++)
            if (!sample(t, trial, trial->from, p, &before, f) || !sample(t, trial, trial->to, p, &after, f) ||
                !sample(t, trial, trial->from, p, &before, f))
                return false;
        trial->before[i] = bench_spread_of(&before);
        trial->after[i] = bench_spread_of(&after);
    }
    return true;
}

/* Better is a candidate whose slowest sample beats the value's fastest on some problem, while on none its
 * fastest is behind the value's slowest, nor the mean of all. */
static void judge(const tuning *t, tune_trial *trial)
{
    bool better = false, worse = false;
    double sum = 0;
    int count = 0;
    for (int i = 0; i < t->problem_count; i++) {
        const bench_spread *before = &trial->before[i], *after = &trial->after[i];
        if (!trial->affects[i]) continue;
        better = better || after->most < before->least;
        worse = worse || after->least > before->most;
        sum += log(after->median / before->median);
        count++;
    }
    trial->ratio = exp(sum / count);
    trial->verdict = better && !worse && trial->ratio < 1 ? TUNE_ACCEPTED : TUNE_NO_BETTER;
}

static bool accept(tuning *t, const tune_trial *trial, fault *f)
{
    vecdot_threshold *row = &t->thresholds[trial->threshold];
    row->value = trial->to;
    row->gain = 1 - (1 - row->gain) * trial->ratio;
    if (row->value == row->table) row->gain = 0;
    for (int i = 0; i < t->problem_count; i++)
        if (!tune_plan(t->session, &t->problems[i], t->problems[i].plan, f)) return false;
    return true;
}

/* Tries a value. A candidate that changes no plan, or for which time runs out, leaves no trace. False only
 * when the context can no longer be brought back to a value that works. */
static bool try_value(tuning *t, int threshold, int64_t value, outcome *came, fault *f)
{
    tune_trial *trial = &t->trials[t->trial_count];
    int64_t now = t->thresholds[threshold].value;
    bool any = false;
    *trial =
        (tune_trial){.threshold = threshold, .from = now, .to = value, .verdict = TUNE_NO_BETTER, .ratio = 1};
    bool well = set(t, threshold, value, f) && inspect(t, trial, &any, f);
    if (well && any && trial->verdict != TUNE_OTHER_BITS) {
        well = compare(t, trial, f);
        if (well && tune_is_over(t)) any = false;
        if (well && any) judge(t, trial);
    }
    if (!well) trial->verdict = TUNE_FAILED;
    *came = well && !any ? NOTHING_CHANGED : trial->verdict == TUNE_ACCEPTED ? MOVED : STAYED;
    t->other_bits += trial->verdict == TUNE_OTHER_BITS;
    t->trial_count += *came != NOTHING_CHANGED;
    if (!set(t, threshold, *came == MOVED ? value : now, f)) return false;
    return *came != MOVED || accept(t, trial, f);
}

/* ---- All ----------------------------------------------------------------------------------------- */

/* As many steps in one direction as each make it better, and over those that change nothing. */
static bool climb(tuning *t, int threshold, bool up, bool *moved, fault *f)
{
    const vecdot_threshold *row = &t->thresholds[threshold];
    outcome came = MOVED;
    for (int64_t value = row->value; came != STAYED && !tune_is_over(t);) {
        if (up ? value > row->most / row->factor : value < row->least * row->factor) return true;
        value = up ? value * row->factor : value / row->factor;
        if (!try_value(t, threshold, value, &came, f)) return false;
        *moved = *moved || came == MOVED;
    }
    return true;
}

bool tune_search(tuning *t, fault *f)
{
    for (bool any = true; any && !tune_is_over(t);) {
        any = false;
        for (int i = 0; i < t->threshold_count; i++) {
            bool moved = false;
            if (!climb(t, i, true, &moved, f)) return false;
            if (!moved && !climb(t, i, false, &moved, f)) return false;
            any = any || moved;
        }
    }
    return true;
}
