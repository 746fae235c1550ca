"""Random scenarios out of all operations, each made twice: as TOML text, and as a function on autograd's numbers.

The text goes to bptui. The function is built beside it, out of the oracles and plain Python, and knows nothing of
bptui's expressions, programs or rules, so whatever the two agree on has two sources. Every named value can be shifted
by an array under its name: the gradient with respect to the shift at 0 is that with respect to the value.

Operands are kept inside an operation's domain, away from its kinks and of moderate size.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
from numpy.typing import NDArray

from bptui.ops import OPERATIONS
from bptui.ops.operation import REQUIRED, Sample
from oracles import ORACLES

Array = NDArray[np.float64]
Environment = dict[str, Any]

COMPARISON, SUM, PRODUCT, SIGN, POWER, ATOM = range(6)
"""How tightly an expression's outermost operator binds, as in Python."""

_INFIX = {
    "add": ("+", SUM), "subtract": ("-", SUM), "multiply": ("*", PRODUCT), "divide": ("/", PRODUCT),
    "matmul": ("@", PRODUCT), "power": ("**", POWER), "less": ("<", COMPARISON), "less_equal": ("<=", COMPARISON),
    "greater": (">", COMPARISON), "greater_equal": (">=", COMPARISON), "equal": ("==", COMPARISON),
    "not_equal": ("!=", COMPARISON),
}  # fmt: skip
COMPARISONS = tuple(name for name, (_, precedence) in _INFIX.items() if precedence == COMPARISON)

_LEAF_NAMES = ["x", "W1", "b", "α", "sum", "w_2", "data", "Größe", "v", "q", "k9", "s", "mask", "u2", "r", "o", "θ"]
_LINE_NAMES = ["h", "z1", "max", "y", "σ", "a_", "relu", "m", "g", "n2", "out", "p", "c", "F3", "log", "w", "λ", "j1"]
_SYMBOLS = ["X", "Y", "δ", "ξ", "Q_", "B", "Z", "R"]

_ZERO = np.float64(0.0)

MARGIN = 0.02
"""How far operands stay from a kink or a tie."""

LARGEST = 25.0
"""How large a value of a random scenario may be."""


@dataclass(frozen=True)
class Node:
    """An expression as text, its value at the scenario's own numbers, and the function that computes it."""

    text: str
    precedence: int
    value: Array
    evaluate: Callable[[Environment], Any]

    def within(self, precedence: int) -> str:
        return f"({self.text})" if self.precedence < precedence else self.text

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape


@dataclass(frozen=True)
class RandomScenario:
    """A scenario's text with the same computation on autograd's numbers."""

    text: str
    leaves: Mapping[str, Array]
    """By name, in the order of the file."""
    lines: Mapping[str, Callable[[Environment], Any]]
    """By name, in order: a line's value from those of the names before it."""
    target: str
    seed: Array | None
    loss: str
    wrt: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        return [*self.leaves, *self.lines]

    def values(self, shifts: Mapping[str, Any] | None = None, leaves: Mapping[str, Array] | None = None) -> Environment:
        """Return every named value, each moved by the shift under its name."""
        shifts = shifts or {}
        given = {**self.leaves, **(leaves or {})}
        environment: Environment = {}

        def put(name: str, value: Any) -> None:
            environment[name] = value + shifts[name] if name in shifts else value

        for name, array in given.items():
            put(name, array)
        for name, line in self.lines.items():
            put(name, line(environment))
        return environment

    def scalar(self, shifts: Mapping[str, Any] | None = None, leaves: Mapping[str, Array] | None = None) -> Any:
        """Return what is differentiated: the target, or the sum of seed times target."""
        target = self.values(shifts, leaves)[self.target]
        return target if self.seed is None else anp.sum(self.seed * target)

    def gradients(self) -> dict[str, Array]:
        """Return the gradient with respect to every named value, by autograd."""
        zeros = {name: np.zeros(np.shape(value)) for name, value in self.values().items()}
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.filterwarnings("ignore", "Output seems independent of input")
            found = autograd.grad(self.scalar)(zeros)
        return {name: np.asarray(array, dtype=np.float64) for name, array in found.items()}

    def jacobian(self, above: str, below: str) -> Array:
        """Return the total derivative of one named value with respect to another, by autograd."""
        values = self.values()
        zero = np.zeros(np.shape(values[below]))
        rows = []
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Output seems independent of input")
            for index in np.ndindex(*np.shape(values[above])):

                def one(shift: Any, index: tuple[int, ...] = index) -> Any:
                    array = self.values({below: shift})[above]
                    return array[index] if index else array

                rows.append(autograd.grad(one)(zero))
        return np.reshape(np.asarray(rows, dtype=np.float64), (*np.shape(values[above]), *zero.shape))


