/* Running a job: whole, or in the pieces that fit the device, with copies of one piece made while the device
 * computes another. */
#ifndef CORE_PIECES_H
#define CORE_PIECES_H

#include "core/run/job.h"

/* Complete on return when an array is on the host, enqueued otherwise. */
vecdot_status job_run(vecdot_queue *queue, const job *j);

#endif
