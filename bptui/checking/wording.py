"""The words of the report, in which the command line and the app say alike what was checked and marked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bptui.checking.gradients import TOLERANCE
from bptui.present import numbers
from bptui.text import counted, printable

_LONGEST = 96
"""How long a claim may be as it is shown."""


def summary_text(summary: dict[str, int]) -> str:
    """Return the verdicts of a sheet in words: `9 right, 6 follow, 6 wrong`."""
    said = [f"{summary['right']} right", f"{summary['follows']} follow", f"{summary['wrong']} wrong"]
    if summary["unreadable"]:
        said.append(f"{summary['unreadable']} unreadable")
    return ", ".join(said)


def comparison(exact: Any, own: Any) -> str:
    """Return what a line that is not right should be: truly, and by the lines above it where that differs."""
    true, theirs = written(exact), written(own)
    said = f"true: {true}"
    return said if theirs == true else f"{said}; from the lines above: {theirs}"


def shortened(text: str) -> str:
    """Return a claim as it is written; of a long one the beginning and the end."""
    text = printable(text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 20]} … {text[-16:]}"


def written(value: Any) -> str:
    """Return what is true in a claim's place as text: a number, an expression, or a nest of them."""
    if isinstance(value, list):
        shown = [written(item) for item in value]
        if len(shown) > 8:
            shown = [*shown[:5], "…", *shown[-2:]]
        return f"[{', '.join(shown)}]"
    return shortened(value) if isinstance(value, str) else numbers.number(float(value)) if value is not None else "none"


def gradient_lines(gradients: Iterable[dict[str, Any]]) -> list[str]:
    """Return one line for each gradient: how many of its elements were compared, and how that went.

    The error itself is not shown, only what it stays below: its last digits differ from machine to machine.
    """
    shown = list(gradients)
    widest = max((len(one["name"]) for one in shown), default=0)
    return [f"{one['name']:<{widest}}  {_verdict(one)}" for one in shown]


def _verdict(one: dict[str, Any]) -> str:
    compared = one["checked"] - one["not_finite"]
    of = f"{compared}" if compared == one["size"] else f"{compared} of {one['size']:,}"
    parts = []
    if not one["ok"]:
        parts.append(f"WRONG: relative error {numbers.number(one['worst'])}, {of} checked")
    elif compared:
        parts.append(f"ok     {of} checked, relative error below {numbers.number(TOLERANCE)}")
    if one["kinks"]:
        named = ", ".join(one["kinks"][:4]) + (", …" if len(one["kinks"]) > 4 else "")
        parts.append(f"a kink at {named}: any slope between the two sides is right")
    if one["not_finite"]:
        parts.append(f"{counted(one['not_finite'], 'element')} not checked: a number there is nan or inf")
    return "; ".join(parts) or "nothing to check"
