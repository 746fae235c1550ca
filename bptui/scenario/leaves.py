"""Leaves: the arrays that a scenario starts from, in every form in which a file may give them.

A leaf is written out as numbers, stands in symbols, is drawn from a seed, or comes from a file of weights. Whatever its
form, its shape is checked before a single element of it is allocated, and its values are read-only float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from bptui.limits import RAISED, Limits
from bptui.ops.operation import shape_text
from bptui.scenario.document import Document, KeyPath
from bptui.scenario.fitting import described, fits, keys_of, listed, report_unknown
from bptui.scenario.names import name_fault
from bptui.scenario.notation import Shape, extent, index_text
from bptui.scenario.schema import DrawnLeaf, FileLeaf, SymbolLeaf, ValueLeaf
from bptui.scenario.stored import WeightsFault
from bptui.text import counted

Role = Literal["input", "parameter"]
Values = NDArray[np.float64]


class Leaf(Struct, frozen=True, eq=False):
    """One array that a scenario starts from."""

    name: str
    role: Role
    shape: Shape
    value: Values | None
    """Its numbers, read-only; None where it stands in symbols only."""
    symbol: str | None
    """The letter that its elements are glued to, where it declares one."""
    path: tuple[str | int, ...]
    """Where it stands in the file."""
    draw: Callable[[], Values] | None = None
    """What draws its numbers, where they are drawn and were not yet: not before the whole file is known to be sound."""

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def drawn(self) -> Leaf:
        """Return the leaf with its numbers drawn."""
        return self if self.draw is None else replace(self, value=self.draw(), draw=None)


def read_leaf(
    document: Document,
    path: KeyPath,
    raw: Any,
    *,
    shape: Shape | None = None,
    name: str | None = None,
    role: Role | None = None,
) -> Leaf | None:
    """Return the leaf that `raw`, the value at `path`, describes; None where it is at fault, which `document` is told.

    `shape` is for a leaf whose shape is known beforehand (a seed has its target's): it may be left out in the file, and
    must be the same where it is given. `name` and `role` default to what the path says.
    """
    path = tuple(path)
    if name is None:
        name = str(path[-1])
    if role is None:
        role = "parameter" if path[0] == "parameters" else "input"
    try:
        reader = _Reader(document, path, name, shape)
        found, value, symbol = reader.read(raw)
    except _Faulty:
        return None
    return Leaf(name, role, found, value, symbol, path, reader.draw)


Form = type[SymbolLeaf] | type[ValueLeaf] | type[DrawnLeaf] | type[FileLeaf]

_FORMS_BY_KEY: tuple[tuple[Form, str], ...] = (
    (FileLeaf, "file"),
    (DrawnLeaf, "init"),
    (ValueLeaf, "value"),
    (SymbolLeaf, "symbol"),
)
"""The forms of a table, each with the key by which it is known; the first that is there decides."""


class _Faulty(Exception):
    """A leaf is at fault, and the document has been told."""


class _Reader:
    """Reads one leaf."""

    def __init__(self, document: Document, path: tuple[str | int, ...], name: str, shape: Shape | None) -> None:
        self.document, self.path, self.name, self.known = document, path, name, shape
        self.limits: Limits = document.limits
        self.draw: Callable[[], Values] | None = None

    def fail(self, path: KeyPath, message: str, hint: str = "", on: Literal["key", "value"] = "value") -> _Faulty:
        self.document.fault(path, message, hint, on=on)
        return _Faulty()

    def read(self, raw: Any) -> tuple[Shape, Values | None, str | None]:
        """Return shape, values and symbol."""
        if not isinstance(raw, dict):
            value = self.nest(self.path, raw)
            self.expect(self.path, value.shape)
            return value.shape, value, None
        kind = self.form(raw)
        if kind is FileLeaf:
            value = self.weights(raw)
            self.expect((*self.path, "file"), value.shape)
            return value.shape, value, None
        if kind is DrawnLeaf:
            shape = self.shape(raw)
            self.check_draw(raw, shape)
            self.draw = partial(draw, raw, shape)
            return shape, None, None
        if kind is ValueLeaf:
            value = self.nest((*self.path, "value"), raw["value"])
            shape = self.shape(raw, value.shape)
            if shape != value.shape:
                message = f"`value` has shape {shape_text(value.shape)}, and `shape` says {shape_text(shape)}"
                raise self.fail((*self.path, "value"), message, "take `shape` out: the value has one")
            return shape, value, self.symbol(raw["symbol"], shape)
        shape = self.shape(raw)
        self.count(self.path, shape)
        return shape, None, self.symbol(raw["symbol"], shape)

    # -- tables --------------------------------------------------------------------------------------------------

    def form(self, raw: dict[str, Any]) -> Form:
        """Return which form of table `raw` is, with every key known to be well formed."""
        kind, main = next((form for form in _FORMS_BY_KEY if form[1] in raw), (SymbolLeaf, "symbol"))
        for key in raw:
            if key in _FORM_KEYS and key not in keys_of(kind):
                message = f"`{key}` does not go together with `{main}`"
                raise self.fail(
                    (*self.path, key), message, f"a table with `{main}` may have {listed(keys_of(kind))}", on="key"
                )
        if main not in raw or (kind is ValueLeaf and "symbol" not in raw):
            if report_unknown(self.document, self.path, raw, _FORM_KEYS, "an array's table may have"):
                raise _Faulty
            if kind is ValueLeaf:
                raise self.fail(
                    (*self.path, "value"), "a table with `value` has a `symbol` too", _without_table(self.name)
                )
            raise self.fail(self.path, "this table does not say where the numbers come from", _FORMS)
        if not fits(self.document, self.path, raw, kind):
            raise _Faulty
        return kind

    def shape(self, raw: Mapping[str, Any], given: Shape | None = None) -> Shape:
        """Return the shape that the table says, or that it leaves to what is known."""
        if "shape" in raw:
            shape: Shape = tuple(raw["shape"])
            self.bound((*self.path, "shape"), shape)
            self.expect((*self.path, "shape"), shape)
            return shape
        if given is not None:
            self.expect((*self.path, "value"), given)
            return given
        if self.known is None:
            raise self.fail(self.path, "`shape` is missing here", "write the length of each axis: `shape = [5]`")
        return self.known

    def symbol(self, symbol: str, shape: Shape) -> str:
        """Check that every element's name will be a name: `x0`, or the symbol itself for a single number."""
        fault = name_fault(symbol if not shape else f"{symbol}0")
        if fault is not None:
            message = f'"{symbol[:60]}" cannot be a symbol: its elements would have no names'
            raise self.fail(
                (*self.path, "symbol"), message if shape else fault[0], "write a letter or a word: `x`, `w`, `σ`"
            )
        return symbol

    # -- sizes ---------------------------------------------------------------------------------------------------

    def bound(self, path: KeyPath, shape: Shape) -> None:
        """Refuse a shape that no array may have, before there is one."""
        if len(shape) > self.limits.axes:
            raise self.fail(
                path, f"an array has at most {counted(self.limits.axes, 'axis', 'axes')}, and this has {len(shape)}"
            )
        elements = extent(shape)
        if elements > self.limits.array_elements:
            were = "" if math.prod(shape) else ", were it not empty"
            message = f"an array of shape {shape_text(shape)} would have {_large(elements)} elements{were}"
            hint = f"at most {self.limits.array_elements:,} are allowed; {RAISED.format('array_elements')}"
            raise self.fail(path, message, hint)

    def count(self, path: KeyPath, shape: Shape) -> None:
        """Refuse a shape that is too much together with all the leaves before it."""
        self.bound(path, shape)
        elements = self.document.elements + math.prod(shape)
        if elements > self.limits.total_elements:
            message = f"with this array, the scenario would have {_large(elements)} elements"
            hint = f"at most {self.limits.total_elements:,} are allowed in all arrays together"
            raise self.fail(path, message, f"{hint}; {RAISED.format('total_elements')}")
        self.document.elements = elements

    def expect(self, path: KeyPath, shape: Shape) -> None:
        if self.known is not None and shape != self.known:
            message = (
                f"`{self.name}` must have shape {shape_text(self.known)} here, and this has shape {shape_text(shape)}"
            )
            hint = _resized(shape, self.known)
            if self.path == ("backward", "seed"):
                hint = hint or 'give it the target\'s shape, as numbers or as `{ symbol = "d", value = … }`'
            raise self.fail(path, message, hint)

    # -- numbers -------------------------------------------------------------------------------------------------

    def nest(self, path: tuple[str | int, ...], raw: Any) -> Values:
        """Return a number or a rectangular nest of numbers as an array."""
        shape: list[int] = []
        level = raw
        while isinstance(level, list):
            shape.append(len(level))
            level = level[0] if level else None
        self.count(path, tuple(shape))
        numbers: list[float] = []
        self.flatten(path, raw, tuple(shape), numbers)
        value = np.array(numbers, dtype=np.float64).reshape(shape)
        value.setflags(write=False)
        return value

    def flatten(self, path: tuple[str | int, ...], raw: Any, shape: Shape, numbers: list[float]) -> None:
        """Append the numbers of `raw` to `numbers`; a fault where it is not of `shape`."""
        if not isinstance(raw, list):
            numbers.append(self.number(path, raw, shape))
        elif not shape:
            raise self.ragged(path, f"is a list of {len(raw)}", "is a number")
        elif len(raw) != shape[0]:
            raise self.ragged(path, f"has length {len(raw)}", f"has length {shape[0]}")
        else:
            for number, part in enumerate(raw):
                self.flatten((*path, number), part, shape[1:], numbers)

    def number(self, path: tuple[str | int, ...], raw: Any, shape: Shape) -> float:
        if isinstance(raw, bool) or not isinstance(raw, (int, float)):
            raise self.fail(path, f"this must be a number, and it is {described(raw)}", _numbered(raw, path))
        if shape:
            raise self.ragged(path, "is a single number", f"is a list of {shape[0]}")
        try:
            return float(raw)
        except OverflowError:
            message = "this number is too large for a float64"
            raise self.fail(path, message, "the largest is about 1.8e308; inf is written `inf`") from None

    def ragged(self, path: tuple[str | int, ...], this: str, first: str) -> _Faulty:
        """Return the fault for a place that differs from the first one beside it."""
        start = len(self.path) + (path[len(self.path) : len(self.path) + 1] == ("value",))
        index = [step for step in path[start:] if isinstance(step, int)]
        base = 1 if self.document.data.get("index_base") == 1 else 0
        here, there = (self.name + index_text(part, base) for part in (index, [0] * len(index)))
        message = f"the rows differ: `{here}` {this}, and `{there}` {first}"
        return self.fail(path, message, "every row of an array has the same length")

    # -- drawn and read ------------------------------------------------------------------------------------------

    def check_draw(self, raw: Mapping[str, Any], shape: Shape) -> None:
        init = raw["init"]
        if not shape and init.startswith(("xavier", "he")):
            message = f"`{init}` needs at least one axis: its spread depends on their lengths"
            raise self.fail((*self.path, "init"), message, 'a single number is drawn by `"normal"` or `"uniform"`')
        self.count((*self.path, "shape"), shape)

    def weights(self, raw: Mapping[str, Any]) -> Values:
        from bptui.scenario.weights import read_weights  # which brings zipfile along

        path = (*self.path, "file")
        try:
            value = read_weights(
                raw["file"],
                raw.get("key"),
                self.document.folder,
                self.limits,
                lambda shape: self.count(path, shape),
            )
        except WeightsFault as fault:
            raise self.fail((*self.path, "key" if fault.key else "file"), fault.message, fault.hint) from None
        value.setflags(write=False)
        return value


def draw(raw: Mapping[str, Any], shape: Shape) -> Values:
    """Return the array that `init`, `seed` and `scale` describe, read-only.

    `RandomState` is NumPy's generator whose stream never changes. The factors are those of Glorot and Bengio (2010) for
    `xavier` and of He et al. (2015) for `he`.
    """
    init = raw["init"]
    random = np.random.RandomState(raw.get("seed", 0))
    if init in ("zeros", "ones"):
        value = np.full(shape, float(init == "ones"))
    elif init.endswith("normal"):
        value = np.asarray(random.standard_normal(shape))
    else:
        value = np.asarray(random.uniform(-1, 1, shape))
    if init in _SPREADS and value.size:
        value = spread(init, shape) * value
    if "scale" in raw:
        value = float(raw["scale"]) * value
    value = np.asarray(value, dtype=np.float64)
    value.setflags(write=False)
    return value


_SPREADS = {"xavier_normal": 2.0, "xavier_uniform": 6.0, "he_normal": 2.0, "he_uniform": 6.0}


def spread(init: str, shape: Shape) -> float:
    """Return the factor by which `init` scales its draws: √(2/(fan_in + fan_out)), √(6/fan_in), …"""
    fan_out, fan_in = shape[0], shape[-1]
    return math.sqrt(_SPREADS[init] / (fan_in + fan_out if init.startswith("xavier") else fan_in))


_FORM_KEYS = list(dict.fromkeys(key for kind in (SymbolLeaf, ValueLeaf, DrawnLeaf, FileLeaf) for key in keys_of(kind)))

_FORMS = 'write `{ symbol = "x", shape = [5] }`, `{ shape = [5], init = "normal" }` or `{ file = "w.npz", key = "W1" }`'


def _without_table(name: str) -> str:
    return f'numbers alone need no table: `{name} = [1, 2]`; for symbols as well add `symbol = "{name[:1] or "x"}"`'


def _numbered(raw: Any, path: tuple[str | int, ...]) -> str:
    """Return what to write where something else than a number stands."""
    if isinstance(raw, bool):
        return f"write {int(raw)}"
    if isinstance(raw, str):
        text = raw.strip()
        try:
            float(text)
        except ValueError:
            pass
        else:
            return f"leave the quotes out: `{f'{path[-1]} = ' if isinstance(path[-1], str) else ''}{text}`"
        if text.replace(",", ".", 1).replace(".", "", 1).lstrip("+-").isdigit():
            return f"write `{text.replace(',', '.')}`, with a point and without quotes"
        if text[:1].isalpha():
            return "what is computed from other values is a line under [forward]"
    return ""


def _large(number: int) -> str:
    return f"{number:,}" if number < 10**15 else f"about 10^{int(math.log10(number))}"


def _resized(shape: Shape, known: Shape) -> str:
    """Return what to do about the most common difference between shapes."""
    if math.prod(shape) == math.prod(known) == 1:
        return "a number and a list with one number are not the same: mind the brackets"
    return ""
