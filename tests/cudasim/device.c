/* cuInit and the devices: what each says of itself, by its compute capability. */
#include "tests/cudasim/driver.h"

#include <stdio.h>
#include <string.h>

typedef struct CUuuid {
    char bytes[16];
} CUuuid;

/* What differs between capabilities: per multiprocessor, but the last per block. */
typedef struct architecture {
    int capability, threads, blocks, shared, shared_optin;
} architecture;

static const architecture architectures[] = {
    {50, 2048, 32, 65536, 49152},    {52, 2048, 32, 98304, 49152},    {53, 2048, 32, 65536, 49152},
    {60, 2048, 32, 65536, 49152},    {61, 2048, 32, 98304, 49152},    {62, 2048, 32, 65536, 49152},
    {70, 2048, 32, 98304, 98304},    {72, 2048, 32, 98304, 98304},    {75, 1024, 16, 65536, 65536},
    {80, 2048, 32, 167936, 166912},  {86, 1536, 16, 102400, 101376},  {87, 1536, 16, 167936, 166912},
    {89, 1536, 24, 102400, 101376},  {90, 2048, 32, 233472, 232448},  {100, 2048, 32, 233472, 232448},
    {103, 2048, 32, 233472, 232448}, {110, 1536, 24, 233472, 232448}, {120, 1536, 24, 102400, 101376},
    {121, 1536, 24, 102400, 101376},
};

/* The newest one that is not newer than the device. */
static const architecture *device_architecture(void)
{
    const architecture *found = architectures;
    for (size_t i = 0; i < sizeof architectures / sizeof *architectures; i++)
        if (architectures[i].capability <= config.capability) found = &architectures[i];
    return found;
}

#define ATTRIBUTE_TABLE(X)                                                                                   \
    X(1, 1024)                                 /* MAX_THREADS_PER_BLOCK                  */                  \
    X(2, 1024)                                 /* MAX_BLOCK_DIM_X                        */                  \
    X(3, 1024)                                 /* MAX_BLOCK_DIM_Y                        */                  \
    X(4, 64)                                   /* MAX_BLOCK_DIM_Z                        */                  \
    X(5, INT32_MAX)                            /* MAX_GRID_DIM_X                         */                  \
    X(6, 65535)                                /* MAX_GRID_DIM_Y                         */                  \
    X(7, 65535)                                /* MAX_GRID_DIM_Z                         */                  \
    X(8, 49152)                                /* MAX_SHARED_MEMORY_PER_BLOCK            */                  \
    X(9, 65536)                                /* TOTAL_CONSTANT_MEMORY                  */                  \
    X(10, 32)                                  /* WARP_SIZE                              */                  \
    X(11, INT32_MAX)                           /* MAX_PITCH                              */                  \
    X(12, 65536)                               /* MAX_REGISTERS_PER_BLOCK                */                  \
    X(13, 1500000)                             /* CLOCK_RATE                             */                  \
    X(14, 512)                                 /* TEXTURE_ALIGNMENT                      */                  \
    X(15, 1)                                   /* GPU_OVERLAP                            */                  \
    X(16, (int)config.units)                   /* MULTIPROCESSOR_COUNT                   */                  \
    X(17, 0)                                   /* KERNEL_EXEC_TIMEOUT                    */                  \
    X(18, (int)config.integrated)              /* INTEGRATED                             */                  \
    X(19, 1)                                   /* CAN_MAP_HOST_MEMORY                    */                  \
    X(20, 0)                                   /* COMPUTE_MODE                           */                  \
    X(31, 1)                                   /* CONCURRENT_KERNELS                     */                  \
    X(32, 0)                                   /* ECC_ENABLED                            */                  \
    X(33, device + 1)                          /* PCI_BUS_ID                             */                  \
    X(34, 0)                                   /* PCI_DEVICE_ID                          */                  \
    X(35, 0)                                   /* TCC_DRIVER                             */                  \
    X(36, 6000000)                             /* MEMORY_CLOCK_RATE                      */                  \
    X(37, 256)                                 /* GLOBAL_MEMORY_BUS_WIDTH                */                  \
    X(38, 4 << 20)                             /* L2_CACHE_SIZE                          */                  \
    X(39, device_architecture()->threads)      /* MAX_THREADS_PER_MULTIPROCESSOR         */                  \
    X(40, 2)                                   /* ASYNC_ENGINE_COUNT                     */                  \
    X(41, 1)                                   /* UNIFIED_ADDRESSING                     */                  \
    X(50, 0)                                   /* PCI_DOMAIN_ID                          */                  \
    X(75, (int)config.capability / 10)         /* COMPUTE_CAPABILITY_MAJOR               */                  \
    X(76, (int)config.capability % 10)         /* COMPUTE_CAPABILITY_MINOR               */                  \
    X(78, 1)                                   /* STREAM_PRIORITIES_SUPPORTED            */                  \
    X(79, 1)                                   /* GLOBAL_L1_CACHE_SUPPORTED              */                  \
    X(80, 1)                                   /* LOCAL_L1_CACHE_SUPPORTED               */                  \
    X(81, device_architecture()->shared)       /* MAX_SHARED_MEMORY_PER_MULTIPROCESSOR   */                  \
    X(82, 65536)                               /* MAX_REGISTERS_PER_MULTIPROCESSOR       */                  \
    X(83, 1)                                   /* MANAGED_MEMORY                         */                  \
    X(84, 0)                                   /* MULTI_GPU_BOARD                        */                  \
    X(85, device)                              /* MULTI_GPU_BOARD_GROUP_ID               */                  \
    X(86, 0)                                   /* HOST_NATIVE_ATOMIC_SUPPORTED           */                  \
    X(87, 32)                                  /* SINGLE_TO_DOUBLE_PRECISION_PERF_RATIO  */                  \
    X(88, 0)                                   /* PAGEABLE_MEMORY_ACCESS                 */                  \
    X(89, config.capability >= 60)             /* CONCURRENT_MANAGED_ACCESS              */                  \
    X(90, config.capability >= 60)             /* COMPUTE_PREEMPTION_SUPPORTED           */                  \
    X(91, 1)                                   /* CAN_USE_HOST_POINTER_FOR_REGISTERED_MEM */                 \
    X(95, config.capability >= 60)             /* COOPERATIVE_LAUNCH                     */                  \
    X(97, device_architecture()->shared_optin) /* MAX_SHARED_MEMORY_PER_BLOCK_OPTIN      */                  \
    X(99, 1)                                   /* HOST_REGISTER_SUPPORTED                */                  \
    X(100, 0)                                  /* PAGEABLE_..._USES_HOST_PAGE_TABLES     */                  \
    X(101, (int)config.integrated)             /* DIRECT_MANAGED_MEM_ACCESS_FROM_HOST    */                  \
    X(102, 0)                                  /* VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED    */                  \
    X(106, device_architecture()->blocks)      /* MAX_BLOCKS_PER_MULTIPROCESSOR          */                  \
    X(111, config.capability >= 80 ? 1024 : 0) /* RESERVED_SHARED_MEMORY_PER_BLOCK       */                  \
    X(115, 0)                                  /* MEMORY_POOLS_SUPPORTED                 */                  \
    X(120, 0)                                  /* CLUSTER_LAUNCH                         */

