"""Worked solutions as people write them, right ones and with one slip each: made by hand, with NumPy alone.

Nothing here knows the marker or its rules. A *pupil* works an exercise out line by line, writes down rounded numbers,
and carries on from what is written, from all digits, or now from one and now from the other. At one line a slip can be
made; what comes after is worked out from the result as it was written.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

Array = NDArray[np.float64]

MANNERS = ("written", "full", "mixed", "cut off", "one more")
"""What a pupil carries on from: what is written, all digits, now this and now that, two more digits, cut off, or one
more, rounded."""


@dataclass
class Sheet:
    """One scenario with its worked solution, and what is wrong with it."""

    scenario: str
    lines: list[tuple[str, str]]
    slip: str = ""
    at: int = -1
    """The line with the slip."""

    @property
    def text(self) -> str:
        return self.scenario + "\n[worked]\n" + "".join(f"'{key}' = {claim}\n" for key, claim in self.lines)


@dataclass
class Pupil:
    """Keeps what was worked out, rounds what is written, and may make one slip."""

    random: RandomState
    decimals: int
    manner: str
    slip: str = ""
    significant: bool = False
    """Whether `decimals` are significant digits, and not those after the point."""
    lines: list[tuple[str, str]] = field(default_factory=list)
    at: int = -1

    def places(self, number: float) -> int:
        """Return how many decimals a number is written with."""
        if not self.significant or not number:
            return self.decimals
        return max(0, self.decimals - 1 - math.floor(math.log10(abs(number))))

    def rounded(self, value: Any, more: int = 0) -> Array:
        """Return a number or an array rounded as it is written, or to `more` digits."""
        array = np.asarray(value, dtype=float)
        flat = [np.round(one, self.places(one) + more) + 0.0 for one in array.reshape(-1).tolist()]
        return np.reshape(flat, array.shape)

    def claim(self, value: Any) -> str:
        """Return a number or an array as it is written."""
        array = np.asarray(value, dtype=float)
        if array.ndim:
            return f"[{', '.join(self.claim(one) for one in array)}]"
        return f"{float(array):.{self.places(float(array))}f}"

    def cut(self, value: Any, more: int = 0) -> Any:
        """Return a number or an array cut off where it would be rounded, or `more` digits further on."""
        array = np.asarray(value, dtype=float)
        units = np.reshape([10.0 ** (self.places(one) + more) for one in array.reshape(-1).tolist()], array.shape)
        return np.trunc(array * units + 1e-6 * np.sign(array)) / units

    def carried(self, value: Any, written: Any) -> Any:
        """Return what the pupil goes on with."""
        manner = self.manner
        if manner == "mixed":
            manner = ("written", "full")[self.random.randint(2)]
        if manner == "written":
            return np.asarray(written)
        if manner == "one more":
            return self.rounded(value, 1)
        return self.cut(value, 2) if manner == "cut off" else np.asarray(value)

    def write(self, key: str, value: Any, slipped: dict[str, Any] | None = None) -> Any:
        """Write a line; with the slip, where it is one that this line can have. Return what is carried on."""
        right = self.rounded(value)
        if self.slip and self.at < 0 and slipped is not None:
            slip = self._with_slip(value, slipped)
            other = None if slip is None else self.cut(value) if self.slip == "truncated" else self.rounded(slip)
            if other is not None and self._shows(value, other, right):
                self.at = len(self.lines)
                self.lines.append((key, self.claim(other)))
                return self.carried(slip, other)
        self.lines.append((key, self.claim(right)))
        return self.carried(value, right)

    def _with_slip(self, value: Any, slipped: dict[str, Any]) -> Any:
        """Return what the slip makes of a line, with all digits; None where the line cannot have it."""
        if self.slip == "truncated":
            return value
        options = slipped.get(self.slip, [])
        options = options if isinstance(options, list) else [options]
        return options[self.random.randint(len(options))] if options else None

    def _shows(self, value: Any, other: Any, right: Any) -> bool:
        """Return whether a line with the slip is plainly another one."""
        true = np.asarray(value if self.slip == "truncated" else right, dtype=float)
        units = np.reshape([10.0 ** -self.places(one) for one in true.reshape(-1).tolist()], true.shape)
        apart = np.max(np.abs(np.asarray(other) - true) / units)
        return bool(np.all(np.isfinite(other)) and apart > (0.75 if self.slip == "truncated" else 2.5))


def put(array: Any, place: Any, number: float) -> Array:
    changed = np.array(array, dtype=float)
    changed[place] = number
    return changed


def nest(array: Any) -> str:
    return str(np.asarray(array).tolist())


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-np.asarray(z)))


ACTIVATIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]] = {
    "relu": (lambda z: np.maximum(z, 0.0), lambda z, h: (np.asarray(z) > 0).astype(float)),
    "sigmoid": (sigmoid, lambda z, h: h * (1 - h)),
    "tanh": (np.tanh, lambda z, h: 1 - h**2),
}


def network(random: RandomState, decimals: int, manner: str, slip: str = "", thorough: bool | None = None) -> Sheet:
    """Return a worked solution of a network of one hidden layer, line by line or only in its main lines."""
    n, m, k = random.randint(2, 4), random.randint(2, 5), random.randint(2, 4)
    if slip == "transposed":
        m = k = n
    hidden = ("relu", "sigmoid", "tanh")[random.randint(3)] if slip != "relu-mask" else "relu"
    loss = ("bce", "mse")[random.randint(2)] if slip != "log-base" else "bce"
    out = "sigmoid" if loss == "bce" else ("sigmoid", "tanh")[random.randint(2)]
    x, t = np.round(random.uniform(-1, 1, n), 1), random.randint(0, 2, k).astype(float)
    W1, b1 = np.round(random.uniform(-1, 1, (m, n)), 1), np.round(random.uniform(-0.5, 0.5, m), 1)
    W2, b2 = np.round(random.uniform(-1, 1, (k, m)), 1), np.round(random.uniform(-0.5, 0.5, k), 1)
    formula = {"bce": "-1/2 * sum(t*log(y) + (1 - t)*log(1 - y))", "mse": "1/2 * sum((y - t)**2)"}[loss]
    scenario = f"""index_base = 1
