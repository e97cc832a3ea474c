/* Thresholds by their number in the table, set to legal values and drawn at random. The library reads them by
 * name and never changes one. */
#ifndef SUPPORT_THRESHOLDS_H
#define SUPPORT_THRESHOLDS_H

#include "core/plan/thresholds.h"
#include "support/random.h"

#include <stddef.h>

static inline const char *device_family_name(device_family family)
{
    static const char *const names[FAMILIES] = {
#define F(id, name, ...) name,
        FAMILY_TABLE(F, )
#undef F
    };
    return names[family];
}

static inline int64_t *threshold_at(thresholds *t, int index)
{
    static const size_t offsets[THRESHOLDS] = {
#define X(name, ...) offsetof(thresholds, name),
        THRESHOLD_TABLE(X)
#undef X
    };
    return (int64_t *)(void *)((char *)t + offsets[index]);
}

static inline int64_t threshold_get(const thresholds *t, int index)
{
    thresholds copy = *t;
    return *threshold_at(&copy, index);
}

/* 0, and nothing is set, when the value is not legal. */
static inline int threshold_set(thresholds *t, int index, int64_t value)
{
    const threshold_row *row = &threshold_rows[index];
    int64_t legal = row->least;
    while (legal < value && legal < row->most) legal *= row->factor;
    if (legal != value || legal > row->most) return 0;
    *threshold_at(t, index) = value;
    return 1;
}

/* 0 when one of them was refused, which is a fault of the table. */
static inline int random_thresholds(thresholds *t, random_source *random)
{
    int well = 1;
    for (int i = 0; i < THRESHOLDS; i++) {
        const threshold_row *row = &threshold_rows[i];
        int64_t value = row->least, steps = 0;
        while (value <= row->most / row->factor) value *= row->factor, steps++;
        value = row->least;
        for (int64_t k = random_below(random, steps + 1); k > 0; k--) value *= row->factor;
        well = well && threshold_set(t, i, value);
    }
    return well;
}

#endif
