"""What people would rather look at than read: a matrix as a heat map, and how large everything is, line by line.

Size is the height of a block and sign a character of its own, so that a picture says the same without colour.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from msgspec import Struct

from bptui.present import cells, numbers
from bptui.present.drawing import Line, cut, text_of
from bptui.present.frame import HIDDEN, Row, Table
from bptui.present.layout import wrapped
from bptui.scenario.program import Array, ForwardStep
from bptui.text import counted
from bptui.text import width as cells_of
from bptui.trace.backward import local_derivative
from bptui.trace.record import Trace

BLOCKS = "▁▂▃▄▅▆▇█"
_PLAIN_BLOCKS = "12345678"
_LEAST_DECADES = 3
"""How many powers of ten a scale covers at least, so that a small difference does not look like a large one."""

_FURTHEST = 308
"""The largest and the smallest power of ten that a scale begins or ends with: beyond, 10 has none as a float64."""

_ACTIVATIONS = ("relu", "leaky_relu", "elu", "sigmoid", "tanh", "silu", "gelu", "softplus")
"""The operations whose results are called units; one of slope 0 lets no gradient through."""

_FEWEST_ROWS = 4
"""How many rows a heat map keeps where what is said below it takes more lines than one."""

_LONGEST_LINE = 1000
"""How many steps a line may unfold into to be a layer, of which it is said how many units are off."""

_NARROWEST = 30
"""The narrowest column in which words are broken rather than put below all else."""

_LARGE, _SMALL = 1e3, 1e-6
"""From which mean |gradient| on a line is marked as very large, and below which as very small."""


# -- a matrix as a heat map --------------------------------------------------------------------------------------------


def heat_map(array: Array, width: int, height: int = 16, plain: bool = False) -> list[Line]:
    """Return an array as a map of at most `width` × `height` cells: a sign and a block for each element.

    Of an array with more axes the rows of all others lie below each other. Where there are more elements than room, a
    cell stands for several of them and shows the one of the largest size. `plain` draws with ASCII alone.
    """
    if not array.size:
        return [(("no elements", "muted"),)]
    table = array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)
    shown, rows, columns = _pooled(table, max(1, (width - 2) // 2), max(1, height))
    finite = np.abs(shown[np.isfinite(shown)])
    largest = float(finite.max(initial=0.0))
    lines = [_heat_line(row, largest, plain) for row in shown]
    return [*lines, *_legend(array, largest, rows, columns, plain)]


def _pooled(table: Array, most_columns: int, most_rows: int) -> tuple[Array, int, int]:
    """Return the table in no more rows and columns than there is room for, and how many of each one cell stands for."""
    rows = -(-table.shape[0] // most_rows)
    columns = -(-table.shape[1] // most_columns)
    if rows == columns == 1:
        return table, 1, 1
    picked = [
        [_most(table[top : top + rows, left : left + columns]) for left in range(0, table.shape[1], columns)]
        for top in range(0, table.shape[0], rows)
    ]
    return np.array(picked, dtype=np.float64), rows, columns


def _most(block: Array) -> float:
    """Return the element of the largest size; nan before all others."""
    flat = block.reshape(-1)
    return float(flat[int(np.argmax(np.where(np.isnan(flat), np.inf, np.abs(flat))))])


def _heat_line(row: Array, largest: float, plain: bool) -> Line:
    spans: list[tuple[str, str]] = []
    for value in row.tolist():
        text, style = _heat_cell(value, largest, plain)
        if spans and spans[-1][1] == style:
            spans[-1] = (spans[-1][0] + text, style)
        else:
            spans.append((text, style))
    return tuple(spans)


def _heat_cell(value: float, largest: float, plain: bool) -> tuple[str, str]:
    """Return a sign and a block of one eighth to eight eighths of the largest size, with the style of the sign."""
    if math.isnan(value):
        return " ?", "strong"
    if value == 0:
        return (" ." if plain else " ·"), "muted"
    sign, style = ("-", "negative") if value < 0 else ("+", "positive")
    if math.isinf(value):
        return sign + ("!" if plain else "∞"), "strong"
    blocks = _PLAIN_BLOCKS if plain else BLOCKS
    return sign + blocks[max(0, math.ceil(abs(value) / largest * len(blocks)) - 1)], style


def _legend(array: Array, largest: float, rows: int, columns: int, plain: bool) -> Iterator[Line]:
    blocks, zero = (_PLAIN_BLOCKS, ".") if plain else (BLOCKS, "·")
    if largest:
        highest, lowest = numbers.number(largest), numbers.number(-largest)
        yield ((f"+{blocks[-1]} {highest}  -{blocks[-1]} {lowest}  {zero} 0", "muted"),)
    else:
        yield ((f"{zero} 0: every element that is a number", "muted"),)
    finite = array[np.isfinite(array)]
    said = f"{counted(array.size, 'element')}"
    if finite.size:
        said += f", {numbers.number(float(finite.min()))} to {numbers.number(float(finite.max()))}"
    said += f", {int((array == 0).sum())} of them 0" if (array == 0).any() else ""
    if finite.size < array.size:
        said += f", {array.size - finite.size} not finite"
    yield ((said, "muted"),)
    if rows * columns > 1:
        yield ((f"a cell: the largest in size of {rows}×{columns}", "muted"),)


# -- sizes, line by line -----------------------------------------------------------------------------------------------


_NOT_TOLD: tuple[Line, ...] = (((f"{HIDDEN} to be predicted", "muted"),),)


class Size(Struct, frozen=True):
    """How large one named value and its gradient are: the means of their elements' sizes."""

    id: int
    name: str
    shape: str
    value: float | None
    """None where it is hidden."""
    gradient: float | None
    notes: tuple[str, ...]
    """What is worth seeing: units that are off, gradients that vanish or explode."""


