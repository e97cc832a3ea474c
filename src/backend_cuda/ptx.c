/* Finds and unpacks the embedded PTX. A build without CUDA kernels has ptx_none.c in its place. */
#include "backend_cuda/ptx.h"

#include "core/base/status.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

enum { LABEL_BYTES = 128 };

int ptx_exists(void)
{
    return 1;
}

/* Unpacks a whole frame into memory that the caller frees. */
static vecdot_status unpack(const ptx_frame *f, const char *label, char **texts)
{
    *texts = malloc(f->bytes);
    size_t got = *texts != NULL ? ZSTD_decompress(*texts, f->bytes, f->packed, f->packed_bytes) : 0;
    if (got == f->bytes) return VECDOT_SUCCESS;
    int no_memory = *texts == NULL || ZSTD_getErrorCode(got) == ZSTD_error_memory_allocation;
    free(*texts);
    if (no_memory)
        return fail(VECDOT_ERROR_OUT_OF_MEMORY, "cuda: no host memory for %zu bytes of PTX", f->bytes);
    return fail(VECDOT_ERROR_COMPILE, "cuda: the embedded PTX of %s is damaged", label);
}

vecdot_status ptx_text(const variant *v, char **text)
{
    size_t number = variant_number(v);
    char *texts = NULL, label[LABEL_BYTES];
    variant_label(v, label, sizeof label);
    if (number >= ptx_table_size || ptx_table[number].frame == NULL)
        return fail(VECDOT_ERROR_COMPILE, "cuda: this library has no PTX for %s", label);
    const ptx_entry *e = &ptx_table[number];
    TRY(unpack(e->frame, label, &texts));
    size_t bytes = strlen(texts + e->offset) + 1;
    memmove(texts, texts + e->offset, bytes);
    *text = texts;
    return VECDOT_SUCCESS;
}
