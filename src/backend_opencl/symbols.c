/* Opens the OpenCL loader once and fills the table of its functions. */
#include "backend_opencl/symbols.h"

#include "core/base/os.h"

#include <stdio.h>

symbols cl;

static char reason[1024];
static once opened;
static atomic_uint opener; /* the number of the process that opens or has opened it; 0: none */

static const char *const loader_names[] = {"libOpenCL.so.1", "libOpenCL.so", NULL};

static int fill(void *library, const char *name, void *function)
{
    if (library_function(library, name, function)) return 1;
    snprintf(reason, sizeof reason,
             "the OpenCL loader has no %s: vecdot needs a loader for OpenCL 1.2 or "
             "later (apt install ocl-icd-libopencl1)",
             name);
    return 0;
}

/* Drivers initialise themselves when they are first asked for devices. PoCL 3.1 lets another thread that
 * asks at the same time see unfinished devices. So one thread asks first, here, and ignores the answer. */
static void start_drivers(void)
{
    enum { PLATFORMS = 16 };
    cl_platform_id platforms[PLATFORMS];
    cl_uint count = 0, devices;
    if (cl.GetPlatformIDs(PLATFORMS, platforms, &count) != CL_SUCCESS) return;
    for (cl_uint i = 0; i < count && i < PLATFORMS; i++)
        cl.GetDeviceIDs(platforms[i], CL_DEVICE_TYPE_ALL, 0, NULL, &devices);
}

static void fill_table(void)
{
    char why[768];
    void *library = library_open("VECDOT_LIBOPENCL", loader_names, why, sizeof why);
    if (library == NULL) {
        snprintf(reason, sizeof reason,
                 "no OpenCL loader could be opened (%s): for a GPU apt install "
                 "ocl-icd-libopencl1 and its maker's driver",
                 why);
        return;
    }
#define X(result, name, parameters)                                                                          \
    if (!fill(library, "cl" #name, &cl.name)) return;
    SYMBOL_TABLE(X)
#undef X
    start_drivers();
}

static void open_loader(void)
{
    atomic_store(&opener, process_number());
    fill_table();
    if (reason[0] != '\0') atomic_store(&opener, 0);
}

const char *symbols_open(void)
{
    const unsigned process = atomic_load(&opener);
    if (process != 0 && process != process_number()) return forked;
    once_run(&opened, open_loader);
    return reason[0] != '\0' ? reason : NULL;
}
