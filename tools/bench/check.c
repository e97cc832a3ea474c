/* Checks the results that were timed: every output is written, and a sample of them has the right bits. */
#include "bench/bench.h"

#include "reference.h"
#include "samples.h"

#include <stdlib.h>
#include <string.h>

bool bench_call(const session *s, const bench_problem *p, const bench_set *set, fault *f)
{
    vecdot_status status =
        vecdot_with(s->queue, &set->x[0].tensor, &set->x[1].tensor, &p->options, &set->out.tensor);
    return status == VECDOT_SUCCESS || fault_from_library(f, status);
}

uint64_t bench_hash(const void *data, size_t bytes)
{
    const unsigned char *at = data;
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a, on words */
    for (; bytes > 0;) {
        uint64_t word = 0;
        size_t part = bytes < sizeof word ? bytes : sizeof word;
        memcpy(&word, at, part);
        hash = (hash ^ word) * 0x100000001b3u;
        hash ^= hash >> 29;
        at += part;
        bytes -= part;
    }
    return hash;
}

/* ---- One output ---------------------------------------------------------------------------------- */

/* Copies a vector from the device; the view then points to the copy. */
static bool vector_to_host(const session *s, reference_vector *v, void **copy, fault *f)
{
    if (v->view.device.device_type == kDLCPU) return true;
    *copy = malloc((size_t)v->size * (v->view.dtype.bits / 8u) + 1);
    if (*copy == NULL) return fault_set(f, VECDOT_ERROR_OUT_OF_MEMORY, "no host memory to check the result");
    if (!bench_fetch(s, &v->view, *copy, f)) return false;
    v->view.data = *copy;
    v->view.byte_offset = 0;
    v->stride = 1;
    return true;
}

/* `out` is a host copy of the outputs. */
static bool check_output(const session *s, const bench_problem *p, const bench_set *set, const DLTensor *out,
                         int64_t index, const char **verdict, fault *f)
{
    void *copy[2] = {NULL, NULL};
    reference_vector x[2];
    reference_verdict found = REFERENCE_WRONG;
    bool well = true;
    for (int i = 0; i < 2 && well; i++) {
        reference_vector_of(&set->x[i].tensor, p->options.axis[i], out, index, &x[i]);
        well = vector_to_host(s, &x[i], &copy[i], f);
    }
    if (well) {
        bool product = reference_is_product(&set->x[0].tensor, &set->x[1].tensor, out, p->terms);
        reference_sum sum =
            reference_compute(&x[0].view, &x[1].view, out->dtype, (p->options.flags & VECDOT_NO_CONJ) == 0);
        found = reference_compare(&sum, out, index, product, f);
    }
    if (found == REFERENCE_BOUND) *verdict = "bound";
    free(copy[0]);
    free(copy[1]);
    return found != REFERENCE_WRONG;
}

/* Sums about this many elements in all, of at least two outputs if there are two. */
static bool check_sample(const session *s, const bench_problem *p, const bench_set *set, void *data,
                         const char **verdict, fault *f)
{
    enum { ELEMENTS = 1 << 22, OUTPUTS = 500 };
    samples random = {(uint64_t)p->out.storage};
    DLTensor out = set->out.tensor;
    out.data = data;
    out.device = (DLDevice){kDLCPU, 0};
    out.byte_offset = 0;
    int64_t count = ELEMENTS / (p->terms + 1);
    count = count < 2 ? 2 : count > OUTPUTS ? OUTPUTS : count;
    if (count > p->out.storage) count = p->out.storage;
    for (int64_t i = 0; i < count; i++) {
        int64_t index = i == 0 ? 0 : i == 1 ? p->out.storage - 1 : sample_below(&random, p->out.storage);
        if (!check_output(s, p, set, &out, index, verdict, f)) return false;
    }
    return true;
}

static bool run_poisoned(const session *s, const bench_problem *p, bench_set *set, int poison, void *out,
                         uint64_t *hash, fault *f)
{
    if (!bench_array_poison(&set->out, s, poison, f) || !bench_call(s, p, set, f)) return false;
    if (!bench_fetch(s, &set->out.tensor, out, f)) return false;
    *hash = bench_hash(out, bench_storage_bytes(&p->out));
    return true;
}

bool bench_check(const session *s, const bench_problem *p, bench_set *set, const char **verdict,
                 uint64_t *hash, fault *f)
{
    uint64_t again = 0;
    void *out = malloc(bench_storage_bytes(&p->out) + 1);
    *verdict = "bits";
    if (out == NULL) return fault_set(f, VECDOT_ERROR_OUT_OF_MEMORY, "no host memory for the result");
    bool well = run_poisoned(s, p, set, 0x5a, out, &again, f) && run_poisoned(s, p, set, 0xa5, out, hash, f);
    if (well && *hash != again)
        well = fault_set(f, VECDOT_SUCCESS, "two runs differ, or not every output was written");
    well = well && check_sample(s, p, set, out, verdict, f);
    free(out);
    return well;
}