def random_scenario(random: Random, featured: Sequence[str] = ()) -> RandomScenario:
    """Return a random scenario in which every operation named in `featured` stands."""
    return _Generator(random, frozenset(featured)).scenario(featured)


def _mixed(u: Any, v: Any) -> Any:
    return u * anp.tanh(v) + 0.3 * v


def _spread(u: Any) -> Any:
    return anp.sum((u - anp.sum(u) / u.size) ** 2) / u.size


def _nested(u: Any) -> Any:
    return _mixed(u, ORACLES["sigmoid"](u)) - _spread(u)


_FUNCTIONS: tuple[tuple[str, tuple[str, ...], str, Callable[..., Any]], ...] = (
    ("nested", ("u",), "mixed(u, sigmoid(u)) - spread(v=u)", _nested),  # declared before what it calls
    ("mixed", ("u", "v"), "u*tanh(v) + 0.3*v", _mixed),
    ("spread", ("v",), "mean(square(v - mean(v)))", _spread),
    ("half", (), "-1/-(1 + 1)", lambda: np.float64(0.5)),
    ("cosine", ("sin",), "cos(sin) + 0*sin", anp.cos),
)
_REPLACED = ("sigmoid(x)", "1/(1 + exp(-x))")
"""A function that takes an operation's name, and computes the same."""


class _Unfit(Exception):
    """Operands at a kink, outside a domain, or too large: another attempt is made."""


