/* Arrays of the benchmark. They are on the device, or on the host where the device works there. Elements
 * are made from random bits. */
#include "bench/bench.h"

#include "parallel.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE  ((size_t)2 << 20)
#define BLOCK ((size_t)64 << 20)

/* Makes an element from random bits: (bits & keep) | set. Floats get one of eight exponents, so all are
 * finite and none is zero. */
static const struct {
    uint8_t code, bits;
    uint64_t keep, set;
} masks[] = {
    {VECDOT_DLBOOL, 8, 0x0101010101010101, 0},
    {kDLFloat, 16, 0x9fff9fff9fff9fff, 0x2000200020002000},
    {kDLBfloat, 16, 0x83ff83ff83ff83ff, 0x3c003c003c003c00},
    {kDLFloat, 32, 0x83ffffff83ffffff, 0x3c0000003c000000},
    {kDLComplex, 64, 0x83ffffff83ffffff, 0x3c0000003c000000},
    {kDLFloat, 64, 0x807fffffffffffff, 0x3f80000000000000},
    {kDLComplex, 128, 0x807fffffffffffff, 0x3f80000000000000},
};

typedef struct stretch {
    uint64_t keep, set, seed, first; /* `seed` and `first`, the index of the first word, choose the words */
    char *data;
    size_t bytes;
} stretch;

/* SplitMix64 by its counter, so that each thread can start anywhere. */
static void *fill_stretch(void *item)
{
    stretch s = *(stretch *)item;
    for (uint64_t i = s.first; s.bytes > 0; i++) {
        uint64_t z = (s.seed << 40) + i * 0x9e3779b97f4a7c15u;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        z = ((z ^ z >> 31) & s.keep) | s.set;
        size_t part = s.bytes < sizeof z ? s.bytes : sizeof z;
        memcpy(s.data, &z, part);
        s.data += part;
        s.bytes -= part;
    }
    return NULL;
}

static void fill_random(DLDataType dtype, uint64_t seed, void *data, size_t bytes)
{
    uint64_t keep = UINT64_MAX, set = 0;
    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++)
        if (masks[i].code == dtype.code && masks[i].bits == dtype.bits)
            keep = masks[i].keep, set = masks[i].set;
    stretch stretches[MAX_THREADS];
    size_t count = bytes < 1 << 20 ? 1 : (size_t)count_cores(), each = bytes / count / 8 * 8;
    for (size_t i = 0; i < count; i++)
        stretches[i] = (stretch){.keep = keep,
                                 .set = set,
                                 .seed = seed,
                                 .first = i * each / 8,
                                 .data = (char *)data + i * each,
                                 .bytes = i + 1 < count ? each : bytes - i * each};
    in_parallel(fill_stretch, stretches, sizeof stretches[0], (int)count);
}

/* ---- Host ---------------------------------------------------------------------------------------- */

/* Asks for large pages, as a program that wants speed would. */
static bool create_on_host(bench_array *a, size_t bytes, fault *f)
{
    size_t size = bytes < PAGE ? (bytes + 64) / 64 * 64 : (bytes + PAGE - 1) / PAGE * PAGE;
    a->host = aligned_alloc(bytes < PAGE ? 64 : PAGE, size);
    if (a->host == NULL)
        return fault_set(f, VECDOT_ERROR_OUT_OF_MEMORY, "no host memory for %zu bytes", bytes);
    if (bytes >= PAGE) (void)madvise(a->host, size, MADV_HUGEPAGE);
    a->tensor.data = a->host;
    a->tensor.device = (DLDevice){kDLCPU, 0};
    return true;
}

/* ---- Device -------------------------------------------------------------------------------------- */

typedef struct filling {
    int poison; /* the byte of every element; -1: random */
    uint64_t seed;
} filling;

static void fill_host(DLDataType dtype, const filling *how, uint64_t block, void *data, size_t bytes)
{
    if (how->poison >= 0)
        memset(data, how->poison, bytes);
    else
        fill_random(dtype, how->seed * 4096 + block, data, bytes);
}

