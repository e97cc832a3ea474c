/* The scalar canonical reference: what every output of a problem must be, to the bit, in plain scalar C that
 * shares no code with the library. Every other test of results compares with this. */
#ifndef SUPPORT_REFERENCE_H
#define SUPPORT_REFERENCE_H

#include <dlpack/dlpack.h>
#include <stddef.h>
#include <stdint.h>

/* Rows of a chunk: part of the definition of a floating result. */
#define CANONICAL_ROWS 16

/* Elements of a block of class matrix, which is summed in one go and then is a chunk of the tree. */
#define MATRIX_BLOCK_ELEMENTS 512

#define REFERENCE_MAX_RANK 64

/* In the order of tests/vectors/promotion.tsv. */
typedef enum ref_type {
    REF_B1,
    REF_I8,
    REF_I16,
    REF_I32,
    REF_I64,
    REF_U8,
    REF_U16,
    REF_U32,
    REF_U64,
    REF_F16,
    REF_BF16,
    REF_F32,
    REF_F64,
    REF_C64,
    REF_C128,
    REF_COUNT
} ref_type;

const char *ref_name(ref_type type);
ref_type ref_from_name(const char *name); /* REF_COUNT when there is no such name */
DLDataType ref_dlpack(ref_type type);
int ref_size(ref_type type); /* bytes */
int ref_is_complex(ref_type type);
int ref_is_float(ref_type type);  /* floating or complex */
int ref_is_signed(ref_type type); /* a signed integer    */
ref_type ref_promote(ref_type a, ref_type b);
int ref_same_kind(ref_type from, ref_type to);

/* One problem, broadcast already: output b is the sum over k of x1[b, k] * x2[b, k], where element
 * [0, ..., 0] lies at x1, x2 and out, on any byte, and all strides count elements. `compute` is the dtype
 * multiplied and summed in. out must not overlap the inputs. */
typedef struct reference {
    ref_type type1, type2, compute, type_out;
    int conjugate; /* x1 */
    int is_matrix; /* the order of class matrix, not the canonical one */
    int64_t n, stride1, stride2;
    int rank;
    int64_t shape[REFERENCE_MAX_RANK];
    int64_t step1[REFERENCE_MAX_RANK], step2[REFERENCE_MAX_RANK], step_out[REFERENCE_MAX_RANK];
    const unsigned char *x1, *x2;
    unsigned char *out;
} reference;

/* Writes all outputs. Returns 0 when memory is out. */
int reference_compute(const reference *r);

/* One element cast from one dtype to another under same_kind. */
void reference_cast(ref_type from, const void *value, ref_type to, void *result);

/* Equal bytes, but any NaN equals any NaN, each component by itself. */
int reference_same(ref_type type, const void *a, const void *b);

#endif
