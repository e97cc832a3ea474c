/* The functions of cuda.h on a program's own CUDA objects: the primary context and contexts of its own, every
 * kind of stream, calls between the program's own copies, arrays in every kind of memory, capture into a
 * graph, copies of every way, native handles read back, lifetimes, and what is refused. During each public
 * call a CUcontext that has nothing to do with it is current, and must be afterwards. */
#include "support/backends.h"
#include "support/cmocka.h"

#include <dlfcn.h>
#include <vecdot/cuda.h>

/* ---- The driver, as the program uses it ---------------------------------------------------------- */

typedef int CUresult;
typedef unsigned long long CUdeviceptr;
typedef struct CUgraph_st *CUgraph;
typedef struct CUgraphExec_st *CUgraphExec;

#define DRIVER_FUNCTIONS(X)                                                                                  \
    X(CtxCreate_v2, (CUcontext *, unsigned, CUdevice))                                                       \
    X(CtxDestroy_v2, (CUcontext))                                                                            \
    X(CtxGetCurrent, (CUcontext *))                                                                          \
    X(CtxPushCurrent_v2, (CUcontext))                                                                        \
    X(CtxPopCurrent_v2, (CUcontext *))                                                                       \
    X(DeviceGet, (CUdevice *, int))                                                                          \
    X(DeviceGetCount, (int *))                                                                               \
    X(DevicePrimaryCtxRetain, (CUcontext *, CUdevice))                                                       \
    X(DevicePrimaryCtxRelease_v2, (CUdevice))                                                                \
    X(DevicePrimaryCtxGetState, (CUdevice, unsigned *, int *))                                               \
    X(StreamCreate, (CUstream *, unsigned))                                                                  \
    X(StreamDestroy_v2, (CUstream))                                                                          \
    X(StreamSynchronize, (CUstream))                                                                         \
    X(StreamBeginCapture_v2, (CUstream, int))                                                                \
    X(StreamEndCapture, (CUstream, CUgraph *))                                                               \
    X(GraphInstantiateWithFlags, (CUgraphExec *, CUgraph, unsigned long long))                               \
    X(GraphLaunch, (CUgraphExec, CUstream))                                                                  \
    X(GraphExecDestroy, (CUgraphExec))                                                                       \
    X(GraphDestroy, (CUgraph))                                                                               \
    X(MemAlloc_v2, (CUdeviceptr *, size_t))                                                                  \
    X(MemAllocManaged, (CUdeviceptr *, size_t, unsigned))                                                    \
    X(MemHostAlloc, (void **, size_t, unsigned))                                                             \
    X(MemFree_v2, (CUdeviceptr))                                                                             \
    X(MemFreeHost, (void *))                                                                                 \
    X(MemcpyHtoDAsync_v2, (CUdeviceptr, const void *, size_t, CUstream))                                     \
    X(MemcpyDtoHAsync_v2, (void *, CUdeviceptr, size_t, CUstream))

static struct {
#define X(name, parameters) CUresult(*name) parameters;
    DRIVER_FUNCTIONS(X)
#undef X
} cu;

static uint64_t (*misuses)(void); /* of the simulated driver: uses that a real one leaves undefined */
static void (*fail_driver)(const char *name, uint64_t k, int code);

#define DRIVER(call) assert_int_equal(cu.call, 0)

