/* Each row of a 2 x 3 matrix times a vector, on the best device there is.
 *     cc dot.c $(pkg-config --cflags --libs vecdot) -o dot */
#include <stdio.h>
#include <vecdot/vecdot.h>

int main(void)
{
    float rows[2][3] = {{1, 2, 3}, {4, 5, 6}}, weights[3] = {1, 10, 100}, result[2];
    int64_t shape[2] = {2, 3};
    DLTensor x1 = {rows, {kDLCPU, 0}, 2, VECDOT_FLOAT32, shape, NULL, 0};
    DLTensor x2 = {weights, {kDLCPU, 0}, 1, VECDOT_FLOAT32, shape + 1, NULL, 0};
    DLTensor out = {result, {kDLCPU, 0}, 1, VECDOT_FLOAT32, shape, NULL, 0};
    vecdot_context *context = NULL;
    vecdot_queue *queue = NULL;

    vecdot_status status = vecdot_context_create(NULL, &context);
    if (status == VECDOT_SUCCESS) status = vecdot_queue_create(context, &queue);
    if (status == VECDOT_SUCCESS) status = vecdot(queue, &x1, &x2, -1, &out); /* axis -1: the last */
    if (status == VECDOT_SUCCESS)
        printf("%g %g\n", result[0], result[1]); /* 321 654 */
    else
        fprintf(stderr, "%s: %s\n", vecdot_status_name(status), vecdot_last_error());
    vecdot_queue_release(queue);
    vecdot_context_release(context);
    return status != VECDOT_SUCCESS;
}
