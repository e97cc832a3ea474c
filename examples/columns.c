/* A vector with every column of a table of int8: options, strides, and a program's own threads.
 *     cc columns.c -fopenmp $(pkg-config --cflags --libs vecdot) -o columns */
#include <stdio.h>
#include <vecdot/vecdot.h>

enum { ROWS = 1000, COLUMNS = 4 };

/* Runs each part of a call on OpenMP's threads; without -fopenmp one after the other. The bits are the same.
 */
static void on_own_threads(void *user, size_t count, void (*run)(void *work, size_t k), void *work)
{
    (void)user;
#ifdef _OPENMP
#pragma omp parallel for num_threads(count) schedule(static, 1)
#endif
    for (size_t k = 0; k < count; k++) run(work, k);
}

static DLTensor host_array(void *data, DLDataType dtype, int ndim, int64_t *shape, int64_t *strides)
{
    return (DLTensor){data, {kDLCPU, 0}, ndim, dtype, shape, strides, 0};
}

static vecdot_status compute(vecdot_queue *queue)
{
    static int8_t vector[ROWS], table[ROWS][COLUMNS];
    int32_t all[COLUMNS], even[COLUMNS];
    for (int i = 0; i < ROWS; i++) {
        vector[i] = 100;
        for (int k = 0; k < COLUMNS; k++) table[i][k] = (int8_t)(k + 1);
    }

    /* Axis 0 of both. Sums of int8 wrap in int8, whatever out is, as in NumPy: so they are computed in int32.
     */
    int64_t n[1] = {ROWS}, shape[2] = {ROWS, COLUMNS}, columns[1] = {COLUMNS};
    DLTensor x1 = host_array(vector, VECDOT_INT8, 1, n, NULL);
    DLTensor x2 = host_array(table, VECDOT_INT8, 2, shape, NULL);
    DLTensor out = host_array(all, VECDOT_INT32, 1, columns, NULL);
    vecdot_options options = VECDOT_OPTIONS_INIT;
    options.axis[0] = options.axis[1] = 0;
    options.dtype = VECDOT_INT32;
    vecdot_status status = vecdot_with(queue, &x1, &x2, &options, &out);
    if (status != VECDOT_SUCCESS) return status;

    /* vector[::2] with table[::2]. Strides count elements. */
    int64_t half[1] = {ROWS / 2}, halves[2] = {ROWS / 2, COLUMNS};
    int64_t every_other[1] = {2}, every_other_row[2] = {2 * COLUMNS, 1};
    x1 = host_array(vector, VECDOT_INT8, 1, half, every_other);
    x2 = host_array(table, VECDOT_INT8, 2, halves, every_other_row);
    out = host_array(even, VECDOT_INT32, 1, columns, NULL);
    status = vecdot_with(queue, &x1, &x2, &options, &out);
    for (int k = 0; k < COLUMNS && status == VECDOT_SUCCESS; k++)
        printf("%d %d\n", (int)all[k], (int)even[k]); /* 100000 50000, 200000 100000, ... */
    return status;
}

int main(void)
{
    vecdot_context *context = NULL;
    vecdot_queue *queue = NULL;
    vecdot_status status = vecdot_context_create("cpu", &context);
    if (status == VECDOT_SUCCESS) status = vecdot_set_parallel_for(context, on_own_threads, NULL);
    if (status == VECDOT_SUCCESS) status = vecdot_queue_create(context, &queue);
    if (status == VECDOT_SUCCESS) status = compute(queue);
    if (status != VECDOT_SUCCESS)
        fprintf(stderr, "%s: %s\n", vecdot_status_name(status), vecdot_last_error());
    vecdot_queue_release(queue);
    vecdot_context_release(context);
    return status != VECDOT_SUCCESS;
}
