"""The forms in which NumPy can say a case of `vecdot bench`, as expressions. peers.py and everyday.py time all that
apply and count the fastest.

An expression names the operands {x} and {y}, arrays `out` for results that have dimensions, NumPy's functions and
dtypes. A form that converts or copies does so in each call."""

NARROW_FLOATS = ("float16", "bfloat16")
INTEGER_BITS = {f"{sign}int{bits}": bits for sign in ("", "u") for bits in (8, 16, 32, 64)}


def axis_of(case):
    """The axis from the end, which is the same in both operands; of a vector with a matrix, the matrix's."""
    operand = max(case["x1"], case["x2"], key=lambda x: len(x["shape"]))
    axis = case["axis"][0 if operand is case["x1"] else 1]
    return axis - len(operand["shape"]) if axis >= 0 else axis


def is_one_dimensional(case):
    return len(case["x1"]["shape"]) == len(case["x2"]["shape"]) == 1


def is_product(case):
    """(m, 1, n) with (1, k, n) or (k, n)."""
    one, two = case["x1"]["shape"], case["x2"]["shape"]
    return len(one) == 3 and one[1] == 1 and axis_of(case) == -1 and (len(two) == 2 or len(two) == 3 and two[0] == 1)


def is_matrix_vector(case):
    return len(case["x1"]["shape"]) == 2 and len(case["x2"]["shape"]) == 1 and axis_of(case) == -1


def is_vector_matrix(case):
    return len(case["x1"]["shape"]) == 1 and len(case["x2"]["shape"]) == 2 and axis_of(case) == -2


def is_kind(case, *kinds):
    return any(case["result"].startswith(kind) for kind in kinds)


def subscripts(case):
    """The case for einsum, "ij,ij->i"; None for products, which have dimensions of size 1."""
    one, two, axis = case["x1"]["shape"], case["x2"]["shape"], axis_of(case)
    if is_product(case):
        return None
    letters = "abcd"[:max(len(one), len(two))]
    summed = letters[axis]
    spelled = [summed if len(shape) == 1 else letters[-len(shape):] for shape in (one, two)]
    return f"{spelled[0]},{spelled[1]}->{letters.replace(summed, '')}"


def views(case):
    """The operands of the expressions: those of a product as the matrices that NumPy multiplies."""
    if not is_product(case):
        return "x", "y"
    return "x[:, 0]", "y.T" if len(case["x2"]["shape"]) == 2 else "y[0].T"


def contiguous(operand):
    step = 1
    for size, stride in zip(reversed(operand["shape"]), reversed(operand["strides"])):
        if size != 1 and stride != step:
            return False
        step *= size
    return True


def wide_dtype(case):
    """A dtype that BLAS adds in, where it gives the right result of narrower operands; else None."""
    one, two, asked = case["x1"]["dtype"], case["x2"]["dtype"], case.get("dtype")
    if one in INTEGER_BITS and two in INTEGER_BITS:
        count = case["x1"]["shape"][case["axis"][0]]
        bits = INTEGER_BITS[one] + INTEGER_BITS[two] + (count - 1).bit_length()
        return "float32" if bits <= 24 else "float64" if bits <= 53 else None  # every partial sum is exact
    if case["result"] in NARROW_FLOATS:
        return "float32"
    return case["result"] if is_kind(case, "float") and (asked or one != two) else None


def products(case, x, y, out, after):
    """dot and matmul, where the case is a product of vectors or matrices; `after` converts a result of theirs."""
    if is_one_dimensional(case):
        yield "dot", f"{x}.dot({y}){after}"
    elif is_product(case) or is_matrix_vector(case) or is_vector_matrix(case):
        yield "dot", f"{x}.dot({y}{'' if after else out}){after}"
        yield "matmul", f"matmul({x}, {y}{'' if after else out}){after}"


def sums(case, dtype, out):
    """einsum and the sum of the products."""
    spelled, axis = subscripts(case), axis_of(case)
    if is_kind(case, "bool"):
        yield "(x & y).any", f"({{x}} & {{y}}).any({axis}{out})"
        return
    conj = "conj({x})" if is_kind(case, "complex") else "{x}"
    if spelled:
        yield "einsum", f"einsum('{spelled}', {conj}, {{y}}{out}{dtype})"
    if not is_product(case) and not is_vector_matrix(case):
        as_result = f", dtype={case['result']}"
        yield "(x * y).sum", f"multiply({conj}, {{y}}{dtype}).sum({axis}{as_result}{out})"
    one, two = case["x1"]["dtype"], case["x2"]["dtype"]
    narrow = f"int{2 * INTEGER_BITS.get(one, 64)}"
    if one == two and one.startswith("int") and INTEGER_BITS.get(narrow, 64) < INTEGER_BITS.get(case["result"], 0):
        yield f"(x * y).sum, products in {narrow}", (
            f"multiply({{x}}, {{y}}, dtype={narrow}).sum({axis}, dtype={case['result']}{out})")


def forms(case):
    """Pairs of a name and an expression. numpy.vecdot, always the first, is named "vecdot"."""
    scalar = not case["result_shape"]
    out, dtype = "" if scalar else ", out=out", f", dtype={case['dtype']}" if case.get("dtype") else ""
    axis = "" if axis_of(case) == -1 else f", axis={case['axis'][0]}"
    yield "vecdot", f"vecdot({'x, y' if is_product(case) else '{x}, {y}'}{axis}{out}{dtype})"
    place = "" if scalar else ", out"
    if is_kind(case, "complex") and is_one_dimensional(case):
        yield "vdot", "vdot({x}, {y})"
    elif not is_kind(case, "complex") and not dtype:
        yield from products(case, "{x}", "{y}", place, "")
    yield from sums(case, dtype, out)
    wide = wide_dtype(case)
    if wide:
        after = "" if wide == case["result"] else f".astype({case['result']})"
        if case["result"] in INTEGER_BITS:
            after = f".astype(int64){after}"
        converted = (f"{operand}.astype({wide})" if case[which]["dtype"] != wide else operand
                     for operand, which in (("{x}", "x1"), ("{y}", "x2")))
        for name, expression in products(case, *converted, place, after):
            yield f"{name} in {wide}", expression
    loose = [not contiguous(case[which]) for which in ("x1", "x2")]
    if any(loose) and is_kind(case, "float") and not dtype:
        x, y = (f"ascontiguousarray({operand})" if far else operand for operand, far in zip(("{x}", "{y}"), loose))
        yield "vecdot of copies", f"vecdot({x}, {y}{axis}{out})"
        if is_one_dimensional(case):
            yield "dot of copies", f"{x}.dot({y})"
