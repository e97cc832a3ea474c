/* Random legal problems under random policies, each compared to the bit with the scalar reference.
 * VECDOT_TEST_SEED repeats a run, VECDOT_TEST_PROBLEMS sets how many problems (default 20000; on a simulated
 * device VECDOT_TEST_PROBLEMS_SIMULATED, 6000; with VECDOT_TEST_CPU_SET a quarter of them), and
 * VECDOT_TEST_INDEX runs a single one of the seed. */
#include "core/plan/variant.h"
#include "support/backends.h"
#include "support/cmocka.h"
#include "support/generate.h"
#include "support/thresholds.h"

#include <ctype.h>
#include <inttypes.h>
#include <time.h>

#define MOST_FAILURES 10

static target *tested;
static long problems = 20000, only = -1;
static uint64_t seed;
static int simulated; /* a device on which a million outputs, or a thousand pieces, take long */

/* How often each thing was executed, so that a run in which one never was does not pass for a test of it. */
static struct tally {
    long schedule[2], class[CLASS_COUNT], forced[CLASS_COUNT], kernel[KERNEL_COUNT], operation[3],
        result[REF_COUNT], operand[REF_COUNT];
    long pair[REF_COUNT][REF_COUNT], device_arrays, shared_storage, copies, pieces, any, unsupported;
} tally;

/* ---- Policy -------------------------------------------------------------------------------------- */

/* Small buffers, so that the problem is cut into pieces; on a simulated device only a few. */
static int64_t choose_max_alloc(const trial *p, random_source *random)
{
    int64_t bytes = (int64_t)4096 << random_below(random, 5);
    for (int i = 0; i < 3 && simulated; i++) {
        int64_t least = (int64_t)p->storage[i].size / 2;
        if (bytes < least) bytes = least;
    }
    return bytes;
}

static void choose_policy(plan_policy *chosen, const trial *p, random_source *random)
{
    *chosen = tested->policy;
    chosen->schedule = random_chance(random, 50) ? SCHEDULE_GPU : SCHEDULE_CPU;
    chosen->force = random_chance(random, 50) ? CLASS_AUTO : (plan_class)random_below(random, CLASS_COUNT);
    chosen->force_any = random_chance(random, 25);
    chosen->force_nodes = random_chance(random, 30) ? 1 + random_below(random, 12) : 0;
    chosen->reproducible = random_chance(random, 10);
    if (random_chance(random, 40)) chosen->share_host = 0;
    if (random_chance(random, 50)) {
        assert_true(random_thresholds(&chosen->thresholds, random));
        chosen->parallel_groups = chosen->units * (int)chosen->thresholds.groups_per_unit;
    }
    if (random_chance(random, 15)) chosen->max_alloc = choose_max_alloc(p, random);
}

static void print_policy(const plan_policy *p, FILE *file)
{
    fprintf(file,
            "  policy: schedule %s force %s force_any %d force_nodes %" PRId64
            " share_host %d max_alloc %" PRId64 "\n",
            schedule_name(p->schedule), class_name(p->force), p->force_any, p->force_nodes, p->share_host,
            p->max_alloc);
    fprintf(file, "  thresholds:");
    for (int i = 0; i < THRESHOLDS; i++)
        fprintf(file, " %s %" PRId64, threshold_rows[i].name, threshold_get(&p->thresholds, i));
    fputc('\n', file);
}

/* Arrays of the device instead of the host's, as a program that keeps its data there would have. */
static vecdot_status choose_places(trial *p, random_source *random)
{
    int64_t choice = random_below(random, 100);
    for (int i = 0; i < 3; i++) {
        int there = choice < 55 ? 0 : choice < 80 ? 1 : random_chance(random, 50);
        if (!there || !p->storage[i].size) continue;
        vecdot_status status = trial_to_device(p, i, tested->context, tested->queue);
        if (status != VECDOT_SUCCESS) return status;
        tally.device_arrays++;
    }
    return VECDOT_SUCCESS;
}

/* ---- The tally ----------------------------------------------------------------------------------- */

/* Whether the text has the word, with no letter or underscore on either side. */
static int has_word(const char *in, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = strstr(in, word); at; at = strstr(at + 1, word)) {
        int before = at > in && (isalnum((unsigned char)at[-1]) || at[-1] == '_');
        int after = isalnum((unsigned char)at[length]) || at[length] == '_';
        if (!before && !after) return 1;
    }
    return 0;
}

