/* What the planner assumes about a device and is told to do: plain data, which tests change to run every
 * class, schedule and transfer on any device. */
#ifndef CORE_POLICY_H
#define CORE_POLICY_H

#include "core/plan/gemm.h"
#include "core/plan/kernel_table.h"
#include "core/plan/thresholds.h"

/* Plan classes. CLASS_AUTO lets the planner choose. */
typedef enum plan_class {
    CLASS_AUTO,
    CLASS_FILL,
    CLASS_SHORT,
    CLASS_LANES,
    CLASS_SPLIT,
    CLASS_COLUMN,
    CLASS_SHARED,
    CLASS_MATRIX,
    CLASS_COUNT
} plan_class;

/* Whether products of matrices go to the vendor's BLAS. */
typedef enum blas_setting { BLAS_OFF, BLAS_ON } blas_setting;

typedef struct blas_policy {
    blas_setting setting;
    const blas_offer *offer; /* NULL: there is no library, or none was looked for */
    uint32_t types;          /* 1 << dtype for those that go to it                */
} blas_policy;

/* What the planner and the wing that runs plans assume about the device. policy_init fills it from the
 * device; tests change it, to run every class, schedule and transfer on any device. */
typedef struct plan_policy {
    schedule schedule;
    plan_class force;      /* this class wherever it is legal; CLASS_AUTO = choose        */
    int force_any;         /* use the kernels that take any stride, alignment and dtype   */
    int64_t force_nodes;   /* at least this many tree nodes per output; 0 = choose        */
    int share_host;        /* use host arrays in place instead of copying                 */
    int share_out;         /* out too: no driver copies back the gaps between its elements */
    int64_t max_alloc;     /* bytes; larger host arrays go in pieces                      */
    int vector_bytes;      /* CPU schedule: of the kernels' vectors                       */
    int typed_kernels;     /* there are kernels for known dtypes, not only for any        */
    int units;             /* compute units                                               */
    int parallel_groups;   /* GPU schedule: groups of 256 that keep the device full       */
    int fenced_groups;     /* GPU schedule: a split sum in one launch                     */
    thresholds thresholds; /* where one class or one way to split ends and another begins   */
    int has_fp64;
    int reproducible;      /* no class matrix: every sum in the canonical order           */
    blas_policy blas;      /* what of class matrix goes to the vendor's library           */
    double saving_seconds; /* begin no saving of a program later than this into the end   */
} plan_policy;

/* Fills all but what is to be reproducible and what goes to a BLAS.
 * resident_groups: groups of 256 that a compute unit holds at most; 0 where the driver does not tell. */
void policy_init(plan_policy *policy, const vecdot_device_info *info, int resident_groups, int fenced_groups);

#endif
