"""The style classes of a screen, by the width and the height from which on it has them."""

from __future__ import annotations

TALL = 30

WIDTHS = [(0, "-narrow"), (100, "-wide")]
HEIGHTS = [(0, "-short"), (TALL, "-tall")]
WALK_HEIGHTS = [(0, "-tiny"), (13, "-short"), (TALL, "-tall")]
