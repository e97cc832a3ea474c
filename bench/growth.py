"""Times how the cost grows with the length of the sum and with the number of outputs, four sizes a decade, for vecdot and
for NumPy, and names the steps: sizes at which the time for an element is more than half as long again.

    growth.py --vecdot build/release/vecdot -o growth.json

NumPy is timed by peers.py with the Python that runs this. plot_growth.py draws the file.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

import machine

STEP = 1.5
SERIES = [  # name, what grows, shape, axis
    ("one sum", "N", "{}", -1),
    ("rows of 64", "rows", "{}x64", -1),
    ("rows of 4096", "rows", "{}x4096", -1),
    ("axis 0 of 64 columns", "N", "{}x64", 0),
    ("axis 0 of 64 rows", "columns", "64x{}", 0),
]


def elements(shape):
    count = 1
    for size in shape.split("x"):
        count *= int(size)
    return count


def sizes_of(template, most_bytes):
    """1, and 2, 3, 6, 10, 18, ... as long as two float32 arrays fit."""
    sizes = sorted({round(10 ** (k / 4)) for k in range(0, 49)})
    return [size for size in sizes if size == 1 or 8 * elements(template.format(size)) <= most_bytes]


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"growth.py: {command[0]} ended with status {done.returncode}: {done.stderr.strip()[-400:]}")


def plan_of(arguments, shape, axis, folder):
    """The plan's class and first launch, as `vecdot explain` tells it for zeros of that shape."""
    path = pathlib.Path(folder, "zeros.npy")
    sizes = "".join(f"{size}, " for size in shape.split("x"))
    head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({sizes}), }}"
    head = head.ljust(117) + "\n"
    with path.open("wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode())
        file.truncate(file.tell() + 4 * elements(shape))
    told = subprocess.run([arguments.vecdot, "explain", str(path), str(path), f"--axis={axis}", *arguments.device],
                          capture_output=True, text=True, check=False).stdout.splitlines()
    return [line for line in told if line.startswith(("plan", "launch"))]


def measure(arguments, template, axis, folder):
    """The reports of vecdot and of NumPy on all sizes, and the sizes."""
    sizes = sizes_of(template, arguments.most_bytes)
    ours, theirs = (str(pathlib.Path(folder, name)) for name in ("ours.json", "numpy.json"))
    shapes = [f"--shape={template.format(size)}" for size in sizes]
    run([arguments.vecdot, "bench", *arguments.device, "--scale=cache", f"--runs={arguments.runs}", f"--axis={axis}",
         f"--json={ours}", *shapes])
    peers = pathlib.Path(__file__).parent / "peers.py"
    run([sys.executable, str(peers), ours, "--peers=numpy", f"--runs={arguments.runs}", f"--out={theirs}",
         f"--budget={arguments.budget / len(SERIES)}"])
    return sizes, *(json.loads(pathlib.Path(path).read_text()) for path in (ours, theirs))


def steps_of(points, who):
    """Pairs of neighbouring points between which the time for an element, by the fastest sample, grows by more than
    STEP."""
    found, known = [], [point for point in points if point.get(who)]
    for before, after in zip(known, known[1:]):
        each = [min(point[who]) / point["elements"] for point in (before, after)]
        if each[1] > STEP * each[0]:
            found.append({"from": before["size"], "to": after["size"], "factor": round(each[1] / each[0], 2)})
    return found


def series_of(arguments, name, grows, template, axis, folder):
    sizes, ours, theirs = measure(arguments, template, axis, folder)
    numpy = theirs["results"] or [{}] * len(sizes)
    points = [{"size": size, "elements": elements(template.format(size)), "vecdot": mine["seconds"],
               "check": mine["check"], "numpy": other.get("seconds")}
              for size, mine, other in zip(sizes, ours["results"], numpy)]
    steps = steps_of(points, "vecdot")
    for step in steps:
        step["plans"] = [plan_of(arguments, template.format(step[end]), axis, folder) for end in ("from", "to")]
    ceiling = ours["results"][-1].get("ceiling_bytes_per_second") or ours["ceiling"]["bytes_per_second"]
    return ours, {"name": name, "grows": grows, "shape": template, "axis": axis, "points": points, "steps": steps,
                  "numpy_steps": steps_of(points, "numpy"),
                  "ceiling": statistics.median(ceiling) if ceiling else None}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vecdot", required=True, help="the command")
    parser.add_argument("-d", "--device", help="what --device takes")
    parser.add_argument("-o", "--out", required=True, help="a JSON file")
    parser.add_argument("--runs", type=int, default=5, help="samples a point (default 5)")
    parser.add_argument("--most-bytes", type=float, default=2**30, help="of both inputs (default 1 GiB)")
    parser.add_argument("--budget", type=float, default=150, help="seconds for NumPy (default 150)")
    arguments = parser.parse_args()
    arguments.device = [f"--device={arguments.device}"] if arguments.device else []
    report = {"tool": "bench/growth.py", "machine": machine.here(), "dtype": "float32", "series": []}
    for name, grows, template, axis in SERIES:
        with tempfile.TemporaryDirectory() as folder:
            ours, series = series_of(arguments, name, grows, template, axis, folder)
        report.update(date=ours["date"], device=ours["device"])
        report["series"].append(series)
        pathlib.Path(arguments.out).write_text(json.dumps(report, indent=1) + "\n")
        steps = ", ".join(f"{step['from']} to {step['to']} ({step['factor']})" for step in series["steps"])
        print(f"{name}: {len(series['points'])} sizes up to {series['points'][-1]['size']}; steps: {steps or 'none'}",
              flush=True)


if __name__ == "__main__":
    main()
