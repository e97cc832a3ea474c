/* The public tuning interface: a context's thresholds listed, changed and kept. */
#include "core/context.h"
#include "core/tuned.h"

#include <stdio.h>
#include <string.h>
#include <vecdot/tune.h>

static vecdot_status missing(const char *function, const char *argument)
{
    return fail(VECDOT_ERROR_INVALID_ARGUMENT, "%s: %s is NULL", function, argument);
}

static void describe(const vecdot_context *context, int index, vecdot_threshold *out)
{
    const threshold_row *row = &threshold_rows[index];
    device_family family = schedule_for(&context->dev);
    *out = (vecdot_threshold){.value = threshold_get(&context->policy.at, index),
                              .table = row->on[family].value,
                              .least = row->least,
                              .most = row->most,
                              .factor = row->factor,
                              .measured = row->on[family].measured};
    snprintf(out->name, sizeof out->name, "%s", row->name);
    snprintf(out->unit, sizeof out->unit, "%s", row->unit);
}

vecdot_status vecdot_tuning(const vecdot_context *context, vecdot_threshold *list, size_t capacity,
                            size_t *count)
{
    if (context == NULL) return missing("vecdot_tuning", "context");
    if (count == NULL) return missing("vecdot_tuning", "count");
    if (list == NULL && capacity > 0) return missing("vecdot_tuning", "thresholds");
    for (int i = 0; i < THRESHOLDS && (size_t)i < capacity; i++) describe(context, i, &list[i]);
    *count = THRESHOLDS;
    return VECDOT_SUCCESS;
}

/* The value in *t, if there is such a threshold and it may have that value. */
static vecdot_status set_one(const char *function, const char *name, int64_t value, thresholds *t, int *index)
{
    *index = threshold_find(name);
    if (*index < 0)
        return fail(VECDOT_ERROR_INVALID_ARGUMENT, "%s: there is no threshold \"%.64s\"", function, name);
    if (threshold_set(t, *index, value)) return VECDOT_SUCCESS;
    const threshold_row *row = &threshold_rows[*index];
    return fail(VECDOT_ERROR_INVALID_ARGUMENT, "%s: %s is %lld, expected %lld to %lld in steps of *%lld",
                function, row->name, (long long)value, (long long)row->least, (long long)row->most,
                (long long)row->factor);
}

vecdot_status vecdot_tuning_set(vecdot_context *context, const char *name, int64_t value)
{
    int index;
    if (context == NULL) return missing("vecdot_tuning_set", "context");
    if (name == NULL) return missing("vecdot_tuning_set", "name");
    thresholds at = context->policy.at;
    TRY(set_one("vecdot_tuning_set", name, value, &at, &index));
    context_set_thresholds(context, &at);
    return VECDOT_SUCCESS;
}

vecdot_status vecdot_tuning_save(const vecdot_context *context, const vecdot_threshold *list, size_t count,
                                 char *path, size_t capacity)
{
    tuned_entry entries[THRESHOLDS];
    int used = 0;
    text where = {path, capacity, 0};
    if (context == NULL) return missing("vecdot_tuning_save", "context");
    if (list == NULL && count > 0) return missing("vecdot_tuning_save", "thresholds");
    if (path == NULL && capacity > 0) return missing("vecdot_tuning_save", "path");
    if (count > THRESHOLDS)
        return fail(VECDOT_ERROR_INVALID_ARGUMENT, "vecdot_tuning_save: count is %zu, expected at most %d",
                    count, (int)THRESHOLDS);
    thresholds table = schedule_values(schedule_for(&context->dev)), at = table;
    for (size_t i = 0; i < count; i++) {
        tuned_entry *e = &entries[used];
        if (memchr(list[i].name, '\0', sizeof list[i].name) == NULL)
            return fail(VECDOT_ERROR_INVALID_ARGUMENT, "vecdot_tuning_save: thresholds[%zu].name has no end",
                        i);
        TRY(set_one("vecdot_tuning_save", list[i].name, list[i].value, &at, &e->index));
        e->value = list[i].value;
        e->instead_of = threshold_get(&table, e->index);
        e->gain = list[i].gain;
        used += e->value != e->instead_of;
    }
    return tuned_save(&context->dev, entries, used, &where);
}
