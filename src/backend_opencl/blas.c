/* CLBlast as an option of class matrix. It is opened at run time; its functions and constants are declared
 * here, so that building needs no CLBlast. CLBlast keeps its compiled kernels itself, so there are no
 * handles to keep. */
#include "backend_opencl/objects.h"
#include "core/base/os.h"

#include <stdio.h>

/* ---- The library --------------------------------------------------------------------------------- */

/* CL/cl_platform.h declares vector types instead. Functions take both in the same registers. */
typedef struct cl_float2 {
    _Alignas(8) float s[2];
} cl_float2;

typedef struct cl_double2 {
    _Alignas(16) double s[2];
} cl_double2;

enum { COLUMN_MAJOR = 102, TRANSPOSE_NO = 111, TRANSPOSE_YES = 112, TRANSPOSE_CONJUGATE = 113 };

/* A matrix is its buffer, its offset and its leading dimension; in a batch also its step. */
#define GEMM_PARAMETERS(scalar)                                                                              \
    (int, int, int, size_t, size_t, size_t, scalar, cl_mem, size_t, size_t, cl_mem, size_t, size_t, scalar,  \
     cl_mem, size_t, size_t, cl_command_queue *, cl_event *)
#define BATCH_PARAMETERS(scalar)                                                                             \
    (int, int, int, size_t, size_t, size_t, scalar, cl_mem, size_t, size_t, size_t, cl_mem, size_t, size_t,  \
     size_t, scalar, cl_mem, size_t, size_t, size_t, size_t, cl_command_queue *, cl_event *)

/* X(letter, dtype, type of alpha and beta, one, zero). float16 is left out, since CLBlast also sums it in
 * float16. */
#define BLAS_TABLE(X)                                                                                        \
    X(S, DTYPE_F32, float, 1, 0)                                                                             \
    X(D, DTYPE_F64, double, 1, 0)                                                                            \
    X(C, DTYPE_C64, cl_float2, {{1, 0}}, {{0, 0}})                                                           \
    X(Z, DTYPE_C128, cl_double2, {{1, 0}}, {{0, 0}})

