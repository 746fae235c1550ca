"""Does a value of the file fit a type? If not, which part of it, what must stand there, and what stands there instead.

msgspec describes types as data and stops at the first fault, in words for programmers. So a value is walked along the
description here, every fault is told in plain words and with its place, and msgspec only ever sees what fits.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, get_type_hints

import msgspec.inspect as shapes
from msgspec import Struct

from bptui.scenario.document import Document, KeyPath
from bptui.text import counted, nearest


@cache
def record(kind: type[Struct]) -> shapes.StructType:
    """Return msgspec's description of a record."""
    info = shapes.type_info(kind)
    assert isinstance(info, shapes.StructType)
    return info


def keys_of(kind: type[Struct]) -> list[str]:
    """Return the keys of a record, as they are written in the file."""
    return list(kind.__struct_encode_fields__)


@cache
def _part(kind: type[Struct], key: str) -> shapes.Type:
    """Return msgspec's description of what a record has under `key`, without that of all its other parts."""
    names = dict(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True))
    return shapes.type_info(get_type_hints(kind, include_extras=True)[names[key]])


def fits(document: Document, path: KeyPath, value: Any, kind: type[Struct], key: str = "") -> bool:
    """Return whether `value`, which stands at `path`, is a well-formed `kind`, or what `kind` has under `key`.

    Every place where it is not becomes a fault of `document`.
    """
    return _fits(document, path, value, _part(kind, key) if key else record(kind))


def report_unknown(
    document: Document, path: KeyPath, table: Mapping[str, Any], known: list[str], has: str
) -> list[str]:
    """Report the keys of `table` that are none of `known`, and return them.

    `has` begins the sentence that lists the right ones: `a scenario has`.
    """
    unknown = [key for key in table if key not in known]
    for key in unknown:
        shown = key if len(key) <= 60 else key[:57] + "…"
        document.fault((*path, key), f"unknown key `{shown}`", spelt(key, known, has), on="key")
    return unknown


def _fits(document: Document, path: KeyPath, value: Any, info: shapes.Type) -> bool:
    """Report where `value` is not of the type that `info` describes, and return whether it is."""
    match info:
        case shapes.Metadata(type=inner):
            return _fits(document, path, value, inner)
        case shapes.AnyType():
            return True
        case shapes.UnionType(types=types):
            if any(isinstance(kind, shapes.StructType) and kind.tag_field for kind in types):
                return _tagged(document, path, value, types)
            return _fits(document, path, value, next(kind for kind in types if not isinstance(kind, shapes.NoneType)))
        case shapes.StructType():
            return _structured(document, path, value, info)
        case shapes.ListType(item_type=item):
            if _mismatch(document, path, value, info):
                return False
            parts = (_fits(document, (*path, number), part, item) for number, part in enumerate(value))
            # Of plain entries the first fault is enough; of tables (layers) each has its own.
            return all(list(parts) if isinstance(item, shapes.UnionType) else parts)
    return not _mismatch(document, path, value, info)


def _mismatch(document: Document, path: KeyPath, value: Any, info: shapes.Type) -> bool:
    if _matches(value, info):
        return False
    key = next((step for step in reversed(path) if isinstance(step, str)), "")
    subject = f"`{key}` must be" if path[-1] == key else f"the entries of `{key}` must each be"
    document.fault(
        path,
        f"{subject} {_expected(info)}, and this is {described(value)}",
        _mended(f"{key} = " if path[-1] == key else "", value, info),
    )
    return True


def _structured(document: Document, path: KeyPath, value: Any, info: shapes.StructType) -> bool:
    if not isinstance(value, dict):
        key = path[-1] if isinstance(path[-1], str) else path[-2]
        keys = ", ".join(f"`{part.encode_name}`" for part in info.fields)
        document.fault(path, f"`{key}` must be a table, and this is {described(value)}", f"it has the keys {keys}")
        return False
    fields = {part.encode_name: part for part in info.fields}
    tag = [info.tag_field] if info.tag_field else []
    where = f"a `{info.tag}` layer may have" if info.tag else f"`{path[-1]}` may have"
    fits = not report_unknown(document, path, value, [*tag, *fields], where)
    for key, part in fields.items():
        if key in value:
            fits = _fits(document, (*path, key), value[key], part.type) and fits
        elif part.required:
            document.fault(path, f"`{key}` is missing here", f"it must be {_expected(part.type)}")
            fits = False
    return fits


def _tagged(document: Document, path: KeyPath, value: Any, types: Iterable[shapes.Type]) -> bool:
    by_tag = {kind.tag: kind for kind in types if isinstance(kind, shapes.StructType)}
    tags = [str(tag) for tag in by_tag]
    if not isinstance(value, dict):
        message = f"a layer is a table, and this is {described(value)}"
        document.fault(path, message, 'write `{ kind = "dense", units = 3, … }`')
        return False
    if "kind" not in value:
        document.fault(path, "this layer does not say of which `kind` it is", f"it is one of {listed(tags)}")
        return False
    tag = value["kind"]
    if not isinstance(tag, str) or tag not in by_tag:
        said = f'"{tag[:60]}"' if isinstance(tag, str) else described(tag)
        hint = spelt(tag, tags, "there are") if isinstance(tag, str) else f"it is one of {listed(tags)}"
        document.fault((*path, "kind"), f"there is no kind of layer called {said}", hint)
        return False
    return _structured(document, path, value, by_tag[tag])


