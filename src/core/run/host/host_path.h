/* The host path: small problems whose arrays are all on the host, on a CPU device, are computed on the
 * calling thread, since a launch would take longer. The bits are those of the kernels. */
#ifndef CORE_HOST_PATH_H
#define CORE_HOST_PATH_H

#include "core/run/job.h"

/* The best instruction set that there is code for and this CPU has, the next after `set` (-1: the first); -1
 * when there is none. As an index for host_set_name and policy.host_set. */
int host_set_after(int set);
const char *host_set_name(int set);

/* Nanoseconds that the collapsed problem would take on the calling thread. */
double host_path_estimate(const problem *p);

/* Whether the job, which has outputs, goes this way. */
int host_path_takes(const job *j, const plan_policy *policy);

/* Waits for what is enqueued, since it may be at work on the same memory, then computes. */
vecdot_status host_path_run(vecdot_queue *queue, const job *j);

#endif
