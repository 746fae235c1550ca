"""How well worked solutions are marked: false alarms, and what share of planted slips is caught and named.

    python3 -m benchmarks.marking [RIGHT] [WRONG]

RIGHT worked solutions without a slip are marked, and WRONG with one planted slip of each kind; 1000 and 100 where
nothing is said. They come from `tests/worked_solutions.py`, made by hand with NumPy alone, the same on every run.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bptui
from bptui.checking.marking.marker import Marked, mark

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from worked_solutions import SLIPS, Sheet, right_sheets, wrong_sheets

SEED = 20_000
"""Where the random numbers start: not where they start in the tests."""


def marked(sheet: Sheet) -> list[Marked]:
    scenario = bptui.loads(sheet.text)
    return mark(scenario, bptui.run(scenario))


@dataclass
class Tally:
    """How the sheets of one kind were marked."""

    sheets: int = 0
    caught: int = 0
    first: int = 0
    named: int = 0

    def count(self, sheet: Sheet) -> None:
        line = marked(sheet)[sheet.at]
        kinds = [[slip.kind for slip in slips] for slips in (line.diagnoses, *line.alternatives)]
        self.sheets += 1
        self.caught += line.verdict == "wrong"
        self.first += bool(kinds[0]) and kinds[0][0] == sheet.slip
        self.named += any(sheet.slip in one for one in kinds)

    def row(self, kind: str) -> str:
        shares = [f"{100 * one / self.sheets:.0f} %" for one in (self.caught, self.first, self.named)]
        return f"| {kind} | {self.sheets} | {' | '.join(shares)} |"


def main(arguments: Sequence[str]) -> None:
    """Print the table."""
    right, wrong = (int(arguments[at]) if len(arguments) > at else default for at, default in ((0, 1000), (1, 100)))
    lines = alarms = 0
    begun = time.perf_counter()
    for sheet in right_sheets(right, SEED):
        verdicts = [line.verdict for line in marked(sheet)]
        lines += len(verdicts)
        alarms += any(verdict in ("wrong", "unreadable") for verdict in verdicts)
    taken = time.perf_counter() - begun
    print(f"{right} right sheets of {lines} lines: {alarms} false alarms; {1000 * taken / right:.0f} ms a sheet\n")
    print("| planted | sheets | caught | named first | named at all |\n| --- | ---: | ---: | ---: | ---: |")
    total = Tally()
    begun = time.perf_counter()
    for kind in SLIPS:
        tally = Tally()
        for sheet in wrong_sheets(kind, wrong, SEED):
            tally.count(sheet)
        print(tally.row(f"`{kind}`"), flush=True)
        for field in ("sheets", "caught", "first", "named"):
            setattr(total, field, getattr(total, field) + getattr(tally, field))
    taken = time.perf_counter() - begun
    print(total.row("all"))
    print(f"\n{1000 * taken / total.sheets:.0f} ms a sheet with a slip")


if __name__ == "__main__":
    main(sys.argv[1:])
