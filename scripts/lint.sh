#!/usr/bin/env bash
# Looks at the sources without running them.
#
#   scripts/lint.sh format           clang-format 14: every C file except the public headers, whose tables are aligned by
#                                    hand, and kernels/
#   scripts/lint.sh text             every text file, as .editorconfig says: no tab, no blank at a line's end, a newline at
#                                    the file's end
#   scripts/lint.sh shell            shellcheck: every script
#   scripts/lint.sh python           the syntax of every Python file
#   scripts/lint.sh tidy [FOLDER]    clang-tidy with .clang-tidy: the library and the command, as compiled in the build
#                                    folder (default build/release)
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

version=14 # later ones format otherwise and check more

# tool_of NAME: the command of that version.
tool_of() {
    local name
    for name in "$1-$version" "$1"; do
        command -v "$name" > /dev/null || continue
        [[ $("$name" --version) = *"version $version."* ]] || continue
        echo "$name"
        return
    done
    echo "lint: no $1 of version $version here (scripts/setup.sh test installs Debian's)" >&2
    return 1
}

# each COMMAND...: the command with some of the file names from standard input, NUL between them, on all cores at once.
each() {
    xargs -0 -r -P "$jobs" "$@"
}

case ${1:-} in
    format)
        tool=$(tool_of clang-format)
        find src tools tests bench examples cmake \( -name '*.[ch]' -o -name '*.cpp' \) -print0 |
            each -n 32 "$tool" --dry-run -Werror
        ;;
    text)
        find ./*.* .ci .clang-* .editorconfig .gitignore bench cmake docs examples include kernels scripts src tests tools \
            -name __pycache__ -prune -o -type f ! -name '*.npy' ! -name '*.tsv' ! -name '*.svg' -print0 |
            each -n 64 python3 -c '
import sys
faults = 0
for path in sys.argv[1:]:
    text = open(path, encoding="utf-8", newline="").read()
    for number, line in enumerate(text.split("\n"), 1):
        if "\t" in line or line != line.rstrip():
            print(f"{path}:{number}: a tab, or a blank at the end")
            faults += 1
    if text and not text.endswith("\n"):
        print(f"{path}: no newline at the end")
        faults += 1
sys.exit(1 if faults else 0)'
        ;;
    shell)
        find scripts tests .ci \( -name '*.sh' -o -path .ci/run \) -print0 | each -n 4 shellcheck --external-sources
        ;;
    python)
        find scripts tests bench -name '*.py' -print0 | each -n 64 python3 -c '
import ast, sys
for path in sys.argv[1:]:
    ast.parse(open(path).read(), path)'
        ;;
    tidy)
        tool=$(tool_of clang-tidy)
        find src tools -name '*.c' -print0 | each -n 1 "$tool" -p "${2:-build/release}" --quiet 2>&1 |
            sed -E '/^[0-9]+ warnings? (generated|treated)/d'
        ;;
    *)
        echo "usage: scripts/lint.sh format|text|shell|python|tidy [FOLDER]" >&2
        exit 2
        ;;
esac
