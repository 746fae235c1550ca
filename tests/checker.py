"""One checker for every operation: values, derivatives, structure and texts, each against another source.

* the forward rule against an independent implementation (an oracle);
* the full Jacobian, row by row from the operation's own rule, against finite differences and against autograd run on
  that oracle;
* the structure against the Jacobian: nothing outside it, nothing in it that is always zero;
* the texts for one element, evaluated in decimal arithmetic of 50 digits, against the numbers.

`check` does all of it for one operation and one sample. The parts take any function of arrays where they can, so that
whole programs are checked with them too (`check_differences`, `check_autograd`). Whatever is wrong raises `Wrong`.
"""

from __future__ import annotations

import ast
import decimal
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import autograd
import numpy as np
from numpy.typing import NDArray

from bptui.ops import numeric
from bptui.ops.operation import REQUIRED, Operation, Sample
from bptui.ops.structure import Structure

Array = NDArray[np.float64]
Function = Callable[..., Any]

STEP = 6e-6
"""The step of the finite differences, near the cube root of float64's precision, where their error is least."""


class Wrong(AssertionError):
    """What an operation or a program has been found to get wrong; the text says where, and both numbers."""


# Running an operation the way the engine does


def frozen(value: Any) -> Array:
    """Return `value` as the engine holds it: float64 and read-only, so that a rule that writes to it fails."""
    array = np.array(value, dtype=np.float64)
    array.flags.writeable = False
    return array


def draw(sample: Sample, seed: int = 0) -> list[Array]:
    """Return the operands of `sample`: its values, or values drawn for its shapes."""
    if sample.values is not None:
        return [frozen(value) for value in sample.values]
    generator = np.random.RandomState(seed)

    def bound(bounds: float | tuple[float, ...], slot: int) -> float:
        return bounds[slot] if isinstance(bounds, tuple) else bounds

    return [
        frozen(generator.uniform(bound(sample.low, slot), bound(sample.high, slot), shape))
        for slot, shape in enumerate(sample.shapes)
    ]


def tupled(value: Any) -> Any:
    """Return an option's value with lists as tuples."""
    return tuple(map(tupled, value)) if isinstance(value, (list, tuple)) else value


