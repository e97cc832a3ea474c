/* Runs a job that whole.h does not take: in pieces that fit the device, with copies of its host arrays, with
 * progress reports. The copies of one piece are made while the device computes another. */
#ifndef CORE_PIECES_H
#define CORE_PIECES_H

#include "core/run/job.h"

/* Runs a job. Complete on return when an array is on the host; otherwise enqueued. */
vecdot_status pieces_run(vecdot_queue *queue, const job *j);

#endif
