/* Finding and choosing devices: the list, selectors, environment variables, the diagnosis, and what is said
 * when there is no loader, no driver or no folder for its cache (each in a process of its own, since a
 * process opens drivers once). */
#include "support/backends.h"
#include "support/cmocka.h"

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

static target *on; /* the device under test */

/* ---- Without a device ---------------------------------------------------------------------------- */

static void refuse(const char *selector, vecdot_status expected, const char *said)
{
    vecdot_context *context = NULL;
    vecdot_status status = vecdot_context_create(selector, &context);
    if (status != expected || strstr(vecdot_last_error(), said) == NULL) {
        fail_msg("selector %s gave %s: %s", selector ? selector : "NULL", vecdot_status_name(status),
                 vecdot_last_error());
    }
    assert_null(context);
}

static void test_malformed_selectors(void **state)
{
    char long_word[300];
    (void)state;
    refuse("", VECDOT_ERROR_INVALID_ARGUMENT, "unknown backend \"\"");
    refuse("metal", VECDOT_ERROR_INVALID_ARGUMENT, "auto");
    refuse("metal", VECDOT_ERROR_INVALID_ARGUMENT, "opencl");
    refuse("OpenCL", VECDOT_ERROR_INVALID_ARGUMENT, "unknown backend \"OpenCL\"");
    refuse("opencl2", VECDOT_ERROR_INVALID_ARGUMENT, "opencl2");
    refuse("open", VECDOT_ERROR_INVALID_ARGUMENT, "open");
    refuse(":0", VECDOT_ERROR_INVALID_ARGUMENT, "unknown backend");
    refuse("opencl:", VECDOT_ERROR_INVALID_ARGUMENT, "0 characters");
    memset(long_word, 'x', sizeof long_word - 1);
    long_word[sizeof long_word - 1] = 0;
    memcpy(long_word, "opencl:", 7);
    refuse(long_word, VECDOT_ERROR_INVALID_ARGUMENT, "characters");
    refuse("cpu2", VECDOT_ERROR_INVALID_ARGUMENT, "there are auto");
    refuse("cpu:gpu", VECDOT_ERROR_NO_DEVICE, "there are cpu:0");
    refuse("cpu:1", VECDOT_ERROR_NO_DEVICE, "there are cpu:0");
    refuse("opencl:no such device", VECDOT_ERROR_NO_DEVICE, "opencl:no such device");
    refuse("auto:999", VECDOT_ERROR_NO_DEVICE, "auto:999");
    refuse("opencl:99999999999999999999999", VECDOT_ERROR_NO_DEVICE, "no device matches");
}

static void test_malformed_environment(void **state)
{
    (void)state;
    setenv("VECDOT_BACKEND", "metal", 1);
    refuse(NULL, VECDOT_ERROR_INVALID_ARGUMENT, "VECDOT_BACKEND");
    setenv("VECDOT_BACKEND", "opencl:0", 1);
    refuse(NULL, VECDOT_ERROR_INVALID_ARGUMENT, "opencl:0");
    unsetenv("VECDOT_BACKEND");
    setenv("VECDOT_DEVICE", "no such device", 1);
    refuse(NULL, VECDOT_ERROR_NO_DEVICE, "VECDOT_DEVICE=no such device");
    unsetenv("VECDOT_DEVICE");
    setenv("VECDOT_REPRODUCIBLE", "yes", 1);
    refuse("opencl", VECDOT_ERROR_INVALID_ARGUMENT, "VECDOT_REPRODUCIBLE");
    unsetenv("VECDOT_REPRODUCIBLE");
    setenv("VECDOT_NUM_THREADS", "some", 1);
    refuse("cpu", VECDOT_ERROR_INVALID_ARGUMENT, "VECDOT_NUM_THREADS is \"some\"");
    refuse("auto:cpu", VECDOT_ERROR_INVALID_ARGUMENT, "VECDOT_NUM_THREADS is \"some\"");
    unsetenv("VECDOT_NUM_THREADS");
}

