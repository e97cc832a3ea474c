"""How NumPy, CuPy, PyTorch and JAX compute a case of the benchmark, and what the libraries in C share with them. A case
is a result of `vecdot bench --json`: its operands with dtype, shape, strides, offset and storage in elements."""

import os
import time

import numpy_forms
from numpy_forms import axis_of, is_kind, is_matrix_vector, is_one_dimensional, is_product, subscripts

ON_GPU = os.environ.get("VECDOT_PEERS_GPU") == "1"
BLOCK = 1 << 24


def batch_strides(case):
    """For each operand, its step along every dimension of the result; 0 where it is broadcast."""
    steps = []
    for operand in (case["x1"], case["x2"]):
        axis = axis_of(case) % len(operand["shape"])
        own = [0 if size == 1 else stride for d, (size, stride) in enumerate(zip(operand["shape"], operand["strides"]))
               if d != axis]
        steps.append([0] * (len(case["result_shape"]) - len(own)) + own)
    return steps


class ArrayLibrary:
    """What libraries with NumPy's interface share; `np` is the module."""

    np = None
    compiles = False  # at the first call of a form

    def clean(self):
        pass

    def elapsed(self, work):
        begin = time.perf_counter()
        work()
        return time.perf_counter() - begin

    def vector(self, array, case, which, index):
        """The vector of operand `which` that output `index` is made of."""
        axis = axis_of(case) % array.ndim
        batch = list(index)[len(index) - (array.ndim - 1):] if array.ndim > 1 else []
        sizes = [size for d, size in enumerate(array.shape) if d != axis]
        at = [0 if size == 1 else i for i, size in zip(batch, sizes)]
        at.insert(axis, slice(None))
        return array[tuple(at)]

    def exact(self, vectors, case):
        """The sum in float64 or int64, and the sum of magnitudes, by blocks."""
        total, magnitude, np = 0, 0.0, self.np
        whole = is_kind(case, "int", "uint", "bool")
        for begin in range(0, vectors[0].shape[0], BLOCK):
            one, two = (self.widened(v[begin:begin + BLOCK], whole) for v in vectors)
            product = np.conj(one) * two
            total += product.sum().item()
            magnitude += abs(product).sum().item()
        return total, magnitude

    def widened(self, x, whole):
        wide = self.np.int64 if whole else self.np.complex128 if x.dtype.kind == "c" else self.np.float64
        return x.astype(wide)

    def number(self, result, index, shape):
        return result.reshape(shape)[index].item()


class HostArrays(ArrayLibrary):
    """Operands as NumPy arrays, for NumPy itself and for the libraries in C."""

    def __init__(self):
        import numpy
        self.np = numpy

    def dtype(self, name):
        if name == "bfloat16":
            import ml_dtypes
            return self.np.dtype(ml_dtypes.bfloat16)
        return self.np.dtype(name)

    def storage(self, operand, zeros, random):
        """The elements of an operand's memory, all of them written. It begins where a cache line does, so that no run
        differs from another by where its arrays lie."""
        np, dtype, count = self.np, self.dtype(operand["dtype"]), operand["storage"]
        memory = np.empty(count * dtype.itemsize + 64, "u1")
        begin = -memory.ctypes.data % 64
        flat = memory[begin:begin + count * dtype.itemsize].view(dtype)
        for begin in range(0, count, BLOCK):
            part = flat[begin:begin + BLOCK]
            if zeros:
                part[...] = 0
            elif dtype.kind in "biu":
                part[...] = random.integers(0, 2 if dtype.kind == "b" else 256, part.size, "u1").astype(dtype)
            else:
                part[...] = random.random(part.size, "f4") - np.float32(0.5)
                if dtype.kind == "c":
                    part.imag = random.random(part.size, "f4") - np.float32(0.5)
        return flat

    def operands(self, case, seed):
        np, random, made = self.np, self.np.random.Generator(self.np.random.SFC64(seed)), []
        for operand in (case["x1"], case["x2"]):
            flat = self.storage(operand, case["zeros"], random)
            made.append(np.lib.stride_tricks.as_strided(
                flat[operand["offset"]:], operand["shape"], [s * flat.itemsize for s in operand["strides"]]))
        return made


