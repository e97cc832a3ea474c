/* Finds OpenCL devices and says why a device is not used. Every call asks the driver again: this file
 * keeps no state. */
#include "backend_opencl/objects.h"
#include "core/base/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REASON_BYTES = 256, LEAST_GROUP_SIZE = 256, INFO_BYTES = 128 };

/* Removes the blanks that some drivers put around names. */
static void trim(char *textual)
{
    size_t length = strlen(textual);
    while (length > 0 && textual[length - 1] == ' ') textual[--length] = '\0';
    size_t blanks = strspn(textual, " ");
    memmove(textual, textual + blanks, length - blanks + 1);
}

/* Writes "" when the query fails. */
static cl_int device_text(cl_device_id native, cl_uint what, char out[INFO_BYTES])
{
    size_t bytes = 0;
    out[0] = '\0';
    cl_int code = cl.GetDeviceInfo(native, what, 0, NULL, &bytes);
    if (code != CL_SUCCESS || bytes == 0) return code;
    char *whole = calloc(bytes + 1, 1);
    if (whole == NULL) return CL_OUT_OF_HOST_MEMORY;
    code = cl.GetDeviceInfo(native, what, bytes, whole, NULL);
    if (code == CL_SUCCESS) {
        trim(whole);
        snprintf(out, INFO_BYTES, "%s", whole);
    }
    free(whole);
    return code;
}

static void platform_text(cl_platform_id platform, cl_uint what, char out[INFO_BYTES])
{
    char whole[512] = "";
    if (cl.GetPlatformInfo(platform, what, sizeof whole - 1, whole, NULL) != CL_SUCCESS) whole[0] = '\0';
    trim(whole);
    snprintf(out, INFO_BYTES, "%.127s", whole);
}

/* For a cl_bool, cl_uint, cl_ulong or cl_bitfield; 0 when the query fails. */
static uint32_t device_u32(cl_device_id native, cl_uint what)
{
    cl_uint value = 0;
    return cl.GetDeviceInfo(native, what, sizeof value, &value, NULL) == CL_SUCCESS ? value : 0;
}

static uint64_t device_u64(cl_device_id native, cl_uint what)
{
    cl_ulong value = 0;
    return cl.GetDeviceInfo(native, what, sizeof value, &value, NULL) == CL_SUCCESS ? value : 0;
}

static size_t device_size(cl_device_id native, cl_uint what)
{
    size_t value = 0;
    return cl.GetDeviceInfo(native, what, sizeof value, &value, NULL) == CL_SUCCESS ? value : 0;
}

/* Double precision was an extension until OpenCL 1.2 gave every device a query for it. */
static int device_has_fp64(cl_device_id native)
{
    if (device_u64(native, CL_DEVICE_DOUBLE_FP_CONFIG) != 0) return 1;
    size_t bytes = 0;
    if (cl.GetDeviceInfo(native, CL_DEVICE_EXTENSIONS, 0, NULL, &bytes) != CL_SUCCESS || bytes == 0) return 0;
    char *extensions = calloc(bytes + 1, 1);
    int found = extensions != NULL &&
                cl.GetDeviceInfo(native, CL_DEVICE_EXTENSIONS, bytes, extensions, NULL) == CL_SUCCESS &&
                strstr(extensions, "cl_khr_fp64") != NULL;
    free(extensions);
    return found;
}

/* Returns 0 for a custom device. A device of several kinds counts as the first of these. */
static int32_t device_kind(cl_device_id native)
{
    uint64_t type = device_u64(native, CL_DEVICE_TYPE);
    if (type & CL_DEVICE_TYPE_GPU) return VECDOT_DEVICE_GPU;
    if (type & CL_DEVICE_TYPE_ACCELERATOR) return VECDOT_DEVICE_ACCELERATOR;
    if (type & CL_DEVICE_TYPE_CPU) return VECDOT_DEVICE_CPU;
    return 0;
}

