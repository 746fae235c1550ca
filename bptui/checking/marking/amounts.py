"""What one claim comes to on one sheet: a number, how far a true one may lie from it, and ranges of numbers."""

from __future__ import annotations

import math
from typing import NamedTuple

from msgspec import Struct

from bptui.scenario.claimed_number import ClaimedNumber

_EXACT = 1e-9
"""How close, relative to its size, a number is to one that it equals."""

_NOISE = 1e-12

_NOTHING = 1e-15
"""What float64 arithmetic may leave where terms cancel: written for a number that is 0, it is 0."""


class Reach(NamedTuple):
    """The numbers from `low` to `high`."""

    low: float
    high: float

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2

    @property
    def half(self) -> float:
        return (self.high - self.low) / 2

    def with_(self, *numbers: float) -> Reach:
        """Return the smallest reach that holds this one and `numbers`."""
        finite = [number for number in numbers if math.isfinite(number)]
        return Reach(min((self.low, *finite)), max((self.high, *finite)))


class Amount(Struct, frozen=True):
    """A claimed number and its unit: the worth of its last digit, 0 where it is exact."""

    number: float
    half: float
    """How far a number may lie from it that rounds to it."""
    claimed: ClaimedNumber | None = None
    """Where it is a plain number: as it is written."""

    @property
    def unit(self) -> float:
        return float(self.claimed.unit) if self.claimed is not None else 0.0

    def agrees(self, truth: float) -> bool:
        """Return whether `truth` rounds to this number at the digits written."""
        if not (math.isfinite(truth) and math.isfinite(self.number)):
            return truth == self.number or (math.isnan(truth) and math.isnan(self.number))
        if truth == 0 and abs(self.number) < _NOTHING:
            return True
        gap, slack = abs(truth - self.number), self._slack(truth)
        if gap > 1.001 * self.half + slack:
            return False
        if gap < 0.999 * self.half:
            return True
        return self.claimed.agrees(truth) if self.claimed is not None else gap <= self.half + slack

    def meets(self, reach: Reach) -> bool:
        """Return whether some number in the reach rounds to this one."""
        if not all(map(math.isfinite, (*reach, self.number))):
            return False
        return self.agrees(min(max(self.number, reach.low), reach.high))

    def cut_off_from(self, truth: float) -> bool:
        """Return whether `truth`, cut off at the digits written, is this number."""
        unit = self.unit
        if not unit or not math.isfinite(truth):
            return False
        if self.number == 0:
            return abs(truth) < unit
        slack = self._slack(truth)
        return truth * self.number > 0 and -slack <= abs(truth) - abs(self.number) < unit - slack

    def _slack(self, truth: float) -> float:
        relative = _NOISE if self.half else _EXACT
        return relative * max(abs(truth), abs(self.number), 1e-6 if not self.half else 0.0)
