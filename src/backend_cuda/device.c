/* Finds CUDA devices and says why a device is not used. */
#include "backend_cuda/objects.h"
#include "backend_cuda/ptx.h"
#include "core/base/os.h"

#include <stdio.h>
#include <string.h>

enum {
    REASON_BYTES = 256,
    LEAST_CAPABILITY = 75, /* the kernels' PTX needs it */
    GROUP_ITEMS = 256,
    GROUPS_PER_UNIT = 4 /* the kernels' launch bounds reserve registers for this many */
};

static const char without_toolkit[] = "this libvecdot was built without the CUDA toolkit (NVRTC), so it has "
                                      "no kernels for CUDA: install one that "
                                      "was, or build it again where NVRTC is, with -DVECDOT_CUDA=ON";

CUdevice cuda_device_handle(const device *dev)
{
    return (CUdevice)(intptr_t)dev->native[0];
}

int cuda_driver_version(void)
{
    int version = 0;
    return cu.DriverGetVersion(&version) == CUDA_SUCCESS ? version : 0;
}

/* ---- One device ---------------------------------------------------------------------------------- */

/* The attributes that are asked of a device, as indices. */
enum { MAJOR, MINOR, UNITS, THREADS_PER_UNIT, THREADS_PER_BLOCK, COMPUTE_MODE, FACTS };

static const int attributes[FACTS] = {
    [MAJOR] = CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
    [MINOR] = CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
    [UNITS] = CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT,
    [THREADS_PER_UNIT] = CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR,
    [THREADS_PER_BLOCK] = CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK,
    [COMPUTE_MODE] = CU_DEVICE_ATTRIBUTE_COMPUTE_MODE,
};

static void device_name(CUdevice native, char *name, size_t bytes)
{
    if (cu.DeviceGetName(name, (int)bytes, native) != CUDA_SUCCESS) name[0] = '\0';
    name[bytes - 1] = '\0';
}

static void device_fill(CUdevice native, int ordinal, const int facts[FACTS], size_t memory, device *dev)
{
    int version = cuda_driver_version(), capability = 10 * facts[MAJOR] + facts[MINOR];
    int resident = facts[THREADS_PER_UNIT] / GROUP_ITEMS;
    memset(dev, 0, sizeof *dev);
    vecdot_device_info *info = &dev->info;
    snprintf(info->backend, sizeof info->backend, "%s", backend_cuda.name);
    snprintf(info->platform, sizeof info->platform, "NVIDIA CUDA");
    snprintf(info->vendor, sizeof info->vendor, "NVIDIA Corporation");
    snprintf(info->driver, sizeof info->driver, "%d.%d", version / 1000, version % 1000 / 10);
    device_name(native, info->name, sizeof info->name);
    info->index = ordinal;
    info->kind = VECDOT_DEVICE_GPU;
    info->memory_bytes = info->max_alloc_bytes = memory;
    info->compute_units = (uint32_t)facts[UNITS];
    info->has_fp64 = 1;
    info->capability = capability;
    snprintf(dev->compiler, sizeof dev->compiler, "sm_%d; CUDA %s", capability, info->driver);
    dev->driver = &backend_cuda;
    dev->native[0] = (void *)(intptr_t)native;
    dev->max_group_size = (size_t)facts[THREADS_PER_BLOCK];
    dev->groups_per_unit = resident < GROUPS_PER_UNIT ? resident : GROUPS_PER_UNIT;
    dev->fenced_groups = 1;
}

/* Fills *dev if the device can be used; if not, `reason` says why. */
static int device_learn(CUdevice native, int ordinal, device *dev, char reason[REASON_BYTES])
{
    int facts[FACTS] = {0};
    size_t memory = 0;
    for (int i = 0; i < FACTS; i++) {
        CUresult code = cu.DeviceGetAttribute(&facts[i], attributes[i], native);
        if (code == CUDA_SUCCESS) continue;
        snprintf(reason, REASON_BYTES, "cuDeviceGetAttribute(%d) gave %s (%d)", attributes[i],
                 cuda_code_name(code), code);
        return 0;
    }
    CUresult code = cu.DeviceTotalMem(&memory, native);
    if (code != CUDA_SUCCESS) {
        snprintf(reason, REASON_BYTES, "cuDeviceTotalMem gave %s (%d)", cuda_code_name(code), code);
    } else if (10 * facts[MAJOR] + facts[MINOR] < LEAST_CAPABILITY) {
        snprintf(
            reason, REASON_BYTES,
            "its compute capability is %d.%d, the kernels need 7.5 (Turing) or later: try the opencl backend",
            facts[MAJOR], facts[MINOR]);
    } else if (facts[COMPUTE_MODE] == CU_COMPUTEMODE_PROHIBITED) {
        snprintf(reason, REASON_BYTES,
                 "its compute mode is \"prohibited\": allow work on it (nvidia-smi -c DEFAULT)");
    } else if (memory == 0 || facts[UNITS] < 1 || facts[THREADS_PER_UNIT] < GROUP_ITEMS ||
               facts[THREADS_PER_BLOCK] < GROUP_ITEMS) {
        snprintf(reason, REASON_BYTES, "the driver reports impossible limits: %zu bytes, %d multiprocessors",
                 memory, facts[UNITS]);
    } else {
        device_fill(native, ordinal, facts, memory, dev);
        return 1;
    }
    return 0;
}

/* ---- All devices --------------------------------------------------------------------------------- */