def with_defaults(operation: Operation, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return every option of `operation`, the defaults filled in; an unknown or missing one raises Wrong."""
    unknown = set(params) - set(operation.options)
    if unknown:
        raise Wrong(f"{operation.name} has no option {sorted(unknown)}")
    full = {name: tupled(params.get(name, option.default)) for name, option in operation.options.items()}
    missing = [name for name, value in full.items() if value is REQUIRED]
    if missing:
        raise Wrong(f"{operation.name} needs {missing}")
    return full


def choose(operation: Operation, inputs: Sequence[Array], params: Mapping[str, Any]) -> dict[str, Any]:
    """Return all params of one call: the options and what the operation picks by looking at the values."""
    full = with_defaults(operation, params)
    if operation.choose is not None:
        full |= operation.choose(*inputs, **full)
    return full


def forward(operation: Operation, inputs: Sequence[Array], params: Mapping[str, Any]) -> Array:
    """Return the operation's result; raises Wrong where its shape is not the one that `shape` tells."""
    with np.errstate(all="ignore"):
        output = frozen(operation.forward(numeric, *inputs, **choose(operation, inputs, params)))
    told = operation.shape(tuple(array.shape for array in inputs), **with_defaults(operation, params))
    if output.shape != told:
        raise Wrong(f"{operation.name}: shape says {told}, and the result has shape {output.shape}")
    return output


def vjp(operation: Operation, inputs: Sequence[Array], params: Mapping[str, Any], slot: int, upstream: Array) -> Array:
    """Return the contribution to `slot`: by the operation's vjp, or from its partial derivative summed by hand."""
    output = forward(operation, inputs, params)
    full = choose(operation, inputs, params)
    with np.errstate(all="ignore"):
        partial = operation.partial(slot)
        if partial is not None:
            local = partial(numeric, output, *inputs, **full)
            return np.asarray(numeric.unbroadcast(np.asarray(upstream * local), inputs[slot].shape))
        rule = operation.vjp(slot)
        assert rule is not None
        result = np.asarray(rule(numeric, upstream, output, *inputs, **full))
    if result.shape != inputs[slot].shape:
        raise Wrong(f"{operation.name}: the gradient of operand {slot} has shape {result.shape}")
    return result


def jacobian(operation: Operation, inputs: Sequence[Array], params: Mapping[str, Any], slot: int) -> Array:
    """Return ∂output/∂operand as a matrix of flat elements, one row for each one-hot upstream gradient."""
    shape = forward(operation, inputs, params).shape
    size = math.prod(shape)
    rows = [
        vjp(operation, inputs, params, slot, frozen(np.eye(1, size, row).reshape(shape))).ravel() for row in range(size)
    ]
    return np.array(rows, dtype=np.float64).reshape(size, inputs[slot].size)


# Numbers against numbers


def check_close(found: Any, expected: Any, what: str, relative: float = 1e-9, absolute: float = 1e-12) -> None:
    """Raise Wrong unless `found` is `expected` (nan where that is nan), element by element."""
    found, expected = np.asarray(found, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    if found.shape != expected.shape:
        raise Wrong(f"{what}: shape {found.shape}, expected {expected.shape}")
    good = np.isclose(found, expected, rtol=relative, atol=absolute, equal_nan=True)
    if not good.all():
        where = tuple(int(index) for index in np.argwhere(~good)[0])
        raise Wrong(f"{what}, at {where}: {found[where]!r}, expected {expected[where]!r}")


def check_differences(
    derivative: Array, function: Function, inputs: Sequence[Array], slot: int, what: str, kink: bool = False
) -> None:
    """Raise Wrong unless `derivative` (outputs × inputs, flat) is that of `function` by finite differences.

    At a `kink` anything between the two one-sided slopes is accepted.
    """
    at = np.asarray(function(*inputs), dtype=np.float64).ravel()
    for j in range(inputs[slot].size):
        values: list[Array] = []
        places: list[float] = []
        for step in (-STEP, STEP):
            moved = [np.array(array) for array in inputs]
            moved[slot].reshape(-1)[j] += step
            places.append(float(moved[slot].reshape(-1)[j]))
            values.append(np.asarray(function(*moved), dtype=np.float64).ravel())
        here = float(inputs[slot].reshape(-1)[j])
        if not kink:
            central = (values[1] - values[0]) / (places[1] - places[0])
            check_close(derivative[:, j], central, f"{what}, d/d[{j}] by differences", 1e-6, 1e-7)
            continue
        left, right = (at - values[0]) / (here - places[0]), (values[1] - at) / (places[1] - here)
        nearest = np.clip(derivative[:, j], np.minimum(left, right), np.maximum(left, right))
        check_close(derivative[:, j], nearest, f"{what}, d/d[{j}] between one-sided slopes", 1e-5, 1e-5)


def check_autograd(derivative: Array, oracle: Function, inputs: Sequence[Array], slot: int, what: str) -> None:
    """Raise Wrong unless `derivative` (outputs × inputs, flat) is what autograd gives for `oracle`."""
    if derivative.size == 0:
        return
    with np.errstate(all="ignore"), warnings.catch_warnings():
        # A loss of no terms does not depend on its operands, and its slope of 0 is what is asked here.
        warnings.filterwarnings("ignore", "Output seems independent of input")
        expected = autograd.jacobian(oracle, slot)(*(np.array(array) for array in inputs))
    check_close(derivative, np.reshape(expected, derivative.shape), f"{what} by autograd")


# Structure


def mask(structure: Structure, outputs: int, inputs: int) -> NDArray[np.bool_]:
    """Return the structure as a matrix; raises Wrong where `reads` and `feeds` disagree or are not sorted."""
    by_output, by_input = (np.zeros((outputs, inputs), dtype=bool) for _ in range(2))
    for one, count, table in (
        (structure.reads, outputs, by_output),
        (structure.feeds, inputs, by_input.T),
    ):
        for index in range(count):
            listed = np.asarray(one(index))
            if listed.dtype.kind != "i" or (listed[1:] <= listed[:-1]).any():
                raise Wrong(f"{structure.name}: the list of {index} is not sorted whole numbers: {listed}")
            table[index, listed] = True
    if not np.array_equal(by_output, by_input):
        raise Wrong(f"{structure.name}: reads and feeds disagree")
    return by_output


def _structure_mask(operation: Operation, inputs: Sequence[Array], params: Mapping[str, Any], slot: int) -> Any:
    """Return the mask of one operand, from shapes and the given params alone."""
    shapes = tuple(array.shape for array in inputs)
    output = operation.shape(shapes, **with_defaults(operation, {key: params[key] for key in operation.options}))
    return mask(operation.structure(slot, shapes, output, params), math.prod(output), math.prod(shapes[slot]))


def check_structure(operation: Operation, inputs: Sequence[Array], params: Mapping[str, Any]) -> None:
    """Raise Wrong where a derivative lies outside the structure: that of the call, or that told from shapes alone."""
    for slot in range(len(inputs)):
        for known in (with_defaults(operation, params), choose(operation, inputs, params)):
            pattern = _structure_mask(operation, inputs, known, slot)
            if operation.passes(slot):
                outside = np.nan_to_num(jacobian(operation, inputs, params, slot), nan=0.0)[~pattern]
                if outside.any():
                    raise Wrong(f"{operation.name}: a derivative of operand {slot} lies outside its structure")


def check_coverage(operation: Operation, sample: Sample, draws: int = 60) -> None:
    """Raise Wrong where an entry of the structure is zero for every one of some drawn values."""
    shapes = tuple(array.shape for array in draw(sample))
    for slot in range(len(shapes)):
        if not operation.passes(slot):
            continue
        pattern = _structure_mask(operation, draw(sample), with_defaults(operation, sample.params), slot)
        for seed in range(draws):
            if not pattern.any():
                break
            pattern &= jacobian(operation, draw(sample, seed), sample.params, slot) == 0.0
        if pattern.any():
            where = tuple(int(index) for index in np.argwhere(pattern)[0])
            raise Wrong(f"{operation.name}: the structure of operand {slot} has {where}, where there is never a slope")


# Texts, by decimal arithmetic


class Names:
    """A cell whose elements are written as names: `x0_3` is element 3 of operand 0, `y_1` element 1 of the result."""

    def __init__(self, shapes: tuple[tuple[int, ...], ...], output_shape: tuple[int, ...], params: Any) -> None:
        self.shapes, self.output_shape, self.params = shapes, output_shape, params

    def x(self, slot: int, index: int) -> str:
        assert 0 <= index < math.prod(self.shapes[slot])
        return f"x{slot}_{index}"

    def y(self, index: int) -> str:
        assert 0 <= index < math.prod(self.output_shape)
        return f"y_{index}"


_ZERO, _ONE = Decimal(0), Decimal(1)


def _power(a: Decimal, b: Decimal) -> Decimal:
    return _ONE if b == 0 else a**b


def _sign(x: Decimal) -> Decimal:
    return _ZERO if x == 0 else _ONE.copy_sign(x)


def _tanh(x: Decimal) -> Decimal:
    square = (2 * x).exp()
    return (square - 1) / (square + 1)


def _by_float(function: Callable[[float], float]) -> Callable[[Decimal], Decimal]:
    return lambda x: Decimal(function(float(x)))


_FUNCTIONS: Mapping[str, Callable[..., Decimal]] = {
    "exp": Decimal.exp,
    "log": Decimal.ln,
    "log10": Decimal.log10,
    "sqrt": Decimal.sqrt,
    "abs": abs,
    "tanh": _tanh,
    "sin": _by_float(math.sin),
    "cos": _by_float(math.cos),
    "erf": _by_float(math.erf),
    "sign": _sign,
    "step": lambda x: _ONE if x > 0 else _ZERO,
    "max": max,
    "min": min,
}
_OPERATORS: Mapping[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: _power,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Decimal, Decimal], bool]] = {
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
}
_PI = Decimal("3.1415926535897932384626433832795028841971693993751")


