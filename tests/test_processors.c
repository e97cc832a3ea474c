/* How many processors' time the quotas of control groups amount to, read from files as Linux writes them. */
#include "core/base/os.h"
#include "support/folder.h"

#include "support/cmocka.h" /* last: its fail() is a macro */

#include <limits.h>
#include <sched.h>
#include <sys/stat.h>

/* ---- Files below `folder` ------------------------------------------------------------------------ */

static void put(const char *path, const char *text)
{
    char whole[2 * PATH_BYTES];
    size_t root = strlen(folder);
    snprintf(whole, sizeof whole, "%s%s", folder, path);
    mkdir(folder, 0700);
    for (char *slash = strchr(whole + root + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(whole, 0700);
        *slash = '/';
    }
    write_file(whole, text, strlen(text));
}

static const char rest_of_mounts[] = "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
                                     "22 21 0:20 / /proc rw - proc proc rw\n"
                                     "23 21 0:21 / /sys rw,nosuid - sysfs sysfs rw\n";

/* The mounts of control groups, and what groups the process is in. */
static void mount_groups(const char *mounts, const char *groups)
{
    char text[2048];
    snprintf(text, sizeof text, "%s%s", rest_of_mounts, mounts);
    put("/proc/self/mountinfo", text);
    put("/proc/self/cgroup", groups);
}

static const char mount_2[] = "30 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
static const char mount_1[] = "31 23 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
                              "32 23 0:28 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
                              "33 23 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n";

/* ---- Version 2 ----------------------------------------------------------------------------------- */

static void test_no_files(void **state)
{
    (void)state;
    assert_int_equal(processors_of_quota(folder), INT_MAX);
    mount_groups("", "");
    assert_int_equal(processors_of_quota(folder), INT_MAX);
    mount_groups(mount_2, "0::/a/b\n");
    assert_int_equal(processors_of_quota(folder), INT_MAX);
}

static void test_one_group(void **state)
{
    static const struct {
        const char *text;
        int processors;
    } cases[] = {{"max 100000\n", INT_MAX},
                 {"100000 100000\n", 1},
                 {"100001 100000\n", 2},
                 {"150000 100000\n", 2},
                 {"200000 100000\n", 2},
                 {"1000 100000\n", 1},
                 {"1600000 50000\n", 32},
                 {"max\n", INT_MAX},
                 {"", INT_MAX},
                 {"-1 100000\n", INT_MAX},
                 {"0 100000\n", INT_MAX},
                 {"100000 0\n", INT_MAX},
                 {"9000000000000000000 1\n", INT_MAX}};
    (void)state;
    mount_groups(mount_2, "0::/job\n");
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        put("/sys/fs/cgroup/job/cpu.max", cases[k].text);
        assert_int_equal(processors_of_quota(folder), cases[k].processors);
    }
}

/* Any group around the process's own may be the narrowest. */
static void test_nested_groups(void **state)
{
    static const char *const groups[] = {"", "/a", "/a/b", "/a/b/c"};
    (void)state;
    mount_groups(mount_2, "0::/a/b/c\n");
    put("/sys/fs/cgroup/a/b/c/d/cpu.max", "100000 100000\n"); /* not around it */
    put("/sys/fs/cgroup/other/cpu.max", "100000 100000\n");
    for (int narrow = 0; narrow < 4; narrow++) {
        for (int k = 0; k < 4; k++) {
            char path[128];
            snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", groups[k]);
            put(path, k == narrow ? "250000 100000\n" : k % 2 ? "max 100000\n" : "600000 100000\n");
        }
        assert_int_equal(processors_of_quota(folder), 3);
    }
}

/* In a container the group at the mount point is the process's own, or one around it. */
static void test_mounted_part(void **state)
{
    static const char part[] = "30 23 0:26 /pod/one /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
    (void)state;
    put("/sys/fs/cgroup/cpu.max", "300000 100000\n");
    put("/sys/fs/cgroup/inner/cpu.max", "200000 100000\n");
    mount_groups(part, "0::/pod/one\n");
    assert_int_equal(processors_of_quota(folder), 3);
    mount_groups(part, "0::/pod/one/inner\n");
    assert_int_equal(processors_of_quota(folder), 2);
    mount_groups(part, "0::/pod/one/elsewhere/deeper\n"); /* without files, but inside */
    assert_int_equal(processors_of_quota(folder), 3);
    mount_groups(part, "0::/pod/onemore/inner\n"); /* not below the mounted group */
    assert_int_equal(processors_of_quota(folder), 3);
    mount_groups(mount_2, "0::/../../inner\n"); /* outside the namespace's root */
    assert_int_equal(processors_of_quota(folder), 3);
    mount_groups(mount_2, "0::/\n");
    assert_int_equal(processors_of_quota(folder), 3);
}

/* ---- Version 1, and both ------------------------------------------------------------------------- */