static struct {
#define X(letter, type, scalar, ...)                                                                         \
    int(*letter##gemm) GEMM_PARAMETERS(scalar);                                                              \
    int(*letter##gemmStridedBatched) BATCH_PARAMETERS(scalar);
    BLAS_TABLE(X)
#undef X
} blas;

static once opened;
static char reason[1024];
static blas_offer offer;

static int fill(void *library, const char *name, void *function)
{
    if (library_function(library, name, function)) return 1;
    snprintf(reason, sizeof reason, "CLBlast: the library has no %s, as it does since 1.4.0", name);
    return 0;
}

static void open_library(void)
{
    static const char *const names[] = {"libclblast.so.1", NULL};
    char why[768] = "there is no OpenCL";
    void *library = symbols_open() == NULL ? library_open("VECDOT_LIBCLBLAST", names, why, sizeof why) : NULL;
    if (library == NULL) {
        snprintf(reason, sizeof reason, "CLBlast: %s", why);
        return;
    }
#define FILL(name)                                                                                           \
    if (!fill(library, "CLBlast" #name, &blas.name)) return;
#define X(letter, type, ...)                                                                                 \
    FILL(letter##gemm)                                                                                       \
    FILL(letter##gemmStridedBatched)                                                                         \
    offer.types |= UINT32_C(1) << type;
    BLAS_TABLE(X)
#undef X
#undef FILL
    snprintf(offer.library, sizeof offer.library, "CLBlast"); /* CLBlast does not give its version */
    offer.most = INT32_MAX;                                   /* the type of its kernels' indices is int */
    offer.dense_batches = 1; /* 1.5.3 ignores the offsets and gaps of large matrices that need no padding */
}

static const blas_offer *blas_open(const char **why)
{
    once_run(&opened, open_library);
    *why = reason;
    return reason[0] == '\0' ? &offer : NULL;
}

/* ---- Errors -------------------------------------------------------------------------------------- */

/* CLBlast's own codes. Its other codes are OpenCL's. */
static const struct {
    int code;
    const char *name;
} codes[] = {
    {-1024, "CLBlastNotImplemented"},       {-1022, "CLBlastInvalidMatrixA"},
    {-1021, "CLBlastInvalidMatrixB"},       {-1020, "CLBlastInvalidMatrixC"},
    {-1017, "CLBlastInvalidDimension"},     {-1016, "CLBlastInvalidLeadDimA"},
    {-1015, "CLBlastInvalidLeadDimB"},      {-1014, "CLBlastInvalidLeadDimC"},
    {-1011, "CLBlastInsufficientMemoryA"},  {-1010, "CLBlastInsufficientMemoryB"},
    {-1009, "CLBlastInsufficientMemoryC"},  {-2049, "CLBlastInvalidBatchCount"},
    {-2046, "CLBlastInvalidLocalMemUsage"}, {-2044, "CLBlastNoDoublePrecision"},
    {-2041, "CLBlastDatabaseError"},        {-2040, "CLBlastUnknownError"},
    {-2039, "CLBlastUnexpectedError"},
};

static vecdot_status blas_fail(const char *call, int code)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].code == code)
            return fail(VECDOT_ERROR_BACKEND, "opencl: %s gave %s (%d); VECDOT_BLAS=off does without CLBlast",
                        call, codes[i].name, code);
    return opencl_fail(call, code);
}

/* ---- Products ------------------------------------------------------------------------------------ */

/* CLBlast's kernels load vectors, so a buffer over a program's memory must be aligned. They count in int. */
enum { BASE_ALIGNMENT = 128 };

static int is_fit(const gemm *g, const gemm_matrix *x)
{
    const int64_t size = dtype_size(g->type);
    void *host = NULL;
    cl_int code = cl.GetMemObjectInfo(x->memory, CL_MEM_HOST_PTR, sizeof host, &host, NULL);
    return code == CL_SUCCESS && (uintptr_t)host % BASE_ALIGNMENT == 0 && x->offset % size == 0 &&
           x->offset / size <= INT32_MAX - x->reach && (g->batch == 1 || x->offset == 0);
}

static int transpose(gemm_op op)
{
    static const int operations[] = {TRANSPOSE_NO, TRANSPOSE_YES, TRANSPOSE_CONJUGATE};
    return operations[op];
}

#define SIZES                                                                                                \
    COLUMN_MAJOR, transpose(g->a.op), transpose(g->b.op), (size_t)g->m, (size_t)g->n, (size_t)g->depth
#define MATRIX(x)   (x).memory, (size_t)((x).offset / dtype_size(g->type)), (size_t)(x).ld
#define MATRICES(x) MATRIX(x), (size_t)(x).step

/* Defines X_multiply for each letter. */
#define X(letter, type, scalar, ...)                                                                         \
    static vecdot_status letter##_multiply(opencl_queue *q, const gemm *g)                                   \
    {                                                                                                        \
        const scalar factors[2] = {__VA_ARGS__};                                                             \
        int code;                                                                                            \
        if (g->batch == 1) {                                                                                 \
            code = blas.letter##gemm(SIZES, factors[0], MATRIX(g->a), MATRIX(g->b), factors[1],              \
                                     MATRIX(g->c), &q->native, NULL);                                        \
            return code == CL_SUCCESS ? VECDOT_SUCCESS : blas_fail("CLBlast" #letter "gemm", code);          \
        }                                                                                                    \
        code =                                                                                               \
            blas.letter##gemmStridedBatched(SIZES, factors[0], MATRICES(g->a), MATRICES(g->b), factors[1],   \
                                            MATRICES(g->c), (size_t)g->batch, &q->native, NULL);             \
        return code == CL_SUCCESS ? VECDOT_SUCCESS                                                           \
                                  : blas_fail("CLBlast" #letter "gemmStridedBatched", code);                 \
    }
BLAS_TABLE(X)
#undef X

static vecdot_status blas_gemm(void *queue, const gemm *g, int *served)
{
    opencl_queue *q = queue;
    if (!is_fit(g, &g->a) || !is_fit(g, &g->b) || !is_fit(g, &g->c)) return VECDOT_SUCCESS;
    TRY(opencl_queue_order(q));
    *served = 1;
    switch (g->type) {
#define X(letter, type, ...)                                                                                 \
    case type: return letter##_multiply(q, g);
        BLAS_TABLE(X)
#undef X
    default: return fail(VECDOT_ERROR_UNSUPPORTED, "opencl: CLBlast was given %s", dtype_full_name(g->type));
    }
}

const backend_blas opencl_blas = {.open = blas_open, .gemm = blas_gemm};