def evaluate(text: str, names: Mapping[str, float]) -> float:
    """Return the value of `text`, in the grammar of the operations' texts, at `names`: nan where it has none."""
    if not text.isascii():
        raise Wrong(f"{text!r} is not ASCII")

    def value(node: ast.expr) -> Decimal:
        match node:
            case ast.Constant(value=int() | float()):
                return Decimal(str(node.value))
            case ast.Name(id="pi"):
                return _PI
            case ast.Name(id=name) if name in names:
                return Decimal(float(names[name]))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -value(operand)
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
                return _OPERATORS[type(operator)](value(left), value(right))
            case ast.Compare(left=left, ops=[comparison], comparators=[right]):
                return Decimal(_COMPARISONS[type(comparison)](value(left), value(right)))
            case ast.IfExp(test=test, body=body, orelse=other):
                return value(body) if value(test) != 0 else value(other)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
                return _FUNCTIONS[name](*map(value, arguments))
        raise Wrong(f"{text!r} is not in the grammar: {ast.dump(node)[:80]}")

    with decimal.localcontext(decimal.Context(prec=50, traps=[])):
        return float(value(ast.parse(text, mode="eval").body))


def check_texts(operation: Operation, inputs: Sequence[Array], params: Mapping[str, Any]) -> None:
    """Raise Wrong unless each text gives the number that it stands for.

    A text without a value (0/0, 0*log(0)) is accepted where the operation states a convention.
    """
    output = forward(operation, inputs, params)
    full = choose(operation, inputs, params)
    shapes = tuple(array.shape for array in inputs)
    cell = Names(shapes, output.shape, full)
    names = {f"x{slot}_{j}": value for slot, array in enumerate(inputs) for j, value in enumerate(array.ravel())}

    def compare(text: str, expected: float, known: Mapping[str, float], what: str) -> None:
        value = evaluate(text, known)
        if not (math.isnan(value) and operation.convention):
            check_close(value, expected, f"{operation.name}, the text of {what}: {text}")

    for i, expected in enumerate(output.ravel()):
        compare(operation.element(cell, i), expected, names, f"y[{i}]")
    both = names | {f"y_{i}": value for i, value in enumerate(output.ravel())}
    for slot in range(len(inputs)):
        if not operation.passes(slot):
            continue
        matrix = jacobian(operation, inputs, params, slot)
        structure = operation.structure(slot, shapes, output.shape, full)
        for i in range(output.size):
            for j in map(int, structure.reads(i)):
                what = f"dy[{i}]/dx{slot}[{j}]"
                compare(operation.derivative(cell, slot, i, j), matrix[i, j], both, what)


# All of it


def check(operation: Operation, sample: Sample, oracle: Function, seed: int = 0) -> None:
    """Raise Wrong for the first thing that is wrong about `operation` at `sample`; `oracle` takes its options too."""
    inputs = draw(sample, seed)
    options = with_defaults(operation, sample.params)

    def expected(*operands: Any) -> Any:
        return oracle(*operands, **options)

    def found(*operands: Array) -> Array:
        return forward(operation, operands, sample.params)

    with np.errstate(all="ignore"):
        check_close(found(*inputs), expected(*inputs), f"{operation.name} forward", 1e-12, 1e-14)
    for slot in range(len(inputs)):
        if operation.passes(slot):
            what = f"{operation.name}, operand {slot}"
            matrix = jacobian(operation, inputs, sample.params, slot)
            with np.errstate(all="ignore"):
                check_differences(matrix, found, inputs, slot, what, sample.kink)
            check_autograd(matrix, expected, inputs, slot, what)
    check_structure(operation, inputs, sample.params)
    check_texts(operation, inputs, sample.params)
