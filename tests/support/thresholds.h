/* Thresholds drawn at random, each from the values that it may have. */
#ifndef SUPPORT_THRESHOLDS_H
#define SUPPORT_THRESHOLDS_H

#include "core/plan/thresholds.h"
#include "support/random.h"

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