/* A public call with its status; the current context stays. */
#define EXPECT(expected, call)                                                                               \
    do {                                                                                                     \
        CUcontext before_ = current();                                                                       \
        vecdot_status came_ = (call);                                                                        \
        if (came_ != (expected))                                                                             \
            fail_msg("%s gave %s: %s", #call, vecdot_status_name(came_), vecdot_last_error());               \
        assert_ptr_equal(current(), before_);                                                                \
    } while (0)
#define SUCCEED(call) EXPECT(VECDOT_SUCCESS, call)

static CUcontext current(void)
{
    CUcontext c = NULL;
    DRIVER(CtxGetCurrent(&c));
    return c;
}

/* ---- The program's own objects ------------------------------------------------------------------- */

typedef enum base { BASE_PRIMARY, BASE_CREATED, BASES } base;
typedef enum way { WAY_CREATED, WAY_NULL, WAY_LEGACY, WAY_PER_THREAD, WAYS } way;

static CUdevice first_device;
static int device_count;

static struct {
    CUcontext context, other; /* what the library works in; what is current meanwhile */
    int primary;
    CUstream stream;
    vecdot_context *vc;
    vecdot_queue *queue;
    uint64_t misuses; /* before */
} own;

static void enter(void)
{
    DRIVER(CtxPushCurrent_v2(own.context));
}

static void leave(void)
{
    CUcontext popped = NULL;
    DRIVER(CtxPopCurrent_v2(&popped));
    assert_ptr_equal(popped, own.context);
}

static void open_own(base b, way w)
{
    CUstream special[WAYS] = {NULL, NULL, (CUstream)1, (CUstream)2};
    memset(&own, 0, sizeof own);
    own.misuses = misuses != NULL ? misuses() : 0;
    own.primary = b == BASE_PRIMARY;
    if (own.primary) {
        DRIVER(DevicePrimaryCtxRetain(&own.context, first_device));
    } else {
        DRIVER(CtxCreate_v2(&own.context, 0, first_device));
        leave();
    }
    enter();
    own.stream = special[w];
    if (w == WAY_CREATED) DRIVER(StreamCreate(&own.stream, 1));
    leave();
    DRIVER(CtxCreate_v2(&own.other, 0, first_device)); /* and is current */
    SUCCEED(vecdot_cuda_context_create(own.primary ? NULL : own.context, first_device, &own.vc));
    SUCCEED(vecdot_cuda_queue_create(own.vc, own.stream, &own.queue));
}

static void close_own(void)
{
    CUcontext before = current();
    vecdot_queue_release(own.queue);
    vecdot_context_release(own.vc);
    assert_ptr_equal(current(), before);
    enter();
    if ((uintptr_t)own.stream > 2) DRIVER(StreamDestroy_v2(own.stream));
    leave();
    DRIVER(CtxDestroy_v2(own.other));
    if (own.primary) {
        DRIVER(DevicePrimaryCtxRelease_v2(first_device));
    } else {
        DRIVER(CtxDestroy_v2(own.context));
    }
    if (misuses != NULL) assert_int_equal(misuses(), own.misuses);
}

typedef enum kind { KIND_DEVICE, KIND_MANAGED, KIND_PINNED, KINDS } kind;

static CUdeviceptr memory_make(kind k, size_t bytes)
{
    CUdeviceptr made = 0;
    void *host = NULL;
    enter();
    if (k == KIND_DEVICE) DRIVER(MemAlloc_v2(&made, bytes));
    if (k == KIND_MANAGED) DRIVER(MemAllocManaged(&made, bytes, 1));
    if (k == KIND_PINNED) DRIVER(MemHostAlloc(&host, bytes, 0));
    leave();
    return k == KIND_PINNED ? (CUdeviceptr)(uintptr_t)host : made;
}

static void memory_free(kind k, CUdeviceptr address)
{
    enter();
    if (k == KIND_PINNED) {
        DRIVER(MemFreeHost((void *)(uintptr_t)address));
    } else {
        DRIVER(MemFree_v2(address));
    }
    leave();
}

/* Enqueued on the program's stream and not waited for, as by a program that keeps its device busy. */
static void send(CUdeviceptr to, const void *from, size_t bytes)
{
    enter();
    DRIVER(MemcpyHtoDAsync_v2(to, from, bytes, own.stream));
    leave();
}

static void fetch(void *to, CUdeviceptr from, size_t bytes)
{
    enter();
    DRIVER(MemcpyDtoHAsync_v2(to, from, bytes, own.stream));
    DRIVER(StreamSynchronize(own.stream));
    leave();
}

/* ---- A product in three allocations, each array at an offset ------------------------------------- */

enum { TOTAL = 18000, MOST_ROWS = 6, OFFSET = 52 };

typedef struct product {
    int rows, length; /* rows * length == TOTAL */
    int32_t x1[TOTAL], x2[TOTAL], out[MOST_ROWS], expected[MOST_ROWS];
    int64_t shape1[2], shape2[1], shape_out[1];
    kind kind;
    CUdeviceptr memory[3];
    size_t bytes[3];
    DLTensor tensor[3];
} product;

static void product_fill(product *p, int seed)
{
    memset(p->expected, 0, sizeof p->expected);
    for (int i = 0; i < p->length; i++) p->x2[i] = (i * 11 + seed) % 19 - 9;
    for (int i = 0; i < TOTAL; i++) {
        p->x1[i] = (i * 5 + seed * 3) % 23 - 11;
        p->expected[i / p->length] += p->x1[i] * p->x2[i % p->length];
    }
}

static product *product_make(kind k, int rows)
{
    product *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->kind = k;
    p->rows = rows;
    p->length = TOTAL / rows;
    p->shape1[0] = p->shape_out[0] = p->rows;
    p->shape1[1] = p->shape2[0] = p->length;
    int64_t *const shapes[3] = {p->shape1, p->shape2, p->shape_out};
    const int counts[3] = {TOTAL, p->length, p->rows};
    for (int i = 0; i < 3; i++) {
        p->bytes[i] = (size_t)counts[i] * sizeof(int32_t);
        p->memory[i] = memory_make(k, p->bytes[i] + 2 * OFFSET);
        p->tensor[i] = (DLTensor){.data = (void *)(uintptr_t)p->memory[i],
                                  .device = {k == KIND_MANAGED ? kDLCUDAManaged : kDLCUDA, 0},
                                  .ndim = i == 0 ? 2 : 1,
                                  .dtype = VECDOT_INT32,
                                  .shape = shapes[i],
                                  .byte_offset = OFFSET};
    }
    return p;
}

static void product_free(product *p)
{
    for (int i = 0; i < 3; i++) memory_free(p->kind, p->memory[i]);
    free(p);
}

static void product_send(product *p, int seed)
{
    product_fill(p, seed);
    send(p->memory[0] + OFFSET, p->x1, p->bytes[0]);
    send(p->memory[1] + OFFSET, p->x2, p->bytes[1]);
}

static void product_check(product *p)
{
    memset(p->out, 0x77, sizeof p->out);
    fetch(p->out, p->memory[2] + OFFSET, p->bytes[2]);
    assert_memory_equal(p->out, p->expected, p->bytes[2]);
}

static void compute(const product *p)
{
    SUCCEED(vecdot(own.queue, &p->tensor[0], &p->tensor[1], -1, &p->tensor[2]));
}

static void test_contexts_and_streams(void **state)
{
    (void)state;
    for (int b = 0; b < BASES; b++) {
        for (int w = 0; w < WAYS; w++) {
            open_own((base)b, (way)w);
            product *p = product_make(KIND_DEVICE, 6);
            for (int round = 0; round < 4; round++) {
                product_send(p, round);
                compute(p);
                product_check(p);
            }
            product_free(p);
            close_own();
        }
    }
}

static void test_kinds_of_memory(void **state)
{
    (void)state;
    open_own(BASE_PRIMARY, WAY_CREATED);
    for (int k = 0; k < KINDS; k++) {
        product *p = product_make((kind)k, 6);
        product_send(p, k);
        compute(p);
        product_check(p);
        for (int i = 0; i < 3; i++) p->tensor[i].device = (DLDevice){kDLCUDA, 5}; /* the address decides */
        product_send(p, k + 7);
        compute(p);
        product_check(p);
        product_free(p);
    }
    close_own();
}

/* The same addresses told by data or by byte_offset, at every alignment; bytes around out stay as they are.
 */
static void test_any_address(void **state)
{
    unsigned char around[MOST_ROWS * 4 + 2 * OFFSET];
    (void)state;
    open_own(BASE_CREATED, WAY_CREATED);
    product *p = product_make(KIND_DEVICE, 6);
    for (unsigned moved = 0; moved <= 16; moved += moved < 4 ? 1 : 4) {
        product_fill(p, (int)moved);
        memset(around, 0xC3, sizeof around);
        for (int i = 0; i < 3; i++) {
            p->tensor[i].data = (void *)(uintptr_t)(p->memory[i] + moved);
            p->tensor[i].byte_offset = i == 1 ? 0 : 16;
        }
        send(p->memory[0] + moved + 16, p->x1, p->bytes[0]);
        send(p->memory[1] + moved, p->x2, p->bytes[1]);
        send(p->memory[2], around, sizeof around);
        compute(p);
        fetch(around, p->memory[2], sizeof around);
        size_t first = moved + 16;
        assert_memory_equal(around + first, p->expected, p->bytes[2]);
        for (size_t i = 0; i < sizeof around; i++)
            if (i < first || i >= first + p->bytes[2]) assert_int_equal(around[i], 0xC3);
    }
    product_free(p);
    close_own();
}

/* out over x1, told by another address: as if the inputs had been copied first. */
static void test_out_over_an_input(void **state)
{
    (void)state;
    open_own(BASE_PRIMARY, WAY_CREATED);
    product *p = product_make(KIND_DEVICE, 6);
    for (int element = 0; element < TOTAL; element += 4999) {
        product_send(p, element);
        DLTensor out = p->tensor[2];
        out.data = (char *)p->tensor[0].data + OFFSET + (size_t)element * 4;
        out.byte_offset = 0;
        SUCCEED(vecdot(own.queue, &p->tensor[0], &p->tensor[1], -1, &out));
        fetch(p->out, (CUdeviceptr)(uintptr_t)out.data, p->bytes[2]);
        assert_memory_equal(p->out, p->expected, p->bytes[2]);
    }
    product_free(p);
    close_own();
}

/* Host arrays, pageable and pinned, beside device arrays. */
static void test_host_arrays(void **state)
{
    (void)state;
    open_own(BASE_PRIMARY, WAY_CREATED);
    product *p = product_make(KIND_DEVICE, 6);
    CUdeviceptr pinned = memory_make(KIND_PINNED, p->bytes[1]);
    product_send(p, 3);
    memcpy((void *)(uintptr_t)pinned, p->x2, p->bytes[1]);
    for (int where = 0; where < 8; where++) {
        DLTensor t[3] = {p->tensor[0], p->tensor[1], p->tensor[2]};
        void *const data[3] = {p->x1, (void *)(uintptr_t)pinned, p->out};
        const DLDeviceType types[3] = {kDLCPU, kDLCUDAHost, kDLCPU};
        for (int i = 0; i < 3; i++) {
            if ((where >> i & 1) == 0) continue;
            t[i].data = data[i];
            t[i].device = (DLDevice){types[i], 0};
            t[i].byte_offset = 0;
        }
        memset(p->out, 0x77, sizeof p->out);
        SUCCEED(vecdot(own.queue, &t[0], &t[1], -1, &t[2]));
        if (where & 4) {
            assert_memory_equal(p->out, p->expected, p->bytes[2]);
        } else {
            product_check(p);
        }
    }
    memory_free(KIND_PINNED, pinned);
    product_free(p);
    close_own();
}

/* Counts how often it is called with the context that the program had made current. */
static int note_context(void *user, uint64_t done, uint64_t total)
{
    int *counts = user;
    (void)done, (void)total;
    counts[current() == own.other]++;
    return 0;
}

/* The program's progress function, called between pieces, finds its own context. */
static void test_progress_finds_the_context(void **state)
{
    int counts[2] = {0, 0};
    (void)state;
    open_own(BASE_PRIMARY, WAY_CREATED);
    product *p = product_make(KIND_DEVICE, 6);
    product_fill(p, 4);
    DLTensor t[3] = {p->tensor[0], p->tensor[1], p->tensor[2]};
    void *const data[3] = {p->x1, p->x2, p->out};
    for (int i = 0; i < 3; i++) {
        t[i].data = data[i];
        t[i].device = (DLDevice){kDLCPU, 0};
        t[i].byte_offset = 0;
    }
    own.vc->policy.max_alloc = (int64_t)p->bytes[1];
    SUCCEED(vecdot_set_progress(own.queue, note_context, counts));
    SUCCEED(vecdot(own.queue, &t[0], &t[1], -1, &t[2]));
    assert_memory_equal(p->out, p->expected, p->bytes[2]);
    assert_int_equal(counts[0], 0);
    assert_true(counts[1] > 2);
    product_free(p);
    close_own();
}

/* Counts lines of either kind that came while the context that the program had made current was. */
static void note_line(void *user, const char *line)
{
    int *counts = user;
    if (current() != own.other) return;
    counts[0] += strstr(line, "no pinned memory") != NULL;
    counts[1] += strstr(line, "no room for pieces") != NULL;
}

/* The program's logger too, for what is logged in the midst of a call. */
static void test_logger_finds_the_context(void **state)
{
    enum { LENGTH = 1 << 18, OUT_OF_MEMORY = 2 };
    static int32_t x[LENGTH], sum;
    int64_t n = LENGTH;
    int counts[2] = {0, 0};
    DLTensor t = {x, {kDLCPU, 0}, 1, VECDOT_INT32, &n, NULL, 0},
             out = {&sum, {kDLCPU, 0}, 0, t.dtype, 0, 0, 0};
    (void)state;
    if (fail_driver == NULL) return; /* a real one has no fault to offer */
    open_own(BASE_PRIMARY, WAY_CREATED);
    for (int i = 0; i < LENGTH; i++) x[i] = 1;
    vecdot_set_logger(note_line, counts);
    fail_driver("cuMemHostAlloc", 1, OUT_OF_MEMORY);
    SUCCEED(vecdot(own.queue, &t, &t, -1, &out));
    close_own(); /* a queue that keeps memory would give that back first, and need no pieces */
    open_own(BASE_PRIMARY, WAY_CREATED);
    fail_driver("cuMemAlloc_v2", 1, OUT_OF_MEMORY);
    SUCCEED(vecdot(own.queue, &t, &t, -1, &out));
    fail_driver(NULL, 0, 0);
    vecdot_set_logger(NULL, NULL);
    assert_int_equal(sum, LENGTH);
    assert_int_equal(counts[0], 1);
    assert_int_equal(counts[1], 1);
    close_own();
}

/* Calls that each need more scratch memory than the one before, none waited for: the results are cast, which
 * goes through it. */
static void test_scratch_that_grows(void **state)
{
    enum { CALLS = 4, LENGTH = 3, MOST = 5000 };
    static int32_t x[MOST * LENGTH];
    static int64_t got[MOST];
    CUdeviceptr memory[CALLS];
    int64_t rows = 5;
    (void)state;
    open_own(BASE_PRIMARY, WAY_CREATED);
    for (int i = 0; i < MOST * LENGTH; i++) x[i] = i % 1000 - 500;
    CUdeviceptr input = memory_make(KIND_DEVICE, sizeof x);
    send(input, x, sizeof x);
    for (int call = 0; call < CALLS; call++, rows *= 10) {
        int64_t shape[2] = {rows, LENGTH};
        DLTensor in = {.data = (void *)(uintptr_t)input,
                       .device = {kDLCUDA, 0},
                       .ndim = 2,
                       .dtype = VECDOT_INT32,
                       .shape = shape};
        DLTensor out = in;
        memory[call] = memory_make(KIND_DEVICE, sizeof got);
        out.data = (void *)(uintptr_t)memory[call];
        out.ndim = 1;
        out.dtype = VECDOT_INT64;
        SUCCEED(vecdot(own.queue, &in, &in, -1, &out));
    }
    rows = 5;
    for (int call = 0; call < CALLS; call++, rows *= 10) {
        fetch(got, memory[call], sizeof got);
        for (int64_t i = 0; i < rows; i++) {
            int64_t sum = 0;
            for (int64_t k = i * LENGTH; k < (i + 1) * LENGTH; k++) sum += (int64_t)x[k] * x[k];
            assert_int_equal(got[i], sum);
        }
        memory_free(KIND_DEVICE, memory[call]);
    }
    memory_free(KIND_DEVICE, input);
    close_own();
}

/* ---- Copies -------------------------------------------------------------------------------------- */

enum { COPY_BYTES = (21 << 20) + 77 }; /* several times round any ring of slots */

/* On a stream that waits for no other. */
static void fetch_apart(void *to, CUdeviceptr from, size_t bytes)
{
    CUstream apart = NULL;
    enter();
    DRIVER(StreamCreate(&apart, 1));
    DRIVER(MemcpyDtoHAsync_v2(to, from, bytes, apart));
    DRIVER(StreamSynchronize(apart));
    DRIVER(StreamDestroy_v2(apart));
    leave();
}

static void copy_there_and_back(unsigned char *sent, unsigned char *back, DLDeviceType type, size_t bytes)
{
    int64_t shape[1] = {(int64_t)bytes};
    DLManagedTensor *made[2];
    DLTensor host = {.data = sent,
                     .device = {type, 0},
                     .ndim = 1,
                     .dtype = VECDOT_UINT8,
                     .shape = shape,
                     .byte_offset = 3};
    SUCCEED(vecdot_empty(own.vc, VECDOT_UINT8, 1, shape, &made[0]));
    SUCCEED(vecdot_empty(own.vc, VECDOT_UINT8, 1, shape, &made[1]));
    memset(back, 0, bytes + 6);
    SUCCEED(vecdot_copy(own.queue, &host, &made[0]->dl_tensor));
    fetch_apart(back, (CUdeviceptr)(uintptr_t)made[0]->dl_tensor.data, bytes); /* it is all there */
    assert_memory_equal(back, sent + 3, bytes);
    memset(back, 0, bytes + 6);
    SUCCEED(vecdot_copy(own.queue, &made[0]->dl_tensor, &made[1]->dl_tensor));
    host.data = back;
    SUCCEED(vecdot_copy(own.queue, &made[1]->dl_tensor, &host));
    assert_memory_equal(back + 3, sent + 3, bytes);
    for (int i = 0; i < 3; i++) assert_int_equal(back[i] | back[bytes + 3 + (size_t)i], 0);
    for (int i = 0; i < 2; i++) made[i]->deleter(made[i]);
}

static void test_copies(void **state)
{
    static const size_t sizes[] = {1, 4096, 2 << 20, (2 << 20) + 1, COPY_BYTES};
    (void)state;
    open_own(BASE_PRIMARY, WAY_CREATED);
    unsigned char *sent = malloc(COPY_BYTES + 6), *back = malloc(COPY_BYTES + 6);
    assert_true(sent != NULL && back != NULL);
    CUdeviceptr pinned = memory_make(KIND_PINNED, COPY_BYTES + 6);
    for (size_t i = 0; i < COPY_BYTES + 6; i++) sent[i] = (unsigned char)(i * 7 + (i >> 16));
    memcpy((void *)(uintptr_t)pinned, sent, COPY_BYTES + 6);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        copy_there_and_back(sent, back, kDLCPU, sizes[i]);
        copy_there_and_back((void *)(uintptr_t)pinned, back, kDLCUDAHost, sizes[i]);
        copy_there_and_back(sent, (void *)(uintptr_t)pinned, kDLCPU, sizes[i]);
        memcpy((void *)(uintptr_t)pinned, sent, COPY_BYTES + 6);
    }
    memory_free(KIND_PINNED, pinned);
    free(sent);
    free(back);
    close_own();
}

