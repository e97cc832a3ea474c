#!/usr/bin/env bash
# Everything that only a machine with an NVIDIA GPU can tell, in one command of at most ten minutes: builds, runs the
# suites on the CUDA device and on every OpenCL device, runs them under compute-sanitizer, and measures. Needs no
# network and installs nothing; what is missing is left out and said so. A stage that fails does not stop the others.
#
#   scripts/gpu_check.sh [--out FOLDER]     results, summary.txt first; default build/gpu-check/<date>
#
#   GPU_CHECK_SECONDS   for everything (default 570): later stages shrink, or are skipped when it is over
#   GPU_CHECK_SCALE     tiny: small sizes and few tests, to try the script itself
#   GPU_CHECK_BUILD     the build folder (default build/gpu-check/build)
#   VECDOT_DEPS_DIR     dependencies unpacked in a folder, as in docs/building.md
#   VECDOT_LIBCUDA      another CUDA driver: with the simulated one, all of this runs without a GPU
#
# Exit status: 0 when no stage failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

out=build/gpu-check/$(date -u +%Y%m%dT%H%M%SZ)
while [ $# -gt 0 ]; do
    case $1 in
        --out)   out=${2:?--out needs a folder}; shift 2 ;;
        --out=*) out=${1#--out=}; shift ;;
        *)       sed -n '2,16s/^# \{0,1\}//p' "$0"; [ "$1" = --help ] && exit 0; exit 2 ;;
    esac
done
mkdir -p "$out" || exit
out=$(cd "$out" && pwd)
summary=$out/summary.txt
: > "$summary"

total=${GPU_CHECK_SECONDS:-570}
scale=${GPU_CHECK_SCALE:-dram}
build=${GPU_CHECK_BUILD:-build/gpu-check/build}
vecdot=$build/vecdot
jobs=$(nproc)
failed=0
export VECDOT_CACHE_DIR=$out/program-cache
case $scale in
    tiny) runs=3 problems=20 sizes=tiny cache=tiny only=(-R '^(vectors|limits|random)(\.gpu)?$') ;;
    *)    runs=7 problems=5000 sizes=dram cache=cache only=() ;;
esac
export VECDOT_TEST_PROBLEMS=$problems VECDOT_TEST_PROBLEMS_SIMULATED=$problems
simulated=${VECDOT_LIBCUDA:-}
[ -z "$simulated" ] || export VECDOT_TEST_SIMULATED=1

# ---- Stages ------------------------------------------------------------------------------------------

say() { # state seconds name [why]
    printf '%-8s %4s s  %s%s\n' "$1" "$2" "$3" "${4:+: $4}" | tee -a "$summary"
}

skip() { say skipped 0 "$1" "$2"; }

# Seconds that a stage may take: at most so many, keeping so many for what comes after it, both of 570.
limit=0
allow() { # name most reserve
    local left=$((total - SECONDS)) most=$(($2 * total / 570)) reserve=$(($3 * total / 570))
    [ "$most" -ge 5 ] || most=5
    limit=$((left - reserve < most ? left - reserve : most))
    [ "$limit" -ge 3 ] || { skip "$1" "no time left"; return 1; }
}

# stage NAME MOST RESERVE COMMAND...: its log is NAME.log. What its last line that matches `note` says is told; with
# `may_be_late`, a command that does not end in time has not failed.
note='' may_be_late=''
stage() {
    local name=$1 begin=$SECONDS log=$out/$1.log status=0 why='' late=$may_be_late
    allow "$1" "$2" "$3" || return 1
    shift 3
    STAGE_SECONDS=$limit timeout --kill-after=5 "$limit" "$@" > "$log" 2>&1 < /dev/null || status=$?
    [ -z "$note" ] || why=$(grep -E "$note" "$log" | tail -n 1)
    case $status in
        0)       say ok $((SECONDS - begin)) "$name" "$why"; return 0 ;;
        124|137) why="its $limit s were over${why:+; $why}" ;;
        *)       why="status $status${why:+; $why}; see $name.log" late='' ;;
    esac
    if [ -n "$late" ]; then
        say skipped $((SECONDS - begin)) "$name" "$why; what came until then is in $name.log"
        return 1
    fi
    say FAILED $((SECONDS - begin)) "$name" "$why"
    failed=1
    tail -n 15 "$log" | sed 's/^/    | /'
    return 1
}

