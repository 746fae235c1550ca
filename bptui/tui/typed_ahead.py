"""Keys that are typed faster than windows open: each goes to the screen that those before it led to.

Over a slow line several keys come at once. Textual hands each to what has the focus when it comes; but what the first
of them opens has the focus only later.
"""

from __future__ import annotations

import asyncio
import math
import time
from weakref import WeakKeyDictionary, WeakSet

from textual.app import App
from textual.events import Event, Key
from textual.screen import Screen

_WAIT = 0.005
"""Seconds between two looks at whether a screen can take keys."""

_ANSWERED = 0.012
"""Seconds in which a key is answered."""

_MOST_LOOKS = 40
"""After so many looks a screen is given the keys, though nothing on it has the focus."""


class TypedAhead(App[None], inherit_bindings=False):
    """Keeps keys for a screen that is opening, and hands on those that went to the one before."""

    def __init__(self) -> None:
        super().__init__()
        self._ahead: list[Key] = []
        """The keys that wait, oldest first."""
        self._went_to: WeakKeyDictionary[Event, Screen[object]] = WeakKeyDictionary()
        self._last = -math.inf
        """When the last key came."""
        self._opened: WeakSet[Screen[object]] = WeakSet()
        """The screens that took keys."""

    async def on_event(self, event: Event) -> None:
        if not isinstance(event, Key):
            await super().on_event(event)
            return
        self._last = time.monotonic()
        if not event.is_forwarded:
            if self._ahead or not self._takes_keys():
                self.keep(event)
                if len(self._ahead) == 1:
                    self._look_again(0)
            else:
                await self.hand_on(event)
        elif self._went_to.get(event, self.screen) is self.screen:
            await super().on_event(event)
        else:  # nobody took it, and the screen that it went to is another one by now
            self.post_message(Key(event.key, event.character))

    async def quiet(self) -> None:
        """Wait until no key has come for a moment, in which the last was answered."""
        while (left := self._last + _ANSWERED - time.monotonic()) > 0:
            await asyncio.sleep(left)

    def _takes_keys(self) -> bool:
        """Return whether what is to have the focus on the screen has it, or had it once."""
        if self.screen.focused is not None or self.screen.AUTO_FOCUS == "":
            self._opened.add(self.screen)
        return self.screen in self._opened

    def keep(self, key: Key) -> None:
        """Let a key wait until `take_kept` is called."""
        self._ahead.append(key)

    def take_kept(self) -> None:
        """Hand the keys that wait to the screen that there is now."""
        if self._ahead:
            self._look_again(0)

    async def hand_on(self, key: Key) -> None:
        self._went_to[key] = self.screen
        await super().on_event(key)

    def _look_again(self, looks: int) -> None:
        # no timer of Textual's: where the process rests at the wrong moment, it skips the one time that it was set for
        asyncio.get_running_loop().call_later(_WAIT, self.call_later, self._take, looks)

    async def _take(self, looks: int) -> None:
        """Hand on the first key that waits, if it can be taken."""
        if looks >= _MOST_LOOKS:
            self._opened.add(self.screen)
        if self._takes_keys():
            await self.hand_on(self._ahead.pop(0))
            looks = 0
        if self._ahead:
            self._look_again(looks + 1)