static void test_null_arguments(void **state)
{
    vecdot_device_info info;
    vecdot_queue *queue;
    char report[4];
    size_t needed = 0;
    (void)state;
    assert_int_equal(vecdot_device_list(NULL, 0, NULL), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_device_list(NULL, 1, &needed), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_diagnose(NULL, 1, &needed), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_diagnose(report, sizeof report, NULL), VECDOT_SUCCESS);
    assert_int_equal(strlen(report), 3);
    assert_int_equal(vecdot_context_create("opencl", NULL), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_context_info(NULL, &info), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_queue_create(NULL, &queue), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_queue_finish(NULL), VECDOT_ERROR_INVALID_ARGUMENT);
    vecdot_queue_release(NULL);
    vecdot_context_release(NULL);
}

static void test_diagnosis_fits_any_buffer(void **state)
{
    size_t needed = 0, again = 0;
    (void)state;
    assert_int_equal(vecdot_diagnose(NULL, 0, &needed), VECDOT_SUCCESS);
    assert_true(needed > 1);
    char *whole = malloc(needed), *part = malloc(needed);
    assert_non_null(whole);
    assert_non_null(part);
    assert_int_equal(vecdot_diagnose(whole, needed, &again), VECDOT_SUCCESS);
    assert_int_equal(again, needed);
    assert_int_equal(strlen(whole) + 1, needed);
    assert_non_null(strstr(whole, vecdot_version()));
    assert_non_null(strstr(whole, "opencl:\n"));
    memset(part, 'x', needed);
    assert_int_equal(vecdot_diagnose(part, needed / 2, &again), VECDOT_SUCCESS);
    assert_int_equal(again, needed);
    assert_memory_equal(part, whole, needed / 2 - 1);
    assert_int_equal(part[needed / 2 - 1], 0);
    assert_int_equal(part[needed / 2], 'x');
    free(whole);
    free(part);
}

/* ---- Broken installations, each in a child process ----------------------------------------------- */

/* What the child must find: no device but the CPU, which auto opens; and for the backend that was named, a
 * message and a diagnosis that both say why. */
static int child_without_device(const char *said, const char *fix)
{
    size_t count = 0;
    vecdot_context *context = NULL;
    vecdot_device_info found = {0}, opened = {0};
    char report[8192];
    vecdot_status listed = vecdot_device_list(&found, 1, &count);
    if (vecdot_context_create(NULL, &context) == VECDOT_SUCCESS) vecdot_context_info(context, &opened);
    vecdot_context_release(context);
    int only_cpu = listed == VECDOT_SUCCESS && count == 1 && strcmp(found.backend, "cpu") == 0 &&
                   strcmp(opened.backend, "cpu") == 0;
    vecdot_status created = vecdot_context_create("opencl", &context);
    int message = strstr(vecdot_last_error(), said) != NULL && strstr(vecdot_last_error(), fix) != NULL;
    fprintf(stderr, "%s\n", vecdot_last_error());
    vecdot_diagnose(report, sizeof report, NULL);
    int diagnosis = strstr(report, said) != NULL && strstr(report, fix) != NULL;
    fprintf(stderr, "%s\n", report);
    return only_cpu && created == VECDOT_ERROR_NO_DEVICE && message && diagnosis ? 0 : 1;
}

static int child_diagnosis(const char *said)
{
    char report[8192];
    vecdot_diagnose(report, sizeof report, NULL);
    fprintf(stderr, "%s\n", report);
    return strstr(report, said) != NULL ? 0 : 1;
}

/* VECDOT_LOG names a file that cannot be opened: the reason goes to stderr, which is a file here, and once.
 */
static int child_without_log(void)
{
    char said[4096] = "";
    size_t count;
    vecdot_set_logger(NULL, NULL);
    if (vecdot_device_list(NULL, 0, &count) != VECDOT_SUCCESS) return 1;
    vecdot_set_logger(NULL, NULL);
    if (pread(2, said, sizeof said - 1, 0) < 0) return 2;
    const char *first = strstr(said, "VECDOT_LOG=/nonexistent/log cannot be opened: No such file");
    return first != NULL && strstr(first + 1, "VECDOT_LOG") == NULL ? 0 : 3;
}