typedef struct survey {
    text *report;    /* receives one line for each device */
    device *devices; /* receives the usable devices, up to capacity */
    size_t capacity;
    size_t count;
} survey;

static void survey_device(survey *s, int ordinal)
{
    char reason[REASON_BYTES] = "", name[128] = "";
    CUdevice native = 0;
    device dev;
    CUresult code = cu.DeviceGet(&native, ordinal);
    if (code != CUDA_SUCCESS) {
        text_add(s->report, "    cuda:%d is not used: cuDeviceGet gave %s (%d)\n", ordinal,
                 cuda_code_name(code), code);
        return;
    }
    if (!device_learn(native, ordinal, &dev, reason)) {
        device_name(native, name, sizeof name);
        text_add(s->report, "    cuda:%d \"%s\" is not used: %s\n", ordinal, name, reason);
        return;
    }
    text_add(s->report, "    cuda:%d \"%s\" is used (compute capability %d.%d)\n", ordinal, dev.info.name,
             (int)dev.info.capability / 10, (int)dev.info.capability % 10);
    if (s->count < s->capacity) s->devices[s->count] = dev;
    s->count++;
}

static vecdot_status fail_missing(const char *why)
{
    return fail(why == forked ? VECDOT_ERROR_BACKEND : VECDOT_ERROR_NO_DEVICE, "cuda: %s", why);
}

static vecdot_status survey_all(survey *s)
{
    int count = 0;
    const char *missing = driver_open();
    if (missing != NULL) return fail_missing(missing);
    int version = cuda_driver_version();
    CUresult code = cu.DeviceGetCount(&count);
    if (code != CUDA_SUCCESS) return cuda_fail("cuDeviceGetCount", code);
    text_add(s->report, "  driver for CUDA %d.%d: %d device%s\n", version / 1000, version % 1000 / 10, count,
             count == 1 ? "" : "s");
    for (int i = 0; i < count; i++) survey_device(s, i);
    return VECDOT_SUCCESS;
}

vecdot_status cuda_probe(device *devices, size_t capacity, size_t *count)
{
    char lines[1024] = "";
    text report = {lines, sizeof lines, 0};
    survey s = {&report, devices, capacity, 0};
    *count = 0;
    if (!ptx_exists()) return fail(VECDOT_ERROR_NO_DEVICE, "cuda: %s", without_toolkit);
    TRY(survey_all(&s));
    if (s.count == 0)
        return fail(VECDOT_ERROR_NO_DEVICE, "cuda: there is no usable device (see vecdot_diagnose):\n%s",
                    lines);
    *count = s.count;
    return VECDOT_SUCCESS;
}

vecdot_status cuda_device_of(CUdevice native, device *dev)
{
    char reason[REASON_BYTES] = "";
    int count = 0, ordinal = 0;
    CUdevice listed = 0;
    if (!ptx_exists()) return fail(VECDOT_ERROR_NO_DEVICE, "cuda: %s", without_toolkit);
    const char *missing = driver_open();
    if (missing != NULL) return fail_missing(missing);
    CUresult code = cu.DeviceGetCount(&count);
    if (code != CUDA_SUCCESS) return cuda_fail("cuDeviceGetCount", code);
    for (; ordinal < count; ordinal++) {
        code = cu.DeviceGet(&listed, ordinal);
        if (code != CUDA_SUCCESS) return cuda_fail("cuDeviceGet", code);
        if (listed == native) break;
    }
    if (ordinal == count)
        return fail(VECDOT_ERROR_INVALID_ARGUMENT, "cuda: %d is none of the driver's %d CUdevices", native,
                    count);
    if (device_learn(native, ordinal, dev, reason)) return VECDOT_SUCCESS;
    return fail(VECDOT_ERROR_NO_DEVICE, "cuda: the device cannot be used: %s", reason);
}

/* ---- Diagnosis ----------------------------------------------------------------------------------- */

static void add_settings(text *report)
{
    static const char *const names[] = {
        "VECDOT_LIBCUDA",         "VECDOT_LIBCUBLAS",     "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER",
        "NVIDIA_VISIBLE_DEVICES", "CUDA_DISABLE_PTX_JIT", "CUDA_CACHE_DISABLE",   "CUDA_CACHE_PATH"};
    text_add_environment(report, "  ", names, sizeof names / sizeof names[0]);
}

static void no_visit(void *user, const char *name)
{
    (void)user;
    (void)name;
}

static void add_kernel_module(text *report)
{
    static const char folder[] = "/proc/driver/nvidia";
    if (folder_visit(folder, no_visit, NULL)) {
        text_add(report, "  NVIDIA's kernel module is loaded (%s)\n", folder);
    } else {
        text_add(report, "  NVIDIA's kernel module is not loaded (no %s)\n", folder);
    }
}

void cuda_diagnose(text *report)
{
    survey s = {report, NULL, 0, 0};
    add_settings(report);
    if (!ptx_exists()) text_add(report, "  %s\n", without_toolkit);
    if (survey_all(&s) != VECDOT_SUCCESS) {
        text_add(report, "  %s\n", text_after(vecdot_last_error(), "cuda: "));
        add_kernel_module(report);
    } else if (s.count == 0) {
        text_add(report, "  no usable device: a GPU of compute capability 7.5 or later is needed, and "
                         "CUDA_VISIBLE_DEVICES must not hide it\n");
    } else {
        text_add(report, "  the driver and %zu usable device%s were found\n", s.count,
                 s.count == 1 ? "" : "s");
    }
}
