#!/bin/sh
# Installs the build into a fresh prefix and uses it as a stranger would: by pkg-config, by find_package, from
# C and C++, shared and static; and checks what the binaries show to the world.
#   run.sh <build folder>      environment: CC, CXX, VECDOT_TEST_BACKENDS
set -eu
build=$1
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/moved
cc=${CC:-cc} cxx=${CXX:-c++}
failures=0

check() { # what command...
    what=$1
    shift
    if "$@" > "$work/log" 2>&1; then
        echo "ok      $what"
    else
        echo "FAILED  $what: $*"
        cat "$work/log"
        failures=$((failures + 1))
    fi
}

configure() { # version
    cmake -S "$here" -B "$work/project-$1" -G Ninja "-DCMAKE_PREFIX_PATH=$prefix" "-Dvecdot_VERSION_WANTED=$1" \
        "-DEXAMPLE=$source/examples/dot.c" "-DCMAKE_C_COMPILER=$cc"
}

refuses() { # version: there is such a package, but of another version
    ! configure "$1" > "$work/refused" 2>&1 && grep -q 'vecdotConfig.cmake, version: ' "$work/refused"
}

# Installed in one place and moved to another, as packages are.
cmake --install "$build" --prefix "$work/first" > "$work/log" || { cat "$work/log"; exit 1; }
mv "$work/first" "$prefix"
library=$(find "$prefix" -name libvecdot.so)
libdir=$(dirname "$library")
archive=$libdir/libvecdot.a
version=$(sed -n 's/^#define VECDOT_VERSION_[A-Z]* //p' "$source/include/vecdot/vecdot.h" | paste -sd.)
# Before 1.0 each minor version is an interface of its own.
case $version in
    0.*) interface=${version%.*} ;;
    *)   interface=${version%%.*} ;;
esac

# ---- What the binaries show
readelf -d "$library" > "$work/dynamic"
check "the soname is libvecdot.so.$interface" grep -qF "soname: [libvecdot.so.$interface]" "$work/dynamic"
check "its name in the folder is the soname" test -f "$library.$interface"
check "the file is libvecdot.so.$version" test -f "$library.$version"
sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' "$work/dynamic" | grep -vE '^(libc|libm|libdl|libpthread|ld-linux.*)\.so' \
    > "$work/needed" || true
check "libvecdot.so needs the C library only" test ! -s "$work/needed"
nm -D --undefined-only "$library" | grep -E ' (cl|cu|nv)[A-Z]' > "$work/drivers" || true
check "no driver function is linked" test ! -s "$work/drivers"

# ---- pkg-config
PKG_CONFIG_PATH=$libdir/pkgconfig
export PKG_CONFIG_PATH
check "pkg-config finds version $version" test "$(pkg-config --modversion vecdot)" = "$version"
flags=$(pkg-config --cflags --libs vecdot)
# shellcheck disable=SC2086 # several words
check "examples/dot.c builds by pkg-config" \
    "$cc" -std=c11 -Wall -Wextra -Werror -o "$work/dot" "$source/examples/dot.c" $flags "-Wl,-rpath,$libdir" -lm
# shellcheck disable=SC2046 # several words
check "... and with the static library" \
    "$cc" -std=c11 -o "$work/dot-static" "$source/examples/dot.c" $(pkg-config --cflags vecdot) "$archive" \
    -ldl -lpthread -lm
# shellcheck disable=SC2086 # several words
check "examples/columns.c builds" \
    "$cc" -std=c11 -Wall -Wextra -Werror -o "$work/columns" "$source/examples/columns.c" $flags "-Wl,-rpath,$libdir"
columns=$("$work/columns" | paste -sd, || true)
check "examples/columns.c gives its sums" test "$columns" = "100000 50000,200000 100000,300000 150000,400000 200000"
# shellcheck disable=SC2086 # several words
check "the headers are C++" \
    "$cxx" -std=c++11 -Wall -Wextra -Werror -o "$work/headers" "$here/headers.cpp" $flags "-Wl,-rpath,$libdir"
check "the C++ program runs" "$work/headers"

# ---- find_package
check "find_package finds version $version" configure "$version"
check "find_package builds" cmake --build "$work/project-$version"
check "find_package finds version $interface" configure "$interface"
major=${version%%.*} minor=${version#*.}
minor=${minor%%.*}
check "find_package refuses a later minor version" refuses "$major.$((minor + 1))"
check "find_package refuses another major version" refuses "$((major + 1)).0"
if [ "$major" = 0 ] && [ "$minor" -gt 0 ]; then
    check "before 1.0 find_package refuses an earlier minor version" refuses "0.$((minor - 1))"
fi

# ---- They run, also where no driver is
check "the installed command runs" "$prefix/bin/vecdot" --version
for program in dot dot-static "project-$version/dot_shared" "project-$version/dot_static"; do
    check "$program runs" "$work/$program"
done
export VECDOT_LIBCUDA=/nowhere/libcuda.so VECDOT_LIBOPENCL=/nowhere/libOpenCL.so
check "the program runs without a driver" "$work/dot"

[ "$failures" -eq 0 ] || { echo "$failures failed"; exit 1; }
