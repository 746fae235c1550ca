"""Exports print the same on every machine: where libraries and processors differ in the last digit, no byte changes.

NumPy's exponentials, logarithms and matrix products are right to the last digit or nearly so, and which way they err
depends on its version and on the processor. Here they are made to err: every result that is not exact moves up or down
by one unit in the last place, the same for the same number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bptui
from bptui import bundled
from bptui.exporting import FORMATS
from bptui.ops import numeric
from bptui.scenario.program import Array

ROUNDED = (
    "exp", "expm1", "log", "log10", "sin", "cos", "tanh", "sigmoid", "sigmoid_slope", "softplus", "silu_slope",
    "normal_cdf", "gelu", "gelu_slope", "times_log", "logsumexp", "softmax", "log_softmax", "norm",
)  # fmt: skip
"""Functions that use one of which IEEE 754 does not say how it is rounded."""

Rule = Callable[..., Any]


def shaken(values: Any, seed: int) -> Any:
    """Return finite numbers moved by one unit in the last place, or by none; equal numbers alike."""
    array: Array = np.asarray(values, dtype=np.float64)
    bits = array.view(np.int64) if array.ndim else array.reshape(1).view(np.int64).reshape(())
    way = (((bits ^ (bits >> 17)) * (2654435761 + 2 * seed)) >> 11) % 3 - 1
    moved = np.nextafter(array, np.where(way > 0, np.inf, -np.inf))
    return np.where((way == 0) | ~np.isfinite(array) | np.isin(array, (0.0, 1.0)), array, moved)[()]


def erring(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Make NumPy's functions err in the last place, wherever bptui computes."""

    def function(rule: Rule) -> Rule:
        return lambda *arguments, **options: shaken(rule(*arguments, **options), seed)

    def product(a: Any, b: Any) -> Any:
        with np.errstate(all="ignore"):
            result = np.matmul(a, b)
            exact = np.matmul(np.asarray(a, np.longdouble), np.asarray(b, np.longdouble)) == result
        return np.where(exact, result, shaken(result, seed))[()]

    for name in ROUNDED:
        monkeypatch.setattr(numeric, name, function(getattr(numeric, name)))
    monkeypatch.setattr(numeric, "matmul", product)


@pytest.mark.parametrize("name", bundled.names())
def test_the_last_digit_changes_no_byte(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    formats = [one for one in FORMATS if one in ("text", "latex")]
    exact = bptui.run(bptui.load(name))
    before = {one: bptui.export(exact, one) for one in formats}
    erring(monkeypatch, seed=len(name))
    other = bptui.run(bptui.load(name))
    assert {one: bptui.export(other, one) for one in formats} == before


def test_the_numbers_do_change(monkeypatch: pytest.MonkeyPatch) -> None:
    before = bptui.run(bptui.load("exercise-7-1")).gradient("W1")
    erring(monkeypatch, seed=1)
    after = bptui.run(bptui.load("exercise-7-1")).gradient("W1")
    assert not np.array_equal(before, after)
    np.testing.assert_allclose(after, before, rtol=1e-13)