static void test_version_1(void **state)
{
    static const char groups[] =
        "9:cpuset:/set\n8:memory:/mem\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/x\n";
    (void)state;
    mount_groups(mount_1, groups);
    assert_int_equal(processors_of_quota(folder), INT_MAX);
    put("/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "250000\n");
    assert_int_equal(processors_of_quota(folder), INT_MAX); /* no period */
    put("/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us", "100000\n");
    assert_int_equal(processors_of_quota(folder), 3);
    put("/sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_quota_us", "100000\n");
    put("/sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_period_us", "50000\n");
    assert_int_equal(processors_of_quota(folder), 2);
    put("/sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_quota_us", "-1\n");
    assert_int_equal(processors_of_quota(folder), 3);
    put("/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "-1\n");
    assert_int_equal(processors_of_quota(folder), INT_MAX);
    put("/sys/fs/cgroup/cpuset/set/cpu.cfs_quota_us", "100000\n"); /* another controller's */
    put("/sys/fs/cgroup/cpuset/set/cpu.cfs_period_us", "100000\n");
    assert_int_equal(processors_of_quota(folder), INT_MAX);
}

static void test_both_versions(void **state)
{
    char mounts[1024];
    (void)state;
    snprintf(mounts, sizeof mounts, "%s%s", mount_1,
             "40 23 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
    mount_groups(mounts, "4:cpu,cpuacct:/one\n0::/two\n");
    put("/sys/fs/cgroup/cpu,cpuacct/one/cpu.cfs_quota_us", "400000\n");
    put("/sys/fs/cgroup/cpu,cpuacct/one/cpu.cfs_period_us", "100000\n");
    assert_int_equal(processors_of_quota(folder), 4);
    put("/sys/fs/cgroup/unified/two/cpu.max", "300000 100000\n");
    assert_int_equal(processors_of_quota(folder), 3);
    put("/sys/fs/cgroup/unified/two/cpu.max", "500000 100000\n");
    assert_int_equal(processors_of_quota(folder), 4);
}

/* mountinfo writes a blank, a tab, a newline and a backslash as three octal digits; cgroup writes them as
 * they are. */
static void test_escaped_paths(void **state)
{
    static const char odd[] = "30 23 0:26 /my\\040pod /mnt/my\\040groups\\134x rw - cgroup2 cgroup2 rw\n";
    (void)state;
    mount_groups(odd, "0::/my pod/a b\n");
    put("/mnt/my groups\\x/a b/cpu.max", "300000 100000\n");
    assert_int_equal(processors_of_quota(folder), 3);
    static const char cut[] = "30 23 0:26 / /mnt/a\\04 rw - cgroup2 cgroup2 rw\n"; /* no escape: too short */
    mount_groups(cut, "0::/\n");
    put("/mnt/a\\04/cpu.max", "200000 100000\n");
    assert_int_equal(processors_of_quota(folder), 2);
}

/* A mount's options can be longer than any buffer. */
static void test_long_lines(void **state)
{
    static char mounts[40000];
    (void)state;
    int length = snprintf(mounts, sizeof mounts, "20 1 0:9 / /merged rw - overlay overlay rw,lowerdir=");
    memset(mounts + length, 'x', 20000);
    snprintf(mounts + length + 20000, 1000, "\n%s", mount_2);
    put("/proc/self/mountinfo", mounts);
    put("/proc/self/cgroup", "0::/a");
    put("/sys/fs/cgroup/a/cpu.max", "200000 100000\n");
    assert_int_equal(processors_of_quota(folder), 2);
}

/* ---- This thread --------------------------------------------------------------------------------- */

static void test_affinity(void **state)
{
    cpu_set_t all, few;
    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    int count = CPU_COUNT(&all), left = count;
    assert_int_equal(processors_of_thread(), count);
    few = all;
    for (size_t k = 0; k < CPU_SETSIZE && left > 1; k++) {
        if (!CPU_ISSET(k, &few)) continue;
        CPU_CLR(k, &few);
        left--;
        assert_int_equal(sched_setaffinity(0, sizeof few, &few), 0);
        assert_int_equal(processors_of_thread(), left);
    }
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
}

/* The processors that this thread may run on. */
static void affinity(cpu_set_t *set)
{
    CPU_ZERO(set);
    assert_int_equal(sched_getaffinity(0, sizeof *set, set), 0);
}

/* What the thread may run on without one processor, and with it again once another is to be avoided. */
static void test_avoid(void **state)
{
    (void)state;
    cpu_set_t before, set;
    processor_limits limits = {{0}, {0}};
    size_t processors[2], count = 0;
    affinity(&before);
    for (size_t k = 0; k < CPU_SETSIZE && count < 2; k++)
        if (CPU_ISSET(k, &before)) processors[count++] = k;
    if (count < 2) skip();
    for (int k = 0; k < 2; k++) {
        processor_avoid(&limits, (int)processors[k]);
        assert_int_not_equal(processor_now(), (int)processors[k]);
        affinity(&set);
        assert_false(CPU_ISSET(processors[k], &set));
        CPU_SET(processors[k], &set);
        assert_true(CPU_EQUAL(&set, &before));
    }
    /* Others may set limits in the meantime, and a thread that has only one processor stays there. */
    CPU_ZERO(&set);
    CPU_SET(processors[1], &set);
    assert_int_equal(sched_setaffinity(0, sizeof set, &set), 0);
    processor_avoid(&limits, (int)processors[1]);
    affinity(&set);
    assert_int_equal(CPU_COUNT(&set), 1);
    assert_true(CPU_ISSET(processors[1], &set));
    processor_avoid(&limits, -1);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_files, make_top, remove_top),
        cmocka_unit_test_setup_teardown(test_one_group, make_top, remove_top),
        cmocka_unit_test_setup_teardown(test_nested_groups, make_top, remove_top),
        cmocka_unit_test_setup_teardown(test_mounted_part, make_top, remove_top),
        cmocka_unit_test_setup_teardown(test_version_1, make_top, remove_top),
        cmocka_unit_test_setup_teardown(test_both_versions, make_top, remove_top),
        cmocka_unit_test_setup_teardown(test_long_lines, make_top, remove_top),
        cmocka_unit_test_setup_teardown(test_escaped_paths, make_top, remove_top),
        cmocka_unit_test(test_affinity),
        cmocka_unit_test(test_avoid),
    };
    return cmocka_run_group_tests_name("processors", tests, NULL, NULL);
}
