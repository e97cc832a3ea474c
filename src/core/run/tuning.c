/* The public tuning interface: a context's thresholds listed, changed and kept. */
#include "core/run/blas.h"

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
    device_family family = device_family_of(&context->dev.info);
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

/* ---- The vendor's BLAS --------------------------------------------------------------------------- */

/* What it offers and the device has. */
static uint32_t offered(const vecdot_context *context)
{
    const policy *how = &context->policy;
    uint32_t types = how->blas.offer != NULL && !how->reproducible ? how->blas.offer->types : 0;
    for (int t = 0; t < DTYPE_COUNT; t++)
        if (dtype_needs_fp64((dtype)t) && !how->has_fp64) types &= ~(UINT32_C(1) << t);
    return types;
}

vecdot_status vecdot_blas_choices(vecdot_context *context, vecdot_blas_choice *choices, size_t capacity,
                                  size_t *count)
{
    const char *why;
    size_t found = 0;
    if (context == NULL) return missing("vecdot_blas_choices", "context");
    if (count == NULL) return missing("vecdot_blas_choices", "count");
    if (choices == NULL && capacity > 0) return missing("vecdot_blas_choices", "choices");
    blas_look(context, &why);
    for (int t = 0; t < DTYPE_COUNT; t++) {
        if (!(offered(context) >> t & 1)) continue;
        if (found < capacity) {
            choices[found] = (vecdot_blas_choice){.dtype = dtype_to_dlpack((dtype)t),
                                                  .used = context->policy.blas.types >> t & 1};
            memcpy(choices[found].library, context->policy.blas.offer->library,
                   sizeof choices[found].library);
        }
        found++;
    }
    *count = found;
    return VECDOT_SUCCESS;
}

vecdot_status vecdot_blas_use(vecdot_context *context, DLDataType type, int32_t used)
{
    char came[64];
    dtype t = dtype_from_dlpack(type);
    if (context == NULL) return missing("vecdot_blas_use", "context");
    uint32_t bit = t < DTYPE_COUNT ? UINT32_C(1) << t : 0, *types = &context->policy.blas.types;
    dtype_describe(type, came, sizeof came);
    if ((offered(context) & bit) == 0)
        return fail(VECDOT_ERROR_INVALID_ARGUMENT,
                    "vecdot_blas_use: %s is no dtype that vecdot_blas_choices has listed for the context",
                    came);
    *types = used ? *types | bit : *types & ~bit;
    return VECDOT_SUCCESS;
}

/* ---- Keeping ------------------------------------------------------------------------------------- */

/* Thresholds as the file has them: those other than the table's. */
static vecdot_status find_entries(const vecdot_context *context, const vecdot_threshold *list, size_t count,
                                  tuned_entry entries[THRESHOLDS], int *used)
{
    thresholds table = thresholds_of(device_family_of(&context->dev.info)), at = table;
    for (size_t i = 0; i < count; i++) {
        tuned_entry *e = &entries[*used];
        if (memchr(list[i].name, '\0', sizeof list[i].name) == NULL)
            return fail(VECDOT_ERROR_INVALID_ARGUMENT, "vecdot_tuning_save: thresholds[%zu].name has no end",
                        i);
        TRY(set_one("vecdot_tuning_save", list[i].name, list[i].value, &at, &e->index));
        e->value = list[i].value;
        e->instead_of = threshold_get(&table, e->index);
        e->gain = list[i].gain;
        *used += e->value != e->instead_of;
    }
    return VECDOT_SUCCESS;
}

static vecdot_status find_products(const vecdot_blas_choice *choices, size_t count,
                                   tuned_product products[DTYPE_COUNT])
{
    for (size_t i = 0; i < count; i++) {
        const vecdot_blas_choice *c = &choices[i];
        dtype t = dtype_from_dlpack(c->dtype);
        if (t == DTYPE_COUNT)
            return fail(VECDOT_ERROR_INVALID_ARGUMENT,
                        "vecdot_tuning_save: choices[%zu].dtype is none of the library's", i);
        if (memchr(c->library, '\0', sizeof c->library) == NULL || strcmp(c->library, choices->library) != 0)
            return fail(VECDOT_ERROR_INVALID_ARGUMENT,
                        "vecdot_tuning_save: choices[%zu].library has no end, or is not that of choices[0]",
                        i);
        products[i] = (tuned_product){t, c->used != 0, c->seconds, c->own_seconds};
    }
    return VECDOT_SUCCESS;
}

vecdot_status vecdot_tuning_save(const vecdot_context *context, const vecdot_threshold *list, size_t count,
                                 const vecdot_blas_choice *choices, size_t choice_count, char *path,
                                 size_t capacity)
{
    tuned_entry entries[THRESHOLDS];
    tuned_product products[DTYPE_COUNT];
    tuned_findings found = {.entries = entries, .products = products, .product_count = (int)choice_count};
    text where = {path, capacity, 0};
    if (context == NULL) return missing("vecdot_tuning_save", "context");
    if (list == NULL && count > 0) return missing("vecdot_tuning_save", "thresholds");
    if (choices == NULL && choice_count > 0) return missing("vecdot_tuning_save", "choices");
    if (path == NULL && capacity > 0) return missing("vecdot_tuning_save", "path");
    if (count > THRESHOLDS || choice_count > DTYPE_COUNT)
        return fail(VECDOT_ERROR_INVALID_ARGUMENT,
                    "vecdot_tuning_save: %zu thresholds and %zu choices, expected at most %d and %d", count,
                    choice_count, (int)THRESHOLDS, (int)DTYPE_COUNT);
    TRY(find_entries(context, list, count, entries, &found.count));
    TRY(find_products(choices, choice_count, products));
    if (choice_count > 0) found.library = choices->library;
    return tuned_save(&context->dev, &found, &where);
}
