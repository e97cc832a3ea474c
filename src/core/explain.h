/* The text of vecdot_explain: the problem, the plan and each launch. */
#ifndef CORE_EXPLAIN_H
#define CORE_EXPLAIN_H

#include "core/execute.h"
#include "core/text.h"

void explain_job(text *t, const vecdot_context *context, const job *j);

#endif