/* What ran: vecdot_explain says "class <name>" and names each kernel. */
static void count_plan(trial *p)
{
    char words[16384];
    const char *at;
    if (p->op != CALL_VECDOT) return; /* matvec and vecmat cannot be explained */
    if (trial_explain(p, tested->queue, words, sizeof words) != VECDOT_SUCCESS) {
        fail_msg("vecdot_explain: %s", vecdot_last_error());
    }
    for (int k = 0; k < KERNEL_COUNT; k++) tally.kernel[k] += has_word(words, kernel_name((kernel_id)k));
    at = strstr(words, "plan: class ");
    for (int c = 1; at && c < CLASS_COUNT; c++) {
        size_t length = strlen(class_name((plan_class)c));
        const char *word = at + strlen("plan: class ");
        tally.class[c] += strncmp(word, class_name((plan_class)c), length) == 0;
    }
}

static void count(trial *p)
{
    const plan_policy *policy = &tested->context->policy;
    tally.schedule[policy->schedule == SCHEDULE_GPU]++;
    tally.forced[policy->force]++;
    tally.operation[p->op]++;
    tally.operand[p->array[ARRAY_X1].type]++;
    tally.result[trial_compute_type(p)]++;
    tally.pair[p->array[ARRAY_X1].type][p->array[ARRAY_X2].type]++;
    tally.shared_storage +=
        p->array[ARRAY_X2].storage != ARRAY_X2 || p->array[ARRAY_OUT].storage != ARRAY_OUT;
    tally.copies += !policy->share_host;
    tally.pieces += policy->max_alloc != tested->policy.max_alloc;
    tally.any += policy->force_any;
    count_plan(p);
}

static void print_tally(void)
{
    int pairs = 0;
    printf("schedules: cpu %ld, gpu %ld\nplan classes:", tally.schedule[0], tally.schedule[1]);
    for (int c = 1; c < CLASS_COUNT; c++) printf(" %s %ld", class_name((plan_class)c), tally.class[c]);
    printf("\nkernels:");
    for (int k = 0; k < KERNEL_COUNT; k++) printf(" %s %ld", kernel_name((kernel_id)k), tally.kernel[k]);
    printf("\nforced:");
    for (int c = 0; c < CLASS_COUNT; c++) printf(" %s %ld", class_name((plan_class)c), tally.forced[c]);
    printf("\nvecdot %ld, matvec %ld, vecmat %ld\nx1 dtypes:", tally.operation[0], tally.operation[1],
           tally.operation[2]);
    for (int t = 0; t < REF_COUNT; t++) printf(" %s %ld", ref_name((ref_type)t), tally.operand[t]);
    printf("\ncomputed in:");
    for (int t = 0; t < REF_COUNT; t++) printf(" %s %ld", ref_name((ref_type)t), tally.result[t]);
    for (int t = 0; t < REF_COUNT * REF_COUNT; t++) pairs += tally.pair[t / REF_COUNT][t % REF_COUNT] > 0;
    printf(
        "\ndtype pairs %d of %d, shared storage %ld, device arrays %ld, host copies %ld, small buffers %ld, "
        "any-dtype kernels %ld, unsupported %ld\n",
        pairs, REF_COUNT * REF_COUNT, tally.shared_storage, tally.device_arrays, tally.copies, tally.pieces,
        tally.any, tally.unsupported);
}

/* ---- Running ------------------------------------------------------------------------------------- */

static int lacks_fp64(const trial *p)
{
    int needed = 0;
    ref_type compute = trial_compute_type(p);
    for (int i = 0; i < 3; i++) needed |= p->array[i].type == REF_F64 || p->array[i].type == REF_C128;
    return !tested->info.has_fp64 && (needed || compute == REF_F64 || compute == REF_C128);
}

