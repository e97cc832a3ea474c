"""The programs around the benchmark: what peers.py and everyday.py make of libraries that are slow, wrong, missing, crash
or hang, which forms NumPy is timed with, how machines are named, how growth.py finds steps, and that performance_table.py
changes the tables of one machine and nothing else.

    measuring.py                        run in the project's folder; needs Python alone
    measuring.py --vecdot build/vecdot  also NumPy, and OpenBLAS where it is, on every case in tiny sizes, and NumPy's
                                        forms on every everyday case
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
import everyday  # noqa: E402
import growth  # noqa: E402
import machine  # noqa: E402
import numpy_forms  # noqa: E402
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

class Slowing(StandIn):
    """By its own clock: "early" is the fastest form for as long as forms are tried, and not after that."""
    now, early = 0, 0

    def elapsed(self, work):
        begin = self.now
        work()
        return self.now - begin

    def spend(self, seconds):
        self.now += seconds
        return 5.0

    def try_early(self, x, y):
        self.early += 1
        return self.spend(1e-3 if self.early <= 80 else 4e-3)

    def forms(self, case):
        yield "early", self.try_early
        yield "steady", lambda x, y: self.spend(2e-3)
        yield "late", lambda x, y: self.spend(3e-3)

LIBRARIES = {
    "slowing": lambda: Slowing(None), "steady": lambda: StandIn(lambda: 5.0), "wrong": lambda: Only(lambda: 6.0), "slow": lambda: Only(slow),
    "refusing": lambda: Only(lambda: 1 / 0), "crashing": lambda: StandIn(lambda: os._exit(3)),
    "hanging": lambda: Only(lambda: time.sleep(600)), "absent": absent,
}
'''

SIDES = '''
import time

class StandIn:
    """Each call takes `seconds`; `value` is the result."""

    def __init__(self, seconds, value=5.0):
        self.each, self.value = seconds, value

    def seconds(self, count):
        return self.each * count

    def result(self):
        return self.value

class Raising(StandIn):
    def result(self):
        return 1 / 0

class Slow(StandIn):
    def result(self):
        time.sleep(self.each)
        return self.value

    def seconds(self, count):
        raise AssertionError("a call that takes so long is not repeated")

CASES = {
    "e1": (StandIn(2e-6), {"vecdot": StandIn(4e-6), "dot": StandIn(1e-6), "einsum": StandIn(1.1e-6)}),
    "e2": (StandIn(1e-6), {"vecdot": StandIn(2e-6), "quick and wrong": StandIn(1e-7, 6.0), "refused": Raising(1e-7)}),
    "e3": (StandIn(3e-6), {"vecdot": Slow(0.6), "dot": StandIn(3e-6)}),
    "e4": (StandIn(1e-6, 6.0), {"vecdot": StandIn(1e-6)}),
    "e5": (StandIn(1e-6), {"vecdot": StandIn(1e-6, 6.0)}),
}

class Sides:
    def __init__(self, library, selector):
        if library == "nowhere.so":
            raise FileNotFoundError(library)
        if library == "no NumPy":
            raise ImportError("No module named 'numpy'")

    def about(self):
        return {"version": "1"}

    def close(self):
        pass

    def contenders(self, case):
        return *CASES[case["case"]], lambda result: None if result == 5.0 else f"output is {result}"
'''


def case(number, seconds, kind="stream"):
    operand = {"dtype": "float32", "shape": [8, 1000], "strides": [1000, 1], "offset": 0, "storage": 8000}
    return {"case": number, "title": "rows", "kind": kind, "who": "vecdot", "status": "ok", "x1": operand, "x2": operand,
            "axis": [-1, -1], "result": "float32", "result_shape": [8], "zeros": False, "bytes_in": 64000,
            "bytes_out": 32, "operations": 16000, "seconds": seconds, "share": 0.5,
            "ceiling_bytes_per_second": [64064e3], "empty_wait": [1e-5]}


def report(*cases):
    return {"tool": "vecdot bench", "version": "1", "date": "2020-05-06", "scale": "dram", "results": list(cases),
            "device": {"selector": "opencl:0", "name": "a device", "driver": "1", "compute_units": 2,
                       "shares_host_memory": True}, "ceiling": {"method": "reading", "bytes_per_second": []}}


class Peers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for program in ("peers.py", "machine.py"):
            shutil.copy(f"bench/{program}", self.folder)
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

    def test_the_form_that_counts_is_the_fastest_of_what_is_told(self):
        first = self.run_peers("--peers=slowing", "--budget=30")[0]["slowing", "1"]
        self.assertEqual((first["form"], len(first["seconds"])), ("steady", 3))
        self.assertAlmostEqual(first["seconds"][0], 2e-3)
        for name, seconds in (("early", 4e-3), ("steady", 2e-3), ("late", 3e-3)):
            self.assertAlmostEqual(first["forms"][name], seconds)

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


class Everyday(unittest.TestCase):
    def run_everyday(self, *options, cases=("e1", "e2", "e3")):
        """The finished process, and what it wrote; None when nothing."""
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            for program in ("everyday.py", "machine.py"):
                shutil.copy(f"bench/{program}", folder)
            (folder / "everyday_sides.py").write_text(SIDES)
            (folder / "cases.json").write_text(json.dumps(report(*(case(number, [1e-6]) for number in cases))))
            out = folder / "out.json"
            command = [sys.executable, str(folder / "everyday.py"), str(folder / "cases.json"), "-o", str(out)]
            done = subprocess.run([*command, "--rounds=3", *options], capture_output=True, text=True,
                                  check=False)
            return done, json.loads(out.read_text()) if out.exists() else None

    def test_ratios_are_to_the_best_right_form(self):
        done, found = self.run_everyday()
        self.assertEqual(done.returncode, 0, done.stderr)
        one, two, three = found["results"]
        self.assertEqual((one["best"], sorted(one["forms"])), ("dot", ["dot", "einsum", "vecdot"]))
        self.assertAlmostEqual(one["ratio"], 2)
        self.assertEqual([len(one["seconds"]), len(one["ratios"])], [3, 3])
        self.assertEqual((two["best"], round(two["ratio"], 3)), ("vecdot", 0.5))
        self.assertIn("output is 6.0", two["refused"]["quick and wrong"])
        self.assertIn("ZeroDivisionError", two["refused"]["refused"])
        self.assertEqual((three["best"], round(three["ratio"], 3)), ("dot", 1))
        self.assertGreater(three["forms"]["vecdot"][0], 0.5, "what is slow counts by its one call")
        self.assertEqual({key: found["summary"][key] for key in ("cases", "below_1.0", "above_1.1", "worst")},
                         {"cases": 3, "below_1.0": 1, "above_1.1": 1, "worst": "e1"})
        self.assertIn("3 cases: 1 below 1.0, 1 above 1.1; the worst is e1 at 2.00", done.stdout)

    def test_a_wrong_vecdot_fails_the_run(self):
        done, found = self.run_everyday(cases=("e4", "e1"))
        self.assertEqual(done.returncode, 1)
        self.assertEqual([result["status"] for result in found["results"]], ["wrong", "ok"])
        self.assertIn("output is 6.0", found["results"][0]["message"])
        self.assertEqual(found["summary"]["cases"], 1)

    def test_numpy_with_no_right_form_has_no_ratio(self):
        done, found = self.run_everyday("--only=e5", cases=("e5", "e1"))
        self.assertEqual((done.returncode, [result["status"] for result in found["results"]]), (0, ["no form"]))

    def test_what_is_missing_is_named(self):
        for library, told in (("nowhere.so", "nowhere.so"), ("no NumPy", "bench/requirements.txt")):
            done, found = self.run_everyday(f"--library={library}")
            self.assertEqual((done.returncode, found), (1, None))
            self.assertIn(told, done.stderr)


class Forms(unittest.TestCase):
    def forms(self, shapes, axis, dtypes=("float32", "float32", "float32"), **more):
        sides = [{"dtype": dtype, "shape": list(shape), "strides": [*[shape[-1]] * (len(shape) - 1), 1]}
                 for shape, dtype in zip(shapes, dtypes)]
        return dict(numpy_forms.forms({"x1": sides[0], "x2": sides[1], "axis": axis, "result": dtypes[2],
                                       "result_shape": [7] if max(map(len, shapes)) > 1 else [], **more}))

    def test_vectors(self):
        self.assertEqual(self.forms([(9,), (9,)], [0, 0]), {
            "vecdot": "vecdot({x}, {y})", "dot": "{x}.dot({y})", "einsum": "einsum('a,a->', {x}, {y})",
            "(x * y).sum": "multiply({x}, {y}).sum(-1, dtype=float32)"})

    def test_products_and_axes(self):
        found = self.forms([(7, 1, 9), (7, 9)], [2, 1])
        self.assertEqual((found["vecdot"], found["dot"]), ("vecdot(x, y, out=out)", "{x}.dot({y}, out)"))
        self.assertEqual(self.forms([(9,), (9, 7)], [0, 0])["einsum"], "einsum('a,ab->b', {x}, {y}, out=out)")
        self.assertEqual(self.forms([(9, 7), (9, 7)], [0, 0])["vecdot"], "vecdot({x}, {y}, axis=0, out=out)")

    def test_narrow_integers_are_widened_where_sums_stay_exact(self):
        bytes_ = ("int8", "int8", "int32")
        found = self.forms([(1000000,)] * 2, [0, 0], bytes_, dtype="int32")
        self.assertIn("dot in float64", found)
        self.assertIn("dtype=int16", found["(x * y).sum, products in int16"])
        self.assertIn("dot in float32", self.forms([(200,)] * 2, [0, 0], bytes_, dtype="int32"))
        found = self.forms([(1000000,)] * 2, [0, 0], ("int32",) * 3)
        self.assertFalse([name for name in found if name.startswith("dot in")])


class Machine(unittest.TestCase):
    AMD = ("vendor_id\t: AuthenticAMD\ncpu family\t: 26\nmodel\t\t: 2\nmodel name\t: AMD EPYC\n"
           "flags\t: sse2 avx2 avx512f\n")
    INTEL = ("vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\nstepping\t: 8\n"
             "model name\t: Intel(R) Xeon(R) Platinum 8488C\nflags\t: sse2 avx2 avx512f\n")
    OLDER = INTEL.replace("143", "85").replace("stepping\t: 8", "stepping\t: 7").replace("Platinum 8488C", "CPU @ 2.80GHz")

    def test_names(self):
        for text, cores, name, page in (
                (self.AMD, 2, "AMD EPYC (Zen 5, AVX-512), 2 cores", "amd-epyc-zen5-2-cores"),
                (self.INTEL, 1, "Intel Xeon Platinum 8488C (Sapphire Rapids, AVX-512), 1 core",
                 "intel-xeon-platinum-8488c-sapphirerapids-1-core"),
                (self.OLDER, 2, "Intel Xeon (Cascade Lake, AVX-512), 2 cores", "intel-xeon-cascadelake-2-cores"),
                (self.AMD.replace(": 26", ": 99").replace(" avx512f", ""), 4,
                 "AMD EPYC (family 99 model 2, AVX2), 4 cores", "amd-epyc-family99model2-4-cores"),
                ("CPU implementer\t: 0x41\nCPU part\t: 0xd40\nFeatures\t: fp asimd sve\n", 2,
                 "Arm (Neoverse V1, SVE), 2 cores", "arm-neoversev1-2-cores")):
            self.assertEqual(machine.describe(text, cores), {"name": name, "page": page})

    def test_a_driver_and_a_gpu_have_pages_of_their_own(self):
        told = {"machine": {"name": "a machine", "page": "m"}, "device": {"selector": "cpu", "shares_host_memory": True}}
        self.assertEqual(machine.of_report(told), {"name": "a machine", "page": "m"})
        told["device"]["selector"] = "opencl:0"
        self.assertEqual(machine.of_report(told), {"name": "a machine, through OpenCL", "page": "m-opencl"})
        told["device"] = {"selector": "cuda:0", "name": "A GPU", "shares_host_memory": False}
        self.assertEqual(machine.of_report(told), {"name": "A GPU, through CUDA", "page": "a-gpu-cuda"})


class Growth(unittest.TestCase):
    def test_sizes(self):
        self.assertEqual(growth.sizes_of("{}x2", 16 * 10), [1, 2, 3, 6, 10])

    def test_steps(self):
        points = [{"size": size, "elements": size, "vecdot": [each * size, 9 * each * size]}
                  for size, each in ((1, 9), (10, 1), (100, 1.4), (1000, 3), (10000, 3))]
        self.assertEqual(growth.steps_of(points, "vecdot"), [{"from": 100, "to": 1000, "factor": 2.14}])


SUMMARY = "by hand\n<!-- table machines -->\n| machine |\n| --- |\n{}<!-- end -->\nby hand too\n"
OTHER = "| [Another](performance/another.md) | 2020-01-01 | 1 of 2 | 3 | 4.00 (e5) | 6 of 7; least 0.10 (8) |\n"


class Tables(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.summary = self.folder / "performance.md"
        self.page = self.folder / "performance" / "m-opencl.md"
        self.summary.write_text(SUMMARY.format(OTHER))

    def file(self, name, content):
        (self.folder / name).write_text(json.dumps(content))
        return str(self.folder / name)

    def write(self, *options, scales=("dram",), **peers_of):
        """The page after its tables of one run were written; NumPy takes twice as long in case 1 and refuses case 2."""
        ours = report(case("1", [2e-3, 1e-3, 4e-3]), case("2", [1e-3]), case("3", [3e-5], "launch"))
        place = {"machine": {"name": "M", "page": "m"}, "device": ours["device"], **peers_of}
        peers = {**place, "libraries": {"numpy": {"version": "2"}, "jax": {"absent": "it is not installed"}}, "results": [
            {"case": "1", "who": "numpy", "status": "ok", "form": "vdot", "forms": {"vecdot": 8e-3, "vdot": 4e-3},
             "seconds": [4e-3]},
            {"case": "2", "who": "numpy", "status": "unsupported", "forms": {"vecdot": "TypeError: no | bits"},
             "message": "vecdot: TypeError: no | bits"}]}
        files = self.file("ours.json", ours), self.file("peers.json", peers)
        done = subprocess.run([sys.executable, "bench/performance_table.py", str(self.summary),
                               *(word for scale in scales for word in (f"--{scale}", *files)), *options],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.strip(), str(self.page))
        return self.page.read_text()

    def everyday(self, page="m"):
        """A file of everyday.py with one case, and one that failed."""
        result = {**{key: value for key, value in case("e1", []).items() if key in ("case", "title", "x1", "x2")},
                  "status": "ok", "seconds": [3e-6], "forms": {"vecdot": [4e-6], "dot": [2e-6]}, "best": "dot",
                  "ratio": 1.5, "ratios": [1.4, 1.5, 1.6]}
        failed = {**result, "case": "e2", "status": "failed", "message": "vecdot: no memory"}
        return self.file("everyday.json", {
            **report(), "machine": {"name": "M", "page": page}, "libraries": {"numpy": {"version": "2"}},
            "date": "2030-01-02", "rounds": 3, "others": 0.01, "results": [result, failed],
            "summary": everyday.summary([result, failed])})

    def test_only_tables_change(self):
        names = ("dram", "numpy", "forms")
        text = "by hand\n" + "".join(f"<!-- table {name} -->\nold\n<!-- end -->\n{name} by hand\n" for name in names)
        text += "<!-- table cache -->\nkept\n<!-- end -->\n"
        self.page.parent.mkdir()
        self.page.write_text(text)
        found = self.write()
        self.assertNotIn("old", found)
        for kept in ("by hand\n", *(f"{name} by hand\n" for name in names), "<!-- table cache -->\nkept\n<!-- end -->"):
            self.assertIn(kept, found)
        self.assertIn("| 1 | rows | f32 8×1000 · f32 8×1000 | 1 | 2 | 1, 4 | 0.0 |  | **0.50** | 4 (0.25) |", found)
        self.assertEqual((found.count("no / bits |"), found.count("no | bits")), (2, 0))
        self.assertIn("| 1 | rows | dram | 2 | 8 | 4.00 | vdot | 4 | 2.00 |", found)
        self.assertIn("JAX: absent: it is not installed", found)
        self.assertEqual(found, self.write(), "writing them again changes nothing")
        for line in ("| 1 | dram | vdot |", "| 2 | dram |  |"):
            self.assertIn(line, found)

    def test_forms_are_told_for_each_size(self):
        found = self.write(scales=("dram", "cache"))
        for line in ("| 1 | dram | vdot |", "| 1 | cache | vdot |"):
            self.assertIn(line, found)

    def test_a_new_machine_gets_a_page_and_a_row(self):
        found = self.write("--everyday", self.everyday())
        self.assertIn("# Speed on M, through OpenCL", found)
        self.assertIn("| e1 | rows | f32 8×1000 · f32 8×1000 | 3 | 4 | 2 | dot | **1.50** | 1.40, 1.60 |", found)
        self.assertIn("failed: vecdot: no memory", found)
        row = "| [M, through OpenCL](performance/m-opencl.md) | 2030-01-02 | 0 of 1 | 1 | 1.50 (e1) | 1 of 2; least 0.50 (1) |"
        summary = self.summary.read_text()
        for kept in ("by hand\n", OTHER, row, "<!-- end -->\nby hand too\n"):
            self.assertIn(kept, summary)
        self.write()
        self.assertIn(row, self.summary.read_text(), "what was not measured again stays")

    def test_files_of_two_machines_are_refused(self):
        for here, there in (("m", "other"), ("other", "m")):
            with self.assertRaisesRegex(AssertionError, "must be of one machine"):
                self.write("--everyday", self.everyday(there), machine={"name": "M", "page": here})
            self.assertEqual(self.summary.read_text(), SUMMARY.format(OTHER))
            self.assertFalse(self.page.exists())

    def test_every_marker_is_in_the_pages(self):
        pages = [path.read_text() for path in sorted(pathlib.Path("docs/performance").glob("*.md"))]
        machines = [text for text in pages if "<!-- table dram -->" in text]
        self.assertTrue(machines)
        for text in (performance_table.PAGE, *machines):
            for name in ("everyday", "dram", "cache", "numpy", "forms", "growth"):
                self.assertNotEqual(performance_table.replace(text, name, "x"), text, name)
        text = pathlib.Path("docs/performance.md").read_text()
        self.assertNotEqual(performance_table.replace(text, "machines", "x"), text)


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

    def test_everyday_cases_have_forms_that_are_right(self):
        library = pathlib.Path(self.vecdot).parent / "libvecdot.so"
        with tempfile.TemporaryDirectory() as folder:
            cases, told = (str(pathlib.Path(folder, name)) for name in ("cases.json", "told.json"))
            subprocess.run([self.vecdot, "bench", "--scale=everyday", "--runs=0", f"--json={cases}"], check=True,
                           stdout=subprocess.DEVNULL)
            subprocess.run([sys.executable, "bench/everyday.py", cases, "--out", told, f"--library={library}",
                            "--rounds=1", "--sample=1e-4"], check=True, stdout=subprocess.DEVNULL)
            found = json.loads(pathlib.Path(told).read_text())
        self.assertEqual(len(found["results"]), 51)
        for result in found["results"]:
            if result["x1"]["dtype"] != "bfloat16":  # needs ml_dtypes
                self.assertEqual(result["status"], "ok", result)
                self.assertIn("vecdot", result["forms"], result)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--vecdot")
    Real.vecdot = parser.parse_args().vecdot
    unittest.main(argv=[sys.argv[0]])
