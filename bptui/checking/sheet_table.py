"""A marked worked solution as a table, and what there is to say about one of its lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bptui.checking.marking.marker import VERDICTS, Marked
from bptui.checking.wording import comparison, shortened, summary_text, written
from bptui.present.frame import Row, Table
from bptui.text import printable

_MARKS = {"right": "✓ right", "follows": "→ follows", "wrong": "✗ wrong", "unreadable": "? unreadable"}


def sheet_table(sheet: Sequence[Marked]) -> Table:
    """Return the lines in their order, a row's `element` being the line's number from 0."""
    rows = []
    for at, one in enumerate(sheet):
        slips = " + ".join(slip.kind for slip in one.diagnoses)
        if one.verdict == "wrong" and not slips:
            slips = "unexplained"
        rows.append(
            Row((_MARKS[one.verdict], printable(one.line), shortened(one.written), written_short(one), slips), at)
        )
    verdicts = Counter(one.verdict for one in sheet)
    title = summary_text({verdict: verdicts[verdict] for verdict in VERDICTS})
    return Table(("verdict", "line", "written", "true", "slip"), (False,) * 5, rows, title, spare=("true",))


def written_short(line: Marked) -> str:
    """Return what is true in a line's place; nothing where it could not be read."""
    return "" if line.verdict == "unreadable" else written(line.exact)


def about(line: Marked) -> list[tuple[str, str]]:
    """Return what there is to say about a line: pieces of text, each with how much it matters.

    How much: `strong`, `plain` or `muted`.
    """
    said = [(f"{printable(line.line)} = {shortened(line.written)}", "strong")]
    if line.verdict == "right":
        return [*said, (f"Right: {written(line.exact)}, at the digits written.", "plain")]
    if line.verdict == "unreadable":
        said.append((printable(line.text), "plain"))
        return [*said, (printable(line.fault.hint), "muted")] if line.fault is not None and line.fault.hint else said
    said.append((comparison(line.exact, line.follows), "muted"))
    if line.verdict == "follows":
        return [*said, ("It follows from the lines above: a mistake carried forward is no further mistake.", "plain")]
    said.append((printable(line.text), "plain"))
    return said + [(printable("or: " + " ".join(slip.text for slip in slips)), "muted") for slips in line.alternatives]
