/* What `vecdot tune` tells: a table of what it changed, and as JSON every candidate that was measured. */
#include "dtypes.h"
#include "json.h"
#include "tune.h"

#include <inttypes.h>

void tune_print_head(const tuning *t)
{
    const vecdot_device_info *info = &t->session->info;
    printf("vecdot %s on %s:%" PRId32 ", %s (%s): %d problems of at most %.3g MiB, %.3g s\n\n",
           vecdot_version(), info->backend, info->index, info->name, info->driver, t->problem_count,
           t->bytes / 1048576, t->budget);
    fflush(stdout);
}

static const char *const product_verdicts[] = {"faster", "no faster", "not measured", "WRONG", "failed"};

void tune_print_products(const tuning *t)
{
    if (t->product_count == 0) return;
    printf("%-10s  %6s  %12s  %12s  by %s\n", "product", "edge", "own ms", "its ms",
           t->products[0].choice.library);
    for (int i = 0; i < t->product_count; i++) {
        const tune_product *p = &t->products[i];
        printf("%-10s  ", dtype_row_of(p->choice.dtype)->brief);
        if (p->own.median > 0)
            printf("%6" PRId64 "  %12.4g  %12.4g  ", p->edge, 1000 * p->own.median, 1000 * p->blas.median);
        printf("%s%s%s\n", product_verdicts[p->verdict], p->why[0] != '\0' ? ": " : "", p->why);
    }
    printf("\n");
    fflush(stdout);
}

void tune_print_result(const tuning *t)
{
    int accepted = 0, changed = 0;
    for (int i = 0; i < t->trial_count; i++) accepted += t->trials[i].verdict == TUNE_ACCEPTED;
    for (int i = 0; i < t->threshold_count; i++) {
        const vecdot_threshold *row = &t->thresholds[i];
        if (row->value == row->table) continue;
        if (changed++ == 0)
            printf("%-22s  %-9s  %10s  %10s  %6s\n", "threshold", "unit", "from", "to", "gain");
        printf("%-22s  %-9s  %10" PRId64 "  %10" PRId64 "  %5.1f%%\n", row->name, row->unit, row->table,
               row->value, 100 * row->gain);
    }
    printf("%s%d candidates measured in %.1f s, %d accepted; %s\n", changed > 0 ? "\n" : "", t->trial_count,
           bench_now() - t->begin, accepted,
           t->other_bits == 0 ? "all gave the same bits" : "SOME GAVE OTHER BITS and were refused");
    if (changed == 0) printf("the library's own thresholds stay\n");
}

static void write_trial(FILE *to, const tuning *t, const tune_trial *trial)
{
    static const char *const verdicts[] = {"accepted", "no better", "other bits", "failed"};
    const char *between = "";
    fprintf(to, "    {\"threshold\": \"%s\", \"from\": %" PRId64 ", \"to\": %" PRId64,
            t->thresholds[trial->threshold].name, trial->from, trial->to);
    fprintf(to, ", \"verdict\": \"%s\", \"ratio\": %.5f, \"problems\": [", verdicts[trial->verdict],
            trial->ratio);
    for (int i = 0; i < t->problem_count; i++) {
        const bench_spread *a = &trial->before[i], *b = &trial->after[i];
        if (!trial->affects[i]) continue;
        fprintf(to, "%s\n      {\"case\": \"%s\", \"bytes\": %.0f, \"calls\": %d", between,
                t->problems[i].problem.number, t->problems[i].problem.bytes_in, t->problems[i].calls);
        fprintf(to, ", \"before\": [%.9g, %.9g, %.9g], \"after\": [%.9g, %.9g, %.9g]}", a->least, a->median,
                a->most, b->least, b->median, b->most);
        between = ",";
    }
    fputs("]}", to);
}

static void write_product(FILE *to, const tune_product *p)
{
    fprintf(to, "    {\"dtype\": \"%s\", \"verdict\": \"%s\", \"edge\": %" PRId64,
            dtype_row_of(p->choice.dtype)->brief, product_verdicts[p->verdict], p->edge);
    fprintf(to, ", \"calls\": %d, \"own\": [%.9g, %.9g, %.9g], \"blas\": [%.9g, %.9g, %.9g]}", p->calls,
            p->own.least, p->own.median, p->own.most, p->blas.least, p->blas.median, p->blas.most);
}

static void write_report(FILE *to, const void *what)
{
    const tuning *t = what;
    fputs("{\n  \"tool\": \"vecdot tune\", \"version\": ", to);
    json_string(to, vecdot_version());
    fprintf(to, ", \"budget\": %.9g, \"bytes\": %.0f,\n", t->budget, t->bytes);
    bench_write_device(to, &t->session->info);
    fputs("  \"thresholds\": [", to);
    for (int i = 0; i < t->threshold_count; i++) {
        const vecdot_threshold *row = &t->thresholds[i];
        fprintf(to, "%s\n    {\"name\": \"%s\", \"unit\": \"%s\", \"table\": %" PRId64, i > 0 ? "," : "",
                row->name, row->unit, row->table);
        fprintf(to, ", \"measured\": %s, \"value\": %" PRId64 ", \"gain\": %.5f}",
                row->measured ? "true" : "false", row->value, row->gain);
    }
    fputs("\n  ],\n  \"library\": ", to);
    json_string(to, t->product_count > 0 ? t->products[0].choice.library : "");
    fputs(", \"products\": [", to);
    for (int i = 0; i < t->product_count; i++) {
        fputs(i > 0 ? ",\n" : "\n", to);
        write_product(to, &t->products[i]);
    }
    fputs("\n  ],\n  \"candidates\": [", to);
    for (int i = 0; i < t->trial_count; i++) {
        fputs(i > 0 ? ",\n" : "\n", to);
        write_trial(to, t, &t->trials[i]);
    }
    fputs("\n  ]\n}\n", to);
}

bool tune_write_json(const tuning *t, const char *path, fault *f)
{
    return bench_write_file(path, write_report, t, f);
}
