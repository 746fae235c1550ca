"""What the tests of messages share."""

from __future__ import annotations

from bptui.errors import Fault


def marked(fault: Fault) -> str:
    """Return the characters that the caret underlines."""
    assert fault.column is not None
    return fault.source[fault.column - 1 : fault.column - 1 + fault.length]
