/* The thresholds by which a context plans its calls. This is the interface of `vecdot tune`, and nothing that a program
 * needs: a context follows by itself what was found best on its device, in the cache folder. Thresholds never change a
 * result, only its speed; which there are may change with any version. */
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

/* Keeps the values other than the table's for contexts on this device, in the place of what was kept before: a file in
 * the cache folder, whose name goes to path as vecdot_explain's text. INVALID_ARGUMENT (also: the folder cannot be
 * written), OUT_OF_MEMORY. */
VECDOT_API vecdot_status vecdot_tuning_save(const vecdot_context *context, const vecdot_threshold *thresholds,
                                            size_t count, char *path, size_t capacity);

#ifdef __cplusplus
}
#endif
#endif
