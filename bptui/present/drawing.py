"""Lines of text drawn with named styles, and wires made of box characters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bptui.text import width

Span = tuple[str, str]
"""Characters and the name of their style: `plain`, `title`, `strong`, `result`, `muted`, `positive`, `negative`."""

Line = tuple[Span, ...]

NORTH, EAST, SOUTH, WEST = range(4)

_BOX = {
    (1, 0, 1, 0): "│",
    (0, 1, 0, 1): "─",
    (0, 1, 1, 0): "╭",
    (0, 0, 1, 1): "╮",
    (1, 1, 0, 0): "╰",
    (1, 0, 0, 1): "╯",
    (1, 1, 1, 0): "├",
    (1, 0, 1, 1): "┤",
    (1, 1, 0, 1): "┴",
    (1, 1, 1, 1): "┼",
    (2, 0, 2, 0): "┃",
    (0, 2, 0, 2): "━",
    (0, 2, 2, 0): "┏",
    (0, 0, 2, 2): "┓",
    (2, 2, 0, 0): "┗",
    (2, 0, 0, 2): "┛",
    (2, 2, 2, 0): "┣",
    (2, 0, 2, 2): "┫",
    (2, 1, 2, 0): "┠",
    (2, 0, 2, 1): "┨",
    (2, 2, 1, 0): "┡",
    (2, 0, 1, 2): "┩",
    (2, 1, 2, 1): "╂",
    (1, 2, 1, 2): "┿",
    (2, 2, 2, 2): "╋",
}
"""The box character by what leaves the cell to north, east, south and west: 0 nothing, 1 a light wire, 2 a lit one."""


class Canvas:
    """Cells of one character each, drawn over one another and read as lines."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], Span] = {}
        self._wires: dict[tuple[int, int], list[int]] = {}
        self.height = 0

    def write(self, row: int, column: int, text: str, style: str = "plain") -> None:
        """Write `text` from (row, column) on; what would stand left of the first column is left out."""
        for character in text:
            if column >= 0:
                self._cells[row, column] = (character, style)
            for beside in range(1, width(character)):
                self._cells[row, column + beside] = ("", style)  # the other half of a wide character
            column += width(character)
        self.height = max(self.height, row + 1)

    def centred(self, row: int, column: int, text: str, style: str = "plain") -> None:
        """Write `text` around (row, column)."""
        self.write(row, column - (width(text) - 1) // 2, text, style)

    def wire(self, path: Sequence[tuple[int, int]], lit: bool) -> None:
        """Draw a wire through the corners `path`, as (row, column), entering from above and leaving below."""
        cells = list(_steps(path))
        before = (cells[0][0] - 1, cells[0][1])
        after = (cells[-1][0] + 1, cells[-1][1])
        for previous, (row, column), following in zip([before, *cells[:-1]], cells, [*cells[1:], after], strict=True):
            weights = self._wires.setdefault((row, column), [0, 0, 0, 0])
            for other in (previous, following):
                side = _side((row, column), other)
                weights[side] = max(weights[side], 1 + lit)
            self.height = max(self.height, row + 1)

    def lines(self) -> list[Line]:
        """Return what was drawn, line by line, without trailing blanks."""
        drawn = dict(self._cells)
        for place, weights in self._wires.items():
            character = _BOX.get((weights[0], weights[1], weights[2], weights[3]), "┼")
            drawn[place] = (character, "strong" if 2 in weights else "muted")
        return [_joined(drawn, row) for row in range(self.height)]


def _steps(path: Sequence[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    """Yield every cell on a path of upright and level pieces, each once."""
    row, column = path[0]
    yield row, column
    for to_row, to_column in path[1:]:
        while (row, column) != (to_row, to_column):
            row += (to_row > row) - (to_row < row)
            column += (to_column > column) - (to_column < column)
            yield row, column


def _side(here: tuple[int, int], there: tuple[int, int]) -> int:
    if here[1] == there[1]:
        return NORTH if there[0] < here[0] else SOUTH
    return EAST if there[1] > here[1] else WEST


def _joined(drawn: dict[tuple[int, int], Span], row: int) -> Line:
    columns = [column for at, column in drawn if at == row]
    spans: list[Span] = []
    for column in range(max(columns, default=-1) + 1):
        character, style = drawn.get((row, column), (" ", "plain"))
        if spans and (spans[-1][1] == style or character == " "):
            spans[-1] = (spans[-1][0] + character, spans[-1][1])
        else:
            spans.append((character, style))
    return tuple(spans)


def cut(text: str, most: int) -> str:
    """Return `text` in at most `most` cells, its end left out where it is longer."""
    if width(text) <= most:
        return text
    while text and width(text) >= most:
        text = text[:-1]
    return text + "…"[:most]


def text_of(line: Line) -> str:
    """Return a line without its styles."""
    return "".join(text for text, _ in line)
