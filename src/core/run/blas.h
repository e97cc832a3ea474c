/* Products of matrices by the vendor's BLAS, where VECDOT_BLAS=on asks for it. Such a library sums in an
 * order of its own, so nothing that is to be reproducible goes there. */
#ifndef CORE_BLAS_H
#define CORE_BLAS_H

#include "core/run/context.h"

/* Reads VECDOT_BLAS: off when it is not set. INVALID_ARGUMENT for any other value than off and on. */
vecdot_status blas_setting_read(blas_setting *setting);

/* Opens the library where the setting asks for it, and sets the dtypes that go there. */
void blas_choose(vecdot_context *context);

/* Why products of a dtype do not go there; NULL: they do. */
const char *blas_declines(const blas_policy *blas, dtype t);

/* For vecdot_diagnose. */
void blas_diagnose(const backend *driver, text *report);

#endif
