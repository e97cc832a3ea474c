/* The thresholds by which a context plans its calls, and the dtypes whose products of matrices it hands to the vendor's
 * BLAS. This is the interface of `vecdot tune`, and nothing that a program needs: a context follows by itself what was
 * found best on its device, in the cache folder. Thresholds never change a result, only its speed; which there are may
 * change with any version. A BLAS sums in an order of its own. */
#ifndef VECDOT_TUNE_H
#define VECDOT_TUNE_H

#include <vecdot/vecdot.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Plain data. Legal values are least, least * factor, ..., most. */
typedef struct vecdot_threshold {
    char     name[32];
    char     unit[16];
    int64_t  value;    /* that the context follows                                                */
    int64_t  table;    /* that the library has for such a device                                  */
    int64_t  least, most, factor;
    int32_t  measured; /* table was measured on such a device; 0: predicted                       */
    double   gain;     /* for vecdot_tuning_save: share of the time saved; vecdot_tuning gives 0  */
    uint64_t reserved[4];
} vecdot_threshold;

/* Lists all thresholds. capacity and *count as in vecdot_device_list. INVALID_ARGUMENT. */
VECDOT_API vecdot_status vecdot_tuning(const vecdot_context *context, vecdot_threshold *thresholds, size_t capacity,
                                       size_t *count);

/* Changes one for the calls that follow. No other thread may be using the context. INVALID_ARGUMENT (no such
 * threshold, a value that is not legal). */
VECDOT_API vecdot_status vecdot_tuning_set(vecdot_context *context, const char *name, int64_t value);

/* One dtype whose products of matrices the vendor's BLAS (cuBLAS, CLBlast) can compute here. Plain data. */
typedef struct vecdot_blas_choice {
    DLDataType dtype;
    int32_t    used;                 /* the context hands them to it, where it takes the layout; for
                                      * vecdot_tuning_save: whether it was found faster              */
    char       library[48];          /* with its version: "cuBLAS 13.0.2"                            */
    double     seconds, own_seconds; /* for vecdot_tuning_save: of the product that was measured, by
                                      * it and by the own kernel; vecdot_blas_choices gives 0        */
    uint64_t   reserved[4];
} vecdot_blas_choice;

/* Opens the library and lists what it can compute: nothing when there is none, or VECDOT_BLAS is off, or the context is
 * for reproducible results only. capacity and *count as in vecdot_device_list. No other thread may be using the
 * context. INVALID_ARGUMENT. */
VECDOT_API vecdot_status vecdot_blas_choices(vecdot_context *context, vecdot_blas_choice *choices, size_t capacity,
                                             size_t *count);

/* Hands products of the dtype to it, or no longer, for the calls that follow. No other thread may be using the context.
 * INVALID_ARGUMENT (no such dtype in that list). */
VECDOT_API vecdot_status vecdot_blas_use(vecdot_context *context, DLDataType dtype, int32_t used);

/* Keeps the thresholds other than the table's, and the choices, for contexts on this device, in the place of what was
 * kept before: a file in the cache folder, whose name goes to path as vecdot_explain's text. All choices are of one
 * library. INVALID_ARGUMENT (also: the folder cannot be written), OUT_OF_MEMORY. */
VECDOT_API vecdot_status vecdot_tuning_save(const vecdot_context *context, const vecdot_threshold *thresholds,
                                            size_t count, const vecdot_blas_choice *choices, size_t choice_count,
                                            char *path, size_t capacity);

#ifdef __cplusplus
}
#endif
#endif
