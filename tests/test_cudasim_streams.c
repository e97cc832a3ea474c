/* The simulated driver's streams: late, in a random legal order, so that a missing wait shows; and their
 * capture into graphs. */
#include "tests/cudasim/drive.h"

#include <pthread.h>

/* ---- Streams run late ---- */

static void test_missing_wait(void **state)
{
    const handle stream = new_stream();
    const address memory = new_memory(4);
    unsigned *pinned = new_pinned(4), pageable = 1;
    (void)state;
    *pinned = 1;
    GOOD(cu.cuMemsetD32Async(memory, 7, 1, stream));
    GOOD(cu.cuMemcpyDtoHAsync_v2(pinned, memory, 4, stream));
    assert_int_equal(*pinned, 1); /* what a missing wait reads */
    assert_int_equal(sim.cudasim_pending(), 2);
    GOOD(cu.cuStreamSynchronize(stream));
    assert_int_equal(*pinned, 7);
    GOOD(cu.cuMemcpyHtoDAsync_v2(memory, pinned, 4, stream));
    *pinned = 8; /* too early: the copy reads it later */
    GOOD(cu.cuMemcpyDtoHAsync_v2(&pageable, memory, 4, stream));
    assert_int_equal(pageable, 8); /* pageable: waits */
    pageable = 9;
    GOOD(cu.cuMemcpyHtoDAsync_v2(memory, &pageable, 4, stream));
    pageable = 10; /* read at the call */
    GOOD(cu.cuMemcpyDtoHAsync_v2(pinned, memory, 4, stream));
    GOOD(cu.cuStreamSynchronize(stream));
    assert_int_equal(*pinned, 9);
}

/* How often the second of two streams' fills came last, in 64 tries. */
static int seconds_last(int with_event)
{
    const handle one = new_stream(), two = new_stream(), event = new_event();
    const address memory = new_memory(4);
    int count = 0;
    for (int i = 0; i < 64; i++) {
        unsigned value = 0;
        GOOD(cu.cuMemsetD32Async(memory, 1, 1, one));
        GOOD(cu.cuEventRecord(event, one));
        if (with_event) GOOD(cu.cuStreamWaitEvent(two, event, 0));
        GOOD(cu.cuMemsetD32Async(memory, 2, 1, two));
        GOOD(cu.cuCtxSynchronize());
        GOOD(cu.cuMemcpyDtoH_v2(&value, memory, 4));
        count += value == 2;
    }
    return count;
}

static void test_order_is_random_but_legal(void **state)
{
    (void)state;
    const int without = seconds_last(0);
    assert_in_range(without, 5, 59);
    assert_int_equal(seconds_last(1), 64);
}

/* It waits for blocking streams, and leaves others alone. */
static void test_legacy_stream(void **state)
{
    handle blocking = NULL;
    const handle apart = new_stream();
    const address memory = new_memory(8);
    uint64_t left = 0;
    (void)state;
    GOOD(cu.cuStreamCreate(&blocking, 0));
    for (unsigned i = 0; i < 32; i++) {
        unsigned value = 0;
        GOOD(cu.cuMemsetD32Async(memory, i, 1, blocking));
        GOOD(cu.cuMemsetD32Async(memory + 4, i, 1, apart));
        GOOD(cu.cuMemcpyDtoH_v2(&value, memory, 4));
        assert_int_equal(value, i);
        left += sim.cudasim_pending();
        GOOD(cu.cuStreamSynchronize(apart));
        assert_int_equal(sim.cudasim_pending(), 0);
    }
    assert_in_range(left, 8, 32);
}

static void test_events(void **state)
{
    const handle stream = new_stream(), start = new_event(), end = new_event();
    const address memory = new_memory(4);
    float milliseconds = -1;
    int polls = 0;
    (void)state;
    GOOD(cu.cuEventQuery(start));
    BAD(cu.cuEventElapsedTime(&milliseconds, start, end), INVALID_HANDLE);
    GOOD(cu.cuEventRecord(start, stream));
    GOOD(cu.cuMemsetD32Async(memory, 3, 1, stream));
    GOOD(cu.cuEventRecord(end, stream));
    BAD(cu.cuEventElapsedTime(&milliseconds, start, end), NOT_READY);
    while (cu.cuEventQuery(end) == CUDA_ERROR_NOT_READY) polls++;
    GOOD(cu.cuEventQuery(end));
    assert_in_range(polls, 0, 1000);
    GOOD(cu.cuEventElapsedTime(&milliseconds, start, end));
    assert_true(milliseconds > 0);
}

