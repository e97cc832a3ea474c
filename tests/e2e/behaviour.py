"""What the command promises apart from numbers: exit statuses, streams, devices, files that are wrong."""

import io
import json
import os
import pathlib
import pty
import re
import stat
import subprocess
import time

import numpy as np

from command import EXIT_FAILED, EXIT_NO_DEVICE, EXIT_OK, EXIT_USAGE

NO_DRIVER = {"VECDOT_LIBOPENCL": "/nonexistent/libOpenCL.so.1", "VECDOT_LIBCUDA": "/nonexistent/libcuda.so.1"}


def bytes_of(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def files(folder):
    """A residual (n,) and a matrix (n, k), as float64."""
    rng = np.random.default_rng(7)
    r, X = rng.standard_normal(50), np.asfortranarray(rng.standard_normal((50, 4)))
    a, b = pathlib.Path(folder) / "r.npy", pathlib.Path(folder) / "X.npy"
    np.save(a, r)
    np.save(b, X)
    return a, b, r, X


def is_usage(run, *words):
    assert run.code == EXIT_USAGE and run.stdout == b"", run
    for word in words:
        assert word in run.stderr, (word, str(run))


def is_failure(run, *words):
    assert run.code == EXIT_FAILED and run.stdout == b"", run
    for word in words:
        assert word in run.stderr, (word, str(run))


# ---- Help and usage --------------------------------------------------------------------------------


def test_help_and_version(vecdot, folder):
    overview = vecdot("--help")
    assert overview.code == EXIT_OK and overview.stderr == "", overview
    for name in ("run", "matvec", "vecmat", "explain", "devices", "doctor", "selftest", "bench"):
        text = vecdot(name, "--help")
        assert text.code == EXIT_OK and text.stdout.startswith(f"vecdot {name}".encode()), text
        assert text.stdout == vecdot("help", name).stdout
        assert f"vecdot {name}".encode() in overview.stdout, name
        assert max(map(len, text.stdout.splitlines())) <= 80
    version = vecdot("--version")
    assert version.code == EXIT_OK and version.stdout.startswith(b"vecdot "), version


def test_wrong_usage_names_the_argument(vecdot, folder):
    a, b, _, _ = files(folder)
    is_usage(vecdot(), "vecdot run")
    is_usage(vecdot("frobnicate"), "frobnicate")
    is_usage(vecdot("--frobnicate"), "--frobnicate")
    is_usage(vecdot("run", a, b, "--frobnicate"), "--frobnicate")
    is_usage(vecdot("run", a, b, "-x"), "-x")
    is_usage(vecdot("run", a), "two .npy files")
    is_usage(vecdot("run", a, b, "third.npy"), "third.npy")
    is_usage(vecdot("run", a, b, "--axis"), "--axis")
    for axis in ("one", "1.5", "", "0x1", "99999999999", "1,2"):
        is_usage(vecdot("run", a, b, f"--axis={axis}"), "--axis")
    for axes in ("1", "1,", ",1", "1,2,3", "a,b"):
        is_usage(vecdot("run", a, b, "--axes", axes), "--axes", axes)
    is_usage(vecdot("run", a, b, "--dtype", "float33"), "float33", "float32")
    is_usage(vecdot("run", a, b, "--keepdims=1"), "--keepdims")
    is_usage(vecdot("matvec", a, b, "--axis", "0"), "--axis")
    is_usage(vecdot("devices", "--device", "opencl"), "--device")
    is_usage(vecdot("run", a, b, "--no-such-option"), "--no-such-option")
    is_usage(vecdot("run", a, a, "--device", "abacus"), "abacus", "VECDOT_ERROR_INVALID_ARGUMENT")


# ---- Devices ---------------------------------------------------------------------------------------


def test_devices_as_table_and_json(vecdot, folder):
    table, listed = vecdot("devices"), vecdot("devices", "--json")
    assert table.code == listed.code == EXIT_OK, table
    devices = json.loads(listed.stdout)
    assert len(devices) + 1 == len(table.stdout.splitlines()), table.stdout
    for device, line in zip(devices, table.stdout.decode().splitlines()[1:]):
        assert line.split()[0] == device["selector"] and device["name"] in line, line
        assert device["kind"] in ("gpu", "cpu", "accelerator") and device["compute_units"] > 0, device
        assert device["memory_bytes"] >= device["max_alloc_bytes"] > 0 and isinstance(device["fp64"], bool), device


def test_without_a_driver(vecdot, folder):
    a, b, _, _ = files(folder)
    any_device = {**NO_DRIVER, "VECDOT_BACKEND": "auto", "VECDOT_DEVICE": ""}
    listed = vecdot("devices", "--json", env=any_device)
    assert listed.code == EXIT_OK and [d["selector"] for d in json.loads(listed.stdout)] == ["cpu:0"], listed
    commands = (["run", a, b, "--axis", 0], ["explain", a, b, "--axis", 0], ["selftest"])
    for arguments in commands:
        assert vecdot(*arguments, env=any_device).code == EXIT_OK, arguments
        run = vecdot(*arguments, env={**any_device, "VECDOT_BACKEND": "opencl"})
        assert run.code == EXIT_NO_DEVICE and run.stdout == b"" and "doctor" in run.stderr, run
    doctor = vecdot("doctor", env=any_device)
    assert doctor.code == EXIT_OK and b"/nonexistent/libOpenCL.so.1" in doctor.stdout, doctor.stdout
    assert vecdot("doctor", env={**any_device, "VECDOT_BACKEND": "cuda"}).code == EXIT_NO_DEVICE


def test_doctor_and_device_selection(vecdot, folder):
    a, b, _, _ = files(folder)
    doctor = vecdot("doctor")
    assert doctor.code == EXIT_OK and b": 32, ok" in doctor.stdout, doctor
    first = json.loads(vecdot("devices", "--json").stdout)[0]["selector"]
    nowhere = {"VECDOT_BACKEND": "opencl", "VECDOT_DEVICE": "no such device"}
    run = vecdot("run", a, b, "--axis", 0, env=nowhere)
    assert run.code == EXIT_NO_DEVICE and "VECDOT_ERROR_NO_DEVICE" in run.stderr, run
    run = vecdot("run", a, b, "--axis", 0, "--device", first, env=nowhere)
    assert run.code == EXIT_OK, run


def test_messages_name_no_function_of_the_library(vecdot, folder):
    a, b, _, _ = files(folder)
    nowhere = {**NO_DRIVER, "VECDOT_BACKEND": "opencl", "VECDOT_DEVICE": ""}
    for run in (vecdot("run", a, b, "--axis", 5), vecdot("run", a, b, "--dtype", "int8"),
                vecdot("run", a, b, "--axis", 0, env=nowhere), vecdot("selftest", env={"VECDOT_BACKEND": "abacus"}),
                vecdot("run", a, a, "--device", "cuda", env=NO_DRIVER)):
        assert run.code != EXIT_OK and run.stderr.startswith("vecdot: "), run
        assert not re.search(r"vecdot_\w+: |: vecdot: ", run.stderr), run
    report = vecdot("doctor", env={**NO_DRIVER, "VECDOT_BACKEND": "abacus"}).stdout.decode()
    assert "abacus" in report and "vecdot_context_create" not in report, report
    doctor = vecdot("doctor", env={**NO_DRIVER, "VECDOT_BACKEND": "cpu", "VECDOT_NUM_THREADS": "1"}).stdout.decode()
    assert " 1 thread," in doctor and "\n  cuda: " not in doctor and "\n  opencl: " not in doctor, doctor


# ---- Results ---------------------------------------------------------------------------------------


def test_residual_with_every_column(vecdot, folder):
    a, b, r, X = files(folder)
    run = vecdot("run", a, b, "--axis", 0)
    assert run.code == EXIT_OK and run.stderr == "", run
    printed = np.array([float(line) for line in run.stdout.split()])
    assert np.allclose(printed, np.vecdot(r, X, axis=0), rtol=1e-13)
    binary = vecdot("run", a, b, "--axis=0", "-o", "-")
    assert binary.code == EXIT_OK
    assert np.array_equal(np.load(io.BytesIO(binary.stdout)), printed), "text must keep every digit"


def test_text_can_be_read_back(vecdot, folder):
    folder = pathlib.Path(folder)
    rng = np.random.default_rng(11)
    for dtype in ("int8", "uint64", "float16", "float32", "float64", "complex64", "complex128", "bool"):
        x = rng.integers(0, 256, (6, 5, np.dtype(dtype).itemsize), "u1").view(dtype)  # any bits at all
        one = np.ones(1, dtype)
        np.save(folder / "x.npy", x)
        np.save(folder / "one.npy", one)
        run = vecdot("run", folder / "one.npy", folder / "x.npy", env={"LC_ALL": "de_DE.UTF-8"})
        assert run.code == EXIT_OK, run
        lines = run.stdout.decode().splitlines()
        convert = {"b": {"True": True, "False": False}.get, "i": int, "u": int, "c": complex}.get(x.dtype.kind, float)
        got = np.array([[convert(word) for word in line.split(" ")] for line in lines], dtype)
        wanted = np.load(io.BytesIO(vecdot("run", folder / "one.npy", folder / "x.npy", "-o", "-").stdout))
        assert got.shape == (6, 5) and np.array_equal(got, wanted, equal_nan=got.dtype.kind in "fc"), (dtype, lines)


def test_text_of_other_shapes(vecdot, folder):
    folder = pathlib.Path(folder)
    np.save(folder / "one.npy", np.ones(1, "float32"))
    x = np.arange(12, dtype="float32") / 10
    cases = [((1,), "0\n"), ((3, 1), "0\n0.1\n0.2\n"), ((2, 2, 1), "0 0.1\n0.2 0.3\n"),
             ((2, 2, 2, 1), "0 0.1\n0.2 0.3\n\n0.4 0.5\n0.6 0.7\n"), ((0, 2, 1), "")]
    for shape, text in cases:
        np.save(folder / "x.npy", x[: int(np.prod(shape))].reshape(shape))
        run = vecdot("run", folder / "x.npy", folder / "one.npy")
        assert run.code == EXIT_OK and run.stdout.decode() == text, (shape, run.stdout)
    assert "no elements: float32 (0, 2)" in run.stderr, run
    np.save(folder / "x.npy", np.array([[np.nan], [np.inf], [-np.inf], [1e30], [-0.0]], "float32"))
    run = vecdot("run", folder / "x.npy", folder / "one.npy")
    assert run.stdout.decode().split() == ["nan", "inf", "-inf", "1e+30", "0"], run.stdout


def test_pipes(vecdot, folder):
    a, b, r, X = files(folder)
    wanted = vecdot("run", a, b, "--axis", 0).stdout
    assert vecdot("run", "-", b, "--axis", 0, stdin=bytes_of(r)).stdout == wanted
    both = vecdot("run", "-", "-", "--axis", 0, stdin=bytes_of(r) + bytes_of(X))
    assert both.code == EXIT_OK and both.stdout == wanted, both
    with open(b, "rb") as file:
        redirected = vecdot("run", a, "-", "--axis", 0, stdin_file=file)
    assert redirected.stdout == wanted, redirected
    is_failure(vecdot("run", "-", b, stdin=bytes_of(r)[:-1]), "standard input", "cut short")


def test_a_full_disk_is_an_error(vecdot, folder):
    a, b, _, _ = files(folder)
    if os.path.exists("/dev/full"):
        is_failure(vecdot("run", a, b, "--axis", 0, "-o", "/dev/full"), "/dev/full", "No space left")


def test_output_replaces_whole_files(vecdot, folder):
    a, b, r, X = files(folder)
    out = pathlib.Path(folder) / "out.npy"
    out.write_bytes(b"old")
    is_failure(vecdot("run", a, b, "--axis", 5, "-o", out), "VECDOT_ERROR_AXIS", "r.npy", "X.npy")
    assert out.read_bytes() == b"old"
    assert vecdot("run", a, b, "--axis", 0, "-o", out).code == EXIT_OK
    assert np.load(out).shape == (4,)
    assert vecdot("run", a, b, "--axis", 0, "--out", b).code == EXIT_OK, "an input may be the output"
    assert np.array_equal(np.load(b), np.load(out))
    assert sorted(os.listdir(folder)) == ["X.npy", "out.npy", "r.npy"], "no temporary may stay"
    is_failure(vecdot("run", a, a, "-o", pathlib.Path(folder) / "none" / "out.npy"), "No such file")
    assert stat.S_IMODE(out.stat().st_mode) & 0o600 == 0o600


def test_bfloat16(vecdot, folder):
    folder = pathlib.Path(folder)
    bits = np.array([0x3f80, 0x4000, 0x4040], "<u2")  # 1, 2, 3
    (folder / "b.npy").write_bytes(bytes_of(bits).replace(b"'<u2'", b"'<V2'"))
    is_failure(vecdot("run", folder / "b.npy", folder / "b.npy"), "VECDOT_ERROR_DTYPE", "--bf16")
    run = vecdot("run", folder / "b.npy", folder / "b.npy", "--bf16")
    assert run.code == EXIT_OK and run.stdout == b"14\n", run
    run = vecdot("run", folder / "b.npy", folder / "b.npy", "--bf16", "-o", "-")
    result = np.load(io.BytesIO(run.stdout))
    assert result.dtype == "V2" and result.view("<u2") == 0x4160, result


def test_products_tell_the_shapes_of_the_files(vecdot, folder):
    x, y = pathlib.Path(folder) / "x.npy", pathlib.Path(folder) / "y.npy"
    for name, x1, x2, words in (
            ("matvec", (4, 5, 8), (7,), ("x1 (4, 5, 8) axis 2 has 8", "x2 (7,) axis 0 has 7")),
            ("matvec", (120, 21), (20,), ("x1 (120, 21) axis 1 has 21", "x2 (20,) axis 0 has 20")),
            ("vecmat", (3, 7), (2, 8, 5), ("x1 (3, 7) axis 1 has 7", "x2 (2, 8, 5) axis 1 has 8")),
            ("matvec", (4, 5, 8), (3, 8), ("batch shapes (4,) and (3,)", "x1 (4, 5, 8)", "x2 (3, 8)")),
            ("vecmat", (2, 3, 8), (4, 8, 5), ("batch shapes (2, 3) and (4,)", "x1 (2, 3, 8)", "x2 (4, 8, 5)")),
            ("matvec", (8,), (8,), ("x1 must have at least 2 dimensions, got shape (8,)",)),
            ("vecmat", (), (8, 2), ("x1 must have at least 1 dimension, got shape ()",))):
        np.save(x, np.ones(x1, "float32"))
        np.save(y, np.ones(x2, "float32"))
        run = vecdot(name, x, y)
        is_failure(run, f"vecdot: {name}: ", *words, f"x1 is {x}: float32 {x1}", f"x2 is {y}: float32 {x2}")


def test_reproducible_and_explain(vecdot, folder):
    a, b, _, _ = files(folder)
    plain, pinned = vecdot("run", a, b, "--axis", 0), vecdot("run", a, b, "--axis", 0, "--reproducible")
    assert pinned.code == EXIT_OK and np.allclose(*(np.array(x.stdout.split(), float) for x in (plain, pinned)))
    text = vecdot("explain", a, b, "--axis", 0)
    assert text.code == EXIT_OK and len(text.stdout) > 40, text
    is_failure(vecdot("explain", a, b, "--axis", 7), "VECDOT_ERROR_AXIS")


# ---- Files that are wrong --------------------------------------------------------------------------


def test_wrong_files(vecdot, folder):
    a, b, r, _ = files(folder)
    wrong = pathlib.Path(folder) / "wrong.npy"
    good = bytes_of(r)
    cases = [(b"", "cut short"), (b"1,2,3\n", "not a .npy file"), (good[:-1], "cut short"), (good[:20], "cut short"),
             (good.replace(b"(50,)", b"(-1,)"), "malformed"), (good.replace(b"'<f8'", b"'>f8'"), "other order"),
             (good.replace(b"'<f8'", b"'|O8'"), "Python objects"), (good.replace(b"(50,)", b"(5**"), "malformed"),
             (bytes_of(np.zeros(2, [("x", "f4")])), "structured"), (bytes_of(np.zeros(2, "U3")), "text"),
             (bytes_of(np.zeros(2, np.longdouble)), "extended precision")]
    for data, says in cases:
        wrong.write_bytes(data)
        is_failure(vecdot("run", a, wrong), "wrong.npy", says)
    is_failure(vecdot("run", a, pathlib.Path(folder) / "missing.npy"), "missing.npy", "No such file")
    is_failure(vecdot("run", a, folder), "directory")


def test_selftest(vecdot, folder):
    run = vecdot("selftest")
    assert run.code == EXIT_OK and b", 0 failed" in run.stdout, f"{run}\n{run.stdout.decode()}"


def test_bench_tells_what_a_call_costs(vecdot, folder):
    """The cpu computes while a call is made, so there is nothing to enqueue and no wait."""
    run = vecdot("bench", "24a", "--runs", 2, "--device", "cpu")
    assert run.code == EXIT_OK and b"us a call" in run.stdout and b"enqueue" not in run.stdout, run.stdout


def test_progress_on_a_terminal(vecdot, folder):
    """A pipe that stops half-way for a second: the line tells how far reading is."""
    data = bytes_of(np.ones(100000, np.float32))
    terminal, stderr = pty.openpty()
    with subprocess.Popen([vecdot.path, "run", "-", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=stderr) as process:
        os.close(stderr)
        process.stdin.write(data[: len(data) // 2])
        process.stdin.flush()
        time.sleep(1.2)
        shown = os.read(terminal, 4096).decode()
        process.stdin.write(data[len(data) // 2 :] + data)
        process.stdin.close()
        result = process.stdout.read()
    assert process.returncode == EXIT_OK and float(result) == 100000, (process.returncode, result)
    assert "reading [" in shown and "%" in shown and " s" in shown, shown
    os.close(terminal)


TESTS = [value for name, value in list(globals().items()) if name.startswith("test_")]
