/* The text of vecdot_explain: the problem, the plan and each launch, as people and tests read it. */
#ifndef CORE_EXPLAIN_H
#define CORE_EXPLAIN_H

#include "core/base/text.h"
#include "core/plan/plan.h"

/* What there is to tell of a call. */
typedef struct explanation {
    const problem *original; /* as checked, collapsed                                      */
    const problem *planned;  /* with the strides that the device will see                  */
    const plan_policy *policy;
    int on_host[ARRAYS], copied[ARRAYS];
    int gathered[2];   /* through dense staging memory               */
    int waits_on_host; /* results, since out lies over an input      */
    int in_pieces;     /* it does not fit one buffer                 */
    const plan *pl;
    const char *why_no_blas; /* why the vendor's BLAS does not compute it; NULL: it does,  */
    const gemm *product;     /* as this product                                            */
} explanation;

void explain(text *t, const explanation *e);

#endif
