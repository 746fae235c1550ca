"""Autoplay: one step after the other by itself, as fast as the reader likes."""

from __future__ import annotations

from textual.timer import Timer

from bptui.settings import SPEEDS
from bptui.tui.configured import app_of, key
from bptui.tui.stopping import Stopping


class Playing(Stopping):
    """Steps on by itself, until the end, a breakpoint, or a step of the reader's own."""

    _timer: Timer | None = None
    _played_to = -1
    """The step that autoplay came to last."""

    @property
    def _speed(self) -> float:
        """How many steps a second it plays."""
        return app_of(self).settings.speed

    @property
    def playing_said(self) -> tuple[str, ...]:
        """How fast it plays, for the top line; nothing where it does not."""
        return (f"▶ {self._speed:g}/s",) if self._timer is not None else ()

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
        pace = SPEEDS.index(self._speed) + faster
        app_of(self).set_setting("speed", SPEEDS[max(0, min(pace, len(SPEEDS) - 1))])
        if self._timer is not None:
            self._start()
        else:
            said = f"autoplay: {self._speed:g} steps a second; {key(self, 'move.play')} begins"
            self.app.notify(said, timeout=2)

    def _start(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_interval(1 / self._speed, self._play_on)
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
