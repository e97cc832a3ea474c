"""One binary on four machines: without a driver, with OpenCL only, with CUDA only, with both. A machine without a driver
is made by naming a file that is not there; CUDA is the simulated driver. `vecdot devices`, `doctor` and `run` must
behave and explain on each.

    machines.py --vecdot PROGRAM --cuda LIBRARY [--without-kernels]

--without-kernels: the build had no CUDA toolkit, so that a CUDA driver alone is no device, for that reason.
"""

import argparse
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

OK, FAILED, NO_DEVICE = 0, 1, 3
NOWHERE = "/nonexistent/lib.so.1"


class Machine:
    def __init__(self, program, name, opencl, cuda):
        self.program, self.name = program, name
        kept = {k: v for k, v in os.environ.items() if not k.startswith("VECDOT_")}
        self.environment = {**kept, "VECDOT_CACHE_DIR": "/dev/null", "VECDOT_LIBCUDA": cuda or NOWHERE,
                            **({} if opencl else {"VECDOT_LIBOPENCL": NOWHERE})}

    def __call__(self, *arguments, code=OK, says=(), **environment):
        done = subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True, timeout=300,
                              env={**self.environment, **environment})
        self.shown = f"{self.name}: vecdot {' '.join(map(str, arguments))} {environment or ''}: exit " \
                     f"{done.returncode}\n{done.stdout}{done.stderr}"
        assert done.returncode == code, self.shown
        for word in says:
            assert word in done.stdout + done.stderr, f"{word!r} is not in:\n{self.shown}"
        return done.stdout

    def backends(self):
        return [device["backend"] for device in json.loads(self("devices", "--json"))]


def save(path, values):
    """A one-dimensional float64 array as an .npy file."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({len(values)},), }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode()
                     + struct.pack(f"<{len(values)}d", *values))


def test_no_driver(machine, files):
    machine("devices", code=NO_DEVICE, says=["vecdot doctor"])
    machine("doctor", code=NO_DEVICE, says=["ocl-icd-libopencl1", "NVIDIA"])
    machine("run", *files, code=NO_DEVICE, says=["VECDOT_ERROR_NO_DEVICE", "cuda:", "opencl:"])
    machine("run", *files, code=NO_DEVICE, VECDOT_BACKEND="cuda", says=["VECDOT_ERROR_NO_DEVICE", "cuda:"])


def test_opencl_only(machine, files):
    assert set(machine.backends()) == {"opencl"}, machine.shown
    machine("doctor", says=["chosen by default: opencl:", NOWHERE])
    machine("run", *files, code=NO_DEVICE, VECDOT_BACKEND="cuda", says=["cuda:", NOWHERE])
    return machine("run", *files)


def test_cuda_only(machine, files):
    assert set(machine.backends()) == {"cuda"}, machine.shown
    machine("doctor", says=["chosen by default: cuda:0", NOWHERE])
    machine("run", *files, code=NO_DEVICE, VECDOT_BACKEND="opencl", says=["opencl:", NOWHERE])
    machine("run", *files, code=NO_DEVICE, CUDASIM_INIT_ERROR="999", says=["999"])
    machine("doctor", code=NO_DEVICE, CUDASIM_INIT_ERROR="100", says=["CUDA_ERROR_NO_DEVICE"])
    machine("doctor", code=NO_DEVICE, CUDASIM_CAPABILITY="7.0", says=["7.5"])
    machine("devices", code=NO_DEVICE, CUDASIM_DEVICES="0")
    return machine("run", *files)


def test_both(machine, files):
    assert machine.backends()[0] == "cuda" and "opencl" in machine.backends(), machine.shown
    machine("doctor", says=["chosen by default: cuda:0"])
    results = {machine("run", *files, VECDOT_BACKEND=name) for name in ("auto", "cuda", "opencl")}
    assert len(results) == 1, results
    # auto goes on to OpenCL where CUDA cannot be used, and says so in the log
    machine("run", *files, CUDASIM_DEVICES="0", VECDOT_LOG="stderr", says=["context on opencl:0", "auto: cuda:"])
    machine("run", *files, CUDASIM_DEVICES="0", VECDOT_BACKEND="cuda", code=NO_DEVICE)
    return results.pop()


def test_without_kernels(machine, files):
    assert "cuda" not in machine.backends(), machine.shown
    machine("doctor", says=["without the CUDA toolkit"])
    machine("run", *files, VECDOT_BACKEND="cuda", code=NO_DEVICE, says=["without the CUDA toolkit"])
    machine("run", *files)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vecdot", required=True)
    parser.add_argument("--cuda", required=True)
    parser.add_argument("--without-kernels", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = [pathlib.Path(folder) / name for name in ("a.npy", "b.npy")]
        save(files[0], [1 / (k + 1) for k in range(5000)])
        save(files[1], [(-1) ** k * 0.1 * k for k in range(5000)])
        make = lambda name, opencl, cuda: Machine(arguments.vecdot, name, opencl, cuda)
        test_no_driver(make("no driver", False, None), files)
        if arguments.without_kernels:
            test_without_kernels(make("no kernels", True, arguments.cuda), files)
        else:
            results = {test_opencl_only(make("OpenCL only", True, None), files),
                       test_cuda_only(make("CUDA only", False, arguments.cuda), files),
                       test_both(make("both", True, arguments.cuda), files)}
            assert len(results) == 1 and results != {""}, f"the bits differ: {results}"
    print("four machines, one binary: all as it should be")


if __name__ == "__main__":
    sys.exit(main())
