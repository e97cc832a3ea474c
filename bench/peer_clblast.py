"""CLBlast for the cases of the benchmark, called by ctypes on the OpenCL device that vecdot used: dot for vectors, a dot
for each output of rows and columns, gemv and gemm for what is a product. Loaded by peer_libraries.py."""

import ctypes
import os
import time

from peer_arrays import HostArrays, axis_of, batch_strides, is_matrix_vector, is_one_dimensional, is_product

ROW_MAJOR, PLAIN, TRANSPOSED = 101, 111, 112
COPY_HOST, READ_WRITE, ALL_DEVICES, DEVICE_NAME, DEVICE_VERSION = 32, 1, 0xFFFFFFFF, 0x102B, 0x102F
MOST_DOTS = 64
STATUSES = {-2045: "the device has no float16", -2044: "the device has no float64", -1013: "an increment of 0",
            -4: "memory of the device", -6: "memory of the host", -61: "size of a buffer"}
size_t, handle = ctypes.c_size_t, ctypes.c_void_p


def check(status):
    if status != 0:
        raise RuntimeError(f"status {status}: {STATUSES.get(status, 'see clblast_c.h')}")


class OpenCl:
    """A context, a queue and buffers on the device with that name, or on the first."""

    def __init__(self, name):
        self.library = ctypes.CDLL("libOpenCL.so.1")
        for function in ("clCreateContext", "clCreateCommandQueue", "clCreateBuffer"):
            getattr(self.library, function).restype = handle
        devices = self.devices()
        named = [device for device in devices if self.text(device, DEVICE_NAME) == name]
        self.device = (named + devices)[0]
        status = ctypes.c_int()
        self.context = handle(self.library.clCreateContext(None, 1, ctypes.byref(self.device), None, None,
                                                           ctypes.byref(status)))
        check(status.value)
        self.queue = handle(self.library.clCreateCommandQueue(self.context, self.device, ctypes.c_uint64(0),
                                                              ctypes.byref(status)))
        check(status.value)

    def devices(self):
        found, platforms, count = [], (handle * 16)(), ctypes.c_uint(0)
        if self.library.clGetPlatformIDs(16, platforms, ctypes.byref(count)) != 0 or count.value == 0:
            raise RuntimeError("no OpenCL platform")
        for platform in platforms[:count.value]:
            devices, number = (handle * 16)(), ctypes.c_uint(0)
            if self.library.clGetDeviceIDs(handle(platform), ctypes.c_uint64(ALL_DEVICES), 16, devices,
                                           ctypes.byref(number)) == 0:
                found += [handle(device) for device in devices[:number.value]]
        if not found:
            raise RuntimeError("no OpenCL device")
        return found

    def text(self, device, what):
        value = ctypes.create_string_buffer(256)
        self.library.clGetDeviceInfo(device, what, size_t(256), value, None)
        return value.value.decode().strip()

    def buffer(self, array):
        status = ctypes.c_int()
        memory = self.library.clCreateBuffer(self.context, ctypes.c_uint64(COPY_HOST | READ_WRITE),
                                             size_t(array.nbytes), handle(array.ctypes.data), ctypes.byref(status))
        check(status.value)
        return handle(memory)

    def read(self, memory, array):
        check(self.library.clEnqueueReadBuffer(self.queue, memory, 1, size_t(0), size_t(array.nbytes),
                                               handle(array.ctypes.data), 0, None, None))

    def release(self, memory):
        self.library.clReleaseMemObject(memory)

    def finish(self):
        check(self.library.clFinish(self.queue))


