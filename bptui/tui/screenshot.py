"""A picture of the screen as SVG that loads nothing from the network."""

from __future__ import annotations

import re

_FONT_FACE = re.compile(r"\s*@font-face\s*\{[^}]*\}")


def without_fonts(svg: str) -> str:
    """Return `svg` without the fonts that it would fetch; what shows it takes a monospaced font of its own."""
    return _FONT_FACE.sub("", svg)