/* Whether the device can run the kernels; if not, `reason` says why. */
static int device_usable(cl_device_id native, char reason[REASON_BYTES])
{
    char version[INFO_BYTES];
    int major = 0, minor = 0;
    cl_int code = device_text(native, CL_DEVICE_VERSION, version);
    if (code != CL_SUCCESS) {
        snprintf(reason, REASON_BYTES, "clGetDeviceInfo gave %s (%d)", opencl_code_name(code), code);
    } else if (sscanf(version, "OpenCL %d.%d", &major, &minor) != 2 || major < 1 ||
               (major == 1 && minor < 2)) {
        snprintf(reason, REASON_BYTES, "its version is \"%.64s\", OpenCL 1.2 is needed", version);
    } else if (!device_u32(native, CL_DEVICE_AVAILABLE)) {
        snprintf(reason, REASON_BYTES, "the driver says it is not available");
    } else if (!device_u32(native, CL_DEVICE_COMPILER_AVAILABLE)) {
        snprintf(reason, REASON_BYTES, "it has no compiler");
    } else if (device_u32(native, CL_DEVICE_ADDRESS_BITS) != 64) {
        snprintf(reason, REASON_BYTES, "its addresses have %u bits, 64 are needed",
                 device_u32(native, CL_DEVICE_ADDRESS_BITS));
    } else if (!device_u32(native, CL_DEVICE_ENDIAN_LITTLE)) {
        snprintf(reason, REASON_BYTES, "it is big-endian");
    } else if (device_kind(native) == 0) {
        snprintf(reason, REASON_BYTES, "it is neither a GPU, a CPU nor an accelerator");
    } else {
        return 1;
    }
    return 0;
}

static void device_fill(cl_platform_id platform, cl_device_id native, int32_t index, device *dev)
{
    char platform_version[INFO_BYTES], device_version[INFO_BYTES];
    memset(dev, 0, sizeof *dev);
    vecdot_device_info *info = &dev->info;
    snprintf(info->backend, sizeof info->backend, "%s", backend_opencl.name);
    platform_text(platform, CL_PLATFORM_NAME, info->platform);
    device_text(native, CL_DEVICE_NAME, info->name);
    device_text(native, CL_DEVICE_VENDOR, info->vendor);
    device_text(native, CL_DRIVER_VERSION, info->driver);
    platform_text(platform, CL_PLATFORM_VERSION, platform_version);
    device_text(native, CL_DEVICE_VERSION, device_version);
    snprintf(dev->compiler, sizeof dev->compiler, "%s; %s", platform_version, device_version);
    info->index = index;
    info->kind = device_kind(native);
    info->memory_bytes = device_u64(native, CL_DEVICE_GLOBAL_MEM_SIZE);
    info->max_alloc_bytes = device_u64(native, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
    info->compute_units = device_u32(native, CL_DEVICE_MAX_COMPUTE_UNITS);
    info->has_fp64 = device_has_fp64(native);
    info->shares_host_memory = device_u32(native, CL_DEVICE_HOST_UNIFIED_MEMORY) != 0;
    dev->driver = &backend_opencl;
    dev->native[0] = platform;
    dev->native[1] = native;
    dev->max_group_size = device_size(native, CL_DEVICE_MAX_WORK_GROUP_SIZE);
}

/* Fills *dev if the device can be used; if not, `reason` says why. */
static int device_learn(cl_platform_id platform, cl_device_id native, int32_t index, device *dev,
                        char reason[REASON_BYTES])
{
    if (!device_usable(native, reason)) return 0;
    device_fill(platform, native, index, dev);
    if (dev->info.max_alloc_bytes == 0 || dev->info.compute_units == 0 || dev->max_group_size == 0) {
        snprintf(reason, REASON_BYTES, "clGetDeviceInfo does not tell its limits");
        return 0;
    }
    if (dev->info.kind != VECDOT_DEVICE_CPU && dev->max_group_size < LEAST_GROUP_SIZE) {
        snprintf(reason, REASON_BYTES, "its work-groups hold %zu work-items at most, %d are needed",
                 dev->max_group_size, LEAST_GROUP_SIZE);
        return 0;
    }
    return 1;
}

/* ---- The survey: every platform and device, used or not ------------------------------------------ */

typedef struct survey {
    text *report;    /* receives one line for each platform and device */
    device *devices; /* receives the usable devices, up to capacity */
    size_t capacity;
    size_t count;
    size_t gpus; /* among these */
} survey;

static void survey_device(survey *s, cl_platform_id platform, cl_device_id native)
{
    char reason[REASON_BYTES] = "", name[INFO_BYTES];
    device dev;
    if (!device_learn(platform, native, (int32_t)s->count, &dev, reason)) {
        device_text(native, CL_DEVICE_NAME, name);
        text_add(s->report, "    device \"%s\" is not used: %s\n", name, reason);
        return;
    }
    text_add(s->report, "    opencl:%zu \"%s\" is used (driver %s%s%s)\n", s->count, dev.info.name,
             dev.info.driver, dev.info.has_fp64 ? "" : ", no float64",
             device_u64(native, CL_DEVICE_SINGLE_FP_CONFIG) & CL_FP_DENORM
                 ? ""
                 : ", takes subnormal float32 for zero: its bits differ there");
    if (s->count < s->capacity) s->devices[s->count] = dev;
    s->count++;
    s->gpus += dev.info.kind == VECDOT_DEVICE_GPU;
}

static vecdot_status survey_platform(survey *s, cl_platform_id platform)
{
    char name[INFO_BYTES];
    cl_uint count = 0;
    platform_text(platform, CL_PLATFORM_NAME, name);
    cl_int code = cl.GetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, NULL, &count);
    if (code == CL_DEVICE_NOT_FOUND) count = 0;
    text_add(s->report, "  platform \"%s\": %u device%s", name, count, count == 1 ? "" : "s");
    if (code != CL_SUCCESS)
        text_add(s->report, " (clGetDeviceIDs gave %s, %d)", opencl_code_name(code), code);
    text_add(s->report, "\n");
    if (code != CL_SUCCESS || count == 0) return VECDOT_SUCCESS;

    cl_device_id *natives = calloc(count, sizeof(cl_device_id));
    if (natives == NULL)
        return fail(VECDOT_ERROR_OUT_OF_MEMORY, "opencl: no host memory to list %u devices", count);
    code = cl.GetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, count, natives, NULL);
    for (cl_uint i = 0; i < count && code == CL_SUCCESS; i++) survey_device(s, platform, natives[i]);
    if (code != CL_SUCCESS) {
        text_add(s->report, "    none is used: clGetDeviceIDs gave %s (%d)\n", opencl_code_name(code), code);
    }
    free(natives);
    return VECDOT_SUCCESS;
}

