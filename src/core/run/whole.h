/* Runs a job whose arrays the device uses where they are, in one piece: what most calls are. */
#ifndef CORE_WHOLE_H
#define CORE_WHOLE_H

#include "core/run/job.h"

/* Whether the job can run so; *ready is then prepared. Where it cannot, pieces.h runs it. */
int whole_takes(const vecdot_queue *queue, const job *j, preparation *ready);

/* Runs it. Complete on return when an array is on the host; otherwise enqueued. */
vecdot_status whole_run(vecdot_queue *queue, const job *j, preparation *ready);

#endif