static int child_main(const char *what)
{
    if (strcmp(what, "no-loader") == 0)
        return child_without_device("/nonexistent/libOpenCL.so", "ocl-icd-libopencl1");
    if (strcmp(what, "not-a-loader") == 0)
        return child_without_device("clGetPlatformIDs", "ocl-icd-libopencl1");
    if (strcmp(what, "no-driver") == 0) return child_without_device("-1001", "pocl-opencl-icd");
    if (strcmp(what, "no-log") == 0) return child_without_log();
    if (strcmp(what, "no-home") == 0) return child_diagnosis("/dev/null/home/.cache cannot be written");
    return 2;
}

/* Becomes this program anew, as a child. Where an emulator runs it, ctest names that. */
static _Noreturn void start_child(const char *what)
{
    const char *emulator = getenv("VECDOT_TEST_EMULATOR");
    char command[8192], self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self);
    if (length > 0 && length < (ssize_t)sizeof self) {
        snprintf(command, sizeof command, "exec %s '%.*s' --child %s", emulator ? emulator : "", (int)length,
                 self, what);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    }
    _exit(3);
}

/* Runs this program again with one variable set; its output is shown only when it fails. */
static void run_child(const char *what, const char *variable, const char *value)
{
    char output[] = "/tmp/vecdot-test-XXXXXX", line[512];
    int status = -1, file = mkstemp(output);
    assert_true(file >= 0);
    fflush(stdout);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(file, 2);
        unsetenv("POCL_CACHE_DIR");
        unsetenv("XDG_CACHE_HOME");
        unsetenv("VECDOT_LIBOPENCL");
        setenv("VECDOT_LIBCUDA", "/nonexistent/libcuda.so.1", 1);
        setenv(variable, value, 1);
        start_child(what);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    FILE *said = fdopen(file, "r");
    assert_non_null(said);
    rewind(said);
    while (status != 0 && fgets(line, sizeof line, said) != NULL) print_error("%s: %s", what, line);
    fclose(said);
    unlink(output);
    assert_int_equal(status, 0);
}

static void test_no_loader(void **state)
{
    (void)state;
    run_child("no-loader", "VECDOT_LIBOPENCL", "/nonexistent/libOpenCL.so");
}

static void test_not_a_loader(void **state)
{
    (void)state;
    run_child("not-a-loader", "VECDOT_LIBOPENCL", "libm.so.6");
}

/* The loader itself says that it finds no driver. */
static int has_loader(void)
{
    void *loader = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
    if (loader != NULL) dlclose(loader);
    return loader != NULL;
}

static void test_no_driver(void **state)
{
    char folder[] = "/tmp/vecdot-test-XXXXXX";
    (void)state;
    if (!has_loader()) skip();
    assert_non_null(mkdtemp(folder));
    run_child("no-driver", "OCL_ICD_VENDORS", folder);
    rmdir(folder);
}

static void test_no_home(void **state)
{
    (void)state;
    run_child("no-home", "HOME", "/dev/null/home");
}

static void test_no_log(void **state)
{
    (void)state;
    run_child("no-log", "VECDOT_LOG", "/nonexistent/log");
}

/* ---- On a device --------------------------------------------------------------------------------- */

enum { MANY = 32 };

static size_t list_devices(vecdot_device_info infos[MANY])
{
    size_t count = 0;
    assert_int_equal(vecdot_device_list(infos, MANY, &count), VECDOT_SUCCESS);
    assert_true(count > 0 && count <= MANY);
    return count;
}

static int rank(int32_t kind)
{
    return kind == VECDOT_DEVICE_GPU ? 0 : kind == VECDOT_DEVICE_ACCELERATOR ? 1 : 2;
}

