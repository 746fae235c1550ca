"""Displayed equations as rows of LaTeX's `align`: long sides are broken between terms and factors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bptui.formula.breaking import grouped, packed, pieces
from bptui.formula.latex import LatexPen, latex
from bptui.formula.setting import width
from bptui.formula.tree import Blank
from bptui.present.document import Equation

WIDEST_LEFT = 28
"""How wide a left side may be before what it equals begins below it."""

NARROWEST = 24
"""How wide a row may be at least, whatever stands left of it."""


def rows(equations: Sequence[Equation], most: float) -> Iterator[tuple[str, bool]]:
    """Yield each row and whether it ends in a blank: one `&`, and at most `most` digits wide where that can be."""
    pen = LatexPen()
    lefts = [width(one.left) + (len(one.label) + 3 if one.label else 0) for one in equations]
    left = max((one for one in lefts if one <= WIDEST_LEFT), default=0)
    room = max(NARROWEST, most - left - 4)
    divided = grouped([one.sides for one in equations], room)
    for equation, wide, lines in zip(equations, lefts, divided, strict=True):
        head = (rf"\text{{{equation.label}}}\quad " if equation.label else "") + latex(equation.left)
        if wide > WIDEST_LEFT:
            yield f"& {head}", False
            head = ""
        for sides in lines:
            blank = isinstance(sides[-1], Blank)
            if len(sides) > 1:
                yield f"{head} &= {' = '.join(map(latex, sides))}".lstrip(), blank
            else:
                first, *others = packed(pieces(sides[0], room, pen), room)
                yield f"{head} &= {first}".lstrip(), blank
                yield from ((rf"&\qquad {row}", False) for row in others)
            head = ""
