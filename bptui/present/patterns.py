"""The pattern of a local Jacobian in a student's words."""

from __future__ import annotations

from bptui.ops.structure import Structure

_WORDS = {
    "diagonal": "diagonal",
    "broadcast": "one entry a row, for {operand} is copied",
    "permutation": "a permutation",
    "selection": "at most one entry a row",
    "group": "in blocks, one a line that is taken together",
    "row": "in blocks, one a row of {operand}",
    "column": "in blocks, one a column of {operand}",
    "outer product": "an outer product, one entry a row",
    "dense": "full",
    "triangular": "triangular",
    "window": "a band, one window a row",
}


def pattern_text(structure: Structure, operand: str, results: int, elements: int) -> str:
    """Return where a local Jacobian of `results` × `elements` can have entries that are not 0."""
    if results and elements and len(structure.reads(0)) == elements > 1 and len(structure.feeds(0)) == results:
        return "full"
    return _WORDS.get(structure.name, structure.name).format(operand=operand)