class ClBlast(HostArrays):
    LETTERS = {"float16": "H", "float32": "S", "float64": "D", "complex64": "C", "complex128": "Z"}
    compiles = True

    def __init__(self):
        super().__init__()
        self.blas = ctypes.CDLL("libclblast.so.1")
        self.opencl = OpenCl(os.environ.get("VECDOT_PEERS_DEVICE", ""))
        self.memory_of, self.result = {}, None  # buffers by the address of the operand on the host

    def about(self):
        opencl = self.opencl
        return {"version": "libclblast.so.1", "device": opencl.text(opencl.device, DEVICE_NAME),
                "opencl": opencl.text(opencl.device, DEVICE_VERSION)}

    def elapsed(self, work):
        begin = time.perf_counter()
        work()
        self.opencl.finish()
        return time.perf_counter() - begin

    def ceiling(self, runs):
        del runs
        return {"method": "none", "bytes_per_second": []}

    def storage(self, operand, zeros, random):
        flat = super().storage(operand, zeros, random)
        self.memory_of[flat.ctypes.data + operand["offset"] * flat.itemsize] = self.opencl.buffer(flat)
        return flat

    def clean(self):
        for memory in self.memory_of.values():
            self.opencl.release(memory)
        self.memory_of.clear()

    def memory(self, array):
        return self.memory_of[array.ctypes.data]

    def number(self, result, index, shape):
        self.opencl.read(result, self.result)
        return super().number(self.result, index, shape)

    def forms(self, case):
        letter = self.LETTERS.get(case["result"])
        if letter is None or case["x1"]["dtype"] != case["x2"]["dtype"]:
            return
        self.result = self.np.zeros(case["result_shape"], case["result"])
        out = self.opencl.buffer(self.result)
        self.memory_of[0] = out
        if is_one_dimensional(case):
            yield "dot", self.dots(case, letter, out)
            return
        if is_product(case) and letter in "SD":
            yield "gemm", self.gemm(case, letter, out)
        if is_matrix_vector(case) and letter in "SD":
            yield "gemv", self.gemv(case, letter, out)
        yield "a dot for each output", self.dots(case, letter, out)

    def some_outputs(self, case):
        """The first, the last and some between: their number, and where each and its operands lie."""
        np, shape, batch = self.np, case["result_shape"], batch_strides(case)
        count = int(np.prod(shape))
        flat = np.unique(np.linspace(0, count - 1, min(count, MOST_DOTS)).astype("i8"))
        index = np.unravel_index(flat, shape) if shape else []
        starts = [sum((i * step for i, step in zip(index, steps)), 0 * flat) + case[x]["offset"]
                  for x, steps in zip(("x1", "x2"), batch)]
        return count, list(zip(flat.tolist(), starts[0].tolist(), starts[1].tolist()))

    def dots(self, case, letter, out):
        count, outputs = self.some_outputs(case)
        axis, n = axis_of(case), case["x1"]["shape"][axis_of(case)]
        steps = [case[x]["strides"][axis] for x in ("x1", "x2")]
        if min(steps) < 0:
            raise TypeError("no negative increments")
        dot = getattr(self.blas, f"CLBlast{letter}dot" + ("c" if letter in "CZ" else ""))
        queue = ctypes.byref(self.opencl.queue)

        def run(x, y):
            x, y = self.memory(x), self.memory(y)
            for at, at_x, at_y in outputs:
                check(dot(size_t(n), out, size_t(at), x, size_t(at_x), size_t(steps[0]), y, size_t(at_y),
                          size_t(steps[1]), queue, None))
            return out
        run.part = len(outputs) / count
        return run

    @staticmethod
    def real(letter):
        return {"S": ctypes.c_float, "D": ctypes.c_double}[letter]

    def gemm(self, case, letter, out):
        m, k = (size_t(size) for size in case["result_shape"])
        n, real, zero = size_t(case["x1"]["shape"][-1]), self.real(letter), size_t(0)
        gemm = getattr(self.blas, f"CLBlast{letter}gemm")

        def run(x, y):
            check(gemm(ROW_MAJOR, PLAIN, TRANSPOSED, m, k, n, real(1), self.memory(x), zero, n, self.memory(y), zero, n,
                       real(0), out, zero, k, ctypes.byref(self.opencl.queue), None))
            return out
        return run

    def gemv(self, case, letter, out):
        m, n = (size_t(size) for size in case["x1"]["shape"])
        real, zero, one = self.real(letter), size_t(0), size_t(1)
        gemv = getattr(self.blas, f"CLBlast{letter}gemv")

        def run(x, y):
            check(gemv(ROW_MAJOR, PLAIN, m, n, real(1), self.memory(x), zero, n, self.memory(y), zero, one, real(0), out,
                       zero, one, ctypes.byref(self.opencl.queue), None))
            return out
        return run
