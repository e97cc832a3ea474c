/* Prints the table of kernel variants for the checks of the kernels' sources: one line "kernel<TAB>label<TAB>
 * options" a variant; with a kernel's name as the argument, that kernel's whole OpenCL program. */
#include "core/plan/program_text.h"

#include <stdio.h>
#include <string.h>

static int print_program(const char *name)
{
    for (int kernel = 0; kernel < KERNEL_COUNT; kernel++) {
        if (strcmp(kernel_name((kernel_id)kernel), name) != 0) continue;
        size_t count = 0;
        const char *const *sources = variant_sources((kernel_id)kernel, &count);
        for (size_t i = 0; i < count; i++) fputs(sources[i], stdout);
        return 0;
    }
    fprintf(stderr, "list_variants: no kernel %s\n", name);
    return 2;
}

int main(int argc, char **argv)
{
    if (argc > 1) return print_program(argv[1]);
    variant v;
    for (size_t index = 0; variant_at(index, &v); index++) {
        char label[256], options[2048];
        if (variant_options(&v, options, sizeof options) >= sizeof options) return 1;
        if (variant_label(&v, label, sizeof label) >= sizeof label) return 1;
        printf("%s\t%s\t%s\n", kernel_name((kernel_id)v.kernel), label, options);
    }
    return 0;
}
