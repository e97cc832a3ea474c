/* vecdot, matvec and vecmat behind one interface: the result's description, and the call. */
#ifndef TOOLS_OPERATION_H
#define TOOLS_OPERATION_H

#include "fault.h"

typedef enum operation { VECDOT, MATVEC, VECMAT } operation;

extern const char *const operation_names[3];

/* Describes the result as a host array: fills its dtype, its ndim, and out->shape, which must have room
 * for VECDOT_MAX_NDIM sizes. Only vecdot uses the options. */
bool operation_result(operation op, const DLTensor *x1, const DLTensor *x2, const vecdot_options *o,
                      DLTensor *out, fault *f);

vecdot_status operation_call(operation op, vecdot_queue *queue, const DLTensor *x1, const DLTensor *x2,
                             const vecdot_options *o, const DLTensor *out);

#endif