static vecdot_status fail_missing(const char *why)
{
    return fail(why == forked ? VECDOT_ERROR_BACKEND : VECDOT_ERROR_NO_DEVICE, "opencl: %s", why);
}

static vecdot_status survey_all(survey *s)
{
    const char *reason = symbols_open();
    if (reason != NULL) return fail_missing(reason);
    cl_uint count = 0;
    cl_int code = cl.GetPlatformIDs(0, NULL, &count);
    if (code != CL_SUCCESS) return opencl_fail("clGetPlatformIDs", code);
    if (count == 0) return opencl_fail("clGetPlatformIDs", CL_PLATFORM_NOT_FOUND);

    cl_platform_id *platforms = calloc(count, sizeof(cl_platform_id));
    if (platforms == NULL) {
        return fail(VECDOT_ERROR_OUT_OF_MEMORY, "opencl: no host memory to list %u platforms", count);
    }
    code = cl.GetPlatformIDs(count, platforms, NULL);
    vecdot_status status = code == CL_SUCCESS ? VECDOT_SUCCESS : opencl_fail("clGetPlatformIDs", code);
    for (cl_uint i = 0; i < count && status == VECDOT_SUCCESS; i++) status = survey_platform(s, platforms[i]);
    free(platforms);
    return status;
}

vecdot_status opencl_probe(device *devices, size_t capacity, size_t *count)
{
    char lines[1024] = "";
    text report = {lines, sizeof lines, 0};
    survey s = {.report = &report, .devices = devices, .capacity = capacity};
    *count = 0;
    TRY(survey_all(&s));
    if (s.count == 0) {
        return fail(VECDOT_ERROR_NO_DEVICE,
                    "opencl: no platform has a usable device (see vecdot_diagnose):\n%s", lines);
    }
    *count = s.count;
    return VECDOT_SUCCESS;
}

