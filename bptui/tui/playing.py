"""Autoplay: one step after the other by itself, as fast as the reader likes."""

from __future__ import annotations

from textual.timer import Timer

from bptui.tui.stopping import Stopping

SPEEDS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Steps a second."""


class Playing(Stopping):
    """Steps on by itself, until the end, a breakpoint, or a step of the reader's own."""

    _pace = 1
    """Which of SPEEDS."""
    _timer: Timer | None = None
    _played_to = -1
    """The step that autoplay came to last."""

    @property
    def playing_said(self) -> tuple[str, ...]:
        """How fast it plays, for the top line; nothing where it does not."""
        return (f"▶ {SPEEDS[self._pace]:g}/s",) if self._timer is not None else ()

    def action_play(self) -> None:
        """Begin to play, from the first step where the walk is at the last; or stop."""
        if self._timer is not None:
            self._stop()
            return
        if self.step == len(self.trace.steps) - 1:
            self.go(0)
        self._start()

    def action_pace(self, faster: int) -> None:
        """Play faster, or slower."""
        self._pace = max(0, min(self._pace + faster, len(SPEEDS) - 1))
        if self._timer is not None:
            self._start()
        else:
            self.app.notify(f"autoplay: {SPEEDS[self._pace]:g} steps a second; a begins", markup=False, timeout=2)

    def _start(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_interval(1 / SPEEDS[self._pace], self._play_on)
        self._played_to = self.step
        self.go(self.step)  # closes the description
        self.refresh_step()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
            self.refresh_step()

    def _play_on(self) -> None:
        if self.app.screen is not self:
            return  # something lies over the walk: it goes on afterwards
        if self.step != self._played_to:
            self._stop()  # the reader has taken over
            return
        self._played_to = self.step + 1
        self.go(self.step + 1)
        if self.step == len(self.trace.steps) - 1 or self.stops_at(self.step):
            self._stop()