/* ---- Capture ------------------------------------------------------------------------------------- */

/* `wide` makes the result go through scratch memory and a launch of its own. */
static void capture_and_replay(base b, int rows, int wide)
{
    CUgraph graph = NULL;
    CUgraphExec runs = NULL;
    int64_t got[MOST_ROWS];
    open_own(b, WAY_CREATED);
    product *p = product_make(KIND_DEVICE, rows);
    CUdeviceptr results = memory_make(KIND_DEVICE, sizeof got);
    DLTensor out = p->tensor[2];
    if (wide) {
        out.data = (void *)(uintptr_t)results;
        out.byte_offset = 0;
        out.dtype = VECDOT_INT64;
    }
    product_send(p, 0);
    SUCCEED(vecdot(own.queue, &p->tensor[0], &p->tensor[1], -1, &out));
    SUCCEED(vecdot_queue_finish(own.queue));
    enter();
    DRIVER(StreamBeginCapture_v2(own.stream, 0));
    leave();
    SUCCEED(vecdot(own.queue, &p->tensor[0], &p->tensor[1], -1, &out));
    enter();
    DRIVER(StreamEndCapture(own.stream, &graph));
    DRIVER(GraphInstantiateWithFlags(&runs, graph, 0));
    leave();
    for (int round = 1; round < 6; round++) {
        product_send(p, round);
        enter();
        DRIVER(GraphLaunch(runs, own.stream));
        leave();
        if (wide) {
            fetch(got, results, sizeof got);
            for (int i = 0; i < rows; i++) assert_int_equal(got[i], p->expected[i]);
        } else {
            product_check(p);
        }
    }
    enter();
    DRIVER(GraphExecDestroy(runs));
    DRIVER(GraphDestroy(graph));
    leave();
    memory_free(KIND_DEVICE, results);
    product_free(p);
    close_own();
}

