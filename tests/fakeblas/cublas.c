/* A libcublas for the simulated CUDA driver: the functions that vecdot uses, with the real ones' column-major
 * meaning. Whatever the real library would refuse, or compute less exactly than vecdot promises, is refused
 * here; products are computed in the device's memory when the stream gets there, in double precision. */
#include "fakeblas/fake_cublas.h"

#include "cudasim/cudasim.h"
#include "support/reference.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SUCCESS = 0,
    NOT_INITIALIZED = 1,
    ALLOC_FAILED = 3,
    INVALID_VALUE = 7,
    EXECUTION_FAILED = 13,
    NOT_SUPPORTED = 15
};
enum { OP_N, OP_T, OP_C };

/* The driver, to which this library is linked as the real one is. */
int cuCtxGetCurrent(void **context);
int cuMemAlloc_v2(unsigned long long *made, size_t bytes);
int cuMemFree_v2(unsigned long long gone);

/* ---- Calls --------------------------------------------------------------------------------------- */

enum { CALLS = 1 << 12 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *called[CALLS];
static size_t call_count;
static char failing[64];
static int failure, alive;
static fake_gemm last;

/* Counts the call; a status other than success when it is to fail. */
static int enter(const char *function)
{
    int status = SUCCESS;
    pthread_mutex_lock(&lock);
    if (call_count < CALLS) called[call_count++] = function;
    if (strcmp(function, failing) == 0) {
        status = failure;
        failing[0] = '\0';
    }
    pthread_mutex_unlock(&lock);
    return status;
}

uint64_t fake_cublas_calls(const char *function)
{
    uint64_t count = 0;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < call_count; i++) count += strcmp(called[i], function) == 0;
    pthread_mutex_unlock(&lock);
    return count;
}

fake_gemm fake_cublas_last(void)
{
    return last;
}

int fake_cublas_handles(void)
{
    return alive;
}

void fake_cublas_fail(const char *function, int status)
{
    pthread_mutex_lock(&lock);
    snprintf(failing, sizeof failing, "%s", function);
    failure = status;
    pthread_mutex_unlock(&lock);
}

void fake_cublas_reset(void)
{
    pthread_mutex_lock(&lock);
    call_count = 0;
    failing[0] = '\0';
    pthread_mutex_unlock(&lock);
}

/* Says why a call is refused. */
static int refuse(int status, const char *why)
{
    fprintf(stderr, "fake cuBLAS: %s\n", why);
    return status;
}

/* ---- Handles ------------------------------------------------------------------------------------- */

typedef struct fake_handle {
    void *context, *stream;
    unsigned long long scratch; /* the real library's handles have device memory, too */
    void *workspace;
    size_t workspace_bytes;
    int math_mode;
} fake_handle;

FAKE_EXPORT int cublasGetProperty(int which, int *value);
FAKE_EXPORT int cublasCreate_v2(fake_handle **made);
FAKE_EXPORT int cublasDestroy_v2(fake_handle *gone);
FAKE_EXPORT int cublasSetStream_v2(fake_handle *h, void *stream);
FAKE_EXPORT int cublasSetWorkspace_v2(fake_handle *h, void *workspace, size_t bytes);
FAKE_EXPORT int cublasSetMathMode(fake_handle *h, int mode);
FAKE_EXPORT int cublasGemmStridedBatchedEx_64(fake_handle *h, int op_a, int op_b, int64_t m, int64_t n,
                                              int64_t k, const void *alpha, const void *a, int type_a,
                                              int64_t lda, long long step_a, const void *b, int type_b,
                                              int64_t ldb, long long step_b, const void *beta, void *c,
                                              int type_c, int64_t ldc, long long step_c, int64_t batch,
                                              int compute, int algorithm);

int cublasGetProperty(int which, int *value)
{
    static const int version[3] = {13, 9, 1};
    if (which < 0 || which > 2) return INVALID_VALUE;
    *value = version[which];
    return SUCCESS;
}

int cublasCreate_v2(fake_handle **made)
{
    int status = enter("cublasCreate");
    fake_handle *h = status == SUCCESS ? calloc(1, sizeof *h) : NULL;
    if (h == NULL) return status != SUCCESS ? status : ALLOC_FAILED;
    if (cuCtxGetCurrent(&h->context) != 0 || h->context == NULL || cuMemAlloc_v2(&h->scratch, 4096) != 0) {
        free(h);
        return refuse(NOT_INITIALIZED, "no context is current, or its memory cannot be had now");
    }
    alive++;
    *made = h;
    return SUCCESS;
}

