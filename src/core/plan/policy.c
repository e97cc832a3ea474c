/* The policy that a device calls for. */
#include "core/plan/policy.h"

#include "kernels/common/limits.h"

#include <limits.h>

/* Host arrays that are copied lie in the device's memory together: three of them, and the scratch. */
static int64_t largest_buffer(const vecdot_device_info *info)
{
    uint64_t bytes = info->max_alloc_bytes;
    if (!info->shares_host_memory && bytes > info->memory_bytes / 4) bytes = info->memory_bytes / 4;
    return bytes < INT64_MAX ? (int64_t)bytes : INT64_MAX;
}

void policy_init(plan_policy *policy, const vecdot_device_info *info, int resident_groups, int fenced_groups)
{
    const int is_cpu = info->kind == VECDOT_DEVICE_CPU;
    *policy = (plan_policy){.schedule = is_cpu ? SCHEDULE_CPU : SCHEDULE_GPU,
                            .share_host = info->shares_host_memory,
                            .share_out = is_cpu,
                            .max_alloc = largest_buffer(info),
                            .vector_bytes = MOST_VECTOR_BYTES,
                            .typed_kernels = 1,
                            .units = info->compute_units < INT_MAX ? (int)info->compute_units : INT_MAX,
                            .fenced_groups = fenced_groups,
                            .thresholds = thresholds_of(device_family_of(info)),
                            .has_fp64 = info->has_fp64,
                            .saving_seconds = 1.0};
    int64_t groups = policy->thresholds.groups_per_unit;
    if (resident_groups > 0 && resident_groups < groups) groups = resident_groups;
    policy->parallel_groups = policy->units <= INT_MAX / groups ? (int)(policy->units * groups) : INT_MAX;
}