static void test_capture(void **state)
{
    (void)state;
    for (int b = 0; b < BASES; b++) {
        for (int wide = 0; wide < 2; wide++) {
            capture_and_replay((base)b, 6, wide);
            capture_and_replay((base)b, 1,
                               wide); /* one long sum: in several nodes, with partials in scratch */
        }
    }
}

/* ---- Handles and lifetimes ----------------------------------------------------------------------- */

static void test_native_handles(void **state)
{
    CUcontext context = NULL;
    CUdevice ordinal = -1;
    CUstream stream = NULL;
    (void)state;
    for (int w = 0; w < WAYS; w++) {
        open_own(BASE_CREATED, (way)w);
        SUCCEED(vecdot_cuda_context_native(own.vc, &context, &ordinal));
        assert_ptr_equal(context, own.context);
        assert_int_equal(ordinal, first_device);
        SUCCEED(vecdot_cuda_context_native(own.vc, NULL, NULL));
        SUCCEED(vecdot_cuda_queue_native(own.queue, &stream));
        assert_ptr_equal(stream, w == WAY_NULL ? (CUstream)1 : own.stream);
        close_own();
    }
}

/* A queue of the library's own making, whose stream the program then uses. */
static void test_stream_of_our_own(void **state)
{
    vecdot_queue *queue = NULL;
    vecdot_device_info info;
    (void)state;
    open_own(BASE_PRIMARY, WAY_CREATED);
    SUCCEED(vecdot_context_info(own.vc, &info));
    assert_string_equal(info.backend, "cuda");
    assert_true(info.index >= 0 && info.capability >= 75);
    SUCCEED(vecdot_queue_create(own.vc, &queue));
    CUstream theirs = own.stream;
    SUCCEED(vecdot_cuda_queue_native(queue, &own.stream));
    assert_true((uintptr_t)own.stream > 2 && own.stream != theirs);
    product *p = product_make(KIND_DEVICE, 6);
    product_send(p, 9);
    SUCCEED(vecdot(queue, &p->tensor[0], &p->tensor[1], -1, &p->tensor[2]));
    product_check(p);
    product_free(p);
    own.stream = theirs;
    vecdot_queue_release(queue);
    close_own();
}

