"""The numbers of an array as JSON text, character for character as Python's own encoder writes them.

msgspec writes a float64 in a tenth of the time. Both write the fewest digits that read back to the same number, and
differ in how they write a power of ten, which is put right here.
"""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
import numpy as np

from bptui.scenario.program import Array

_FEW = 16
"""One in so many numbers at most is written by itself; where there are more, Python's encoder is the faster one."""

_ENDS = np.frombuffer(b",]", dtype=np.uint8)
"""What follows a number in a list."""

_encoded = msgspec.json.Encoder().encode
_encoded_by_python = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def numbers_text(array: Array) -> str:
    """Return an array of at least one axis as a list in JSON; what JSON cannot hold is "nan", "inf" or "-inf"."""
    with np.errstate(invalid="ignore"):
        size = np.abs(array)
        # msgspec has no word for nan and inf, and writes 0.00001 where Python writes 1e-05
        others = np.flatnonzero(~((size < 1e-5) | ((size >= 1e-4) & (size < np.inf)))).tolist()
    if len(others) > array.size // _FEW:
        return _encoded_by_python(plain(array))
    text = _encoded(array.tolist())
    if ((size >= 1e16) | ((size < 1e-5) & (size > 0))).any():
        text = _as_python_writes_powers(text)
    if not others:
        return text.replace(b",", b", ").decode("ascii")
    texts = text.decode("ascii").split(",")
    for at in others:
        texts[at] = texts[at].replace(texts[at].strip("[]"), _encoded_by_python(plain(array.item(at))))
    return ", ".join(texts)


def _as_python_writes_powers(text: bytes) -> bytes:
    """Return a list of numbers with `e16` written as `e+16`, and `e-7` as `e-07`."""
    characters = np.frombuffer(text, dtype=np.uint8)
    powers = np.flatnonzero(characters == ord("e")) + 1
    negative = characters[powers] == ord("-")
    digits = powers[negative] + 1
    single = digits[np.isin(characters[digits + 1], _ENDS)]
    positive = powers[~negative]
    signs = np.repeat(np.array([ord("+"), ord("0")], dtype=np.uint8), (positive.size, single.size))
    return np.insert(characters, np.concatenate((positive, single)), signs).tobytes()


def plain(array: Any) -> Any:
    """Return an array as nested lists of floats, or one float; what JSON cannot hold becomes "nan", "inf", "-inf"."""
    numbers = np.asarray(array, dtype=np.float64)
    if not numbers.ndim and math.isfinite(number := numbers.item()):
        return number
    if np.isfinite(numbers).all():
        return numbers.tolist()
    texts, special = numbers.astype(object), ~np.isfinite(numbers)
    texts[special] = list(map(str, numbers[special].tolist()))
    return texts.tolist() if texts.ndim else texts.item()
