#!/usr/bin/env bash
# Measures this machine and writes what it finds to its page in docs/performance/ and its row in docs/performance.md:
# vecdot from memory and from the caches, the other libraries on the same cases, vecdot and NumPy in turn at everyday
# sizes, how the cost grows; tables and pictures. Some fourteen minutes on an idle machine.
#
#   scripts/measure.sh [--out FOLDER]    the JSON files; default build/measure
#
#   MEASURE_SCALE    tiny: small sizes and few samples, to try the script itself; give MEASURE_DOCS then
#   MEASURE_DOCS     a folder with a performance.md (default docs)
#   MEASURE_PYTHON   a Python with NumPy, matplotlib and what else is to be measured (default: build/venv with
#                    bench/requirements.txt)
#   VECDOT           the command (default build/release/vecdot, which is built)
#   MEASURE_LIBRARY  the library that everyday.py calls (default libvecdot.so beside the command)
#   VECDOT_BACKEND, VECDOT_DEVICE: where
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

out=build/measure
case ${1:-} in
    '')    ;;
    --out) out=${2:?--out needs a folder} ;;
    *)     sed -n '2,15s/^# \{0,1\}//p' "$0"; [ "$1" = --help ] && exit 0; exit 2 ;;
esac
docs=${MEASURE_DOCS:-docs}
[ -f "$docs/performance.md" ] || { echo "measure.sh: there is no $docs/performance.md" >&2; exit 2; }
mkdir -p "$out"

case ${MEASURE_SCALE:-} in
    tiny) dram=tiny cache=tiny runs=2 budget=120 cache_budget=120 growth=(--runs 2 --most-bytes 2e4 --budget 30)
          everyday=(--rounds 2 --sample 0.001) ;;
    '')   dram=dram cache=cache runs=7 budget=400 cache_budget=120 growth=() everyday=() ;;
    *)    echo "measure.sh: MEASURE_SCALE wants tiny, not '$MEASURE_SCALE'" >&2; exit 2 ;;
esac

vecdot=${VECDOT:-build/release/vecdot}
if [ -z "${VECDOT:-}" ]; then
    cmake --preset release > "$out/build.log" && cmake --build --preset release --parallel "$jobs" >> "$out/build.log"
fi
library=${MEASURE_LIBRARY:-$(dirname "$vecdot")/libvecdot.so}
python=${MEASURE_PYTHON:-}
[ -n "$python" ] || python_with bench bench/requirements.txt

read -r load _ < /proc/loadavg
[ "${load%.*}" -lt 1 ] || echo "measure.sh: the load is $load, other programs are running: do not keep the figures" >&2

# both NAME SCALE BUDGET: vecdot and then the other libraries.
both() {
    "$vecdot" bench --scale "$2" --runs "$runs" --json "$out/$1.json"
    "$python" bench/peers.py "$out/$1.json" -o "$out/$1-peers.json" --runs "$runs" --budget "$3"
}
both dram "$dram" "$budget"
both cache "$cache" "$cache_budget"
"$vecdot" bench --scale everyday --runs 1 --json "$out/everyday-cases.json" # checks each case to the bit
"$python" bench/everyday.py "$out/everyday-cases.json" --library "$library" -o "$out/everyday.json" "${everyday[@]}"
"$python" bench/growth.py --vecdot "$vecdot" -o "$out/growth.json" "${growth[@]}"

page=$("$python" bench/performance_table.py "$docs/performance.md" --dram "$out/dram.json" "$out/dram-peers.json" \
    --cache "$out/cache.json" "$out/cache-peers.json" --everyday "$out/everyday.json" --growth "$out/growth.json")
for scale in dram cache; do
    "$python" bench/plot_bench.py "$out/$scale.json" "$out/$scale-peers.json" -o "${page%.md}-share-$scale.svg"
done
"$python" bench/plot_growth.py "$out/growth.json" -o "${page%.md}-growth.svg"
echo "$SECONDS seconds; the samples are in $out, the tables in $page and $docs/performance.md"
