# The tests: every tests/test_*.c is a program and a test of that name. docs/building.md has the labels. Exit code 77
# means skipped.
find_path(CMOCKA_INCLUDE_DIR cmocka.h DOC "Folder of cmocka.h (Debian: libcmocka-dev)" REQUIRED)
find_library(CMOCKA_LIBRARY cmocka DOC "libcmocka (Debian: libcmocka-dev)" REQUIRED)
find_path(OPENCL_INCLUDE_DIR CL/cl.h DOC "Folder of CL/cl.h (Debian: opencl-headers)")
find_library(OPENCL_LIBRARY OpenCL DOC "The OpenCL loader (Debian: ocl-icd-opencl-dev), for the interop tests")
find_package(Python3 COMPONENTS Interpreter REQUIRED)
set_property(TARGET Python3::Interpreter PROPERTY CROSSCOMPILING_EMULATOR "") # it is not of the target
find_program(PTXAS ptxas HINTS /usr/local/cuda/bin DOC "CUDA assembler, for the check of the kernels' PTX")

set(unit_tests dtype semantics layout thresholds plan gemm npy text variant cudasim_machine own_pool pool pool_fork
    pool_life processors work)
set(slow_tests blas random programs threads large faults casts alias_layout vectors cuda_faults pieces)
set(simulator_tests cudasim cudasim_kernels cudasim_streams cuda_faults cuda_interop cuda_blas) # never on others
set(backend_tests random vectors alias_layout casts limits large pieces memory programs threads fork device calls matrix
    dense blas) # on every backend; suites that need a device and are not here run on OpenCL alone, those of cpu_tests on it alone
set(cpu_tests cpu cpu_life)
set(not_on_cpu dense blas) # a kernel of the GPU schedule; there is no vendor's BLAS
set(any_cpu_set cpu_life device fork memory large) # whatever the instruction set is
set(slow_on_cpu large random)

