"""The two sides that everyday.py compares: vecdot's calls in a loop in C (loop_of_calls.c, which the C compiler builds),
and NumPy's in a loop of Python, as programs call them. Both work on the same arrays, which are NumPy's."""

import ctypes
import math
import os
import pathlib
import subprocess
import tempfile
import timeit

import numpy_forms
import peer_arrays
import peers

CODES = {"int": 0, "uint": 1, "float": 2, "bfloat": 4, "complex": 5, "bool": 6}  # DLPack's


class Array(ctypes.Structure):
    """`array` of loop_of_calls.c."""

    _fields_ = [("data", ctypes.c_void_p), ("code", ctypes.c_int64), ("bits", ctypes.c_int64), ("ndim", ctypes.c_int64),
                ("shape", ctypes.c_int64 * 4), ("strides", ctypes.c_int64 * 4)]

    @classmethod
    def of(cls, array, dtype):
        kind = dtype.rstrip("0123456789")
        four = ctypes.c_int64 * 4
        return cls(array.ctypes.data, CODES[kind], 8 * array.itemsize, array.ndim, four(*array.shape),
                   four(*(step // array.itemsize for step in array.strides)))


class Vecdot:
    """vecdot on the case's arrays; `result` is what the last call wrote."""

    def __init__(self, calls, case, pair, out):
        self.calls, self.axes, self.convert = calls, (ctypes.c_int64 * 2)(*case["axis"]), "dtype" in case
        self.out, self.arrays = out, (*pair, out.reshape(case["result_shape"]))
        dtypes = (case["x1"]["dtype"], case["x2"]["dtype"], case["result"])
        self.operands = (Array * 3)(*(Array.of(*both) for both in zip(self.arrays, dtypes)))

    def seconds(self, count):
        taken = ctypes.c_double(0)
        wrong = self.calls.calls_time(self.operands, self.axes, self.convert, count, ctypes.byref(taken))
        if wrong:
            raise RuntimeError(wrong.decode())
        return taken.value

    def result(self):
        self.out.view("u1").fill(0x5a)
        self.seconds(1)
        return self.arrays[2]


class Form:
    """One of NumPy's forms on the same arrays. The views of a product are made before the calls, as a program would."""

    def __init__(self, expression, scope):
        self.statement, self.scope = expression, scope
        self.timer = timeit.Timer(expression, globals=scope)

    def seconds(self, count):
        return self.timer.timeit(count)

    def result(self):
        return eval(self.statement, self.scope)  # noqa: S307 an expression of ours


class Sides:
    """What everyday.py asks for. Raises where NumPy, the compiler, the library or the device is missing."""

    def __init__(self, library, selector):
        self.numpy = peer_arrays.NumPy()
        self.calls = self.load(pathlib.Path(library).resolve(strict=True))
        wrong = self.calls.calls_open(selector.encode())
        if wrong:
            raise RuntimeError(wrong.decode())

    @staticmethod
    def load(library):
        here = pathlib.Path(__file__).resolve().parent
        with tempfile.TemporaryDirectory() as folder:
            built = pathlib.Path(folder, "loop_of_calls.so")
            subprocess.run([os.environ.get("CC", "cc"), "-O2", "-shared", "-fPIC", "-I", str(here.parent / "include"),
                            str(here / "loop_of_calls.c"), str(library), f"-Wl,-rpath,{library.parent}", "-o",
                            str(built)], check=True)
            calls = ctypes.CDLL(str(built))
        calls.calls_open.restype = calls.calls_time.restype = ctypes.c_char_p
        calls.calls_open.argtypes = [ctypes.c_char_p]
        whole = ctypes.c_int64
        calls.calls_time.argtypes = [ctypes.POINTER(Array), ctypes.POINTER(whole), whole, whole,
                                     ctypes.POINTER(ctypes.c_double)]
        return calls

    def about(self):
        return self.numpy.about()

    def close(self):
        self.calls.calls_close()

    def contenders(self, case):
        """vecdot, NumPy's forms by name, and a function that says what is wrong with a result."""
        pair, library = self.numpy.operands(case, 1), self.numpy
        wanted = peers.references(library, case, pair)
        out = library.np.empty(math.prod(case["result_shape"]), library.dtype(case["result"]))
        ours = Vecdot(self.calls, case, pair, out)
        scope, views = self.numpy.scope(case), numpy_forms.views(case)
        scope |= {"x": pair[0], "y": pair[1]}
        scope |= {name: eval(view, {}, dict(scope)) for name, view in zip("ab", views)}  # noqa: S307
        forms = {name: Form(expression.format(x="a", y="b"), scope) for name, expression in numpy_forms.forms(case)}
        return ours, forms, lambda result: peers.verdict(library, case, wanted, result)
