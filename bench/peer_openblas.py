"""OpenBLAS for the cases of the benchmark, called by ctypes: dot for vectors, a dot for each output of rows and columns
(loop_of_dots.c, which the C compiler builds), gemv and gemm for what is a product. Loaded by peer_libraries.py."""

import ctypes
import os
import pathlib
import subprocess
import tempfile

from peer_arrays import ON_GPU, HostArrays, axis_of, batch_strides, is_matrix_vector, is_one_dimensional, is_product

ROW_MAJOR, PLAIN, TRANSPOSED = 101, 111, 112


class OpenBlas(HostArrays):
    LETTERS = {"float32": "s", "float64": "d", "complex64": "c", "complex128": "z"}

    def __init__(self):
        super().__init__()
        if ON_GPU:
            raise RuntimeError("the cases lie on a GPU")
        self.blas = ctypes.CDLL("libopenblas.so.0")
        self.loops = self.build()
        self.cores = len(os.sched_getaffinity(0))

    @staticmethod
    def build():
        source = pathlib.Path(__file__).with_name("loop_of_dots.c")
        with tempfile.TemporaryDirectory() as folder:
            library = pathlib.Path(folder, "loop_of_dots.so")
            subprocess.run([os.environ.get("CC", "cc"), "-O2", "-fopenmp", "-shared", "-fPIC", str(source), "-o",
                            str(library)], check=True, capture_output=True)
            return ctypes.CDLL(str(library))

    def about(self):
        self.blas.openblas_get_config.restype = ctypes.c_char_p
        return {"version": self.blas.openblas_get_config().decode().strip(), "threads": self.cores}

    def ceiling(self, runs):
        x = self.np.ones(1 << 26, "f4")
        self.blas.openblas_set_num_threads(self.cores)
        self.blas.cblas_sdot.restype = ctypes.c_float
        at = self.pointer(x)
        seconds = [self.elapsed(lambda: self.blas.cblas_sdot(x.size, at, 1, at, 1)) for _ in range(runs)]
        return {"method": "sdot of a vector with itself", "bytes_per_second": [x.nbytes / s for s in seconds]}

    @staticmethod
    def pointer(array):
        return ctypes.c_void_p(array.ctypes.data)

    def forms(self, case):
        letter = self.LETTERS.get(case["result"])
        if letter is None or case["x1"]["dtype"] != case["x2"]["dtype"]:
            return
        out = self.np.empty(case["result_shape"], case["result"])
        if is_one_dimensional(case):
            yield "dot", self.dots(case, letter, out, 1)
            return
        if is_product(case) and letter in "sd":
            yield "gemm", self.gemm(case, letter, out)
        if is_matrix_vector(case) and letter in "sd":
            yield "gemv", self.gemv(case, letter, out)
        yield "a dot for each output", self.dots(case, letter, out, 1)
        yield "a dot for each output, on all cores", self.dots(case, letter, out, self.cores)

    def dots(self, case, letter, out, threads):
        """One loop whose dots may use all cores, or a part of it on each core."""
        axis, batch = axis_of(case), batch_strides(case)
        shape = [1] * (2 - out.ndim) + list(out.shape)
        steps = [step for x, strides in zip(("x1", "x2"), batch) for step in
                 [0] * (2 - out.ndim) + strides + [case[x]["strides"][axis]]]
        sizes = (ctypes.c_int64 * 3)(*shape, case["x1"]["shape"][axis])
        steps = (ctypes.c_int64 * 6)(*steps)
        dot = getattr(self.blas, f"cblas_{letter}dot" + ("c_sub" if letter in "cz" else ""))
        loop = getattr(self.loops, f"dots_{letter}")

        def run(x, y):
            self.blas.openblas_set_num_threads(1 if threads > 1 else self.cores)
            loop(dot, threads, sizes, steps, self.pointer(x), self.pointer(y), self.pointer(out))
            return out
        return run

    def real(self, letter):
        return {"s": ctypes.c_float, "d": ctypes.c_double}[letter]

    def gemm(self, case, letter, out):
        (m, k), n, real = out.shape, case["x1"]["shape"][-1], self.real(letter)
        gemm = getattr(self.blas, f"cblas_{letter}gemm")

        def run(x, y):
            self.blas.openblas_set_num_threads(self.cores)
            gemm(ROW_MAJOR, PLAIN, TRANSPOSED, m, k, n, real(1), self.pointer(x), n, self.pointer(y), n, real(0),
                 self.pointer(out), k)
            return out
        return run

    def gemv(self, case, letter, out):
        m, n = case["x1"]["shape"]
        real, gemv = self.real(letter), getattr(self.blas, f"cblas_{letter}gemv")

        def run(x, y):
            self.blas.openblas_set_num_threads(self.cores)
            gemv(ROW_MAJOR, PLAIN, m, n, real(1), self.pointer(x), n, self.pointer(y), 1, real(0), self.pointer(out), 1)
            return out
        return run
