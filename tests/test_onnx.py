"""`.onnx` files: every type of number that an initializer can hold, and everything that can be wrong with one."""

from __future__ import annotations

import struct
from base64 import b64decode
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bptui
from bptui.errors import BptuiError
from bptui.scenario import onnx

FROM_THE_LIBRARY = """
    CA4SBXRlc3RzOq0EChAKAXgSAXkiCElkZW50aXR5EgFnKiQIAggDEAFCAmY0ShgAAIA/AAAAwAAAQEAAAMhCAAAAAAAA4EAqPAgC
    CAMQC0ICZjhKMAAAAAAAAPA/AAAAAAAAAMAAAAAAAAAIQAAAAAAAAFlAAAAAAAAAAAAAAAAAAAAcQCoYCAIIAxAKQgJmMkoMADwA
    wABCQFYAAABHKjwIAggDEAdCAmk4SjABAAAAAAAAAP7/////////AwAAAAAAAABkAAAAAAAAAAAAAAAAAAAABwAAAAAAAAAqJAgC
    CAMQBkICaTRKGAEAAAD+////AwAAAGQAAAAAAAAABwAAACoYCAIIAxAFQgJpMkoMAQD+/wMAZAAAAAcAKhIIAggDEANCAmkxSgYB
    /gNkAAcqPAgCCAMQDUICdThKMAEAAAAAAAAAAgAAAAAAAAADAAAAAAAAAGQAAAAAAAAAAAAAAAAAAAAHAAAAAAAAACokCAIIAxAM
    QgJ1NEoYAQAAAAIAAAADAAAAZAAAAAAAAAAHAAAAKhgIAggDEARCAnUySgwBAAIAAwBkAAAABwAqEggCCAMQAkICdTFKBgECA2QA
    ByoUCAQQEEIEYmYxNkoIgD8gwElAgH8qDRABQgNvbmVKBAAAAEAqDggACAMQAUIEbm9uZUoAKg4IAhAJQgRmbGFnSgIBACoNCAEQ
    CDIBYUIEdGV4dFoPCgF4EgoKCAgBEgQKAggCYg8KAXkSCgoICAESBAoCCAJCAhAc
"""
"""As `onnx.save` of onnx 1.23 writes it, numbers in `raw_data`: one initializer for each of `TYPES`, and others."""

