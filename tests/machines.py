"""One binary on machines with and without drivers: none, OpenCL for a CPU, OpenCL for a GPU, CUDA, all of them. A machine
without a driver is made by naming a file that is not there; CUDA is the simulated driver, and the GPU of OpenCL is the CPU's
device, which a loader of the tests calls a GPU. `vecdot devices`, `doctor` and `run` must behave and explain on each.

    machines.py --vecdot PROGRAM --cuda LIBRARY --gpu LIBRARY [--without-kernels]

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

OK, NO_DEVICE = 0, 3
NOWHERE = "/nonexistent/lib.so.1"


class Machine:
    """opencl: None, the OpenCL driver of this machine ("system"), or a loader that makes its device a GPU."""

    def __init__(self, program, name, opencl, cuda):
        self.program, self.name = program, name
        kept = {k: v for k, v in os.environ.items() if not k.startswith("VECDOT_")}
        self.environment = {**kept, "VECDOT_CACHE_DIR": "/dev/null", "VECDOT_LIBCUDA": cuda or NOWHERE}
        if opencl != "system":
            self.environment["VECDOT_LIBOPENCL"] = opencl or NOWHERE
        if opencl not in (None, "system"):
            self.environment["FAULTS_GPU"] = "1"

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


def runs_on(machine, files, selector, **environment):
    """The result of a run without a selector, which must choose that device."""
    return machine("run", *files, VECDOT_LOG="stderr", says=[f"context on {selector} "], **environment)


def test_no_driver(machine, files):
    assert machine.backends() == ["cpu"], machine.shown
    machine("doctor", says=["ocl-icd-libopencl1", "NVIDIA", "chosen by default: cpu:0", "no GPU can be used", ": 32, ok"])
    for name in ("cuda", "opencl"):
        for command in (["run", *files], ["doctor"]):
            machine(*command, code=NO_DEVICE, VECDOT_BACKEND=name, says=["VECDOT_ERROR_NO_DEVICE", f"{name}: ", NOWHERE])
    machine("run", *files, code=NO_DEVICE, VECDOT_DEVICE="gpu", says=["there are cpu:0", "cuda: ", "opencl: "])
    return runs_on(machine, files, "cpu:0")


def test_opencl_for_a_cpu(machine, files):
    assert machine.backends()[0] == "cpu" and set(machine.backends()) == {"cpu", "opencl"}, machine.shown
    machine("doctor", says=["chosen by default: cpu:0", "no GPU can be used", NOWHERE])
    machine("run", *files, code=NO_DEVICE, VECDOT_BACKEND="cuda", says=["cuda:", NOWHERE])
    results = {runs_on(machine, files, "cpu:0"), runs_on(machine, files, "opencl:0", VECDOT_BACKEND="opencl"),
               machine("run", *files, "--device", "opencl:cpu", VECDOT_LOG="stderr", says=["context on opencl:0 "])}
    assert len(results) == 1, results
    return results.pop()


def test_opencl_for_a_gpu(machine, files):
    assert machine.backends()[-1] == "cpu" and set(machine.backends()) == {"cpu", "opencl"}, machine.shown
    machine("doctor", says=["chosen by default: opencl:0"])
    assert "no GPU" not in machine.shown, machine.shown
    return runs_on(machine, files, "opencl:0")


def test_cuda_only(machine, files):
    assert machine.backends() == ["cuda", "cpu"], machine.shown
    machine("doctor", says=["chosen by default: cuda:0", NOWHERE])
    machine("run", *files, code=NO_DEVICE, VECDOT_BACKEND="opencl", says=["opencl:", NOWHERE])
    machine("run", *files, code=NO_DEVICE, CUDASIM_INIT_ERROR="999", VECDOT_BACKEND="cuda", says=["999"])
    machine("doctor", CUDASIM_INIT_ERROR="100", says=["CUDA_ERROR_NO_DEVICE", "chosen by default: cpu:0"])
    machine("doctor", CUDASIM_CAPABILITY="7.0", says=["7.5", "chosen by default: cpu:0"])
    results = {runs_on(machine, files, "cuda:0"), runs_on(machine, files, "cpu:0", CUDASIM_DEVICES="0")}
    assert len(results) == 1, results
    return results.pop()


def test_all(machine, files):
    assert machine.backends()[0] == "cuda" and set(machine.backends()) == {"cuda", "cpu", "opencl"}, machine.shown
    machine("doctor", says=["chosen by default: cuda:0"])
    results = {machine("run", *files, VECDOT_BACKEND=name) for name in ("auto", "cuda", "opencl", "cpu")}
    assert len(results) == 1, results
    # auto goes on to the CPU where CUDA cannot be used, and says so in the log
    machine("run", *files, CUDASIM_DEVICES="0", VECDOT_LOG="stderr", says=["context on cpu:0", "auto: cuda:"])
    machine("run", *files, CUDASIM_DEVICES="0", VECDOT_BACKEND="cuda", code=NO_DEVICE)
    return results.pop()


def test_without_kernels(machine, files):
    assert "cuda" not in machine.backends(), machine.shown
    machine("doctor", says=["without the CUDA toolkit"])
    machine("run", *files, VECDOT_BACKEND="cuda", code=NO_DEVICE, says=["without the CUDA toolkit"])
    return runs_on(machine, files, "cpu:0")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vecdot", required=True)
    parser.add_argument("--cuda", required=True)
    parser.add_argument("--gpu", required=True)
    parser.add_argument("--without-kernels", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = [pathlib.Path(folder) / name for name in ("a.npy", "b.npy")]
        save(files[0], [1 / (k + 1) for k in range(5000)])
        save(files[1], [(-1) ** k * 0.1 * k for k in range(5000)])
        make = lambda name, opencl, cuda: Machine(arguments.vecdot, name, opencl, cuda)
        results = {test_no_driver(make("no driver", None, None), files),
                   test_opencl_for_a_cpu(make("OpenCL for a CPU", "system", None), files),
                   test_opencl_for_a_gpu(make("OpenCL for a GPU", arguments.gpu, None), files)}
        if arguments.without_kernels:
            results.add(test_without_kernels(make("no kernels", "system", arguments.cuda), files))
        else:
            results |= {test_cuda_only(make("CUDA only", None, arguments.cuda), files),
                        test_all(make("all", "system", arguments.cuda), files)}
        assert len(results) == 1 and results != {""}, f"the bits differ: {results}"
    print("one binary, many machines: all as it should be")


if __name__ == "__main__":
    sys.exit(main())
