#!/usr/bin/env bash
# Installs what is missing of the packages that building, the demonstration and the tests need (Debian or
# Ubuntu, as root or with sudo). Installs nothing, and needs no network, once all is there.
#
#   scripts/setup.sh build   a compiler, CMake, DLPack's and xxHash's headers: all that computing on the CPU takes
#   scripts/setup.sh demo    also Python
#   scripts/setup.sh test    also the test framework, clang with its tools, shellcheck, OpenCL on the CPU and Oclgrind, and
#                            for AArch64 a cross-compiler, qemu and the target's packages (the default)
set -euo pipefail

# One line each: the package, and how to see that what it brings is there.
build_packages='
gcc                 command gcc
libc6-dev           file    /usr/include/stdio.h
cmake               command cmake
ninja-build         command ninja
libdlpack-dev       file    /usr/include/dlpack/dlpack.h
libxxhash-dev       file    /usr/include/xxhash.h
libzstd-dev         file    /usr/include/zstd.h
'
demo_packages='
python3             command python3
python3-venv        python  ensurepip
'
test_packages='
g++                 command g++
clang               command clang
clang-format        command clang-format
clang-tidy          command clang-tidy
shellcheck          command shellcheck
binutils            command readelf
pkg-config          command pkg-config
libcmocka-dev       file    /usr/include/cmocka.h
opencl-headers      file    /usr/include/CL/cl.h
ocl-icd-opencl-dev  package ocl-icd-opencl-dev
pocl-opencl-icd     package pocl-opencl-icd
oclgrind            command oclgrind
'
# Where this machine is no AArch64 itself.
cross_packages='
gcc-aarch64-linux-gnu command aarch64-linux-gnu-gcc
libc6-dev-arm64-cross file    /usr/aarch64-linux-gnu/include/stdio.h
qemu-user             command qemu-aarch64
'
[ "$(uname -m)" != aarch64 ] || cross_packages=

present() { # how what
    case $1 in
        command) command -v "$2" > /dev/null ;;
        file)    compgen -G "$2" > /dev/null ;;
        python)  python3 -c "import $2" 2> /dev/null ;;
        package) [ "$(dpkg-query -W -f '${db:Status-Status}' "$2" 2> /dev/null)" = installed ] ;;
    esac
}

missing_of() {
    local package how what
    while read -r package how what; do
        [ -z "$package" ] || present "$how" "$what" || echo "$package"
    done <<< "$1"
}

case ${1:-test} in
    build) wanted=$build_packages ;;
    demo)  wanted=$build_packages$demo_packages ;;
    test)
        wanted=$build_packages$demo_packages$test_packages$cross_packages
        # Without these files the tests for AArch64 fail, and no others.
        [ -z "$cross_packages" ] || "$(dirname "$0")/aarch64_packages.sh" || true
        ;;
    *)     echo "usage: scripts/setup.sh [build|demo|test]" >&2; exit 2 ;;
esac

mapfile -t missing < <(missing_of "$wanted" | sort -u)
[ ${#missing[@]} -eq 0 ] && exit 0

cannot() { # why
    printf 'setup: %s; missing: %s\n' "$1" "${missing[*]}" >&2
    exit 1
}
command -v apt-get > /dev/null || cannot "no apt-get here: install by this system's own means and run again"
as_root=(env DEBIAN_FRONTEND=noninteractive)
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo > /dev/null || cannot "run this as root, or install sudo"
    as_root=(sudo "${as_root[@]}")
fi
echo "setup: installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# An update that fails, for one of many sources perhaps, matters only when the installation then fails too.
"${as_root[@]}" apt-get update -qq > "$log" 2>&1 || true
if ! "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >> "$log" 2>&1; then
    tail -n 20 "$log" >&2
    cannot "apt-get failed, as above"
fi

mapfile -t missing < <(missing_of "$wanted" | sort -u)
[ ${#missing[@]} -eq 0 ] || cannot "apt-get succeeded, but not all is there"
