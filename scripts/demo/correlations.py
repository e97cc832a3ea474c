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
    print(f"US employment by sector, monthly, {first} to {last} (vega_datasets, from the Bureau of Labor Statistics)")
    print(f"r: total employment less a straight line in time, {unit(residual).shape}")
    print(f"X: employment of each sector, standardised, {X.shape}\n")


def show(folder):
    r, X, ours = (np.load(folder / name) for name in ("r.npy", "X.npy", "vecdot.npy"))
    names = (folder / "names.txt").read_text().split("\n")
    theirs = r @ X
    print(f"\n{'sector':<34}{'vecdot':>10}{'NumPy':>10}{'difference':>13}")
    for i in np.argsort(-np.abs(theirs)):
        print(f"{names[i]:<34}{ours[i]:>10.6f}{theirs[i]:>10.6f}{ours[i] - theirs[i]:>13.1e}")
    bound = 2 * len(r) * np.finfo(float).eps
    if ours.shape != theirs.shape or not np.all(np.abs(ours - theirs) <= bound):
        sys.exit(f"demo: vecdot and NumPy differ by more than {bound:.1e}")
    print(f"\nAll {len(ours)} correlations agree with NumPy's to within {bound:.1e}.")


if __name__ == "__main__":
    {"prepare": prepare, "show": show}[sys.argv[1]](pathlib.Path(sys.argv[2]))