[inputs]
x = {nest(x)}
t = {nest(t)}
[parameters]
W1 = {nest(W1)}
b1 = {nest(b1)}
W2 = {nest(W2)}
b2 = {nest(b2)}
[forward]
z1 = "W1 @ x + b1"
h = "{hidden}(z1)"
z2 = "W2 @ h + b2"
y = "{out}(z2)"
L = "{formula}"
"""
    pupil = Pupil(random, decimals, manner, slip, significant=by_size(random, slip))
    if thorough is None:
        thorough = bool(random.randint(2))
    f, df = ACTIVATIONS[hidden]
    g, dg = ACTIVATIONS[out]
    at = Places(random, n, m, k)
    started = random.randint(0, 10) if slip else 0

    def slips(stage: int, **options: Any) -> dict[str, Any]:
        """Return the slips that a line can have, none before the stage at which the pupil stops being careful."""
        return {name.replace("_", "-"): one for name, one in options.items()} if stage >= started else {}

    def line(key: str, value: Any, stage: int, worth: bool = True, **options: Any) -> Any:
        if not (worth or thorough):
            return value
        return pupil.write(key, value, slips(stage, **options) if stage >= started else None)

    i, j, off = at.i, at.j, miscalculated(random)
    products = W1 * x
    p1 = line(
        "W1 @ x", W1 @ x, 0, worth=False,
        sign=[put(W1 @ x, i, (W1 @ x)[i] - 2 * products[i, j])] if products[i, j] < 0 else [],
        missing_path=W1[:, :-1] @ x[:-1],
        wrong_operand=[put(W1 @ x, i, (W1 @ x)[i] + (W1[a, b] - W1[i, j]) * x[j]) for a in range(m) for b in range(n)],
        transposed=W1.T @ x if m == n else [],
        arithmetic=put(W1 @ x, i, (W1 @ x)[i] + off),
        swapped=swap(W1 @ x, at.pair(m)),
    )  # fmt: skip
    z1 = line("z1", p1 + b1, 1, arithmetic=put(p1 + b1, i, (p1 + b1)[i] + off), swapped=swap(p1 + b1, at.pair(m)))
    h = line("h", f(z1), 2, relu_mask=z1 if hidden == "relu" else [], swapped=swap(f(z1), at.pair(m)))
    p2 = line(
        "W2 @ h", W2 @ h, 3, worth=False,
        missing_path=[W2[:, [a for a in range(m) if a != b]] @ h[[a for a in range(m) if a != b]] for b in range(m)],
        wrong_operand=[put(W2 @ h, at.o, (W2 @ h)[at.o] + (W2[a, b] - W2[at.o, i]) * h[i])
                       for a in range(k) for b in range(m)],
        arithmetic=put(W2 @ h, at.o, (W2 @ h)[at.o] - off),
    )  # fmt: skip
    z2 = line("z2", p2 + b2, 4, swapped=swap(p2 + b2, at.pair(k)))
    y = line("y", g(z2), 5, swapped=swap(g(z2), at.pair(k)))
    if loss == "bce":
        terms = t * np.log(y) + (1 - t) * np.log(1 - y)
        dy = -0.5 * (t / y - (1 - t) / (1 - y))
        lost = -0.5 * (t / y + (1 - t) / (1 - y))
    else:
        terms = -((y - t) ** 2)
        dy = y - t
        lost = -dy
    line(
        "L", -0.5 * terms.sum(), 6, sign=0.5 * terms.sum(), missing_factor=-terms.sum(),
        log_base=[-0.5 * terms.sum() / math.log(10), -0.5 * terms.sum() / math.log(2)] if loss == "bce" else [],
        missing_path=-0.5 * terms[:-1].sum(), extra_factor=-0.25 * terms.sum(), arithmetic=-0.5 * (terms.sum() + off),
    )  # fmt: skip
    o = at.o
    whole = bool(random.randint(2))
    if whole:
        dy = line("dL/dy", dy, 7, sign=lost if loss == "mse" else -dy, missing_factor=2 * dy if loss == "bce" else [],
                  log_base=dy / math.log(10) if loss == "bce" else [], swapped=swap(dy, at.pair(k)))  # fmt: skip
    else:
        for a in range(k):
            dy = put(dy, a, line(f"dL/dy({a + 1})", dy[a], 7, sign=-dy[a],
                                 missing_factor=2 * dy[a] if loss == "bce" else [],
                                 log_base=dy[a] / math.log(10) if loss == "bce" else []))  # fmt: skip
    slope2 = dg(z2, y)
    for a in range(k):
        slope2 = put(slope2, a, line(f"dy({a + 1})/dz2({a + 1})", slope2[a], 8, worth=False, not_derived=y[a],
                                     sign=-slope2[a]))  # fmt: skip
    dz2 = dy * slope2
    dz2_or = {"sign": -dz2, "missing_factor": dy, "not_derived": dy * y, "extra_factor": [dz2 * slope2, dz2 / 2]}
    if random.randint(2):
        dz2 = line("dL/dz2", dz2, 9, worth=bool(random.randint(2)), **dz2_or)
    W = np.outer(dz2, h)
    line(
        f"dL/dW2({o + 1},{i + 1})", W[o, i], 10, sign=-W[o, i], missing_factor=[dz2[o], dy[o] * h[i]],
        not_derived=dy[o] * y[o] * h[i], wrong_operand=[dz2[o] * h[b] for b in range(m) if b != i],
        extra_factor=[W[o, i] * slope2[o], W[o, i] * 2],
        transposed=W[i, o] if k == m and i != o else [],
    )  # fmt: skip
    if random.randint(2):
        line("dL/dW2", W, 10, sign=-W, transposed=W.T if k == m else [], missing_factor=np.outer(dy, h))
    if slip != "swapped":
        line(f"dL/db2({o + 1})", dz2[o], 10, sign=-dz2[o], missing_factor=dy[o], not_derived=dy[o] * y[o],
             extra_factor=dz2[o] * slope2[o])  # fmt: skip
    first, second = at.pair(k)
    if slip == "swapped" and pupil.at < 0 and abs(dz2[first] - dz2[second]) > 3 * 10.0**-decimals:
        pupil.at = len(pupil.lines)
        pupil.lines.append((f"dL/db2({first + 1})", pupil.claim(dz2[second])))
        pupil.lines.append((f"dL/db2({second + 1})", pupil.claim(dz2[first])))
    dh = W2.T @ dz2
    dh_one = [W2[[a for a in range(k) if a != b]].T @ dz2[[a for a in range(k) if a != b]] for b in range(k)]
    if random.randint(2):
        dh = line("dL/dh", dh, 11, worth=bool(random.randint(2)), sign=-dh, missing_path=dh_one,
                  transposed=W2 @ dz2 if k == m else [], arithmetic=put(dh, i, dh[i] + off),
                  wrong_operand=[put(dh, i, dh[i] + (W2[a, b] - W2[o, i]) * dz2[o])
                                 for a in range(k) for b in range(m)], swapped=swap(dh, at.pair(m)))  # fmt: skip
    else:
        line(f"dL/dh({i + 1})", dh[i], 11, sign=-dh[i], missing_path=[one[i] for one in dh_one],
             transposed=(W2 @ dz2)[i] if k == m else [], arithmetic=dh[i] + off,
             wrong_operand=[dh[i] + (W2[a, b] - W2[o, i]) * dz2[o] for a in range(k) for b in range(m)])  # fmt: skip
    slope1 = df(z1, h)
    dz1 = dh * slope1
    silent = (np.asarray(z1) <= 0) if hidden == "relu" else np.zeros(m, dtype=bool)
    dz1 = line("dL/dz1", dz1, 12, worth=bool(random.randint(2)), sign=-dz1, not_derived=dh * h,
               missing_factor=dh if hidden != "relu" else [], relu_mask=dh if silent.any() else [])  # fmt: skip
    short = [one[i] * slope1[i] for one in dh_one]
    line(
        f"dL/dW1({i + 1},{j + 1})", dz1[i] * x[j], 13, sign=-dz1[i] * x[j], missing_path=[one * x[j] for one in short],
        missing_factor=[dz1[i], dh[i] * x[j]] if hidden != "relu" else [dz1[i]], not_derived=dh[i] * h[i] * x[j],
        relu_mask=dh[i] * x[j] if silent[i] else [], wrong_operand=[dz1[i] * x[b] for b in range(n) if b != j],
        extra_factor=dz1[i] * x[j] * (slope1[i] if hidden != "relu" else 2),
    )  # fmt: skip
    line(
        f"dL/db1({i + 1})", dz1[i], 13, sign=-dz1[i], missing_path=short, not_derived=dh[i] * h[i],
        relu_mask=dh[i] if silent[i] else [], missing_factor=dh[i] if hidden != "relu" else [],
    )  # fmt: skip
    dx = W1.T @ dz1
    others = [[a for a in range(m) if a != b] for b in range(m)]
    line(f"dL/dx({j + 1})", dx[j], 14, sign=-dx[j], missing_path=[W1[rest, j] @ dz1[rest] for rest in others],
         arithmetic=dx[j] + off, transposed=(W1 @ dz1)[j] if m == n else [])  # fmt: skip
    return Sheet(scenario, pupil.lines, slip, pupil.at)


def miscalculated(random: RandomState) -> float:
    """Return how far a miscalculated term is off."""
    return float(np.round(random.uniform(0.05, 0.6) * random.choice([-1, 1]), 3))


class Places:
    """Which elements a pupil is asked about."""

    def __init__(self, random: RandomState, n: int, m: int, k: int) -> None:
        self.random = random
        self.j, self.i, self.o = random.randint(n), random.randint(m), random.randint(k)

    def pair(self, size: int) -> tuple[int, int]:
        first, second = self.random.choice(size, 2, replace=False)
        return int(first), int(second)


def by_size(random: RandomState, slip: str) -> bool:
    """Return whether a pupil counts significant digits."""
    return bool(random.randint(3) == 0) and slip != "truncated"


def swap(array: Any, pair: tuple[int, int]) -> Array:
    changed = np.array(array, dtype=float)
    changed[list(pair)] = changed[list(pair[::-1])]
    return changed


def permutation(random: RandomState, decimals: int, manner: str, slip: str = "") -> Sheet:
    """Return a worked solution of one element times a permutation, F = x[c]*permute(x), with a seed in numbers."""
    size, c = random.randint(3, 7), 0
    order = random.permutation(size)
    while np.array_equal(order[order], np.arange(size)):
        order = random.permutation(size)
    c = random.randint(size)
    x, d = np.round(random.uniform(-3, 3, size), 2), np.round(random.uniform(-2, 2, size), 1)
    alone = bool(random.randint(2)) and slip != "overwritten"
    formula = f"permute(x, {nest(order)})" if alone else f"x[{c}] * permute(x, {nest(order)})"
    scenario = f"""
