"""The words of the report, in which the command line and the app say alike what was marked."""

from __future__ import annotations

from typing import Any

from bptui.present import numbers
from bptui.text import printable

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
