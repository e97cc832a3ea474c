/* Writes the benchmark's results to a JSON file, with every sample, so that any figure can be computed
 * again. */
#include "bench/bench.h"

#include "dtypes.h"
#include "json.h"
#include "system.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

static void text(FILE *to, const char *key, const char *value, const char *after)
{
    fprintf(to, "\"%s\": ", key);
    json_string(to, value);
    fputs(after, to);
}

static void numbers(FILE *to, const char *key, const double *values, int count, const char *after)
{
    fprintf(to, "\"%s\": [", key);
    for (int i = 0; i < count; i++) fprintf(to, "%s%.9g", i > 0 ? ", " : "", values[i]);
    fprintf(to, "]%s", after);
}

static void integers(FILE *to, const char *key, const int64_t *values, int count, const char *after)
{
    fprintf(to, "\"%s\": [", key);
    for (int i = 0; i < count; i++) fprintf(to, "%s%" PRId64, i > 0 ? ", " : "", values[i]);
    fprintf(to, "]%s", after);
}

static void write_device(FILE *to, const vecdot_device_info *info)
{
    char selector[40];
    snprintf(selector, sizeof selector, "%s:%" PRId32, info->backend, info->index);
    fputs("  \"device\": {", to);
    text(to, "selector", selector, ", ");
    text(to, "backend", info->backend, ", ");
    text(to, "name", info->name, ", ");
    text(to, "vendor", info->vendor, ", ");
    text(to, "platform", info->platform, ", ");
    text(to, "driver", info->driver, ", ");
    fprintf(to, "\"kind\": %" PRId32 ", \"capability\": %" PRId32 ", \"compute_units\": %" PRIu32, info->kind,
            info->capability, info->compute_units);
    fprintf(to, ", \"memory_bytes\": %" PRIu64 ", \"shares_host_memory\": %s},\n", info->memory_bytes,
            info->shares_host_memory ? "true" : "false");
}

static void write_operand(FILE *to, const bench_operand *a, const char *after)
{
    fputs("{", to);
    text(to, "dtype", dtype_row_of(a->dtype)->name, ", ");
    integers(to, "shape", a->shape, a->ndim, ", ");
    integers(to, "strides", a->strides, a->ndim, ", ");
    fprintf(to, "\"offset\": %" PRId64 ", \"storage\": %" PRId64 "}%s", a->offset, a->storage, after);
}

static void write_measured(FILE *to, const bench_report *report, const bench_result *r)
{
    double share = bench_share(report, r);
    static const char *const launches[4] = {"enqueue", "wait", "empty_enqueue", "empty_wait"};
    fprintf(to, ",\n     \"calls\": %d, \"sets\": %d, \"hash\": \"%016" PRIx64 "\", ", r->calls, r->sets,
            r->hash);
    text(to, "check", r->check != NULL ? r->check : "", ",\n     ");
    numbers(to, "seconds", r->seconds.value, r->seconds.count, ",\n     ");
    numbers(to, "ceiling_bytes_per_second", r->ceiling.value, r->ceiling.count, ",\n     ");
    if (r->problem.kind == KIND_LAUNCH)
        for (int i = 0; i < 4; i++) numbers(to, launches[i], r->launch[i].value, r->launch[i].count, ", ");
    if (share > 0)
        fprintf(to, "\"share\": %.4f", share);
    else
        fputs("\"share\": null", to);
}

static void write_result(FILE *to, const bench_report *report, const bench_result *r)
{
    static const char *const states[] = {"ok", "listed", "skipped", "failed"};
    static const char *const kinds[] = {"stream", "launch", "call", "bits"};
    const bench_problem *p = &r->problem;
    fputs("    {", to);
    text(to, "case", p->number, ", ");
    text(to, "title", p->title, ", ");
    text(to, "kind", kinds[p->kind], ", ");
    text(to, "who", "vecdot", ", ");
    text(to, "status", states[r->status], ", ");
    text(to, "message", r->message, ",\n     ");
    if (p->kind != KIND_BITS) {
        fputs("\"x1\": ", to);
        write_operand(to, &p->x[0], ", \"x2\": ");
        write_operand(to, &p->x[1], ",\n     ");
        int64_t axis[2] = {p->options.axis[0], p->options.axis[1]};
        integers(to, "axis", axis, 2, ", ");
        if (p->options.dtype.bits != 0) text(to, "dtype", dtype_row_of(p->options.dtype)->name, ", ");
        text(to, "result", dtype_row_of(p->out.dtype)->name, ", ");
        integers(to, "result_shape", p->out.shape, p->out.ndim, ", ");
    }
    fprintf(to, "\"zeros\": %s, \"bytes_in\": %.0f, \"bytes_out\": %.0f, \"operations\": %.0f",
            p->zeros ? "true" : "false", p->bytes_in, p->bytes_out, p->operations);
    if (r->status != BENCH_LISTED) write_measured(to, report, r);
    fputs("}", to);
}

static void write_report(FILE *to, const bench_report *report)
{
    char date[32] = "";
    time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc) != NULL) strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc);
    fputs("{\n  ", to);
    text(to, "tool", "vecdot bench", ", ");
    text(to, "version", vecdot_version(), ", ");
    text(to, "date", date, ", ");
    text(to, "scale", report->scale->name, ",\n");
    write_device(to, &report->session->info);
    fputs("  \"ceiling\": {", to);
    bool host = report->session->info.shares_host_memory != 0;
    text(to, "method",
         report->scale->everyday ? "none"
         : host                  ? "all cores read the same bytes"
                                 : "copy within the device, read + written",
         ", ");
    numbers(to, "bytes_per_second", report->copies.value, report->copies.count, "},\n");
    fputs("  \"results\": [", to);
    for (int i = 0; i < report->count; i++) {
        fputs(i > 0 ? ",\n" : "\n", to);
        write_result(to, report, &report->results[i]);
    }
    fputs("\n  ]\n}\n", to);
}

bool bench_write_json(const bench_report *report, const char *path, fault *f)
{
    char *bytes = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&bytes, &size);
    if (memory != NULL) write_report(memory, report);
    if (memory == NULL || fclose(memory) != 0) {
        free(bytes);
        return fault_set(f, VECDOT_ERROR_OUT_OF_MEMORY, "no memory for the report");
    }
    output file;
    bool well = output_open(&file, path, f);
    if (well && !output_write(&file, bytes, size, f)) {
        output_discard(&file);
        well = false;
    }
    well = well && output_commit(&file, f);
    free(bytes);
    return well;
}