static void test_list(void **state)
{
    vecdot_device_info infos[MANY], first, untouched;
    (void)state;
    size_t all = list_devices(infos), count = 0;
    for (size_t i = 0; i < all; i++) {
        assert_true(infos[i].name[0] != 0 && infos[i].backend[0] != 0 && infos[i].driver[0] != 0);
        assert_true(infos[i].memory_bytes > 0 && infos[i].max_alloc_bytes > 0 && infos[i].compute_units > 0);
        assert_true(infos[i].kind >= VECDOT_DEVICE_GPU && infos[i].kind <= VECDOT_DEVICE_ACCELERATOR);
        if (i > 0) assert_true(rank(infos[i - 1].kind) <= rank(infos[i].kind));
    }
    memset(&first, 0x55, sizeof first);
    untouched = first;
    assert_int_equal(vecdot_device_list(NULL, 0, &count), VECDOT_SUCCESS);
    assert_int_equal(count, all);
    assert_memory_equal(&first, &untouched, sizeof first);
    assert_int_equal(vecdot_device_list(&first, 1, &count), VECDOT_SUCCESS);
    assert_int_equal(count, all);
    assert_memory_equal(&first, &infos[0], sizeof first);
    on->cases++;
}

/* Whether a selector opens the device; the caller says which index. */
static void opens(const char *selector, const vecdot_device_info *expected)
{
    vecdot_context *context;
    vecdot_device_info info;
    if (vecdot_context_create(selector, &context) != VECDOT_SUCCESS) {
        fail_msg("selector %s: %s", selector ? selector : "NULL", vecdot_last_error());
    }
    assert_int_equal(vecdot_context_info(context, &info), VECDOT_SUCCESS);
    assert_string_equal(info.backend, expected->backend);
    assert_int_equal(info.index, expected->index);
    vecdot_context_release(context);
    on->cases++;
}

/* The first device in the list of the backend, and of the kind when that is not 0. */
static const vecdot_device_info *first_of(const vecdot_device_info *infos, size_t count, const char *driver,
                                          int32_t kind)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(infos[i].backend, driver) == 0 && (kind == 0 || infos[i].kind == kind)) return &infos[i];
    }
    return NULL;
}

static void test_selectors(void **state)
{
    static const char *const kinds[] = {"", "gpu", "CPU", "accelerator"};
    vecdot_device_info infos[MANY];
    char selector[160];
    (void)state;
    size_t count = list_devices(infos);
    const char *driver = on->info.backend;
    opens("auto", &infos[0]);
    opens(driver, first_of(infos, count, driver, 0));
    for (size_t i = 0; i < count; i++) {
        snprintf(selector, sizeof selector, "%.15s:%d", infos[i].backend, (int)infos[i].index);
        opens(selector, &infos[i]);
    }
    for (int32_t kind = 1; kind <= 3; kind++) {
        snprintf(selector, sizeof selector, "%s:%s", driver, kinds[kind]);
        const vecdot_device_info *best = first_of(infos, count, driver, kind);
        if (best != NULL) {
            opens(selector, best);
        } else {
            refuse(selector, VECDOT_ERROR_NO_DEVICE, "there are");
        }
    }
}

/* Part of a name, in the other case. */
static void test_selection_by_name(void **state)
{
    vecdot_device_info infos[MANY];
    char selector[200], upper[128];
    (void)state;
    size_t count = list_devices(infos);
    const vecdot_device_info *best = first_of(infos, count, on->info.backend, 0);
    snprintf(upper, sizeof upper, "%s", best->name + strlen(best->name) / 3);
    for (char *c = upper; *c; c++) {
        if (*c >= 'a' && *c <= 'z') *c = (char)(*c - 'a' + 'A');
    }
    snprintf(selector, sizeof selector, "%s:%s", on->info.backend, upper);
    opens(selector, best);
    snprintf(selector, sizeof selector, "%s:%s", on->info.backend, best->platform);
    opens(selector, best);
}

