"""Checks what compilers do not: rules that the kernels' sources keep to.

    lint_kernels.py <kernels folder> <list_variants program>

Inside a loop no work-item id or size is asked for (compilers for CPU devices then split the loop at each);
`#pragma OPENCL_EXTENSION` (ignored by compilers without a word) does not occur; every program turns the
contraction of a*b+c off before its first function and never on; sources are plain ASCII, name no absolute
path and include nothing, except that the C dialect includes the compiler's headers; and the first comment of a kernel's file names the headers of its own, in their order.
"""

import pathlib
import re
import subprocess
import sys

IDS = re.compile(r"\b(get_local_size|get_local_id|get_global_size|get_num_groups|LOCAL_ID|LOCAL_SIZE)\s*\(")
LOOP = re.compile(r"\b(for|while|do)\b")


def blank_comments(text):
    """The text with comments and string literals as spaces, every line at its number."""
    pattern = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"", re.S)
    return pattern.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def after_brackets(text, at):
    """The position after the bracket that closes the one at `at`."""
    depth = 0
    for i in range(at, len(text)):
        depth += text[i] in "({["
        depth -= text[i] in ")}]"
        if depth == 0:
            return i + 1
    return len(text)


def statement_end(text, at):
    """The end of the statement that starts at `at`: a block, or up to the semicolon, nested loops included."""
    at += len(text[at:]) - len(text[at:].lstrip())
    if text.startswith("{", at):
        return after_brackets(text, at)
    nested = re.compile(r"(for|while|if)\b\s*").match(text, at)
    if nested:
        return statement_end(text, after_brackets(text, nested.end()))
    while at < len(text) and text[at] != ";":
        at = after_brackets(text, at) if text[at] in "({[" else at + 1
    return at + 1


def loops(text):
    """Start and end of each loop: what is evaluated more than once."""
    for found in LOOP.finditer(text):
        at = found.end()
        if found.group() == "do":
            yield at, statement_end(text, at)
            continue
        opening = text.find("(", at)
        closing = after_brackets(text, opening)
        # The first part of a `for` runs once.
        start = text.find(";", opening) if found.group() == "for" else opening
        yield start, statement_end(text, closing)


def file_problems(path):
    raw = path.read_bytes()
    if not raw.isascii():
        yield 1, "not plain ASCII"
        return
    text = raw.decode()
    code = blank_comments(text)
    for number, line in enumerate(text.split("\n"), 1):
        if re.search(r"pragma\s+OPENCL_EXTENSION", line):
            yield number, "#pragma OPENCL_EXTENSION is ignored by compilers: write OPENCL EXTENSION"
        if re.search(r"(^|[\s\"'(])/(home|usr|opt|tmp|root|var|etc|work|mnt)/", line):
            yield number, "names an absolute path"
        if re.match(r"\s*#\s*include", line) and not (path.name == "dialect_c.h" and "<" in line):
            yield number, "includes a file: programs are put together by the variant table"
        if re.search(r"FP_CONTRACT\s+(ON|DEFAULT)", line):
            yield number, "turns contraction on"
    seen = set()
    for start, end in loops(code):
        for found in IDS.finditer(code, start, end):
            if found.start() not in seen:
                seen.add(found.start())
                yield code.count("\n", 0, found.start()) + 1, f"{found.group(1)} inside a loop"


def program_problem(name, source):
    code = blank_comments(source)
    pragma = re.search(r"#pragma\s+OPENCL\s+FP_CONTRACT\s+OFF", code)
    body = re.search(r"\)\s*\n?\{", code)
    if not pragma:
        return f"program {name}: no #pragma OPENCL FP_CONTRACT OFF"
    if body and body.start() < pragma.start():
        return f"program {name}: FP_CONTRACT OFF comes after the first function"
    if not re.search(rf"\bKERNEL\b[^;{{]*\b{name}\s*\(", code):
        return f"program {name}: has no kernel function {name}"
    return None


def uses_problem(path, source, headers, common):
    """What is wrong with the line "Uses: a.h, b.h." of a kernel's file; a program's own headers are those of its texts
    that not every program has."""
    own = sorted((name for name in headers if headers[name] in source and name not in common),
                 key=lambda name: source.index(headers[name]))
    comment = path.read_text().split("*/")[0]
    line = re.search(r"Uses: ([^*]*)\.\s*$", comment)
    named = line.group(1).split(", ") if line else []
    return None if named == own else f"{path}: its first comment names {named} as what it uses, and it is given {own}"


def main():
    folder, list_variants = pathlib.Path(sys.argv[1]), sys.argv[2]
    files = sorted([*folder.rglob("*.h"), *folder.rglob("*.cl")])
    problems = [f"{path}:{line}: {what}" for path in files for line, what in file_problems(path)]
    lines = subprocess.run([list_variants], check=True, capture_output=True, text=True).stdout.splitlines()
    kernels = sorted({line.split("\t")[0] for line in lines})
    sources = {name: subprocess.run([list_variants, name], check=True, capture_output=True, text=True).stdout
               for name in kernels}
    headers = {path.name: path.read_text() for path in files if path.suffix == ".h"}
    common = {name for name in headers if all(headers[name] in source for source in sources.values())}
    for name, source in sources.items():
        problems.append(program_problem(name, source))
        problems.append(uses_problem(next(folder.rglob(f"{name}.cl")), source, headers, common))
    problems = [problem for problem in problems if problem]
    print("\n".join(problems))
    print(f"{len(files)} files, {len(kernels)} programs, {len(lines)} variants, {len(problems)} problems")
    sys.exit(1 if problems or not files or not kernels else 0)


if __name__ == "__main__":
    main()
