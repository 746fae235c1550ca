"""Arrays of an `.onnx` file: the initializers of its graph, which are the weights of the network.

The file is one message of Protocol Buffers (https://protobuf.dev/programming-guides/encoding/), with the fields of
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto: `graph` of the model, `initializer` of the graph, and of an
initializer its shape, its type, its name and its numbers. It is read here, without a package for it: libraries read the
whole message, and a small file can unfold into any number of objects.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bptui.scenario.stored import Shape, Values, WeightsFault, as_float64, choose

_MOST_FIELDS = 100_000
"""How many fields are gone through: far more than a network has layers."""

_LONGEST_VARINT = 10
"""How many bytes a whole number takes at most."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_GRAPH, _INITIALIZER = 7, 5
_DIMS, _KIND, _NAME, _RAW, _LOCATION = 1, 2, 8, 9, 14

_KINDS = {
    1: ("<f4", 4), 2: ("u1", 5), 3: ("i1", 5), 4: ("<u2", 5), 5: ("<i2", 5), 6: ("<i4", 5), 7: ("<i8", 7),
    9: ("?", 5), 10: ("<f2", 5), 11: ("<f8", 10), 12: ("<u4", 11), 13: ("<u8", 11), 16: ("<u2", 5),
}  # fmt: skip
"""By type: how a number is stored in `raw_data`, and the field that it stands in otherwise, one after the other."""

_FLOATS = (1, 11)
_FLOAT16, _BFLOAT16 = 10, 16
"""Types whose numbers, one after the other, are whole numbers with their bits; BFLOAT16 is half of a FLOAT."""


class _Field(NamedTuple):
    """One field of a message: a whole number, or the bytes from `start` to `end`."""

    number: int
    wire: int
    value: int
    start: int
    end: int


class _Reader:
    """Goes through the fields of messages in a file, without reading what they hold."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._passed = count(1)
        self.end = stream.seek(0, 2)

    def fields(self, start: int, end: int) -> Iterator[_Field]:
        """Yield the fields of the message from `start` to `end`; raises ValueError where it is damaged."""
        at = start
        while at < end:
            if next(self._passed) > _MOST_FIELDS:
                raise ValueError("it has too many fields")
            tag, at = self._varint(at)
            wire, value, start = tag & 7, 0, at
            if wire == _VARINT:
                value, at = self._varint(at)
            elif wire == _BYTES:
                length, start = self._varint(at)
                at = start + length
            elif wire in (_FIXED64, _FIXED32):
                at += 8 if wire == _FIXED64 else 4
            else:
                raise ValueError("a field is of an unknown kind")
            if at > end:
                raise ValueError("a field is longer than what it stands in")
            yield _Field(tag >> 3, wire, value, start, at)

    def content(self, field: _Field) -> bytes:
        self._stream.seek(field.start)
        return self._stream.read(field.end - field.start)

    def _varint(self, at: int) -> tuple[int, int]:
        """Return the whole number that begins at `at`, and where it ends."""
        self._stream.seek(at)
        content = self._stream.read(_LONGEST_VARINT)
        length = next((length for length, byte in enumerate(content, start=1) if byte < 128), 0)
        if not length:
            raise ValueError("a number has no end")
        return _varints(content[:length])[0], at + length


def _varints(content: bytes) -> list[int]:
    """Return whole numbers of 64 bits: seven bits a byte, the lowest first, the last byte of each below 128."""
    numbers, number, bits = [], 0, 0
    for byte in content:
        number |= (byte & 127) << bits
        bits += 7
        if byte < 128:
            numbers.append(number & (2**64 - 1))
            number, bits = 0, 0
        elif bits >= 7 * _LONGEST_VARINT:
            raise ValueError("a number has no end")
    if bits:
        raise ValueError("it ends in the middle of a number")
    return numbers


def read_onnx(stream: BinaryIO, key: str | None, check: Callable[[Shape], None]) -> Values:
    """Return the initializer named `key`; raises WeightsFault, and ValueError where the file is damaged."""
    reader = _Reader(stream)
    graphs = [field for field in reader.fields(0, reader.end) if field.number == _GRAPH and field.wire == _BYTES]
    if not graphs:
        raise ValueError("it has no graph")
    initializers: dict[str, list[_Field]] = {}
    for initializer in reader.fields(graphs[-1].start, graphs[-1].end):
        if initializer.number == _INITIALIZER and initializer.wire == _BYTES:
            fields = list(reader.fields(initializer.start, initializer.end))
            names = [reader.content(field) for field in fields if field.number == _NAME and field.wire == _BYTES]
            initializers[names[-1].decode("utf-8", "replace") if names else ""] = fields
    return _array(reader, initializers[choose(key, initializers)], check)


def _array(reader: _Reader, fields: list[_Field], check: Callable[[Shape], None]) -> Values:
    shape = tuple(_whole(reader, _of(fields, _DIMS), _MOST_FIELDS))
    kind = next((field.value for field in reversed(fields) if field.number == _KIND), 0)
    if kind not in _KINDS:
        raise WeightsFault("the array holds other things than real numbers", "store it as float32 or float64")
    if any(field.value for field in _of(fields, _LOCATION)):
        hint = "save the model with its weights inside: `onnx.save_model(model, file, save_as_external_data=False)`"
        raise WeightsFault("the numbers of this array stand in another file", hint)
    check(shape)
    stored, field = _KINDS[kind]
    size, raw = math.prod(shape), _of(fields, _RAW)
    numbers = _as_they_are(reader, raw, stored, size) if raw else _by_type(reader, _of(fields, field), kind, size)
    if kind == _BFLOAT16:
        numbers = (numbers.astype("<u4") << 16).view("<f4")
    return as_float64(numbers.reshape(shape))


def _of(fields: list[_Field], number: int) -> list[_Field]:
    return [field for field in fields if field.number == number]


def _as_they_are(reader: _Reader, fields: list[_Field], stored: str, size: int) -> NDArray[Any]:
    """Return the numbers whose bytes stand in some fields."""
    if sum(field.end - field.start for field in fields) != size * np.dtype(stored).itemsize:
        raise ValueError("an array is not as long as its shape says")
    return np.frombuffer(b"".join(map(reader.content, fields)), stored)


def _by_type(reader: _Reader, fields: list[_Field], kind: int, size: int) -> NDArray[Any]:
    """Return the numbers that stand in the field of their type, one after the other."""
    stored, _ = _KINDS[kind]
    if kind in _FLOATS:
        return _as_they_are(reader, fields, stored, size)
    numbers = _whole(reader, fields, size)
    if len(numbers) != size:
        raise ValueError("an array is not as long as its shape says")
    bits = np.array(numbers, np.uint64)
    if kind in (_FLOAT16, _BFLOAT16):
        return bits.astype("<u2").view(stored)
    return bits.view("<i8") if np.dtype(stored).kind == "i" else bits


def _whole(reader: _Reader, fields: list[_Field], most: int) -> list[int]:
    """Return the whole numbers in some fields, in each one or, packed, many; more than `most` are refused."""
    numbers: list[int] = []
    for field in fields:
        if field.wire == _VARINT:
            numbers.append(field.value)
        elif field.end - field.start > _LONGEST_VARINT * most:
            raise ValueError("an array is not as long as its shape says")
        else:
            numbers += _varints(reader.content(field))
    return numbers