[inputs]
x = {nest(x)}
[forward]
F = "{formula}"
[backward]
of = "F"
seed = {nest(d)}
"""
    pupil = Pupil(random, decimals, manner, slip)
    scale = 1.0 if alone else x[c]
    F, wrong = scale * x[order], scale * x[np.argsort(order)]
    moved, turned = np.zeros(size), scale * d[order]
    moved[order] = scale * d
    front = 0.0 if alone else float(d @ x[order])
    dx, inverse = put(moved, c, moved[c] + front), put(turned, c, turned[c] + front)
    careful = bool(random.randint(2))
    pupil.write("F", F, None if careful else {"inverse-permutation": wrong, "swapped": swap(F, (0, 1)), "sign": -F})
    if random.randint(2):
        pupil.write("dL/dx", dx, {"inverse-permutation": inverse, "sign": -dx, "swapped": swap(dx, (0, 1)),
                                  "overwritten": [moved, put(dx, c, front)] if not alone else []})  # fmt: skip
    else:
        for a in range(size):
            options: dict[str, Any] = {
                "inverse-permutation": inverse[a],
                "sign": -dx[a],
            }
            b = (int(np.argsort(order)[c]) + 1) % size
            if a == c and not alone:
                options |= {"overwritten": [moved[c], front], "missing-path": front - d[b] * x[order[b]] + moved[c]}
            pupil.write(f"dL/dx[{a}]", dx[a], options)
    return Sheet(scenario, pupil.lines, slip, pupil.at)


def deep(random: RandomState, decimals: int, manner: str, slip: str = "") -> Sheet:
    """Return a worked solution of a network written as layers, in whole arrays, for one input or a batch of them."""
    depth = random.randint(1, 4)
    widths = [int(random.randint(2, 4)) for _ in range(depth + 1)]
    if slip == "transposed":
        widths, depth = [2, 2, 2], 2
    batch = int(random.randint(2, 4)) if random.randint(2) else 0
    if slip == "relu-mask" and depth == 1:
        widths, depth = [*widths, 2], 2
    kinds = [("relu", "sigmoid", "tanh")[random.randint(3)] for _ in range(depth - 1)]
    if slip == "relu-mask":
        kinds = ["relu"] * len(kinds)
    loss = ("mse", "bce", "softmax_cross_entropy")[random.randint(3)]
    if slip == "log-base":
        loss = ("bce", "softmax_cross_entropy")[random.randint(2)]
    last = "sigmoid" if loss == "bce" else ""
    mean = bool(random.randint(2)) or slip == "missing-factor"
    x = np.round(random.uniform(-1, 1, (batch, widths[0]) if batch else widths[0]), 1)
    t = np.zeros((batch, widths[-1]) if batch else widths[-1])
    if loss == "softmax_cross_entropy":
        t.reshape(-1, widths[-1])[np.arange(batch or 1), random.randint(widths[-1], size=batch or 1)] = 1.0
    else:
        t = random.randint(0, 2, t.shape).astype(float)
    Ws = [np.round(random.uniform(-1, 1, (widths[i + 1], widths[i])), 1) for i in range(depth)]
    bs = [np.round(random.uniform(-0.5, 0.5, widths[i + 1]), 1) for i in range(depth)]
    layers = []
    for W, b, kind in zip(Ws, bs, [*kinds, last], strict=True):
        activation = f', activation = "{kind}"' if kind else ""
        layers.append(f'{{ kind = "dense", units = {len(b)}{activation}, weights = {nest(W)}, bias = {nest(b)} }}')
    reduction = "mean" if mean else "sum"
    scenario = f"""
