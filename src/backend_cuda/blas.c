/* cuBLAS as an option of class matrix. It is opened at run time; its functions, types and constants are
 * declared here, so that building needs no cuBLAS. Each queue has a handle with a workspace of its own,
 * made by its first product, so that later products allocate nothing and can be captured. */
#include "backend_cuda/objects.h"
#include "core/base/os.h"

#include <stdio.h>

/* ---- The library --------------------------------------------------------------------------------- */

typedef struct cublasContext *cublasHandle_t;

enum { CUBLAS_STATUS_SUCCESS = 0, CUBLAS_STATUS_ALLOC_FAILED = 3 };
enum { CUBLAS_OP_N = 0, CUBLAS_OP_T = 1, CUBLAS_OP_C = 2 };
enum { MAJOR_VERSION = 0, MINOR_VERSION = 1, PATCH_LEVEL = 2 };
enum { CUDA_R_32F = 0, CUDA_R_64F = 1, CUDA_R_16F = 2, CUDA_C_32F = 4, CUDA_C_64F = 5, CUDA_R_16BF = 14 };
enum { CUBLAS_GEMM_DEFAULT = -1 };

/* cublasComputeType_t. The pedantic ones use the dtype's own arithmetic whatever NVIDIA_TF32_OVERRIDE and
 * other variables say: no TF32, no emulation, no complex product of three multiplications. float16 and
 * bfloat16 use tensor cores, which multiply them exactly and add in float32. */
enum {
    CUBLAS_COMPUTE_32F = 68,
    CUBLAS_COMPUTE_32F_PEDANTIC = 69,
    CUBLAS_COMPUTE_64F = 70,
    CUBLAS_COMPUTE_64F_PEDANTIC = 71
};

/* cublasMath_t: default math, with partial sums of different blocks added in float32 too. */
enum { CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION = 16 };

/* X(field, symbol, parameters): called as blas.field(...). All return a cublasStatus_t. */
#define BLAS_TABLE(X)                                                                                        \
    X(get_property, "cublasGetProperty", (int, int *))                                                       \
    X(create, "cublasCreate_v2", (cublasHandle_t *))                                                         \
    X(destroy, "cublasDestroy_v2", (cublasHandle_t))                                                         \
    X(set_stream, "cublasSetStream_v2", (cublasHandle_t, CUstream))                                          \
    X(set_workspace, "cublasSetWorkspace_v2", (cublasHandle_t, void *, size_t))                              \
    X(set_math_mode, "cublasSetMathMode", (cublasHandle_t, int))                                             \
    X(gemm, "cublasGemmStridedBatchedEx_64",                                                                 \
      (cublasHandle_t, int, int, int64_t, int64_t, int64_t, const void *, const void *, int, int64_t,        \
       long long, const void *, int, int64_t, long long, const void *, void *, int, int64_t, long long,      \
       int64_t, int, int))

static struct {
#define X(field, symbol, parameters) int(*field) parameters;
    BLAS_TABLE(X)
#undef X
} blas;

static once opened;
static char reason[1024];
static blas_offer offer;

/* ---- Dtypes -------------------------------------------------------------------------------------- */

static const struct {
    dtype type;
    int data, compute;
    int factors; /* the type of alpha and beta: 0 float or float2, 1 double or double2 */
} types[] = {
    {DTYPE_F16, CUDA_R_16F, CUBLAS_COMPUTE_32F, 0},
    {DTYPE_BF16, CUDA_R_16BF, CUBLAS_COMPUTE_32F, 0},
    {DTYPE_F32, CUDA_R_32F, CUBLAS_COMPUTE_32F_PEDANTIC, 0},
    {DTYPE_F64, CUDA_R_64F, CUBLAS_COMPUTE_64F, 1},
    {DTYPE_C64, CUDA_C_32F, CUBLAS_COMPUTE_32F_PEDANTIC, 0},
    {DTYPE_C128, CUDA_C_64F, CUBLAS_COMPUTE_64F_PEDANTIC, 1},
};

/* 1 and 0 in both widths. The second element is the imaginary part of a complex number. */
static const float one_f32[2] = {1, 0}, zero_f32[2] = {0, 0};
static const double one_f64[2] = {1, 0}, zero_f64[2] = {0, 0};

/* ---- Opening ------------------------------------------------------------------------------------- */

/* A cuBLAS for a later CUDA than the driver's cannot make a handle, so it is not tried. */
static void *open_any(char *why, size_t capacity)
{
    static const char *const names[] = {"libcublas.so.13", "libcublas.so.12", NULL};
    return library_open("VECDOT_LIBCUBLAS", cuda_driver_version() >= 13000 ? names : names + 1, why,
                        capacity);
}

static int fill(void *library, const char *name, void *function)
{
    if (library_function(library, name, function)) return 1;
    snprintf(reason, sizeof reason, "cuBLAS: the library has no %s, as it does since 12.0", name);
    return 0;
}

static void open_library(void)
{
    char why[768] = "there is no CUDA driver";
    int version[3] = {0};
    void *library = driver_open() == NULL ? open_any(why, sizeof why) : NULL;
    if (library == NULL) {
        snprintf(reason, sizeof reason, "cuBLAS: %s", why);
        return;
    }
#define X(field, symbol, parameters)                                                                         \
    if (!fill(library, symbol, &blas.field)) return;
    BLAS_TABLE(X)
#undef X
    for (int i = MAJOR_VERSION; i <= PATCH_LEVEL; i++) blas.get_property(i, &version[i]);
    snprintf(offer.library, sizeof offer.library, "cuBLAS %d.%d.%d", version[0], version[1], version[2]);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) offer.types |= UINT32_C(1) << types[i].type;
    offer.most = INT64_MAX / 16;
}

