/* Prints the benchmark's table, as text or as Markdown, and computes its figures. */
#include "bench/bench.h"

#include "dtypes.h"

#include <inttypes.h>
#include <string.h>

enum { COLUMNS = 9, TEXT = 640 };

typedef char cell[TEXT];

static const char *const names[COLUMNS] = {"case", "what",       "operands", "ms",   "lowest, highest",
                                           "GB/s", "of ceiling", "GFLOP/s",  "check"};
static const int widths[COLUMNS] = {4, 23, 42, 9, 17, 7, 10, 8, 5};
static const bool to_the_right[COLUMNS] = {false, false, false, true, true, true, true, true, false};

/* A CPU reads each cache line that it writes. */
double bench_moved(const bench_report *report, const bench_result *r)
{
    double writes = report->session->info.shares_host_memory ? 2 : 1;
    return r->problem.bytes_in + writes * r->problem.bytes_out;
}

double bench_share(const bench_report *report, const bench_result *r)
{
    const bench_samples *rates = report->session->info.shares_host_memory ? &r->ceiling : &report->copies;
    double seconds = bench_spread_of(&r->seconds).median, bytes = bench_moved(report, r);
    if (rates->count == 0 || seconds <= 0 || r->problem.kind != KIND_STREAM) return 0;
    if (r->problem.operations > 30 * bytes) return 0;
    return bytes / bench_spread_of(rates).median / seconds;
}

void bench_describe_operands(const bench_problem *p, char *text, size_t capacity)
{
    char shape[2][64];
    for (int i = 0; i < 2; i++) describe_shape(shape[i], sizeof shape[i], p->x[i].ndim, p->x[i].shape);
    snprintf(text, capacity, "%s %s . %s %s", dtype_row_of(p->x[0].dtype)->brief, shape[0],
             dtype_row_of(p->x[1].dtype)->brief, shape[1]);
}

static void print_cells(const bench_report *report, cell cells[COLUMNS])
{
    for (int i = 0; i < COLUMNS; i++) {
        int width = i == COLUMNS - 1 ? 0 : widths[i];
        if (report->markdown)
            printf("%s%s |", i == 0 ? "| " : " ", cells[i]);
        else
            printf("%s%*s", i == 0 ? "" : "  ", to_the_right[i] ? width : -width, cells[i]);
    }
    printf("\n");
    fflush(stdout);
}

static void print_device(const bench_report *report)
{
    const vecdot_device_info *info = &report->session->info;
    printf("vecdot %s on %s:%" PRId32 ", %s (%s), scale %s, %d samples a case\n", vecdot_version(),
           info->backend, info->index, info->name, info->driver, report->scale->name, report->runs);
    if (report->scale->everyday) {
        printf("the time of one call and its wait, on the same arrays each time\n\n");
        return;
    }
    if (info->shares_host_memory) {
        printf("ceiling: all cores of the host reading the same bytes, beside each sample; "
               "bytes are the inputs and twice the outputs\n\n");
        return;
    }
    bench_spread copy = bench_spread_of(&report->copies);
    printf("ceiling: a copy within the device's memory, bytes read and written: %.0f GB/s (%.0f to %.0f); "
           "bytes are the inputs and the outputs\n\n",
           copy.median * 1e-9, copy.least * 1e-9, copy.most * 1e-9);
}

void bench_print_head(const bench_report *report)
{
    cell cells[COLUMNS];
    print_device(report);
    for (int i = 0; i < COLUMNS; i++) snprintf(cells[i], TEXT, "%s", names[i]);
    if (report->scale->everyday) snprintf(cells[3], TEXT, "us");
    print_cells(report, cells);
    if (!report->markdown) return;
    for (int i = 0; i < COLUMNS; i++) snprintf(cells[i], TEXT, "%s", to_the_right[i] ? "---:" : "---");
    print_cells(report, cells);
}

/* Where the device works in the host's memory a call is complete on return: there is one time and no wait. */
static void tell_launches(const bench_report *report, const bench_result *r, char *text)
{
    double us[4];
    for (int i = 0; i < 4; i++) us[i] = 1e6 * bench_spread_of(&r->launch[i]).median;
    if (report->session->info.shares_host_memory) {
        snprintf(text, TEXT, "%s; us a call: %.1f; sums of no terms %.1f", r->check, us[1], us[3]);
        return;
    }
    snprintf(text, TEXT, "%s; us a call: %.1f to enqueue, %.1f with the wait; sums of no terms %.1f and %.1f",
             r->check, us[0], us[1], us[2], us[3]);
}

/* Four digits that count, never in powers of ten. */
static const char *figure(double value, char text[32])
{
    snprintf(text, 32, value < 1e4 ? "%.4g" : "%.0f", value);
    return text;
}

static void tell_numbers(const bench_report *report, const bench_result *r, cell cells[COLUMNS])
{
    bench_spread seconds = bench_spread_of(&r->seconds);
    double share = bench_share(report, r), unit = report->scale->everyday ? 1e6 : 1e3;
    char a[32], b[32];
    snprintf(cells[3], TEXT, "%s", figure(seconds.median * unit, a));
    snprintf(cells[4], TEXT, "%s, %s", figure(seconds.least * unit, a), figure(seconds.most * unit, b));
    snprintf(cells[5], TEXT, "%.1f", bench_moved(report, r) / seconds.median * 1e-9);
    if (share > 0) snprintf(cells[6], TEXT, "%.2f", share);
    if (r->problem.operations > 4 * bench_moved(report, r))
        snprintf(cells[7], TEXT, "%.0f", r->problem.operations / seconds.median * 1e-9);
    snprintf(cells[8], TEXT, "%s", r->check);
}

void bench_print_row(const bench_report *report, const bench_result *r)
{
    cell cells[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) snprintf(cells[i], TEXT, "%s", "");
    snprintf(cells[0], TEXT, "%s", r->problem.number);
    snprintf(cells[1], TEXT, "%s", r->problem.title);
    if (r->problem.kind != KIND_BITS) bench_describe_operands(&r->problem, cells[2], TEXT);
    if (r->status == BENCH_OK && r->seconds.count > 0) tell_numbers(report, r, cells);
    if (r->status == BENCH_OK && r->problem.kind == KIND_LAUNCH) tell_launches(report, r, cells[8]);
    if (r->status == BENCH_OK && r->problem.kind == KIND_BITS) snprintf(cells[8], TEXT, "%s", r->message);
    if (r->status == BENCH_SKIPPED) snprintf(cells[8], TEXT, "skipped: %s", r->message);
    if (r->status == BENCH_FAILED) snprintf(cells[8], TEXT, "FAILED: %s", r->message);
    print_cells(report, cells);
}
