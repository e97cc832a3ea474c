/* How many threads the CPU backend gives a launch: by its work, by how many there are, and by whether they
 * poll. */
#include "backend_cpu/objects.h"
#include "core/base/os.h"
#include "support/crew.h"

#include "support/cmocka.h" /* last: its fail() is a macro */

#include <time.h>

enum { THREADS = 9 };

static const instruction_set wide = {.vector_bytes = 64, .typed = 1},
                             narrow = {.vector_bytes = 16, .typed = 1},
                             portable = {.vector_bytes = 16, .typed = 0};

static double ns_of(const instruction_set *set, kernel_id kernel, load loads, dtype t, double products,
                    double bytes)
{
    const variant v = variant_typed(kernel, loads, t, t, t, 1);
    const launch l = {.groups = 1, .products = products, .bytes = bytes};
    cpu_program p;
    cpu_rate(&v, set, &p);
    return cpu_launch_ns(&p, &l);
}

/* Of a million products of rows. */
static double rows_ns(const instruction_set *set, kernel_id kernel, load loads, dtype t)
{
    return ns_of(set, kernel, loads, t, 1e6, 2e6 * dtype_size(t));
}

/* Of products of small matrices. */
static double matrix_ns(const instruction_set *set, load loads, dtype t)
{
    return ns_of(set, KERNEL_MATRIX_CPU, loads, t, 1e6, 1e4);
}

/* Not what it is to the last percent, which no test could say: that the order is right. */
static void test_time(void **state)
{
    static const dtype types[] = {DTYPE_I8, DTYPE_F16, DTYPE_F32, DTYPE_F64, DTYPE_C64, DTYPE_C128};
    (void)state;
    for (size_t k = 0; k < sizeof types / sizeof types[0]; k++) {
        dtype t = types[k];
        double rows = rows_ns(&wide, KERNEL_ROWS_CPU, LOAD_VECTOR, t),
               strided = rows_ns(&wide, KERNEL_TILE_CPU, LOAD_STRIDED, t),
               any = rows_ns(&wide, KERNEL_ROWS_CPU, LOAD_ANY, t);
        assert_true(0 < rows && rows < strided && rows < any);
        assert_true(strided < rows_ns(&wide, KERNEL_SHORT_CPU, LOAD_ANY, t));
        assert_true(rows < rows_ns(&narrow, KERNEL_ROWS_CPU, LOAD_VECTOR, t));
        assert_true(any < rows_ns(&portable, KERNEL_ROWS_CPU, LOAD_ANY, t));
        assert_true(matrix_ns(&wide, LOAD_STRIDED, t) < matrix_ns(&narrow, LOAD_STRIDED, t));
        assert_true(matrix_ns(&narrow, LOAD_ANY, t) < matrix_ns(&portable, LOAD_ANY, t));
        if (k == 0) continue;
        assert_true(rows_ns(&wide, KERNEL_ROWS_CPU, LOAD_VECTOR, types[k - 1]) <= rows);
        assert_true(matrix_ns(&wide, LOAD_STRIDED, types[0]) <= matrix_ns(&wide, LOAD_STRIDED, t));
    }
    double zeros = ns_of(&wide, KERNEL_FILL, LOAD_NONE, DTYPE_F32, 0, 4e6); /* a million outputs */
    assert_true(zeros > 1e5 && zeros < 1e7);
}

static void test_most(void **state)
{
    int last = 1;
    (void)state;
    crew_open(THREADS);
    for (int ns = 100; ns < 1000000; ns += ns / 2) {
        const launch many = {.groups = 1000}, three = {.groups = 3}, one = {.groups = 1};
        int threads = cpu_most_threads(&many, ns);
        assert_in_range(threads, last, THREADS);
        assert_int_equal(cpu_most_threads(&three, ns), threads < 3 ? threads : 3);
        assert_int_equal(cpu_most_threads(&one, ns), 1);
        if (ns < 2000) assert_int_equal(threads, 1);
        last = threads;
    }
    assert_int_equal(last, THREADS);
    pool_release();
}

/* While no thread polls, as at the beginning. */
static void test_sleeping(void **state)
{
    const cpu_context context = {.set = NULL};
    const struct timespec pause = {0, 200000};
    cpu_queue q = {.context = &context};
    int last = 1;
    (void)state;
    crew_open(THREADS);
    assert_int_equal(pool_awake(), 0);
    for (int ns = 100; ns < 10000000; ns += ns / 2) {
        nanosleep(&pause, NULL);
        int threads = cpu_threads_now(&q, ns, THREADS);
        assert_in_range(threads, last, THREADS);
        if (ns < 20000) assert_int_equal(threads, 1);
        assert_int_equal(cpu_threads_now(&q, ns, 1), 1);
        last = threads;
    }
    assert_int_equal(last, THREADS);
    pool_release();
}

/* Launches of 20 us, one after the other: after some of them it pays to wake threads. Returns how many were
 * for the caller alone before one was not, or `most`. */
static int alone_before(cpu_queue *q, int most, long pause_ns)
{
    const struct timespec pause = {0, pause_ns};
    int count = 0;
    while (count < most && cpu_threads_now(q, 20000, 2) == 1) {
        if (pause_ns > 0) nanosleep(&pause, NULL);
        count++;
    }
    return count;
}

static void test_close_launches(void **state)
{
    const cpu_context context = {.set = NULL};
    cpu_queue q = {.context = &context};
    (void)state;
    crew_open(2);
    for (int k = 0; k < 3; k++) { /* waking does not come more often than that */
        int alone = alone_before(&q, 100000, 0);
        assert_in_range(alone, 5, 99999);
    }
    assert_int_equal(alone_before(&q, 100, 200000), 100); /* far apart: never */
    pool_release();
}

static void no_pool(void *user, size_t count, void (*run)(void *work, size_t k), void *work)
{
    (void)user, (void)count, (void)run, (void)work;
}

/* Nobody knows whether the program's threads poll, so they count as asleep. */
static void test_own_pool(void **state)
{
    const cpu_context plain = {.set = NULL}, context = {.own = {no_pool, NULL}};
    cpu_queue q = {.context = &context}, library = {.context = &plain};
    (void)state;
    crew_open(THREADS);
    assert_int_equal(alone_before(&q, 1000, 0), 1000);
    for (int ns = 100; ns < 10000000; ns += ns / 2) {
        library.last_launch = 0; /* long ago */
        assert_int_equal(cpu_threads_now(&q, ns, THREADS), cpu_threads_now(&library, ns, THREADS));
    }
    pool_release();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time),     cmocka_unit_test(test_most),
        cmocka_unit_test(test_sleeping), cmocka_unit_test(test_close_launches),
        cmocka_unit_test(test_own_pool),
    };
    return cmocka_run_group_tests_name("work", tests, NULL, NULL);
}
