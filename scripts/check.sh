#!/usr/bin/env bash
# The quick check before a commit: formatting, scripts, a debug build and every test that needs no device. Takes less than
# a minute on two cores once build/dev is built. scripts/test.sh runs everything.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

step() { # name command...
    local name=$1 start=$SECONDS log
    shift
    log=$(mktemp)
    if "$@" > "$log" 2>&1 < /dev/null; then
        echo "ok      $name ($((SECONDS - start)) s)"
        rm -f "$log"
    else
        cat "$log"
        rm -f "$log"
        echo "FAILED  $name: $*"
        exit 1
    fi
}

build() {
    cmake --preset dev && cmake --build --preset dev --parallel "$jobs"
}

step format scripts/lint.sh format
step text scripts/lint.sh text
step python scripts/lint.sh python
if command -v shellcheck > /dev/null; then
    step shell scripts/lint.sh shell
else
    echo "        no shellcheck here: the scripts are not checked"
fi
step build build
step unit ctest --preset dev --label-regex unit --parallel "$jobs"
echo "all good in $SECONDS s; scripts/test.sh runs the tests that need a device"