/* Tensors and queues keep the primary context, the last of them lets it go. */
static void test_primary_context_is_retained(void **state)
{
    vecdot_context *context = NULL;
    vecdot_queue *queue = NULL;
    DLManagedTensor *made = NULL;
    unsigned flags = 0;
    int active = 0;
    int64_t shape[1] = {3};
    (void)state;
    DRIVER(DevicePrimaryCtxGetState(first_device, &flags, &active));
    if (active) skip(); /* another part of the program has it */
    SUCCEED(vecdot_cuda_context_create(NULL, first_device, &context));
    SUCCEED(vecdot_queue_create(context, &queue));
    SUCCEED(vecdot_empty(context, VECDOT_INT32, 1, shape, &made));
    assert_int_equal(made->dl_tensor.device.device_type, kDLCUDA);
    vecdot_context_release(context);
    vecdot_queue_release(queue);
    DRIVER(DevicePrimaryCtxGetState(first_device, &flags, &active));
    assert_true(active);
    made->deleter(made);
    DRIVER(DevicePrimaryCtxGetState(first_device, &flags, &active));
    assert_false(active);
    assert_null(current());
}

/* ---- What is refused ----------------------------------------------------------------------------- */

/* The call with one tensor in another's place. */
static void refuse(const product *p, int which, const DLTensor *bad, vecdot_status expected, const char *said)
{
    const DLTensor *t[3] = {&p->tensor[0], &p->tensor[1], &p->tensor[2]};
    t[which] = bad;
    EXPECT(expected, vecdot(own.queue, t[0], t[1], -1, t[2]));
    if (strstr(vecdot_last_error(), said) == NULL) fail_msg("no \"%s\" in: %s", said, vecdot_last_error());
}