static void test_free_under_work_is_misuse(void **state)
{
    const handle stream = new_stream();
    const address memory = new_memory(4), other = new_memory(4);
    (void)state;
    GOOD(cu.cuMemsetD32Async(memory, 3, 1, stream));
    GOOD(cu.cuMemFree_v2(other));
    assert_int_equal(sim.cudasim_misuses(), 0);
    GOOD(cu.cuMemsetD32Async(memory, 3, 1, stream));
    GOOD(cu.cuMemFree_v2(memory));
    assert_int_equal(sim.cudasim_misuses(), 1);
    assert_contains(sim.cudasim_last_misuse(), "work not yet done still uses it");
}

/* ---- Capture ---- */

static void test_capture_and_replay(void **state)
{
    const handle one = new_stream(), two = new_stream(), fork_event = new_event(), join_event = new_event();
    const address memory = new_memory(12);
    handle graph = NULL, exec = NULL, nodes[3] = {NULL};
    unsigned *values = new_pinned(12);
    size_t count = 0;
    int status = 0;
    (void)state;
    GOOD(cu.cuMemsetD32_v2(memory, 0, 3));
    GOOD(cu.cuStreamBeginCapture_v2(one, 0));
    GOOD(cu.cuMemsetD32Async(memory, 1, 1, one));
    GOOD(cu.cuEventRecord(fork_event, one));
    GOOD(cu.cuStreamWaitEvent(two, fork_event, 0));
    GOOD(cu.cuMemcpyDtoDAsync_v2(memory + 4, memory, 4, two));
    GOOD(cu.cuStreamIsCapturing(two, &status));
    assert_int_equal(status, 1);
    GOOD(cu.cuEventRecord(join_event, two));
    GOOD(cu.cuStreamWaitEvent(one, join_event, 0));
    GOOD(cu.cuMemcpyDtoDAsync_v2(memory + 8, memory + 4, 4, one));
    GOOD(cu.cuStreamEndCapture(one, &graph));
    GOOD(cu.cuGraphGetNodes(graph, NULL, &count));
    assert_int_equal(count, 3);
    GOOD(cu.cuGraphGetNodes(graph, nodes, &count));
    assert_ptr_not_equal(nodes[0], nodes[2]);
    GOOD(cu.cuGraphInstantiateWithFlags(&exec, graph, 0));
    GOOD(cu.cuGraphDestroy(graph));
    for (int i = 0; i < 20; i++) {
        GOOD(cu.cuMemsetD32Async(memory, 0, 3, one));
        GOOD(cu.cuGraphLaunch(exec, one));
        GOOD(cu.cuMemcpyDtoHAsync_v2(values, memory, 12, one));
        values[2] = 9;
        GOOD(cu.cuStreamSynchronize(one));
        assert_true(values[0] == 1 && values[1] == 1 && values[2] == 1);
    }
    GOOD(cu.cuGraphExecDestroy(exec));
    BAD(cu.cuGraphLaunch(exec, one), INVALID_VALUE);
}

static void test_capture_forbids(void **state)
{
    const handle stream = new_stream();
    handle graph = &graph;
    address memory = new_memory(4), made = 0;
    int status = 0;
    unsigned pageable = 0;
    (void)state;
    BAD(cu.cuStreamBeginCapture_v2(NULL, 0), STREAM_CAPTURE_UNSUPPORTED);
    BAD(cu.cuStreamEndCapture(stream, &graph), ILLEGAL_STATE);
    GOOD(cu.cuStreamBeginCapture_v2(stream, 0));
    BAD(cu.cuMemAlloc_v2(&made, 4), STREAM_CAPTURE_UNSUPPORTED);
    GOOD(cu.cuStreamIsCapturing(stream, &status));
    assert_int_equal(status, 2);
    BAD(cu.cuMemsetD32Async(memory, 1, 1, stream), STREAM_CAPTURE_INVALIDATED);
    BAD(cu.cuStreamEndCapture(stream, &graph), STREAM_CAPTURE_INVALIDATED);
    assert_null(graph);
    GOOD(cu.cuStreamBeginCapture_v2(stream,
                                    2)); /* relaxed: memory may be made, but no waiting for the stream */
    GOOD(cu.cuMemAlloc_v2(&made, 4));
    BAD(cu.cuStreamSynchronize(stream), STREAM_CAPTURE_UNSUPPORTED);
    BAD(cu.cuStreamEndCapture(stream, &graph), STREAM_CAPTURE_INVALIDATED);
    GOOD(cu.cuStreamBeginCapture_v2(stream, 2));
    BAD(cu.cuMemcpyDtoHAsync_v2(&pageable, memory, 4, stream), STREAM_CAPTURE_UNSUPPORTED);
    BAD(cu.cuStreamEndCapture(stream, &graph), STREAM_CAPTURE_INVALIDATED);
    GOOD(cu.cuMemsetD32Async(memory, 1, 1, stream)); /* usable again */
}

