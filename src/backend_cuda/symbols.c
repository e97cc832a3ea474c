/* Opens the CUDA driver once: its library, the table of its functions, and cuInit. */
#include "backend_cuda/symbols.h"

#include "core/base/os.h"

#include <stdio.h>
#include <string.h>

symbols cu;

static char reason[1024];
static once opened;
static atomic_uint opener; /* the number of the process that opens or has opened it; 0: none */

static const char *const library_names[] = {"libcuda.so.1", NULL};

enum { LEAST_VERSION = 10000 }; /* CUDA 10.0, the first that supports the kernels' PTX */

/* Codes that cuInit can give, and how to fix each. */
static const struct {
    CUresult code;
    const char *name, *fix;
} init_failures[] = {
    {34, "CUDA_ERROR_STUB_LIBRARY",
     "the file is the CUDA toolkit's stub and no driver; take its folder (.../stubs) off LD_LIBRARY_PATH and "
     "VECDOT_LIBCUDA"},
    {35, "CUDA_ERROR_INSUFFICIENT_DRIVER", "the driver is too old; install a newer NVIDIA driver"},
    {46, "CUDA_ERROR_DEVICE_UNAVAILABLE", "another process has the GPU to itself; see nvidia-smi"},
    {100, "CUDA_ERROR_NO_DEVICE",
     "the driver sees no GPU; see nvidia-smi, CUDA_VISIBLE_DEVICES (set to nothing it hides all), and in a "
     "container its --gpus option"},
    {101, "CUDA_ERROR_INVALID_DEVICE", "CUDA_VISIBLE_DEVICES names a device that does not exist"},
    {304, "CUDA_ERROR_OPERATING_SYSTEM",
     "the driver was refused by the system; see the rights of /dev/nvidia* and nvidia-smi"},
    {802, "CUDA_ERROR_SYSTEM_NOT_READY",
     "the machine's GPU fabric is not up; start nvidia-fabricmanager and try again"},
    {803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH",
     "libcuda and the loaded kernel module are of different versions; reboot after a driver update, and in a "
     "container take libcuda from the host"},
    {804, "CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE",
     "this GPU does not allow CUDA's forward compatibility; take the cuda-compat folder off LD_LIBRARY_PATH"},
    {999, "CUDA_ERROR_UNKNOWN",
     "often the kernel module: see nvidia-smi, load nvidia_uvm (modprobe nvidia_uvm), or reboot after a "
     "suspend"},
};

static void explain_init(CUresult code)
{
    const char *name = NULL, *fix = "see nvidia-smi";
    if (cu.GetErrorName(code, &name) != CUDA_SUCCESS || name == NULL) name = "an unlisted code";
    for (size_t i = 0; i < sizeof init_failures / sizeof init_failures[0]; i++) {
        if (init_failures[i].code != code) continue;
        name = init_failures[i].name;
        fix = init_failures[i].fix;
    }
    snprintf(reason, sizeof reason, "cuInit gave %s (%d): %s", name, code, fix);
}

static int fill(void *library, const char *name, const char *version, void *function)
{
    char versioned[64];
    snprintf(versioned, sizeof versioned, "%s%s", name, version);
    if (library_function(library, versioned, function)) return 1;
    if (strcmp(name, "cuDevicePrimaryCtxRelease") == 0 && library_function(library, name, function))
        return 1; /* versioned only since CUDA 11 */
    snprintf(reason, sizeof reason,
             "the library has no %s: it is no CUDA driver, or one before CUDA 10.0 (NVIDIA driver 410)",
             versioned);
    return 0;
}

static void fill_table(void)
{
    char why[768];
    int version = 0;
    void *library = library_open("VECDOT_LIBCUDA", library_names, why, sizeof why);
    if (library == NULL) {
        snprintf(
            reason, sizeof reason,
            "no CUDA driver could be opened (%s): for an NVIDIA GPU install NVIDIA's driver, which brings "
            "libcuda.so.1",
            why);
        return;
    }
#define X(name, version, parameters)                                                                         \
    if (!fill(library, "cu" #name, version, &cu.name)) return;
    SYMBOL_TABLE(X)
#undef X
    CUresult code = cu.Init(0);
    if (code != CUDA_SUCCESS) {
        explain_init(code);
    } else if (cu.DriverGetVersion(&version) == CUDA_SUCCESS && version < LEAST_VERSION) {
        snprintf(
            reason, sizeof reason,
            "the driver is for CUDA %d.%d, 10.0 or later is needed: install a newer NVIDIA driver (410 or "
            "later)",
            version / 1000, version % 1000 / 10);
    }
}

static void open_driver(void)
{
    atomic_store(&opener, process_number());
    fill_table();
    if (reason[0] != '\0') atomic_store(&opener, 0);
}

const char *driver_open(void)
{
    const unsigned process = atomic_load(&opener);
    if (process != 0 && process != process_number()) return forked;
    once_run(&opened, open_driver);
    return reason[0] != '\0' ? reason : NULL;
}
