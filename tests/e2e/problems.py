"""Random vecdot, matvec and vecmat problems: drawn, given to NumPy and to the command, and compared.

Integers and bools must be equal. A floating element may differ from NumPy's by 2 n eps sum|x1 x2| (eps of the
accumulator: float16 sums in float32) and by the rounding to the result's dtype. Where NumPy raises, the command
must exit with 1 and name the status that stands for NumPy's complaint, and where NumPy does not, it must not."""

import dataclasses
import pathlib

import numpy as np

import command

DTYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
          "float16", "float32", "float64", "complex64", "complex128"]
SIZES = [0, 1, 2, 3, 5, 8, 17, 31, 64, 100, 257]
BATCH = [0, 1, 1, 2, 3, 4, 5]
COMPLAINTS = [("VECDOT_ERROR_NDIM", "does not have enough dimensions"),
              ("VECDOT_ERROR_SIZE_MISMATCH", "mismatch in its core dimension"),
              ("VECDOT_ERROR_BROADCAST", "could not be broadcast"),
              ("VECDOT_ERROR_CAST", "Cannot cast ufunc"),
              ("VECDOT_ERROR_AXIS", "is out of bounds for array of dimension")]


@dataclasses.dataclass
class Problem:
    operation: str = "run"
    x1: np.ndarray = None
    x2: np.ndarray = None
    axis: int = None
    axes: tuple = None
    keepdims: bool = False
    dtype: str = None
    conjugate: bool = True
    version: tuple = (1, 0)

    def __str__(self):
        options = " ".join(map(str, self.options()))
        return (f"{self.operation} {self.x1.dtype}{self.x1.shape} {self.x2.dtype}{self.x2.shape} {options} "
                f"(Fortran order: {self.x1.flags.fnc}, {self.x2.flags.fnc})")

    def options(self):
        named = [(self.axis is not None, ["--axis", self.axis]), (self.keepdims, ["--keepdims"]),
                 (self.axes is not None, [f"--axes={self.axes and ','.join(map(str, self.axes))}"]),
                 (self.dtype is not None, ["--dtype", self.dtype]), (not self.conjugate, ["--no-conj"])]
        return [word for wanted, words in named if wanted for word in words]

    def needs_float64(self):
        result = np.dtype(self.dtype) if self.dtype else np.promote_types(self.x1.dtype, self.x2.dtype)
        return any(d in ("float64", "complex128") for d in (self.x1.dtype, self.x2.dtype, result))


# ---- Drawing ---------------------------------------------------------------------------------------


def elements(rng, dtype, shape):
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return rng.random(shape) < rng.choice([0.1, 0.5, 0.9])
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return rng.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)
    values = rng.uniform(-2, 2, shape)
    if dtype.kind == "c":
        return np.asarray(values + 1j * rng.uniform(-2, 2, shape)).astype(dtype)
    if rng.random() < 0.1:  # not in complex arrays: there BLAS and NumPy's own loop differ
        values = np.where(rng.random(shape) < 0.05, rng.choice([np.inf, -np.inf, np.nan], shape), values)
    return np.asarray(values).astype(dtype)


def some_array(rng, shape):
    x = elements(rng, rng.choice(DTYPES), shape)
    return np.asfortranarray(x) if x.ndim > 1 and rng.random() < 0.4 else x


def batch_shapes(rng):
    """Two shapes that broadcast."""
    whole = [int(rng.choice(BATCH)) for _ in range(rng.integers(0, 4))]
    pair = []
    for _ in range(2):
        kept = whole[int(rng.integers(0, len(whole) + 1)):]
        pair.append([1 if rng.random() < 0.25 else size for size in kept])
    return pair


def draw_vecdot(rng):
    n = int(rng.choice(SIZES))
    first, second = batch_shapes(rng)
    how = rng.choice(["default", "axis", "axes"])
    if how == "axes":
        a = [int(rng.integers(-len(s) - 1, len(s) + 1)) for s in (first, second)]
    else:
        common = 1 + min(len(first), len(second))
        a = [-1 if how == "default" else int(rng.integers(-common, common))] * 2
    shapes = [list(first), list(second)]
    for shape, axis in zip(shapes, a):
        shape.insert(axis if axis >= 0 else len(shape) + 1 + axis, n)
    problem = Problem("run", some_array(rng, shapes[0]), some_array(rng, shapes[1]))
    problem.axis = a[0] if how == "axis" else None
    problem.axes = tuple(a) if how == "axes" else None
    problem.keepdims = how != "axes" and rng.random() < 0.3
    problem.conjugate = rng.random() < 0.9
    if rng.random() < 0.25:
        problem.dtype = str(rng.choice(DTYPES))
    return problem


def draw_product(rng, operation):
    n, m = int(rng.choice(SIZES)), int(rng.choice(SIZES[:-1]))
    first, second = batch_shapes(rng)
    if operation == "matvec":
        return Problem(operation, some_array(rng, [*first, m, n]), some_array(rng, [*second, n]))
    return Problem(operation, some_array(rng, [*first, n]), some_array(rng, [*second, n, m]))


def spoil(rng, problem):
    """Makes one of NumPy's errors likely."""
    how = rng.choice(["shape", "axis", "dtype", "zero"])
    which = rng.choice(["x1", "x2"])
    if how == "shape":
        x = getattr(problem, which)
        shape = [size + (int(rng.integers(1, 3)) if rng.random() < 0.6 else 0) for size in x.shape]
        setattr(problem, which, elements(rng, x.dtype, shape))
    elif how == "zero":
        setattr(problem, which, elements(rng, rng.choice(DTYPES), ()))
    elif problem.operation == "run" and how == "dtype":
        problem.dtype = str(rng.choice(DTYPES[:9]))
    elif problem.operation == "run":
        problem.axes = None
        problem.axis = int(rng.choice([-5, -3, -2, 0, 1, 2, 4]))
    return problem


