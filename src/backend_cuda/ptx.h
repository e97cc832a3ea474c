/* The kernels as PTX, compiled when the library was built: one text for each GPU variant of the table. The
 * texts of one kernel are compressed together (zstd), since they are much alike. */
#ifndef BACKEND_CUDA_PTX_H
#define BACKEND_CUDA_PTX_H

#include "core/plan/variant.h"

/* The texts of one kernel's variants, each with its NUL. */
typedef struct ptx_frame {
    const unsigned char *packed;
    size_t packed_bytes, bytes;
} ptx_frame;

typedef struct ptx_entry {
    const ptx_frame *frame; /* NULL: not a variant for GPUs */
    size_t offset;          /* of the text in the unpacked frame, in bytes */
} ptx_entry;

/* Indexed by the variant's number. cmake/embed_ptx.c generates it; missing when the build had no CUDA
 * toolkit. */
extern const ptx_entry ptx_table[];
extern const size_t ptx_table_size;

/* Returns 0 when this library was built without the CUDA toolkit. */
int ptx_exists(void);

/* Gives a variant's NUL-terminated text, which the caller frees. COMPILE when there is none,
 * OUT_OF_MEMORY. */
vecdot_status ptx_text(const variant *v, char **text);

#endif
