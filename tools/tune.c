/* `vecdot tune`: measures on this device and keeps what it found where the library looks for it. */
#include "tune.h"

#include "command.h"

#include <stdlib.h>

static bool keep(const tuning *t, fault *f)
{
    char path[4096];
    vecdot_blas_choice choices[TUNE_PRODUCTS];
    size_t measured = (size_t)tune_blas_kept(t, choices);
    vecdot_status status = vecdot_tuning_save(t->session->context, t->thresholds, (size_t)t->threshold_count,
                                              choices, measured, path, sizeof path);
    if (status != VECDOT_SUCCESS) return fault_from_library(f, status);
    printf("kept in %s\n", path);
    return true;
}

static bool run(tuning *t, const options *o, fault *f)
{
    if (!tune_blas_list(t, f) || !tune_problems_create(t, f)) return false;
    tune_print_head(t);
    if (!tune_blas_measure(t, f)) return false;
    tune_print_products(t);
    if (!tune_search(t, f)) return false;
    tune_print_result(t);
    if (o->json_file != NULL && !tune_write_json(t, o->json_file, f)) return false;
    if (o->dry_run) printf("not kept: --dry-run\n");
    return o->dry_run || keep(t, f);
}

int tune_command(const command *self, const options *o)
{
    (void)self;
    session s;
    fault f = {VECDOT_SUCCESS, ""};
    int exit_status = session_open(&s, o);
    if (exit_status != EXIT_OK) return exit_status;
    tuning *t = calloc(1, sizeof *t);
    if (t == NULL) {
        session_close(&s);
        return report("tune", &(fault){VECDOT_ERROR_OUT_OF_MEMORY, "no memory for the measurements"});
    }
    t->session = &s;
    t->budget = o->budget > 0 ? o->budget : 60;
    t->begin = bench_now();
    bool well = run(t, o, &f);
    int wrong = t->other_bits + t->wrong_products, flushed = finish_output();
    tune_problems_destroy(t);
    free(t);
    session_close(&s);
    if (!well) return report("tune", &f);
    return wrong > 0 ? EXIT_FAILED : flushed;
}