[inputs]
x = {nest(x)}
t = {nest(t)}
[network]
input = "x"
layers = [{", ".join(layers)}]
loss = {{ kind = "{loss}", target = "t", reduction = "{reduction}" }}
"""
    pupil, off = Pupil(random, decimals, manner, slip, by_size(random, slip)), miscalculated(random)
    few = bool(random.randint(2))
    started = random.randint(2) if slip else 0

    def line(key: str, value: Any, worth: bool = True, careful: bool = False, **options: Any) -> Any:
        if few and not worth and random.randint(2):
            return value
        slips = {name.replace("_", "-"): one for name, one in options.items()}
        return pupil.write(key, value, None if careful else slips)

    a, inputs, zs, outs = x, [], [], []
    for i, (W, b, kind) in enumerate(zip(Ws, bs, [*kinds, last], strict=True), start=1):
        inputs.append(a)
        named = f"z{i}" if kind or i < depth else "y"
        z = line(named, a @ W.T + b, worth=False, careful=bool(started), arithmetic=put(a @ W.T + b, at_random(
            random, a @ W.T), float((a @ W.T + b).reshape(-1)[0]) + off))  # fmt: skip
        zs.append(z)
        if kind:
            value = ACTIVATIONS[kind][0](z)
            a = line(f"a{i}" if i < depth else "y", value, worth=False, careful=bool(started),
                     relu_mask=z if kind == "relu" else [])  # fmt: skip
        else:
            a = z
        outs.append(a)
    n = (t.size if loss != "softmax_cross_entropy" else (batch or 1)) if mean else 1
    if loss == "mse":
        total, d = ((a - t) ** 2).sum() / n, 2 * (a - t) / n
    elif loss == "bce":
        total, d = -(t * np.log(a) + (1 - t) * np.log(1 - a)).sum() / n, (-t / a + (1 - t) / (1 - a)) / n
    else:
        p = np.exp(a) / np.exp(a).sum(-1, keepdims=True)
        total, d = -(t * np.log(p)).sum() / n, (p - t) / n
    logs: dict[str, Any] = {} if loss == "mse" else {"log_base": [total / math.log(10), total / math.log(2)]}
    line("L", total, careful=bool(started), sign=-total, missing_factor=total * n if n > 1 else [], **logs)
    logs = {} if loss != "bce" else {"log_base": [d / math.log(10)]}
    d = line("dL/dy", d, sign=-d, missing_factor=d * n if n > 1 else [], **logs)
    for i in range(depth, 0, -1):
        kind = [*kinds, last][i - 1]
        if kind:
            slope = ACTIVATIONS[kind][1](zs[i - 1], outs[i - 1])
            options: dict[str, Any] = {"sign": -d * slope, "not_derived": d * outs[i - 1]}
            if kind != "relu":
                options |= {"missing_factor": d, "extra_factor": d * slope**2}
            elif not np.all(slope):
                options["relu_mask"] = d
            d = line(f"dL/dz{i}", d * slope, worth=False, **options)
        dW = d.T @ inputs[i - 1] if batch else np.outer(d, inputs[i - 1])
        square = dW.shape[0] == dW.shape[1]
        missing = [d[keep].T @ inputs[i - 1][keep] for keep in others(batch)] if batch > 1 else []
        line(f"dL/dW{i}", dW, sign=-dW, transposed=dW.T if square else [], missing_path=missing)
        db = d.sum(0) if batch else d
        line(f"dL/db{i}", db, sign=-db, missing_path=[d[keep].sum(0) for keep in others(batch)] if batch > 1 else [],
             missing_factor=[])  # fmt: skip
        if i > 1:
            d = line(f"dL/da{i - 1}", d @ Ws[i - 1], worth=False, sign=-(d @ Ws[i - 1]),
                     transposed=d @ Ws[i - 1].T if Ws[i - 1].shape[0] == Ws[i - 1].shape[1] else [],
                     missing_path=[d[..., keep] @ Ws[i - 1][keep] for keep in others(widths[i])])  # fmt: skip
    return Sheet(scenario, pupil.lines, slip, pupil.at)


def others(size: int) -> list[list[int]]:
    """Return for each index all others."""
    return [[one for one in range(size) if one != left_out] for left_out in range(size)] if size > 1 else []


def at_random(random: RandomState, array: Any) -> tuple[int, ...]:
    return tuple(int(random.randint(length)) for length in np.shape(array))


def reuse(random: RandomState, decimals: int, manner: str, slip: str = "") -> Sheet:
    """Return a worked solution in which values are used more than once: a product with itself, a skip connection."""
    a, b, x = (float(np.round(random.uniform(0.3, 2) * random.choice([-1, 1]), 1)) for _ in range(3))
    scenario = f"""