/* Runs the index-th problem; 1 when it is right. */
static int run_problem(long index)
{
    random_source random = random_start(seed, (uint64_t)index);
    char why[512] = "the test is out of memory";
    trial p;
    int good = 0;
    target_reset(tested);
    if (trial_generate(&p, simulated, &random) && trial_seal(&p)) {
        vecdot_status status = choose_places(&p, &random), expected = VECDOT_SUCCESS;
        choose_policy(&tested->context->policy, &p, &random);
        p.reproducible = tested->context->policy.reproducible;
        target_follow(tested, tested->context->policy.schedule);
        if (lacks_fp64(&p)) expected = VECDOT_ERROR_UNSUPPORTED;
        if (status == VECDOT_SUCCESS) status = trial_call(&p, tested->queue);
        if (status != expected) {
            snprintf(why, sizeof why, "%s: %.400s", vecdot_status_name(status), vecdot_last_error());
        } else if (status == VECDOT_SUCCESS) {
            good = trial_verify(&p, tested->queue, why, sizeof why);
            count(&p);
        } else {
            good = trial_untouched(&p, tested->queue, why, sizeof why);
            tally.unsupported++;
        }
    }
    if (!good) {
        fprintf(stderr,
                "FAILED: VECDOT_TEST_BACKENDS=%s VECDOT_TEST_SEED=%" PRIu64
                " VECDOT_TEST_INDEX=%ld%s\n  %s\n",
                tested->selector, seed, index, simulated ? " VECDOT_TEST_SIMULATED=1" : "", why);
        trial_print(&p, stderr);
        print_policy(&tested->context->policy, stderr);
    }
    tested->cases++;
    trial_free(&p);
    return good;
}

/* Every class, and both schedules where the backend has them, must have been executed; what a device without
 * float64 cannot do apart. */
static void check_tally(void)
{
    assert_true(tally.schedule[0] > 0 || !target_has_schedule(tested, SCHEDULE_CPU));
    assert_true(tally.schedule[1] > 0 || !target_has_schedule(tested, SCHEDULE_GPU));
    for (int c = 1; c < CLASS_COUNT; c++) {
        if (!tally.class[c]) fail_msg("no problem was planned as class %s", class_name((plan_class)c));
    }
    for (int k = 0; k < KERNEL_COUNT; k++) {
        if (target_has_kernel(tested, (kernel_id)k) && !tally.kernel[k])
            fail_msg("no problem ran the kernel %s", kernel_name((kernel_id)k));
    }
    for (int t = 0; t < REF_COUNT; t++) {
        int possible = tested->info.has_fp64 || (t != REF_F64 && t != REF_C128);
        if (possible && !tally.result[t]) fail_msg("no problem was computed in %s", ref_name((ref_type)t));
    }
    assert_true(tally.operation[1] > 0 && tally.operation[2] > 0);
    assert_true(tally.device_arrays > 0 && tally.shared_storage > 0 && tally.copies > 0 && tally.pieces > 0);
}

static void test_problems(void **state)
{
    int wrong = 0;
    (void)state;
    memset(&tally, 0, sizeof tally);
    printf("seed %" PRIu64 ", %ld problems\n", seed, only >= 0 ? 1 : problems);
    if (only >= 0) {
        wrong = !run_problem(only);
    } else {
        for (long i = 0; i < problems && wrong < MOST_FAILURES; i++) wrong += !run_problem(i);
    }
    print_tally();
    if (wrong) fail_msg("%d problems went wrong", wrong);
    if (only < 0 && problems >= 4000) check_tally();
}

static int run(target *t)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_problems)};
    tested = t;
    return cmocka_run_group_tests_name(t->selector, tests, NULL, NULL);
}

/* The variable's value, or `otherwise` when it is not set. */
static uint64_t number_from(const char *variable, uint64_t otherwise)
{
    const char *value = getenv(variable);
    return value && *value ? strtoull(value, NULL, 10) : otherwise;
}

int main(void)
{
    seed = number_from("VECDOT_TEST_SEED", (uint64_t)time(NULL));
    simulated = getenv("VECDOT_TEST_SIMULATED") != NULL;
    problems = (long)(simulated ? number_from("VECDOT_TEST_PROBLEMS_SIMULATED", 6000)
                                : number_from("VECDOT_TEST_PROBLEMS", 20000));
    if (getenv("VECDOT_TEST_CPU_SET")) problems = (problems + 3) / 4;
    only = getenv("VECDOT_TEST_INDEX") ? (long)number_from("VECDOT_TEST_INDEX", 0) : -1;
    return targets_run(run);
}