static void test_arguments(void **state)
{
    vecdot_context *none = NULL, *opencl = NULL;
    vecdot_queue *queue = NULL;
    CUcontext context;
    (void)state;
    open_own(BASE_CREATED, WAY_CREATED);
    EXPECT(VECDOT_ERROR_INVALID_ARGUMENT, vecdot_cuda_context_create(own.context, first_device, NULL));
    EXPECT(VECDOT_ERROR_INVALID_ARGUMENT, vecdot_cuda_context_create(NULL, -1, &none));
    EXPECT(VECDOT_ERROR_INVALID_ARGUMENT, vecdot_cuda_context_create(NULL, 999, &none));
    EXPECT(VECDOT_ERROR_INVALID_ARGUMENT, vecdot_cuda_queue_create(NULL, own.stream, &queue));
    EXPECT(VECDOT_ERROR_INVALID_ARGUMENT, vecdot_cuda_queue_create(own.vc, own.stream, NULL));
    EXPECT(VECDOT_ERROR_INVALID_ARGUMENT, vecdot_cuda_context_native(NULL, NULL, NULL));
    EXPECT(VECDOT_ERROR_INVALID_ARGUMENT, vecdot_cuda_queue_native(NULL, NULL));
    if (vecdot_context_create("opencl", &opencl) == VECDOT_SUCCESS) {
        EXPECT(VECDOT_ERROR_INVALID_ARGUMENT, vecdot_cuda_context_native(opencl, &context, NULL));
        assert_non_null(strstr(vecdot_last_error(), "opencl"));
        EXPECT(VECDOT_ERROR_INVALID_ARGUMENT, vecdot_cuda_queue_create(opencl, own.stream, &queue));
        vecdot_context_release(opencl);
    }
    assert_null(none);
    assert_null(queue);
    close_own();
}

