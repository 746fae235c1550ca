"""A scenario file as it was read: its data, where everything in it stands, and the faults found in it so far.

A document that was made is TOML of bounded size. What is wrong with its meaning is collected with `fault`, by the path
of keys that leads to it, so that a reader is shown every fault at once; `raise_faults` ends the collecting.
"""

from __future__ import annotations

import codecs
import re
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from bptui.errors import SHOWN_IN_FULL, BptuiError, Fault
from bptui.files import FileFault, read_ordinary, size_text
from bptui.limits import Limits, in_force
from bptui.scenario.source import Source, Span
from bptui.scenario.syntax import check_bounds, syntax_fault

if TYPE_CHECKING:
    from bptui.scenario.places import Places

KeyPath = Sequence[str | int]
"""Keys and positions in lists that lead to a value: `("parameters", "W1", 2, 0)`."""

LEAST_SCENARIO = """a scenario needs at least something given and one forward line:
    [inputs]
    x = 3
    [forward]
    y = "x**2\""""
"""What to write where there is nothing."""

_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


class _Pending(NamedTuple):
    """A fault that was found and not placed yet."""

    path: tuple[str | int, ...]
    message: str
    hint: str | Callable[[], str]
    on: Literal["key", "value"]
    span: Span | None


class Document:
    """A TOML file or text, and the faults found in it."""

    def __init__(self, source: Source, data: dict[str, Any], folder: Path | None, limits: Limits) -> None:
        self.data = data
        """What tomllib made of it."""
        self.folder = folder
        """Where the files that it names are looked for; None where it did not come from a file."""
        self.limits = limits
        """The bounds in force for it and for what it names."""
        self.elements = 0
        """How many array elements its leaves hold so far, against `limits.total_elements`."""
        self._source = source
        self._pending: dict[_Pending, None] = {}
        self._found_places: Places | None = None

    @classmethod
    def read(cls, path: Path, limits: Limits | None = None, *, may_be_empty: bool = False) -> Document:
        """Read and parse a file; raises BptuiError where it cannot be read, is too large, or is no TOML.

        One that holds nothing is refused too, unless it `may_be_empty`.
        """
        limits = limits or in_force()
        try:
            content = read_ordinary(path, limits.file_bytes)
        except FileFault as fault:
            raise BptuiError(Fault(fault.message, fault.hint, str(path))) from None
        return cls.parse(content, str(path), path.parent, limits, may_be_empty=may_be_empty)

    @classmethod
    def parse(
        cls,
        text: str | bytes,
        name: str = "scenario",
        folder: Path | None = None,
        limits: Limits | None = None,
        *,
        may_be_empty: bool = False,
    ) -> Document:
        """Parse a text, or the bytes of a file, as `read` does."""
        limits = limits or in_force()
        decoded = _text_of(text, name, limits.file_bytes)
        source = Source(name, decoded.removeprefix("\ufeff").replace("\r\n", "\n"))
        check_bounds(source, limits)
        try:
            data = tomllib.loads(source.text)
        except RecursionError:
            raise BptuiError(Fault("it is nested too deeply to be read", "", name)) from None
        except ValueError as error:
            raise BptuiError(syntax_fault(source, error)) from None
        if not data and not may_be_empty:
            raise BptuiError(Fault("there is nothing in this file", LEAST_SCENARIO, name))
        return cls(source, data, folder, limits)

    @property
    def name(self) -> str:
        """The name under which faults show it."""
        return self._source.name

    @property
    def text(self) -> str:
        """The text, without a byte order mark and with lines that end in line feeds."""
        return self._source.text

    def fault(
        self,
        path: KeyPath,
        message: str,
        hint: str | Callable[[], str] = "",
        *,
        on: Literal["key", "value"] = "value",
        span: Span | None = None,
    ) -> None:
        """Collect a fault at the key or the value that `path` leads to.

        Where the path leads further than the file does, the fault points at the last thing on the way. `span` narrows
        it to some characters of a text value, counted in the text as it is meant, not as it is escaped. A `hint` that
        takes time to find is a function, and called only if the fault is among those shown in full.
        """
        self._pending[_Pending(tuple(path), message, hint, on, span)] = None

    def placed(
        self,
        path: KeyPath,
        message: str,
        hint: str = "",
        *,
        on: Literal["key", "value"] = "value",
        span: Span | None = None,
    ) -> Fault:
        """Return a fault, placed as by `fault`, without collecting it: for what is found after reading."""
        return self._source.fault(message, hint, self._span(_Pending(tuple(path), message, hint, on, span)))

    @property
    def faults(self) -> list[Fault]:
        """The faults so far, in the order of the file; first those of the file as a whole."""
        if not self._pending:
            return []
        spans = {pending: self._span(pending) for pending in self._pending}
        ordered = sorted(self._pending, key=lambda pending: spans[pending] or (-1, -1))
        faults = []
        for number, pending in enumerate(ordered):
            hint = pending.hint
            if not isinstance(hint, str):
                hint = hint() if number < SHOWN_IN_FULL else ""
            faults.append(self._source.fault(pending.message, hint, spans[pending]))
        return faults

    def raise_faults(self) -> None:
        """Raise a BptuiError with all faults so far, if there are any."""
        if faults := self.faults:
            raise BptuiError(faults)

    def source(self, path: KeyPath) -> str:
        """Return the value at `path` as it is written (`0.60`), or empty text where the file has no such value."""
        span = self.span(path)
        return self.text[slice(*span)] if span is not None else ""

    def span(self, path: KeyPath) -> Span | None:
        """Return where the value at `path` stands in the text, or None where the file has no such value."""
        place, whole = self._places.find(path)
        return place.value if place and whole and place.node is not None else None

    @property
    def _places(self) -> Places:
        if self._found_places is None:
            from bptui.scenario.places import Places

            self._found_places = Places(self.text)
        return self._found_places

    def _span(self, pending: _Pending) -> Span | None:
        if not pending.path:
            return None
        place, whole = self._places.find(pending.path)
        if place is None:
            return None
        if pending.on == "key" and whole and place.key:
            return place.key
        start, end = place.value
        if pending.span and whole and self.text[start] in "\"'":
            from bptui.scenario.places import decoded

            offsets = decoded(self.text[start:end])[1]
            first, last = (min(max(offset, 0), len(offsets) - 1) for offset in pending.span)
            return start + offsets[first], start + offsets[last]
        return start, end


