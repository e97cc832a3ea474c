"""Writes the tables of a machine's page in docs/performance/ and its row in docs/performance.md, from the files of
`vecdot bench --json`, peers.py, everyday.py and growth.py.

    performance_table.py docs/performance.md --dram ours.json peers.json --cache ours.json peers.json \\
        --everyday everyday.json --growth growth.json

The page is named after the machine (machine.py); all files must be of the same one. Where there is no page yet, it is
made. Only what lies between `<!-- table NAME -->` and the next `<!-- end -->` changes. Tables: everyday, dram, cache,
numpy, forms, growth. Those whose files are not given stay as they are, and so do the rows of other machines.
"""

import argparse
import json
import pathlib
import re
import statistics
import sys

import everyday
import machine

BRIEF = {"float16": "f16", "bfloat16": "bf16", "float32": "f32", "float64": "f64", "complex64": "c64",
         "complex128": "c128", "bool": "b1", **{f"int{bits}": f"i{bits}" for bits in (8, 16, 32, 64)}}
NAMES = {"numpy": "NumPy", "openblas": "OpenBLAS", "clblast": "CLBlast", "torch": "PyTorch", "jax": "JAX",
         "cupy": "CuPy", "cublas": "cuBLAS"}

PAGE = """# Speed on {name}

[performance.md](../performance.md) tells what was measured, how, and what the words mean.

## Everyday sizes

<!-- table everyday -->
<!-- end -->

## From memory

<!-- table dram -->
<!-- end -->

![Share of the ceiling by case, from memory]({page}-share-dram.svg)

## From the caches

<!-- table cache -->
<!-- end -->

![Share of the ceiling by case, from the caches]({page}-share-cache.svg)

## NumPy

<!-- table numpy -->
<!-- end -->

## Which form counted

<!-- table forms -->
<!-- end -->

## How the cost grows

<!-- table growth -->
<!-- end -->

![Time against size]({page}-growth.svg)
"""


