/* The choice between the library's own kernels and the vendor's BLAS, for each dtype of class matrix. */
#include "core/run/blas.h"

#include "core/base/os.h"

#include <string.h>

static const char *const setting_names[] = {"auto", "off", "on"}; /* in blas_setting's order */

vecdot_status blas_setting_read(blas_setting *setting)
{
    const char *value = environment_get("VECDOT_BLAS");
    *setting = BLAS_AUTO;
    if (value == NULL) return VECDOT_SUCCESS;
    for (int i = BLAS_AUTO; i <= BLAS_ON; i++) {
        *setting = (blas_setting)i;
        if (strcmp(value, setting_names[i]) == 0) return VECDOT_SUCCESS;
    }
    return fail(VECDOT_ERROR_INVALID_ARGUMENT, "VECDOT_BLAS is \"%.64s\", expected auto, off or on", value);
}

const char *blas_declines(const blas_policy *blas, dtype t)
{
    if (blas->types >> t & 1) return NULL;
    if (blas->setting == BLAS_OFF) return "VECDOT_BLAS is off";
    if (blas->offer == NULL)
        return blas->setting == BLAS_ON ? "there is no such library ('vecdot doctor' tells why)"
                                        : "'vecdot tune' has not found it faster on this device";
    if (!(blas->offer->types >> t & 1)) return "it does not compute with this dtype, or not as exactly";
    return "'vecdot tune' has not found it faster for this dtype";
}

void blas_look(vecdot_context *context, const char **why)
{
    const backend *driver = context->dev.driver;
    blas_policy *blas = &context->policy.blas;
    *why = "";
    if (blas->setting == BLAS_OFF)
        *why = "VECDOT_BLAS is off";
    else if (context->policy.reproducible)
        *why = "VECDOT_REPRODUCIBLE is 1";
    else if (driver->blas_open == NULL)
        *why = "there is none for this backend";
    else if (blas->offer == NULL)
        blas->offer = driver->blas_open(why);
}

/* "f32 f64" */
static void add_types(text *t, uint32_t types)
{
    for (int i = 0; i < DTYPE_COUNT; i++)
        if (types >> i & 1) text_add(t, "%s%s", t->length > 0 ? " " : "", dtype_name((dtype)i));
}

void blas_choose(vecdot_context *context, const tuned_blas *faster)
{
    blas_policy *blas = &context->policy.blas;
    const char *why;
    char words[128] = "";
    text types = {words, sizeof words, 0};
    if (blas->setting == BLAS_AUTO && faster->types == 0) return;
    blas_look(context, &why);
    if (blas->offer == NULL) {
        if (blas->setting != BLAS_OFF)
            log_line("no vendor's BLAS: the library's own kernels compute products of matrices: %s", why);
        return;
    }
    blas->types = blas->offer->types;
    if (blas->setting == BLAS_AUTO) {
        if (strcmp(faster->library, blas->offer->library) != 0) {
            log_line(
                "the vendor's BLAS was measured as %s and is %s now: not used until 'vecdot tune' runs again",
                faster->library, blas->offer->library);
            blas->types = 0;
            return;
        }
        blas->types &= faster->types;
    }
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
    if (driver->blas_open == NULL || setting == BLAS_OFF) return;
    const blas_offer *offer = driver->blas_open(&why);
    if (offer == NULL) {
        text_add(report, "  no vendor's BLAS, which is never needed: %s\n", why);
        return;
    }
    text_add(report, "  %s was found, for products of matrices (VECDOT_BLAS=%s%s)\n", offer->library,
             setting_names[setting], setting == BLAS_AUTO ? ": where 'vecdot tune' found it faster" : "");
}
