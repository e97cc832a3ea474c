/* The reduction plan: class, schedule and launches of a problem on a device with a given policy. Plain data:
 * it can be built, printed and tested with no device. */
#ifndef CORE_PLAN_H
#define CORE_PLAN_H

#include "core/base/integer.h"
#include "core/plan/policy.h"
#include "core/plan/variant.h"
#include "core/problem/problem.h"

typedef int64_t i64;
typedef int32_t i32;
#include "kernels/common/limits.h"

#include "kernels/common/params.h" /* after its types and limits */

/* Buffers a launch can take. */
enum { BUFFER_X1, BUFFER_X2, BUFFER_OUT, BUFFER_PARTIALS, BUFFER_RESULTS, BUFFER_COUNTERS, BUFFERS };

/* Counters of a queue: a launch that would need more is not fused. Kernels do not know the number. */
enum { FUSED_COUNTERS = 4096 };
enum { STEP_BUFFERS = 5 };

typedef struct step {
    variant v;
    int buffers[STEP_BUFFERS]; /* in argument order; -1 after the last */
    size_t groups, group_size;
    double products, bytes; /* the work of all groups, as the launch of backend.h counts it */
    params p;               /* offsets are left at 0: they come with the buffers */
} step;

enum { MAX_STEPS = 3 };

typedef struct plan {
    plan_class cls;
    schedule schedule;
    int64_t outputs;     /* per pass                                                              */
    int64_t chunk;       /* elements of a chunk                                                   */
    int64_t node_chunks; /* chunks of a tree node                                                 */
    int64_t nodes;       /* tree nodes of an output; 1 = the main launch finishes the sum         */
    int members;         /* GPU schedule: parts of a node that a group sums side by side, ...     */
    int64_t span;        /* ... each so many chunks (team_gpu), lanes (thread_gpu), pairs of elements or of
                            sixteen bytes (short_gpu, dense_gpu)                                  */
    int fused;           /* the main launch adds the partials too                                 */
    int passes_rank;     /* leading batch dimensions, beyond LAUNCH_DIMS: a launch for each position  */
    int step_count;      /* main; then combine when nodes > 1 and not fused; then copy when results go through
                            scratch */
    size_t partial_bytes, result_bytes; /* scratch */
    step steps[MAX_STEPS];
} plan;

/* through_results: compute dense results into scratch, then cast and copy them to out. max_node_elements: the
 * most elements of the contracted axis a node may have (INT64_MAX for any), so that pieces of it can be
 * launched apart. The problem must be collapsed and have outputs. */
void plan_build(const problem *p, const plan_policy *policy, int through_results, int64_t max_node_elements,
                plan *out);

/* Sets a step's number of groups and its work, for the outputs and nodes in its params. */
void plan_size_step(const plan *pl, const plan_policy *policy, step *s);

const char *plan_class_name(plan_class cls);

#endif
