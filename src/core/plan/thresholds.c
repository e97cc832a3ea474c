/* The table of thresholds, and the choice of a device's column. */
#include "core/plan/thresholds.h"

#include "core/base/text.h"
#include "kernels/common/limits.h"

#include <string.h>

/* Predicted and measured: only the reader is told. */
#define P(value)              value
#define M(value)              value
#define CELL(id, name, value) P(value),
#define SAME(value)           FAMILY_TABLE(CELL, value)

#define X(name, unit, least, most, factor, ...)                                                              \
    _Static_assert(sizeof((int64_t[]){__VA_ARGS__}) == FAMILIES * sizeof(int64_t),                           \
                   #name " has a cell for each family");
THRESHOLD_TABLE(X)
#undef X

const threshold_row threshold_rows[THRESHOLDS] = {
#define X(name, unit, least, most, factor, ...) {#name, unit, least, most, factor, {__VA_ARGS__}},
    THRESHOLD_TABLE(X)
#undef X
};

/* ---- Columns ------------------------------------------------------------------------------------- */

static device_family nvidia_family(int32_t capability)
{
    if (capability < 75) return FAMILY_NVIDIA; /* not told, or older than Turing */
    return capability < 80 ? FAMILY_TURING : capability < 90 ? FAMILY_AMPERE : FAMILY_HOPPER;
}

device_family device_family_of(const vecdot_device_info *info)
{
    if (info->kind == VECDOT_DEVICE_CPU) return FAMILY_HOST;
    if (info->kind != VECDOT_DEVICE_GPU) return FAMILY_UNKNOWN;
    if (text_contains(info->vendor, "nvidia")) return nvidia_family(info->capability);
    if (text_contains(info->vendor, "advanced micro devices") || strncmp(info->vendor, "AMD", 3) == 0)
        return FAMILY_AMD;
    return text_contains(info->vendor, "intel") ? FAMILY_INTEL : FAMILY_UNKNOWN;
}

/* ---- Values -------------------------------------------------------------------------------------- */

thresholds thresholds_of(device_family family)
{
    return (thresholds){
#define X(name, ...) .name = threshold_rows[THRESHOLD_##name].on[family],
        THRESHOLD_TABLE(X)
#undef X
    };
}