int cublasDestroy_v2(fake_handle *gone)
{
    int status = enter("cublasDestroy");
    if (status != SUCCESS) return status;
    cuMemFree_v2(gone->scratch);
    free(gone);
    alive--;
    return SUCCESS;
}

int cublasSetStream_v2(fake_handle *h, void *stream)
{
    int status = enter("cublasSetStream");
    if (status != SUCCESS) return status;
    h->stream = stream;
    h->workspace = NULL; /* as documented */
    return SUCCESS;
}

int cublasSetWorkspace_v2(fake_handle *h, void *workspace, size_t bytes)
{
    int status = enter("cublasSetWorkspace");
    if (status != SUCCESS) return status;
    if ((uintptr_t)workspace % 256 != 0) return refuse(INVALID_VALUE, "the workspace is not aligned");
    h->workspace = workspace;
    h->workspace_bytes = bytes;
    return SUCCESS;
}

int cublasSetMathMode(fake_handle *h, int mode)
{
    int status = enter("cublasSetMathMode");
    if (status == SUCCESS) h->math_mode = mode;
    return status;
}

/* ---- Products ------------------------------------------------------------------------------------ */

/* cudaDataType, cublasComputeType_t and what alpha and beta are. No other pair is exact enough for vecdot. */
static const struct {
    int type, compute;
    ref_type element, factor;
} types[] = {{2, 68, REF_F16, REF_F32},  {14, 68, REF_BF16, REF_F32}, {0, 69, REF_F32, REF_F32},
             {1, 70, REF_F64, REF_F64},  {1, 71, REF_F64, REF_F64},   {4, 69, REF_C64, REF_C64},
             {5, 71, REF_C128, REF_C128}};

typedef struct product {
    uint64_t at[3], workspace; /* first, where the driver looks for pointers */
    fake_gemm g;
    ref_type element;
} product;

/* Columns of a matrix as they are stored, and how many there are. */
static void stored(const fake_gemm *g, int which, int64_t *column, int64_t *columns)
{
    const int64_t one[3] = {g->m, g->k, g->m}, two[3] = {g->k, g->n, g->n};
    int turned = which < 2 && g->op[which] != OP_N;
    *column = turned ? two[which] : one[which];
    *columns = turned ? one[which] : two[which];
}

/* The k-th of a matrix in the device's memory, all of which must be alive. */
static unsigned char *matrix_at(const product *p, int which, int64_t k, cudasim_find *find, const void *user)
{
    const fake_gemm *g = &p->g;
    int64_t size = ref_size(p->element), column, columns;
    stored(g, which, &column, &columns);
    size_t bytes = (size_t)(((columns - 1) * g->ld[which] + column) * size);
    return find(user, p->at[which] + (uint64_t)(k * g->step[which] * size), bytes);
}

/* op(X) as numbers, a column of the stored matrix after another. */
static double (*load(const product *p, int which, const unsigned char *from))[2]
{
    int64_t size = ref_size(p->element), column, columns;
    stored(&p->g, which, &column, &columns);
    double(*made)[2] = calloc((size_t)(column * columns), sizeof *made);
    for (int64_t j = 0; made != NULL && j < columns; j++)
        for (int64_t i = 0; i < column; i++) {
            double *to = made[i + j * column];
            reference_cast(p->element, from + (i + j * p->g.ld[which]) * size,
                           ref_is_complex(p->element) ? REF_C128 : REF_F64, to);
            if (p->g.op[which] == OP_C) to[1] = -to[1];
        }
    return made;
}

static void multiply(const product *p, double (*a)[2], double (*b)[2], unsigned char *c)
{
    const fake_gemm *g = &p->g;
    const int64_t size = ref_size(p->element);
    const int64_t a_row = g->op[0] == OP_N ? 1 : g->k, a_next = g->op[0] == OP_N ? g->m : 1;
    const int64_t b_column = g->op[1] == OP_N ? g->k : 1, b_next = g->op[1] == OP_N ? 1 : g->n;
    for (int64_t j = 0; j < g->n; j++)
        for (int64_t i = 0; i < g->m; i++) {
            double sum[2] = {0, 0};
            for (int64_t l = 0; l < g->k; l++) {
                const double *x = a[i * a_row + l * a_next], *y = b[j * b_column + l * b_next];
                sum[0] += x[0] * y[0] - x[1] * y[1];
                sum[1] += x[0] * y[1] + x[1] * y[0];
            }
            reference_cast(ref_is_complex(p->element) ? REF_C128 : REF_F64, sum, p->element,
                           c + (i + j * g->ld[2]) * size);
        }
}

