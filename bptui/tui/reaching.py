"""A long run goes on while its first steps are read; who goes on to what is not recorded yet waits for it."""

from __future__ import annotations

import asyncio

from bptui.tui.beside import run_beside
from bptui.tui.configured import app_of
from bptui.tui.walk_part import WalkPart

_AT_ONCE = 0.001
"""Seconds of recording before keys get their turn."""

_WANTED = 0.02
"""Seconds of recording while the reader waits for it."""


class Reaching(WalkPart):
    """Records what is left of the trace, keys first."""

    _wanted: int | None = None
    """The step that the reader waits for."""

    @property
    def reaching_said(self) -> tuple[str, ...]:
        """What is waited for, for the top line."""
        recording = self.trace.recording
        if self._wanted is None or recording is None:
            return ()
        return (f"running… {100 * recording.reached // len(self.trace.steps)} %",)

    @property
    def heading(self) -> int:
        """The step that the reader is at, or waits for."""
        return self.step if self._wanted is None else self._wanted

    def record_rest(self) -> None:
        """Begin to record what is left."""
        recording = self.trace.recording
        if recording is not None and not recording.whole:
            run_beside(self, "recording", self._record)

    async def _record(self) -> None:
        trace = self.trace
        while (recording := trace.recording) is not None and not recording.whole:
            seconds = _AT_ONCE if self._wanted is None else _WANTED
            await asyncio.to_thread(recording.go_on, seconds)  # where a single step takes long, it waits for that alone
            trace.not_finite_by(recording.reached - 1)
            if self._wanted is None:
                await app_of(self).quiet()
            elif trace.reached(self._wanted):
                self.go(self._wanted)
            else:
                self.say_mode()
        if self._wanted is not None:  # what asks for all, as a search does, may have recorded the rest meanwhile
            self.go(self._wanted)

    def waits_for(self, step: int) -> bool:
        """Return whether `step` is still to be recorded; the walk goes there once it is, or elsewhere before."""
        before, self._wanted = self._wanted, None if self.trace.reached(step) else step
        if self._wanted != before:
            self.say_mode()
        return self._wanted is not None
