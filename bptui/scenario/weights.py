"""Arrays from files of weights beside a scenario: bounded, plain numbers only, and never a pickle.

The size of an array is read from its header and judged before any of its numbers are; then exactly as many bytes are
read as the header promised, so that an archive which unpacks to more than that is found out without unpacking it.
"""

from __future__ import annotations

import math
import re
import struct
import zipfile
import zlib
from array import array
from collections.abc import Callable
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Any, BinaryIO

import numpy as np

from bptui.files import FileFault, open_ordinary, size_text
from bptui.limits import Limits
from bptui.scenario.onnx import read_onnx
from bptui.scenario.safetensors import read_safetensors
from bptui.scenario.stored import Shape, Values, WeightsFault, as_float64, choose, short
from bptui.text import counted, nearest

_MAGIC = b"\x93NUMPY"
_HEADER = re.compile(
    r"\{\s*'descr':\s*'(?P<descr>[^'\\]{1,20})',\s*'fortran_order':\s*(?P<fortran>True|False),"
    r"\s*'shape':\s*\((?P<shape>[\d,L ]{0,400})\),?\s*\}\s*"
)
"""The header as NumPy writes it for plain arrays. Records have a list of fields as `descr`, and do not match."""

_NUMERIC = re.compile(r"[<>|=]?(f[248]|[iu][1248])")
_OTHER_KINDS = {
    "c": "complex numbers",
    "O": "Python objects",
    "U": "text",
    "S": "text",
    "b": "truth values",
    "M": "dates",
    "m": "durations",
    "V": "raw bytes",
    "f": "numbers of extended precision",
}

_KEYED = (".npz", ".onnx", ".safetensors")
"""Files of several arrays, each with a name."""

_TORCH = "numpy.savez('weights.npz', **{n: t.numpy() for n, t in torch.load(file, weights_only=True).items()})"
_CONVERTED = {
    ".pt": f"bptui loads nothing that could run: convert it with PyTorch, {_TORCH}",
    ".pth": f"bptui loads nothing that could run: convert it with PyTorch, {_TORCH}",
}
"""What to do about files of other programs."""

_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,  # a bad time, name or offset
    RuntimeError,  # encrypted
    NotImplementedError,  # what zipfile raises where a method of compression is unknown to it
    OverflowError,
    struct.error,
)


def read_weights(
    file: str, key: str | None, folder: Path | None, limits: Limits, check: Callable[[Shape], None]
) -> Values:
    """Return an array of `file`, a path below `folder`; raises WeightsFault.

    `key` names the array in a file of several. `check` is called with the shape before the numbers are read, and raises
    what it likes where the shape is too large.
    """
    path = _inside(file, folder)
    suffix = path.suffix.lower()
    if suffix not in (*_KEYED, ".npy", ".csv"):
        hint = _CONVERTED.get(suffix, "weights are read from .npz, .npy, .safetensors, .onnx and .csv files")
        raise WeightsFault(f"`{short(file)}` is of a kind that is not read", hint)
    if key is not None and suffix not in _KEYED:
        raise WeightsFault(f"a {suffix} file holds one array, which has no key", "take `key` out", key=True)
    try:
        with open_ordinary(path) as stream:
            size = stream.seek(0, 2)
            stream.seek(0)
            if size > limits.weights_file_bytes:
                raise WeightsFault(
                    f"`{short(file)}` is larger than {size_text(limits.weights_file_bytes)}, the most that is read"
                )
            if suffix == ".csv":
                return _csv(stream, limits, check)
            if suffix == ".npy":
                return _npy(stream, limits, check)
            if suffix == ".npz":
                return _npz(stream, key, limits, check)
            if suffix == ".onnx":
                return read_onnx(stream, key, check)
            return read_safetensors(stream, key, limits, check)
    except WeightsFault:
        raise
    except FileFault as fault:
        raise WeightsFault(
            f"`{short(file)}` cannot be used: {fault.message}", fault.hint or _neighbours(path)
        ) from None
    except _BROKEN as error:
        said = " ".join(str(error).split())[:100]
        raise WeightsFault(f"`{short(file)}` is damaged, or no {suffix} file ({said})", "save it anew") from None


