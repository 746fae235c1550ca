"""Exports: one writer a format, all over the same trace and presentation. Files are written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bptui.errors import BptuiError, Fault
from bptui.files import CHOOSE, write_whole
from bptui.text import did_you_mean

if TYPE_CHECKING:
    from bptui.present.document import Document
    from bptui.trace.record import Trace


class Format(NamedTuple):
    """One format: how it is called, how the names of its files end, what it is for, and its writers."""

    name: str
    suffix: str
    description: str
    pieces: Callable[[Trace], Iterable[str]]
    """Writes a trace as it is, piece by piece: of a million steps it is a few hundred megabytes."""
    write_document: Callable[[Document], str] | None = None
    """Writes a derivation, with its answers left out or not; None where the format has no such document."""


def _late(module: str, writer: str) -> Callable[[Any], Any]:
    """Return a writer whose module is imported when it first writes: `--help` names the formats, and is quick."""
    return lambda subject: getattr(import_module(f"bptui.exporting.{module}"), writer)(subject)


def _derived(write: Callable[[Document], str]) -> Callable[[Trace], Iterable[str]]:
    def derived(trace: Trace) -> Iterable[str]:
        from bptui.present.solution import solution

        return [write(solution(trace))]

    return derived


_TEXT = _late("document_text", "text_document")
_MARKDOWN = _late("markdown", "markdown_document")
_LATEX = _late("latex", "latex_document")
_HTML = _late("html", "html_document")

FORMATS = {
    one.name: one
    for one in (
        Format(
            "text",
            ".txt",
            "every step and the derivation, as plain text",
            _late("text", "text_pieces"),
            _TEXT,
        ),
        Format("markdown", ".md", "the derivation, for GitHub and notes", _derived(_MARKDOWN), _MARKDOWN),
        Format("latex", ".tex", "the derivation, to be set by LaTeX", _derived(_LATEX), _LATEX),
        Format("html", ".html", "the derivation as a web page, to be read or printed", _derived(_HTML), _HTML),
        Format("json", ".json", "every step and every number, for programs", _late("json", "json_pieces")),
    )
}
"""The formats by name."""

SUFFIXES = {name: one.suffix for name, one in FORMATS.items()}
"""How the name of a file in each format ends."""


def find_format(name: str) -> Format:
    """Return one of FORMATS; raises BptuiError for any other name."""
    if name not in FORMATS:
        raise BptuiError(Fault(f"unknown format `{name}`", did_you_mean(name, FORMATS)))
    return FORMATS[name]


def write(trace: Trace, format: str, *, blanks: bool = False, key: bool = False) -> str:
    """Return the trace in one of FORMATS: what `pieces` yields, in one text."""
    return "".join(pieces(trace, format, blanks=blanks, key=key))


def pieces(trace: Trace, format: str, *, blanks: bool = False, key: bool = False) -> Iterable[str]:
    """Return the trace in one of FORMATS, piece by piece; raises BptuiError for any other.

    `blanks` leaves the answers out of the derivation, and `key` puts them on a page of their own at its end; of the
    text, nothing but the derivation is written then. JSON has no answers to leave out: BptuiError.
    """
    found = find_format(format)
    if not blanks and not key:
        return found.pieces(trace)
    if found.write_document is None:
        documents = ", ".join(name for name, one in FORMATS.items() if one.write_document is not None)
        raise BptuiError(Fault(f"{format} has no answers to leave out", f"handouts are written as {documents}"))
    from bptui.present.document import blanked
    from bptui.present.solution import solution

    return [found.write_document(blanked(solution(trace), key))]


def write_file(
    trace: Trace,
    format: str,
    path: Path,
    force: bool = False,
    remedy: str = CHOOSE,
    *,
    blanks: bool = False,
    key: bool = False,
) -> None:
    """Write the trace to `path`, whole or not at all.

    Raises BptuiError where something of that name exists (unless `force`, and it is an ordinary file; `remedy` says
    what to do instead), or where it cannot be written.
    """
    write_whole(path, pieces(trace, format, blanks=blanks, key=key), force, remedy)
