"""Checks that the pages tell the truth where that can be checked: the README's program is examples/dot.c, the table of
variables in docs/environment.md has exactly those that the library reads, `vecdot doctor` shows the same ones, the
picture's numbers are those of its machine's page, docs/performance.md sums up each machine's page, links and named paths
lead somewhere, and no page uses a phrase that has to be read twice.

    lint_docs.py        run in the project's folder
"""

import pathlib
import re
import sys

README, PERFORMANCE = "README.md", "docs/performance.md"
ENVIRONMENT, PICTURE = "docs/environment.md", "docs/speed.svg"
FOLDERS = "src|include|kernels|tools|tests|bench|examples|scripts|docs|cmake"
BANNED = ("but for", "looked at", "made use of", "in the midst of", "to be had")
GONE = ("vecdot tune", "json-c", "tune.h", "VECDOT_BLAS=auto")  # told where it was decided, and nowhere else


def text_of(path):
    return pathlib.Path(path).read_text()


def pages():
    """The pages for readers, those that are there."""
    names = (README, "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "kernels/README.md", "tests/README.md",
             "tests/cudasim/README.md", *(str(path) for path in sorted(pathlib.Path("docs").rglob("*.md"))))
    return [name for name in names if pathlib.Path(name).exists()]


# What `vecdot doctor` shows of the environment: the list in the function of that name in each device.c.
SHOWN = re.compile(r"^static void add_settings\(.*?^}", re.M | re.S)


def variables(text):
    """The environment variables that a source names."""
    return {name for name in re.findall(r'"(VECDOT_[A-Z_]+)"', text)
            if not name.startswith("VECDOT_ERROR") and name != "VECDOT_SUCCESS"}


def variables_read_and_shown():
    """The variables that the library's sources name outside of doctor's lists, and those in these lists."""
    texts = [path.read_text() for path in pathlib.Path("src").rglob("*.[ch]")]
    read = set().union(*(variables(SHOWN.sub("", text)) for text in texts))
    return read, set().union(*(variables(found) for text in texts for found in SHOWN.findall(text)))


def wrong_program():
    if text_of("examples/dot.c") not in re.findall(r"```c\n(.*?)```", text_of(README), re.S):
        yield f"{README}: its C program is not examples/dot.c"


def wrong_variables():
    table = set(re.findall(r"^\| `(VECDOT_[A-Z_]+)` \|", text_of(ENVIRONMENT), re.M))
    read, shown = variables_read_and_shown()
    for name in sorted(read - table):
        yield f"{ENVIRONMENT}: the table of variables lacks {name}"
    for name in sorted((table | shown) - read):
        yield f"{ENVIRONMENT} or vecdot doctor: nothing in src/ reads {name}"
    for name in sorted(read - shown):
        yield f"vecdot doctor does not show {name}: no add_settings() in src/ lists it"


def table_rows(page, name):
    """The cells of a table's rows; none where the page has no such table."""
    table = re.search(rf"<!-- table {name} -->\n(.*?)<!-- end -->", text_of(page), re.S)
    lines = [line for line in table[1].splitlines() if line.startswith("|")] if table else []
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def wrong_picture():
    """A bar is a ratio in the table of everyday sizes."""
    text = text_of(PICTURE)
    named = re.search(r"docs/performance/[\w-]+\.md", text)
    scale = re.search(r"A bar is (\d+) wide", text)
    if not named or not pathlib.Path(named[0]).exists() or not scale:
        yield f"{PICTURE}: its comment names no page in docs/performance, or no width"
        return
    ratios = {row[0]: row[7].strip("*") for row in table_rows(named[0], "everyday")}
    bars = re.findall(r'width="(\d+)" height="15"[^>]*/><text [^>]*data-case="(\w+)">([\d.]+)<', text)
    if not bars or len(bars) != text.count("data-case"):
        yield f"{PICTURE}: {len(bars)} of its bars can be read"
    for width, case, shown in bars:
        if ratios.get(case) != shown or round(float(shown) * int(scale[1])) != int(width):
            yield f"{PICTURE}: case {case} is {shown}, {width} wide; {named[0]} has {ratios.get(case)}"


def summed_up(page):
    """What the row of a machine has to say of its page: the cells from `everyday: below 1.0` on."""
    ratios = {row[0]: float(row[7].strip("*")) for row in table_rows(page, "everyday") if row[7]}
    shares = {row[0]: float(row[8].strip("*")) for row in table_rows(page, "dram") if row[8] and row[0][:2] != "24"}
    cells = [""] * 4
    if ratios:
        worst = max(ratios.values())
        cells[:3] = [f"{sum(ratio < 1 for ratio in ratios.values())} of {len(ratios)}",
                     str(sum(ratio > 1.1 for ratio in ratios.values())), f"{worst:.2f}"]
    if shares:
        cells[3] = f"{sum(share >= 0.9 for share in shares.values())} of {len(shares)}; least {min(shares.values()):.2f}"
    return cells


def wrong_machines():
    """Each page of a machine has a row, and the row says what the page does, but for the cases that are named in it."""
    rows = {re.search(r"\((performance/[\w-]+\.md)\)", row[0])[1]: row for row in table_rows(PERFORMANCE, "machines")}
    for path in sorted(pathlib.Path("docs/performance").glob("*.md")):
        page = f"performance/{path.name}"
        if "<!-- table dram -->" in path.read_text() and page not in rows:
            yield f"{PERFORMANCE}: its table of machines lacks {page}"
    for page, row in rows.items():
        if not pathlib.Path("docs", page).exists():
            yield f"{PERFORMANCE}: there is no {page}"
            continue
        said, wanted = [re.sub(r" \(\w+\)$", "", cell) for cell in row[2:]], summed_up(f"docs/{page}")
        if said != wanted:
            yield f"{PERFORMANCE}: it says {said} of {page}, which has {wanted}"


def wrong_paths(page, text):
    for path in sorted(set(re.findall(rf"`((?:{FOLDERS})/[\w./-]*)`", text))):
        if not pathlib.Path(path).exists():
            yield f"{page}: {path} does not exist"
    for path in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text):
        if not (pathlib.Path(page).parent / path).exists():
            yield f"{page}: it links to {path}, which does not exist"


def wrong_words(page, text):
    flat = re.sub(r"\s+", " ", text)
    for phrase in BANNED:
        if re.search(rf"\b{re.escape(phrase)}\b", flat, re.I):
            yield f'{page}: it says "{phrase}"; use plainer words'
    for name in GONE:
        if name in flat and page not in ("docs/decisions.md", "CHANGELOG.md"):
            yield f"{page}: it tells of {name}, which is gone"


def problems():
    yield from wrong_program()
    yield from wrong_variables()
    yield from wrong_picture()
    yield from wrong_machines()
    for page in pages():
        yield from wrong_paths(page, text_of(page))
        yield from wrong_words(page, text_of(page))


if __name__ == "__main__":
    found = list(problems())
    print("\n".join(found) or "the pages agree with the sources")
    sys.exit(1 if found else 0)
