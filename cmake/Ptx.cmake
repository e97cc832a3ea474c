# The kernels as PTX for the CUDA backend. NVRTC compiles them when the library is built, so that a machine with
# NVIDIA's driver needs no toolkit. Without NVRTC the library is built without CUDA kernels.
# Sets ptx_table, the generated source.
set(VECDOT_CUDA AUTO CACHE STRING "Embed the CUDA kernels: AUTO (where NVRTC is found), ON or OFF")
set_property(CACHE VECDOT_CUDA PROPERTY STRINGS AUTO ON OFF)
set(VECDOT_PTX_FROM "" CACHE PATH "Another build folder: what it has compiled of these kernels is not compiled again")
set(ptx_table "${generated}/ptx_table.c")

if(VECDOT_CUDA)
    find_program(NVCC nvcc HINTS /usr/local/cuda/bin DOC "CUDA compiler: only its place is used, to find NVRTC")
    set(toolkits "$ENV{CUDA_HOME}" "$ENV{CUDA_PATH}" /usr/local/cuda)
    if(NVCC)
        file(REAL_PATH "${NVCC}" nvcc_path)
        cmake_path(GET nvcc_path PARENT_PATH nvcc_folder)
        cmake_path(GET nvcc_folder PARENT_PATH nvcc_toolkit)
        list(PREPEND toolkits "${nvcc_toolkit}")
    endif()
    find_path(NVRTC_INCLUDE_DIR nvrtc.h HINTS ${toolkits} PATH_SUFFIXES include targets/x86_64-linux/include
              DOC "Folder of nvrtc.h (CUDA toolkit)")
    find_library(NVRTC_LIBRARY NAMES nvrtc libnvrtc.so.13 libnvrtc.so.12 HINTS ${toolkits}
                 PATH_SUFFIXES lib64 lib targets/x86_64-linux/lib DOC "libnvrtc (CUDA toolkit)")
endif()

if(VECDOT_CUDA AND NVRTC_INCLUDE_DIR AND NVRTC_LIBRARY)
    set(VECDOT_HAS_PTX ON)
    message(STATUS "vecdot: CUDA kernels are compiled with ${NVRTC_LIBRARY}")
    # Runs during the build, so it is built for this machine and without sanitizers, whatever the library is built for.
    set(plan_folder "${PROJECT_SOURCE_DIR}/src/core/plan")
    set(ptx_sources "${PROJECT_SOURCE_DIR}/cmake/embed_ptx.c" "${plan_folder}/variant.c"
        "${plan_folder}/program_text.c" "${PROJECT_SOURCE_DIR}/src/core/base/dtype.c")
    add_executable(embed_ptx ${ptx_sources} "${generated}/kernel_sources.c")
    list(APPEND ptx_sources ${kernel_files} "${plan_folder}/kernel_table.h" "${plan_folder}/variant.h"
         "${plan_folder}/program_text.h" "${PROJECT_SOURCE_DIR}/src/core/base/dtype.h"
         "${PROJECT_SOURCE_DIR}/include/vecdot/vecdot.h")
    list(JOIN ptx_sources "|" ptx_sources)
    target_compile_definitions(embed_ptx PRIVATE _GNU_SOURCE)
    target_include_directories(embed_ptx PRIVATE
        "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}" "${generated}")
    target_include_directories(embed_ptx SYSTEM PRIVATE
        "${DLPACK_INCLUDE_DIR}" "${ZSTD_INCLUDE_DIR}" "${NVRTC_INCLUDE_DIR}")
    target_link_libraries(embed_ptx PRIVATE "${NVRTC_LIBRARY}" "${ZSTD_LIBRARY}")
    add_custom_command(
        OUTPUT "${ptx_table}"
        COMMAND "${CMAKE_COMMAND}" "-DOUTPUT_DIR=${generated}" "-DEMBED_PTX=$<TARGET_FILE:embed_ptx>"
                "-DFROM_DIR=${VECDOT_PTX_FROM}/generated" "-DSOURCES=${ptx_sources}"
                -P "${PROJECT_SOURCE_DIR}/cmake/EmbedPtx.cmake"
        DEPENDS embed_ptx "${PROJECT_SOURCE_DIR}/cmake/EmbedPtx.cmake"
        COMMENT "Compiling the CUDA kernels to PTX" VERBATIM)
else()
    set(VECDOT_HAS_PTX OFF)
    if(VECDOT_CUDA STREQUAL ON)
        message(FATAL_ERROR "vecdot: VECDOT_CUDA=ON, but NVRTC (nvrtc.h, libnvrtc of the CUDA toolkit) was not found")
    endif()
    message(STATUS "vecdot: built WITHOUT CUDA kernels: the CUDA toolkit's NVRTC was not found or VECDOT_CUDA is OFF")
    file(CONFIGURE OUTPUT "${ptx_table}" CONTENT "#include \"backend_cuda/ptx.h\"

const ptx_entry ptx_table[1] = {{0}};
const size_t ptx_table_size = 0;
")
endif()
