# Turns kernel sources into C byte arrays. Run as a script:
#   cmake -DOUTPUT_DIR=<folder> -DFILES=<a|b|c> -P EmbedKernels.cmake
# Writes kernel_sources.c and kernel_sources.h there: for each file a NUL-terminated array
# `const char kernel_source_<name>[]`, where <name> is the file's name with an underscore for every dot. The arrays list
# bytes, since compilers limit the length of string literals.
string(REPLACE "|" ";" files "${FILES}")
set(header "/* Generated from kernels/. */\n#ifndef KERNEL_SOURCES_H\n#define KERNEL_SOURCES_H\n\n")
set(source "/* Generated from kernels/. */\n#include \"kernel_sources.h\"\n")

foreach(file IN LISTS files)
    get_filename_component(name "${file}" NAME)
    string(REPLACE "." "_" name "${name}")
    file(READ "${file}" bytes HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    if(bytes MATCHES "0x([89a-f].|00)")
        message(FATAL_ERROR "${file}: kernel sources are plain ASCII, and this has the byte ${CMAKE_MATCH_0}")
    endif()
    string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)"
                         "\\1\n" bytes "${bytes}")
    string(APPEND header "extern const char kernel_source_${name}[];\n")
    string(APPEND source "\nconst char kernel_source_${name}[] = {\n${bytes}0x00};\n")
endforeach()

file(WRITE "${OUTPUT_DIR}/kernel_sources.h" "${header}\n#endif\n")
file(WRITE "${OUTPUT_DIR}/kernel_sources.c" "${source}")
