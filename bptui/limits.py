"""What bptui is willing to read: every bound on a stranger's file, in one place.

A bound is checked before the work that it bounds is begun: a file's size before it is read, its nesting before it is
parsed, an array's elements before they are allocated, a program's products before it is run. Each is far above what a
person writes by hand, and can be raised: `bptui --limit steps=2000000`, the variable `BPTUI_LIMITS`, or the `limits`
of `bptui.load`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from bptui.errors import BptuiError, Fault
from bptui.text import did_you_mean

ENVIRONMENT = "BPTUI_LIMITS"
"""The variable that raises or lowers limits: `steps=2000000,seconds=300`."""


class Limits(NamedTuple):
    """The bounds."""

    file_bytes: int = 1 << 20
    """How large a scenario file may be. Larger arrays belong into a weights file."""
    nesting: int = 64
    """How deep brackets and braces may be nested in a scenario file."""
    key_parts: int = 8
    """How many parts a dotted key may have; tomllib's time grows with their square."""
    key_characters: int = 200
    """How long a key may be as it is written, quotes included."""
    number_characters: int = 1000
    """How long a number may be as it is written; Python's own conversion gives up at 4300 digits."""
    title_characters: int = 200
    """How long a title may be."""
    description_characters: int = 20_000
    """How long a description may be."""
    expression_characters: int = 10_000
    """How long one expression may be."""
    expression_depth: int = 100
    """How deep one expression may be nested."""
    expression_operators: int = 1000
    """How many operators one expression may have; Python's parser gives up at about 3000 in a row."""
    operands: int = 256
    """How many values one `concat` or `stack` may join; each has its own backward step, with all their shapes."""
    axes: int = 8
    """How many axes an array may have."""
    array_elements: int = 10_000_000
    """How many elements one array may have; an empty one counts by its axes that are not."""
    total_elements: int = 50_000_000
    """How many elements a trace may hold: of all values, contributions and gradients together."""
    steps: int = 1_000_000
    """How many steps the forward pass may have; the backward pass has about as many more."""
    products: int = 50_000_000_000
    """How many products all matrix products and convolutions of the forward pass may take together."""
    layers: int = 1000
    """How many layers a network may have."""
    digits: int = 30
    """How many digits a line of a worked solution may claim."""
    weights_file_bytes: int = 512 << 20
    """How large a file of weights may be."""
    weights_header_bytes: int = 10_000
    """How long the header of one stored array may be; NumPy's own bound."""
    weights_directory_bytes: int = 1 << 20
    """How long the table of contents of an `.npz` or `.safetensors` may be."""
    seconds: int = 120
    """How long one question may take that the trace does not hold the answer to, such as all routes of an element."""

    def having(self, values: Mapping[str, Any], source: str = "") -> Limits:
        """Return these limits with others in place of some; raises BptuiError for what is no limit or no size.

        `source` is where the values come from, for the message.
        """
        changes: dict[str, Any] = {}
        for name, value in values.items():
            if name not in NAMES:
                raise BptuiError(Fault(f"there is no limit `{name}`", did_you_mean(name, NAMES), source))
            changes[name] = _size(name, value, source)
        return self._replace(**changes)


FIXED = ("axes", "digits", "title_characters", "description_characters")
"""Bounds that belong to the format, and stay."""

NAMES = tuple(name for name in Limits._fields if name not in FIXED)
"""The limits that can be raised."""

RAISED = "`--limit {0}=…` raises it"
"""What to do where a limit is met, for its name."""

MOST = {"expression_depth": 180, "expression_operators": 2500, "nesting": 250, "number_characters": 4000}
"""How far a limit goes that stands before a parser which would fail."""

LIMITS = Limits()
"""The bounds that hold where nothing else is said."""


def in_force() -> Limits:
    """Return the bounds that hold in this process; raises BptuiError where BPTUI_LIMITS cannot be read."""
    written = os.environ.get(ENVIRONMENT, "")
    return LIMITS.having(read_limits(written.split(",")), ENVIRONMENT) if written.strip() else LIMITS


class Deadline:
    """When an answer that the trace does not hold must be there: `seconds` from now."""

    def __init__(self, question: str) -> None:
        self._question, self._seconds = question, in_force().seconds
        self._end = time.monotonic() + self._seconds

    def check(self) -> None:
        """Raise BptuiError where the time is up."""
        if time.monotonic() > self._end:
            message = f"{self._question} took more than {self._seconds} seconds, and was given up"
            raise BptuiError(Fault(message, RAISED.format("seconds")))


def read_limits(written: list[str], source: str = ENVIRONMENT) -> dict[str, str]:
    """Return limits by name from texts such as `steps=2000000`; raises BptuiError for any other text."""
    found = {}
    for text in written:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals:
            raise BptuiError(Fault(f"`{text.strip()[:60]}` sets no limit", "write NAME=VALUE: steps=2000000", source))
        found[name] = value
    return found


def _size(name: str, value: Any, source: str) -> int:
    text = str(value).replace("_", "").strip()
    if isinstance(value, bool) or not text.isascii() or not text.isdigit() or len(text) > 18 or int(text) < 1:
        message = f"the limit `{name}` is a whole number from 1 on, not `{str(value)[:60]}`"
        raise BptuiError(Fault(message, "such as 2000000 or 2_000_000", source))
    size = int(text)
    if size > MOST.get(name, size):
        message = f"the limit `{name}` goes up to {MOST[name]}, and {size} is more"
        raise BptuiError(Fault(message, "Python's own parser fails beyond", source))
    return size
