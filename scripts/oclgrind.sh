#!/usr/bin/env bash
# Runs the kernels on Oclgrind, a simulated OpenCL device that checks every memory access, looks for data races
# and, in the GPU schedule, for reads of uninitialised memory. By default it runs each plan class of the CPU schedule
# with each form of operands, the dtypes in turn, and each kernel of the GPU schedule, which the simulated CUDA driver
# checks as well, once for each way in which it loads; --all for every combination (an hour or so).
#
# The library opens libOpenCL.so.1 itself, so the `oclgrind` wrapper, which preloads its own, would be bypassed
# without a word: Oclgrind is named to the OpenCL loader as the only driver. A program in it exits 0 whatever it
# finds: its log must be empty.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

driver=
for file in /usr/lib/oclgrind/liboclgrind-rt-icd.so /usr/lib/*/oclgrind/liboclgrind-rt-icd.so; do
    [ -e "$file" ] && driver=$file
done
[ -n "$driver" ] || { echo "oclgrind: no liboclgrind-rt-icd.so: run scripts/setup.sh test" >&2; exit 1; }

[ -d build/release ] || cmake --preset release > /dev/null
cmake --build build/release --parallel "$jobs" --target oclgrind_variants > /dev/null

folder=$PWD/build/oclgrind
rm -rf "$folder"
mkdir -p "$folder/vendors"
echo "$driver" > "$folder/vendors/oclgrind.icd"
export OCL_ICD_VENDORS=$folder/vendors VECDOT_TEST_BACKENDS=opencl:oclgrind
export VECDOT_CACHE_DIR=$folder/cache # empty: programs are built by this Oclgrind, with these options
export OCLGRIND_CHECK_API=1 OCLGRIND_DATA_RACES=1 OCLGRIND_MAX_ERRORS=100
# Its interpreter goes wrong on what clang's optimiser emits, and does not know prefetching.
export OCLGRIND_BUILD_OPTIONS='-cl-opt-disable -D__builtin_prefetch(...)='

check() { # schedule options...
    export OCLGRIND_LOG=$folder/$1.log
    local output=$folder/$1.txt failed=0
    build/release/oclgrind_variants "$@" > "$output" 2>&1 || failed=1
    grep -vE '^ok ' "$output" || true
    if grep -q . "$OCLGRIND_LOG" || grep -qiE 'oclgrind.*(error|fatal)' "$output"; then
        echo "oclgrind: it found errors in the $1 schedule; the beginning of $OCLGRIND_LOG:"
        head -n 60 "$OCLGRIND_LOG"
        failed=1
    fi
    return "$failed"
}
OCLGRIND_UNINITIALIZED=1 check gpu "$@" &
failed=0
check cpu "$@" || failed=1 # that check crashes on the vectors of the CPU schedule
wait $! || failed=1
[ "$failed" -eq 0 ] && echo "oclgrind: no errors"
exit "$failed"