static void test_capture_boundaries(void **state)
{
    const handle one = new_stream(), two = new_stream(), event = new_event();
    handle graph = NULL, blocking = NULL;
    const address memory = new_memory(4);
    (void)state;
    GOOD(cu.cuEventRecord(event, two));
    GOOD(cu.cuStreamBeginCapture_v2(one, 1));
    BAD(cu.cuStreamWaitEvent(one, event, 0), STREAM_CAPTURE_ISOLATION);
    BAD(cu.cuStreamEndCapture(one, &graph), STREAM_CAPTURE_INVALIDATED);
    GOOD(cu.cuStreamBeginCapture_v2(one, 1));
    GOOD(cu.cuEventRecord(event, one));
    GOOD(cu.cuStreamWaitEvent(two, event, 0));
    GOOD(cu.cuMemsetD32Async(memory, 1, 1, two));
    BAD(cu.cuStreamEndCapture(one, &graph), STREAM_CAPTURE_UNJOINED);
    GOOD(cu.cuStreamCreate(&blocking, 0));
    GOOD(cu.cuStreamBeginCapture_v2(blocking, 2));
    BAD(cu.cuMemsetD32Async(memory, 1, 1, NULL), STREAM_CAPTURE_IMPLICIT);
    GOOD(cu.cuStreamDestroy_v2(blocking));
    assert_int_equal(sim.cudasim_misuses(), 1);
    assert_contains(sim.cudasim_last_misuse(), "destroyed while it is capturing");
}

/* ---- Threads ---- */

enum { THREADS = 4, ROUNDS = 50 };

static void *work_alone(void *result)
{
    handle context = NULL, stream = NULL;
    address memory = 0;
    void *host = NULL;
    int bad = cu.cuCtxCreate_v2(&context, 0, 0) | cu.cuStreamCreate(&stream, 1) |
              cu.cuMemAlloc_v2(&memory, 64) | cu.cuMemHostAlloc(&host, 64, 0);
    for (unsigned i = 0; !bad && i < ROUNDS; i++) {
        unsigned *values = host;
        bad = cu.cuMemsetD32Async(memory, i, 16, i % 2 ? stream : (handle)2) |
              cu.cuMemcpyDtoHAsync_v2(values, memory, 64, i % 2 ? stream : (handle)2) | cu.cuCtxSynchronize();
        bad |= values[15] != i;
    }
    *(int *)result = bad | cu.cuMemFree_v2(memory) | cu.cuMemFreeHost(host) | cu.cuStreamDestroy_v2(stream) |
                     cu.cuCtxDestroy_v2(context);
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t threads[THREADS];
    int results[THREADS];
    cudasim_alive alive;
    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work_alone, &results[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(results[i], 0);
    }
    sim.cudasim_counts(&alive);
    assert_true(alive.contexts == 1 && !alive.streams && !alive.allocations && !alive.pinned &&
                !alive.orphans);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_missing_wait),    TEST(test_order_is_random_but_legal), TEST(test_legacy_stream),
        TEST(test_events),          TEST(test_free_under_work_is_misuse), TEST(test_capture_and_replay),
        TEST(test_capture_forbids), TEST(test_capture_boundaries),        TEST(test_threads),
    };
    return cmocka_run_group_tests_name("cudasim_streams", tests, load_driver, NULL);
}