def table(head, rows, right):
    """A Markdown table; `right` is the first column of figures."""
    lines = [head, ["---:" if right <= i else "---" for i in range(len(head))], *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def figure(value):
    """Four digits that count, never in powers of ten."""
    return f"{value:.4g}" if 1e-4 <= abs(value) < 1e4 else f"{value:.0f}" if abs(value) >= 1e4 else f"{value:.7f}"


class Run:
    """What one run of vecdot bench and of the peers found, by case."""

    def __init__(self, paths):
        self.ours, *peers = (json.loads(pathlib.Path(path).read_text()) for path in paths)
        self.reports = [{**report, "device": self.ours["device"]} for report in peers]
        self.cases = [case for case in self.ours["results"] if case.get("seconds")]
        self.libraries, self.peers = {}, {}
        for report in peers:
            self.libraries.update(report["libraries"])
            for result in report["results"]:
                self.peers[result["who"], result["case"]] = result

    def present(self):
        return [name for name, about in self.libraries.items() if "absent" not in about]

    def moved(self, case):
        writes = 2 if self.ours["device"]["shares_host_memory"] else 1
        return case["bytes_in"] + writes * case["bytes_out"]

    def floor(self, case):
        """Seconds that nobody can do without: the bytes at the ceiling, or a call of no terms; None where arithmetic
        is the limit."""
        if case["kind"] == "launch":
            return statistics.median(case["empty_wait"])
        rates = case["ceiling_bytes_per_second"] or self.ours["ceiling"]["bytes_per_second"]
        bound = case.get("share") is None or not rates
        return None if bound else self.moved(case) / statistics.median(rates)


def operands(case):
    return " · ".join(f"{BRIEF.get(x['dtype'], x['dtype'])} {'×'.join(map(str, x['shape']))}"
                      for x in (case["x1"], case["x2"]))


def refusal(result):
    """What a library said that did not compute a case, in a few words."""
    text = result.get("message") or result["status"]
    text = re.sub(r"^[^:]*: (?=[A-Z]\w*(Error|Exception))", "", text.split(";")[0])
    text = re.sub(r"^\w*(Error|Exception): ", "", text).replace("|", "/").replace("\n", " ")
    text = re.sub(r"^status -?\d+: ", "", text)
    prefix = "" if result["status"] == "unsupported" or result["status"] in text else result["status"] + ": "
    return prefix + (text if len(text) <= 48 else text[:45] + "...")


def peer_cell(result, floor):
    if result is None:
        return ""
    if not result.get("seconds"):
        return refusal(result)
    seconds = statistics.median(result["seconds"])
    share = f" ({floor / seconds:.2f})" if floor else ""
    return ("≈ " if "part" in result else "") + figure(1e3 * seconds) + share


def cases_table(run):
    head = ["case", "what", "operands", "floor, ms", "ms", "lowest, highest", "GB/s", "GFLOP/s", "share"]
    rows = []
    for case in run.cases:
        seconds, floor = statistics.median(case["seconds"]), run.floor(case)
        flops = case["operations"] / seconds * 1e-9
        rows.append([case["case"], case["title"], operands(case), figure(1e3 * floor) if floor else "",
                     figure(1e3 * seconds), f"{figure(1e3 * min(case['seconds']))}, {figure(1e3 * max(case['seconds']))}",
                     f"{run.moved(case) / seconds * 1e-9:.1f}",
                     f"{flops:.0f}" if case["operations"] > 4 * run.moved(case) else "",
                     f"**{floor / seconds:.2f}**" if floor else ""])
        rows[-1] += [peer_cell(run.peers.get((name, case["case"])), floor) for name in run.present()]
    return table(head + [NAMES[name] for name in run.present()], rows, 3)


def ratio(theirs, ours):
    text = f"{theirs / ours:.2f}"
    return text if theirs >= ours else f"**{text}**"


def numpy_rows(run, name):
    for case in run.cases:
        result = run.peers.get(("numpy", case["case"]))
        if result is None:
            continue
        ours, form = statistics.median(case["seconds"]), result.get("forms", {}).get("vecdot")
        if result.get("form") == "vecdot":
            form = statistics.median(result["seconds"])
        cells = [case["case"], case["title"], name, figure(1e3 * ours)]
        cells += [refusal(result) if form is None else form[:48].replace("|", "/"), ""] if not isinstance(form, float) else [
            figure(1e3 * form), ratio(form, ours)]
        best = statistics.median(result["seconds"]) if result.get("seconds") else None
        cells += [result["form"], figure(1e3 * best), ratio(best, ours)] if best else ["", "", ""]
        yield cells


def numpy_table(runs):
    head = ["case", "what", "size", "vecdot, ms", "numpy.vecdot, ms", "times as long", "NumPy's fastest", "ms",
            "times as long"]
    return table(head, [row for name, run in runs.items() for row in numpy_rows(run, name)], 3)


def forms_table(runs):
    present = list(dict.fromkeys(name for run in runs.values() for name in run.present()))
    head = ["case", "size", *[NAMES[name] for name in present]]
    rows = [[case["case"], size, *(run.peers.get((name, case["case"]), {}).get("form", "") for name in present)]
            for size, run in runs.items() for case in run.cases]
    return table(head, rows, len(head))


def about(report, libraries, more=""):
    """What was measured, when and where, above a table."""
    device = report["device"]
    lines = [f"- {report['date']}, vecdot {report['version']}, {device['selector']}, {device['name']} "
             f"({device['driver']}), {device['compute_units']} compute units{more}"]
    for library, what in libraries.items():
        told = what.get("absent") or ", ".join(str(what[key]) for key in ("version", "blas", "device") if key in what)
        threads = f", {what['threads']} threads" if "threads" in what else ""
        lines.append(f"- {NAMES.get(library, library)}: {'absent: ' if 'absent' in what else ''}{told}{threads}")
    return "\n".join(lines) + "\n\n"


def scale_table(run):
    return about(run.ours, run.libraries, f"; ceiling: {run.ours['ceiling']['method']}") + cases_table(run)


def everyday_row(result):
    row = [result["case"], result["title"], operands(result)]
    if result["status"] != "ok":
        return [*row, "", "", "", refusal(result), "", ""]
    mine, vecdot, best = (statistics.median(samples) * 1e6 if samples else None for samples in (
        result["seconds"], result["forms"].get("vecdot"), result["forms"][result["best"]]))
    ratio = f"{result['ratio']:.2f}"
    return [*row, figure(mine), figure(vecdot) if vecdot else "", figure(best), result["best"],
            f"**{ratio}**" if float(ratio) > 1.1 else ratio,
            f"{min(result['ratios']):.2f}, {max(result['ratios']):.2f}"]


def everyday_table(report):
    head = ["case", "what", "operands", "vecdot, us", "numpy.vecdot, us", "NumPy's best, us", "its form", "ratio",
            "lowest, highest"]
    others, more = report.get("others"), f"; {report['rounds']} rounds"
    if others is not None:
        more += f"; other programs took {others:.1%} of the cores"
    return about(report, report["libraries"], more) + table(head, [everyday_row(r) for r in report["results"]], 3)


def tell_steps(steps):
    told = []
    for step in steps:
        plans = step.get("plans", [[], []])
        change = "; the same plan" if plans[0] == plans[1] else f"; {' / '.join(plans[0])} → {' / '.join(plans[1])}"
        told.append(f"{step['from']} to {step['to']}: {step['factor']}" + (change if "plans" in step else ""))
    return "<br>".join(told) or "none"


def growth_table(report):
    head = ["series", "shape", "axis", "sizes", "vecdot's steps", "NumPy's steps"]
    rows = [[series["name"], series["shape"].format(series["grows"]).replace("x", "×"), series["axis"],
             f"{series['points'][0]['size']} to {series['points'][-1]['size']}", tell_steps(series["steps"]),
             tell_steps(series["numpy_steps"])] for series in report["series"]]
    return table(head, rows, len(head))


def replace(text, name, content):
    pattern = re.compile(rf"(<!-- table {name} -->\n).*?(<!-- end -->)", re.S)
    if not pattern.search(text):
        sys.exit(f"performance_table.py: there is no '<!-- table {name} -->' with an '<!-- end -->' after it")
    return pattern.sub(lambda match: f"{match[1]}{content}\n{match[2]}", text, count=1)


# ---- The row in docs/performance.md

def shares_cell(run):
    shares = {case["case"]: round(run.floor(case) / statistics.median(case["seconds"]), 2) for case in run.cases
              if case["kind"] == "stream" and run.floor(case)}
    if not shares:
        return ""
    worst = min(shares, key=shares.get)
    return f"{sum(share >= 0.9 for share in shares.values())} of {len(shares)}; least {shares[worst]:.2f} ({worst})"


def machine_row(place, runs, told, row):
    """The cells of a machine: those of the old row where nothing new is given."""
    cells = row or [""] * 6
    cells[0] = f"[{place['name']}](performance/{place['page']}.md)"
    newest = [run.ours["date"] for run in runs.values()] + [told["date"] for told in (told,) if told]
    cells[1] = max([date[:10] for date in newest] + [cells[1]])
    if told:
        found = told["summary"]
        worst = f"{found['worst_ratio']:.2f} ({found['worst']})" if found["cases"] else ""
        cells[2:5] = [f"{found['below_1.0']} of {found['cases']}", str(found["above_1.1"]), worst]
    if "dram" in runs:
        cells[5] = shares_cell(runs["dram"])
    return cells


def with_machine(text, place, runs, told):
    """The text of docs/performance.md with the machine's row; others stay."""
    head = ["machine", "measured", "everyday: below 1.0", "above 1.1", "worst", "from memory: share of 0.90 or more"]
    old = re.search(r"<!-- table machines -->\n(.*?)<!-- end -->", text, re.S)
    if not old:
        sys.exit("performance_table.py: there is no '<!-- table machines -->' in it")
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in old[1].splitlines()[2:]]
    known = {re.search(r"\(performance/(.*?)\.md\)", row[0])[1]: row for row in rows}
    known[place["page"]] = machine_row(place, runs, told, known.get(place["page"]))
    return replace(text, "machines", table(head, [known[page] for page in sorted(known)], 2))


