#!/bin/sh
# The targets that cmake/Target.cmake refuses: each must be refused while configuring, and for its own reason. The
# compiler's flags make such targets. Nothing is linked, so they need no C library of their own.
#   refused_targets.sh COMPILER [CMAKE-OPTION...]
set -eu
compiler=$1
shift
source=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tried=0 failures=0

configure() { # flags options...
    flags=$1
    shift
    rm -rf "$work/build"
    cmake -S "$source" -B "$work/build" -DBUILD_TESTING=OFF -DVECDOT_CUDA=OFF "-DCMAKE_C_COMPILER=$compiler" \
        "-DCMAKE_C_FLAGS=$flags" -DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY "$@" > "$work/log" 2>&1
}

fails() { # what
    echo "FAILED  $1"
    cat "$work/log"
    failures=$((failures + 1))
}

refused() { # flags what-they-make reason options...
    flags=$1 made=$2 reason=$3
    shift 3
    printf '#if !(%s)\n#error\n#endif\n' "$made" > "$work/made.c"
    if ! "$compiler" "$flags" -c "$work/made.c" -o "$work/made.o" 2> /dev/null; then
        echo "        $flags does not do that here"
        return
    fi
    tried=$((tried + 1))
    if configure "$flags" "$@"; then
        fails "$flags is not refused"
    elif tr -s ' \n' ' ' < "$work/log" | grep -q "vecdot: needs $reason"; then
        echo "ok      $flags is refused"
    else
        fails "$flags is refused, but not because the library needs $reason"
    fi
}

# Without such flags the same command succeeds.
if configure "" "$@"; then echo "ok      no flags"; else fails "no flags: refused"; fi
for flags in -m32 -mx32 -mabi=ilp32; do
    refused "$flags" "__SIZEOF_POINTER__ == 4" "a target with 64-bit addresses" "$@"
done
refused -mbig-endian "__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__" "a little-endian target" "$@"
for flags in -mfpmath=387 -ffast-math -Ofast; do
    refused "$flags" "__FLT_EVAL_METHOD__ == 2 || defined __FAST_MATH__" "float and double arithmetic" "$@"
done
[ "$tried" -ge 4 ] || { echo "only $tried tried"; exit 1; }
[ "$failures" -eq 0 ] || { echo "$failures failed"; exit 1; }
