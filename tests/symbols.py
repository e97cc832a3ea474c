"""Checks the names that the libraries show to the world.

    symbols.py --nm NM --map FILE --headers FOLDER --shared LIBRARY --static ARCHIVE

The headers declare the functions that the version script lists; libvecdot.so exports these, each in its version, and no
others; libvecdot.a has these global names and no others, since a program's own names are beside them.
"""

import argparse
import pathlib
import re
import subprocess
import sys


def functions_of_map(text):
    """The functions that a version script exports, each with its version."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    functions = {}
    for version, body in re.findall(r"(\w[\w.]*)\s*\{(.*?)\}", text, re.S):
        exported = re.search(r"global:(.*?)(?:local:|$)", body, re.S)
        for name in re.findall(r"([^\s;]+)\s*;", exported.group(1) if exported else ""):
            if name in functions:
                sys.exit(f"{name} is in {functions[name]} and in {version}")
            functions[name] = version
    return functions


def functions_of_headers(folder):
    """The functions that the headers declare."""
    found = set()
    for path in folder.glob("*.h"):
        text = re.sub(r"/\*.*?\*/|^#.*?$", "", path.read_text(), flags=re.S | re.M)
        found |= set(re.findall(r"VECDOT_API\s[^;(]*?(\w+)\s*\(", text))
    return found


def names_in(nm, *options):
    """The defined names as nm prints them, without the versions themselves."""
    lines = subprocess.run([nm, "--defined-only", *options], check=True, capture_output=True, text=True).stdout
    return {fields[2] for line in lines.splitlines() if len(fields := line.split()) == 3 and fields[1] != "A"}


def differences(what, expected, found):
    for name in sorted(expected - found):
        yield f"{what}: {name} is missing"
    for name in sorted(found - expected):
        yield f"{what}: {name} should not be there"


def problems(arguments):
    listed = functions_of_map(arguments.map.read_text())
    if not listed:
        yield f"{arguments.map}: it lists no function"
    yield from differences("the public headers", set(listed), functions_of_headers(arguments.headers))
    versioned = {f"{name}@@{version}" for name, version in listed.items()}
    yield from differences("the shared library", versioned, names_in(arguments.nm, "-D", arguments.shared))
    yield from differences("the static library", set(listed), names_in(arguments.nm, "-g", arguments.static))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--nm", required=True)
    parser.add_argument("--map", required=True, type=pathlib.Path)
    parser.add_argument("--headers", required=True, type=pathlib.Path)
    parser.add_argument("--shared", required=True)
    parser.add_argument("--static", required=True)
    found = list(problems(parser.parse_args()))
    print("\n".join(found) or "the libraries show what the headers declare")
    sys.exit(1 if found else 0)
