/* Case 27: cases 1, 7, 12 and 16 must give the same bits on every device and in three layouts each. */
#include "bench/bench.h"

#include <inttypes.h>
#include <stdlib.h>

static const char *const numbers[] = {"1", "7", "12", "16"};
enum { NUMBERS = sizeof numbers / sizeof numbers[0], LAYOUTS = 3 };

static const char *const layouts[LAYOUTS] = {"as it is", "with gaps", "reversed"};

/* The first device's results, which all others must equal. */
typedef struct comparison {
    double bytes;
    bool known[NUMBERS];
    uint64_t hash[NUMBERS];
    int devices;
} comparison;

/* Changes where an array's elements are: every second place, or in reverse. */
static void lay_out_anew(bench_operand *a, int layout)
{
    int64_t elements = a->storage - a->offset;
    for (int32_t d = 0; d < a->ndim; d++) a->strides[d] *= layout == 1 ? 2 : layout == 2 ? -1 : 1;
    if (layout == 1) a->storage += elements;
    if (layout == 2) a->offset += elements - 1;
}

static bool hash_layout(const session *s, const bench_problem *p, const bench_set *from, int layout,
                        uint64_t *hash, fault *f)
{
    bench_problem other = *p;
    bench_set set;
    lay_out_anew(&other.x[0], layout);
    lay_out_anew(&other.x[1], layout);
    bool well = bench_set_create(&set, s, &other, 50, f);
    for (int i = 0; i < 2 && well; i++) {
        vecdot_status status = vecdot_copy(s->queue, &from->x[i].tensor, &set.x[i].tensor);
        well = status == VECDOT_SUCCESS || fault_from_library(f, status);
    }
    well = well && bench_call(s, &other, &set, f);
    void *out = well ? malloc(bench_storage_bytes(&p->out) + 1) : NULL;
    if (well && out == NULL) well = fault_set(f, VECDOT_ERROR_OUT_OF_MEMORY, "no host memory for the result");
    well = well && bench_fetch(s, &set.out.tensor, out, f);
    if (well) *hash = bench_hash(out, bench_storage_bytes(&p->out));
    vecdot_queue_finish(s->queue);
    free(out);
    bench_set_destroy(&set);
    return well;
}

static bool same(comparison *c, int number, uint64_t hash, const session *s, int layout, fault *f)
{
    if (!c->known[number]) c->hash[number] = hash;
    c->known[number] = true;
    return c->hash[number] == hash ||
           fault_set(f, VECDOT_SUCCESS, "other bits: case %s %s on %s:%" PRId32 " (%s)", numbers[number],
                     layouts[layout], s->info.backend, s->info.index, s->info.name);
}

static bool compare_case(comparison *c, const session *s, int number, fault *f)
{
    bench_problem p;
    bench_set set;
    uint64_t hash = 0;
    const char *verdict;
    if (!bench_problem_sized(numbers[number], c->bytes, 4e9, &p, f)) return false;
    bool well = bench_set_create(&set, s, &p, 1, f) && bench_check(s, &p, &set, &verdict, &hash, f) &&
                same(c, number, hash, s, 0, f);
    for (int layout = 1; layout < LAYOUTS && well; layout++)
        well = hash_layout(s, &p, &set, layout, &hash, f) && same(c, number, hash, s, layout, f);
    vecdot_queue_finish(s->queue);
    bench_set_destroy(&set);
    return well;
}

static bool compare_device(comparison *c, const vecdot_device_info *info, fault *f)
{
    char selector[40];
    session s = {0};
    snprintf(selector, sizeof selector, "%s:%" PRId32, info->backend, info->index);
    vecdot_status status = vecdot_context_create(selector, &s.context);
    if (status == VECDOT_SUCCESS) status = vecdot_queue_create(s.context, &s.queue);
    if (status == VECDOT_SUCCESS) status = vecdot_context_info(s.context, &s.info);
    bool well = status == VECDOT_SUCCESS || fault_from_library(f, status);
    for (int i = 0; i < NUMBERS && well; i++) well = compare_case(c, &s, i, f);
    session_close(&s);
    c->devices++;
    return well;
}

void bench_compare_bits(const bench_scale *scale, bench_result *r)
{
    enum { MOST = 64 };
    comparison c = {.bytes = 16.0 * 1048576};
    fault f = {VECDOT_SUCCESS, ""};
    size_t count = 0;
    vecdot_device_info *infos = calloc(MOST, sizeof *infos);
    vecdot_status status =
        infos != NULL ? vecdot_device_list(infos, MOST, &count) : VECDOT_ERROR_OUT_OF_MEMORY;
    if (scale->bytes > 0 && scale->bytes < c.bytes) c.bytes = scale->bytes;
    bool well = status == VECDOT_SUCCESS || fault_from_library(&f, status);
    for (size_t i = 0; i < count && i < MOST && well; i++) well = compare_device(&c, &infos[i], &f);
    r->status = well ? BENCH_OK : BENCH_FAILED;
    r->check = "bits";
    r->hash = bench_hash(c.hash, sizeof c.hash);
    if (well)
        snprintf(r->message, sizeof r->message,
                 "cases 1, 7, 12, 16: the same bits on %d device%s in %d layouts", c.devices,
                 c.devices == 1 ? "" : "s", LAYOUTS);
    else
        snprintf(r->message, sizeof r->message, "%s", f.text);
    free(infos);
}
