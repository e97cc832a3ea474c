/* A backend whose driver does nothing: what a call costs on it is the library's own. It counts what it is
 * asked for, and fails where it is told to. One thread at a time. */
#ifndef SUPPORT_NULL_BACKEND_H
#define SUPPORT_NULL_BACKEND_H

#include "core/run/context.h"

/* All of one type: compared by its bytes. */
typedef struct null_record {
    long enters, leaves, programs, checks, roots, finishes, creates, wraps, releases, writes, reads, reveals;
    long launches;
    long inside;       /* between context_enter and context_leave */
    long built_inside; /* programs that were built there          */
} null_record;

extern null_record null_did;

/* Of the next calls that can fail this one does, counted from 1; 0: none. */
extern long null_fail_at;

/* A context on such a device: a GPU, or a CPU that uses host arrays in place. The device's tensors are
 * addresses (kDLCUDA). */
vecdot_status null_context_create(vecdot_device_kind kind, vecdot_context **context);

#endif
