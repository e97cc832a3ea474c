/* Many dot products by a BLAS, as a program in C would call it: one call for each output. Compiled and loaded
 * by peer_openblas.py. sizes: outer, inner, terms; steps in elements: x outer, x inner, x along the sum, then
 * y's. */
#include <stdint.h>

typedef float dot_s(int n, const float *x, int x_step, const float *y, int y_step);
typedef double dot_d(int n, const double *x, int x_step, const double *y, int y_step);
typedef void dot_c(int n, const void *x, int x_step, const void *y, int y_step, void *out);

/* BLAS wants the lowest address of a vector with a negative step. */
static int64_t lowest(int64_t n, int64_t step)
{
    return step < 0 ? (n - 1) * step : 0;
}

#define EACH(CALL)                                                                                           \
    _Pragma("omp parallel for collapse(2) schedule(static) num_threads(threads) if (threads > 1)") for (     \
        int64_t i = 0; i < sizes[0]; i++) for (int64_t k = 0; k < sizes[1]; k++)                             \
    {                                                                                                        \
        int64_t at_x = i * steps[0] + k * steps[1] + lowest(sizes[2], steps[2]);                             \
        int64_t at_y = i * steps[3] + k * steps[4] + lowest(sizes[2], steps[5]);                             \
        int64_t at = i * sizes[1] + k;                                                                       \
        int n = (int)sizes[2], x_step = (int)steps[2], y_step = (int)steps[5];                               \
        CALL;                                                                                                \
    }

void dots_s(dot_s *dot, int threads, const int64_t *sizes, const int64_t *steps, const float *x,
            const float *y, float *out)
{
    EACH(out[at] = dot(n, x + at_x, x_step, y + at_y, y_step))
}

void dots_d(dot_d *dot, int threads, const int64_t *sizes, const int64_t *steps, const double *x,
            const double *y, double *out)
{
    EACH(out[at] = dot(n, x + at_x, x_step, y + at_y, y_step))
}

void dots_c(dot_c *dot, int threads, const int64_t *sizes, const int64_t *steps, const float *x,
            const float *y, float *out)
{
    EACH(dot(n, x + 2 * at_x, x_step, y + 2 * at_y, y_step, out + 2 * at))
}

void dots_z(dot_c *dot, int threads, const int64_t *sizes, const int64_t *steps, const double *x,
            const double *y, double *out)
{
    EACH(dot(n, x + 2 * at_x, x_step, y + 2 * at_y, y_step, out + 2 * at))
}
