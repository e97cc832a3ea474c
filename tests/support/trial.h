/* One call of the library as plain data: arrays inside storages that hold more than the arrays, options, and
 * what must come out. After the call every byte of every storage is checked: outputs against the scalar
 * reference, all others for being unchanged. */
#ifndef SUPPORT_TRIAL_H
#define SUPPORT_TRIAL_H

#include "support/reference.h"

#include <stdio.h>
#include <vecdot/vecdot.h>

typedef enum call { CALL_VECDOT, CALL_MATVEC, CALL_VECMAT } call;

enum { ARRAY_X1, ARRAY_X2, ARRAY_OUT };

/* Memory of one or more arrays: on the host, or on a device with `bytes` as the host's copy. */
typedef struct storage {
    size_t size;
    unsigned char *bytes;    /* on a 16-byte boundary                   */
    unsigned char *before;   /* what it held before the call            */
    DLManagedTensor *device; /* NULL: the arrays are host arrays        */
} storage;

typedef struct array {
    ref_type type;
    int ndim;
    int64_t shape[REFERENCE_MAX_RANK];
    int64_t strides[REFERENCE_MAX_RANK]; /* in elements; anything where the size is 1     */
    int no_strides;                      /* C-contiguous: pass NULL for strides           */
    int no_data;                         /* no elements: pass NULL for data               */
    int storage;                         /* index into the problem's                      */
    int64_t offset;                      /* bytes from the storage to element [0, ..., 0] */
    int64_t in_pointer;                  /* how much of that the data pointer carries     */
} array;

typedef struct trial {
    call op;
    int32_t axis[2];
    int keepdims;
    ref_type dtype; /* REF_COUNT: promote */
    uint32_t flags;
    int reproducible; /* VECDOT_REPRODUCIBLE is set for the context */
    int plain;        /* call vecdot() and not vecdot_with(): axes equal, all else default */
    array array[3];
    storage storage[3];
} trial;

/* All empty: a vecdot along the last axis. */
void trial_start(trial *p);
void trial_free(trial *p);

/* Gives storage `index` its size; zeroed. Returns 0 when memory is out. */
int storage_create(trial *p, int index, size_t size);

int64_t array_elements(const array *a);
int64_t array_stride(const array *a, int dimension); /* 0 where it means nothing */
void array_make_contiguous(array *a);

/* Calls visit(element address, argument) in C order on the storage's bytes. */
void array_visit(const trial *p, const array *a, void (*visit)(unsigned char *element, void *argument),
                 void *argument);

ref_type trial_compute_type(const trial *p);

/* The broadcast problem, its pointers left NULL. The problem must be a legal one. */
void trial_resolve(const trial *p, reference *r);

/* Keeps what the storages hold, to be done when they are filled. Returns 0 when memory is out. */
int trial_seal(trial *p);

/* Moves a storage to the queue's device. */
vecdot_status trial_to_device(trial *p, int index, vecdot_context *context, vecdot_queue *queue);

void trial_tensor(trial *p, int which, DLTensor *tensor);
void trial_options(const trial *p, vecdot_options *options);
vecdot_status trial_call(trial *p, vecdot_queue *queue);
vecdot_status trial_explain(trial *p, vecdot_queue *queue, char *text, size_t capacity);

/* Finishes the queue and checks everything. Returns 1 when all is as it must be, else 0 with the first
 * difference in `why`. */
int trial_verify(trial *p, vecdot_queue *queue, char *why, size_t capacity);

/* Checks that no byte of any storage has changed (after an error, say). */
int trial_untouched(trial *p, vecdot_queue *queue, char *why, size_t capacity);

void trial_print(const trial *p, FILE *file);

#endif
