# The compiler flags of every target, as the interface target `flags`.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_library(flags INTERFACE)
target_compile_definitions(flags INTERFACE _GNU_SOURCE)
target_include_directories(flags INTERFACE
    "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}"
    "${PROJECT_BINARY_DIR}/generated")
# A system folder gives no warnings. CMake drops it if it is one of the compiler's own folders.
target_include_directories(flags SYSTEM INTERFACE "${DLPACK_INCLUDE_DIR}")
target_compile_options(flags INTERFACE -Wall -Wextra -Wconversion -Wshadow)
if(VECDOT_WERROR)
    target_compile_options(flags INTERFACE -Werror)
endif()
if(VECDOT_SANITIZE)
    target_compile_options(flags INTERFACE
        -fsanitize=${VECDOT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(flags INTERFACE -fsanitize=${VECDOT_SANITIZE})
endif()