bool device_attribute(CUdevice device, int attribute, int *value)
{
    switch (attribute) {
#define X(number, what)                                                                                      \
    case number: *value = (what); return true;
        ATTRIBUTE_TABLE(X)
#undef X
    default: return false;
    }
}

bool device_valid(CUdevice device)
{
    return device >= 0 && device < config.devices;
}

ENTRY(cuInit, ANY, (unsigned flags), (flags))
{
    if (flags != 0) return CUDA_ERROR_INVALID_VALUE;
    if (initialised) return CUDA_SUCCESS;
    config_read();
    if (config.init_error) return (CUresult)config.init_error;
    if (config.devices == 0) return CUDA_ERROR_NO_DEVICE;
    initialised = true;
    return CUDA_SUCCESS;
}

/* Answers before cuInit, too. */
ENTRY(cuDriverGetVersion, ANY, (int *version), (version))
{
    if (!version) return CUDA_ERROR_INVALID_VALUE;
    if (!initialised) config_read();
    *version = (int)config.driver_version;
    return CUDA_SUCCESS;
}

ENTRY(cuDeviceGetCount, INITIALISED, (int *count), (count))
{
    if (!count) return CUDA_ERROR_INVALID_VALUE;
    *count = (int)config.devices;
    return CUDA_SUCCESS;
}

ENTRY(cuDeviceGet, INITIALISED, (CUdevice * device, int ordinal), (device, ordinal))
{
    if (!device) return CUDA_ERROR_INVALID_VALUE;
    if (!device_valid(ordinal)) return CUDA_ERROR_INVALID_DEVICE;
    *device = ordinal;
    return CUDA_SUCCESS;
}

ENTRY(cuDeviceGetName, INITIALISED, (char *name, int capacity, CUdevice device), (name, capacity, device))
{
    if (!name || capacity < 1) return CUDA_ERROR_INVALID_VALUE;
    if (!device_valid(device)) return CUDA_ERROR_INVALID_DEVICE;
    snprintf(name, (size_t)capacity, "Simulated GPU %d", device);
    return CUDA_SUCCESS;
}

ENTRY(cuDeviceGetUuid_v2, INITIALISED, (CUuuid * uuid, CUdevice device), (uuid, device))
{
    if (!uuid) return CUDA_ERROR_INVALID_VALUE;
    if (!device_valid(device)) return CUDA_ERROR_INVALID_DEVICE;
    memcpy(uuid->bytes, "simulated-gpu-\0\0", sizeof uuid->bytes);
    uuid->bytes[14] = (char)('0' + device);
    uuid->bytes[15] = (char)config.capability;
    return CUDA_SUCCESS;
}

ENTRY(cuDeviceTotalMem_v2, INITIALISED, (size_t * bytes, CUdevice device), (bytes, device))
{
    if (!bytes) return CUDA_ERROR_INVALID_VALUE;
    if (!device_valid(device)) return CUDA_ERROR_INVALID_DEVICE;
    *bytes = (size_t)config.memory;
    return CUDA_SUCCESS;
}

ENTRY(cuDeviceGetAttribute, INITIALISED, (int *value, int attribute, CUdevice device),
      (value, attribute, device))
{
    if (!value) return CUDA_ERROR_INVALID_VALUE;
    if (!device_valid(device)) return CUDA_ERROR_INVALID_DEVICE;
    return device_attribute(device, attribute, value) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

/* ---- Result codes, which need no driver ---- */

ENTRY(cuGetErrorName, ANY, (CUresult code, const char **text), (code, text))
{
    if (!text) return CUDA_ERROR_INVALID_VALUE;
    *text = NULL;
#define X(name, value, words)                                                                                \
    if (code == (value)) *text = "CUDA_" #name;
    CODE_TABLE(X)
#undef X
    return *text ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

ENTRY(cuGetErrorString, ANY, (CUresult code, const char **text), (code, text))
{
    if (!text) return CUDA_ERROR_INVALID_VALUE;
    *text = NULL;
#define X(name, value, words)                                                                                \
    if (code == (value)) *text = words;
    CODE_TABLE(X)
#undef X
    return *text ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
