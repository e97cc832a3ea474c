# The vecdot command and the library: shared, static, and with all symbols for the tests.
file(GLOB kernel_files CONFIGURE_DEPENDS
     "${PROJECT_SOURCE_DIR}/kernels/*/*.h" "${PROJECT_SOURCE_DIR}/kernels/*/*.cl")
file(GLOB library_files CONFIGURE_DEPENDS
     "${PROJECT_SOURCE_DIR}/src/core/*/*.c" "${PROJECT_SOURCE_DIR}/src/backend_*/*.c")
file(GLOB tool_files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tools/*.c" "${PROJECT_SOURCE_DIR}/tools/*/*.c")

# For the disk cache's checksums. Used as a header alone, so that the library links to nothing more.
find_path(XXHASH_INCLUDE_DIR xxhash.h DOC "Folder of xxhash.h (Debian: libxxhash-dev)" REQUIRED)

# ---- Kernel sources as byte arrays
set(generated "${PROJECT_BINARY_DIR}/generated")
string(REPLACE ";" "|" kernel_list "${kernel_files}")
add_custom_command(
    OUTPUT "${generated}/kernel_sources.c" "${generated}/kernel_sources.h"
    COMMAND "${CMAKE_COMMAND}" "-DOUTPUT_DIR=${generated}" "-DFILES=${kernel_list}"
            -P "${PROJECT_SOURCE_DIR}/cmake/EmbedKernels.cmake"
    DEPENDS ${kernel_files} "${PROJECT_SOURCE_DIR}/cmake/EmbedKernels.cmake"
    COMMENT "Embedding the kernel sources" VERBATIM)

include(cmake/Ptx.cmake)
include(cmake/CpuKernels.cmake)

add_library(vecdot_objects OBJECT ${library_files} ${cpu_files} ${ptx_files}
            "${generated}/kernel_sources.c" "${generated}/kernel_sources.h")
target_compile_definitions(vecdot_objects PRIVATE VECDOT_BUILDING)
target_link_libraries(vecdot_objects PRIVATE flags)
target_include_directories(vecdot_objects SYSTEM PRIVATE "${XXHASH_INCLUDE_DIR}" ${ptx_include_dirs})
set_target_properties(vecdot_objects PROPERTIES C_VISIBILITY_PRESET hidden POSITION_INDEPENDENT_CODE ON)

# ---- The shared library. It needs only the C library, since drivers are opened at run time.
add_library(vecdot SHARED)
add_library(vecdot::vecdot ALIAS vecdot)
target_link_libraries(vecdot PRIVATE vecdot_objects flags ${ptx_libraries} ${CMAKE_DL_LIBS} Threads::Threads m)
# The exported names and their symbol versions. All other names are hidden, also those of static libraries.
set(version_script "${PROJECT_SOURCE_DIR}/src/vecdot.map")
target_link_options(vecdot PRIVATE "-Wl,--version-script=${version_script}")
# Before 1.0 a minor version may change the interface, so the SONAME includes it.
if(PROJECT_VERSION_MAJOR EQUAL 0)
    set(soversion "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}")
else()
    set(soversion "${PROJECT_VERSION_MAJOR}")
endif()
set_target_properties(vecdot PROPERTIES LINKER_LANGUAGE C LINK_DEPENDS "${version_script}"
                      VERSION "${PROJECT_VERSION}" SOVERSION "${soversion}")
if(NOT VECDOT_SANITIZE)
    target_link_options(vecdot PRIVATE -Wl,--no-undefined -Wl,--as-needed)
endif()

# ---- The static library: one relocatable object. Internal names have no prefix, so only public names are global.
if(NOT VECDOT_SANITIZE)
    set(whole "${PROJECT_BINARY_DIR}/vecdot_whole.o")
    set(public "${PROJECT_BINARY_DIR}/vecdot.o")
    set(archives ${ptx_libraries})
    set(shared_ones ${ptx_libraries})
    list(FILTER archives INCLUDE REGEX "\\.a$")
    list(FILTER shared_ones EXCLUDE REGEX "\\.a$")
    add_custom_command(
        OUTPUT "${public}"
        COMMAND "${CMAKE_LINKER}" -r -o "${whole}" $<TARGET_OBJECTS:vecdot_objects> ${archives}
        COMMAND "${CMAKE_OBJCOPY}" --wildcard --keep-global-symbol=vecdot* "${whole}" "${public}"
        DEPENDS vecdot_objects $<TARGET_OBJECTS:vecdot_objects>
        COMMENT "Hiding the internal names of the static library" COMMAND_EXPAND_LISTS VERBATIM)
    set_source_files_properties("${public}" PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
    add_library(vecdot_static STATIC "${public}")
    add_library(vecdot::vecdot_static ALIAS vecdot_static)
    target_link_libraries(vecdot_static INTERFACE ${shared_ones} ${CMAKE_DL_LIBS} Threads::Threads m)
    set_target_properties(vecdot_static PROPERTIES LINKER_LANGUAGE C OUTPUT_NAME vecdot)
endif()

foreach(target IN ITEMS vecdot vecdot_static)
    if(TARGET ${target})
        target_include_directories(${target} INTERFACE
            $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    endif()
endforeach()

# ---- The library with all symbols, for tests of internal functions.
add_library(vecdot_internal STATIC EXCLUDE_FROM_ALL $<TARGET_OBJECTS:vecdot_objects>)
target_link_libraries(vecdot_internal PUBLIC flags ${ptx_libraries} ${CMAKE_DL_LIBS} Threads::Threads m)
set_target_properties(vecdot_internal PROPERTIES LINKER_LANGUAGE C)

# ---- The command. It uses the public header alone.
if(tool_files)
    list(FILTER tool_files EXCLUDE REGEX "/main\\.c$")
    add_library(tool_parts STATIC ${tool_files})
    target_include_directories(tool_parts PUBLIC "${PROJECT_SOURCE_DIR}/tools")
    target_link_libraries(tool_parts PUBLIC flags m)
    add_executable(vecdot_command "${PROJECT_SOURCE_DIR}/tools/main.c")
    target_link_libraries(vecdot_command PRIVATE tool_parts vecdot)
    cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_LIBDIR BASE_DIRECTORY "${CMAKE_INSTALL_FULL_BINDIR}"
               OUTPUT_VARIABLE bin_to_lib)
    set_target_properties(vecdot_command PROPERTIES OUTPUT_NAME vecdot INSTALL_RPATH "$ORIGIN/${bin_to_lib}")
endif()
