"""A page of a long table: of a large array a step lists the thousand elements around the cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bptui.present.frame import Point, Row, Spot
from bptui.sequences import Lazy

LARGEST_TABLE = 1000
"""How many elements of one array a step's table lists."""


def page_of(size: int, element: int) -> range:
    """Return the elements that are listed of `size`, with the cursor on `element`."""
    start = element // LARGEST_TABLE * LARGEST_TABLE
    return range(start, min(size, start + LARGEST_TABLE))


def paged(
    count: int, row: Callable[[int], Row], page: range, size: int, columns: int, of: Callable[[int], Point]
) -> Sequence[Row]:
    """Return the `count` rows of a page of `size` elements, and before and after them a row for those not on it.

    Those are the way to the pages beside it: `of` says what an element is, and they point at the nearest one.
    """
    above, below = page.start > 0, page.stop < size

    def at(index: int) -> Row:
        if above and index == 0:
            return _rest(page.start, "before", of(page.start - 1), columns)
        if index - above < count:
            return row(index - above)
        return _rest(size - page.stop, "more", of(page.stop), columns)

    return Lazy(count + above + below, at)


def _rest(count: int, where: str, at: Point, columns: int) -> Row:
    return Row((f"… {count:,} {where}", *[""] * (columns - 1)), at.flat, "more", (Spot(0, at),), count)
