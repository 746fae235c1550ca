"""Arrays of a `.safetensors` file: a table of contents in JSON, then the numbers, one array after the other.

The format is that of https://github.com/huggingface/safetensors: eight bytes with the length of the table, the table
(for each name `dtype`, `shape` and where the numbers begin and end behind the table), the numbers in little-endian
order. It is read here, without a package for it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, BinaryIO, TypeGuard

import numpy as np

from bptui.limits import Limits
from bptui.scenario.stored import Shape, Values, WeightsFault, as_float64, choose

_KINDS = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "<i1", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "<u1",
}  # fmt: skip
"""How each type of number is stored; BF16 is the upper half of an F32."""


def read_safetensors(stream: BinaryIO, key: str | None, limits: Limits, check: Callable[[Shape], None]) -> Values:
    """Return the array that is stored under `key`; raises WeightsFault, and ValueError where the file is damaged."""
    length = int.from_bytes(stream.read(8), "little")
    if length > limits.weights_directory_bytes:
        raise ValueError("its table of contents is too long")
    try:
        table = json.loads(stream.read(length))
    except RecursionError:
        raise ValueError("its table of contents is nested too deeply") from None
    if not isinstance(table, dict):
        raise ValueError("its table of contents is none")
    table.pop("__metadata__", None)
    name = choose(key, table)
    kind, shape, (begin, end) = _entry(table[name])
    if kind not in _KINDS:
        raise WeightsFault(f"the array holds numbers of type {kind[:20]}, which is not read", "store it as F32 or F64")
    check(shape)
    stored = np.dtype(_KINDS[kind])
    if end - begin != math.prod(shape) * stored.itemsize:
        raise ValueError("an array is not as long as its shape says")
    stream.seek(8 + length + begin)
    content = stream.read(end - begin)
    if len(content) != end - begin:
        raise ValueError("it holds less than it says")
    numbers = np.frombuffer(content, stored)
    if kind == "BF16":
        numbers = (numbers.astype("<u4") << 16).view("<f4")
    return as_float64(numbers.reshape(shape))


def _entry(entry: Any) -> tuple[str, Shape, tuple[int, int]]:
    """Return type, shape and place of an array; raises ValueError where the table does not say them."""
    if not isinstance(entry, dict):
        raise ValueError("its table of contents is none")
    kind, shape, place = (entry.get(name) for name in ("dtype", "shape", "data_offsets"))
    if not isinstance(kind, str) or not _whole(shape) or not _whole(place) or len(place) != 2 or place[0] > place[1]:
        raise ValueError("its table of contents is none")
    return kind, tuple(shape), (place[0], place[1])


def _whole(numbers: Any) -> TypeGuard[list[int]]:
    return isinstance(numbers, list) and all(type(one) is int and 0 <= one < 1 << 50 for one in numbers)
