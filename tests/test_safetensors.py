"""`.safetensors` files: every type of number that they can hold, and everything that can be wrong with one."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bptui
from bptui.errors import BptuiError


def stored(path: Path, arrays: dict[str, tuple[str, Any]], more: bytes = b"", **entries: Any) -> None:
    """Write a file as the format's own library does; `entries` replaces parts of the table."""
    table: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    content = b""
    for name, (kind, array) in arrays.items():
        begin = len(content)
        content += array.tobytes()
        table[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [begin, len(content)]}
    table |= entries
    head = json.dumps(table).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + content + more)


def read(folder: Path, key: str = ', key = "a"') -> Any:
    text = f'[inputs]\nx = {{ file = "w.safetensors"{key} }}\n[forward]\ny = "sum(x)"'
    return bptui.run(bptui.loads(text, folder)).value("x")


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        ("F64", "<f8"), ("F32", "<f4"), ("F16", "<f2"), ("I64", "<i8"), ("I32", "<i4"), ("I16", "<i2"), ("I8", "<i1"),
        ("U64", "<u8"), ("U32", "<u4"), ("U16", "<u2"), ("U8", "<u1"),
    ],
)  # fmt: skip
def test_every_type_of_number(kind: str, dtype: str, tmp_path: Path) -> None:
    array = np.array([[1, 2, 3], [100, 0, 7]], dtype)
    other = np.array([5.0])
    stored(tmp_path / "w.safetensors", {"before": ("F64", other), "a": (kind, array), "after": ("F64", other)})
    found = read(tmp_path)
    np.testing.assert_array_equal(found, array.astype(float))
    assert found.dtype == np.float64


def test_bfloat16_is_the_upper_half_of_a_float32(tmp_path: Path) -> None:
    numbers = np.array([1.0, -2.5, 3.140625, np.inf], "<f4")
    stored(tmp_path / "w.safetensors", {"a": ("BF16", (numbers.view("<u4") >> 16).astype("<u2"))})
    np.testing.assert_array_equal(read(tmp_path), numbers)


def test_a_single_number_and_none(tmp_path: Path) -> None:
    stored(tmp_path / "w.safetensors", {"a": ("F32", np.array(2.0, "<f4")), "b": ("F64", np.zeros((0, 3)))})
    assert read(tmp_path) == 2.0
    assert read(tmp_path, ', key = "b"').shape == (0, 3)


def test_the_key_is_asked_for_and_the_names_are_told(tmp_path: Path) -> None:
    stored(tmp_path / "w.safetensors", {"layer.weight": ("F64", np.ones(2)), "layer.bias": ("F64", np.ones(2))})
    with pytest.raises(BptuiError, match=r"needs a `key`\n.*\n.*\n  it holds `layer.weight`, `layer.bias`"):
        read(tmp_path, "")
    with pytest.raises(BptuiError, match=r"did you mean `layer\.weight`"):
        read(tmp_path, ', key = "layer.weigth"')


ONES = {"a": ("F64", np.ones(3))}

DAMAGED: list[tuple[dict[str, Any], str]] = [
    ({"a": {"dtype": "F64", "shape": [4], "data_offsets": [0, 24]}}, "not as long as its shape says"),
    ({"a": {"dtype": "F64", "shape": [3], "data_offsets": [8, 32]}}, "it holds less than it says"),
    ({"a": {"dtype": "F64", "shape": [3], "data_offsets": [24, 0]}}, "its table of contents is none"),
    ({"a": {"dtype": "F64", "shape": [-3], "data_offsets": [0, 24]}}, "its table of contents is none"),
    ({"a": {"dtype": "F64", "shape": [True], "data_offsets": [0, 24]}}, "its table of contents is none"),
    ({"a": {"dtype": "F64", "shape": "3", "data_offsets": [0, 24]}}, "its table of contents is none"),
    ({"a": {"shape": [3], "data_offsets": [0, 24]}}, "its table of contents is none"),
    ({"a": 3}, "its table of contents is none"),
    ({"a": {"dtype": "C64", "shape": [3], "data_offsets": [0, 24]}}, "type C64, which is not read"),
    ({"a": {"dtype": "F64", "shape": [10**9], "data_offsets": [0, 8 * 10**9]}}, "would have 1,000,000,000 elements"),
    ({"a": {"dtype": "F64", "shape": [1] * 9, "data_offsets": [0, 8]}}, "at most 8 axes"),
    ({"a": {"dtype": "F64", "shape": [3], "data_offsets": [2**40, 2**40 + 24]}}, "it holds less than it says"),
]


@pytest.mark.parametrize(("entries", "said"), DAMAGED)
def test_a_damaged_file_is_one_fault(entries: dict[str, Any], said: str, tmp_path: Path) -> None:
    stored(tmp_path / "w.safetensors", ONES, **entries)
    with pytest.raises(BptuiError, match=said) as raised:
        read(tmp_path)
    assert len(raised.value.faults) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\x02", struct.pack("<Q", 2) + b"[]", struct.pack("<Q", 1 << 60), struct.pack("<Q", 5) + b"{nope",
        struct.pack("<Q", 100_000) + b"[" * 100_000, struct.pack("<Q", 4) + b"\xff\xfe\x00\x00",
    ],
)  # fmt: skip
def test_what_is_no_such_file_is_said(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "w.safetensors").write_bytes(content)
    with pytest.raises(BptuiError, match=r"is damaged, or no \.safetensors file|needs a `key`|no array `a`"):
        read(tmp_path)


@pytest.mark.parametrize(("name", "said"), [("w.pt", "torch.load"), ("w.PTH", "torch.load")])
def test_what_to_do_about_files_of_other_programs_is_said(name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(BptuiError, match="is of a kind that is not read") as raised:
        bptui.loads(f'[inputs]\nx = {{ file = "{name}" }}\n[forward]\ny = "sum(x)"', tmp_path)
    assert said in str(raised.value)
    assert "weights.npz" in str(raised.value)
