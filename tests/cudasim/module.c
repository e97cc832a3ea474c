/* Modules and functions: PTX, checked against the driver and the device, with the compiler's log. */
#include "tests/cudasim/driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Which PTX this driver understands ---- */

typedef struct release {
    int driver, ptx;
} release;

static const release releases[] = {
    {8000, 50},  {9000, 60},  {9010, 61},  {9020, 62},  {10000, 63}, {10010, 64}, {10020, 65},
    {11000, 70}, {11010, 71}, {11020, 72}, {11030, 73}, {11040, 74}, {11050, 75}, {11060, 76},
    {11070, 77}, {11080, 78}, {12000, 80}, {12010, 81}, {12020, 82}, {12030, 83}, {12040, 84},
    {12050, 85}, {12070, 86}, {12080, 87}, {12090, 88}, {13000, 90}, {13010, 91},
};

static int newest_ptx(void)
{
    int newest = releases[0].ptx;
    for (size_t i = 0; i < sizeof releases / sizeof *releases; i++)
        if (releases[i].driver <= config.driver_version) newest = releases[i].ptx;
    return newest;
}

/* The text's .version, 0 when it has none: asked before parsing, which newer PTX may not survive. */
static int stated_version(const char *text)
{
    int major = 0, minor = 0;
    const char *at = strstr(text, ".version");
    return at && sscanf(at, ".version %d.%d", &major, &minor) == 2 ? 10 * major + minor : 0;
}

/* ---- The compiler's options ---- */

enum { INFO_LOG = 3, INFO_LOG_BYTES, ERROR_LOG, ERROR_LOG_BYTES, OPTIMIZATION = 7, OPTIONS = 35 };

typedef struct jit_log {
    char *text;
    size_t capacity;
    void **bytes; /* the option that receives how many were written */
} jit_log;

static CUresult read_options(unsigned count, const int *options, void **values, jit_log *info, jit_log *error)
{
    if (count && (!options || !values)) return CUDA_ERROR_INVALID_VALUE;
    for (unsigned i = 0; i < count; i++) {
        const size_t number = (size_t)(uintptr_t)values[i];
        switch (options[i]) {
        case INFO_LOG: info->text = values[i]; break;
        case INFO_LOG_BYTES: info->capacity = number, info->bytes = &values[i]; break;
        case ERROR_LOG: error->text = values[i]; break;
        case ERROR_LOG_BYTES: error->capacity = number, error->bytes = &values[i]; break;
        case OPTIMIZATION:
            if (number > 4) return CUDA_ERROR_INVALID_VALUE;
            break;
        default:
            if (options[i] < 0 || options[i] >= OPTIONS) return CUDA_ERROR_INVALID_VALUE;
        }
    }
    if ((info->text && !info->bytes) || (error->text && !error->bytes)) return CUDA_ERROR_INVALID_VALUE;
    return CUDA_SUCCESS;
}

static void write_log(const jit_log *log, const char *text)
{
    const size_t length = strlen(text) + 1;
    if (!log->text || !log->capacity) return;
    snprintf(log->text, log->capacity, "%s", text);
    *log->bytes = (void *)(uintptr_t)(length < log->capacity ? length : log->capacity);
}

/* ---- Loading ---- */

static CUresult compile(const char *text, const jit_log *error, ptx_module **made)
{
    char message[1024] = "", line[1200];
    const int version = stated_version(text), newest = newest_ptx();
    if (!version) return CUDA_ERROR_INVALID_IMAGE;
    if (version > newest) {
        snprintf(line, sizeof line, "ptxas fatal   : Unsupported .version %d.%d; current version is '%d.%d'",
                 version / 10, version % 10, newest / 10, newest % 10);
        write_log(error, line);
        return CUDA_ERROR_UNSUPPORTED_PTX_VERSION;
    }
    ptx_module *ptx = ptx_parse(text, strlen(text), message, sizeof message);
    if (!ptx) {
        snprintf(line, sizeof line, "ptxas application ptx input, %s", message);
        write_log(error, line);
        return CUDA_ERROR_INVALID_PTX;
    }
    if (ptx_target(ptx) > config.capability) {
        snprintf(line, sizeof line, "ptxas fatal   : sm_%d is newer than the device's sm_%d", ptx_target(ptx),
                 (int)config.capability);
        write_log(error, line);
        ptx_free(ptx);
        return CUDA_ERROR_NO_BINARY_FOR_GPU;
    }
    *made = ptx;
    return CUDA_SUCCESS;
}