static void test_environment_selects(void **state)
{
    vecdot_device_info infos[MANY];
    (void)state;
    size_t count = list_devices(infos);
    const vecdot_device_info *best = first_of(infos, count, on->info.backend, 0);
    char index[16];
    opens(NULL, &infos[0]);
    setenv("VECDOT_BACKEND", on->info.backend, 1);
    opens(NULL, best);
    snprintf(index, sizeof index, "%d", (int)best->index);
    setenv("VECDOT_DEVICE", index, 1);
    opens(NULL, best);
    setenv("VECDOT_DEVICE", "999", 1);
    refuse(NULL, VECDOT_ERROR_NO_DEVICE, best->name);
    opens(on->info.backend, best); /* a selector leaves the variables out of account */
    unsetenv("VECDOT_BACKEND");
    unsetenv("VECDOT_DEVICE");
    setenv("VECDOT_BACKEND", "", 1); /* empty is unset */
    opens(NULL, &infos[0]);
    unsetenv("VECDOT_BACKEND");
}

static void test_reproducible_setting(void **state)
{
    static const char *const values[] = {"", "0", "1"};
    (void)state;
    for (int i = 0; i < 3; i++) {
        vecdot_context *context;
        setenv("VECDOT_REPRODUCIBLE", values[i], 1);
        assert_int_equal(vecdot_context_create(on->selector, &context), VECDOT_SUCCESS);
        assert_int_equal(context->policy.schedule == SCHEDULE_CPU, on->info.kind == VECDOT_DEVICE_CPU);
        assert_int_equal(context->policy.has_fp64, on->info.has_fp64);
        vecdot_context_release(context);
    }
    unsetenv("VECDOT_REPRODUCIBLE");
}

static void test_diagnosis_names_the_device(void **state)
{
    char report[16384];
    (void)state;
    setenv("VECDOT_DEVICE", on->info.name, 1);
    assert_int_equal(vecdot_diagnose(report, sizeof report, NULL), VECDOT_SUCCESS);
    unsetenv("VECDOT_DEVICE");
    assert_non_null(strstr(report, on->info.name));
    assert_non_null(strstr(report, "VECDOT_DEVICE="));
    assert_non_null(strstr(report, "chosen by default: "));
}

static void count_line(void *user, const char *message)
{
    int *lines = user;
    *lines += strstr(message, "context on ") != NULL;
}

static void test_logger_hears_of_contexts(void **state)
{
    vecdot_context *context;
    int lines = 0;
    (void)state;
    vecdot_set_logger(count_line, &lines);
    assert_int_equal(vecdot_context_create(on->selector, &context), VECDOT_SUCCESS);
    vecdot_set_logger(NULL, NULL);
    vecdot_context_release(context);
    assert_int_equal(lines, 1);
    assert_int_equal(vecdot_context_create(on->selector, &context), VECDOT_SUCCESS);
    vecdot_context_release(context);
    assert_int_equal(lines, 1);
}

static int run(target *t)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_selectors),
        cmocka_unit_test(test_selection_by_name),
        cmocka_unit_test(test_environment_selects),
        cmocka_unit_test(test_reproducible_setting),
        cmocka_unit_test(test_diagnosis_names_the_device),
        cmocka_unit_test(test_logger_hears_of_contexts),
    };
    on = t;
    return cmocka_run_group_tests_name("devices", tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_malformed_selectors),
        cmocka_unit_test(test_malformed_environment),
        cmocka_unit_test(test_null_arguments),
        cmocka_unit_test(test_diagnosis_fits_any_buffer),
        cmocka_unit_test(test_no_loader),
        cmocka_unit_test(test_not_a_loader),
        cmocka_unit_test(test_no_driver),
        cmocka_unit_test(test_no_home),
        cmocka_unit_test(test_no_log),
    };
    if (argc == 3 && strcmp(argv[1], "--child") == 0) return child_main(argv[2]);
    unsetenv("VECDOT_BACKEND");
    unsetenv("VECDOT_DEVICE");
    unsetenv("VECDOT_REPRODUCIBLE");
    if (cmocka_run_group_tests_name("selectors and diagnosis", tests, NULL, NULL) != 0) return EXIT_FAILURE;
    return targets_run(run);
}
