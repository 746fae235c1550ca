"""Elementwise operations: arithmetic, powers, activations. Operands broadcast; each output element reads one of each.

A rule here is one line: the function, its partial derivative with respect to each operand (as arrays, then as text).
The contribution to an operand, upstream × partial summed over the broadcast axes, is the engine's, the same for all.
In texts `{x}` is the operand's element and `{y}` the output's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from bptui.ops.operation import (
    COMPARISON,
    POWER,
    PRODUCT,
    SIGN,
    SUM,
    Cell,
    Everywhere,
    Operation,
    Option,
    Params,
    Rule,
    Sample,
    Written,
    broadcast_shape,
    literal_text,
)
from bptui.ops.structure import broadcast

ONE, MINUS_ONE = Everywhere(1.0), Everywhere(-1.0)

_VECTOR = Sample(shapes=((4,),))
_UNARY = (Sample(shapes=((),)), _VECTOR, Sample(shapes=((1,),)), Sample(shapes=((2, 3),)))
_POSITIVE = tuple(Sample(shapes=sample.shapes, low=0.2, high=3.0) for sample in _UNARY)
_BINARY_SHAPES = (
    ((), ()),
    ((4,), (4,)),
    ((2, 3), (2, 3)),
    ((2, 3), (3,)),
    ((3,), (2, 3)),
    ((2, 1), (1, 3)),
    ((4,), ()),
    ((), (4,)),
    ((1,), (4,)),
    ((2, 1, 3), (4, 1)),
)
_BINARY = tuple(Sample(shapes=shapes) for shapes in _BINARY_SHAPES)


def _operand_index(cell: Cell, slot: int, i: int) -> int:
    """Return which element of operand `slot` was broadcast to output element `i`."""
    shape = cell.shapes[slot]
    return i if shape == cell.output_shape else int(broadcast(shape, cell.output_shape).reads(i)[0])


def elementwise(
    name: str,
    operands: str,
    forward: Rule,
    partials: tuple[Rule | None, ...],
    text: str,
    derivatives: tuple[str, ...],
    *,
    convention: str = "",
    options: Mapping[str, Option] | None = None,
    symbol: str = "",
    precedence: int = 6,
    family: str = "elementwise",
    write: Callable[[Sequence[Written], Params, int], Written | None] | None = None,
    samples: tuple[Sample, ...] = (),
) -> Operation:
    """Return an elementwise operation: `operands` are its letters, `text` and `derivatives` its formulas in them."""
    letters = tuple(operands.split())

    def names(cell: Cell, i: int) -> dict[str, Any]:
        return {letter: cell.x(slot, _operand_index(cell, slot, i)) for slot, letter in enumerate(letters)}

    def literals(cell: Cell) -> dict[str, str]:
        return {key: literal_text(cell.params[key]) for key in options or {}}

    def element(cell: Cell, i: int) -> str:
        return text.format(**names(cell, i), **literals(cell))

    def derivative(cell: Cell, slot: int, i: int, j: int) -> str:
        return derivatives[slot].format(y=cell.y(i), **names(cell, i), **literals(cell))

    plain = {letter: letter for letter in letters} | {key: key for key in options or {}}
    return Operation(
        name=name,
        family=family,
        operands=letters,
        shape=lambda shapes, **params: broadcast_shape(shapes),
        forward=forward,
        partials=partials,
        structure=lambda slot, shapes, output, params: broadcast(shapes[slot], output),
        element=element,
        derivative=derivative,
        formula="y = " + text.format(**plain),
        rules=tuple(rule.format(y="y", **plain) if rule else "" for rule in derivatives),
        convention=convention,
        options=options or {},
        symbol=symbol,
        precedence=precedence,
        write=write,
        samples=samples,
    )


_TIE = "a tie shares the gradient equally"
_NO_GRADIENT = "gives 0 or 1 and passes no gradient"


def _comparison(name: str, symbol: str) -> Operation:
    return elementwise(
        name,
        "a b",
        lambda xp, a, b: getattr(xp, name)(a, b),
        (None, None),
        f"{{a}} {symbol} {{b}}",
        ("", ""),
        convention=_NO_GRADIENT,
        symbol=symbol,
        precedence=COMPARISON,
        samples=(*_BINARY, Sample(values=([1.0, 2.0, -1.0, 0.0], [1.0, 3.0, -2.0, -0.0]))),
    )


def _power() -> Operation:
    """Return the power, whose derivative by a base with a whole exponent is written as it is taught: 2*a for a**2."""
    general = elementwise(
        "power",
        "a b",
        lambda xp, a, b: xp.power(a, b),
        (lambda xp, y, a, b: xp.power_slope(a, b), lambda xp, y, a, b: xp.times_log(y, a)),
        "{a}**{b}",
        ("{b}*{a}**({b} - 1)", "{y}*log({a})"),
        symbol="**",
        precedence=POWER,
        convention="the slope of a**0 is 0 everywhere; 0**b has slope 0 with respect to b",
        samples=(
            *(Sample(shapes=shapes, low=(0.3, -2.0)) for shapes in _BINARY_SHAPES),
            Sample(values=([0.0, 2.0], [2.0, 0.0])),
            Sample(values=(-1.5, 2.0)),
        ),
    )

    def derivative(cell: Cell, slot: int, i: int, j: int) -> str:
        exponent = cell.x(1, _operand_index(cell, 1, i))
        if slot == 1 or exponent not in ("2", "3", "4", "5"):
            return general.derivative(cell, slot, i, j)
        less = int(exponent) - 1
        return f"{exponent}*{cell.x(0, j)}" + (f"**{less}" if less > 1 else "")

    return replace(general, derivative=derivative)


# fmt: off
ARITHMETIC = (
    elementwise("add",      "a b", lambda xp, a, b: a + b, (ONE, ONE),       "{a} + {b}", ("1", "1"),
                symbol="+", precedence=SUM, samples=_BINARY),
    elementwise("subtract", "a b", lambda xp, a, b: a - b, (ONE, MINUS_ONE), "{a} - {b}", ("1", "-1"),
                symbol="-", precedence=SUM, samples=_BINARY),
    elementwise("multiply", "a b", lambda xp, a, b: a * b,
                (lambda xp, y, a, b: b, lambda xp, y, a, b: a), "{a}*{b}", ("{b}", "{a}"),
                symbol="*", precedence=PRODUCT, samples=_BINARY),
    elementwise("divide",   "a b", lambda xp, a, b: xp.divide(a, b),
                (lambda xp, y, a, b: xp.divide(1, b), lambda xp, y, a, b: -xp.divide(y, b)),
                "{a}/{b}", ("1/{b}", "-{a}/{b}**2"), symbol="/", precedence=PRODUCT,
                samples=tuple(Sample(shapes=shapes, low=(-2.0, 0.3), high=(2.0, 2.0)) for shapes in _BINARY_SHAPES)),
    _power(),
    elementwise("negative", "x",   lambda xp, x: -x, (MINUS_ONE,), "-{x}", ("-1",),
                symbol="-", precedence=SIGN, samples=_UNARY),
)

COMPARISONS = tuple(
    _comparison(name, symbol)
    for name, symbol in (("less", "<"), ("less_equal", "<="), ("greater", ">"), ("greater_equal", ">="),
                         ("equal", "=="), ("not_equal", "!="))
)
# fmt: on

_TANH_GELU = "0.5*{x}*(1 + tanh(sqrt(2/pi)*({x} + 0.044715*{x}**3)))"
_TANH_GELU_SLOPE = (
    "0.5*(1 + tanh(sqrt(2/pi)*({x} + 0.044715*{x}**3)))"
    " + 0.5*{x}*(1 - tanh(sqrt(2/pi)*({x} + 0.044715*{x}**3))**2)*sqrt(2/pi)*(1 + 0.134145*{x}**2)"
)
_STEP = "step(x) is 1 where x > 0, else 0"
_KINK_AT_0 = Sample(values=([-1.5, 0.0, 2.0],), kink=True)
_WIDE = Sample(values=([-800.0, -40.0, -1.0, 0.0, 1.0, 40.0, 800.0],))
_EQUAL_PAIRS = Sample(values=([1.0, 2.0, -1.0], [1.0, 3.0, -2.0]), kink=True)


def _gelu() -> Operation:
    """Return gelu, whose text depends on an option: exact with erf, or the tanh approximation."""
    exact = elementwise(
        "gelu",
        "x",
        lambda xp, x, approximate: xp.gelu(x, approximate),
        (lambda xp, y, x, approximate: xp.gelu_slope(x, approximate),),
        "0.5*{x}*(1 + erf({x}/sqrt(2)))",
        ("0.5*(1 + erf({x}/sqrt(2))) + {x}*exp(-{x}**2/2)/sqrt(2*pi)",),
        options={"approximate": Option("boolean", False)},
        convention="exact, with erf; approximate=True takes the form with tanh",
        samples=(*_UNARY, _WIDE, Sample(shapes=((4,),), params={"approximate": True})),
    )

    def element(cell: Cell, i: int) -> str:
        if cell.params["approximate"]:
            return _TANH_GELU.format(x=cell.x(0, i))
        return exact.element(cell, i)

    def derivative(cell: Cell, slot: int, i: int, j: int) -> str:
        if cell.params["approximate"]:
            return _TANH_GELU_SLOPE.format(x=cell.x(0, j))
        return exact.derivative(cell, slot, i, j)

    return replace(exact, element=element, derivative=derivative)


# fmt: off
FUNCTIONS = (
    elementwise("exp",   "x", lambda xp, x: xp.exp(x),   (lambda xp, y, x: y,),                        "exp({x})",
                ("{y}",),             samples=_UNARY),
    elementwise("log",   "x", lambda xp, x: xp.log(x),   (lambda xp, y, x: xp.divide(1, x),),          "log({x})",
                ("1/{x}",),           samples=_POSITIVE, convention="natural logarithm"),
    elementwise("log10", "x", lambda xp, x: xp.log10(x), (lambda xp, y, x: xp.divide(xp.LOG10_E, x),), "log10({x})",
                ("1/({x}*log(10))",), samples=_POSITIVE),
    elementwise("sqrt",  "x", lambda xp, x: xp.sqrt(x),  (lambda xp, y, x: xp.divide(1, 2 * y),),      "sqrt({x})",
                ("1/(2*{y})",),       samples=_POSITIVE),
    elementwise("abs",   "x", lambda xp, x: xp.abs(x),   (lambda xp, y, x: xp.sign(x),),               "abs({x})",
                ("sign({x})",),       samples=(*_UNARY, _KINK_AT_0), convention="slope 0 at 0"),
    elementwise("square", "x", lambda xp, x: x * x,      (lambda xp, y, x: 2 * x,),                    "{x}**2",
                ("2*{x}",),           samples=_UNARY),
    elementwise("sin",   "x", lambda xp, x: xp.sin(x),   (lambda xp, y, x: xp.cos(x),),                "sin({x})",
                ("cos({x})",),        samples=_UNARY),
    elementwise("cos",   "x", lambda xp, x: xp.cos(x),   (lambda xp, y, x: -xp.sin(x),),               "cos({x})",
                ("-sin({x})",),       samples=_UNARY),
    elementwise("tanh",  "x", lambda xp, x: xp.tanh(x),  (lambda xp, y, x: 1 - y * y,),                "tanh({x})",
                ("1 - {y}**2",),      samples=(*_UNARY, _WIDE)),
    elementwise("sigmoid", "x", lambda xp, x: xp.sigmoid(x), (lambda xp, y, x: xp.sigmoid_slope(y, x),),
                "1/(1 + exp(-{x}))", ("{y}*(1 - {y})",), samples=(*_UNARY, _WIDE)),
    elementwise("relu", "x", lambda xp, x: xp.relu(x), (lambda xp, y, x: xp.step(x),), "max(0, {x})", ("step({x})",),
                convention=f"slope 0 at 0; {_STEP}", samples=(*_UNARY, _KINK_AT_0)),
    elementwise("leaky_relu", "x", lambda xp, x, slope: xp.relu(x) - xp.number(slope) * xp.relu(-x),
                (lambda xp, y, x, slope: xp.step(x) + xp.number(slope) * (1 - xp.step(x)),),
                "max(0, {x}) - {slope}*max(0, -{x})", ("step({x}) + {slope}*(1 - step({x}))",),
                options={"slope": Option("number", 0.01)}, convention=f"at 0 the slope is the option `slope`; {_STEP}",
                samples=(*_UNARY, _KINK_AT_0, Sample(shapes=((4,),), params={"slope": 0.2}),
                         Sample(shapes=((4,),), params={"slope": -0.5}),
                         Sample(shapes=((4,),), params={"slope": 1e20}))),
    elementwise("elu", "x", lambda xp, x, alpha: xp.relu(x) + xp.number(alpha) * xp.expm1(-xp.relu(-x)),
                (lambda xp, y, x, alpha: xp.step(x)
                 + xp.number(alpha) * xp.exp(-xp.relu(-x)) * (1 - xp.step(x)),),
                "max(0, {x}) + {alpha}*(exp(-max(0, -{x})) - 1)",
                ("step({x}) + {alpha}*exp(-max(0, -{x}))*(1 - step({x}))",),
                options={"alpha": Option("number", 1.0)}, convention=f"alpha is 1; at 0 the slope is alpha; {_STEP}",
                samples=(*_UNARY, replace(_WIDE, kink=True), Sample(shapes=((4,),), params={"alpha": 0.5}),
                         Sample(values=([-1.0, 0.0, 1.0],), params={"alpha": 0.5}, kink=True))),
    elementwise("softplus", "x", lambda xp, x: xp.softplus(x), (lambda xp, y, x: xp.sigmoid(x),),
                "log(1 + exp({x}))", ("1/(1 + exp(-{x}))",), samples=(*_UNARY, _WIDE)),
    elementwise("silu", "x", lambda xp, x: x * xp.sigmoid(x), (lambda xp, y, x: xp.silu_slope(x),),
                "{x}/(1 + exp(-{x}))", ("(1 + {x}*(1 - 1/(1 + exp(-{x}))))/(1 + exp(-{x}))",),
                samples=(*_UNARY, _WIDE)),
    _gelu(),
    elementwise("minimum", "a b", lambda xp, a, b: xp.minimum(a, b),
                (lambda xp, y, a, b: (1 + xp.sign(b - a)) / 2, lambda xp, y, a, b: (1 + xp.sign(a - b)) / 2),
                "min({a}, {b})", ("(1 + sign({b} - {a}))/2", "(1 + sign({a} - {b}))/2"),
                convention=_TIE, samples=(*_BINARY, _EQUAL_PAIRS)),
    elementwise("maximum", "a b", lambda xp, a, b: xp.maximum(a, b),
                (lambda xp, y, a, b: (1 + xp.sign(a - b)) / 2, lambda xp, y, a, b: (1 + xp.sign(b - a)) / 2),
                "max({a}, {b})", ("(1 + sign({a} - {b}))/2", "(1 + sign({b} - {a}))/2"),
                convention=_TIE, samples=(*_BINARY, _EQUAL_PAIRS)),
    elementwise("where", "c a b", lambda xp, c, a, b: xp.where(c, a, b),
                (None, lambda xp, y, c, a, b: xp.nonzero(c), lambda xp, y, c, a, b: 1 - xp.nonzero(c)),
                "({a} if {c} else {b})", ("", "(1 if {c} else 0)", "(0 if {c} else 1)"),
                convention="takes a where c is not 0; no gradient passes into c",
                samples=(Sample(values=([1.0, 0.0, -2.0], [1.0, 2.0, 3.0], [4.0, 5.0, 6.0])),
                         Sample(values=(1.0, 2.0, 3.0)),
                         Sample(values=([[0.0, 1.0], [1.0, 0.0]], 2.0, [3.0, 4.0])),
                         Sample(values=(1.0, [1.0, 2.0], [[4.0, 5.0], [6.0, 7.0]])))),
)
# fmt: on

IDENTITY = elementwise(
    "identity",
    "x",
    lambda xp, x: +x,
    (ONE,),
    "{x}",
    ("1",),
    convention="a line that only gives a value another name",
    write=lambda operands, params, base: operands[0],
    samples=_UNARY,
)

OPERATIONS = (*ARITHMETIC, *COMPARISONS, *FUNCTIONS, IDENTITY)
