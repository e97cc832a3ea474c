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

same() { # expected-file actual-file
    diff -u "$1" "$2"
}

# Installed in one place and moved to another, as packages are.
cmake --install "$build" --prefix "$work/first" > "$work/log" || { cat "$work/log"; exit 1; }
mv "$work/first" "$prefix"
library=$(find "$prefix" -name libvecdot.so)
libdir=$(dirname "$library")
archive=$libdir/libvecdot.a
version=$(sed -n 's/^#define VECDOT_VERSION_[A-Z]* //p' "$source/include/vecdot/vecdot.h" | paste -sd.)

# ---- What the binaries show
for header in "$prefix"/include/vecdot/*.h; do
    sed -e 's@/\*.*\*/@@' -e '/^#/d' "$header" | tr '\n' ' ' | grep -o 'VECDOT_API [^;(]*(' |
        sed -e 's/($//' -e 's/.*[ *]//' >> "$work/declared"
done
sort -u -o "$work/declared" "$work/declared"
nm -D --defined-only "$library" | awk '{print $3}' | sort -u > "$work/exported"
nm -g --defined-only "$archive" 2> /dev/null | awk 'NF == 3 {print $3}' | sort -u > "$work/archived"
check "the headers declare functions" grep -qx vecdot_context_create "$work/declared"
check "libvecdot.so exports what the headers declare and no more" same "$work/declared" "$work/exported"
check "libvecdot.a has those global names and no more" same "$work/declared" "$work/archived"

readelf -d "$library" > "$work/dynamic"
check "the soname is libvecdot.so.${version%%.*}" grep -q "soname: \[libvecdot.so.${version%%.*}\]" "$work/dynamic"
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
check "examples/dot.c builds by pkg-config" \
    "$cc" -std=c11 -Wall -Wextra -Werror -o "$work/dot" "$source/examples/dot.c" $flags "-Wl,-rpath,$libdir" -lm
check "... and with the static library" \
    "$cc" -std=c11 -o "$work/dot-static" "$source/examples/dot.c" $(pkg-config --cflags vecdot) "$archive" \
    -ldl -lpthread -lm
check "the headers are C++" \
    "$cxx" -std=c++11 -Wall -Wextra -Werror -o "$work/headers" "$here/headers.cpp" $flags "-Wl,-rpath,$libdir"
check "the C++ program runs" "$work/headers"

# ---- find_package
check "find_package configures" \
    cmake -S "$here" -B "$work/project" -G Ninja "-DCMAKE_PREFIX_PATH=$prefix" "-Dvecdot_VERSION_WANTED=$version" \
    "-DEXAMPLE=$source/examples/dot.c" "-DCMAKE_C_COMPILER=$cc"
check "find_package builds" cmake --build "$work/project"

# ---- They run, where a device is
check "the installed command runs" "$prefix/bin/vecdot" --version
if [ -n "${VECDOT_TEST_BACKENDS-opencl}" ]; then
    for program in dot dot-static project/dot_shared project/dot_static; do
        check "$program runs" "$work/$program"
    done
fi

[ "$failures" -eq 0 ] || { echo "$failures failed"; exit 1; }