class Scale(Struct, frozen=True):
    """A scale of powers of ten from 10^`low` to 10^`high`."""

    low: int
    high: int

    def filled(self, size: float, length: int) -> int:
        """Return how many of `length` cells a bar for `size` fills: none for 0, at least one for anything else."""
        if size == 0 or math.isnan(size):
            return 0
        if math.isinf(size):
            return length
        part = (math.log10(size) - self.low) / (self.high - self.low)
        return min(length, max(1, round(part * length)))

    @property
    def text(self) -> str:
        return f"{numbers.number(10.0**self.low)} to {numbers.number(10.0**self.high)}"


def scale_of(sizes: Sequence[float | None]) -> Scale:
    """Return the scale that all of `sizes` lie on that are not hidden, of at least three powers of ten."""
    logs = [math.log10(size) for size in sizes if size is not None and size > 0 and math.isfinite(size)]
    high = max(_LEAST_DECADES - _FURTHEST, min(_FURTHEST, math.ceil(max(logs, default=0.0))))
    low = math.floor(min(logs, default=0.0) - 0.01)  # the smallest still has a bar
    return Scale(max(-_FURTHEST, min(low, high - _LEAST_DECADES)), high)


def sizes(trace: Trace, told: Callable[[int, bool], bool] = lambda value, gradient: True) -> list[Size]:
    """Return how large every named value and its gradient are, leaves first, then the lines in their order.

    `told` says whether a value, by its id, or its gradient may be told; of others nothing is.
    """
    program = trace.program
    off = dict(_units_off(trace))
    found = []
    for name, identity in program.names.items():
        value = program.values[identity]
        tells = told(identity, False), told(identity, True)
        gradient = _mean(trace.gradient_of(identity))
        reached = identity in program.last_slot or identity == program.target
        notes = [off[value.line]] if value.line is not None and value.line in off and tells[0] else []
        if not tells[1]:
            pass
        elif not reached:
            notes.append("no gradient arrives")
        elif not math.isfinite(gradient):
            notes.append(f"gradient {numbers.number(gradient)}")
        elif not value.size:
            pass
        elif gradient == 0:
            notes.append("gradient all 0")
        elif gradient < _SMALL:
            notes.append("tiny gradient")
        elif gradient >= _LARGE:
            notes.append("huge gradient")
        if not math.isfinite(size := _mean(trace.values[identity])) and tells[0]:
            notes.append(f"value {numbers.number(size)}")
        shape = "×".join(map(str, value.shape))
        gradient = gradient if reached else 0.0
        found.append(
            Size(identity, name, shape, size if tells[0] else None, gradient if tells[1] else None, tuple(notes))
        )
    return found


