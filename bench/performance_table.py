"""Writes the tables of docs/performance.md from the files of `vecdot bench --json`, bench/peers.py and growth.py.

    performance_table.py docs/performance.md --dram ours.json peers.json --cache ours.json peers.json --growth growth.json

Only what lies between `<!-- table NAME -->` and the next `<!-- end -->` changes. Tables: about, dram, cache, numpy, forms,
growth. Those whose files are not given stay as they are.
"""

import argparse
import json
import pathlib
import re
import statistics
import sys

BRIEF = {"float16": "f16", "bfloat16": "bf16", "float32": "f32", "float64": "f64", "complex64": "c64",
         "complex128": "c128", "int8": "i8", "bool": "b1"}
NAMES = {"numpy": "NumPy", "openblas": "OpenBLAS", "clblast": "CLBlast", "torch": "PyTorch", "jax": "JAX",
         "cupy": "CuPy", "cublas": "cuBLAS"}


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
        cells += [refusal(result) if form is None else form[:48], ""] if not isinstance(form, float) else [
            figure(1e3 * form), ratio(form, ours)]
        best = statistics.median(result["seconds"]) if result.get("seconds") else None
        cells += [result["form"], figure(1e3 * best), ratio(best, ours)] if best else ["", "", ""]
        yield cells


def numpy_table(runs):
    head = ["case", "what", "size", "vecdot, ms", "numpy.vecdot, ms", "times as long", "NumPy's fastest", "ms",
            "times as long"]
    return table(head, [row for name, run in runs.items() for row in numpy_rows(run, name)], 3)


def forms_table(run):
    head = ["case", *[NAMES[name] for name in run.present()]]
    rows = [[case["case"], *(run.peers.get((name, case["case"]), {}).get("form", "") for name in run.present())]
            for case in run.cases]
    return table(head, rows, len(head))


def about(runs):
    lines = []
    for name, run in runs.items():
        device = run.ours["device"]
        lines.append(f"- {name}: {run.ours['date']}, vecdot {run.ours['version']}, {device['selector']}, {device['name']} "
                     f"({device['driver']}), {device['compute_units']} compute units; ceiling: {run.ours['ceiling']['method']}")
        for library, what in run.libraries.items():
            told = what.get("absent") or ", ".join(str(what[key]) for key in ("version", "blas", "device") if key in what)
            threads = f", {what['threads']} threads" if "threads" in what else ""
            lines.append(f"  - {NAMES.get(library, library)}: {'absent: ' if 'absent' in what else ''}{told}{threads}")
    return "\n".join(lines)


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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page", help="docs/performance.md")
    for scale in ("dram", "cache"):
        parser.add_argument(f"--{scale}", nargs="+", metavar="JSON", help="of vecdot bench, then of the peers")
    parser.add_argument("--growth", metavar="JSON")
    arguments = parser.parse_args()
    page = pathlib.Path(arguments.page)
    text = page.read_text()
    runs = {scale: Run(paths) for scale in ("dram", "cache") if (paths := getattr(arguments, scale))}
    for scale, run in runs.items():
        text = replace(text, scale, cases_table(run))
    if runs:
        text = replace(text, "about", about(runs))
        text = replace(text, "numpy", numpy_table(runs))
        text = replace(text, "forms", forms_table(next(iter(runs.values()))))
    if arguments.growth:
        text = replace(text, "growth", growth_table(json.loads(pathlib.Path(arguments.growth).read_text())))
    page.write_text(text)


if __name__ == "__main__":
    main()