def draw(rng):
    operation = rng.choice(["run", "matvec", "vecmat"], p=[0.76, 0.12, 0.12])
    problem = draw_vecdot(rng) if operation == "run" else draw_product(rng, str(operation))
    problem.version = [(1, 0), (1, 0), (2, 0), (3, 0)][rng.integers(0, 4)]
    return spoil(rng, problem) if rng.random() < 0.2 else problem


# ---- NumPy's answer --------------------------------------------------------------------------------


def expected(problem, x1, x2):
    if problem.operation != "run":
        return getattr(np, problem.operation)(x1, x2)
    options = {"keepdims": problem.keepdims}
    if problem.axis is not None:
        options["axis"] = problem.axis
    if problem.axes is not None:
        options["axes"] = [(problem.axes[0],), (problem.axes[1],), ()]
    if problem.dtype is not None:
        options["dtype"] = problem.dtype
    return np.vecdot(x1 if problem.conjugate else np.conjugate(x1) if x1.dtype.kind == "c" else x1, x2, **options)


def complaint(error):
    for name, text in COMPLAINTS:
        if text in str(error):
            return name
    raise error


def magnitude(problem, result_dtype):
    """The sum of |x1 x2| for each element of the result, in double precision."""
    def absolute(x):
        x = x.astype(result_dtype).astype(np.complex128)
        return np.abs(x.real) + np.abs(x.imag)

    plain = dataclasses.replace(problem, dtype=None, conjugate=True)
    return np.asarray(expected(plain, absolute(problem.x1), absolute(problem.x2)), np.float64)


def terms(problem):
    axis = -1 if problem.axis is None else problem.axis
    axis = axis if problem.axes is None else problem.axes[0]
    return problem.x1.shape[axis if problem.operation == "run" else -1]


def differs(got, wanted, bound, is_complex):
    """Where two real arrays differ by more than the bound. Not-a-number is itself and infinities are equal or not;
    in a component of a complex sum, either side may have nan where the other has an infinity or nan."""
    finite = np.isfinite(wanted)
    same = np.where(np.isnan(wanted), np.isnan(got), got == wanted)
    if is_complex:
        same |= np.isnan(wanted) & ~np.isfinite(got) | np.isnan(got) & ~finite
    return np.where(finite, ~(np.abs(got - wanted) <= bound), ~same)


def differing(problem, got, wanted):
    """Where two floating arrays differ by more than the bound."""
    format = np.finfo(wanted.dtype)
    half = format.bits == 16
    eps = float(np.finfo(np.float32).eps if half else format.eps)
    is_complex = wanted.dtype.kind == "c"
    parts = [(got.real, wanted.real), (got.imag, wanted.imag)] if is_complex else [(got, wanted)]
    wrong = np.zeros(wanted.shape, bool)
    with np.errstate(all="ignore"):
        total = magnitude(problem, wanted.dtype)
        for g, w in parts:
            g, w = g.astype(np.float64), w.astype(np.float64)
            bound = 2.0 * terms(problem) * eps * total + float(format.smallest_subnormal)
            bound += float(format.eps) * np.abs(w) if half else 0.0
            # Close to the largest number, whether a sum overflows depends on its order.
            overflow = (total > float(format.max) / 2) & np.isfinite(total) & ~(np.isfinite(g) & np.isfinite(w))
            wrong |= differs(g, w, bound, is_complex) & ~overflow
    return wrong


def compare(problem, got, wanted):
    """None, or what is wrong with the result."""
    wanted = np.asarray(wanted)
    if got.dtype != wanted.dtype or got.shape != wanted.shape:
        return f"{got.dtype}{got.shape} instead of {wanted.dtype}{wanted.shape}"
    wrong = got != wanted if wanted.dtype.kind in "biu" else differing(problem, got, wanted)
    if not np.any(wrong):
        return None
    at = tuple(int(i) for i in np.argwhere(wrong)[0]) if wanted.ndim else ()
    return f"element {at} is {got[at]!r}, NumPy's {wanted[at]!r}; {np.count_nonzero(wrong)} of {wanted.size} differ"


# ---- Both ------------------------------------------------------------------------------------------


def save(path, array, version):
    with open(path, "wb") as file:
        np.lib.format.write_array(file, array, version=version)


def check(vecdot, problem, folder):
    """None when the command does what NumPy does, else what it does instead."""
    folder = pathlib.Path(folder)
    paths = [folder / "x1.npy", folder / "x2.npy"]
    out = folder / "out.npy"
    out.unlink(missing_ok=True)
    for path, x in zip(paths, (problem.x1, problem.x2)):
        save(path, x, problem.version)
    run = vecdot(problem.operation, *paths, *problem.options(), "-o", out)
    try:
        with np.errstate(all="ignore"):
            wanted = expected(problem, problem.x1, problem.x2)
    except (TypeError, ValueError, IndexError) as error:
        name = complaint(error)
        well = run.code == command.EXIT_FAILED and run.status_names() == [name] and not out.exists()
        return None if well else f"NumPy raises {error!r}, so {name} is due; {run}"
    if run.code != command.EXIT_OK:
        return f"NumPy gives {np.asarray(wanted).dtype}{np.shape(wanted)}; {run}"
    return compare(problem, np.load(out), wanted)
