/* `vecdot bench`: runs the cases one after the other and prints each result when it is there. */
#include "bench/bench.h"

#include "commands.h"

#include <stdlib.h>

/* Fills the problems of the chosen cases. */
static bool choose(const options *o, const bench_scale *scale, bench_report *report, fault *f)
{
    const bench_list *list = scale->list;
    if (!bench_numbers_known(list, o, f)) return false;
    for (int i = 0; i < o->shape_count; i++)
        if (!bench_problem_from_shape(o, scale, o->shapes[i], &report->results[report->count++].problem, f))
            return false;
    for (int i = 0; i < list->count && o->shape_count == 0; i++)
        if (bench_case_selected(&list->rows[i], o) &&
            !bench_problem_from_case(&list->rows[i], scale, &report->results[report->count++].problem, f))
            return false;
    return true;
}

static int usage(const char *what)
{
    fprintf(stderr, "vecdot bench: %s\nTry 'vecdot bench --help'.\n", what);
    return EXIT_USAGE;
}

static int check_usage(const options *o)
{
    if (o->runs > BENCH_RUNS) return usage("--runs wants at most 101");
    if (o->shape_count > 0 && o->operand_count > 0) return usage("either cases or --shape, not both");
    if (o->shape_count == 0 && o->dtypes != NULL) return usage("--dtype goes with --shape");
    return EXIT_OK;
}

static void measure(const bench_report *report, bench_result *r)
{
    bench_problem problem = r->problem;
    if (report->runs == 0)
        r->status = BENCH_LISTED;
    else if (problem.kind == KIND_BITS)
        bench_compare_bits(report->scale, r);
    else
        bench_measure(report->session, &problem, report->scale, report->runs, r);
}

/* Runs all cases. The file is written after each case, so that an early end keeps what was measured. */
static int run_all(bench_report *all, const options *o)
{
    fault f = {VECDOT_SUCCESS, ""};
    int total = all->count, exit_status = EXIT_OK;
    for (int i = 0; i < total; i++) {
        bench_result *r = &all->results[i];
        measure(all, r);
        all->count = i + 1;
        bench_print_row(all, r);
        if (r->status == BENCH_FAILED) exit_status = EXIT_FAILED;
        if (o->json_file != NULL && (all->runs > 0 || i + 1 == total) &&
            !bench_write_json(all, o->json_file, &f))
            return report(o->json_file, &f);
    }
    return exit_status;
}

static bool measure_ceiling(bench_report *report, fault *f)
{
    const session *s = report->session;
    const double gib = 1073741824;
    double bytes = report->scale->bytes > 0 ? report->scale->bytes : 2 * gib;
    if (s->info.shares_host_memory || report->runs == 0 || report->scale->everyday) return true;
    if (bytes > 2 * report->scale->limit) bytes = 2 * report->scale->limit;
    return bench_device_copy(s, bytes, &report->copies, report->runs, f);
}

static int run(const session *s, const options *o, const bench_scale *scale, bench_result *results)
{
    fault f = {VECDOT_SUCCESS, ""};
    bench_report all = {.session = s,
                        .scale = scale,
                        .runs = o->runs < 0 ? 7 : o->runs,
                        .markdown = o->markdown,
                        .results = results};
    if (!choose(o, scale, &all, &f)) return f.status == VECDOT_SUCCESS ? usage(f.text) : report(NULL, &f);
    if (!measure_ceiling(&all, &f)) return report("the ceiling", &f);
    bench_print_head(&all);
    int exit_status = run_all(&all, o), flushed = finish_output();
    return exit_status != EXIT_OK ? exit_status : flushed;
}

/* Makes room for the results of the scale's cases, and runs them. */
static int run_scale(const session *s, const options *o)
{
    bench_scale scale;
    fault f;
    if (!bench_scale_parse(o->scale != NULL ? o->scale : "dram", &s->info, &scale, &f)) return usage(f.text);
    int most = o->shape_count > 0 ? o->shape_count : scale.list->count;
    bench_result *results = calloc((size_t)most, sizeof *results);
    if (results == NULL)
        return report("bench", &(fault){VECDOT_ERROR_OUT_OF_MEMORY, "no memory for the results"});
    int exit_status = run(s, o, &scale, results);
    free(results);
    return exit_status;
}

int bench_command(const command *self, const options *o)
{
    (void)self;
    session s;
    int exit_status = check_usage(o);
    if (exit_status == EXIT_OK) exit_status = session_open(&s, o);
    if (exit_status != EXIT_OK) return exit_status;
    exit_status = run_scale(&s, o);
    session_close(&s);
    return exit_status;
}
