"""The demonstration's two ends: `prepare` writes r.npy and X.npy, `show` prints what vecdot made of them."""

import csv
import importlib.util
import pathlib
import sys

import numpy as np


def employment():
    """The months' numbers and a dict from sector to its employment, in thousands of people."""
    package = pathlib.Path(importlib.util.find_spec("vega_datasets").origin).parent
    with open(package / "_data" / "us-employment.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in rows[0] if name not in ("month", "nonfarm", "nonfarm_change")]
    total = np.array([float(row["nonfarm"]) for row in rows])
    return rows[0]["month"], rows[-1]["month"], total, {n: np.array([float(row[n]) for row in rows]) for n in names}


def unit(columns):
    """Columns centred and scaled to length one, so that dot products are correlations."""
    columns = columns - columns.mean(axis=0)
    return columns / np.sqrt((columns * columns).sum(axis=0))


def prepare(folder):
    first, last, total, sectors = employment()
    time = np.arange(len(total), dtype=float)
    residual = total - np.polyval(np.polyfit(time, total, 1), time)
    X = unit(np.column_stack(list(sectors.values())))
    np.save(folder / "r.npy", unit(residual))
    np.save(folder / "X.npy", X)
    (folder / "names.txt").write_text("\n".join(sectors))
    print(f"""
Which sectors' employment follows the part of total US employment that a straight line in time leaves
unexplained? The answer is a correlation for each: the dot product of a residual r with a column of X.

  data  US employment by sector, monthly, {first} to {last} (Bureau of Labor Statistics, in vega_datasets)
  r     total employment less a straight line in time, shape {residual.shape}, {X.dtype}
  X     employment in each sector, shape {X.shape}, {X.dtype}
r and the columns of X are centred and scaled to length one.
""")


def show(folder):
    r, X, ours = (np.load(folder / name) for name in ("r.npy", "X.npy", "vecdot.npy"))
    names = (folder / "names.txt").read_text().split("\n")
    theirs = r @ X
    if ours.shape != theirs.shape:
        sys.exit(f"demo: vecdot's result has shape {ours.shape}, and NumPy's {theirs.shape}")
    print(f"\n{'sector':<34}{'vecdot':>10}{'NumPy':>10}{'difference':>13}")
    for i in np.argsort(-np.abs(theirs)):
        print(f"{names[i]:<34}{ours[i]:>10.6f}{theirs[i]:>10.6f}{ours[i] - theirs[i]:>13.1e}")
    worst, bound = np.abs(ours - theirs).max(), 2 * len(r) * np.finfo(float).eps
    if not worst <= bound:
        sys.exit(f"demo: vecdot and NumPy differ by {worst:.1e}, more than rounding explains ({bound:.1e})")
    print(f"""
All {len(ours)} agree: they differ by {worst:.1e} at most, and rounding alone explains up to {bound:.1e}.
NumPy's values, computed by you from the same files, in the order of names.txt:
    cd {folder}
    ../../venv/bin/python -c 'import numpy as np; print(np.load("X.npy").T @ np.load("r.npy"))'""")


if __name__ == "__main__":
    {"prepare": prepare, "show": show}[sys.argv[1]](pathlib.Path(sys.argv[2]))
