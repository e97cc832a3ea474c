/* Looks up and inflates the embedded PTX. */
#include "backend_cuda/ptx.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

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

vecdot_status ptx_text(const char *label, char **text)
{
    const ptx_entry *e = find(label);
    if (e == NULL) return fail(VECDOT_ERROR_COMPILE, "cuda: this library has no PTX for %s", label);
    uLongf bytes = e->bytes;
    char *inflated = malloc(e->bytes);
    int code = Z_MEM_ERROR;
    if (inflated != NULL) code = uncompress((Bytef *)inflated, &bytes, e->deflated, e->deflated_bytes);
    if (code == Z_OK && bytes == e->bytes) {
        *text = inflated;
        return VECDOT_SUCCESS;
    }
    free(inflated);
    if (code == Z_MEM_ERROR)
        return fail(VECDOT_ERROR_OUT_OF_MEMORY, "cuda: no host memory for %zu bytes of PTX", e->bytes);
    return fail(VECDOT_ERROR_COMPILE, "cuda: the embedded PTX of %s is damaged", label);
}
