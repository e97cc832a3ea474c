// The public headers from C++: they compile, and the functions link and run. Needs no device.
#include <vecdot/opencl.h>
#include <vecdot/vecdot.h>

#include <cstring>

int main()
{
    vecdot_options options = VECDOT_OPTIONS_INIT;
    options.dtype = VECDOT_FLOAT64;
    int64_t shape[] = {2, 3};
    float data[6] = {};
    DLTensor x = DLTensor();
    DLDataType dtype;
    int32_t ndim;
    int64_t result[VECDOT_MAX_NDIM];

    x.data = data;
    x.device.device_type = kDLCPU;
    x.ndim = 2;
    x.dtype = VECDOT_FLOAT32;
    x.shape = shape;
    if (vecdot_result(&x, &x, &options, &dtype, &ndim, result) != VECDOT_SUCCESS) return 1;
    if (ndim != 1 || result[0] != 2 || dtype.bits != 64) return 2;
    if (vecdot_opencl_context_create(NULL, NULL, NULL) != VECDOT_ERROR_INVALID_ARGUMENT) return 3;
    return std::strlen(vecdot_last_error()) > 0 ? 0 : 4;
}
