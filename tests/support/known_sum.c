/* The fault suites' sum. */
#include "support/known_sum.h"

#include "core/base/status.h"

#include <string.h>

known_sum at;

static const int64_t shapes[2] = {SUM_ROWS, SUM_LENGTH};
static const int64_t untouched = 0x5A5A5A5A5A5A5A5A;

static DLTensor host_tensor(int which)
{
    void *const data[] = {at.x1, at.x2, at.out, at.out};
    DLTensor t = {.data = data[which],
                  .device = {kDLCPU, 0},
                  .ndim = which == 0 ? 2 : 1,
                  .dtype = which < 2 ? VECDOT_INT32 : VECDOT_INT64,
                  .shape = (int64_t *)(uintptr_t)(which == 1 ? shapes + 1 : shapes)};
    return t;
}

void sum_fill(void)
{
    for (int i = 0; i < SUM_LENGTH; i++) at.x2[i] = i % 13 - 6;
    for (int row = 0; row < SUM_ROWS; row++) {
        at.expected[row] = 0;
        at.out[row] = untouched;
        for (int i = 0; i < SUM_LENGTH; i++) {
            at.x1[row * SUM_LENGTH + i] = (i * 3 + row) % 17;
            at.expected[row] += at.x1[row * SUM_LENGTH + i] * at.x2[i];
        }
    }
}

vecdot_status sum_make_arrays(void)
{
    for (int k = 0; k < 4; k++) {
        DLTensor t = host_tensor(k);
        TRY(vecdot_empty(at.context, t.dtype, t.ndim, t.shape, &at.made[k]));
        TRY(vecdot_copy(at.queue, &t, &at.made[k]->dl_tensor));
    }
    return VECDOT_SUCCESS;
}

vecdot_status sum_bring_back(void)
{
    DLTensor out = host_tensor(2);
    TRY(vecdot_copy(at.queue, &at.made[2]->dl_tensor, &at.made[3]->dl_tensor));
    return vecdot_copy(at.queue, &at.made[3]->dl_tensor, &out);
}

vecdot_status sum_compute(arrays where)
{
    DLTensor x1 = host_tensor(0), x2 = host_tensor(1), out = host_tensor(2);
    if (where <= ARRAYS_IN_PIECES) return vecdot(at.queue, &x1, &x2, -1, &out);
    if (where == ARRAYS_MADE) TRY(sum_make_arrays());
    TRY(vecdot(at.queue, &at.made[0]->dl_tensor, &at.made[1]->dl_tensor, -1, &at.made[2]->dl_tensor));
    return where == ARRAYS_MADE ? sum_bring_back() : vecdot_queue_finish(at.queue);
}

int sum_is_right(void)
{
    return memcmp(at.out, at.expected, sizeof at.out) == 0;
}

int sum_is_untouched(void)
{
    for (int row = 0; row < SUM_ROWS; row++)
        if (at.out[row] != untouched) return 0;
    return 1;
}

void sum_release_arrays(void)
{
    for (int k = 0; k < 4; k++) {
        if (at.made[k] != NULL) at.made[k]->deleter(at.made[k]);
        at.made[k] = NULL;
    }
}

void sum_release(void)
{
    sum_release_arrays();
    vecdot_queue_release(at.queue);
    vecdot_context_release(at.context);
    at.queue = NULL;
    at.context = NULL;
}