class NumPy(HostArrays):
    def __init__(self):
        super().__init__()
        if ON_GPU:
            raise RuntimeError("the cases lie on a GPU")

    def about(self):
        blas = "?"
        try:
            blas = self.np.show_config("dicts")["Build Dependencies"]["blas"]["name"]
        except Exception:  # noqa: BLE001 older versions only print it
            pass
        return {"version": self.np.__version__, "blas": blas}

    def ceiling(self, runs):
        x = self.np.ones(1 << 26, "f4")
        seconds = [self.elapsed(x.sum) for _ in range(runs)]
        return {"method": "numpy.sum, one thread", "bytes_per_second": [x.nbytes / s for s in seconds]}

    def scope(self, case):
        """What the expressions of numpy_forms.py name, but for the operands."""
        names = {name: getattr(self.np, name) for name in (
            "vecdot", "vdot", "matmul", "einsum", "multiply", "conj", "ascontiguousarray") if hasattr(self.np, name)}
        names |= {name: self.dtype(name) for name in {"int64", "float32", "float64", *numpy_forms.INTEGER_BITS,
                                                      case["result"], case.get("dtype") or "int64"}}
        if case["result_shape"]:
            names["out"] = self.np.empty(case["result_shape"], self.dtype(case["result"]))
        return names

    def forms(self, case):
        scope, (one, two) = self.scope(case), numpy_forms.views(case)
        for name, expression in numpy_forms.forms(case):
            yield name, eval("lambda x, y: " + expression.format(x=one, y=two), scope)  # noqa: S307 expressions of ours


class CuPy(ArrayLibrary):
    compiles = True

    def __init__(self):
        import cupy
        self.np = cupy
        cupy.zeros(1) + 1
        self.fused = cupy.ReductionKernel("T x, U y", "V z", "V(x) * V(y)", "a + b", "z = a", "0", "fused_dot")

    def about(self):
        name = self.np.cuda.runtime.getDeviceProperties(0)["name"]
        return {"version": self.np.__version__, "device": name.decode()}

    def clean(self):
        self.np.get_default_memory_pool().free_all_blocks()

    def elapsed(self, work):
        begin, end = self.np.cuda.Event(), self.np.cuda.Event()
        begin.record()
        work()
        end.record()
        end.synchronize()
        return self.np.cuda.get_elapsed_time(begin, end) / 1e3

    def ceiling(self, runs):
        x = self.np.random.random_sample(1 << 29, dtype="f4")
        x.sum()
        seconds = [self.elapsed(x.sum) for _ in range(runs)]
        return {"method": "cupy.sum of 2 GiB", "bytes_per_second": [x.nbytes / s for s in seconds]}

    def operands(self, case, seed):
        np, made = self.np, []
        np.random.seed(seed)
        for operand in (case["x1"], case["x2"]):
            dtype, count = np.dtype(operand["dtype"]), operand["storage"]
            flat = np.zeros(count, dtype)
            for begin in range(0, 0 if case["zeros"] else count, BLOCK):
                part = flat[begin:begin + BLOCK]
                if dtype.kind in "biu":
                    part[...] = np.random.randint(0, 256, part.size, dtype="i4").astype("i1").astype(dtype)
                else:
                    part[...] = np.random.random_sample(part.size, dtype="f4") - 0.5
                    if dtype.kind == "c":
                        part.imag[...] = np.random.random_sample(part.size, dtype="f4") - 0.5
            first = np.ndarray(operand["shape"], dtype, flat.data + operand["offset"] * dtype.itemsize,
                               [s * dtype.itemsize for s in operand["strides"]])
            made.append(first)
        return made

    def forms(self, case):
        np, axis = self.np, axis_of(case)
        if is_kind(case, "bool"):
            yield "(x & y).any", lambda x, y: (x & y).any(axis)
            return
        out = np.dtype(case["result"])
        yield "(conj(x) * y).sum", lambda x, y: (np.conj(x) * y).sum(axis, dtype=out)
        if not is_kind(case, "complex", "float16"):
            def fused(x, y):
                shape = np.broadcast(x, y).shape
                result = np.empty(shape[:axis % len(shape)] + shape[axis % len(shape) + 1:], out)
                return self.fused(x, y, result, axis=axis % len(shape))
            yield "ReductionKernel", fused
        if is_one_dimensional(case) and is_kind(case, "float", "complex"):
            yield "vdot", np.vdot
        elif subscripts(case):
            yield "einsum", lambda x, y: np.einsum(subscripts(case), np.conj(x), y)
        if is_product(case):
            yield "matmul", lambda x, y: x[:, 0] @ y[0].T
        if is_matrix_vector(case):
            yield "matmul", np.matmul


