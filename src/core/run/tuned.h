/* The thresholds that `vecdot tune` found best on a kind of device, kept in the cache folder as JSON: one
 * file for each device's name. What is wrong with a file costs the tuning and nothing else, and is said only
 * in the log. */
#ifndef CORE_TUNED_H
#define CORE_TUNED_H

#include "core/base/dtype.h"
#include "core/plan/thresholds.h"
#include "core/run/backend.h"

/* What was found for one threshold. */
typedef struct tuned_entry {
    int index;
    int64_t value, instead_of;
    double gain; /* share of the time that it saves where it changes a plan */
} tuned_entry;

/* What was found for products of matrices of one dtype: seconds for one by the vendor's BLAS and by the own
 * kernel. */
typedef struct tuned_product {
    dtype type;
    int faster;
    double seconds, own_seconds;
} tuned_product;

/* Where the BLAS was faster, and which library it was. */
typedef struct tuned_blas {
    char library[48];
    uint32_t types; /* 1 << dtype for each */
} tuned_blas;

/* Replaces the thresholds that the device's file has, each if it is legal, and fills *blas. */
void tuned_load(const device *dev, thresholds *t, tuned_blas *blas);

/* The same from a file's bytes. The number of thresholds replaced, or -1, with why in `why`, where it is no
 * file of this format, device and driver. */
int tuned_parse(const char *bytes, size_t size, const device *dev, thresholds *t, tuned_blas *blas,
                text *why);

/* All that a file has. */
typedef struct tuned_findings {
    const tuned_entry *entries;
    int count;
    const char *library; /* NULL: no BLAS was measured */
    const tuned_product *products;
    int product_count;
} tuned_findings;

/* Replaces the device's file; `path` receives its name. */
vecdot_status tuned_save(const device *dev, const tuned_findings *found, text *path);

#endif
