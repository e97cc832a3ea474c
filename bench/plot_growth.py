"""Draws how the time grows with the size, from the file of growth.py: vecdot beside NumPy and the time that memory needs.

    plot_growth.py growth.json -o growth.svg

Needs matplotlib. A cross marks where the time for an element is more than half as long again as at the size before.
"""

import argparse
import json
import pathlib
import statistics

from plot_bench import pyplot_or_exit, save


def draw_series(axes, series):
    for who, marker in (("vecdot", "o"), ("numpy", "s")):
        points = [point for point in series["points"] if point.get(who)]
        axes.plot([point["size"] for point in points], [1e3 * statistics.median(point[who]) for point in points],
                  marker=marker, markersize=3, linewidth=1, label=who)
    if series["ceiling"]:
        axes.plot([point["size"] for point in series["points"]],
                  [8e3 * point["elements"] / series["ceiling"] for point in series["points"]],
                  color="black", linestyle="--", linewidth=0.8, label="reading the inputs")
    time_at = {point["size"]: 1e3 * statistics.median(point["vecdot"]) for point in series["points"]}
    jumps = [step["to"] for step in series["steps"]]
    axes.plot(jumps, [time_at[size] for size in jumps], "x", color="red", markersize=8, linestyle="none",
              label="a step" if jumps else None)
    axes.set(xscale="log", yscale="log", xlabel=series["grows"], ylabel="ms", title=series["name"])
    least = min(time_at.values()) / 50
    axes.set_ylim(bottom=max(axes.get_ylim()[0], least))
    axes.grid(alpha=0.3)


def draw(pyplot, report, out):
    columns = 3
    rows = -(-len(report["series"]) // columns)
    figure, grid = pyplot.subplots(rows, columns, figsize=(12, 3.6 * rows), layout="constrained", squeeze=False)
    for axes, series in zip(grid.flat, report["series"]):
        draw_series(axes, series)
    for axes in grid.flat[len(report["series"]):]:
        axes.set_axis_off()
    grid.flat[0].legend(fontsize="small")
    figure.suptitle(f"{report['dtype']}, {report['device']['name']}", fontsize="medium")
    save(figure, out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report")
    parser.add_argument("-o", "--out", required=True, help="a file that ends in .svg, .png or .pdf")
    arguments = parser.parse_args()
    draw(pyplot_or_exit("plot_growth.py"), json.loads(pathlib.Path(arguments.report).read_text()), arguments.out)


if __name__ == "__main__":
    main()