static const blas_offer *blas_open(const char **why)
{
    once_run(&opened, open_library);
    *why = reason;
    return reason[0] == '\0' ? &offer : NULL;
}

/* ---- Errors -------------------------------------------------------------------------------------- */

static vecdot_status blas_fail(const char *call, int code)
{
    static const char *const names[] = {
        [0] = "CUBLAS_STATUS_SUCCESS",           [1] = "CUBLAS_STATUS_NOT_INITIALIZED",
        [3] = "CUBLAS_STATUS_ALLOC_FAILED",      [7] = "CUBLAS_STATUS_INVALID_VALUE",
        [8] = "CUBLAS_STATUS_ARCH_MISMATCH",     [11] = "CUBLAS_STATUS_MAPPING_ERROR",
        [13] = "CUBLAS_STATUS_EXECUTION_FAILED", [14] = "CUBLAS_STATUS_INTERNAL_ERROR",
        [15] = "CUBLAS_STATUS_NOT_SUPPORTED",    [16] = "CUBLAS_STATUS_LICENSE_ERROR"};
    int listed = code >= 0 && (size_t)code < sizeof names / sizeof names[0] && names[code] != NULL;
    return fail(code == CUBLAS_STATUS_ALLOC_FAILED ? VECDOT_ERROR_OUT_OF_MEMORY : VECDOT_ERROR_BACKEND,
                "cuda: %s gave %s (%d); VECDOT_BLAS=off does without %s", call,
                listed ? names[code] : "an unlisted code", code, offer.library);
}

#define TRY_BLAS(call, symbol)                                                                               \
    do {                                                                                                     \
        int code_ = (call);                                                                                  \
        if (code_ != CUBLAS_STATUS_SUCCESS) return blas_fail(symbol, code_);                                 \
    } while (0)

/* ---- Handles ------------------------------------------------------------------------------------- */

/* NVIDIA's recommendation: 32 MiB for compute capability 9 and later, 4 MiB before. */
static size_t workspace_bytes(CUdevice of)
{
    int major = 0;
    CUresult code = cu.DeviceGetAttribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, of);
    return code == CUDA_SUCCESS && major >= 9 ? (size_t)32 << 20 : (size_t)4 << 20;
}

/* The workspace is set after the stream, since setting a stream brings back cuBLAS's own workspace. */
static vecdot_status set_up(cuda_queue *q, size_t bytes)
{
    TRY_BLAS(blas.create(&q->blas), "cublasCreate");
    TRY_BLAS(blas.set_math_mode(q->blas, CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION),
             "cublasSetMathMode");
    TRY_BLAS(blas.set_stream(q->blas, q->native), "cublasSetStream");
    TRY_BLAS(blas.set_workspace(q->blas, (void *)(uintptr_t)q->workspace, bytes), "cublasSetWorkspace");
    return VECDOT_SUCCESS;
}

static vecdot_status handle_ready(cuda_queue *q)
{
    if (q->blas != NULL) return VECDOT_SUCCESS;
    size_t bytes = workspace_bytes(q->context->device);
    CUresult code = cu.MemAlloc(&q->workspace, bytes);
    if (code != CUDA_SUCCESS) return cuda_fail("cuMemAlloc for cuBLAS's workspace", code);
    vecdot_status status = set_up(q, bytes);
    if (status != VECDOT_SUCCESS) cuda_blas_close(q);
    return status;
}

void cuda_blas_close(cuda_queue *q)
{
    if (q->blas != NULL) blas.destroy(q->blas);
    if (q->workspace != 0) cu.MemFree(q->workspace);
    q->blas = NULL;
    q->workspace = 0;
}

/* ---- Products ------------------------------------------------------------------------------------ */

static int operation(gemm_op op)
{
    static const int operations[] = {CUBLAS_OP_N, CUBLAS_OP_T, CUBLAS_OP_C};
    return operations[op];
}

static void *address_of(const gemm_matrix *x)
{
    return (void *)((uintptr_t)x->memory + (uintptr_t)x->offset);
}

static vecdot_status multiply(cuda_queue *q, const gemm *g)
{
    size_t i = 0;
    while (types[i].type != g->type) i++;
    int data = types[i].data, wide = types[i].factors;
    const void *alpha = wide ? (const void *)one_f64 : one_f32,
               *beta = wide ? (const void *)zero_f64 : zero_f32;
    TRY(handle_ready(q));
    TRY_BLAS(blas.gemm(q->blas, operation(g->a.op), operation(g->b.op), g->m, g->n, g->depth, alpha,
                       address_of(&g->a), data, g->a.ld, g->a.step, address_of(&g->b), data, g->b.ld,
                       g->b.step, beta, address_of(&g->c), data, g->c.ld, g->c.step, g->batch,
                       types[i].compute, CUBLAS_GEMM_DEFAULT),
             "cublasGemmStridedBatchedEx_64");
    return VECDOT_SUCCESS;
}

static vecdot_status blas_gemm(void *queue, const gemm *g, int *served)
{
    cuda_queue *q = queue;
    TRY(cuda_enter(q->context));
    *served = 1;
    return cuda_leave(multiply(q, g));
}

const backend_blas cuda_blas = {.open = blas_open, .gemm = blas_gemm};