# The tests of a label; tells how many passed and which did not.
suite() { # name most reserve ctest-options...
    local name=$1 begin=$SECONDS log=$out/$1.log status=0 ok bad
    allow "$1" "$2" "$3" || return 1
    shift 3
    timeout --kill-after=5 "$limit" ctest --test-dir "$build" --no-tests=error --output-on-failure \
        --parallel "$((jobs < 4 ? jobs : 4))" "$@" > "$log" 2>&1 < /dev/null || status=$?
    ok=$(grep -cE '^ *[0-9]+/[0-9]+ Test .* Passed ' "$log")
    bad=$(sed -nE 's/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: ([^ ]+) .*\*\*\*([A-Za-z ]*[A-Za-z]).*/\1 \2/p' "$log" | paste -sd, -)
    [ "$status" -ne 124 ] && [ "$status" -ne 137 ] || bad="${bad:+$bad,}its $limit s were over"
    if [ "$status" -eq 0 ] && [ "$ok" -gt 0 ] && [ -z "$bad" ]; then
        say ok $((SECONDS - begin)) "$name" "$ok tests passed"
    else
        say FAILED $((SECONDS - begin)) "$name" "$ok tests passed; ${bad:-status $status}"
        failed=1
    fi
}

# ---- The machine -------------------------------------------------------------------------------------

versions() {
    date -u
    uname -a
    git rev-parse HEAD 2> /dev/null
    local program
    for program in cmake ninja cc ptxas nvcc python3 compute-sanitizer; do
        echo "-- $program: $(command -v "$program" || echo "not there")"
        "$program" --version 2> /dev/null
    done
    grep -m 1 'model name' /proc/cpuinfo
    free -g 2> /dev/null
    nvidia-smi 2> /dev/null
    nvidia-smi -q 2> /dev/null || echo "no nvidia-smi"
}
export PATH=$PATH:/usr/local/cuda/bin
versions > "$out/machine.txt" 2>&1

# An OpenCL device is tested where there are a loader and a driver. Containers often lack the line that names
# NVIDIA's driver to the loader.
backends=cuda
loader=$(PATH=$PATH:/sbin ldconfig -p 2> /dev/null | grep -m 1 -o 'libOpenCL.so.1' || true)
if [ -n "$loader" ] && [ -z "${OCL_ICD_VENDORS:-}" ] && ! compgen -G '/etc/OpenCL/vendors/*.icd' > /dev/null; then
    if PATH=$PATH:/sbin ldconfig -p | grep -q 'libnvidia-opencl.so.1'; then
        mkdir -p "$out/vendors"
        echo libnvidia-opencl.so.1 > "$out/vendors/nvidia.icd"
        export OCL_ICD_VENDORS=$out/vendors
    fi
fi
if [ -n "$loader" ] && { [ -n "${OCL_ICD_VENDORS:-}" ] || compgen -G '/etc/OpenCL/vendors/*.icd' > /dev/null; }; then
    backends=cuda,opencl
fi

# ---- Building ----------------------------------------------------------------------------------------

generator=()
[ -e "$build/CMakeCache.txt" ] || ! command -v ninja > /dev/null || generator=(-G Ninja)
configure=(cmake -S . -B "$build" "${generator[@]}" -DCMAKE_BUILD_TYPE=Release -DVECDOT_DEPS_DIR="${VECDOT_DEPS_DIR:-}"
    -DVECDOT_PTX_FROM="$PWD/build/release" -DVECDOT_CPU_SETS=portable) # the CPU is not what is measured here
# The tests on OpenCL need its headers and its loader to link to, the library itself does not: without them, only CUDA.
# shellcheck disable=SC2016
stage configure 60 420 bash -c 'wanted=$1; shift; "$@" -DVECDOT_TEST_BACKENDS="$wanted" ||
    { [ "$wanted" != cuda ] && "$@" -DVECDOT_TEST_BACKENDS=cuda; }' - "$backends" "${configure[@]}" ||
    stage configure-without-tests 60 420 "${configure[@]}" -DBUILD_TESTING=OFF
keep_going=(-k)
if grep -q '^CMAKE_GENERATOR:INTERNAL=Ninja' "$build/CMakeCache.txt" 2> /dev/null; then keep_going=(-k 0); fi
stage build 240 250 cmake --build "$build" --parallel "$jobs" -- "${keep_going[@]}" ||
    stage build-command 120 200 cmake --build "$build" --parallel "$jobs" --target vecdot_command