TYPES = ("f4", "f8", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1")


def varint(number: int) -> bytes:
    number &= 2**64 - 1
    found = b""
    while number >= 128:
        found += bytes([number & 127 | 128])
        number >>= 7
    return found + bytes([number])


def field(number: int, content: int | bytes) -> bytes:
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def tensor(name: str, kind: int, shape: tuple[int, ...], *more: bytes) -> bytes:
    dims = b"".join(field(1, length) for length in shape)
    return dims + field(2, kind) + field(8, name.encode()) + b"".join(more)


def model(*tensors: bytes) -> bytes:
    node = field(1, field(1, b"x") + field(2, b"y") + field(4, b"Identity"))
    return field(1, 8) + field(7, node + b"".join(field(5, one) for one in tensors)) + field(8, field(2, 17))


def read(folder: Path, content: bytes, key: str = ', key = "a"') -> Any:
    (folder / "w.onnx").write_bytes(content)
    text = f'[inputs]\nx = {{ file = "w.onnx"{key} }}\n[forward]\ny = "sum(x)"'
    return bptui.run(bptui.loads(text, folder)).value("x")


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_of_number_of_the_formats_own_library(kind: str, tmp_path: Path) -> None:
    second = 2 if kind.startswith("u") else -2
    found = read(tmp_path, b64decode(FROM_THE_LIBRARY), f', key = "{kind}"')
    np.testing.assert_array_equal(found, [[1, second, 3], [100, 0, 7]])
    assert found.dtype == np.float64


@pytest.mark.parametrize(
    ("key", "numbers"),
    [("bf16", [1.0, -2.5, 3.140625, np.inf]), ("one", 2.0), ("none", np.zeros((0, 3))), ("flag", [1.0, 0.0])],
)
def test_other_initializers_of_the_formats_own_library(key: str, numbers: Any, tmp_path: Path) -> None:
    found = read(tmp_path, b64decode(FROM_THE_LIBRARY), f', key = "{key}"')
    np.testing.assert_array_equal(found, numbers)
    assert found.shape == np.shape(numbers)


def bits(number: float, kind: str) -> int:
    return int(np.array(number, kind).view("<u2"))


@pytest.mark.parametrize(
    ("kind", "numbers", "stored"),
    [
        (1, [0.5, -2.0], field(4, struct.pack("<2f", 0.5, -2))),
        (1, [0.5, -2.0], b"".join(varint(4 << 3 | 5) + struct.pack("<f", one) for one in (0.5, -2))),
        (11, [0.1, 1e300], field(10, struct.pack("<2d", 0.1, 1e300))),
        (6, [-3, 2**31 - 1], field(5, varint(-3) + varint(2**31 - 1))),
        (3, [-128, 5], field(5, -128) + field(5, 5)),
        (7, [-(2**52), 1], field(7, varint(-(2**52)) + varint(1))),
        (13, [2**63, 1], field(11, varint(2**63) + varint(1))),
        (9, [1, 0], field(5, varint(1) + varint(0))),
        (10, [0.5, -2.0], field(5, varint(bits(0.5, "<f2")) + varint(bits(-2, "<f2")))),
        (16, [1.0, -2.0], field(5, varint(0x3F80) + varint(0xC000))),
    ],
)
def test_numbers_in_the_field_of_their_type(kind: int, numbers: list[float], stored: bytes, tmp_path: Path) -> None:
    np.testing.assert_array_equal(read(tmp_path, model(tensor("a", kind, (2,), stored))), np.array(numbers, float))
    packed_shape = field(1, varint(1) + varint(2)) + field(2, kind) + field(8, b"a") + stored
    assert read(tmp_path, model(packed_shape)).shape == (1, 2)


def test_the_key_is_asked_for_and_the_names_are_told(tmp_path: Path) -> None:
    both = model(tensor("layer.weight", 1, (0,)), tensor("layer.bias", 1, (0,)))
    with pytest.raises(BptuiError, match=r"needs a `key`\n.*\n.*\n  it holds `layer.weight`, `layer.bias`"):
        read(tmp_path, both, "")
    with pytest.raises(BptuiError, match=r"did you mean `layer\.weight`"):
        read(tmp_path, both, ', key = "layer.weigth"')


TWO = struct.pack("<2f", 1, 2)

FAULTY: list[tuple[bytes, str]] = [
    (tensor("a", 1, (3,), field(9, TWO)), "not as long as its shape says"),
    (tensor("a", 1, (3,), field(4, TWO)), "not as long as its shape says"),
    (tensor("a", 7, (3,), field(7, varint(1))), "not as long as its shape says"),
    (tensor("a", 7, (1,), field(7, varint(1) * 20)), "not as long as its shape says"),
    (tensor("a", 7, (1,), field(7, b"\xff")), "ends in the middle of a number"),
    (tensor("a", 7, (1,), field(7, b"\xff" * 10)), "a number has no end"),
    (tensor("a", 1, (-1,), field(9, TWO)), "would have"),
    (tensor("a", 1, (10**9,), field(9, TWO)), "would have 1,000,000,000 elements"),
    (tensor("a", 1, (1,) * 9, field(9, TWO)), "at most 8 axes"),
    (tensor("a", 8, (1,), field(6, b"text")), "other things than real numbers"),
    (tensor("a", 14, (1,), field(9, TWO)), "other things than real numbers"),
    (tensor("a", 1, (2,), field(13, field(1, b"location") + field(2, b"/etc/hosts")), field(14, 1)), "another file"),
]


@pytest.mark.parametrize(("stored", "said"), FAULTY)
def test_a_damaged_initializer_is_one_fault(stored: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(BptuiError, match=said) as raised:
        read(tmp_path, model(stored))
    assert len(raised.value.faults) == 1


WHOLE = model(tensor("a", 1, (2,), field(9, TWO)))
GRAPH_ENDS = len(WHOLE) - 4


def test_what_comes_after_the_graph_may_be_missing(tmp_path: Path) -> None:
    assert read(tmp_path, WHOLE).tolist() == [1, 2]
    assert read(tmp_path, WHOLE[:GRAPH_ENDS]).tolist() == [1, 2]


@pytest.mark.parametrize(
    "content",
    [
        *(WHOLE[:end] for end in range(GRAPH_ENDS)),
        b"\x80" * 30, b"\x0b", field(7, b"\x07"), struct.pack("<Q", 2) + b"[]", b"\xff" * 11,
    ],
)  # fmt: skip
def test_what_is_no_such_file_is_said(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(BptuiError, match=r"is damaged, or no \.onnx file") as raised:
        read(tmp_path, content)
    assert len(raised.value.faults) == 1


def test_a_file_of_countless_fields_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx, "_MOST_FIELDS", 100)
    with pytest.raises(BptuiError, match="it has too many fields"):
        read(tmp_path, model(*[b""] * 101))
