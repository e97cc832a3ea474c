/* The host path: on a CPU device, small problems whose arrays are all on the host are computed on the
 * calling thread, since a launch would take longer. The bits are those of the kernels. */
#ifndef CORE_HOST_PATH_H
#define CORE_HOST_PATH_H

#include "core/run/job.h"

/* Returns the best instruction set after `set` (-1: of all) that this library has code for and this CPU
 * supports; -1 when there is none. It is the index for host_set_name and policy.host_set. */
int host_set_after(int set);
const char *host_set_name(int set);

/* Nanoseconds that the collapsed problem takes on the calling thread. */
double host_path_estimate(const problem *p);

/* Whether the job, which must have outputs, is computed on the calling thread. */
int host_path_takes(const job *j, const plan_policy *policy);

/* Waits for the queue's work, which may use the same memory, then computes. */
vecdot_status host_path_run(vecdot_queue *queue, const job *j);

#endif
