"""Gradients against finite differences: an answer that no rule of bptui's had a part in, except the forward ones.

Central differences with a step of ∛ε·max(1, |x|), whose error is about 10⁻¹⁰ relative for well-scaled functions
(Nocedal and Wright, Numerical Optimization, section 8.1). At a kink they give the midpoint of the two one-sided slopes;
any gradient between these is accepted there, and the element is named as a kink.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bptui.engine.run import recompute
from bptui.scenario.program import Array
from bptui.trace.record import Trace

TOLERANCE = 1e-5
"""The largest relative error that counts as agreement."""

MOST_ELEMENTS = 64
"""How many elements of one value are checked; of larger ones so many, evenly spread."""

_EPSILON = float(np.finfo(np.float64).eps)
_STEPS = tuple(factor * _EPSILON ** (1 / 3) for factor in (1.0, 0.1, 10.0, 0.01))
"""Step sizes relative to max(1, |x|), tried in turn until one agrees."""


@dataclass(frozen=True, slots=True)
class Checked:
    """How the gradient with respect to one name compares with finite differences."""

    name: str
    checked: int
    """How many elements were compared."""
    size: int
    worst: float
    """The largest relative error, kinks left out."""
    ok: bool
    kinks: tuple[str, ...]
    """The elements at which the function has a kink."""
    not_finite: int
    """How many elements could not be compared, since a number there is nan or inf."""


def check_gradients(trace: Trace) -> list[Checked]:
    """Return one comparison for each name in the scenario's `wrt`, in its order."""
    return [_check(trace, name) for name in trace.program.wrt]


def _check(trace: Trace, name: str) -> Checked:
    value = trace.program.names[name]
    gradient = trace.gradient_of(value).reshape(-1)
    picked = (
        np.unique(np.linspace(0, gradient.size - 1, min(gradient.size, MOST_ELEMENTS)).astype(int))
        if gradient.size
        else ()
    )
    worst, ok, kinks, not_finite = 0.0, True, [], 0
    for flat in (int(one) for one in picked):
        verdict = _compare(trace, value, flat, float(gradient[flat]))
        if verdict.not_finite:
            not_finite += 1
            continue
        ok &= verdict.agrees
        if verdict.kink:
            kinks.append(trace.program.element_name(value, flat))
        else:
            worst = max(worst, verdict.error)
    return Checked(name, len(picked), gradient.size, worst, ok, tuple(kinks), not_finite)


@dataclass(frozen=True, slots=True)
class _Verdict:
    agrees: bool
    error: float = 0.0
    kink: bool = False
    not_finite: bool = False


def _compare(trace: Trace, value: int, flat: int, gradient: float) -> _Verdict:
    """Compare one element: the first step size that agrees settles it, the first one's error is what is reported."""
    here = _target(trace, trace.values)
    if not (math.isfinite(here) and math.isfinite(gradient)):
        return _Verdict(False, not_finite=True)
    verdicts = []
    for before, after, step in _differences(trace, value, flat):
        if not (math.isfinite(before) and math.isfinite(after)):
            continue
        slopes = ((here - before) / step, (after - here) / step)
        central = (after - before) / (2 * step)
        noise = 8 * _EPSILON * max(abs(before), abs(after), abs(here), _size(trace)) / step
        scale = max(abs(central), abs(gradient))
        error = abs(central - gradient) / max(scale, noise / TOLERANCE * 10) if scale else 0.0
        if abs(central - gradient) <= TOLERANCE * scale + noise:
            return _Verdict(True, error)
        slack = TOLERANCE * max(abs(slopes[0]), abs(slopes[1])) + 2 * noise
        apart = abs(slopes[1] - slopes[0]) > 100 * slack
        if apart and min(slopes) - slack <= gradient <= max(slopes) + slack:
            return _Verdict(True, kink=True)
        verdicts.append(_Verdict(False, abs(central - gradient) / scale if scale else math.inf))
    return min(verdicts, key=lambda verdict: verdict.error) if verdicts else _Verdict(False, not_finite=True)


def _differences(trace: Trace, value: int, flat: int) -> Iterator[tuple[float, float, float]]:
    """Yield the target before and after the element is moved by a step either way, and the step; for each step size."""
    array = trace.values[value]
    at = float(array.reshape(-1)[flat])
    for relative in _STEPS:
        step = relative * max(1.0, abs(at))
        step = (at + step) - at
        results = []
        for moved in (at - step, at + step):
            changed = array.copy()
            changed.reshape(-1)[flat] = moved
            results.append(_target(trace, recompute(trace.program, trace.values, {value: changed})))
        yield results[0], results[1], step


def _target(trace: Trace, values: Sequence[Array]) -> float:
    """Return the differentiated scalar: the target itself, or the seed times a target that is no scalar."""
    array = values[trace.program.target]
    with np.errstate(all="ignore"):
        return float((trace.seed * array).sum())


def _size(trace: Trace) -> float:
    with np.errstate(all="ignore"):
        return float(np.abs(trace.seed * trace.values[trace.program.target]).sum())