static void test_stream_of_another_context(void **state)
{
    CUstream foreign = NULL;
    vecdot_queue *queue = NULL;
    (void)state;
    open_own(BASE_PRIMARY, WAY_CREATED);
    DRIVER(StreamCreate(&foreign, 1)); /* in own.other, which is current */
    EXPECT(VECDOT_ERROR_INVALID_ARGUMENT, vecdot_cuda_queue_create(own.vc, foreign, &queue));
    assert_non_null(strstr(vecdot_last_error(), "another CUcontext"));
    assert_null(queue);
    DRIVER(StreamDestroy_v2(foreign));
    close_own();
}

static void test_ranges(void **state)
{
    int64_t backwards[1] = {-1};
    (void)state;
    open_own(BASE_PRIMARY, WAY_CREATED);
    product *p = product_make(KIND_DEVICE, 6);
    product_send(p, 1);
    DLTensor bad = p->tensor[1];
    bad.byte_offset = 2 * OFFSET; /* just fits */
    SUCCEED(vecdot(own.queue, &p->tensor[0], &bad, -1, &p->tensor[2]));
    SUCCEED(vecdot_queue_finish(own.queue));
    bad.byte_offset = 2 * OFFSET + 4; /* the last element lies past the end */
    refuse(p, 1, &bad, VECDOT_ERROR_INVALID_ARGUMENT, "x2");
    EXPECT(VECDOT_ERROR_INVALID_ARGUMENT, vecdot_copy(own.queue, &p->tensor[1], &bad));
    bad = p->tensor[2];
    bad.strides = backwards;
    bad.byte_offset = p->bytes[2] - 4; /* the whole array, from its end */
    SUCCEED(vecdot(own.queue, &p->tensor[0], &p->tensor[1], -1, &bad));
    bad.byte_offset = 0; /* from its start into what lies before */
    refuse(p, 2, &bad, VECDOT_ERROR_INVALID_ARGUMENT, "out");
    bad = p->tensor[0];
    bad.data = NULL;
    refuse(p, 0, &bad, VECDOT_ERROR_INVALID_ARGUMENT, "x1");
    bad.data = p->x1; /* the host's */
    refuse(p, 0, &bad, VECDOT_ERROR_INVALID_ARGUMENT, "x1");
    CUdeviceptr gone = memory_make(KIND_DEVICE, p->bytes[0] + OFFSET);
    memory_free(KIND_DEVICE, gone);
    bad.data = (void *)(uintptr_t)gone;
    refuse(p, 0, &bad, VECDOT_ERROR_INVALID_ARGUMENT, "x1");
    bad = p->tensor[0];
    bad.device.device_type = kDLOpenCL;
    refuse(p, 0, &bad, VECDOT_ERROR_DEVICE_MISMATCH, "x1");
    product_free(p);
    close_own();
}

