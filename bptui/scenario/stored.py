"""What the readers of weights have in common: the fault that they raise, and which of several arrays is meant."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bptui.files import FileFault
from bptui.text import nearest

Shape = tuple[int, ...]
Values = NDArray[np.float64]


class WeightsFault(FileFault):
    """An array that cannot be read from a file; `key` says that the fault is about which array, not which file."""

    def __init__(self, message: str, hint: str = "", *, key: bool = False) -> None:
        super().__init__(message, hint)
        self.key = key


def as_float64(numbers: NDArray[Any]) -> Values:
    """Return real numbers of any kind as what is computed with; of a nan that would signal, nothing is said."""
    with np.errstate(invalid="ignore"):
        return numbers.astype(np.float64, order="C")


def short(name: str) -> str:
    """Return a name as it stands in a message."""
    return name if len(name) <= 60 else name[:57] + "…"


def choose(key: str | None, names: Collection[str]) -> str:
    """Return `key`, which names one of several arrays in a file; raises WeightsFault where it does not."""
    if key is not None and key in names:
        return key
    shown = [f"`{short(name)}`" for name in islice(names, 20)] + ["…"] * (len(names) > 20)
    holds = f"it holds {', '.join(shown)}" if names else "it holds no array"
    close = nearest(key, names) if key is not None else None
    hint = f"did you mean `{short(close)}`? {holds}" if close else holds
    message = "this file needs a `key`" if key is None else f"there is no array `{short(key)}` in this file"
    raise WeightsFault(message, hint, key=key is not None)
