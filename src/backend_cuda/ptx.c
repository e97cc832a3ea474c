/* Looks up and unpacks the embedded PTX. */
#include "backend_cuda/ptx.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

size_t ptx_count(void)
{
    return ptx_table_size;
}

static const ptx_entry *find(const char *label)
{
    for (size_t k = 0; k < ptx_table_size; k++)
        if (strcmp(ptx_table[k].label, label) == 0) return &ptx_table[k];
    return NULL;
}

/* The whole frame, which the caller frees. */
static vecdot_status unpack(const ptx_entry *e, char **texts)
{
    const ptx_frame *f = e->frame;
    *texts = malloc(f->bytes);
    size_t got = *texts != NULL ? ZSTD_decompress(*texts, f->bytes, f->packed, f->packed_bytes) : 0;
    if (got == f->bytes) return VECDOT_SUCCESS;
    int no_memory = *texts == NULL || ZSTD_getErrorCode(got) == ZSTD_error_memory_allocation;
    free(*texts);
    if (no_memory)
        return fail(VECDOT_ERROR_OUT_OF_MEMORY, "cuda: no host memory for %zu bytes of PTX", f->bytes);
    return fail(VECDOT_ERROR_COMPILE, "cuda: the embedded PTX of %s is damaged", e->label);
}

vecdot_status ptx_text(const char *label, char **text)
{
    const ptx_entry *e = find(label);
    char *texts = NULL;
    if (e == NULL) return fail(VECDOT_ERROR_COMPILE, "cuda: this library has no PTX for %s", label);
    TRY(unpack(e, &texts));
    size_t bytes = strlen(texts + e->offset) + 1;
    memmove(texts, texts + e->offset, bytes);
    *text = texts;
    return VECDOT_SUCCESS;
}