class Torch:
    compiles = False

    def __init__(self):
        import torch
        self.torch = torch
        if ON_GPU and not torch.cuda.is_available():
            raise RuntimeError("this PyTorch finds no GPU")
        self.device = "cuda" if ON_GPU else "cpu"
        torch.backends.cuda.matmul.allow_tf32 = False

    def about(self):
        name = self.torch.cuda.get_device_name() if ON_GPU else f"cpu, {self.torch.get_num_threads()} threads"
        return {"version": self.torch.__version__, "device": name}

    def clean(self):
        if ON_GPU:
            self.torch.cuda.empty_cache()

    def elapsed(self, work):
        if not ON_GPU:
            begin = time.perf_counter()
            work()
            return time.perf_counter() - begin
        begin, end = (self.torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        work()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) / 1e3

    def ceiling(self, runs):
        x = self.torch.rand(1 << (29 if ON_GPU else 26), device=self.device)
        x.sum()
        seconds = [self.elapsed(x.sum) for _ in range(runs)]
        return {"method": f"torch.sum of {x.nbytes >> 20} MiB", "bytes_per_second": [x.nbytes / s for s in seconds]}

    def operands(self, case, seed):
        torch, made = self.torch, []
        torch.manual_seed(seed)
        for operand in (case["x1"], case["x2"]):
            if min(operand["strides"]) < 0:
                raise TypeError("PyTorch has no negative strides")
            dtype = getattr(torch, operand["dtype"])
            flat = torch.empty(operand["storage"], dtype=dtype, device=self.device)
            if case["zeros"]:
                flat.zero_()
            else:
                for part in (torch.view_as_real(flat) if dtype.is_complex else flat).split(BLOCK):
                    if dtype == torch.bool or not (dtype.is_floating_point or dtype.is_complex):
                        part.random_(0, 2 if dtype == torch.bool else 128)
                    else:
                        part.uniform_(-0.5, 0.5)
            made.append(flat.as_strided(operand["shape"], operand["strides"], operand["offset"]))
        return made

    def forms(self, case):
        torch, axis = self.torch, axis_of(case)
        if is_kind(case, "bool"):
            yield "(x & y).any", lambda x, y: (x & y).any(axis)
            return
        out = getattr(torch, case["result"])
        yield "linalg.vecdot", lambda x, y: torch.linalg.vecdot(x, y, dim=axis)
        yield "(conj(x) * y).sum", lambda x, y: (x.conj() * y).sum(axis, dtype=out)
        if is_one_dimensional(case):
            yield "vdot", torch.vdot
        elif subscripts(case) and not is_matrix_vector(case):
            yield "einsum", lambda x, y: torch.einsum(subscripts(case), x.conj(), y)
        if is_product(case):
            yield "matmul", lambda x, y: x[:, 0] @ y[0].T
        if is_matrix_vector(case):
            yield "mv", torch.mv

    vector = ArrayLibrary.vector

    def exact(self, vectors, case):
        torch, total, magnitude = self.torch, 0, 0.0
        whole = is_kind(case, "int", "uint", "bool")
        for one, two in zip(vectors[0].split(BLOCK), vectors[1].split(BLOCK)):
            wide = torch.int64 if whole else torch.complex128 if one.is_complex() else torch.float64
            product = one.to(wide).conj() * two.to(wide)
            total += product.sum().item()
            magnitude += product.abs().sum().item()
        return total, magnitude

    def number(self, result, index, shape):
        return result.reshape(shape)[index].item()