def _inside(file: str, folder: Path | None) -> Path:
    """Return the path that `file` names, which leads nowhere but below `folder`, links followed."""
    outside = "weights are read from the scenario's own folder and below it, and nowhere else"
    for kind in (PurePosixPath(file), PureWindowsPath(file)):
        if kind.is_absolute() or kind.drive or kind.root or ".." in kind.parts:
            raise WeightsFault(f"`{short(file)}` leads out of the scenario's folder", outside)
    if folder is None:
        raise WeightsFault(
            "there is no folder to look for this file in: the scenario did not come from a file",
            "save the scenario beside its weights, or give `folder` to `bptui.loads`",
        )
    try:
        home = folder.resolve(strict=True)
        path = (folder / file).resolve()
    except (OSError, RuntimeError, ValueError):  # a loop of links; a null character
        raise WeightsFault(
            f"`{short(file)}` names no file", "write a path that counts from the folder of the scenario"
        ) from None
    if not path.is_relative_to(home):
        raise WeightsFault(f"`{short(file)}` is a link that leads out of the scenario's folder", outside)
    return path


def _neighbours(path: Path) -> str:
    """Return a hint with the file's likely name."""
    try:
        names = [other.name for other, _ in zip(path.parent.iterdir(), range(1000), strict=False)]
    except OSError:
        return "the path counts from the folder of the scenario"
    close = nearest(path.name, sorted(name for name in names if name != path.name))
    return f"did you mean `{short(close)}`?" if close else "the path counts from the folder of the scenario"


# -- .npy ------------------------------------------------------------------------------------------------------------


def _npy(stream: IO[bytes], limits: Limits, check: Callable[[Shape], None]) -> Values:
    """Return the array that `stream` holds in NumPy's format."""
    start = stream.read(8)
    if start[:6] != _MAGIC or len(start) < 8:
        raise ValueError("it does not begin as one")
    wide = start[6] > 1
    (length,) = struct.unpack("<I" if wide else "<H", stream.read(4 if wide else 2))
    if length > limits.weights_header_bytes:
        raise ValueError("its header is too long")
    header = stream.read(length).decode("utf-8" if start[6] > 2 else "latin-1")
    match = _HEADER.fullmatch(header)
    if match is None or not _NUMERIC.fullmatch(match["descr"]):
        raise WeightsFault(*_no_numbers(header, match))
    shape = tuple(int(part.rstrip("L")) for part in match["shape"].replace(" ", "").split(",") if part)
    check(shape)
    kind = np.dtype(match["descr"])
    expected = math.prod(shape) * kind.itemsize
    content = stream.read(expected + 1)  # the one more reaches the end, where an archive's checksum is compared
    if len(content) != expected:
        raise ValueError("it holds less than it says" if len(content) < expected else "it holds more than it says")
    order: Any = "F" if match["fortran"] == "True" else "C"
    return as_float64(np.frombuffer(content, kind).reshape(shape, order=order))


def _no_numbers(header: str, match: re.Match[str] | None) -> tuple[str, str]:
    """Return message and hint for an array whose header is not that of plain real numbers."""
    if match is None and "'descr': [" not in header:
        raise ValueError("its header is not as NumPy writes it")
    letter = match["descr"].lstrip("<>|=")[:1] if match else ""
    what = _OTHER_KINDS.get(letter, "other things") if match else "records"
    return f"the array holds {what}, not real numbers", "store it as float64: `numpy.save(file, a.astype(float))`"


# -- .npz ------------------------------------------------------------------------------------------------------------


class _Archive:
    """A file as `zipfile` sees it, which refuses to hand out a table of contents of unreasonable length."""

    def __init__(self, stream: BinaryIO, most: int) -> None:
        self._stream = stream
        self._most: int | None = most
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable

    def read(self, size: int = -1) -> bytes:
        if self._most is None:
            return self._stream.read(size)
        content = self._stream.read(self._most + 1 if size < 0 else min(size, self._most + 1))
        if len(content) > self._most:
            raise ValueError("its table of contents is too long")
        return content

    def opened(self) -> None:
        """Lift the bound: the table of contents has been read."""
        self._most = None