tested=$(sed -n 's/^VECDOT_TEST_BACKENDS:[A-Z]*=//p' "$build/CMakeCache.txt" 2> /dev/null)

# ---- Is there a device, and does it compute? ---------------------------------------------------------

note='^Trying' stage doctor 40 200 "$vecdot" doctor --device cuda
note='^cuda:0' stage devices 20 200 "$vecdot" devices
note='passed' stage selftest 60 200 "$vecdot" selftest --device cuda

# ---- The suites --------------------------------------------------------------------------------------

suite tests-cuda 260 190 -L '^cuda-gpu$' "${only[@]}"
mapfile -t opencl < <(grep -oE '^opencl:[0-9]+' "$out/devices.log" 2> /dev/null)
if [[ $tested = *opencl* && ${#opencl[@]} -gt 0 ]]; then
    all=$(IFS=,; echo "cuda,${opencl[*]}")
    [ "$all" = cuda,opencl:0 ] || "${configure[@]}" -DVECDOT_TEST_BACKENDS="$all" > "$out/configure-opencl.log" 2>&1
    suite tests-opencl 80 170 -L '^opencl$' "${only[@]}"
else
    skip tests-opencl "no OpenCL loader, driver, device or headers"
fi

# ---- Under compute-sanitizer -------------------------------------------------------------------------

# Why it cannot be used: it is not there, or it refuses some virtual machines.
refused=
if [ -n "$simulated" ]; then
    refused="the driver is simulated"
elif ! command -v compute-sanitizer > /dev/null; then
    refused="no compute-sanitizer"
else
    timeout 30 compute-sanitizer "$vecdot" doctor --device cuda > "$out/compute-sanitizer.log" 2>&1 < /dev/null
    ! grep -q 'not supported' "$out/compute-sanitizer.log" || refused="it does not support this device"
fi
for tool in memcheck racecheck initcheck synccheck; do
    [ -z "$refused" ] || { skip "$tool" "$refused"; continue; }
    note='SUMMARY' may_be_late=1 stage "$tool" 30 150 compute-sanitizer --tool "$tool" --error-exitcode 9 \
        "$vecdot" selftest --device cuda
done
if [ -z "$refused" ] && [ -x "$build/test_random" ]; then
    note='SUMMARY' may_be_late=1 stage memcheck-random 25 145 env VECDOT_TEST_BACKENDS=cuda VECDOT_TEST_PROBLEMS=60 \
        compute-sanitizer --tool memcheck --error-exitcode 9 "$build/test_random"
fi

# ---- Measuring ---------------------------------------------------------------------------------------

measure() { # name most reserve device scale
    may_be_late=1 stage "$1" "$2" "$3" "$vecdot" bench --device "$4" --scale "$5" --runs "$runs" --json "$out/$1.json" &&
        cat "$out/$1.log"
}
measure bench 130 60 cuda "$sizes"
if ! command -v python3 > /dev/null; then
    skip peers "no python3"
elif [ ! -e "$out/bench.json" ]; then
    skip peers "bench left no list of cases"
else
    # shellcheck disable=SC2016
    may_be_late=1 stage peers 150 20 bash -c 'exec python3 bench/peers.py "$1/bench.json" \
        -o "$1/peers.json" --runs "$2" --budget $((STAGE_SECONDS - 3)) --case-seconds 30' - "$out" "$runs" &&
        cat "$out/peers.log"
fi
measure bench-cache 40 10 cuda "$cache"
if grep -qE '^opencl:[0-9]+ +gpu' "$out/devices.log" 2> /dev/null; then
    measure bench-opencl 100 5 opencl:gpu "$sizes"
fi
if python3 -c 'import matplotlib' 2> /dev/null && [ -e "$out/bench.json" ]; then
    reports=("$out/bench.json")
    [ ! -e "$out/peers.json" ] || reports+=("$out/peers.json")
    stage plot 20 0 python3 bench/plot_bench.py "${reports[@]}" -o "$out/share.svg"
else
    skip plot "no matplotlib, or nothing to draw"
fi

rm -rf "$VECDOT_CACHE_DIR"
echo
echo "$SECONDS s of $total; results in $out"
cat "$summary"
exit "$failed"
