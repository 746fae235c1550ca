"""Text in too little room: what is left out is said with `…`, and no number is cut in two where that can be helped."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size

from bptui.present.layout import fitted


def cut(text: str, width: int) -> str:
    """Return `text` in exactly `width` cells, its end left out where it is longer."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, max(0, width - 1)) + "…"[:width]


def without_middle(text: str, width: int) -> str:
    """Return `text` in at most `width` cells, words of its middle left out where it is longer: `[0.23  …  0.57]`."""
    if cell_len(text) <= width:
        return text
    words = text.split(" ")
    for kept in range(len(words) - 1, 1, -1):
        head = (kept + 1) // 2
        short = " ".join([*words[:head], "…", *words[len(words) - (kept - head) :]])
        if cell_len(short) <= width:
            return short
    start = max(text.rfind("("), text.rfind("["))
    if text.endswith((")", "]")) and 0 < cell_len(text[start:]) <= width - 2:
        return cut(text[:start], width - cell_len(text[start:])) + text[start:]  # an element keeps its index
    return fitted(text, width)