def _npz(stream: BinaryIO, key: str | None, limits: Limits, check: Callable[[Shape], None]) -> Values:
    """Return the array that is stored under `key`."""
    view: Any = _Archive(stream, limits.weights_directory_bytes)
    with zipfile.ZipFile(view) as archive:
        view.opened()
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        member = members[choose(key, members)]
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError("it is compressed in a way that NumPy does not use")
        with archive.open(member) as content:
            return _npy(content, limits, check)


# -- .csv ------------------------------------------------------------------------------------------------------------

_CELL_CHARACTERS = 64
"""How many bytes a number may take, on average over its line."""

_PIECE = 1 << 16
"""How many bytes of a line are read at once."""


def _csv(stream: BinaryIO, limits: Limits, check: Callable[[Shape], None]) -> Values:
    """Return the rows of numbers that `stream` holds: commas, no header, always two axes."""
    numbers = array("d")
    width, rows, line = 0, 0, 0
    while content := _line(stream, line + 1, limits.array_elements):
        line += 1
        if line == 1:
            content = content.removeprefix(b"\xef\xbb\xbf")
        if not content.strip():
            continue
        columns = content.count(b",") + 1
        if rows == 0:
            width = columns
            check((1, width))
        if columns != width:
            message = f"in line {line} there {'is' if columns == 1 else 'are'} {counted(columns, 'number')}"
            raise WeightsFault(f"{message}, and in the first row {width}", "all rows have the same number of columns")
        rows += 1
        if rows * width > limits.array_elements:
            raise WeightsFault(
                f"the file holds more than {limits.array_elements:,} numbers",
                "that is the most that one array may have",
            )
        cells = content.split(b",")
        try:
            numbers.extend(map(_cell, cells))
        except ValueError:
            raise WeightsFault(*_no_cell(cells, line, rows)) from None
    if not rows:
        raise WeightsFault("the file holds no numbers", "write one row a line, with commas between the numbers")
    check((rows, width))
    return np.array(numbers, dtype=np.float64).reshape(rows, width)


def _line(stream: BinaryIO, number: int, most: int) -> bytes:
    """Return the next line, nothing at the end; raises WeightsFault as soon as it is too long for its numbers.

    Of a line of more than `most` numbers only the beginning is read, which has more than `most` as well.
    """
    pieces, length, numbers = [], 0, 1
    while numbers <= most and (piece := stream.readline(_PIECE)):
        pieces.append(piece)
        length += len(piece)
        numbers += piece.count(b",")
        if length > numbers * _CELL_CHARACTERS:
            raise WeightsFault(
                f"line {number} is too long for its {counted(numbers, 'number')}", "is it a table of numbers?"
            )
        if piece.endswith(b"\n"):
            break
    return b"".join(pieces)


def _cell(cell: bytes) -> float:
    if b"_" in cell:
        raise ValueError("Python alone reads 1_000 as a number")
    return float(cell)


def _is_cell(cell: bytes) -> bool:
    try:
        _cell(cell)
    except ValueError:
        return False
    return True


def _no_cell(cells: list[bytes], line: int, rows: int) -> tuple[str, str]:
    column, cell = next((number, cell) for number, cell in enumerate(cells, start=1) if not _is_cell(cell))
    shown = short(cell[:200].decode("utf-8", "replace").strip())
    hint = "write numbers such as 0.5 or -1e-3, with commas between them"
    if ";" in shown:
        hint = "columns are separated by commas, and numbers have a point"
    elif rows == 1 and cell.strip()[:1].isalpha():
        hint = "take the line with the names of the columns out: the file has no header"
    message = f"in line {line}, column {column}, " + (f"`{shown}` is no number" if shown else "a number is missing")
    return message, hint
