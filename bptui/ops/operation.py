"""What an operation is: one record that holds everything bptui knows about it.

The engine runs `forward` and the vector–Jacobian products; the element level asks for `structure`; every face shows
`formula`, `rules` and `convention`, and writes one element's value and derivative with `element` and `derivative`;
the tests draw their inputs from `samples`. Adding an operation is writing one such record in one of the family files.

Rules never call NumPy themselves: they call the namespace `xp` that they are handed (`bptui.ops.numeric` for numbers),
so that the same rule runs on arrays of symbols.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol

from msgspec import Struct, field

from bptui.ops.structure import Indices, Shape, Structure

Params = Mapping[str, Any]
Rule = Callable[..., Any]

REQUIRED: Any = object()
"""The default of an option that has none."""


MOST_WRITTEN = 64
"""Up to how many terms of a sum, or arguments of a call, an element's text has all; of more the first and the last."""

_FIRST = 4


def listed(indices: Sequence[int] | Indices, write: Callable[[int], str]) -> list[str]:
    """Return the texts of `indices`, one by one; of very many the first four and the last, and how many lie between."""
    if len(indices) <= MOST_WRITTEN:
        return [write(int(index)) for index in indices]
    head, last = ([write(int(index)) for index in part] for part in (indices[:_FIRST], indices[-1:]))
    return [*head, f"{_LEFT_OUT} {len(indices) - _FIRST - 1} more {_LEFT_OUT}", *last]


def each(texts: Sequence[str], around: str) -> list[str]:
    """Return the texts put into `around`, as `exp({})`; what says how many are left out stays as it is."""
    return [text if text.startswith(_LEFT_OUT) else around.format(text) for text in texts]


_LEFT_OUT = "…"


class ShapeError(ValueError):
    """Operands or options that do not fit together. Its text says which, with the shapes, and what would fit."""


class Option(Struct, frozen=True):
    """A literal argument of an operation: `axis=0`, `"sum"`, `[2, 4, 3, 0, 1]`.

    `kind` says what literals it takes: `integer`, `number`, `boolean`, `word` (one of `choices`), `indices` (a whole
    number or a nest of them), `integers` (a whole number or a flat list of them), `axis` (a whole number or None),
    `axes` (that, or a list) or `subscript` (what stands in brackets: a tuple of whole numbers and of slices, each slice
    a tuple of start, stop and step, which are whole numbers or None).
    """

    kind: Literal["integer", "number", "boolean", "word", "indices", "integers", "axis", "axes", "subscript"]
    default: Any = REQUIRED
    choices: tuple[str, ...] = ()


class Everywhere(Struct, frozen=True):
    """The partial derivative that is the same number for every element, as a sum's: known without a look at them."""

    slope: float

    def __call__(self, xp: Any, output: Any, *inputs: Any, **params: Any) -> float:
        return self.slope

    def times(self, upstream: Any) -> Any:
        """Return upstream × the derivative: 1 leaves it as it is, −1 turns its sign."""
        return upstream if self.slope == 1.0 else -upstream if self.slope == -1.0 else upstream * self.slope


class Written(NamedTuple):
    """A piece of an expression as text, with how tightly its outermost operation binds."""

    text: str
    precedence: int

    def within(self, precedence: int) -> str:
        """Return the text, in parentheses where it binds less tightly than `precedence`."""
        return f"({self.text})" if self.precedence < precedence else self.text


COMPARISON, SUM, PRODUCT, SIGN, POWER, ATOM = range(1, 7)
"""Precedences of Python's operators, loosest first; a name or a call is an ATOM."""


class Cell(Protocol):
    """How a rule's text refers to elements: by name, or by this step's numbers. Shapes are at hand as well."""

    shapes: tuple[Shape, ...]
    output_shape: Shape
    params: Params

    def x(self, slot: int, index: int) -> str:
        """Return the text of the element with flat index `index` of the operand in `slot`, safe as a factor."""
        ...

    def y(self, index: int) -> str:
        """Return the text of the element with flat index `index` of the output, safe as a factor."""
        ...