def _text_of(text: str | bytes, name: str, limit: int) -> str:
    """Return the text that `text` holds; raises BptuiError for what is too large or no UTF-8."""
    size = len(text)
    if isinstance(text, str) and size <= limit:
        try:
            size = len(text.encode())
        except UnicodeEncodeError as error:
            source = Source(name, text.replace("\r\n", "\n"))
            at = error.start - text.count("\r\n", 0, error.start)
            message = f"U+{ord(text[error.start]):04X} is half a character (a lone surrogate)"
            raise BptuiError(source.fault(message, "take it out: it cannot be stored as UTF-8", (at, at + 1))) from None
    if size > limit:
        message = f"it is larger than {size_text(limit)}, the most that is read"
        hint = 'large arrays go into a file beside it: `W1 = { file = "weights.npz", key = "W1" }`'
        raise BptuiError(Fault(message, hint, name))
    if isinstance(text, str):
        return text
    if text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise BptuiError(Fault("it is text in UTF-16, and TOML is UTF-8", "save it as UTF-8", name))
    if _CONTROLS.search(text):
        hint = "a scenario is a plain text file in TOML; `bptui new FILE` writes one to start from"
        raise BptuiError(Fault("it is a binary file, not text", hint, name))
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise BptuiError(_not_utf8(text, error.start, name)) from None


def _not_utf8(content: bytes, at: int, name: str) -> Fault:
    byte = content[at]
    before = content[:at].decode().removeprefix("\ufeff").replace("\r\n", "\n")
    after = content[at:].partition(b"\n")[0][:200].decode("cp1252", "replace").rstrip("\r")
    likely = bytes([byte]).decode("cp1252", "replace")
    hint = "save the file as UTF-8"
    if likely.isprintable() and likely != "\ufffd":
        hint = (
            f"it would be {likely} in Windows-1252 (Latin-1), as which the file may have been saved: save it as UTF-8"
        )
    source = Source(name, before + after)
    return source.fault(f"the byte 0x{byte:02X} is no UTF-8 text", hint, (len(before), len(before) + 1))
