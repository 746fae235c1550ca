"""A run that is recorded while its first steps are being read: each part when it is asked for, the rest in between.

A million steps take seconds to run, and whoever opens them begins to read at the first.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from threading import RLock
from typing import Any

import numpy as np

from bptui.engine.passes import Backward, begun, compute_steps
from bptui.scenario.program import Array, Program
from bptui.trace.arrays import Arrays

_MOST = 64
"""How many steps are recorded at most between two looks at the clock."""


class Recording:
    """Records the steps of a trace in their order, as far as it is asked to; from any thread."""

    def __init__(self, program: Program, leaves: Mapping[int, Array], seed: Array) -> None:
        self._program = program
        self._forward, self._last = len(program.steps), len(program.steps) + len(program.slots)
        self._values = begun(program, leaves)
        self._choices: dict[int, Mapping[str, Any]] = {}
        self._backward = Backward(program, self._values, self._choices, seed)
        self._lock = RLock()
        self._reached = 0
        source = program.code.source
        self.values = Arrays(self._values, self, source.__getitem__)
        self.contributions = Arrays(self._backward.contributions, self, self._step_of)
        self.accumulated = Arrays(self._backward.accumulated, self, self._step_of)
        self.choices = _Choices(self, self._choices)

    def _step_of(self, slot: int) -> int:
        return self._forward + 1 + slot

    @property
    def reached(self) -> int:
        """How many steps are recorded."""
        return self._reached

    @property
    def whole(self) -> bool:
        """Whether all is recorded."""
        return self._reached > self._last

    def reach(self, step: int) -> None:
        """Record up to step `step` and with it, or all where there are fewer."""
        with self._lock, np.errstate(all="ignore"):
            if self._reached < self._forward and self._reached <= step:
                until = min(step + 1, self._forward)
                compute_steps(self._program, range(self._reached, until), self._values, self._choices)
                self._reached = until
            if self._forward <= self._reached <= min(step, self._last):
                until = min(step, self._last) + 1
                self._backward.pass_back(range(max(0, self._reached - self._forward - 1), until - self._forward - 1))
                self._reached = until

    def finish(self) -> None:
        """Record all that is not recorded yet."""
        self.reach(self._last)

    def go_on(self, seconds: float) -> None:
        """Record steps for about so long."""
        until, some = time.perf_counter() + seconds, 1
        while not self.whole and time.perf_counter() < until:
            self.reach(self._reached + some - 1)
            some = min(2 * some, _MOST)


class _Choices(Mapping[int, Mapping[str, Any]]):
    """What the operations of a recording choose, by step."""

    def __init__(self, recording: Recording, chosen: Mapping[int, Mapping[str, Any]]) -> None:
        self._recording, self._chosen = recording, chosen

    def __getitem__(self, step: int) -> Mapping[str, Any]:
        self._recording.reach(step)
        return self._chosen[step]

    def __iter__(self) -> Iterator[int]:
        self._recording.finish()
        return iter(self._chosen)

    def __len__(self) -> int:
        self._recording.finish()
        return len(self._chosen)
