# The kernels as PTX for the CUDA backend. NVRTC compiles them when the library is built, so that a machine with
# NVIDIA's driver needs no toolkit. Without NVRTC the library is built without CUDA kernels.
# Sets VECDOT_HAS_PTX; and for the library ptx_files, ptx_include_dirs and ptx_libraries: the generated source, and
# zstd, which unpacks the PTX. All three are empty without CUDA kernels. Takes out of library_files what belongs to the
# other case.
set(VECDOT_CUDA AUTO CACHE STRING "Embed the CUDA kernels: AUTO (where NVRTC is found), ON or OFF")
set_property(CACHE VECDOT_CUDA PROPERTY STRINGS AUTO ON OFF)
set(VECDOT_PTX_FROM "" CACHE PATH "Another build folder: what it has compiled of these kernels is not compiled again")

if(VECDOT_CUDA AND NOT CMAKE_CROSSCOMPILING)
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

if(VECDOT_CUDA AND NOT CMAKE_CROSSCOMPILING AND NVRTC_INCLUDE_DIR AND NVRTC_LIBRARY)
    set(VECDOT_HAS_PTX ON)
    set(ptx_files "${generated}/ptx_table.c")
    list(FILTER library_files EXCLUDE REGEX "/backend_cuda/ptx_none\\.c$")
    find_path(ZSTD_INCLUDE_DIR zstd.h DOC "Folder of zstd.h (Debian: libzstd-dev)" REQUIRED)
    # The static library is preferred, so that the library links to nothing more.
    find_library(ZSTD_LIBRARY NAMES libzstd.a zstd DOC "libzstd (Debian: libzstd-dev)" REQUIRED)
    set(ptx_include_dirs "${ZSTD_INCLUDE_DIR}")
    set(ptx_libraries "${ZSTD_LIBRARY}")
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
        "${DLPACK_INCLUDE_DIR}" ${ptx_include_dirs} "${NVRTC_INCLUDE_DIR}")
    target_link_libraries(embed_ptx PRIVATE "${NVRTC_LIBRARY}" ${ptx_libraries})
    add_custom_command(
        OUTPUT ${ptx_files}
        COMMAND "${CMAKE_COMMAND}" "-DOUTPUT_DIR=${generated}" "-DEMBED_PTX=$<TARGET_FILE:embed_ptx>"
                "-DFROM_DIR=${VECDOT_PTX_FROM}/generated" "-DSOURCES=${ptx_sources}"
                -P "${PROJECT_SOURCE_DIR}/cmake/EmbedPtx.cmake"
        DEPENDS embed_ptx "${PROJECT_SOURCE_DIR}/cmake/EmbedPtx.cmake"
        COMMENT "Compiling the CUDA kernels to PTX" VERBATIM)
else()
    set(VECDOT_HAS_PTX OFF)
    set(ptx_files "")
    set(ptx_include_dirs "")
    set(ptx_libraries "")
    list(FILTER library_files EXCLUDE REGEX "/backend_cuda/ptx\\.c$")
    if(VECDOT_CUDA STREQUAL ON AND CMAKE_CROSSCOMPILING)
        message(FATAL_ERROR "vecdot: VECDOT_CUDA=ON, but this is a cross-build: the program that compiles the kernels "
                            "would be one of the target, for which there is no NVRTC here")
    elseif(VECDOT_CUDA STREQUAL ON)
        message(FATAL_ERROR "vecdot: VECDOT_CUDA=ON, but NVRTC (nvrtc.h, libnvrtc of the CUDA toolkit) was not found")
    endif()
    message(STATUS "vecdot: built WITHOUT CUDA kernels: the CUDA toolkit's NVRTC was not found, VECDOT_CUDA is OFF, "
                   "or this is a cross-build")
endif()