/* Memory that another CUcontext of the same device made. */
static void test_memory_of_another_context(void **state)
{
    CUdeviceptr foreign = 0;
    (void)state;
    open_own(BASE_PRIMARY, WAY_CREATED);
    product *p = product_make(KIND_DEVICE, 6);
    DRIVER(MemAlloc_v2(&foreign, p->bytes[0])); /* in own.other, which is current */
    DLTensor bad = p->tensor[0];
    bad.data = (void *)(uintptr_t)foreign;
    bad.byte_offset = 0;
    refuse(p, 0, &bad, VECDOT_ERROR_DEVICE_MISMATCH, "CUcontext");
    DRIVER(MemFree_v2(foreign));
    product_free(p);
    close_own();
}

static void test_another_device(void **state)
{
    CUcontext second = NULL;
    CUdevice next = 0;
    CUdeviceptr foreign = 0;
    vecdot_context *none = NULL;
    (void)state;
    if (device_count < 2) skip();
    open_own(BASE_PRIMARY, WAY_CREATED);
    product *p = product_make(KIND_DEVICE, 6);
    DRIVER(DeviceGet(&next, 1));
    EXPECT(VECDOT_ERROR_INVALID_ARGUMENT, vecdot_cuda_context_create(own.context, next, &none));
    assert_null(none);
    DRIVER(CtxCreate_v2(&second, 0, next));
    DRIVER(MemAlloc_v2(&foreign, p->bytes[0]));
    DLTensor bad = p->tensor[0];
    bad.data = (void *)(uintptr_t)foreign;
    bad.byte_offset = 0;
    refuse(p, 0, &bad, VECDOT_ERROR_DEVICE_MISMATCH, "on CUDA device 1");
    assert_non_null(strstr(vecdot_last_error(), "device 0"));
    DRIVER(MemFree_v2(foreign));
    DRIVER(CtxDestroy_v2(second));
    product_free(p);
    close_own();
}

/* ---- */

/* 0 when the driver can be used for these tests. */
static int open_driver(void)
{
    const char *named = getenv("VECDOT_LIBCUDA");
    void *library = dlopen(named != NULL ? named : "libcuda.so.1", RTLD_NOW);
    if (library == NULL) return 1;
#define X(name, parameters)                                                                                  \
    *(void **)(void *)&cu.name = dlsym(library, "cu" #name);                                                 \
    if (cu.name == NULL) return 1;
    DRIVER_FUNCTIONS(X)
#undef X
    *(void **)(void *)&misuses = dlsym(library, "cudasim_misuses");
    *(void **)(void *)&fail_driver = dlsym(library, "cudasim_fail_call");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_primary_context_is_retained),
        cmocka_unit_test(test_contexts_and_streams),
        cmocka_unit_test(test_kinds_of_memory),
        cmocka_unit_test(test_any_address),
        cmocka_unit_test(test_out_over_an_input),
        cmocka_unit_test(test_host_arrays),
        cmocka_unit_test(test_progress_finds_the_context),
        cmocka_unit_test(test_logger_finds_the_context),
        cmocka_unit_test(test_scratch_that_grows),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_capture),
        cmocka_unit_test(test_native_handles),
        cmocka_unit_test(test_stream_of_our_own),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_stream_of_another_context),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_memory_of_another_context),
        cmocka_unit_test(test_another_device),
    };
    const char *named = getenv("VECDOT_TEST_BACKENDS");
    vecdot_context *probe = NULL;
    setenv("CUDASIM_DEVICES", "2", 0); /* a real driver does not look at it */
    if (vecdot_context_create("cuda:0", &probe) != VECDOT_SUCCESS || open_driver() != 0 ||
        cu.DeviceGetCount(&device_count) != 0 || cu.DeviceGet(&first_device, 0) != 0) {
        fprintf(stderr, "no CUDA device: %s\n", vecdot_last_error());
        return named != NULL && strstr(named, "cuda") != NULL ? EXIT_FAILURE : EXIT_SKIPPED;
    }
    vecdot_context_release(probe);
    return cmocka_run_group_tests_name("CUDA interop", tests, NULL, NULL);
}
