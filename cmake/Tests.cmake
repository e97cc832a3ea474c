# The tests: every tests/test_*.c is a program and a test of that name. Labels: `unit` needs no device,
# `opencl` runs on the backends in VECDOT_TEST_BACKENDS, `slow` takes more than a few seconds, `cuda-compile`
# needs nvcc. Exit code 77 means skipped.
find_path(CMOCKA_INCLUDE_DIR cmocka.h DOC "Folder of cmocka.h (Debian: libcmocka-dev)" REQUIRED)
find_library(CMOCKA_LIBRARY cmocka DOC "libcmocka (Debian: libcmocka-dev)" REQUIRED)
find_path(OPENCL_INCLUDE_DIR CL/cl.h DOC "Folder of CL/cl.h (Debian: opencl-headers)")
find_library(OPENCL_LIBRARY OpenCL DOC "The OpenCL loader (Debian: ocl-icd-opencl-dev), for the interop tests")
find_package(Python3 COMPONENTS Interpreter REQUIRED)
find_program(NVCC nvcc HINTS /usr/local/cuda/bin DOC "CUDA compiler, for the check of the kernels' CUDA dialect")

set(unit_tests dtype semantics layout plan npy text status variant)
set(slow_tests random programs threads large faults casts alias_layout vectors)

file(GLOB support_files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/support/*.c")
file(GLOB test_files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/test_*.c")

# The reference defines the bits: no contraction, and fmaf() as one instruction where this machine has it.
set(reference "${PROJECT_SOURCE_DIR}/tests/support/reference.c")
set(reference_options -O2 -ffp-contract=off)
if(NOT CMAKE_CROSSCOMPILING)
    include(CheckCSourceRuns)
    set(CMAKE_REQUIRED_FLAGS -mfma)
    check_c_source_runs("int main(void) { return !__builtin_cpu_supports(\"fma\"); }" VECDOT_HAS_FMA)
    unset(CMAKE_REQUIRED_FLAGS)
    if(VECDOT_HAS_FMA)
        list(APPEND reference_options -mfma)
    endif()
endif()
set_source_files_properties("${reference}" PROPERTIES COMPILE_OPTIONS "${reference_options}")

if(support_files)
    add_library(test_support STATIC ${support_files})
    target_include_directories(test_support PUBLIC "${PROJECT_SOURCE_DIR}/tests")
    target_include_directories(test_support SYSTEM PUBLIC "${CMOCKA_INCLUDE_DIR}")
    target_link_libraries(test_support PUBLIC vecdot_internal "${CMOCKA_LIBRARY}" m)
endif()

# Sanitizers: reports that come from inside the OpenCL implementation are not ours.
set(suppressions "${PROJECT_SOURCE_DIR}/tests/suppressions")
set(test_environment
    "VECDOT_TEST_BACKENDS=${VECDOT_TEST_BACKENDS}"
    "VECDOT_CACHE_DIR=/dev/null" # no disk cache but where a test asks for one
    "LSAN_OPTIONS=suppressions=${suppressions}/lsan.txt:print_suppressions=0"
    "TSAN_OPTIONS=suppressions=${suppressions}/tsan.txt:ignore_noninstrumented_modules=1:second_deadlock_stack=1"
    "UBSAN_OPTIONS=print_stacktrace=1")

# A test of that name with the usual properties; the labels follow it.
function(vecdot_test name)
    set_tests_properties(${name} PROPERTIES LABELS "${ARGN}" SKIP_RETURN_CODE 77 TIMEOUT 1200
                         WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}" ENVIRONMENT "${test_environment}")
endfunction()

foreach(file IN LISTS test_files)
    cmake_path(GET file STEM target)
    string(REGEX REPLACE "^test_" "" name "${target}")
    add_executable(${target} ${file})
    target_link_libraries(${target} PRIVATE test_support)
    file(STRINGS "${file}" uses_opencl REGEX "#include <CL/" LIMIT_COUNT 1)
    if(uses_opencl)
        if(NOT OPENCL_INCLUDE_DIR OR NOT OPENCL_LIBRARY)
            message(FATAL_ERROR "${file} needs CL/cl.h and libOpenCL "
                                "(Debian: opencl-headers, ocl-icd-opencl-dev)")
        endif()
        target_include_directories(${target} SYSTEM PRIVATE "${OPENCL_INCLUDE_DIR}")
        target_link_libraries(${target} PRIVATE "${OPENCL_LIBRARY}")
    endif()
    set(labels opencl)
    if(name IN_LIST unit_tests)
        set(labels unit)
    endif()
    if(name IN_LIST slow_tests)
        list(APPEND labels slow)
    endif()
    add_test(NAME ${name} COMMAND ${target})
    vecdot_test(${name} ${labels})
endforeach()

# The same with programs built as for a device without 64-bit floating point.
foreach(name programs casts vectors)
    if(TARGET test_${name})
        add_test(NAME ${name}_without_fp64 COMMAND test_${name})
        vecdot_test(${name}_without_fp64 opencl slow)
        set_property(TEST ${name}_without_fp64 APPEND PROPERTY ENVIRONMENT VECDOT_TEST_FP64=0)
    endif()
endforeach()

# The fault-injecting OpenCL loader, which the library opens instead of the real one.
if(TARGET test_faults)
    file(GLOB fault_files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/support/faults/*.c")
    add_library(opencl_faults MODULE ${fault_files})
    target_include_directories(opencl_faults SYSTEM PRIVATE "${OPENCL_INCLUDE_DIR}")
    target_link_libraries(opencl_faults PRIVATE flags ${CMAKE_DL_LIBS})
    set_target_properties(opencl_faults PROPERTIES C_VISIBILITY_PRESET hidden)
    add_dependencies(test_faults opencl_faults)
    target_compile_definitions(test_faults PRIVATE "FAULTS_LIBRARY=\"$<TARGET_FILE:opencl_faults>\"")
    target_link_options(test_faults PRIVATE -Wl,--wrap=malloc -Wl,--wrap=calloc)
endif()

if(TARGET test_npy)
    target_link_libraries(test_npy PRIVATE tool_parts)
    target_include_directories(test_npy PRIVATE "${PROJECT_SOURCE_DIR}/tools")
endif()

# ---- What the kernels' sources must keep to, and whether their CUDA dialect compiles.
add_test(NAME lint_kernels COMMAND Python3::Interpreter tests/lint_kernels.py kernels $<TARGET_FILE:list_variants>)
vecdot_test(lint_kernels unit)
add_test(NAME lint_docs COMMAND Python3::Interpreter tests/lint_docs.py)
vecdot_test(lint_docs unit)
add_executable(list_variants "${PROJECT_SOURCE_DIR}/tests/lint_variants.c")
target_link_libraries(list_variants PRIVATE vecdot_internal)
add_test(NAME cuda_compile COMMAND Python3::Interpreter tests/lint_cuda.py
         --list-variants $<TARGET_FILE:list_variants> --nvcc "${NVCC}")
vecdot_test(cuda_compile cuda-compile)

# ---- The installed package, and the kernels under a simulator that checks every access. The sanitizers'
# runtime is in the way of both.
if(NOT VECDOT_SANITIZE)
    add_test(NAME consumer COMMAND sh tests/consumer/run.sh "${PROJECT_BINARY_DIR}")
    vecdot_test(consumer unit)
    set_tests_properties(consumer PROPERTIES RESOURCE_LOCK build_folder)

    add_executable(oclgrind_variants EXCLUDE_FROM_ALL "${PROJECT_SOURCE_DIR}/tests/oclgrind/variants.c")
    target_link_libraries(oclgrind_variants PRIVATE test_support)
endif()