file(GLOB support_files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/support/*.c")
file(GLOB test_files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/test_*.c")

# The reference defines the bits, so contraction is off. -mfma makes fmaf() one instruction where this machine has it.
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

# The environment of every test. The suppressions hide the sanitizers' reports from inside the OpenCL implementation.
set(suppressions "${PROJECT_SOURCE_DIR}/tests/suppressions")
set(test_environment
    "VECDOT_BLAS=off" # the tests of it turn it on
    "VECDOT_CACHE_DIR=/dev/null" # no disk cache, unless a test asks for one
    # LLVM, in PoCL, sets a signal stack for the threads that start it. Tests ask for more memory than there is.
    "ASAN_OPTIONS=use_sigaltstack=0:allocator_may_return_null=1"
    "LSAN_OPTIONS=suppressions=${suppressions}/lsan.txt:print_suppressions=0"
    "TSAN_OPTIONS=suppressions=${suppressions}/tsan.txt:ignore_noninstrumented_modules=1:second_deadlock_stack=1"
    "UBSAN_OPTIONS=print_stacktrace=1")

if(CMAKE_CROSSCOMPILING_EMULATOR)
    list(JOIN CMAKE_CROSSCOMPILING_EMULATOR " " emulator) # for a test that starts itself again
    list(APPEND test_environment "VECDOT_TEST_EMULATOR=${emulator}")
endif()

# Sets `backends`, and for each selectors_<backend>: its selectors in VECDOT_TEST_BACKENDS.
file(GLOB backends RELATIVE "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/src/backend_*")
list(TRANSFORM backends REPLACE "^backend_" "")
string(REPLACE "," ";" test_backends "${VECDOT_TEST_BACKENDS}")
foreach(backend IN LISTS backends)
    set(selectors_${backend} ${test_backends})
    list(FILTER selectors_${backend} INCLUDE REGEX "^${backend}(:|$)")
    list(JOIN selectors_${backend} "," selectors_${backend})
endforeach()

# ---- The simulated CUDA driver: a libcuda.so.1 that the library opens by VECDOT_LIBCUDA. It is slow by nature, so it
# is always optimised and never built with sanitizers. Contraction is off, since it must round as a GPU does.
set(cudasim_options -O3 -ffp-contract=off -fno-math-errno -fno-trapping-math -Wall -Wextra -Wconversion -Wshadow)
if(NOT CMAKE_CROSSCOMPILING)
    list(APPEND cudasim_options -march=native)
endif()
if(VECDOT_WERROR)
    list(APPEND cudasim_options -Werror)
endif()
file(GLOB cudasim_machine_files CONFIGURE_DEPENDS
     "${PROJECT_SOURCE_DIR}/tests/cudasim/ptx_*.c" "${PROJECT_SOURCE_DIR}/tests/cudasim/machine_*.c")
file(GLOB cudasim_files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/cudasim/*.c")
list(REMOVE_ITEM cudasim_files ${cudasim_machine_files})
add_library(cudasim_machine OBJECT ${cudasim_machine_files})
add_library(cudasim SHARED ${cudasim_files} $<TARGET_OBJECTS:cudasim_machine>)
foreach(target cudasim_machine cudasim)
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
    target_compile_options(${target} PRIVATE ${cudasim_options})
    target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/src")
    set_target_properties(${target} PROPERTIES C_VISIBILITY_PRESET hidden POSITION_INDEPENDENT_CODE ON)
endforeach()
target_link_libraries(cudasim PRIVATE Threads::Threads m)
set_target_properties(cudasim PROPERTIES OUTPUT_NAME cuda SOVERSION 1
                      LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/cudasim")

# ---- A fake libcublas for the simulated driver, opened by VECDOT_LIBCUBLAS.
add_library(fake_cublas SHARED "${PROJECT_SOURCE_DIR}/tests/fakeblas/cublas.c" "${reference}")
target_include_directories(fake_cublas PRIVATE "${PROJECT_SOURCE_DIR}/tests")
target_compile_definitions(fake_cublas PRIVATE _GNU_SOURCE)
target_link_libraries(fake_cublas PRIVATE flags cudasim Threads::Threads m)
set_target_properties(fake_cublas PROPERTIES C_VISIBILITY_PRESET hidden
                      LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/cudasim")

# Sets the usual properties of a test. Its labels are the other arguments.
function(vecdot_test name)
    set_tests_properties(${name} PROPERTIES LABELS "${ARGN}" SKIP_RETURN_CODE 77 TIMEOUT 1200
                         WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}" ENVIRONMENT "${test_environment}")
endfunction()

# Adds tests of test_<name> on the CPU backend: TEST with the best instruction set that the processor has, and TEST-SET with
# each that the library was built with beside the best of them. (Of `programs` there is one for that too: it is skipped where
# the processor lacks the set, and says so.)
function(vecdot_cpu_test test name)
    set(speed "")
    if(name IN_LIST slow_on_cpu)
        set(speed slow)
    endif()
    set(sets ${cpu_sets})
    if(name IN_LIST any_cpu_set)
        set(sets "")
    elseif(NOT name STREQUAL "programs")
        list(POP_FRONT sets)
    endif()
    foreach(set "" ${sets})
        if(set)
            set(ending "-${set}")
        else()
            set(ending "")
        endif()
        add_test(NAME ${test}${ending} COMMAND test_${name})
        vecdot_test(${test}${ending} cpu ${speed})
        set_property(TEST ${test}${ending} APPEND PROPERTY ENVIRONMENT "VECDOT_TEST_BACKENDS=${selectors_cpu}")
        if(set)
            set_property(TEST ${test}${ending} APPEND PROPERTY ENVIRONMENT VECDOT_TEST_CPU_SET=${set})
        endif()
    endforeach()
endfunction()

# Adds a test of test_<name> for each backend that VECDOT_TEST_BACKENDS names: NAME on OpenCL, NAME.gpu on CUDA and
# NAME.<backend> on any other, labelled with the backend (CUDA's with cuda-gpu). NAME.sim runs on the simulated CUDA
# driver.
function(vecdot_backend_test name)
    if(selectors_cpu AND name IN_LIST backend_tests AND NOT name IN_LIST not_on_cpu)
        vecdot_cpu_test(${name}.cpu ${name})
    endif()
    foreach(backend IN LISTS backends)
        if(backend STREQUAL "cpu")
            continue()
        endif()
        set(suffix ".${backend}")
        set(label "${backend}")
        if(backend STREQUAL "opencl")
            set(suffix "")
        elseif(backend STREQUAL "cuda")
            set(suffix ".gpu")
            set(label cuda-gpu)
        endif()
        if(selectors_${backend} AND (backend STREQUAL "opencl" OR name IN_LIST backend_tests))
            add_test(NAME ${name}${suffix} COMMAND test_${name})
            vecdot_test(${name}${suffix} ${label} ${ARGN})
            set_property(TEST ${name}${suffix} APPEND PROPERTY ENVIRONMENT
                         "VECDOT_TEST_BACKENDS=${selectors_${backend}}")
        endif()
    endforeach()
    if(VECDOT_HAS_PTX AND name IN_LIST backend_tests)
        add_test(NAME ${name}.sim COMMAND test_${name})
        vecdot_test(${name}.sim cuda-sim ${ARGN})
        set_property(TEST ${name}.sim APPEND PROPERTY ENVIRONMENT
                     VECDOT_TEST_BACKENDS=cuda VECDOT_TEST_SIMULATED=1 "VECDOT_LIBCUDA=$<TARGET_FILE:cudasim>")
    endif()
endfunction()

foreach(file IN LISTS test_files)
    cmake_path(GET file STEM target)
    string(REGEX REPLACE "^test_" "" name "${target}")
    file(STRINGS "${file}" uses_opencl REGEX "#include <CL/" LIMIT_COUNT 1)
    if(uses_opencl AND NOT selectors_opencl)
        continue()
    endif()
    add_executable(${target} ${file})
    target_link_libraries(${target} PRIVATE test_support)
    if(uses_opencl)
        if(NOT OPENCL_INCLUDE_DIR OR NOT OPENCL_LIBRARY)
            message(FATAL_ERROR "${file} needs CL/cl.h and libOpenCL "
                                "(Debian: opencl-headers, ocl-icd-opencl-dev)")
        endif()
        target_include_directories(${target} SYSTEM PRIVATE "${OPENCL_INCLUDE_DIR}")
        target_link_libraries(${target} PRIVATE "${OPENCL_LIBRARY}")
    endif()
    set(speed "")
    if(name IN_LIST slow_tests)
        set(speed slow)
    endif()
    if(name IN_LIST unit_tests)
        add_test(NAME ${name} COMMAND ${target})
        vecdot_test(${name} unit ${speed})
    elseif(name IN_LIST cpu_tests)
        if(selectors_cpu)
            vecdot_cpu_test(${name} ${name})
        endif()
    elseif(name MATCHES "^cuda_" AND NOT VECDOT_HAS_PTX)
        message(STATUS "vecdot: without CUDA kernels, ${target} is not run")
    elseif(name IN_LIST simulator_tests)
        add_test(NAME ${name} COMMAND ${target})
        vecdot_test(${name} cuda-sim ${speed})
        set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT "VECDOT_LIBCUDA=$<TARGET_FILE:cudasim>")
    else()
        vecdot_backend_test(${name} ${speed})
    endif()
endforeach()

# Tests of the vendor's BLAS. `blas` and `blas.gpu` use the libraries of this machine; the others use the fake one, a
# missing one, or one that is no cuBLAS.
if(VECDOT_HAS_PTX)
    foreach(how missing foreign)
        add_test(NAME cuda_blas_${how} COMMAND test_cuda_blas ${how})
        vecdot_test(cuda_blas_${how} cuda-sim)
        set_property(TEST cuda_blas_${how} APPEND PROPERTY ENVIRONMENT "VECDOT_LIBCUDA=$<TARGET_FILE:cudasim>")
    endforeach()
endif()
foreach(name IN ITEMS blas blas.sim blas.gpu cuda_blas cuda_blas_missing cuda_blas_foreign)
    if(TEST ${name})
        set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT VECDOT_BLAS=on)
    endif()
endforeach()
foreach(name IN ITEMS blas.sim cuda_blas)
    if(TEST ${name})
        set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT "VECDOT_LIBCUBLAS=$<TARGET_FILE:fake_cublas>")
    endif()
endforeach()
if(TEST cuda_blas_missing)
    set_property(TEST cuda_blas_missing APPEND PROPERTY ENVIRONMENT VECDOT_LIBCUBLAS=/nowhere/libcublas.so)
    set_property(TEST cuda_blas_foreign APPEND PROPERTY ENVIRONMENT "VECDOT_LIBCUBLAS=$<TARGET_FILE:cudasim>")
endif()
add_dependencies(test_blas fake_cublas)
add_dependencies(test_cuda_blas fake_cublas)

# GCC 12's leak checker overestimates thread-local storage after this suite's driver was opened, and crashes.
if(TEST calls)
    set_property(TEST calls APPEND PROPERTY ENVIRONMENT
                 "LSAN_OPTIONS=suppressions=${suppressions}/lsan.txt:print_suppressions=0:use_tls=0")
endif()

# These suites again, with programs built as for an OpenCL device without 64-bit floating point.
foreach(name programs casts vectors)
    if(selectors_opencl)
        add_test(NAME ${name}_without_fp64 COMMAND test_${name})
        vecdot_test(${name}_without_fp64 opencl slow)
        set_property(TEST ${name}_without_fp64 APPEND PROPERTY ENVIRONMENT
                     "VECDOT_TEST_BACKENDS=${selectors_opencl}" VECDOT_TEST_FP64=0)
    endif()
endforeach()

# Arrays larger than the device's memory, cut by the library's own limits: PoCL with 1 GiB, a simulated GPU with 8 MiB.
if(selectors_opencl)
    add_test(NAME pieces_of_1_gib COMMAND test_pieces)
    vecdot_test(pieces_of_1_gib opencl slow)
    set_property(TEST pieces_of_1_gib APPEND PROPERTY ENVIRONMENT
                 "VECDOT_TEST_BACKENDS=${selectors_opencl}" POCL_MEMORY_LIMIT=1)
    add_test(NAME large_with_1_gib COMMAND test_large)
    vecdot_test(large_with_1_gib opencl slow)
    set_property(TEST large_with_1_gib APPEND PROPERTY ENVIRONMENT
                 "VECDOT_TEST_BACKENDS=${selectors_opencl}" POCL_MEMORY_LIMIT=1)
endif()
if(VECDOT_HAS_PTX)
    add_test(NAME pieces_of_8_mib.sim COMMAND test_pieces)
    vecdot_test(pieces_of_8_mib.sim cuda-sim slow)
    set_property(TEST pieces_of_8_mib.sim APPEND PROPERTY ENVIRONMENT VECDOT_TEST_BACKENDS=cuda
                 VECDOT_TEST_SIMULATED=1 "VECDOT_LIBCUDA=$<TARGET_FILE:cudasim>" CUDASIM_MEMORY=8388608)
endif()

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
    add_dependencies(test_calls opencl_faults)
    target_compile_definitions(test_calls PRIVATE "FAULTS_LIBRARY=\"$<TARGET_FILE:opencl_faults>\"")
endif()
target_link_options(test_calls PRIVATE -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=aligned_alloc)

# A test opens and closes the shared library.
add_dependencies(test_cpu_life vecdot)
target_compile_definitions(test_cpu_life PRIVATE "VECDOT_LIBRARY=\"$<TARGET_FILE:vecdot>\"")

# The cost of a call without its arithmetic. callgrind counts instructions, so other load on the machine does not
# matter. Only GCC: older valgrinds cannot read clang's debugging information.
add_executable(bench_calls "${PROJECT_SOURCE_DIR}/tests/bench/calls.c")
target_link_libraries(bench_calls PRIVATE test_support)
find_program(VALGRIND valgrind DOC "For the count of a call's instructions")
if(VALGRIND AND CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_BUILD_TYPE MATCHES "^Rel" AND NOT VECDOT_SANITIZE
   AND NOT CMAKE_CROSSCOMPILING)
    add_test(NAME call_cost COMMAND Python3::Interpreter tests/call_cost.py --valgrind "${VALGRIND}"
             --bench $<TARGET_FILE:bench_calls> --most 3500)
    vecdot_test(call_cost unit)
endif()

# The pool as a library of its own, which its test opens and closes.
file(GLOB os_files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/core/base/os_*.c")
add_library(pool_module MODULE "${PROJECT_SOURCE_DIR}/src/backend_cpu/pool.c"
            "${PROJECT_SOURCE_DIR}/src/backend_cpu/gate.c" "${PROJECT_SOURCE_DIR}/src/core/base/status.c" ${os_files})
target_link_libraries(pool_module PRIVATE flags ${CMAKE_DL_LIBS} Threads::Threads)
add_dependencies(test_pool_life pool_module)
target_compile_definitions(test_pool_life PRIVATE "POOL_MODULE=\"$<TARGET_FILE:pool_module>\"")
target_link_options(test_pool_life PRIVATE -Wl,--wrap=pthread_create)

# What a job of the pool costs before its work.
add_executable(bench_pool EXCLUDE_FROM_ALL "${PROJECT_SOURCE_DIR}/tests/bench/pool.c")
target_link_libraries(bench_pool PRIVATE test_support)

# Prints the plans and instructions of the benchmark's cases on the simulated driver, for the predictions in
# docs/performance/h200-predictions.md.
add_executable(bench_instructions EXCLUDE_FROM_ALL "${PROJECT_SOURCE_DIR}/tests/bench/instructions.c")
target_include_directories(bench_instructions PRIVATE "${PROJECT_SOURCE_DIR}/tests")
target_link_libraries(bench_instructions PRIVATE tool_parts vecdot cudasim)

foreach(name IN LISTS simulator_tests)
    target_compile_definitions(test_${name} PRIVATE "CUDASIM_LIBRARY=\"$<TARGET_FILE:cudasim>\"")
    add_dependencies(test_${name} cudasim)
endforeach()
if(TARGET test_cuda_faults)
    target_link_options(test_cuda_faults PRIVATE -Wl,--wrap=malloc -Wl,--wrap=calloc)
endif()
if(TARGET test_cudasim_machine)
    target_sources(test_cudasim_machine PRIVATE $<TARGET_OBJECTS:cudasim_machine>)
endif()
if(TARGET test_npy)
    target_link_libraries(test_npy PRIVATE tool_parts)
endif()

# ---- Rules for the sources and the documents, of which a cross-build would tell nothing else; and whether the PTX
# assembles for every architecture.
add_executable(list_variants "${PROJECT_SOURCE_DIR}/tests/lint_variants.c")
target_link_libraries(list_variants PRIVATE vecdot_internal)
if(NOT CMAKE_CROSSCOMPILING)
    add_test(NAME lint_kernels COMMAND Python3::Interpreter tests/lint_kernels.py kernels $<TARGET_FILE:list_variants>)
    vecdot_test(lint_kernels unit)
    add_test(NAME lint_docs COMMAND Python3::Interpreter tests/lint_docs.py)
    vecdot_test(lint_docs unit)
    add_test(NAME lint_wings COMMAND Python3::Interpreter tests/lint_wings.py)
    vecdot_test(lint_wings unit)
endif()
if(VECDOT_HAS_PTX AND NOT VECDOT_SANITIZE)
    add_test(NAME ptxas COMMAND Python3::Interpreter tests/ptxas.py --ptx "${generated}/ptx" --ptxas "${PTXAS}"
             --table "${PROJECT_BINARY_DIR}/registers.md")
    vecdot_test(ptxas ptxas slow)
endif()

# ---- The targets that the build refuses, made by this compiler's flags.
if(NOT VECDOT_SANITIZE)
    add_test(NAME refused_targets COMMAND sh tests/refused_targets.sh "${CMAKE_C_COMPILER}" -G "${CMAKE_GENERATOR}"
             "-DCMAKE_TOOLCHAIN_FILE=${CMAKE_TOOLCHAIN_FILE}" "-DVECDOT_DEPS_DIR=${VECDOT_DEPS_DIR}")
    vecdot_test(refused_targets unit)
endif()

# ---- The names that the libraries export. A sanitizer would add its own.
if(NOT VECDOT_SANITIZE)
    add_test(NAME symbols COMMAND Python3::Interpreter tests/symbols.py --nm "${CMAKE_NM}" --map "${version_script}"
             --headers include/vecdot --shared $<TARGET_FILE:vecdot> --static $<TARGET_FILE:vecdot_static>)
    vecdot_test(symbols unit)
endif()

# ---- One binary on machines with no driver, with OpenCL, with CUDA, and with all.
if(selectors_opencl AND NOT VECDOT_SANITIZE)
    if(NOT VECDOT_HAS_PTX)
        set(without_kernels --without-kernels)
    endif()
    add_test(NAME machines COMMAND Python3::Interpreter tests/machines.py --vecdot $<TARGET_FILE:vecdot_command>
             --cuda $<TARGET_FILE:cudasim> --gpu $<TARGET_FILE:opencl_faults> ${without_kernels})
    vecdot_test(machines opencl cuda-sim)
endif()

# ---- The Python programs of bench/.
if(NOT VECDOT_SANITIZE AND NOT CMAKE_CROSSCOMPILING)
    add_test(NAME measuring COMMAND Python3::Interpreter tests/measuring.py)
    vecdot_test(measuring unit)
endif()

# ---- Every benchmark case, checked to the bit, at a size that takes little time.
if(selectors_opencl)
    add_test(NAME bench_tiny COMMAND vecdot_command bench --scale tiny --runs 1)
    vecdot_test(bench_tiny opencl)
    set_property(TEST bench_tiny APPEND PROPERTY ENVIRONMENT VECDOT_BACKEND=opencl)
endif()
if(selectors_cpu AND NOT CMAKE_CROSSCOMPILING)
    foreach(scale IN ITEMS tiny everyday)
        add_test(NAME bench_${scale}.cpu COMMAND vecdot_command bench --scale ${scale} --runs 1)
        vecdot_test(bench_${scale}.cpu cpu)
        set_property(TEST bench_${scale}.cpu APPEND PROPERTY ENVIRONMENT VECDOT_BACKEND=cpu)
    endforeach()
endif()
if(VECDOT_HAS_PTX)
    add_test(NAME bench_tiny.sim COMMAND vecdot_command bench --scale tiny --runs 1)
    vecdot_test(bench_tiny.sim cuda-sim)
    set_property(TEST bench_tiny.sim APPEND PROPERTY ENVIRONMENT
                 VECDOT_BACKEND=cuda "VECDOT_LIBCUDA=$<TARGET_FILE:cudasim>")
endif()

# ---- The installed package, and the kernels under Oclgrind, which checks every access. Neither works with the runtime
# of the sanitizers, or in a cross-build; there the README's program is linked with either library.
if(CMAKE_CROSSCOMPILING AND NOT VECDOT_SANITIZE)
    foreach(library vecdot vecdot_static)
        add_executable(dot_${library} "${PROJECT_SOURCE_DIR}/examples/dot.c")
        target_link_libraries(dot_${library} PRIVATE flags ${library})
        if(selectors_cpu)
            add_test(NAME dot_${library}.cpu COMMAND dot_${library})
            vecdot_test(dot_${library}.cpu cpu)
            set_property(TEST dot_${library}.cpu APPEND PROPERTY ENVIRONMENT VECDOT_BACKEND=cpu)
            set_property(TEST dot_${library}.cpu PROPERTY PASS_REGULAR_EXPRESSION "^321 654\n$")
        endif()
    endforeach()
elseif(NOT VECDOT_SANITIZE)
    add_test(NAME consumer COMMAND sh tests/consumer/run.sh "${PROJECT_BINARY_DIR}")
    vecdot_test(consumer unit)
    set_tests_properties(consumer PROPERTIES RESOURCE_LOCK build_folder)

    add_executable(oclgrind_variants EXCLUDE_FROM_ALL "${PROJECT_SOURCE_DIR}/tests/oclgrind/variants.c")
    target_link_libraries(oclgrind_variants PRIVATE test_support)
endif()
