"""A field for a number: letters that no number has are left to the commands around it."""

from __future__ import annotations

from textual.widgets import Input

_CHARACTERS = frozenset("0123456789+-−./eEinfaINFA")
"""What 0.25, -1.2e-3, 1/3, inf and nan are made of."""


class NumberInput(Input):
    """Takes the characters of a number and no others."""

    def __init__(self, value: str = "", *, placeholder: str = "", id: str | None = None) -> None:
        allowed = r"[-+−./0-9eEinfaINFA]*"
        super().__init__(value, placeholder, restrict=allowed, max_length=60, select_on_focus=False, id=id)

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return character is not None and character in _CHARACTERS
