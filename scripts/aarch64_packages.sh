#!/usr/bin/env bash
# Unpacks the packages for AArch64 that the preset aarch64 needs into build/aarch64-packages: DLPack, xxHash and cmocka,
# from this machine's own sources of packages. They are not installed, and the machine's architectures and its lists of
# packages stay as they are; so this needs no root. Does nothing, and needs no network, once all is there.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

packages=(libdlpack-dev libxxhash-dev libcmocka-dev libcmocka0)
files=(include/dlpack/dlpack.h include/xxhash.h include/cmocka.h lib/aarch64-linux-gnu/libcmocka.so)
folder=build/aarch64-packages

missing() {
    local file
    for file in "${files[@]}"; do
        [ -e "$folder/usr/$file" ] || echo "$file"
    done
}

[ -n "$(missing)" ] || exit 0
command -v apt-get > /dev/null || {
    echo "aarch64: no apt-get here: put these files for AArch64 below $folder/usr:" "$(missing)" >&2
    exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$folder"
apt=(apt-get -q -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o APT::Sandbox::User=root
    -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o Dir::State::status=/dev/null)
# An update that fails, for one of many sources perhaps, matters only when the download then fails too.
if ! (cd "$work" && { "${apt[@]}" update || true; } && "${apt[@]}" download "${packages[@]}") > "$work/log" 2>&1; then
    tail -n 20 "$work/log" >&2
    echo "aarch64: this machine's sources of packages do not give ${packages[*]} for arm64" >&2
    echo "aarch64: (Ubuntu's do with one more: deb [arch=arm64] http://ports.ubuntu.com/ubuntu-ports ...)" >&2
    exit 1
fi
for package in "$work"/*.deb; do dpkg -x "$package" "$folder"; done
[ -z "$(missing)" ] || {
    echo "aarch64: the packages were unpacked in $folder, but these files are not in them:" "$(missing)" >&2
    exit 1
}