def place_of(reports):
    """The machine that all reports are of."""
    places = {place["page"]: place for place in map(machine.of_report, reports)}
    if len(places) != 1:
        sys.exit("performance_table.py: the files must be of one machine and one device, and one of them of peers.py, "
                 f"everyday.py or growth.py; they are of: {', '.join(sorted(places)) or 'none'}")
    return places.popitem()[1]


def tables_of(runs, told, growth):
    """The tables that the files give, by name."""
    found = {scale: scale_table(run) for scale, run in runs.items()}
    if runs:
        found |= {"numpy": numpy_table(runs), "forms": forms_table(runs)}
    if told:
        found["everyday"] = everyday_table(told)
    if growth:
        found["growth"] = growth_table(growth)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page", help="docs/performance.md")
    for scale in ("dram", "cache"):
        parser.add_argument(f"--{scale}", nargs="+", metavar="JSON", help="of vecdot bench, then of the peers")
    parser.add_argument("--everyday", metavar="JSON", help="of everyday.py")
    parser.add_argument("--growth", metavar="JSON", help="of growth.py")
    arguments = parser.parse_args()
    runs = {scale: Run(paths) for scale in ("dram", "cache") if (paths := getattr(arguments, scale))}
    told, growth = (json.loads(pathlib.Path(path).read_text()) if path else None
                    for path in (arguments.everyday, arguments.growth))
    place = place_of([*(report for run in runs.values() for report in run.reports), *filter(None, (told, growth))])
    summary = pathlib.Path(arguments.page)
    page = summary.parent / "performance" / f"{place['page']}.md"
    text = page.read_text() if page.exists() else PAGE.format(**place)
    for name, content in tables_of(runs, told, growth).items():
        text = replace(text, name, content)
    page.parent.mkdir(exist_ok=True)
    page.write_text(text)
    summary.write_text(with_machine(summary.read_text(), place, runs, told))
    print(page)


if __name__ == "__main__":
    main()