static CUresult load(CUmodule *made, const char *image, unsigned count, const int *options, void **values)
{
    jit_log info = {0}, error = {0};
    ptx_module *ptx = NULL;
    if (!made || !image) return CUDA_ERROR_INVALID_VALUE;
    CUresult result = read_options(count, options, values, &info, &error);
    if (result == CUDA_SUCCESS) result = compile(image, &error, &ptx);
    if (result != CUDA_SUCCESS) return result;
    write_log(&info, "");
    write_log(&error, "");
    module *m = calloc(1, sizeof *m);
    if (!m) {
        ptx_free(ptx);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    m->ptx = ptx;
    object_add(&m->head, OBJECT_MODULE, current());
    *made = HANDLE(CUmodule, m);
    return CUDA_SUCCESS;
}

ENTRY(cuModuleLoadData, CURRENT | UNSAFE, (CUmodule * made, const void *image), (made, image))
{
    return load(made, image, 0, NULL, NULL);
}

ENTRY(cuModuleLoadDataEx, CURRENT | UNSAFE,
      (CUmodule * made, const void *image, unsigned count, int *options, void **values),
      (made, image, count, options, values))
{
    return load(made, image, count, options, values);
}

void module_destroy(module *gone)
{
    for (function *f = gone->functions, *next; f; f = next) {
        next = f->sibling;
        object_remove(&f->head);
        free(f);
    }
    object_remove(&gone->head);
    ptx_free(gone->ptx);
    free(gone);
}

ENTRY(cuModuleUnload, CURRENT | UNSAFE, (CUmodule gone), (gone))
{
    module *m = object_find(gone, OBJECT_MODULE);
    if (!m) return CUDA_ERROR_INVALID_HANDLE;
    context *owner = m->head.owner;
    if (module_pending(m)) {
        misuse("a module is unloaded while its kernels are not done");
        finish_context(owner);
    }
    module_destroy(m);
    return owner->sticky;
}

/* ---- Functions ---- */

static CUresult make_function(module *m, const char *name, function **made)
{
    const ptx_kernel *kernel = ptx_find(m->ptx, name);
    if (!kernel) return CUDA_ERROR_NOT_FOUND;
    function *f = calloc(1, sizeof *f);
    if (!f) return CUDA_ERROR_OUT_OF_MEMORY;
    f->kernel = kernel;
    f->from = m;
    snprintf(f->name, sizeof f->name, "%s", name);
    ptx_kernel_describe(kernel, &f->info);
    int shared = 0;
    device_attribute(m->head.owner->device, 8, &shared);
    f->max_dynamic_shared = shared - (int)f->info.shared_bytes;
    f->sibling = m->functions;
    m->functions = f;
    object_add(&f->head, OBJECT_FUNCTION, m->head.owner);
    *made = f;
    return CUDA_SUCCESS;
}

ENTRY(cuModuleGetFunction, CURRENT, (CUfunction * found, CUmodule in, const char *name), (found, in, name))
{
    module *m = object_find(in, OBJECT_MODULE);
    function *f = m ? m->functions : NULL;
    if (!found || !name) return CUDA_ERROR_INVALID_VALUE;
    if (!m) return CUDA_ERROR_INVALID_HANDLE;
    while (f && strcmp(f->name, name) != 0) f = f->sibling;
    const CUresult result = f ? CUDA_SUCCESS : make_function(m, name, &f);
    if (result == CUDA_SUCCESS) *found = HANDLE(CUfunction, f);
    return result;
}
