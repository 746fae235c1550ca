"""The exports of derivations: the same formulas in all of them, which say what the trace says; whole and safe files.

The golden files show what a reader gets. After a change that is meant to change them, write them again and read the
difference:

    python tests/test_documents.py
"""

from __future__ import annotations

import pytest

import bptui
from bptui import bundled
from bptui.exporting import write
from bptui.present.solution import solution
from bptui.present.document import Equations
from bptui.trace.record import Trace
from formula_readers import Equation, equations_of_html, equations_of_latex


def traced(name: str) -> Trace:
    return bptui.run(bptui.load(name))


def equations(trace: Trace) -> list[Equation]:
    """Return the equations of a trace's derivation."""
    return [
        (row.left, row.sides)
        for block in solution(trace).blocks
        if isinstance(block, Equations)
        for row in block.rows
    ]


@pytest.mark.parametrize("name", bundled.names())
def test_all_formats_say_the_same(name: str) -> None:
    trace = traced(name)
    expected = equations(trace)
    assert equations_of_latex(write(trace, "latex")) == expected
    assert equations_of_latex(write(trace, "markdown")) == expected
    assert list(equations_of_html(write(trace, "html"))) == expected
