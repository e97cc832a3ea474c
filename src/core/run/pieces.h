/* Runs a job: as a whole, or in pieces that fit the device. The copies of one piece are made while the
 * device computes another. */
#ifndef CORE_PIECES_H
#define CORE_PIECES_H

#include "core/run/job.h"

/* Runs a job. Complete on return when an array is on the host; otherwise enqueued. */
vecdot_status job_run(vecdot_queue *queue, const job *j);

#endif