[inputs]
x = {x}
a = {a}
b = {b}
[forward]
u = "a*x"
v = "u*tanh(u) + b*u"
L = "v*v*x"
"""
    pupil, off = Pupil(random, decimals, manner, slip, by_size(random, slip)), miscalculated(random)
    u = pupil.write("u", a * x, {"sign": -a * x})
    v = pupil.write(
        "v", u * np.tanh(u) + b * u, {"missing-path": u * np.tanh(u), "arithmetic": u * np.tanh(u) + b * u + 0.2}
    )
    pupil.write("L", v * v * x, {"sign": -v * v * x, "missing-factor": [v * x, v * v]})
    dv = pupil.write("dL/dv", 2 * v * x, {"overwritten": v * x, "sign": -2 * v * x, "missing-factor": 2 * v})
    parts = [np.tanh(u), u * (1 - np.tanh(u) ** 2), b]
    slope = pupil.write("dv/du", sum(parts), {"overwritten": parts, "arithmetic": sum(parts) + off})
    du = pupil.write("dL/du", dv * slope, {"sign": -dv * slope, "missing-factor": [dv, slope]})
    pupil.write("dL/da", du * x, {"sign": -du * x, "missing-factor": du})
    pupil.write("dL/dx", du * a + v * v, {"overwritten": [du * a, v * v], "sign": -du * a - v * v,
                                          "arithmetic": du * a + v * v + off})  # fmt: skip
    return Sheet(scenario, pupil.lines, slip, pupil.at)


EXERCISES = (network, deep, permutation, reuse)

SLIPS: dict[str, tuple[Callable[..., Sheet], ...]] = {
    "sign": EXERCISES,
    "truncated": EXERCISES,
    "log-base": (network, deep),
    "missing-path": (network, deep, permutation),
    "overwritten": (permutation, reuse),
    "missing-factor": (network, deep, reuse),
    "extra-factor": (network, deep),
    "wrong-operand": (network,),
    "transposed": (network, deep),
    "inverse-permutation": (permutation,),
    "relu-mask": (network, deep),
    "not-derived": (network, deep),
    "swapped": (network, network, permutation),
    "arithmetic": (network, deep, reuse),
}


def right_sheets(number: int, seed: int = 0) -> Iterator[Sheet]:
    """Yield worked solutions without a slip."""
    for at in range(number):
        random = RandomState(seed + at)
        make = EXERCISES[at % len(EXERCISES)]
        yield make(random, int(random.choice([2, 2, 3, 4])), MANNERS[at // len(EXERCISES) % len(MANNERS)])


def wrong_sheets(slip: str, number: int, seed: int = 0) -> Iterator[Sheet]:
    """Yield worked solutions with one planted slip."""
    made = at = 0
    while made < number:
        random = RandomState(seed + 7919 * at)
        make = SLIPS[slip][at % len(SLIPS[slip])]
        sheet = make(random, int(random.choice([2, 3, 3, 4])), MANNERS[at // len(SLIPS[slip]) % len(MANNERS)], slip)
        at += 1
        if sheet.at >= 0:
            made += 1
            yield sheet
