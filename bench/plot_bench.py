"""Draws what share of the ceiling each case of the benchmark reaches, libraries beside each other.

    plot_bench.py ours.json [peers.json ...] -o share.svg

The files are what `vecdot bench --json` and bench/peers.py wrote. Needs matplotlib.
"""

import argparse
import json
import pathlib
import sys


def load(paths):
    """The cases in their order, and for each library the share by case."""
    cases, shares, titles = [], {}, {}
    for path in paths:
        report = json.loads(pathlib.Path(path).read_text())
        device = report["device"]["name"]
        for result in report["results"]:
            case = result["case"]
            dtype = result.get("x1", {}).get("dtype")
            titles.setdefault(case, result["title"] + (f" ({dtype})" if dtype else ""))
            if result.get("share") is None:
                continue
            if case not in cases:
                cases.append(case)
            shares.setdefault((result["who"], device), {})[case] = result["share"]
    order = list(titles)
    return sorted(cases, key=order.index), titles, shares


def draw(pyplot, paths, out):
    cases, titles, shares = load(paths)
    if not cases:
        sys.exit("plot_bench.py: these files hold no share of a ceiling")
    devices = {device for _, device in shares}
    figure, axes = pyplot.subplots(figsize=(10, 1 + max(0.36, 0.11 * len(shares)) * len(cases)), layout="constrained")
    height = 0.8 / len(shares)
    for position, ((who, device), by_case) in enumerate(shares.items()):
        at = [i + (position - (len(shares) - 1) / 2) * height for i, case in enumerate(cases) if case in by_case]
        label = who if len(devices) == 1 else f"{who}, {device}"
        axes.barh(at, [by_case[case] for case in cases if case in by_case], height, label=label)
    axes.set_yticks(range(len(cases)), [f"{titles[case]}  {case}" for case in cases])
    axes.set_ylim(len(cases) - 0.5, -0.5)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xlabel("share of the memory's ceiling, measured in the same run" +
                    (f" ({devices.pop()})" if len(devices) == 1 else ""))
    axes.grid(axis="x", alpha=0.3)
    axes.legend(loc="lower right")
    save(figure, out)


def save(figure, path):
    """Without the date, so that the same report always gives the same picture."""
    figure.savefig(path, metadata={"Date": None} if path.endswith(".svg") else None)


def pyplot_or_exit(program):
    """matplotlib.pyplot, drawing to files."""
    try:
        import matplotlib
        matplotlib.use("Agg")
        matplotlib.rcParams["svg.hashsalt"] = "vecdot"
        from matplotlib import pyplot
        return pyplot
    except ImportError as error:
        sys.exit(f"{program}: matplotlib is needed ({error}): python3 -m venv build/venv && build/venv/bin/python -m pip "
                 "install matplotlib, then run it by build/venv/bin/python")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reports", nargs="+")
    parser.add_argument("-o", "--out", required=True, help="a file that ends in .svg, .png or .pdf")
    arguments = parser.parse_args()
    draw(pyplot_or_exit("plot_bench.py"), arguments.reports, arguments.out)


if __name__ == "__main__":
    main()
