/* When products of matrices go to the vendor's BLAS: VECDOT_BLAS, what `vecdot tune` measured, what the
 * library offers. Results of a BLAS have no fixed bits, so nothing that is to be reproducible goes there. */
#ifndef CORE_BLAS_H
#define CORE_BLAS_H

#include "core/base/dtype.h"
#include "core/run/context.h"
#include "core/run/tuned.h"

/* VECDOT_BLAS: auto when it is not set. INVALID_ARGUMENT for any other value than auto, off and on. */
vecdot_status blas_setting_read(blas_setting *setting);

/* Opens the library where the setting and what was measured ask for it, and sets the types that go there. */
void blas_choose(vecdot_context *context, const tuned_blas *faster);

/* Opens the library unless the setting forbids it; the policy's offer stays NULL, with the reason in *why,
 * when there is none. */
void blas_look(vecdot_context *context, const char **why);

/* Why products of a dtype do not go there; NULL: they do. */
const char *blas_declines(const blas_policy *blas, dtype t);

/* For vecdot_diagnose. */
void blas_diagnose(const backend *driver, text *report);

#endif
