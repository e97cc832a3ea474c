"""`vecdot tune` from end to end: what --dry-run leaves alone, what a run keeps, that the next context follows it and says
so, and what becomes of a kept file that is damaged.

    tune.py --vecdot PROGRAM --backend NAME [--blas]

With --blas VECDOT_LIBCUBLAS is a library whose measurement must be kept, and followed where it says so.
"""

import argparse
import json
import os
import pathlib
import stat
import subprocess
import sys
import tempfile

OK, FAILED, USAGE = 0, 1, 2


class Command:
    def __init__(self, program, backend, cache):
        self.program = program
        self.environment = {**os.environ, "VECDOT_BACKEND": backend, "VECDOT_LOG": "stderr"}
        self.environment["VECDOT_CACHE_DIR"] = str(cache)
        self.cache = pathlib.Path(cache)

    def __call__(self, *arguments, code=OK, says=(), **environment):
        done = subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True, timeout=600,
                              env={**self.environment, **environment})
        shown = f"vecdot {' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        assert done.returncode == code, shown
        for word in says:
            assert word in done.stdout + done.stderr, f"{word!r} is not in:\n{shown}"
        return done.stdout

    def kept(self):
        return sorted(self.cache.glob("tuned-*")) if self.cache.exists() else []


def check_report(report):
    """The thresholds that the report says were changed, once all of it is sound."""
    rows = {row["name"]: row for row in report["thresholds"]}
    assert len(rows) >= 10, report
    accepted = [c for c in report["candidates"] if c["verdict"] == "accepted"]
    for c in report["candidates"]:
        assert c["verdict"] in ("accepted", "no better"), c
        assert c["threshold"] in rows and c["from"] != c["to"] and c["problems"], c
        for p in c["problems"]:
            for times in (p["before"], p["after"]):
                assert 0 < times[0] <= times[1] <= times[2], p
        faster = any(p["after"][2] < p["before"][0] for p in c["problems"])
        slower = any(p["after"][0] > p["before"][2] for p in c["problems"])
        assert (c in accepted) == (faster and not slower and c["ratio"] < 1), c
    last = {c["threshold"]: c["to"] for c in accepted}
    for name, row in rows.items():
        assert row["value"] == last.get(name, row["table"]), row
    return {name: row["value"] for name, row in rows.items() if row["value"] != row["table"]}


def test_dry_run(vecdot, folder):
    path = folder / "dry.json"
    for budget in ("3s", "15s", "60s"):  # a busy machine may not finish one candidate in three seconds
        vecdot("tune", "--budget", budget, "--dry-run", "--json", path, says=["all gave the same bits", "not kept: --dry-run"])
        report = json.loads(path.read_text())
        check_report(report)
        assert vecdot.kept() == []
        if report["candidates"]:
            return
    raise AssertionError("nothing was measured")


def test_kept(vecdot, folder):
    report = folder / "tune.json"
    vecdot("tune", "--budget", "2s", "--json", report, says=["candidates measured", "all gave the same bits", "kept in"])
    changed = check_report(json.loads(report.read_text()))
    (file,) = vecdot.kept()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(vecdot.cache.stat().st_mode) == 0o700
    content = json.loads(file.read_text())
    assert content["format"] == "vecdot tuned thresholds" and content["version"] == 1, content
    assert {name: entry["value"] for name, entry in content["thresholds"].items()} == changed, content
    vecdot("doctor", says=[f"tuned thresholds: {len(changed)} from {file}"])
    return file, content


def test_followed(vecdot, file, content):
    """With an entry that no measurement need have brought: loaded, told, and not the start of another tuning."""
    content["thresholds"] = {"item_bytes": {"value": 16384, "instead_of": 65536, "gain": 0.5},
                             "waves": {"value": 5}, "none": {"value": 1}}
    file.write_text(json.dumps(content))
    vecdot("doctor", says=["tuned thresholds: item_bytes 16384 instead of 65536", "waves is refused", '"none" is refused'])
    vecdot("doctor", VECDOT_CACHE_DIR="/dev/null", says=["no tuned thresholds"])
    vecdot("tune", "--budget", "1s", "--dry-run")
    assert json.loads(file.read_text()) == content
    for wrong in ({**content, "version": 2}, {**content, "driver": "another"}, {**content, "device": "another"}):
        file.write_text(json.dumps(wrong))
        vecdot("doctor", says=["no tuned thresholds", "is ignored"])
    file.write_text("{")
    vecdot("doctor", says=["no tuned thresholds", "is damaged"])


def test_blas(vecdot, folder):
    """Measured, kept with both times, and used for the dtypes that were faster, while the library is the same."""
    report = folder / "blas.json"
    vecdot("tune", "--budget", "8s", "--json", report, VECDOT_BLAS="auto", says=["own ms", "by cuBLAS"])
    measured = {p["dtype"]: p for p in json.loads(report.read_text())["products"] if p["calls"] > 0}
    (file,) = vecdot.kept()
    content = json.loads(file.read_text())
    assert measured and content["blas"]["dtypes"].keys() == measured.keys(), content
    for name, p in measured.items():
        entry = content["blas"]["dtypes"][name]
        assert p["verdict"] == ("faster" if p["blas"][2] < p["own"][0] else "no faster"), p
        assert entry["faster"] == (p["verdict"] == "faster"), entry
        assert abs(entry["seconds"] / p["blas"][1] - 1) < 1e-6 and abs(entry["own_seconds"] / p["own"][1] - 1) < 1e-6, entry
    content["blas"]["dtypes"] = {"f32": {"faster": True}, "c64": {"faster": False}, "f64": {"faster": True}}
    file.write_text(json.dumps(content))
    used = f"products of matrices by {content['blas']['library']}: f32 f64\n"
    shape = ("bench", "--shape", "32x1x64,1x24x64", "--runs", "1")
    assert used in vecdot("doctor", VECDOT_BLAS="auto")
    vecdot(*shape, VECDOT_BLAS="auto", says=[used])
    assert used not in vecdot("doctor", VECDOT_BLAS="off")
    assert used not in vecdot("doctor", VECDOT_BLAS="auto", VECDOT_REPRODUCIBLE="1")
    vecdot(*shape, VECDOT_BLAS="on", says=["f16 bf16 f32 f64 c64 c128"])
    content["blas"]["library"] = "cuBLAS 0.0.0"
    file.write_text(json.dumps(content))
    vecdot("doctor", VECDOT_BLAS="auto", says=["not used until 'vecdot tune' runs again"])


def test_nowhere_to_keep(vecdot):
    vecdot("tune", "--budget", "1s", VECDOT_CACHE_DIR="/dev/null", code=FAILED, says=["/dev/null"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vecdot", required=True)
    parser.add_argument("--backend", required=True)
    parser.add_argument("--blas", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        vecdot = Command(arguments.vecdot, arguments.backend, folder / "cache")
        test_dry_run(vecdot, folder)
        file, content = test_kept(vecdot, folder)
        test_followed(vecdot, file, content)
        test_nowhere_to_keep(vecdot)
        if arguments.blas:
            test_blas(vecdot, folder)
    print(f"tuned on {arguments.backend}: measured, kept, followed")


if __name__ == "__main__":
    sys.exit(main())
