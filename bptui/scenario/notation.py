"""Names of elements and derivatives: `W2[0,0]`, `W2(1,1)`, `x0`, `dL/dW2(1,1)`; read in every form, shown in one.

Square brackets count from 0 and parentheses from 1, always. Which of the two is *shown* is the scenario's
`index_base`; a leaf with a symbol shows its elements glued (`x0`, `w0_1`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from msgspec import Struct

Shape = tuple[int, ...]


def extent(shape: Shape) -> int:
    """Return how many elements `shape` has room for, axes without length left out: work is done along the others."""
    return math.prod(length or 1 for length in shape)


class Reference(Struct, frozen=True):
    """A named value, or one element of it where `index` (from 0, one whole number an axis) is given."""

    name: str
    index: tuple[int, ...] | None = None


class ReferenceFormatError(ValueError):
    """A text that is no name, element or derivative; it says what one looks like."""


_NAME = r"[^\W\d]\w*"
_REFERENCE = re.compile(rf"\s*({_NAME})\s*(?:\[([-\d\s,]*)\]|\(([-\d\s,]*)\))?\s*")
_DERIVATIVE = re.compile(rf"\s*[d∂]\s*({_NAME}[^/]*?)\s*/\s*[d∂]\s*({_NAME}[^/]*?)\s*")


def parse_reference(text: str) -> Reference:
    """Return the name or element that `text` names; raises ReferenceFormatError. Indices are returned from 0."""
    match = _REFERENCE.fullmatch(text)
    if match is None or len(text) > 500:
        raise ReferenceFormatError(
            f"`{text[:60]}` names no value; write `W1`, `W1[0,0]` (from 0) or `W1(1,1)` (from 1)"
        )
    name, square, round_ = match.groups()
    if square is None and round_ is None:
        return Reference(name)
    written = square if square is not None else round_
    try:
        index = tuple(int(part) for part in written.split(",")) if written.strip() else ()
    except ValueError:
        raise ReferenceFormatError(f"`{text[:60]}`: an index is whole numbers separated by commas") from None
    if square is None:
        if any(number < 1 for number in index):
            raise ReferenceFormatError(f"`{text[:60]}`: parentheses count from 1; square brackets count from 0")
        index = tuple(number - 1 for number in index)
    elif any(number < 0 for number in index):
        raise ReferenceFormatError(f"`{text[:60]}`: an element's index is not negative")
    return Reference(name, index)


def is_derivative(text: str) -> bool:
    """Return whether `text` has the form dA/dB."""
    return _DERIVATIVE.fullmatch(text) is not None


def parse_derivative(text: str) -> tuple[Reference, Reference]:
    """Return (A, B) of `dA/dB`; raises ReferenceFormatError."""
    match = _DERIVATIVE.fullmatch(text) if len(text) <= 1000 else None
    if match is None:
        raise ReferenceFormatError(f"`{text[:60]}` is no derivative; write `dL/dW1`, `dL/dW1(1,1)` or `dy(1)/dz2[0]`")
    return parse_reference(match.group(1)), parse_reference(match.group(2))


def index_text(index: Sequence[int], base: int) -> str:
    """Return an element's index as it is shown: `(1,1)` with base 1, `[0,0]` with base 0, nothing for a scalar."""
    if not len(index):
        return ""
    numbers = ",".join([str(number + base) for number in index])
    return f"({numbers})" if base == 1 else f"[{numbers}]"


def glued(symbol: str, index: Sequence[int], base: int) -> str:
    """Return the name of a symbol's element: `x0`, `w0_1`; the symbol itself for a scalar."""
    return symbol + "_".join(str(number + base) for number in index)


def unravel(index: int, shape: Shape) -> tuple[int, ...]:
    """Return the index along each axis of the element with flat C-order index `index`."""
    if len(shape) == 1:
        return (index,)
    result = []
    for length in reversed(shape):
        index, number = divmod(index, length)
        result.append(number)
    return tuple(reversed(result))


def ravel(index: Sequence[int], shape: Shape) -> int:
    """Return the flat C-order index of the element at `index`; the inverse of `unravel`."""
    position = 0
    for number, length in zip(index, shape, strict=True):
        position = position * length + number
    return position