class Sample(Struct, frozen=True):
    """Inputs on which the tests check an operation: either shapes to draw values for, or the values themselves.

    Drawn values are uniform in [`low`, `high`), one pair for all operands or one a slot. `kink` marks values at which
    the operation has no derivative, where any slope between the two one-sided ones is accepted.
    """

    shapes: tuple[Shape, ...] = ()
    params: Params = field(default_factory=dict)
    low: float | tuple[float, ...] = -2.0
    high: float | tuple[float, ...] = 2.0
    values: tuple[Any, ...] | None = None
    kink: bool = False


class Operation(Struct, frozen=True, kw_only=True):
    """One operation: what it computes, how its gradient flows back, and the words for both.

    Shapes below: an operand has its own shape, the output has `shape(shapes, **params)`.
    """

    name: str
    """The name in expressions, in the JSON trace and in breakpoints."""
    family: str
    """The heading under which `bptui ops` lists it."""
    operands: tuple[str, ...]
    """The names of the operands, in order. A variadic operation has one name here, that of the list."""
    shape: Callable[..., Shape]
    """`shape(shapes, **params)`: the output's shape; raises ShapeError where the operands do not fit."""
    forward: Rule
    """`forward(xp, *inputs, **params)`: the output."""
    vjps: tuple[Rule | None, ...] = ()
    """For each slot `vjp(xp, upstream, output, *inputs, **params)`: upstream (the output's shape) times the local
    Jacobian, in the operand's shape. None where no gradient passes. Variadic: one rule, which takes `slot` as well."""
    partials: tuple[Rule | None, ...] = ()
    """Elementwise operations have these instead: `partial(xp, output, *inputs, **params)`, the local derivative of each
    output element with respect to the operand's element that was broadcast to it (or the float 1.0 or −1.0 for all).
    The contribution is upstream × partial, summed over the broadcast axes."""
    structure: Callable[[int, tuple[Shape, ...], Shape, Params], Structure]
    """`structure(slot, shapes, output_shape, params)`: which inputs each output can depend on. `params` need not hold
    what `choose` returns; where they do, a sort's structure is its order."""
    element: Callable[[Cell, int], str]
    """`element(cell, i)`: output element i as an expression in elements of the operands."""
    derivative: Callable[[Cell, int, int, int], str]
    """`derivative(cell, slot, i, j)`: ∂output[i]/∂operand[slot][j] as an expression; only asked where i reads j."""
    formula: str
    """The definition, in the names of `operands`; the result is `y`, or `L` where it is a loss."""
    rules: tuple[str, ...]
    """For each operand the local derivative, in symbols or words. Empty text where no gradient passes."""
    rule_for: Callable[[int, tuple[Shape, ...]], str] | None = None
    """`rule_for(slot, shapes)`: the rule, where it is written otherwise for some shapes than in `rules`."""
    convention: str = ""
    """What is chosen at kinks, ties and corners of the definition; shown wherever it matters."""
    options: Mapping[str, Option] = field(default_factory=lambda: MappingProxyType({}))
    choose: Callable[..., dict[str, Any]] | None = None
    """`choose(*inputs, **params)` on numbers: what the operation picks by looking at its values (the order of a sort,
    who is largest). The result is recorded with the step and handed to the other rules as further params."""
    partner: Callable[[int, tuple[Shape, ...], Shape, int, int], int] | None = None
    """Of a product of two operands, `partner(slot, shapes, output_shape, i, j)`: ∂output[i]/∂operand[slot][j] is this
    element of the *other* operand. Where it is there, an entry of the Jacobian is read off instead of probed."""
    terms: Callable[[tuple[Shape, ...]], int] | None = None
    """`terms(shapes)`: how many products each output element sums, where that grows with the operands."""
    variadic: bool = False
    """Whether the operands come as one list of any length: `concat([a, b])`."""
    symbol: str = ""
    """The operator, where it is written as one: `+`, `@`, `**`; a prefix where there is one operand."""
    precedence: int = ATOM
    write: Callable[[Sequence[Written], Params, int], Written | None] | None = None
    """How a call is written, where neither `symbol` nor `name(…)` fits; the last argument is the index base. None from
    it means `name(…)` after all."""
    samples: tuple[Sample, ...] = ()

    def vjp(self, slot: int) -> Rule | None:
        """Return the vector–Jacobian product of `slot`, or None where no gradient passes."""
        if self.variadic:
            rule = self.vjps[0]
            return partial(rule, slot=slot) if rule is not None else None
        return self.vjps[slot] if self.vjps else None

    def partial(self, slot: int) -> Rule | None:
        """Return the elementwise partial derivative of `slot`; None where it is not elementwise or passes nothing."""
        return self.partials[slot] if self.partials else None

    def rule(self, slot: int, shapes: tuple[Shape, ...]) -> str:
        """Return the local derivative of `slot` in words or symbols, for operands of these shapes."""
        if self.rule_for is not None:
            return self.rule_for(slot, shapes)
        return self.rules[min(slot, len(self.rules) - 1)]

    def passes(self, slot: int) -> bool:
        """Return whether a gradient can flow back into `slot`."""
        return self.partial(slot) is not None or self.vjp(slot) is not None

    @property
    def closed(self) -> tuple[int, ...]:
        """The slots that no gradient can flow back into."""
        return tuple(slot for slot in range(len(self.operands)) if not self.passes(slot))

    def written(self, operands: Sequence[Written], params: Params, base: int = 0) -> Written:
        """Return a call of this operation as an expression, with as few parentheses as Python needs.

        `base` is the scenario's index base; only operations that write an element's indices use it.
        """
        special = self.write(operands, params, base) if self.write is not None else None
        if special is not None:
            return special
        if self.symbol and len(operands) == 1:
            return Written(self.symbol + operands[0].within(self.precedence), self.precedence)
        if self.symbol == "**":
            base_text = operands[0].within(ATOM)
            return Written(f"{base_text}**{operands[1].within(SIGN)}", POWER)
        if self.symbol:
            tight = self.symbol in ("*", "/")
            # Python chains a < b < c, which is not (a < b) < c; every other operator here groups from the left.
            chains = self.precedence == COMPARISON
            left = operands[0].within(self.precedence + chains)
            right = operands[1].within(self.precedence + 1)
            space = "" if tight else " "
            return Written(f"{left}{space}{self.symbol}{space}{right}", self.precedence)
        arguments = [operand.text for operand in operands]
        if self.variadic:
            arguments = [f"[{', '.join(arguments)}]"]
        for name, option in self.options.items():
            if name not in params or (option.default is not REQUIRED and params[name] == option.default):
                continue
            literal = literal_text(params[name])
            arguments.append(literal if option.default is REQUIRED else f"{name}={literal}")
        return Written(f"{self.name}({', '.join(arguments)})", ATOM)


