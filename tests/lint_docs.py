"""Checks that the README tells the truth where that can be checked: its program is examples/dot.c, its table of
environment variables names exactly those the library reads, and the paths it names exist.

    lint_docs.py        run in the project's folder
"""

import pathlib
import re
import sys


def variables_read():
    """The environment variables that the library's sources name."""
    files = [*pathlib.Path("src").rglob("*.c"), *pathlib.Path("src").rglob("*.h")]
    return {name for path in files for name in re.findall(r'"(VECDOT_[A-Z_]+)"', path.read_text())
            if not name.startswith("VECDOT_ERROR") and name != "VECDOT_SUCCESS"}


def problems():
    readme = pathlib.Path("README.md").read_text()
    example = pathlib.Path("examples/dot.c").read_text()
    programs = re.findall(r"```c\n(.*?)```", readme, re.S)
    if example not in programs:
        yield "README.md: its C program is not examples/dot.c"

    table = set(re.findall(r"^\| `(VECDOT_[A-Z_]+)` \|", readme, re.M))
    for name in sorted(variables_read() - table):
        yield f"README.md: the table of environment variables lacks {name}"
    for name in sorted(table - variables_read()):
        yield f"README.md: nothing in src/ reads {name}"

    folders = "src|include|kernels|tools|tests|bench|examples|scripts|docs|cmake"
    for path in sorted(set(re.findall(rf"`((?:{folders})/[\w./]*)`", readme))):
        if not pathlib.Path(path).exists():
            yield f"README.md: {path} does not exist"
    for path in re.findall(r"\]\(([^)#:]+)\)", readme):
        if not pathlib.Path(path).exists():
            yield f"README.md: it links to {path}, which does not exist"


if __name__ == "__main__":
    found = list(problems())
    print("\n".join(found) or "README.md agrees with the sources")
    sys.exit(1 if found else 0)