class Jax(ArrayLibrary):
    compiles = True

    def __init__(self):
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
        import jax
        jax.config.update("jax_enable_x64", True)
        self.jax, self.np = jax, jax.numpy
        if ON_GPU and jax.default_backend() == "cpu":
            raise RuntimeError("this JAX finds no GPU")

    def about(self):
        return {"version": self.jax.__version__, "device": str(self.jax.devices()[0])}

    def elapsed(self, work):
        begin = time.perf_counter()
        self.jax.block_until_ready(work())
        return time.perf_counter() - begin

    def ceiling(self, runs):
        x = self.np.ones(1 << (29 if ON_GPU else 26), "float32")
        add_up = self.jax.jit(self.np.sum)
        self.elapsed(lambda: add_up(x))
        seconds = [self.elapsed(lambda: add_up(x)) for _ in range(runs)]
        return {"method": "jit(jnp.sum)", "bytes_per_second": [x.nbytes / s for s in seconds]}

    def operands(self, case, seed):
        jax, made = self.jax, []
        key = jax.random.key(seed)
        for operand in (case["x1"], case["x2"]):
            key, part = jax.random.split(key)
            dtype, count = self.np.dtype(operand["dtype"]), (operand["storage"],)
            if case["zeros"]:
                made.append(self.np.zeros(count, dtype))
            elif dtype.kind in "biu":
                made.append(jax.random.randint(part, count, 0, 2 if dtype.kind == "b" else 100, "int8").astype(dtype))
            else:
                made.append(jax.random.uniform(part, count, "float32", -0.5, 0.5).astype(dtype))
                if dtype.kind == "c":
                    made[-1] = made[-1] * (1 + 0.5j)
        return made

    def viewed(self, flat, operand):
        """The view as slices, reversals and transpositions: what JAX has in place of strides."""
        step = min(abs(s) for s in operand["strides"])
        if operand["strides"][-1] < 0:
            flat = flat[::-1]
        elif operand["offset"] or step > 1:
            flat = flat[operand["offset"]::step]
        if len(operand["shape"]) > 1 and operand["strides"][0] == 1 and operand["strides"][-1] != 1:
            return flat.reshape(operand["shape"][::-1]).T
        return flat.reshape(operand["shape"])

    def vector(self, array, case, which, index):
        return super().vector(self.viewed(array, case[f"x{which + 1}"]), case, which, index)

    def forms(self, case):
        np, axis, highest = self.np, axis_of(case), self.jax.lax.Precision.HIGHEST

        def views(x, y):
            return self.viewed(x, case["x1"]), self.viewed(y, case["x2"])

        def vecdot(x, y):
            one, two = views(x, y)
            return np.vecdot(one, two, axis=axis, precision=highest)

        def fused(x, y):
            one, two = views(x, y)
            return (np.conj(one) * two).sum(axis, dtype=case["result"])

        def product(x, y):
            one, two = views(x, y)
            return np.matmul(one[:, 0], two[0].T, precision=highest)

        if is_kind(case, "bool"):
            yield "jit((x & y).any)", self.jax.jit(lambda x, y: (views(x, y)[0] & views(x, y)[1]).any(axis))
            return
        yield "jit(vecdot)", self.jax.jit(vecdot)
        yield "jit((conj(x) * y).sum)", self.jax.jit(fused)
        if is_product(case):
            yield "jit(matmul)", self.jax.jit(product)
