# Sourced by the other scripts: the folder, the number of jobs, and Python packages kept in build/venv.
# shellcheck shell=bash disable=SC2034
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
jobs=$(nproc)
python=

# python_with NAME FILE: sets $python to a virtual environment that has the requirements in FILE. Asks the
# network only when FILE has changed since the last time. Options after FILE go to pip.
python_with() {
    local name=$1 requirements=$2 installed
    shift 2
    python=build/venv/bin/python
    installed=build/venv/installed-$name.txt
    "$python" -c 'import pip' 2> /dev/null || python3 -m venv --clear build/venv || return
    cmp -s "$requirements" "$installed" && return
    "$python" -m pip install --quiet --disable-pip-version-check "$@" -r "$requirements" &&
        cp "$requirements" "$installed"
}
