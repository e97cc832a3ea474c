/* Decides, for each dtype of class matrix, between the library's kernels and the vendor's BLAS. */
#include "core/run/blas.h"

#include "core/base/os.h"
#include "core/base/status.h"
#include "core/run/backend_blas.h"

#include <string.h>

vecdot_status blas_setting_read(blas_setting *setting)
{
    const char *value = environment_get("VECDOT_BLAS");
    *setting = value != NULL && strcmp(value, "on") == 0 ? BLAS_ON : BLAS_OFF;
    if (value == NULL || *setting == BLAS_ON || strcmp(value, "off") == 0) return VECDOT_SUCCESS;
    return fail(VECDOT_ERROR_INVALID_ARGUMENT, "VECDOT_BLAS is \"%.64s\", expected off or on", value);
}

const char *blas_declines(const blas_policy *blas, dtype t)
{
    if (blas->types >> t & 1) return NULL;
    if (blas->setting == BLAS_OFF) return "VECDOT_BLAS is off";
    if (blas->offer == NULL) return "there is no such library ('vecdot doctor' tells why)";
    return "it does not compute with this dtype, or not as exactly";
}

/* Writes dtypes: "f32 f64". */
static void add_types(text *t, uint32_t types)
{
    for (int i = 0; i < DTYPE_COUNT; i++)
        if (types >> i & 1) text_add(t, "%s%s", t->length > 0 ? " " : "", dtype_name((dtype)i));
}

void blas_choose(vecdot_context *context)
{
    const backend_blas *vendor = context->dev.driver->blas;
    blas_policy *blas = &context->policy.blas;
    const char *why = "there is none for this backend";
    char words[128] = "";
    text types = {words, sizeof words, 0};
    if (blas->setting == BLAS_OFF || context->policy.reproducible) return;
    if (vendor != NULL) blas->offer = vendor->open(&why);
    if (blas->offer == NULL) {
        log_line("no vendor's BLAS: the library's own kernels compute products of matrices: %s", why);
        return;
    }
    blas->types = blas->offer->types;
    add_types(&types, blas->types);
    log_line("products of matrices by %s: %s", blas->offer->library, words);
}

void blas_diagnose(const backend *driver, text *report)
{
    const char *why = NULL;
    blas_setting setting;
    if (blas_setting_read(&setting) != VECDOT_SUCCESS) {
        text_add(report, "  no vendor's BLAS: %s\n", vecdot_last_error());
        return;
    }
    if (driver->blas == NULL || setting == BLAS_OFF) return;
    const blas_offer *offer = driver->blas->open(&why);
    if (offer == NULL)
        text_add(report, "  no vendor's BLAS, which is never needed: %s\n", why);
    else
        text_add(report, "  %s was found, for products of matrices (VECDOT_BLAS=on)\n", offer->library);
}
