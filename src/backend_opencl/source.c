/* A variant's program as OpenCL C, and its key in the disk cache. */
#include "backend_opencl/source.h"

#include "backend_opencl/objects.h"
#include "core/plan/program_text.h"

/* Options of every program. Fast or relaxed math must never be among them: results are defined to the bit. */
static const char every_program[] = "-cl-std=CL1.2 ";

vecdot_status opencl_source_of(const device *dev, const variant *v, opencl_source *s)
{
    kernel_id kernel = (kernel_id)v->kernel;
    char own[SOURCE_OPTION_BYTES];
    s->kernel = kernel_name(kernel);
    s->texts = variant_sources(kernel, &s->count);
    variant_label(v, s->label, sizeof s->label);
    size_t length = variant_options(v, own, sizeof own);
    text options = {s->options, sizeof s->options, 0};
    if (length < sizeof own)
        text_add(&options, "%s%s%s", every_program, own, dev->info.has_fp64 ? "" : " -DWITHOUT_FP64");
    if (length < sizeof own && options.length < sizeof s->options) return VECDOT_SUCCESS;
    return fail(VECDOT_ERROR_COMPILE, "opencl: the build options of %s take more than %d bytes", s->label,
                SOURCE_OPTION_BYTES);
}

vecdot_status opencl_program_key(const device *dev, const variant *v, text *key)
{
    opencl_source s;
    TRY(opencl_source_of(dev, v, &s));
    text_add_part(key, dev->compiler);
    text_add_part(key, s.options);
    text_add_part(key, s.kernel);
    for (size_t i = 0; i < s.count; i++) text_add_part(key, s.texts[i]);
    return VECDOT_SUCCESS;
}
