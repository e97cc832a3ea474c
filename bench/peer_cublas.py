"""cuBLAS for the cases of the benchmark, called by ctypes: dot for vectors, gemv and gemm for rows and products. Loaded
by peer_libraries.py."""

import ctypes

from peer_arrays import ON_GPU, CuPy, Torch, axis_of, is_matrix_vector, is_one_dimensional, is_product


class CuBlas:
    """On arrays of CuPy or PyTorch, whichever is there."""

    TYPES = {"float32": 0, "float64": 1, "float16": 2, "complex64": 4, "complex128": 5, "bfloat16": 14}
    N, T, C = 0, 1, 2
    compiles = False

    def __init__(self):
        self.arrays = None
        for kind in (Torch, CuPy):
            try:
                self.arrays = kind()
                break
            except Exception:  # noqa: BLE001 the next one may be there
                continue
        if self.arrays is None or not ON_GPU:
            raise RuntimeError("needs CuPy or PyTorch on a GPU for its arrays")
        self.library = self.load()
        self.handle = ctypes.c_void_p()
        self.check(self.library.cublasCreate_v2(ctypes.byref(self.handle)))
        self.check(self.library.cublasSetPointerMode_v2(self.handle, 1))  # scalars on the device
        self.check(self.library.cublasSetStream_v2(self.handle, ctypes.c_void_p(self.stream())))
        self.clean, self.elapsed, self.operands = self.arrays.clean, self.arrays.elapsed, self.arrays.operands
        self.vector, self.exact, self.number = self.arrays.vector, self.arrays.exact, self.arrays.number

    @staticmethod
    def load():
        for name in ("libcublas.so.13", "libcublas.so.12", "libcublas.so.11", "libcublas.so"):
            try:
                return ctypes.CDLL(name)
            except OSError:
                continue
        raise RuntimeError("no libcublas.so.13, .12 or .11 in the loader's folders")

    @staticmethod
    def check(status):
        if status != 0:
            raise RuntimeError(f"cuBLAS status {status}")

    def about(self):
        version = ctypes.c_int()
        self.check(self.library.cublasGetVersion_v2(self.handle, ctypes.byref(version)))
        return {"version": str(version.value), "arrays": type(self.arrays).__name__}

    def ceiling(self, runs):
        return self.arrays.ceiling(runs)

    def stream(self):
        if isinstance(self.arrays, Torch):
            return self.arrays.torch.cuda.current_stream().cuda_stream
        return self.arrays.np.cuda.get_current_stream().ptr

    def empty(self, case, value=0):
        shape = case["result_shape"] or [1]
        if isinstance(self.arrays, Torch):
            torch = self.arrays.torch
            return torch.full(shape, value, dtype=getattr(torch, case["result"]), device="cuda")
        return self.arrays.np.full(shape, value, case["result"])

    @staticmethod
    def pointer(array):
        return ctypes.c_void_p(array.data_ptr() if hasattr(array, "data_ptr") else array.data.ptr)

    def scalar(self, case, value):
        """A number on the device, of the type that the sum is computed in."""
        half = case["result"] in ("float16", "bfloat16")
        return self.empty({"result_shape": [1], "result": "float32" if half else case["result"]}, value)

    def forms(self, case):
        kind, axis = self.TYPES.get(case["result"]), axis_of(case)
        if kind is None or case["x1"]["dtype"] != case["x2"]["dtype"]:
            return
        n = case["x1"]["shape"][axis]
        compute = 70 if case["result"] in ("float64", "complex128") else 68
        sums = kind if kind in (0, 1, 4, 5) else 0
        if is_one_dimensional(case):
            out = self.empty(case)
            steps = [case[x]["strides"][0] for x in ("x1", "x2")]
            lib = self.library
            dot = lib.cublasDotcEx_64 if kind in (4, 5) else lib.cublasDotEx_64
            size = ctypes.c_int64

            def run_dot(x, y):
                self.check(dot(self.handle, size(n), self.lowest(x, case["x1"]), kind, size(steps[0]),
                               self.lowest(y, case["x2"]), kind, size(steps[1]), self.pointer(out), kind, sums))
                return out
            yield "dot", run_dot
        elif is_product(case) and kind not in (4, 5):
            out, one, zero = self.empty(case), self.scalar(case, 1), self.scalar(case, 0)
            m, k = case["result_shape"]

            def run_gemm(x, y):
                self.check(self.library.cublasGemmEx(
                    self.handle, self.T, self.N, k, m, n, self.pointer(one), self.pointer(y), kind, n,
                    self.pointer(x), kind, n, self.pointer(zero), self.pointer(out), kind, k, compute, -1))
                return out
            yield "gemm", run_gemm
        elif is_matrix_vector(case) and kind in (0, 1):
            out, one, zero = self.empty(case), self.scalar(case, 1), self.scalar(case, 0)
            gemv = self.library.cublasSgemv_v2 if kind == 0 else self.library.cublasDgemv_v2

            def run_gemv(x, y):
                self.check(gemv(self.handle, self.T, n, case["x1"]["shape"][0], self.pointer(one), self.pointer(x), n,
                                self.pointer(y), 1, self.pointer(zero), self.pointer(out), 1))
                return out
            yield "gemv", run_gemv
        elif len(case["x1"]["shape"]) == len(case["x2"]["shape"]) == 2 and kind not in (4, 5):
            yield from self.batched(case, kind, n, compute)

    def lowest(self, array, operand):
        """BLAS wants the lowest address of a vector with a negative increment."""
        back = (operand["shape"][0] - 1) * min(0, operand["strides"][0]) * array.itemsize if hasattr(
            array, "itemsize") else 0
        return ctypes.c_void_p(self.pointer(array).value + back)

    def batched(self, case, kind, n, compute):
        """One product of a row and a column for each output."""
        out, one, zero = self.empty(case), self.scalar(case, 1), self.scalar(case, 0)
        axis = axis_of(case)
        steps = [case[x]["strides"][axis] for x in ("x1", "x2")]
        batch = [case[x]["strides"][-1 if axis == -2 else 0] for x in ("x1", "x2")]
        big = ctypes.c_longlong
        first = (self.N, steps[0]) if steps[0] > 1 else (self.T, n)  # 1 x n
        second = (self.T, steps[1]) if steps[1] > 1 else (self.N, n)  # n x 1

        def run_gemms(x, y):
            self.check(self.library.cublasGemmStridedBatchedEx(
                self.handle, first[0], second[0], 1, 1, n, self.pointer(one), self.pointer(x), kind, first[1],
                big(batch[0]), self.pointer(y), kind, second[1], big(batch[1]), self.pointer(zero),
                self.pointer(out), kind, 1, big(1), case["result_shape"][0], compute, -1))
            return out

        def run_gemvs(x, y):
            self.check(self.library.cublasSgemvStridedBatched(
                self.handle, first[0], n if first[0] == self.T else 1, 1 if first[0] == self.T else n,
                self.pointer(one), self.pointer(x), first[1], big(batch[0]), self.pointer(y), steps[1], big(batch[1]),
                self.pointer(zero), self.pointer(out), 1, big(1), case["result_shape"][0]))
            return out

        yield "gemm, batched", run_gemms
        if kind == 0:
            yield "gemv, batched", run_gemvs