@dataclass
class _Generator:
    """The state of one scenario being made: leaves and lines so far, by name."""

    random: Random
    featured: frozenset[str]
    texts: dict[str, dict[str, str]] = field(default_factory=lambda: {"inputs": {}, "parameters": {}})
    leaves: dict[str, Array] = field(default_factory=dict)
    lines: dict[str, Node] = field(default_factory=dict)
    known: dict[str, Node] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.leaf_names = self.random.sample(_LEAF_NAMES, len(_LEAF_NAMES))
        self.line_names = self.random.sample(_LINE_NAMES, len(_LINE_NAMES))
        self.symbols = self.random.sample(_SYMBOLS, len(_SYMBOLS))

    def line_with(self, operation: str) -> None:
        """Add a line that features an operation."""
        self.line(self.dressed(self.operation(operation), operation))

    # -- the whole ---------------------------------------------------------------------------------------------------

    def scenario(self, featured: Sequence[str]) -> RandomScenario:
        random = self.random
        for shape in random.sample([(), (3,), (4,), (2, 3), (1,)], 2):
            self.leaf(shape, -2.0, 2.0)
        wanted = [*featured, *random.choices(tuple(OPERATIONS), k=random.randint(2, 4))]
        random.shuffle(wanted)
        for name in wanted:
            self.attempt(partial(self.line_with, name))
        if random.random() < 0.3:
            self.line(self.checked("2*pi - e", SUM, lambda env: np.float64(2 * math.pi - math.e)))
        of, seed, loss, backward = self.target()
        for _ in range(random.choice((0, 0, 1))):  # lines that the target does not see
            self.attempt(lambda: self.line(self.operation("multiply")))
        wrt = self.wrt(backward)
        if of is not None or list(self.lines)[-1] != (of or self.last):
            backward["of"] = json.dumps(of or self.last, ensure_ascii=False)
        return RandomScenario(
            self.written(backward),
            {name: self.leaves[name] for table in self.texts.values() for name in table},
            {name: node.evaluate for name, node in self.lines.items()},
            of or self.last,
            seed,
            loss,
            wrt,
        )

    def attempt(self, make: Callable[[], None]) -> None:
        """Run `make` until its operands fit, undoing what an attempt has left behind."""
        for _ in range(60):
            before = dict(self.leaves), dict(self.lines), dict(self.known), dict(self.functions), list(self.symbols)
            texts = {role: dict(table) for role, table in self.texts.items()}
            try:
                make()
            except _Unfit:
                self.leaves, self.lines, self.known, self.functions, self.symbols = before
                self.texts = texts
            else:
                return
        raise AssertionError("no operands were found that fit")

    def target(self) -> tuple[str | None, Array | None, str, dict[str, str]]:
        """Choose what is differentiated: a scalar that sums some lines up, or a line of its own with a seed."""
        random = self.random
        taken = {*self.known, *self.functions}
        free = next(name for name in ("L", "J", "E") if name not in taken)
        if random.random() < 0.5:
            self.attempt(self.total)
            self.last = LOSS
            return None, None, LOSS, {}
        self.last = list(self.lines)[-1]
        of = random.choice([self.last, *self.lines])
        shape = self.lines[of].shape
        seed = np.round(np.asarray([self.number(-2.0, 2.0) for _ in range(math.prod(shape))]).reshape(shape), 2)
        numbers = json.dumps(seed.tolist())
        backward = {"seed": random.choice((numbers, f'{{ symbol = "seed_", value = {numbers} }}'))}
        if random.random() < 0.3:
            free = "Loss"
            backward["loss"] = '"Loss"'
        return of, seed, free, backward

    def total(self) -> None:
        """Add a last line that sums some of the others up."""
        total = self.literal(0.25)
        for name in self.random.sample(list(self.lines), min(len(self.lines), self.random.randint(2, 4))):
            node = self.known[name]
            part = node if node.shape == () else self.applied(self.random.choice(("sum", "mean")), [node], {})
            term = self.applied("multiply", [self.literal(self.number(0.1, 0.9)), part], {})
            total = self.applied("add", [total, term], {})
        self.line(total, LOSS)

    def wrt(self, backward: dict[str, str]) -> tuple[str, ...]:
        if self.random.random() < 0.6:
            names = self.random.sample(list(self.known), min(len(self.known), 4))
            backward["wrt"] = json.dumps(names, ensure_ascii=False)
            return tuple(names)
        return tuple(self.texts["parameters"]) or tuple(self.texts["inputs"])

    def written(self, backward: Mapping[str, str]) -> str:
        """Return the scenario as TOML."""
        tables: dict[str, Mapping[str, str]] = {
            **self.texts,
            "functions": {name: json.dumps(body) for name, body in self.functions.items()},
            "forward": {name: json.dumps(node.text, ensure_ascii=False) for name, node in self.lines.items()},
            "backward": backward,
        }
        parts = [f"index_base = {self.random.randint(0, 1)}"]
        for title, table in tables.items():
            if table:
                parts += [f"[{title}]", *(f"{_key(name)} = {text}" for name, text in table.items())]
        return "\n".join(parts) + "\n"

    # -- leaves and lines --------------------------------------------------------------------------------------------

    def number(self, low: float, high: float) -> float:
        return round(self.random.uniform(low, high), 2)

    def leaf(self, shape: tuple[int, ...], low: float, high: float, values: Any = None) -> Node:
        """Add a leaf in one of its forms, drawn from the range or with these values."""
        random = self.random
        name = next((one for one in self.leaf_names if one not in self.leaves), f"leaf{len(self.leaves)}")
        role = random.choice(("inputs", "parameters"))
        if values is None and shape and low == -2.0 and random.random() < 0.15:
            array, text = self.drawn(shape)
        else:
            if values is None:
                width = high - low
                size = math.prod(shape)
                values = [self.number(low + 0.02 * width, high - 0.02 * width) for _ in range(size)]
            array = np.asarray(values, dtype=np.float64).reshape(shape)
            text = json.dumps(array.tolist())
            if self.symbols and random.random() < 0.2:
                text = f'{{ symbol = "{self.symbols.pop()}", value = {text} }}'
        self.texts[role][name] = text
        self.leaves[name] = array
        return self.named(name, array)

    def drawn(self, shape: tuple[int, ...]) -> tuple[Array, str]:
        """Return drawn numbers, by the definition of the format, and the leaf that stands for them."""
        seed, scale = self.random.randint(0, 99), self.number(0.2, 1.2)
        init = self.random.choice(("normal", "uniform", "xavier_normal", "xavier_uniform", "he_normal", "he_uniform"))
        fan_out, fan_in = shape[0], shape[-1]
        state = np.random.RandomState(seed)
        numbers = state.standard_normal(shape) if init.endswith("normal") else state.uniform(-1, 1, shape)
        wide = 1.0 if init.endswith("normal") else 3.0
        if init.startswith("xavier"):
            numbers = math.sqrt(2 * wide / (fan_in + fan_out)) * numbers
        if init.startswith("he"):
            numbers = math.sqrt(2 * wide / fan_in) * numbers
        text = f'{{ shape = {list(shape)}, init = "{init}", seed = {seed}, scale = {scale} }}'
        return numbers * scale, text

    def line(self, node: Node, name: str | None = None) -> None:
        """Add a forward line."""
        if name is None:
            name = next((one for one in self.line_names if one not in self.lines), f"line{len(self.lines)}")
        self.lines[name] = node
        self.named(name, node.value)

    def named(self, name: str, value: Array) -> Node:
        self.known[name] = Node(name, ATOM, value, lambda env: env[name])
        return self.known[name]

    def literal(self, number: float) -> Node:
        value = np.float64(number)
        return Node(repr(number), ATOM if number >= 0 else SIGN, np.asarray(value), lambda env: value)

    # -- operands ----------------------------------------------------------------------------------------------------

    def operand(self, shape: tuple[int, ...], low: float = -2.0, high: float = 2.0) -> Node:
        """Return an expression of `shape` with its numbers in the range: a name, a literal, a new leaf, …"""
        random = self.random
        fitting = [node for node in self.known.values() if node.shape == shape]
        way = random.random()
        if fitting and way < 0.6:
            return self.inside(random.choice(fitting), low, high)
        if way < 0.8:
            coerced = self.coerced(random.choice(list(self.known.values())), shape)
            if coerced is not None:
                return self.inside(coerced, low, high)
        if shape == () and way < 0.9:
            return self.literal(self.number(low, high))
        return self.leaf(shape, low, high)

    def coerced(self, node: Node, shape: tuple[int, ...]) -> Node | None:
        """Return an expression of `shape` made of `node`, or None where there is no simple one."""
        random = self.random
        if shape == () and node.value.size:
            index = tuple(random.randint(-length, length - 1) for length in node.shape)
            picked = self.applied("index", [node], {"key": index}) if index else node
            return random.choice((picked, self.applied("mean", [node], {})))
        if node.value.size == math.prod(shape):
            return self.applied("reshape", [node], {"shape": shape})
        if len(node.shape) == 2 and node.shape[::-1] == shape:
            return self.applied("transpose", [node], {})
        if len(node.shape) <= len(shape) and np.broadcast_shapes(shape, node.shape[:0]) == shape:
            try:
                fits = np.broadcast_shapes(shape, node.shape) == shape
            except ValueError:
                fits = False
            if fits:
                return self.applied(random.choice(("add", "multiply")), [node, self.leaf(shape, -2.0, 2.0)], {})
        return None

    def inside(self, node: Node, low: float, high: float) -> Node:
        """Return `node`, squeezed into the range where its numbers lie outside."""
        if np.all(np.isfinite(node.value)) and np.all(node.value >= low) and np.all(node.value <= high):
            return node
        squeezed = self.applied("sigmoid", [node], {})
        scaled = self.applied("multiply", [self.literal(round(0.8 * (high - low), 3)), squeezed], {})
        return self.applied("add", [self.literal(round(low + 0.1 * (high - low), 3)), scaled], {})

    # -- operations --------------------------------------------------------------------------------------------------

    def operation(self, name: str) -> Node:
        """Return a call of the operation with operands and options of one of its samples."""
        sample = self.random.choice([one for one in OPERATIONS[name].samples if _usable(name, one)])
        operands = []
        if sample.values is not None:
            operands = [self.leaf(np.shape(value), -9.0, 9.0, value) for value in sample.values]
        for slot, shape in enumerate(sample.shapes):
            low = sample.low[slot] if isinstance(sample.low, tuple) else sample.low
            high = sample.high[slot] if isinstance(sample.high, tuple) else sample.high
            operands.append(self.operand(shape, low, high))
        if name == "where":  # a condition that no small change turns over
            operands[0] = self.applied(self.random.choice(COMPARISONS), [operands[0], self.literal(0.5)], {})
        return self.applied(name, operands, sample.params)

    def dressed(self, node: Node, name: str) -> Node:
        """Return `node` as a line's expression: alone, or inside a function or an operator."""
        way = self.random.random()
        if name == "identity" or way < 0.4:
            return node
        if way < 0.5:
            return self.applied("negative", [node], {})
        if way < 0.65:
            return self.applied(self.random.choice(("add", "multiply", "subtract")), [self.operand(()), node], {})
        if way < 0.8 and node.value.size:
            return self.called(node)
        if node.shape:
            other = self.inside(self.operand(node.shape[-1:]), 0.3, 2.0)
            return self.applied(self.random.choice(("add", "multiply", "divide")), [node, other], {})
        return self.applied("square", [node], {})

    def called(self, node: Node) -> Node:
        """Return a call of one of the scenario's functions on `node`."""
        function, parameters, _, evaluate = self.random.choice(_FUNCTIONS)
        for other, letters, body, _ in _FUNCTIONS:
            self.functions[f"{other}({', '.join(letters)})"] = body
        if "sigmoid" not in self.featured and self.random.random() < 0.3:
            self.functions[_REPLACED[0]] = _REPLACED[1]
        arguments = [node, self.operand(node.shape)][: len(parameters)]
        keyword = self.random.random() < 0.3
        texts = [f"{p}={a.text}" if keyword else a.text for p, a in zip(parameters, arguments, strict=True)]
        if keyword:
            texts.reverse()
        call = self.checked(
            f"{function}({', '.join(texts)})",
            ATOM,
            lambda env: evaluate(*(argument.evaluate(env) for argument in arguments)),
        )
        return call if parameters else self.applied("multiply", [call, node], {})

    def applied(self, name: str, operands: Sequence[Node], params: Mapping[str, Any]) -> Node:
        """Return an operation on these operands; raises _Unfit at kinks and where the result is too large."""
        _check_smooth(name, [operand.value for operand in operands])
        options = OPERATIONS[name].options
        full = {key: _tupled(params.get(key, option.default)) for key, option in options.items()}
        text, precedence = self.call_text(name, operands, full)
        oracle = ORACLES[name]

        def evaluate(env: Environment) -> Any:
            # A copy of its own: autograd cannot add up a scalar's gradient from `x[()]` and from elsewhere.
            return oracle(*(operand.evaluate(env) + _ZERO for operand in operands), **full)

        return self.checked(text, precedence, evaluate)

    def checked(self, text: str, precedence: int, evaluate: Callable[[Environment], Any]) -> Node:
        with np.errstate(all="ignore"):
            value = np.asarray(evaluate({name: node.value for name, node in self.known.items()}), dtype=np.float64)
        if not value.size or not np.all(np.isfinite(value)) or np.any(np.abs(value) > LARGEST):
            raise _Unfit
        return Node(text, precedence, value, evaluate)

    def call_text(self, name: str, operands: Sequence[Node], params: Mapping[str, Any]) -> tuple[str, int]:
        """Return the call as text with its precedence: an operator, a subscript, options by position or by keyword."""
        random = self.random
        if name == "identity":
            return operands[0].text, operands[0].precedence
        if name in _INFIX:
            symbol, precedence = _INFIX[name]
            left, right = operands
            if name == "power":
                return f"{left.within(ATOM)}**{right.within(SIGN)}", precedence
            loose = precedence + 1 if name in COMPARISONS or random.random() < 0.2 else precedence
            space = random.choice(("", " "))
            return f"{left.within(loose)}{space}{symbol}{space}{right.within(precedence + 1)}", precedence
        if name == "negative":
            return f"-{operands[0].within(SIGN)}", SIGN
        if name == "index":
            return f"{operands[0].within(ATOM)}[{', '.join(map(_slice_text, params['key']))}]", ATOM
        if name == "transpose" and params["axes"] is None and random.random() < 0.5:
            return f"{operands[0].within(ATOM)}.T", ATOM
        operation = OPERATIONS[name]
        arguments = [operand.text for operand in operands]
        if operation.variadic:
            arguments = [f"[{', '.join(arguments)}]"]
        needed = [key for key, option in operation.options.items() if option.default is REQUIRED]
        given = {
            key: value
            for key, value in params.items()
            if key in needed or value != operation.options[key].default or random.random() < 0.3
        }
        if random.random() < 0.4:  # by position: all up to the last that is given
            last = max((list(params).index(key) for key in given), default=-1)
            return f"{name}({', '.join([*arguments, *map(_literal_text, list(params.values())[: last + 1])])})", ATOM
        keywords = [f"{key}={_literal_text(value)}" for key, value in given.items()]
        if random.random() < 0.2 and not operation.variadic:
            keywords += [f"{letter}={text}" for letter, text in zip(operation.operands, arguments, strict=True)]
            arguments = []
        random.shuffle(keywords)
        return f"{name}({', '.join([*arguments, *keywords])})", ATOM


