"""The programs around the benchmark: what bench/peers.py makes of libraries that are slow, wrong, missing, crash or hang,
how growth.py finds steps, and that performance_table.py changes its tables and nothing else.

    measuring.py                        run in the project's folder; needs Python alone
    measuring.py --vecdot build/vecdot  also NumPy, and OpenBLAS where it is, on every case in tiny sizes
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, "bench")
import growth  # noqa: E402
import performance_table  # noqa: E402

STAND_INS = '''
import os, time

class StandIn:
    compiles = False
    first = True

    def __init__(self, behave):
        self.behave = behave

    def about(self):
        return {"version": "1"}

    def ceiling(self, runs):
        return {"method": "none", "bytes_per_second": []}

    def clean(self):
        pass

    def elapsed(self, work):
        begin = time.perf_counter()
        work()
        return time.perf_counter() - begin

    def operands(self, case, seed):
        return [case["case"], seed]

    def vector(self, array, case, which, index):
        return array

    def exact(self, vectors, case):
        return 5.0, 5.0

    def number(self, result, index, shape):
        return result

    def forms(self, case):
        yield "quick", lambda x, y: 5.0
        if case["case"] == "2":
            yield "other", lambda x, y: self.behave()

def absent():
    raise ImportError("it is not installed")

def slow():
    time.sleep(0.4)
    return 5.0

class Only(StandIn):
    def forms(self, case):
        yield "only", lambda x, y: self.behave() if case["case"] == "2" else 5.0

LIBRARIES = {
    "steady": lambda: StandIn(lambda: 5.0), "wrong": lambda: Only(lambda: 6.0), "slow": lambda: Only(slow),
    "refusing": lambda: Only(lambda: 1 / 0), "crashing": lambda: StandIn(lambda: os._exit(3)),
    "hanging": lambda: Only(lambda: time.sleep(600)), "absent": absent,
}
'''


def case(number, seconds, kind="stream"):
    operand = {"dtype": "float32", "shape": [8, 1000], "strides": [1000, 1], "offset": 0, "storage": 8000}
    return {"case": number, "title": "rows", "kind": kind, "who": "vecdot", "status": "ok", "x1": operand, "x2": operand,
            "axis": [-1, -1], "result": "float32", "result_shape": [8], "zeros": False, "bytes_in": 64000,
            "bytes_out": 32, "operations": 16000, "seconds": seconds, "share": 0.5,
            "ceiling_bytes_per_second": [64064e3], "empty_wait": [1e-5]}


def report(*cases):
    return {"tool": "vecdot bench", "version": "1", "date": "today", "scale": "dram", "results": list(cases),
            "device": {"selector": "opencl:0", "name": "a device", "driver": "1", "compute_units": 2,
                       "shares_host_memory": True}, "ceiling": {"method": "reading", "bytes_per_second": []}}


class Peers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        shutil.copy("bench/peers.py", self.folder)
        (self.folder / "peer_libraries.py").write_text(STAND_INS)
        cases = [case(number, [2e-3]) for number in ("1", "2", "3")]
        (self.folder / "ours.json").write_text(json.dumps(report(*cases)))

    def run_peers(self, *options):
        """Results by library and case, and the report."""
        out = self.folder / "out.json"
        subprocess.run([sys.executable, str(self.folder / "peers.py"), str(self.folder / "ours.json"), "-o", str(out),
                        "--runs=3", *options], check=True, stdout=subprocess.DEVNULL)
        found = json.loads(out.read_text())
        return {(result["who"], result["case"]): result for result in found["results"]}, found

    def test_each_trouble_costs_its_case_alone(self):
        results, found = self.run_peers("--peers=absent,wrong,refusing,crashing", "--budget=60")
        self.assertIn("not installed", found["libraries"]["absent"]["absent"])
        for library, status in (("wrong", "wrong"), ("refusing", "unsupported"), ("crashing", "ok")):
            self.assertEqual([results[library, number]["status"] for number in "123"], ["ok", status, "ok"], library)
        self.assertIn("ZeroDivisionError", results["refusing", "2"]["message"])
        self.assertEqual(results["crashing", "2"]["form"], "quick", "what was measured before the crash is kept")
        self.assertIn("crashed", results["crashing", "2"]["message"])
        self.assertEqual(len(results["wrong", "1"]["seconds"]), 3)
        self.assertGreater(results["wrong", "1"]["share"], 0)

    def test_slow_calls_are_measured_less_often(self):
        results, _ = self.run_peers("--peers=slow", "--budget=4")
        self.assertEqual([results["slow", number]["status"] for number in "123"], ["ok"] * 3)
        self.assertGreater(results["slow", "2"]["seconds"][0], 0.3)

    def test_a_call_that_never_ends(self):
        results, _ = self.run_peers("--peers=hanging", "--budget=60", "--case-seconds=1")
        self.assertEqual([results["hanging", number]["status"] for number in "123"], ["ok", "time limit", "ok"])

    def test_missing_libraries_take_no_time_from_others(self):
        results, _ = self.run_peers("--peers=steady,absent,absent,absent", "--budget=8")
        self.assertEqual([results["steady", number]["status"] for number in "123"], ["ok"] * 3)


class Growth(unittest.TestCase):
    def test_sizes(self):
        self.assertEqual(growth.sizes_of("{}x2", 16 * 10), [1, 2, 3, 6, 10])

    def test_steps(self):
        points = [{"size": size, "elements": size, "vecdot": [each * size, 9 * each * size]}
                  for size, each in ((1, 9), (10, 1), (100, 1.4), (1000, 3), (10000, 3))]
        self.assertEqual(growth.steps_of(points, "vecdot"), [{"from": 100, "to": 1000, "factor": 2.14}])


class Tables(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.page = self.folder / "page.md"

    def file(self, name, content):
        (self.folder / name).write_text(json.dumps(content))
        return str(self.folder / name)

    def write(self, text):
        """The page after its tables of one run were written; NumPy takes twice as long in case 1 and refuses case 2."""
        self.page.write_text(text)
        ours = report(case("1", [2e-3, 1e-3, 4e-3]), case("2", [1e-3]), case("3", [3e-5], "launch"))
        peers = {"libraries": {"numpy": {"version": "2"}, "jax": {"absent": "it is not installed"}}, "results": [
            {"case": "1", "who": "numpy", "status": "ok", "form": "vdot", "forms": {"vecdot": 8e-3, "vdot": 4e-3},
             "seconds": [4e-3]},
            {"case": "2", "who": "numpy", "status": "unsupported", "forms": {"vecdot": "TypeError: no | bits"},
             "message": "vecdot: TypeError: no | bits"}]}
        subprocess.run([sys.executable, "bench/performance_table.py", str(self.page), "--dram",
                        self.file("ours.json", ours), self.file("peers.json", peers)], check=True)
        return self.page.read_text()

    def test_only_tables_change(self):
        names = ("about", "dram", "numpy", "forms")
        text = "by hand\n" + "".join(f"<!-- table {name} -->\nold\n<!-- end -->\n{name} by hand\n" for name in names)
        text += "<!-- table cache -->\nkept\n<!-- end -->\n"
        found = self.write(text)
        self.assertNotIn("old", found)
        for kept in ("by hand\n", *(f"{name} by hand\n" for name in names), "<!-- table cache -->\nkept\n<!-- end -->"):
            self.assertIn(kept, found)
        self.assertIn("| 1 | rows | f32 8×1000 · f32 8×1000 | 1 | 2 | 1, 4 | 0.0 |  | **0.50** | 4 (0.25) |", found)
        self.assertIn("| no / bits |", found)
        self.assertIn("| 1 | rows | dram | 2 | 8 | 4.00 | vdot | 4 | 2.00 |", found)
        self.assertIn("JAX: absent: it is not installed", found)
        self.assertEqual(found, self.write(found), "writing them again changes nothing")

    def test_every_marker_is_in_the_page(self):
        text = pathlib.Path("docs/performance.md").read_text()
        for name in ("about", "dram", "cache", "numpy", "forms", "growth"):
            self.assertNotEqual(performance_table.replace(text, name, "x"), text, name)


class Real(unittest.TestCase):
    vecdot = None

    def setUp(self):
        if not self.vecdot:
            self.skipTest("no --vecdot")

    def test_numpy_and_openblas_do_every_case(self):
        with tempfile.TemporaryDirectory() as folder:
            ours, theirs = (str(pathlib.Path(folder, name)) for name in ("ours.json", "theirs.json"))
            subprocess.run([self.vecdot, "bench", "--scale=tiny", "--runs=0", f"--json={ours}"], check=True,
                           stdout=subprocess.DEVNULL)
            subprocess.run([sys.executable, "bench/peers.py", ours, "--out", theirs, "--peers=numpy,openblas", "--runs=1",
                            "--budget=60"], check=True, stdout=subprocess.DEVNULL)
            found = json.loads(pathlib.Path(theirs).read_text())
        missing = {result["case"]: result for result in found["results"]
                   if result["who"] == "numpy" and result["status"] != "ok"}
        self.assertLessEqual(set(missing), {"3b"}, missing)  # bfloat16 needs ml_dtypes
        for result in found["results"]:
            self.assertIn(result["status"], ("ok", "unsupported", "failed" if result["case"] == "3b" else "ok"), result)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--vecdot")
    Real.vecdot = parser.parse_args().vecdot
    unittest.main(argv=[sys.argv[0]])
