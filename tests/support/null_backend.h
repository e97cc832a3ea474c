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

/* So many of the next memory_create calls have no memory. */
extern long null_without_memory;

/* What a launch was given. */
typedef struct null_launch {
    variant v;
    size_t groups, group_size, buffers;
    double products, bytes;
    const void *memory[8];
    unsigned char params[1024]; /* the bytes of the last argument, then zeros */
} null_launch;

/* Receives each launch; NULL: none is kept. */
extern null_launch *null_kept;

/* A context on such a device: a GPU, which copies host arrays; a CPU that wraps them; a CPU whose memory is
 * host addresses. The tensors of the first two are addresses (kDLCUDA). */
typedef enum null_device { NULL_GPU, NULL_CPU, NULL_HOST } null_device;
vecdot_status null_context_create(null_device which, vecdot_context **context);

#endif