LOSS = "L"
"""The name of the line that sums other lines up, where there is one."""


def _usable(name: str, sample: Sample) -> bool:
    """Return whether a sample has elements, is smooth and of moderate size."""
    if sample.kink:
        return False
    if sample.values is not None:
        largest = max(float(np.max(np.abs(value))) for value in sample.values)
        return largest < 10.0 and name not in ("power", *COMPARISONS)
    return all(0 < math.prod(shape) <= 12 for shape in sample.shapes)


def _check_smooth(name: str, operands: Sequence[Array]) -> None:
    """Raise _Unfit where the operation has a kink near these operands, or a tie."""
    x = operands[0]
    if name in ("relu", "leaky_relu", "elu", "abs", "norm"):
        gap = float(np.min(np.abs(x)))
    elif name in ("maximum", "minimum", *COMPARISONS):
        gap = float(np.min(np.abs(x - operands[1])))
    elif name in ("max", "min", "sort", "topk", "max_pool1d") and x.size > 1:
        gap = float(np.min(np.diff(np.sort(x, axis=None))))
    elif name in ("divide", "power"):
        gap = float(np.min(np.abs(operands[1] if name == "divide" else x))) - 0.05
    else:
        return
    if gap < MARGIN:
        raise _Unfit


def _tupled(value: Any) -> Any:
    return tuple(map(_tupled, value)) if isinstance(value, (list, tuple)) else value


def _literal_text(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_literal_text, value))}]"
    return json.dumps(value) if isinstance(value, str) else repr(value)


def _slice_text(item: Any) -> str:
    if not isinstance(item, tuple):
        return str(item)
    start, stop, step = ("" if bound is None else str(bound) for bound in item)
    return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"


def _key(name: str) -> str:
    return name if name.isascii() and name.isidentifier() else json.dumps(name, ensure_ascii=False)
