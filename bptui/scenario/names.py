"""What may be a name in a scenario: Python's identifiers as they are written, minus a few."""

from __future__ import annotations

import keyword
import re
import unicodedata

RESERVED = ("e", "pi")
"""The constants."""

_NO_LETTER = re.compile(r"\W+")


def name_fault(name: str) -> tuple[str, str] | None:
    """Return what is wrong with `name` and what to do, or None where it may be a name."""
    shown = name if len(name) <= 60 else name[:57] + "…"
    if not name:
        return "a name is empty", "give it one, such as `x`"
    if name in RESERVED:
        return f"`{name}` is the constant, and cannot be given another value", f"choose another name, such as `{name}1`"
    if keyword.iskeyword(name):
        return f"`{name}` is a word of the expression language", f"choose another name, such as `{name}_`"
    folded = unicodedata.normalize("NFKC", name)
    if name.isidentifier() and "·" not in folded:  # Python takes the dot for a letter, readers for a product
        if name == folded:
            return None
        return f"`{shown}` holds characters that stand for others", f"write `{folded[:60]}`"
    mended = _NO_LETTER.sub("_", folded).strip("_")
    if mended[:1].isdigit():
        mended = f"x{mended}"
    suggestion = mended[:60] if mended.isidentifier() and not keyword.iskeyword(mended) else "x1"
    return f"`{shown}` is no name", f"a name is letters, digits and _, and begins with a letter: `{suggestion}`"