def _mean(array: Array) -> float:
    """Return the mean size of an array's elements, which is finite where all of them are; 0 where there are none."""
    if not array.size:
        return 0.0
    sizes = np.abs(array)
    with np.errstate(all="ignore"):
        mean = float(sizes.mean())
        return mean if math.isfinite(mean) or not np.isfinite(sizes).all() else float((sizes / array.size).sum())


def _units_off(trace: Trace) -> Iterator[tuple[str, str]]:
    """Yield for each line with an activation how many of its units are off: of slope 0, for every example."""
    program, columns = trace.program, trace.program.columns
    kinds = [kind.operation.name in _ACTIVATIONS for kind in columns.kinds]
    short = [line for line in program.lines.values() if line.last - line.first <= _LONGEST_LINE]
    for index in (index for line in short for index in range(line.first, line.last)):
        if not kinds[columns.kind[index]]:
            continue
        step = program.steps[index]
        with np.errstate(all="ignore"):
            slope = local_derivative(step, 0, trace.values, trace.choices)
        if slope is None or not np.size(slope):
            continue
        flat = np.equal(slope, 0)
        units = flat.all(axis=_examples(trace, step)) if flat.ndim > 1 else flat
        off = int(np.sum(units))
        if off:
            yield step.line, f"{off} of {counted(int(np.size(units)), 'unit')} off"


def _examples(trace: Trace, step: ForwardStep) -> tuple[int, ...]:
    """Return the axes along which the examples lie: the last axis where weights stand left of them, else all others."""
    rank = len(trace.program.values[step.output].shape)
    product = _product(trace, step)
    if product is not None and trace.program.values[product.inputs[0]].role == "parameter":
        return (rank - 1,)
    return tuple(range(rank - 1))


def _product(trace: Trace, step: ForwardStep) -> ForwardStep | None:
    """Return the matrix product that an activation's input was made of, looking through what is added to it."""
    program, waiting = trace.program, [step.inputs[0]]
    while waiting:
        maker = program.producer.get(waiting.pop(0))
        if maker is None:
            continue
        found = program.steps[maker]
        if found.operation.name == "matmul":
            return found
        if found.operation.name in ("add", "subtract", "identity"):
            waiting += found.inputs
    return None


def size_table(found: list[Size], bar: int, plain: bool = False, shapes: bool = True) -> Table:
    """Return a row for each named value: its mean |value| and its mean |gradient|, each with a bar of `bar` cells.

    The bars are on scales of powers of ten, told in the titles of their columns; a full bar is at the top of its scale.
    A row's `element` is its place in `found`. `plain` draws with ASCII alone; without `shapes` the shapes are left out.
    """
    values, gradients = scale_of([one.value for one in found]), scale_of([one.gradient for one in found])
    rows = [
        Row(
            (
                one.name,
                *([one.shape] if shapes else ()),
                _size_text(one.value),
                _bar(values, one.value, bar, plain),
                _size_text(one.gradient),
                _bar(gradients, one.gradient, bar, plain),
                ", ".join(one.notes),
            ),
            at,
        )
        for at, one in enumerate(found)
    ]
    columns = ("name", *(["shape"] if shapes else ()), "|value|", values.text, "|gradient|", gradients.text, "")
    return Table(columns, tuple(column in ("|value|", "|gradient|") for column in columns), rows)


def _size_text(size: float | None) -> str:
    return HIDDEN if size is None else numbers.number(size)