/* Copies block by block from the host, so that a large array needs little host memory. */
static bool fill_device(const session *s, const bench_array *a, const filling *how, fault *f)
{
    DLDataType dtype = a->operand.dtype;
    size_t item = dtype.bits / 8u, bytes = bench_storage_bytes(&a->operand);
    void *block = malloc(bytes < BLOCK ? bytes + 1 : BLOCK);
    if (block == NULL) return fault_set(f, VECDOT_ERROR_OUT_OF_MEMORY, "no host memory for random elements");
    vecdot_status status = VECDOT_SUCCESS;
    for (size_t at = 0; at < bytes && status == VECDOT_SUCCESS; at += BLOCK) {
        size_t part = bytes - at < BLOCK ? bytes - at : BLOCK;
        int64_t size = (int64_t)(part / item);
        DLTensor from = {.data = block, .device = {kDLCPU, 0}, .ndim = 1, .dtype = dtype, .shape = &size};
        DLTensor to = a->device->dl_tensor;
        to.ndim = 1;
        to.shape = &size;
        to.strides = NULL;
        to.byte_offset += at;
        fill_host(dtype, how, at / BLOCK, block, part);
        status = vecdot_copy(s->queue, &from, &to);
    }
    free(block);
    return status == VECDOT_SUCCESS || fault_from_library(f, status);
}

static bool fill(const session *s, const bench_array *a, const filling *how, fault *f)
{
    size_t bytes = bench_storage_bytes(&a->operand);
    if (a->device != NULL) return fill_device(s, a, how, f);
    for (size_t at = 0; at < bytes; at += BLOCK)
        fill_host(a->operand.dtype, how, at / BLOCK, (char *)a->host + at,
                  bytes - at < BLOCK ? bytes - at : BLOCK);
    return true;
}

bool bench_array_create(bench_array *a, const session *s, const bench_operand *operand, uint64_t seed,
                        bool zeros, fault *f)
{
    *a = (bench_array){.operand = *operand};
    if (s->info.shares_host_memory) {
        if (!create_on_host(a, bench_storage_bytes(operand), f)) return false;
    } else {
        vecdot_status status = vecdot_empty(s->context, operand->dtype, 1, &a->operand.storage, &a->device);
        if (status != VECDOT_SUCCESS) return fault_from_library(f, status);
        a->tensor = a->device->dl_tensor;
    }
    a->tensor.ndim = operand->ndim;
    a->tensor.dtype = operand->dtype;
    a->tensor.shape = a->operand.shape;
    a->tensor.strides = a->operand.strides;
    a->tensor.byte_offset += (uint64_t)operand->offset * operand->dtype.bits / 8;
    return fill(s, a, &(filling){zeros ? 0 : -1, seed}, f);
}

void bench_array_destroy(bench_array *a)
{
    if (a->device != NULL) a->device->deleter(a->device);
    free(a->host);
    *a = (bench_array){0};
}

bool bench_set_create(bench_set *set, const session *s, const bench_problem *p, uint64_t seed, fault *f)
{
    *set = (bench_set){0};
    return bench_array_create(&set->x[0], s, &p->x[0], seed, p->zeros, f) &&
           bench_array_create(&set->x[1], s, &p->x[1], seed + 1, p->zeros, f) &&
           bench_array_create(&set->out, s, &p->out, seed + 2, false, f);
}

void bench_set_destroy(bench_set *set)
{
    bench_array_destroy(&set->x[0]);
    bench_array_destroy(&set->x[1]);
    bench_array_destroy(&set->out);
}

bool bench_array_poison(bench_array *a, const session *s, int byte, fault *f)
{
    return fill(s, a, &(filling){byte, 0}, f);
}

bool bench_fetch(const session *s, const DLTensor *view, void *host, fault *f)
{
    DLTensor to = *view;
    to.data = host;
    to.device = (DLDevice){kDLCPU, 0};
    to.strides = NULL;
    to.byte_offset = 0;
    vecdot_status status = vecdot_copy(s->queue, view, &to);
    return status == VECDOT_SUCCESS || fault_from_library(f, status);
}