static void compute_all(const void *params, cudasim_find *find, const void *user)
{
    const product *p = params;
    for (int64_t k = 0; k < p->g.batch; k++) {
        unsigned char *at[3];
        for (int which = 0; which < 3; which++) {
            at[which] = matrix_at(p, which, k, find, user);
            if (at[which] == NULL) return;
        }
        double(*a)[2] = load(p, 0, at[0]), (*b)[2] = load(p, 1, at[1]);
        if (a == NULL || b == NULL) abort();
        multiply(p, a, b, at[2]);
        free(a);
        free(b);
    }
}

static int is_number(ref_type type, const void *value, double wanted)
{
    double number[2] = {0, 0};
    reference_cast(type, value, ref_is_complex(type) ? REF_C128 : REF_F64, number);
    return number[0] == wanted && number[1] == 0;
}

static int check_handle(const fake_handle *h)
{
    void *current = NULL;
    if (cuCtxGetCurrent(&current) != 0 || current != h->context)
        return refuse(NOT_INITIALIZED, "the handle is of another context than the current one");
    if (h->stream == NULL) return refuse(NOT_INITIALIZED, "no stream was set");
    if (h->workspace == NULL || h->workspace_bytes < (size_t)4 << 20)
        return refuse(ALLOC_FAILED, "no workspace was set after the stream, or too small a one");
    if ((h->math_mode & 15) != 0 || (h->math_mode & 16) == 0)
        return refuse(NOT_SUPPORTED, "the math mode allows sums in less than float32");
    return SUCCESS;
}

static int check_sizes(const fake_gemm *g)
{
    int64_t lines[3] = {g->op[0] == OP_N ? g->m : g->k, g->op[1] == OP_N ? g->k : g->n, g->m};
    if (g->m < 1 || g->n < 1 || g->k < 1 || g->batch < 1)
        return refuse(INVALID_VALUE, "a size is not positive");
    for (int x = 0; x < 3; x++)
        if (g->ld[x] < lines[x]) return refuse(INVALID_VALUE, "a leading dimension is less than a column");
    if (g->batch > 1 && g->step[2] == 0) return refuse(INVALID_VALUE, "the products overlap");
    return SUCCESS;
}

int cublasGemmStridedBatchedEx_64(fake_handle *h, int op_a, int op_b, int64_t m, int64_t n, int64_t k,
                                  const void *alpha, const void *a, int type_a, int64_t lda, long long step_a,
                                  const void *b, int type_b, int64_t ldb, long long step_b, const void *beta,
                                  void *c, int type_c, int64_t ldc, long long step_c, int64_t batch,
                                  int compute, int algorithm)
{
    size_t i = 0;
    product p = {.at = {(uint64_t)(uintptr_t)a, (uint64_t)(uintptr_t)b, (uint64_t)(uintptr_t)c},
                 .workspace = (uint64_t)(uintptr_t)h->workspace,
                 .g = {{op_a, op_b},
                       type_a,
                       compute,
                       m,
                       n,
                       k,
                       {lda, ldb, ldc},
                       {step_a, step_b, step_c},
                       batch,
                       h->stream}};
    int status = enter("cublasGemmStridedBatchedEx_64");
    if (status == SUCCESS) status = check_handle(h);
    if (status == SUCCESS) status = check_sizes(&p.g);
    if (status != SUCCESS) return status;
    while (i < sizeof types / sizeof types[0] && (types[i].type != type_a || types[i].compute != compute))
        i++;
    if (i == sizeof types / sizeof types[0] || type_b != type_a || type_c != type_a || algorithm != -1)
        return refuse(NOT_SUPPORTED, "dtypes, the type to compute in or the algorithm");
    p.element = types[i].element;
    if (!is_number(types[i].factor, alpha, 1) || !is_number(types[i].factor, beta, 0))
        return refuse(INVALID_VALUE, "alpha is not 1 or beta not 0, in the type to compute in");
    for (int x = 0; x < 3; x++)
        if (p.at[x] == 0 || p.at[x] % (uint64_t)ref_size(p.element) != 0)
            return refuse(INVALID_VALUE, "a matrix is not aligned");
    last = p.g;
    return cudasim_submit(h->stream, compute_all, &p, sizeof p) == 0 ? SUCCESS : EXECUTION_FAILED;
}
