"""What bptui is willing to read: every bound on a stranger's file, in one place.

A bound is checked before the work that it bounds is begun: a file's size before it is read, its nesting before it is
parsed, an array's elements before they are allocated. Each is far above what a person writes by hand, and may be
raised.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds. `LIMITS` holds those in force."""

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
    """How many elements one array may have."""
    total_elements: int = 50_000_000
    """How many elements all arrays of one scenario may have together."""
    steps: int = 1_000_000
    """How many steps a trace may have."""
    layers: int = 1000
    """How many layers a network may have."""
    digits: int = 30
    """How many digits a line of a worked solution may claim."""
    weights_file_bytes: int = 512 << 20
    """How large a file of weights may be."""
    weights_header_bytes: int = 10_000
    """How long the header of one stored array may be; NumPy's own bound."""
    weights_directory_bytes: int = 1 << 20
    """How long the list of arrays in an `.npz` may be."""


LIMITS = Limits()
"""The bounds in force."""
