/* Products of matrices by the vendor's BLAS, where VECDOT_BLAS=on asks for it. Such a library has its own
 * order of summation, so a product that must be reproducible never goes there. */
#ifndef CORE_BLAS_H
#define CORE_BLAS_H

#include "core/run/context.h"

/* Reads VECDOT_BLAS: off when it is unset. INVALID_ARGUMENT for a value other than "off" and "on". */
vecdot_status blas_setting_read(blas_setting *setting);

/* Opens the library if the setting asks for it, and sets the dtypes that the library computes. */
void blas_choose(vecdot_context *context);

/* Why the vendor's BLAS does not compute products of a dtype; NULL when it does. */
const char *blas_declines(const blas_policy *blas, dtype t);

/* Adds the lines about the BLAS to vecdot_diagnose's report. */
void blas_diagnose(const backend *driver, text *report);

#endif
