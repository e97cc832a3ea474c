"""Checks that the arrows between the folders run one way.

    lint_wings.py       run in the project's folder

First the rules are tried on a made-up tree in which each of them is broken once: each must be found there, and nothing
in a tree that keeps to them. Then the project's own tree is checked.
"""

import pathlib
import re
import sys
import tempfile

# A lower wing comes first. A wing may include itself and those before it.
WINGS = ["base", "problem", "plan", "run"]

# What a backend may use of the core: base, and these, each for a reason.
FOR_BACKENDS = [
    (r"core/run/backend\w*\.h", "the interface that a backend fills"),
    (r"core/plan/variant\.h", "a program is opened by its variant"),
    (r"core/plan/program_text\.h", "a driver that compiles from source gets a variant's text"),
    (r"core/plan/gemm\.h", "a product of matrices, as the vendor's BLAS gets it"),
    (r"core/plan/kernel_(table|headers)\.h", "a backend of C functions is built from the table of kernels"),
]
# Only a backend's interop.c, which makes the core's objects from a program's own.
FOR_INTEROP = [(r"core/run/context\.h", "the objects that it makes")]

REGISTRY = "src/core/run/registry.c"
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)


def matches(path, allowed):
    return any(re.fullmatch(pattern, path) for pattern, _ in allowed)


def wing_of(path):
    found = re.match(r"core/(\w+)/", path)
    return found.group(1) if found else None


def backend_of(path):
    found = re.match(r"backend_(\w+)/", path)
    return found.group(1) if found else None


def core_may_include(source, included):
    """What is wrong with a file of the core that includes `included`, or None."""
    wing, other = wing_of(source), wing_of(included)
    if wing not in WINGS:
        return f"is in no wing; the wings are {', '.join(WINGS)}"
    if other and (other not in WINGS or WINGS.index(other) > WINGS.index(wing)):
        return f"{wing} is lower and includes {included}"
    if backend_of(included) or re.fullmatch(r"vecdot/(?!vecdot\.h)\w+\.h", included):
        return f"the core includes {included}, which belongs to a backend"
    return None


def backend_may_include(source, included):
    own, other = backend_of(source), backend_of(included)
    if other and other != own:
        return f"a backend includes another's {included}"
    wing = wing_of(included)
    if not wing or wing == "base" or matches(included, FOR_BACKENDS):
        return None
    if source.endswith("/interop.c") and matches(included, FOR_INTEROP):
        return None
    return f"a backend may not use {included} of the core"


def tool_may_include(root, name, quoted, included):
    """Headers of other tools, by their place beside it or in tools/; the system's and the public ones."""
    beside = [(root / name).parent / included, root / "tools" / included, root / included]
    tools = (root / "tools").resolve()
    if any(path.is_file() and path.resolve().is_relative_to(tools) for path in beside):
        return None
    if quoted or re.match(r"(core|backend_\w+|kernels|src|tests|bench)/", included):
        return f"a tool includes {included}; the public headers are all it may use of the library"
    return None


def library_may_include(included):
    if re.match(r"(tools|tests|bench|examples)/", included) or ".." in included:
        return f"the library includes {included}"
    return None


def wrongs_of(root, name, quoted, included):
    """What is wrong with the file of that name that includes `included`."""
    source = name.removeprefix("src/")
    if name.startswith("src/core/"):
        yield core_may_include(source, included)
    elif name.startswith("src/backend_"):
        yield backend_may_include(source, included)
    elif name.startswith("tools/"):
        yield tool_may_include(root, name, quoted, included)
    elif name.startswith("kernels/") and (quoted or name != "kernels/common/dialect_c.h"):
        yield f"a kernel includes {included}; the variant table puts sources together"
    if name.startswith("src/"):
        yield library_may_include(included)


def files_of(root):
    for folder in ("src", "tools", "kernels"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".c", ".h", ".cl"):
                yield path.relative_to(root).as_posix(), path.read_text()


def problems(root):
    backends = [path.name for path in (root / "src").glob("backend_*")]
    named = re.compile(rf"\b({'|'.join(backends)})\b") if backends else None
    for name, text in files_of(root):
        code = COMMENT.sub(" ", text)
        for quote, included in INCLUDE.findall(code):
            yield from (f"{name}: {what}" for what in wrongs_of(root, name, quote == '"', included) if what)
        if named and name.startswith("src/core/") and name != REGISTRY:
            for backend in sorted(set(named.findall(INCLUDE.sub(" ", code)))):
                yield f"{name}: names {backend}; only {REGISTRY} may"