def _matches(value: Any, info: shapes.Type) -> bool:
    """Return whether `value` itself, without its parts, is of the type that `info` describes."""
    match info:
        case shapes.LiteralType(values=values):
            return any(type(value) is type(other) and value == other for other in values)
        case shapes.BoolType():
            return isinstance(value, bool)
        case shapes.IntType(ge=least, le=most):
            whole = isinstance(value, int) and not isinstance(value, bool)
            return whole and (least is None or value >= least) and (most is None or value <= most)
        case shapes.FloatType():
            return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < math.inf
        case shapes.StrType(min_length=least, max_length=most):
            return isinstance(value, str) and len(value) >= (least or 0) and (most is None or len(value) <= most)
        case shapes.ListType(min_length=least, max_length=most):
            return isinstance(value, list) and len(value) >= (least or 0) and (most is None or len(value) <= most)
        case shapes.StructType():
            return isinstance(value, dict)
    return True


def _expected(info: shapes.Type) -> str:
    """Return in words what `info` describes."""
    match info:
        case shapes.Metadata(type=inner):
            return _expected(inner)
        case shapes.LiteralType(values=values):
            words = listed([f'"{value}"' if isinstance(value, str) else str(value) for value in values], "or", mark="")
            return words if len(values) < 3 else f"one of {words}"
        case shapes.BoolType():
            return "true or false"
        case shapes.IntType(ge=least, le=most):
            if most is not None and most < 10**15 and least is not None:
                return f"a whole number from {least} to {most}"
            return "a whole number" + (f" of at least {least}" if least is not None else "")
        case shapes.FloatType():
            return "a finite number"
        case shapes.StrType(max_length=most):
            return "text in quotes" + (f" of at most {counted(most, 'character')}" if most is not None else "")
        case shapes.ListType(item_type=item, min_length=least, max_length=most):
            amount = f" (at most {most})" if most is not None else ""
            names = {"text in quotes": "texts in quotes"}
            inner_words = _expected(item)
            kind = "tables" if isinstance(item, shapes.UnionType) else names.get(inner_words, "whole numbers")
            return f"a list of {'one or more ' if least else ''}{kind}{amount}"
        case shapes.UnionType(types=types):
            return _expected(types[0])
        case shapes.StructType():
            return "a table"
    return "a value"


def described(value: Any) -> str:
    """Return in words what a value of the file is."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'the text "{value if len(value) <= 40 else value[:37] + "…"}"' if value else "an empty text"
        case int() | float():
            number = str(value)
            return f"the number {number if len(number) <= 24 else number[:21] + '…'}"
        case list():
            return f"a list of {len(value)}" if value else "an empty list"
        case dict():
            return "a table"
        case datetime.date() | datetime.time():
            return "a date or a time"
    return f"a {type(value).__name__}"


def _mended(start: str, value: Any, info: shapes.Type) -> str:
    """Return what to write in place of `value`, where that can be guessed; `start` is what stands before it."""
    match info:
        case shapes.IntType() | shapes.FloatType() if isinstance(value, str) and _NUMBER.fullmatch(value):
            return f"leave the quotes out: `{start}{value}`"
        case shapes.LiteralType(values=values) if isinstance(value, str):
            if value in [str(other) for other in values]:
                return f"leave the quotes out: `{start}{value}`"
            words = [str(other) for other in values]
            close = nearest(value, words)
            return f'did you mean "{close}"?' if close else ""
        case shapes.LiteralType(values=(1,)):
            return "a file of a later format needs a later bptui"
        case shapes.BoolType() if isinstance(value, str) and value.lower() in ("true", "false"):
            return f"leave the quotes out: `{start}{value.lower()}`"
        case shapes.ListType(item_type=item) if _matches(value, item) and not isinstance(value, dict):
            written = f'"{value}"' if isinstance(value, str) else str(value)
            return f"put it in square brackets: `{start}[{written[:60]}]`"
        case shapes.StrType() if isinstance(value, (int, float)) and not isinstance(value, bool):
            return f'put it in quotes: `{start}"{str(value)[:40]}"`'
    return ""


_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


def spelt(key: str, known: list[str], has: str) -> Callable[[], str]:
    """Return what finds the hint for a misspelt word when it is shown."""

    def hint() -> str:
        close = nearest(key, known)
        return (f"did you mean `{close}`? " if close else "") + f"{has} {listed(known)}"

    return hint


def listed(words: list[str], joint: str = "and", mark: str = "`") -> str:
    """Return `words` as a list in a sentence: `a`, `b` and `c`."""
    marked = [f"{mark}{word}{mark}" for word in words]
    return marked[0] if len(marked) == 1 else f"{', '.join(marked[:-1])} {joint} {marked[-1]}"