vecdot_status opencl_device_of(cl_device_id native, device *dev)
{
    const char *missing = symbols_open();
    if (missing != NULL) return fail_missing(missing);
    cl_platform_id platform = NULL;
    cl_int code = cl.GetDeviceInfo(native, CL_DEVICE_PLATFORM, sizeof platform, &platform, NULL);
    if (code != CL_SUCCESS) {
        return fail(VECDOT_ERROR_INVALID_ARGUMENT,
                    "opencl: not a valid cl_device_id: clGetDeviceInfo gave %s (%d)", opencl_code_name(code),
                    code);
    }
    char reason[REASON_BYTES] = "";
    if (!device_learn(platform, native, -1, dev, reason)) {
        return fail(VECDOT_ERROR_NO_DEVICE, "opencl: the device cannot be used: %s", reason);
    }

    size_t count = 0;
    if (opencl_probe(NULL, 0, &count) != VECDOT_SUCCESS || count == 0) return VECDOT_SUCCESS;
    device *listed = calloc(count, sizeof *listed);
    size_t now = 0;
    if (listed == NULL)
        return fail(VECDOT_ERROR_OUT_OF_MEMORY, "opencl: no host memory to list %zu devices", count);
    if (opencl_probe(listed, count, &now) == VECDOT_SUCCESS) {
        for (size_t i = 0; i < count && i < now; i++) {
            if (listed[i].native[1] == native) dev->info.index = (int32_t)i;
        }
    }
    free(listed);
    return VECDOT_SUCCESS;
}

/* ---- Diagnosis ----------------------------------------------------------------------------------- */

static void add_icd(void *report, const char *name)
{
    const char *dot = strrchr(name, '.');
    if (dot != NULL && strcmp(dot, ".icd") == 0) text_add(report, " %s", name);
}

static void add_icd_folder(text *report, const char *path)
{
    text_add(report, "  drivers (ICD files) in %s:", path);
    size_t before = report->length;
    if (!folder_visit(path, add_icd, report)) {
        text_add(report, " not a folder that can be read");
    } else if (report->length == before) {
        text_add(report, " none");
    }
    text_add(report, "\n");
}

static void add_settings(text *report)
{
    static const char *const names[] = {"VECDOT_LIBOPENCL",  "VECDOT_LIBCLBLAST",   "OCL_ICD_VENDORS",
                                        "OCL_ICD_FILENAMES", "POCL_DEVICES",        "POCL_CACHE_DIR",
                                        "POCL_MEMORY_LIMIT", "CUDA_VISIBLE_DEVICES"};
    text_add_environment(report, "  ", names, sizeof names / sizeof names[0]);
}

/* PoCL reports no device at all when it cannot write its kernel cache. */
static void add_cache_folder(text *report)
{
    char path[1024];
    const char *pocl = environment_get("POCL_CACHE_DIR");
    const char *xdg = environment_get("XDG_CACHE_HOME");
    const char *home = environment_get("HOME");
    if (pocl == NULL && xdg == NULL && home == NULL) {
        text_add(report,
                 "  HOME and XDG_CACHE_HOME are not set: drivers may find no folder for their caches\n");
        return;
    }
    if (pocl != NULL || xdg != NULL) {
        snprintf(path, sizeof path, "%s", pocl != NULL ? pocl : xdg);
    } else {
        snprintf(path, sizeof path, "%s/.cache", home);
    }
    if (folder_writable(path)) return;
    text_add(report,
             "  cache folder %s cannot be written, which makes PoCL report no device: set XDG_CACHE_HOME (or "
             "POCL_CACHE_DIR) to a folder that can\n",
             path);
}

void opencl_diagnose(text *report)
{
    survey s = {.report = report};
    add_settings(report);
    const char *vendors = environment_get("OCL_ICD_VENDORS");
    if (vendors == NULL || vendors[0] != '/') {
        add_icd_folder(report, "/etc/OpenCL/vendors");
    } else if (strstr(vendors, ".icd") != NULL) {
        text_add(report, "  OCL_ICD_VENDORS limits the loader to %s\n", vendors);
    } else {
        add_icd_folder(report, vendors);
    }
    add_cache_folder(report);
    if (survey_all(&s) != VECDOT_SUCCESS) {
        text_add(report, "  %s\n", text_after(vecdot_last_error(), "opencl: "));
    } else {
        text_add(report, "  the loader and %zu usable device%s were found\n", s.count,
                 s.count == 1 ? "" : "s");
    }
    if (s.gpus == 0)
        text_add(report,
                 "  no GPU can be used by OpenCL: one needs the driver of its maker (intel-opencl-icd, "
                 "nvidia-opencl-icd, mesa-opencl-icd or rocm-opencl-icd)\n");
}
