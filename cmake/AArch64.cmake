# Toolchain: AArch64 Linux by Debian's cross-compiler. What runs while building or testing runs under qemu. The
# target's C library comes with the compiler; all else is searched in VECDOT_DEPS_DIR, never among this machine's
# headers and libraries. scripts/setup.sh and scripts/aarch64_packages.sh bring all of it.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L /usr/aarch64-linux-gnu)

set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
if(VECDOT_DEPS_DIR)
    list(PREPEND CMAKE_FIND_ROOT_PATH "${VECDOT_DEPS_DIR}")
endif()
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
