"""The style classes of a screen, by the width and the height from which on it has them."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen

TALL = 30

WIDTHS = [(0, "-narrow"), (100, "-wide")]
HEIGHTS = [(0, "-short"), (TALL, "-tall")]
WALK_HEIGHTS = [(0, "-tiny"), (13, "-short"), (TALL, "-tall")]


def fit(screen: Screen[Any]) -> None:
    """Give a screen the classes of its size before it is first drawn: Textual does so when that is over."""
    for length, scale in zip(
        screen.app.size, (screen.HORIZONTAL_BREAKPOINTS, screen.VERTICAL_BREAKPOINTS), strict=True
    ):
        if scale:
            screen.add_class(max(one for one in scale if one[0] <= length)[1])
