"""The trace as JSON: every value, every step, every gradient asked for. Numbers read back to the same float64.

In symbols every number is a text that `sympy.sympify` reads once the names of elements are made identifiers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from bptui.exporting.json_numbers import numbers_text, plain
from bptui.scenario.program import Array, Value
from bptui.text import printable_json
from bptui.trace.record import Trace
from bptui.trace.recorded import Local
from bptui.trace.steps import Step

VERSION = 1

_AT_ONCE = 1 << 16
"""How many numbers of an array are made text at once."""

_ENCODED = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def write_json(trace: Trace) -> str:
    """Return the trace in the form of the JSON trace: one line for each value and each step."""
    return "".join(json_pieces(trace))


def json_pieces(trace: Trace) -> Iterator[str]:
    """Yield the text piece by piece, so that joining them makes the only copy of it."""
    program, written = trace.program, _unless_large(writer_of(trace))
    head = {"format": "bptui-trace", "version": VERSION, "title": trace.scenario.title, "mode": trace.mode}
    if (level := getattr(trace, "level", None)) is not None:
        head["level"] = level
    yield "{" + ",\n ".join(f"{_text(key)}: {_text(value)}" for key, value in head.items())
    yield from _listed("values", (_value(trace, value, written) for value in program.values), written)
    yield from _listed("steps", (_step(step, written) for step in trace.steps), written)
    yield ',\n "gradients": '
    yield from _pieces({name: written(trace.gradient_of(program.names[name])) for name in program.wrt}, written)
    yield "}\n"


def writer_of(trace: Trace) -> Callable[[Any], Any]:
    """Return what makes plain data of the trace's arrays: of numbers, or of expressions."""
    if trace.mode == "numbers":
        return plain
    from bptui.symbols.pens import PortablePen
    from bptui.symbols.writer import Writer

    writer = Writer(trace, PortablePen(trace.program))
    text = np.frompyfunc(lambda expression: writer.written(expression).text, 1, 1)

    def texts(array: Any) -> Any:
        written = np.asarray(text(array), dtype=object)
        return written.tolist() if written.ndim else written.item()

    return texts


def _value(trace: Trace, value: Value, written: Callable[[Any], Any]) -> dict[str, Any]:
    record: dict[str, Any] = {"id": value.id, "name": value.name, "role": value.role}
    if value.name is None:
        record["expression"] = value.text
    record["shape"] = list(value.shape)
    record["value"] = written(trace.values[value.id])
    # nothing is differentiated with respect to a constant
    record["gradient"] = None if value.role == "constant" else written(trace.gradient_of(value.id))
    return record


def _step(step: Step, written: Callable[[Any], Any]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for name, found in dict(step).items():
        if isinstance(found, Local):
            value = None if found.value is None else written(found.value)
            record[name] = {"kind": found.kind, "structure": found.structure, "value": value}
        elif isinstance(found, (np.ndarray, np.generic)):
            record[name] = written(found)
        elif isinstance(found, Mapping):
            record[name] = dict(found)
        else:
            record[name] = found
    return record


def _listed(name: str, records: Iterable[dict[str, Any]], written: Callable[[Any], Any]) -> Iterator[str]:
    """Yield a key and its list, one record a line."""
    yield f",\n {_text(name)}: ["
    for number, record in enumerate(records):
        yield f"{',' if number else ''}\n  "
        yield from _pieces(record, written)
    yield "]"


def _unless_large(written: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return what makes plain data of an array, and leaves a large one as it is."""
    return lambda array: array if np.size(array) > _AT_ONCE else written(array)


def _is_large(data: Any) -> bool:
    return isinstance(data, np.ndarray) or (isinstance(data, dict) and any(map(_is_large, data.values())))


def _pieces(data: Any, written: Callable[[Any], Any]) -> Iterator[str]:
    """Yield data as JSON: of a large array in it a part at a time, whose text takes many times what its numbers do."""
    if not _is_large(data):
        yield _text(data)
    elif isinstance(data, dict):
        for number, (key, value) in enumerate(data.items()):
            yield f"{', ' if number else '{'}{_text(key)}: "
            yield from _pieces(value, written)
        yield "}"
    else:
        rows = max(1, _AT_ONCE * len(data) // data.size)
        for start in range(0, len(data), rows):
            yield ", " if start else "["
            if rows > 1:
                yield _array_text(data[start : start + rows], written)[1:-1]
            elif data[start].size <= _AT_ONCE:
                yield _array_text(data[start], written)
            else:
                yield from _pieces(data[start], written)
        yield "]"


def _array_text(array: Array, written: Callable[[Any], Any]) -> str:
    return numbers_text(array) if array.dtype == np.float64 else _text(written(array))


def _text(data: Any) -> str:
    return printable_json(_ENCODED(data))