def _bar(scale: Scale, size: float | None, length: int, plain: bool) -> str:
    if size is None:
        return " " * length
    full, empty = ("#", ".") if plain else ("━", "╌")
    filled = scale.filled(size, length)
    return full * filled + empty * (length - filled)


def value_maps(trace: Trace, size: Size, width: int, height: int, plain: bool = False) -> list[Line]:
    """Return the heat maps of a value and of its gradient, beside each other where there is room, else one below.

    Of what is hidden there is none.
    """
    identity = size.id
    value, gradient = trace.values[identity], trace.gradient_of(identity)
    name = cells.pretty(trace.program.values[identity].brief.text)
    titles = (name, cells.pretty(trace.program.derivative_name(identity, brief=True)))
    half = (width - 3) // 2

    def drawn_in(rows: int) -> list[list[Line]]:
        """Return both, the maps of `rows` rows at most, and what is said below them in half of the width."""
        found = []
        for title, array, told in zip(titles, (value, gradient), (size.value, size.gradient), strict=True):
            lines = heat_map(array, half, max(1, rows), plain) if told is not None else _NOT_TOLD
            found.append([((title, "title"),), *(part for line in lines for part in _folded(line, half))])
        return found

    maps = drawn_in(height - 4)
    if (over := max(map(len, maps)) - height) > 0:
        maps = drawn_in(max(_FEWEST_ROWS, height - 4 - over))
    drawn = [max(cells_of(text_of(line)) for line in lines) for lines in maps]
    if drawn[0] + 3 + drawn[1] > width:
        return [*maps[0], ((" ", "plain"),), *maps[1]]
    column = max(drawn[0] + 3, min(half, 30))
    left, right = maps
    lines: list[Line] = []
    for at in range(max(len(left), len(right))):
        line = left[at] if at < len(left) else ()
        blank = " " * (column - cells_of(text_of(line)))
        lines.append((*line, (blank, "plain"), *right[at]) if at < len(right) else line)
    return lines


def _folded(line: Line, width: int) -> list[Line]:
    """Return a line of words broken into lines of `width` cells, where that is enough for words to be read."""
    if width < _NARROWEST or cells_of(text_of(line)) <= width or len(line) > 1:
        return [line]
    ((text, style),) = line
    return [((part, style),) for part in wrapped(text, width)]


def size_lines(found: list[Size], width: int, plain: bool = False) -> list[Line]:
    """Return a bar for the mean |value| and one for the mean |gradient| of each value, on scales of powers of ten.

    Where a bar is full the size is at the top of its scale. `plain` draws with ASCII alone.
    """
    if not found:
        return []
    values, gradients = scale_of([one.value for one in found]), scale_of([one.gradient for one in found])
    texts = [(_size_text(one.value), _size_text(one.gradient)) for one in found]
    name = min(14, max(4, *(cells_of(one.name) for one in found)))
    number = max(7, *(len(text) for pair in texts for text in pair))
    note = min(38, max((len(", ".join(one.notes)) for one in found), default=0))
    bar = max(2, min(30, (width - name - 2 * number - note - 8) // 2))
    room = width - name - 2 - 2 * (number + bar + 3)
    blank = " " * (name + 2)
    lines: list[Line] = [
        ((f"{blank}{'mean |value|':<{number + bar + 3}}{'mean |gradient|':<{number + bar + 3}}", "title"),),
        ((f"{blank}{values.text:<{number + bar + 3}}{gradients.text}", "muted"),),
    ]
    for one, (value, gradient) in zip(found, texts, strict=True):
        shown = cut(one.name, name)
        spans = [(shown + " " * (name + 2 - cells_of(shown)), "plain")]
        for text, scale, size, style in (
            (value, values, one.value, "plain"),
            (gradient, gradients, one.gradient, "result"),
        ):
            spans += [(f"{text:>{number}} ", "plain"), (f"{_bar(scale, size, bar, plain)}  ", style)]
        spans.append((cut(", ".join(one.notes), max(1, room)), "strong"))
        lines.append(tuple(spans))
    return lines