def literal_text(value: Any) -> str:
    """Return an option's value as it is written in an expression; long lists are cut in the middle."""
    if isinstance(value, (list, tuple)):
        shown = [literal_text(item) for item in value]
        if len(shown) > 24:
            shown = [*shown[:12], "…", *shown[-4:]]
        return f"[{', '.join(shown)}]"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(value)


def shape_text(shape: Shape) -> str:
    """Return a shape as readers write it: `(3, 2)`, `(3,)`, `()`."""
    return str(tuple(int(length) for length in shape))


def broadcast_shape(shapes: Sequence[Shape]) -> Shape:
    """Return the shape that `shapes` broadcast to by NumPy's rule; raises ShapeError where they do not."""
    if len(shapes) == 1:
        return shapes[0]
    first, *others = shapes
    if all(shape == first for shape in others):
        return first
    rank = max(len(shape) for shape in shapes)
    result = []
    for axis in range(-rank, 0):
        lengths = {shape[axis] for shape in shapes if len(shape) >= -axis}
        lengths.discard(1)
        if len(lengths) > 1:
            shown = " and ".join(shape_text(shape) for shape in shapes)
            a, b = sorted(lengths)[:2]
            raise ShapeError(
                f"shapes {shown} do not broadcast: counted from the right, axis {-axis} has length {a} and {b}"
            )
        result.append(lengths.pop() if lengths else 1)
    return tuple(result)


def signature(operation: Operation) -> str:
    """Return how an operation is called: `sum(x, axis=None, keepdims=False)`."""
    operands = [f"[{name}, …]" for name in operation.operands] if operation.variadic else list(operation.operands)
    if operation.symbol:
        return operation.symbol.join(operands) if len(operands) == 2 else operation.symbol + operands[0]
    options = [
        name if option.default is REQUIRED else f"{name}={literal_text(option.default)}"
        for name, option in operation.options.items()
    ]
    return f"{operation.name}({', '.join([*operands, *options])})"
