#!/usr/bin/env bash
# Every test of the project, with one summary at the end: all suites in a release build, on the CPU, on OpenCL and on the
# simulated CUDA driver, the same under the sanitizers with fewer random problems, a clang build with the CPU's suites, a
# build for AArch64 under qemu, the Python end-to-end comparison, and the kernels in a simulator that checks each memory
# access; formatting and clang-tidy too. Installs what is missing first. Logs: build/logs/.
# Where the CUDA toolkit (NVRTC) is missing, the library is built without CUDA kernels and nothing of CUDA is tested.
#
# Fails when anything fails, when nothing ran, and when a test on a required backend (VECDOT_TEST_BACKENDS,
# default opencl,cpu) was skipped. On the CPU backend an instruction set that the processor lacks may be skipped, the best
# that it has may not.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

backends=${VECDOT_TEST_BACKENDS:-opencl,cpu}
problems=${VECDOT_TEST_PROBLEMS:-20000}
few_problems=${VECDOT_TEST_PROBLEMS_SANITIZED:-100}
emulated=${VECDOT_TEST_PROBLEMS_EMULATED:-1000}
e2e_problems=${VECDOT_TEST_PROBLEMS_E2E:-300}
simulated=${VECDOT_TEST_PROBLEMS_SIMULATED:-6000}
may_skip='^(ptxas|blas|(.*\.)?cpu-[a-z0-9]+)$'

passed=0 failed=0 skipped=0 failures=()
logs=build/logs
rm -rf "$logs"
mkdir -p "$logs"

# stage NAME COMMAND...: one check that is a test by itself.
stage() {
    local name=$1 start=$SECONDS
    shift
    if "$@" > "$logs/$name.log" 2>&1 < /dev/null; then
        passed=$((passed + 1))
        echo "ok      $name ($((SECONDS - start)) s)"
    else
        failed=$((failed + 1)) failures+=("$name")
        echo "FAILED  $name ($((SECONDS - start)) s), the end of $logs/$name.log:"
        tail -n 40 "$logs/$name.log" | sed 's/^/        /'
        return 1
    fi
}

# suite NAME CTEST-OPTIONS...: every test counts by itself.
suite() {
    local name=$1 log=$logs/$1.log start=$SECONDS status=0 mark='ok     ' skips='' troubles=() ok lines line
    shift
    ctest "$@" --parallel "$jobs" --no-tests=error --output-on-failure > "$log" 2>&1 < /dev/null || status=$?
    ok=$(grep -cE '^ *[0-9]+/[0-9]+ Test .* Passed ' "$log" || true)
    mapfile -t lines < <(sed -nE 's/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: ([^ ]+) .*\*\*\*([A-Za-z ]*[A-Za-z]).*/\1 \2/p' "$log")
    for line in "${lines[@]}"; do
        if [[ ${line#* } = Skipped* && ${line%% *} =~ $may_skip ]]; then
            skipped=$((skipped + 1)) skips="$skips, skipped ${line%% *}"
        else
            troubles+=("$line")
        fi
    done
    [ "$ok" -gt 0 ] || troubles+=("nothing ran")
    [ "$status" -eq 0 ] || [ ${#troubles[@]} -gt 0 ] || troubles+=("ctest ended with status $status")
    [ ${#troubles[@]} -eq 0 ] || mark='FAILED '
    passed=$((passed + ok))
    echo "$mark $name: $ok passed$skips ($((SECONDS - start)) s)"
    [ ${#troubles[@]} -gt 0 ] || return 0
    failed=$((failed + ${#troubles[@]}))
    for line in "${troubles[@]}"; do failures+=("$name: $line"); done
    printf '        %s\n' "${troubles[@]}"
    if [ "$ok" -eq 0 ]; then
        tail -n 20 "$log"
    else
        grep -E '\[  (FAILED|ERROR)|ERROR: |runtime error|WARNING: ThreadSanitizer' "$log" | head -n 40 || true
    fi
}

build() { # preset
    cmake --preset "$1" -DVECDOT_TEST_BACKENDS="$backends" && cmake --build --preset "$1" --parallel "$jobs"
}

# Its tests run on the backend `cpu`, whatever this machine has.
build_aarch64() {
    scripts/aarch64_packages.sh && cmake --preset aarch64 && cmake --build --preset aarch64 --parallel "$jobs"
}

end_to_end() { # problems
    python_with e2e tests/e2e/requirements.txt &&
        VECDOT_CACHE_DIR=$PWD/build/program-cache "$python" tests/e2e/run.py \
            --vecdot build/release/vecdot --problems "$1"
}

measuring() {
    python_with e2e tests/e2e/requirements.txt && "$python" tests/measuring.py --vecdot build/release/vecdot
}

on() { # backend command...
    VECDOT_BACKEND=$1 "${@:2}"
}

simulated() { # command...: on the simulated CUDA driver
    VECDOT_BACKEND=cuda VECDOT_LIBCUDA=$PWD/build/release/cudasim/libcuda.so.1 "$@"
}

has_cuda() {
    [ -d build/release/generated/ptx ]
}

scripts/setup.sh test
for what in format text shell python; do
    stage "lint-$what" scripts/lint.sh "$what" || true
done
export VECDOT_TEST_PROBLEMS=$problems VECDOT_TEST_PROBLEMS_SIMULATED=$simulated
if stage build-release build release; then
    stage lint-tidy scripts/lint.sh tidy || true
    suite release --test-dir build/release
    stage end-to-end on cpu end_to_end "$e2e_problems" || true
    stage end-to-end-opencl on opencl end_to_end $((e2e_problems / 3)) || true
    stage measuring measuring || true
    if has_cuda; then
        stage end-to-end-sim simulated end_to_end $((e2e_problems / 3)) || true
        stage gpu-check simulated env GPU_CHECK_SCALE=tiny scripts/gpu_check.sh --out build/gpu-check/simulated || true
    else
        echo "        no CUDA toolkit (NVRTC): built without CUDA kernels, which are not tested"
    fi
    stage oclgrind scripts/oclgrind.sh || true
fi
export VECDOT_TEST_PROBLEMS=$((problems / 5))
if stage build-clang build clang; then
    suite clang --test-dir build/clang -L '^cpu$'
fi
export VECDOT_TEST_PROBLEMS=$few_problems VECDOT_TEST_PROBLEMS_SIMULATED=$few_problems
if stage build-asan build asan; then
    suite asan --test-dir build/asan -E '^(lint_.*|blas|large\.cpu)$' # CLBlast's own programs take minutes there
fi
if stage build-tsan build tsan; then
    suite tsan --test-dir build/tsan -R '^(threads(\.sim|\.cpu)?|cpu|pool(_life)?|own_pool)$'
fi
export VECDOT_TEST_PROBLEMS=$emulated
if [ "$(uname -m)" = aarch64 ]; then
    echo "        this machine is an AArch64, and all of the above ran on it: nothing is built for qemu"
elif stage build-aarch64 build_aarch64; then
    suite aarch64 --preset aarch64
    echo "        left out under qemu: large, where 2^31 elements take minutes, and what forks with threads"
fi

echo
echo "$SECONDS seconds; backends: $backends"
[ ${#failures[@]} -eq 0 ] || printf 'FAILED: %s\n' "${failures[@]}"
summary="$passed passed, $failed failed"
[ "$skipped" -eq 0 ] || summary="$summary, $skipped skipped"
echo "$summary"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