# ---- The rules themselves

GOOD = {
    "src/core/base/text.h": '/* as backend_cuda does */\n#include <vecdot/vecdot.h>\n',
    "src/core/problem/walk.c": '#include "core/base/text.h"\n#include "core/problem/walk.h"\n',
    "src/core/plan/plan.c": '#include "core/problem/walk.h"\n#include "kernels/common/codes.h"\n',
    "src/core/run/registry.c": "extern const backend backend_cuda;\nextern const backend backend_opencl;\n",
    "src/backend_cuda/objects.h": '#include "core/run/backend.h"\n#include "core/base/os.h"\n#include "kernel_sources.h"\n',
    "src/backend_cuda/interop.c": '#include "backend_cuda/objects.h"\n#include "core/run/context.h"\n',
    "src/backend_opencl/program.c": '#include "core/plan/variant.h"\n// #include "backend_cuda/objects.h"\n',
    "tools/npy.h": '#include <vecdot/vecdot.h>\n#include <stdio.h>\n',
    "tools/bench/cases.h": '#include <vecdot/opencl.h>\n#include "npy.h"\n',
    "tools/bench/cases.c": '#include "cases.h"\n#include "bench/cases.h"\n#include "tools/npy.h"\n#include "../npy.h"\n',
    "src/backend_cpu/kernel_list.h": '#include "core/plan/kernel_table.h"\n#include "core/plan/kernel_headers.h"\n',
    "kernels/common/codes.h": "/* #include nothing */\n",
    "kernels/common/dialect_c.h": "#include <stdint.h>\n",
}

# One file more, and what must be said of it.
BAD = [
    ("src/core/base/dtype.c", '#include "core/problem/walk.h"\n', "base is lower"),
    ("src/core/problem/layout.c", '#include "core/plan/plan.h"\n', "problem is lower"),
    ("src/core/plan/thresholds.c", '  #  include "core/run/context.h"\n', "plan is lower"),
    ("src/core/attic/old.c", '#include "core/base/text.h"\n', "is in no wing"),
    ("src/core/plan/plan.h", '#include "core/attic/old.h"\n', "plan is lower"),
    ("src/core/run/device.c", '#include "backend_cuda/objects.h"\n', "belongs to a backend"),
    ("src/core/run/device.h", "#include <vecdot/cuda.h>\n", "belongs to a backend"),
    ("src/core/run/job.c", "int cuda = driver == &backend_cuda;\n", "names backend_cuda"),
    ("src/core/run/job.h", '#include "tests/support/trial.h"\n', "the library includes"),
    ("src/backend_opencl/queue.c", '#include "backend_cuda/objects.h"\n', "another's backend_cuda/objects.h"),
    ("src/backend_opencl/memory.c", '#include "core/run/memory.h"\n', "may not use core/run/memory.h"),
    ("src/backend_opencl/blas.c", '#include "core/run/context.h"\n', "may not use core/run/context.h"),
    ("src/backend_opencl/device.c", '#include "core/problem/problem.h"\n', "may not use core/problem/problem.h"),
    ("src/backend_cuda/ptx.c", '#include "../core/run/job.h"\n', "the library includes"),
    ("tools/main.c", '#include "core/base/text.h"\n', "a tool includes"),
    ("tools/npy.c", '#include "tests/support/reference.h"\n', "a tool includes"),
    ("tools/run.c", '#include "../src/core/base/text.h"\n', "a tool includes"),
    ("tools/help.c", "#include <core/base/text.h>\n", "a tool includes"),
    ("tools/value.c", '#include "kernel_sources.h"\n', "a tool includes"),
    ("kernels/gpu/team.h", '#include "kernels/common/codes.h"\n', "a kernel includes"),
    ("kernels/gpu/quad.h", "#include <stdint.h>\n", "a kernel includes"),
    ("kernels/common/dialect_c.h", '#include "kernels/common/codes.h"\n', "a kernel includes"),
]


def found_in(files):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return list(problems(root))


def faults_of_the_rules():
    for fault in found_in(GOOD):
        yield f"this lint refuses what is allowed: {fault}"
    for name, text, expected in BAD:
        found = found_in(GOOD | {name: text})
        if len(found) != 1 or not found[0].startswith(f"{name}: ") or expected not in found[0]:
            yield f"this lint says {found or 'nothing'} of {name} with {text!r}; expected: {expected}"


if __name__ == "__main__":
    found = [*faults_of_the_rules(), *problems(pathlib.Path("."))]
    print("\n".join(found) or "every arrow runs one way")
    sys.exit(1 if found else 0)
