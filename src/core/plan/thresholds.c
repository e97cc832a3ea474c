/* The table of thresholds, read by column or by name, and the choice of a device's column. */
#include "core/plan/thresholds.h"

#include "core/base/text.h"
#include "kernels/common/limits.h"

#include <stddef.h>
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

static const size_t offsets[THRESHOLDS] = {
#define X(name, ...) offsetof(thresholds, name),
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

const char *device_family_name(device_family family)
{
    static const char *const names[FAMILIES] = {
#define F(id, name, ...) name,
        FAMILY_TABLE(F, )
#undef F
    };
    return names[family];
}

/* ---- Values -------------------------------------------------------------------------------------- */

static int64_t *value_at(thresholds *t, int index)
{
    return (int64_t *)(void *)((char *)t + offsets[index]);
}

thresholds thresholds_of(device_family family)
{
    thresholds t;
    for (int i = 0; i < THRESHOLDS; i++) *value_at(&t, i) = threshold_rows[i].on[family];
    return t;
}

int64_t threshold_get(const thresholds *t, int index)
{
    thresholds copy = *t;
    return *value_at(&copy, index);
}

int threshold_set(thresholds *t, int index, int64_t value)
{
    const threshold_row *row = &threshold_rows[index];
    int64_t legal = row->least;
    while (legal < value && legal < row->most) legal *= row->factor;
    if (legal != value || legal > row->most) return 0;
    *value_at(t, index) = value;
    return 1;
}
