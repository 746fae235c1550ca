"""Every operation at every one of its samples, the checker itself, and the conventions one by one."""

from __future__ import annotations

import functools
import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bptui.errors import BptuiError
from bptui.ops import CALLABLE, OPERATIONS, numeric, operation
from bptui.ops.operation import ATOM, COMPARISON, SUM, Operation, Sample, ShapeError, Written
from bptui.ops.structure import Structure
from checker import (
    Array,
    Names,
    Wrong,
    check,
    check_autograd,
    check_coverage,
    check_differences,
    check_structure,
    check_texts,
    choose,
    draw,
    evaluate,
    forward,
    frozen,
    jacobian,
    mask,
    vjp,
    with_defaults,
)
from oracles import ORACLES

# fmt: off
TABLE = [
    "exp", "log", "log10", "sqrt", "abs", "square", "sin", "cos", "tanh", "sigmoid", "relu", "leaky_relu", "elu",
    "softplus", "silu", "gelu", "minimum", "maximum", "where",
    "dot", "outer", "transpose",
    "sum", "mean", "max", "min", "prod", "logsumexp", "norm", "cumsum",
    "softmax", "log_softmax", "mse", "bce", "cross_entropy", "softmax_cross_entropy",
    "permute", "sort", "reverse", "roll", "gather", "topk", "reshape", "concat", "stack",
    "conv1d", "max_pool1d",
]
# fmt: on
"""The names of the format's table of operations, `@` left out."""


def sample_id(sample: Sample) -> str:
    operands = sample.shapes if sample.values is None else sample.values
    options = [f"{name}={value}" for name, value in sample.params.items()]
    return " ".join(map(str, (*operands, *options))).replace(", ", ",").replace(",)", ")")


PAIRS = [(name, sample) for name, one in OPERATIONS.items() for sample in one.samples]
SAMPLES = [pytest.param(name, sample, id=f"{name} {sample_id(sample)}") for name, sample in PAIRS]


def run(name: str, *inputs: Any, **params: Any) -> Array:
    return forward(OPERATIONS[name], [frozen(one) for one in inputs], params)


def back(name: str, upstream: Any, *inputs: Any, slot: int = 0, **params: Any) -> Array:
    return vjp(OPERATIONS[name], [frozen(one) for one in inputs], params, slot, frozen(upstream))


def matrix(name: str, *inputs: Any, slot: int = 0, **params: Any) -> Array:
    return jacobian(OPERATIONS[name], [frozen(one) for one in inputs], params, slot)


def shape(name: str, *shapes: tuple[int, ...], **params: Any) -> tuple[int, ...]:
    return OPERATIONS[name].shape(shapes, **with_defaults(OPERATIONS[name], params))


# Every operation, every sample


@pytest.mark.parametrize(("name", "sample"), SAMPLES)
def test_operation(name: str, sample: Sample) -> None:
    check(OPERATIONS[name], sample, ORACLES[name])


def is_constant(name: str, sample: Sample) -> bool:
    """Return whether the result is always the same: a softmax over a single element is 1."""
    if name not in ("softmax", "log_softmax", "softmax_cross_entropy"):
        return False
    axis = sample.params.get("axis", -1)
    return math.prod(sample.shapes[0]) == 1 if axis is None else isinstance(axis, int) and sample.shapes[0][axis] == 1


@pytest.mark.parametrize(
    ("name", "sample"),
    [
        param
        for param, (name, sample) in zip(SAMPLES, PAIRS, strict=True)
        if sample.values is None and not is_constant(name, sample)
    ],
)
def test_every_entry_of_the_structure_can_have_a_slope(name: str, sample: Sample) -> None:
    check_coverage(OPERATIONS[name], sample)


@pytest.mark.parametrize(("name", "sample"), SAMPLES)
@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf, 0.0])
def test_odd_values_pass_through_and_nothing_raises(name: str, sample: Sample, odd: float) -> None:
    one = OPERATIONS[name]
    for slot in range(len(draw(sample))):
        inputs = draw(sample)
        inputs[slot] = frozen(np.full_like(inputs[slot], odd))
        output = forward(one, inputs, sample.params)
        if not one.passes(slot):
            continue
        contribution = vjp(one, inputs, sample.params, slot, frozen(np.ones_like(output)))
        if math.isnan(odd) and name not in ("where", "power"):  # where may take the other, and nan**0 is 1
            shapes = tuple(array.shape for array in inputs)
            structure = one.structure(slot, shapes, output.shape, choose(one, inputs, sample.params))
            reading = [i for i in range(output.size) if len(structure.reads(i))]
            assert np.isnan(output.ravel()[reading]).all()
            assert contribution.shape == inputs[slot].shape


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_record_is_complete(name: str) -> None:
    one = OPERATIONS[name]
    assert one.name == name
    assert one.samples
    assert one.formula.isascii()
    assert len(one.rules) == len(one.operands)
    for slot, rule in enumerate(one.rules):
        assert rule.isascii()
        assert bool(rule) == one.passes(slot)
    if any(sample.kink for sample in one.samples):
        assert one.convention
    with_all = {option for sample in one.samples for option in sample.params}
    assert with_all == set(one.options), "each option is set by some sample"


# The checker rejects what is wrong


def slightly(rule: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args, **params: 1.001 * rule(*args, **params)


def largest_sample(one: Operation) -> Sample:
    """Return the sample with most results that are not 0: there a factor of 1.001 has somewhere to show."""
    plain = [sample for sample in one.samples if not sample.kink and "approximate" not in sample.params]
    return max(plain, key=lambda sample: np.count_nonzero(forward(one, draw(sample), sample.params)))


def wrong_rules(one: Operation) -> Iterator[tuple[str, Operation]]:
    yield "forward", replace(one, forward=slightly(one.forward))
    yield "element", replace(one, element=lambda cell, i: f"1.001*({one.element(cell, i)})")
    for slot, rule in enumerate(one.vjps):
        if rule is not None:
            vjps = (*one.vjps[:slot], slightly(rule), *one.vjps[slot + 1 :])
            yield f"vjp {slot}", replace(one, vjps=vjps)
    for slot, rule in enumerate(one.partials):
        if rule is not None:
            partials = (*one.partials[:slot], slightly(rule), *one.partials[slot + 1 :])
            yield f"partial {slot}", replace(one, partials=partials)
    if one.passes(len(one.operands) - 1):
        yield "derivative", replace(one, derivative=lambda *at: f"1.001*({one.derivative(*at)})")


def is_rejected(mutant: Operation, sample: Sample, oracle: Callable[..., Any]) -> bool:
    try:
        check(mutant, sample, oracle)
    except Wrong:
        return True
    return False


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_checker_rejects_what_is_wrong_by_a_thousandth(name: str) -> None:
    sample = largest_sample(OPERATIONS[name])
    for what, mutant in wrong_rules(OPERATIONS[name]):
        assert is_rejected(mutant, sample, ORACLES[name]), f"{name} with a wrong {what} passes"


def test_each_source_alone_rejects_a_wrong_derivative() -> None:
    sample = Sample(shapes=((3,),))
    one, inputs = OPERATIONS["tanh"], draw(sample)
    partial = one.partials[0]
    assert partial is not None
    mutant = replace(one, partials=(slightly(partial),))
    wrong = jacobian(mutant, inputs, {}, 0)
    with pytest.raises(Wrong, match="by differences"):
        check_differences(wrong, np.tanh, inputs, 0, "tanh")
    with pytest.raises(Wrong, match="between one-sided slopes"):
        check_differences(wrong, np.tanh, inputs, 0, "tanh", kink=True)
    with pytest.raises(Wrong, match="by autograd"):
        check_autograd(wrong, ORACLES["tanh"], inputs, 0, "tanh")
    with pytest.raises(Wrong, match="the text of"):
        check_texts(mutant, inputs, {})


def from_matrix(table: Any) -> Structure:
    return Structure("test", lambda i: np.flatnonzero(table[i]), lambda j: np.flatnonzero(table[:, j]))


def with_structure(one: Operation, table: Any) -> Operation:
    return replace(one, structure=lambda *where: from_matrix(table))


@pytest.mark.parametrize(
    "name", ["tanh", "add", "matmul", "sum", "softmax", "cumsum", "permute", "index", "conv1d", "mse"]
)
def test_the_checker_rejects_a_wrong_structure(name: str) -> None:
    one = OPERATIONS[name]
    sample = next(
        one for one in one.samples if one.values is None and len(one.shapes[0]) == (1 if name == "conv1d" else 2)
    )
    inputs = draw(sample)
    right = jacobian(one, inputs, sample.params, 0) != 0.0
    missing = right.copy()
    missing[tuple(np.argwhere(right)[-1])] = False
    with pytest.raises(Wrong, match="outside its structure"):
        check_structure(with_structure(one, missing), inputs, sample.params)
    if not right.all():
        extra = right.copy()
        extra[tuple(np.argwhere(~right)[0])] = True
        with pytest.raises(Wrong, match="never a slope"):
            check_coverage(with_structure(one, extra), sample)
    disagreeing = Structure("test", from_matrix(missing).reads, from_matrix(right).feeds)
    with pytest.raises(Wrong, match="disagree"):
        check_structure(replace(one, structure=lambda *at: disagreeing), inputs, sample.params)


def test_the_checker_rejects_an_unsorted_list_a_wrong_shape_and_a_foreign_text() -> None:
    table = np.ones((2, 2), dtype=bool)
    backwards = Structure("test", lambda i: np.array([1, 0]), from_matrix(table).feeds)
    with pytest.raises(Wrong, match="not sorted"):
        mask(backwards, 2, 2)
    one = replace(OPERATIONS["sum"], shape=lambda shapes, **params: (1,))
    with pytest.raises(Wrong, match="shape says"):
        forward(one, [frozen([1.0, 2.0])], {})
    for text in ("x0_1 + z", "open(x0_0)", "x0_0.real", "x0_0 // 2", "x0_0·2"):
        with pytest.raises(Wrong):
            evaluate(text, {"x0_0": 1.0, "x0_1": 2.0})


def test_a_rule_that_writes_to_its_operands_fails() -> None:
    def rude(xp: Any, x: Any) -> Any:
        x[0] = 1.0
        return x

    with pytest.raises(ValueError, match="read-only"):
        forward(replace(OPERATIONS["identity"], forward=rude), [frozen([1.0])], {})


# Kinks and ties


@pytest.mark.parametrize(
    ("name", "params", "expected"),
    [
        ("relu", {}, 0.0),
        ("abs", {}, 0.0),
        ("leaky_relu", {}, 0.01),
        ("leaky_relu", {"slope": 0.2}, 0.2),
        ("elu", {}, 1.0),
    ],
)
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_slope_at_the_kink(name: str, params: dict[str, Any], expected: float, zero: float) -> None:
    assert matrix(name, [zero], **params) == [[expected]]


def test_ties_share_equally() -> None:
    assert back("max", 6.0, [3.0, 1.0, 3.0, 3.0]).tolist() == [2.0, 0.0, 2.0, 2.0]
    assert back("min", 6.0, [1.0, 3.0, 1.0]).tolist() == [3.0, 0.0, 3.0]
    assert back("max", [6.0, 2.0], [[1.0, 1.0], [0.0, 5.0]], axis=1).tolist() == [[3.0, 3.0], [0.0, 2.0]]
    assert back("max_pool1d", [4.0, 1.0], [2.0, 2.0, 0.0, 1.0, 9.0], n=2).tolist() == [2.0, 2.0, 0.0, 1.0, 0.0]
    for slot in (0, 1):
        assert back("maximum", [4.0, 1.0], [2.0, 5.0], [2.0, 5.0], slot=slot).tolist() == [2.0, 0.5]
        assert back("minimum", [4.0, 1.0], [2.0, 5.0], [2.0, 5.0], slot=slot).tolist() == [2.0, 0.5]


def test_extremes_without_a_recorded_choice_share_alike() -> None:
    x, y = frozen([[3.0, 1.0, 3.0]]), frozen([3.0])
    rule = OPERATIONS["max"].vjp(0)
    assert rule is not None
    assert rule(numeric, frozen([2.0]), y, x, axis=1, keepdims=False).tolist() == [[1.0, 0.0, 1.0]]
    cell = Names(((1, 3),), (1,), {"axis": 1, "keepdims": False})
    values = {"x0_0": 3.0, "x0_1": 1.0, "y_0": 3.0}
    assert evaluate(OPERATIONS["max"].derivative(cell, 0, 0, 0), values) == 1.0
    assert evaluate(OPERATIONS["max"].derivative(cell, 0, 0, 1), values) == 0.0


def test_norm_at_the_zero_vector_and_far_from_one() -> None:
    assert matrix("norm", [0.0, 0.0]).tolist() == [[0.0, 0.0]]
    assert run("norm", [3e200, 4e200]) == pytest.approx(5e200)
    assert run("norm", [3e-200, 4e-200]) == pytest.approx(5e-200)
    assert matrix("norm", [3e-200, 4e-200]) == pytest.approx(np.array([[0.6, 0.8]]))
    assert run("norm", [3.0, 4.0]) == 5.0
    assert run("norm", [1.0, math.inf]) == math.inf
    assert run("norm", [5e-324]) == 5e-324
    assert run("norm", [1.7e308]) == 1.7e308


def test_power_at_its_corners() -> None:
    assert matrix("power", [0.0], [0.0]).tolist() == [[0.0]]
    assert matrix("power", [0.0], [1.0]).tolist() == [[1.0]]
    assert matrix("power", [0.0], [2.0], slot=1).tolist() == [[0.0]]


def test_sort_is_stable_in_both_directions() -> None:
    x = [2.0, 1.0, 2.0, 1.0]
    upstream = [10.0, 20.0, 30.0, 40.0]
    assert choose(OPERATIONS["sort"], [frozen(x)], {})["order"].tolist() == [1, 3, 0, 2]
    assert back("sort", upstream, x).tolist() == [30.0, 10.0, 40.0, 20.0]
    assert choose(OPERATIONS["sort"], [frozen(x)], {"descending": True})["order"].tolist() == [0, 2, 1, 3]
    assert back("sort", upstream, x, descending=True).tolist() == [10.0, 30.0, 20.0, 40.0]
    assert back("topk", [1.0], x, k=1).tolist() == [1.0, 0.0, 0.0, 0.0]
    assert run("sort", [0.0, -0.0, 0.0]).tolist() == [0.0, -0.0, 0.0]


def test_nan_counts_as_the_largest() -> None:
    x = [1.0, math.nan, 2.0]
    np.testing.assert_array_equal(run("sort", x), [1.0, 2.0, math.nan])
    np.testing.assert_array_equal(run("sort", x, descending=True), [math.nan, 2.0, 1.0])
    np.testing.assert_array_equal(run("topk", x, k=1), [math.nan])
    assert math.isnan(run("max", x))
    assert np.isnan(back("max", 1.0, x)).all()
    np.testing.assert_array_equal(
        np.isnan(back("max", [1.0, 1.0], [x, [1.0, 3.0, 2.0]], axis=1)), [[True] * 3, [False] * 3]
    )


def test_the_structure_of_a_sort_is_its_recorded_permutation() -> None:
    one = OPERATIONS["sort"]
    params = choose(one, [frozen([3.0, 1.0, 2.0])], {})
    known = one.structure(0, ((3,),), (3,), params)
    assert known.name == "permutation"
    assert [known.reads(i).tolist() for i in range(3)] == [[1], [2], [0]]
    unknown = one.structure(0, ((3,),), (3,), with_defaults(one, {}))
    assert [unknown.reads(i).tolist() for i in range(3)] == [[0, 1, 2]] * 3


# What is easy to get wrong


def test_a_cycle_of_three_goes_back_the_other_way() -> None:
    order = [1, 2, 0]
    assert run("permute", [10.0, 20.0, 30.0], order=order).tolist() == [20.0, 30.0, 10.0]
    d = [1.0, 2.0, 3.0]
    contribution = back("permute", d, [10.0, 20.0, 30.0], order=order)
    expected = np.empty(3)
    expected[order] = d
    assert contribution.tolist() == expected.tolist() == [3.0, 1.0, 2.0]
    assert contribution.tolist() != run("permute", d, order=order).tolist()


def test_softmax_has_a_full_jacobian() -> None:
    x = np.array([0.5, -1.0, 2.0])
    y = np.exp(x) / np.exp(x).sum()
    np.testing.assert_allclose(matrix("softmax", x), np.diag(y) - np.outer(y, y), rtol=1e-13)
    assert (matrix("softmax", x) != 0.0).all()
    both = matrix("softmax", [x, x[::-1]]).reshape(2, 3, 2, 3)
    assert (both[0, :, 1] == 0.0).all()
    assert (both[0, :, 0] != 0.0).all()


def test_fused_losses_give_p_minus_t() -> None:
    z, t = np.array([2.0, 1.0, 0.1]), np.array([0.0, 1.0, 0.0])
    p = run("softmax", z)
    fused = back("softmax_cross_entropy", 1.0, z, t)
    np.testing.assert_allclose(fused, p - t, rtol=1e-14)
    long_way = back("softmax", back("cross_entropy", 1.0, p, t), z)
    np.testing.assert_allclose(fused, long_way, rtol=1e-12)
    np.testing.assert_allclose(back("softmax_cross_entropy", 1.0, [z, z], [t, t]), [(p - t) / 2] * 2, rtol=1e-14)


def test_repeats_in_a_gather_add_up() -> None:
    assert back("gather", [1.0, 10.0, 100.0], [5.0, 6.0], indices=[1, 1, 0]).tolist() == [100.0, 11.0]
    assert back("gather", [[1.0, 10.0]], [[5.0, 6.0]], indices=[0, 0], axis=1).tolist() == [[11.0, 0.0]]


@pytest.mark.parametrize(
    ("x", "expected"),
    [([2.0, 3.0, 4.0], [12.0, 8.0, 6.0]), ([2.0, 0.0, 4.0], [0.0, 8.0, 0.0]), ([0.0, 3.0, 0.0], [0.0, 0.0, 0.0])],
)
def test_the_slope_of_a_product_with_zeros(x: list[float], expected: list[float]) -> None:
    assert back("prod", 1.0, x).tolist() == expected
    assert back("prod", [1.0], [x], axis=1).tolist() == [expected]
    assert back("prod", [1.0] * 3, [x] * 3, axis=1, keepdims=False).tolist() == [expected] * 3


def test_bce_and_cross_entropy_at_certainty() -> None:
    assert run("bce", [0.0, 1.0], [0.0, 1.0]) == 0.0
    assert run("bce", 0.0, 1.0) == math.inf
    assert back("bce", 1.0, [0.0, 1.0], [0.0, 1.0]).tolist() == [0.5, -0.5]
    assert run("cross_entropy", [1.0, 0.0], [1.0, 0.0]) == 0.0
    assert run("cross_entropy", [0.0, 1.0], [1.0, 0.0]) == math.inf
    assert back("cross_entropy", 1.0, [1.0, 0.0], [1.0, 0.0]).tolist() == [-1.0, 0.0]


def test_losses_take_the_mean_over_the_right_number() -> None:
    y, t = np.full((2, 3), 0.5), np.zeros((2, 3))
    assert run("mse", y, t) == 0.25
    assert run("mse", y, t, reduction="sum") == 1.5
    assert run("mse", y, t, reduction="none").shape == (2, 3)
    assert run("bce", y, t) == pytest.approx(math.log(2))
    assert run("cross_entropy", y, np.ones((2, 3))) == pytest.approx(3 * math.log(2))
    assert run("cross_entropy", y, np.ones((2, 3)), reduction="none").shape == (2,)
    assert run("softmax_cross_entropy", y, np.eye(2, 3), reduction="sum") == pytest.approx(2 * math.log(3))


def test_conv1d_does_not_turn_the_kernel_round() -> None:
    assert run("conv1d", [1.0, 2.0, 4.0], [1.0, 10.0]).tolist() == [21.0, 42.0]
    assert back("conv1d", [1.0, 0.0], [1.0, 2.0, 4.0], [1.0, 10.0]).tolist() == [1.0, 10.0, 0.0]
    assert back("conv1d", [1.0, 0.0], [1.0, 2.0, 4.0], [1.0, 10.0], slot=1).tolist() == [1.0, 2.0]


# Large arguments


def test_sigmoid_and_its_relatives_far_out() -> None:
    x = [-800.0, -40.0, 0.0, 40.0, 800.0]
    assert run("sigmoid", x)[0] == 0.0
    assert run("sigmoid", -700.0) == pytest.approx(math.exp(-700.0), rel=1e-12)
    assert run("sigmoid", x)[-1] == 1.0
    slopes = np.diag(matrix("sigmoid", x))
    assert slopes[3] == pytest.approx(math.exp(-40.0), rel=1e-12)
    assert slopes[1] == pytest.approx(math.exp(-40.0), rel=1e-12)
    assert run("softplus", x).tolist() == pytest.approx([0.0, math.exp(-40.0), math.log(2.0), 40.0, 800.0], rel=1e-12)
    assert run("elu", -800.0) == -1.0
    assert run("elu", 800.0) == 800.0
    assert run("silu", x)[[0, -1]].tolist() == [0.0, 800.0]
    assert run("tanh", x)[[0, -1]].tolist() == [-1.0, 1.0]
    assert run("gelu", -10.0) == pytest.approx(-7.61985302416052e-23, rel=1e-9)
    assert run("log", run("sigmoid", -800.0)) == -math.inf


def test_softmax_and_logsumexp_far_out() -> None:
    assert run("logsumexp", [1000.0, 1000.0]) == pytest.approx(1000.0 + math.log(2.0), rel=1e-15)
    assert run("logsumexp", [-1000.0, -1000.0]) == pytest.approx(-1000.0 + math.log(2.0), rel=1e-15)
    assert run("logsumexp", [-math.inf, 3.0]) == 3.0
    assert run("logsumexp", [-math.inf, -math.inf]) == -math.inf
    assert run("logsumexp", [math.inf, 0.0]) == math.inf
    assert back("logsumexp", 1.0, [1000.0, 1000.0]).tolist() == pytest.approx([0.5, 0.5])
    assert run("softmax", [1000.0, 0.0]).tolist() == [1.0, 0.0]
    assert run("log_softmax", [1000.0, 0.0]).tolist() == [0.0, -1000.0]


def test_softmax_cross_entropy_far_out() -> None:
    z, t = [1000.0, -1000.0], [0.0, 1.0]
    assert run("softmax_cross_entropy", z, t) == 2000.0
    assert back("softmax_cross_entropy", 1.0, z, t).tolist() == [1.0, -1.0]
    assert back("softmax_cross_entropy", 1.0, z, t, slot=1).tolist() == [0.0, 2000.0]


# Operands that do not fit


@pytest.mark.parametrize(
    ("name", "shapes", "params", "words"),
    [
        ("matmul", [(3, 2), (3,)], {}, ["(3, 2) @ (3,)", "last axis", "2", "transposed", "(2, 3) @ (3,)"]),
        ("matmul", [(2, 3), (2, 3)], {}, ["(2, 3) @ (2, 3)", "transposed"]),
        ("matmul", [(4, 3), (2,)], {}, ["a right side of shape (3,) would fit"]),
        ("matmul", [(4, 3), (5, 2)], {}, ["a right side of shape (3, 2) would fit"]),
        ("matmul", [(), (3,)], {}, ["() @ (3,)", "*"]),
        ("matmul", [(2, 3, 4), (3, 4, 5)], {}, ["batch axes", "(2,)", "(3,)"]),
        ("add", [(2, 3), (2,)], {}, ["(2, 3) and (2,)", "do not broadcast", "length 2 and 3"]),
        ("dot", [(2, 3), (3,)], {}, ["(2, 3) and (3,)", "@"]),
        ("dot", [(), (3,)], {}, ["*"]),
        ("dot", [(2,), (3,)], {}, ["same length", "2 and 3"]),
        ("transpose", [(2, 3)], {"axes": (0,)}, ["(2, 3)", "2 in all"]),
        ("transpose", [(2, 3)], {"axes": (0, 0)}, ["axis 0", "twice"]),
        ("sum", [(2, 3)], {"axis": 2}, ["(2, 3) has no axis 2", "0 to 1"]),
        ("sum", [()], {"axis": 0}, ["a single number has no axis 0"]),
        ("sum", [(2, 3)], {"axis": (0, -2)}, ["twice"]),
        ("max", [(0,)], {}, ["no maximum of nothing"]),
        ("min", [(2, 0)], {"axis": 1}, ["no minimum of nothing"]),
        ("mean", [(0,)], {}, ["no mean of nothing"]),
        ("cumsum", [(3,)], {"axis": 1}, ["its only axis is 0"]),
        ("softmax", [()], {}, ["a single number has no axis -1"]),
        ("mse", [(2,), (3,)], {}, ["(2,) and (3,)"]),
        ("mse", [(0,), (0,)], {}, ["no mean of nothing"]),
        ("cross_entropy", [(2, 3), (2,)], {}, ["(2, 3) and (2,)", "the same"]),
        ("softmax_cross_entropy", [(), ()], {}, ["single numbers"]),
        (
            "permute",
            [(3,)],
            {"order": (0, 1, 1)},
            ["[0, 1, 1]", "index 1 stands there more than once", "index 2 is missing"],
        ),
        ("permute", [(3,)], {"order": (0, 1)}, ["length 3", "index 2 is missing"]),
        ("permute", [(3,)], {"order": (0, 1, 2, -1)}, ["index 2 stands there more than once"]),
        ("permute", [(3,)], {"order": (0, 1, 3)}, ["index 3 is outside axis 0", "length 3", "0 to 2"]),
        ("permute", [(3,)], {"order": 1}, ["must be a list"]),
        ("permute", [(2, 3)], {"order": (1, 0), "axis": 1}, ["index 2 is missing"]),
        ("gather", [(3,)], {"indices": (0, -4)}, ["index -4 is outside"]),
        ("gather", [(3,)], {"indices": ((0, 1), (2,))}, ["rectangle"]),
        ("gather", [(0,)], {"indices": 0}, ["has no elements"]),
        ("reverse", [()], {}, ["a single number has no axis 0"]),
        ("roll", [(2, 3)], {"shift": (1, 2, 3), "axis": (0, 1)}, ["3 shifts and 2 axes"]),
        ("roll", [(2, 3)], {"shift": 1, "axis": 5}, ["no axis 5"]),
        ("sort", [()], {}, ["a single number has no axis -1"]),
        ("topk", [(3,)], {"k": 4}, ["k=4", "(3,)", "1 to 3"]),
        ("topk", [(3,)], {"k": 0}, ["1 to 3"]),
        ("topk", [()], {"k": 1}, ["single number"]),
        ("topk", [(0,)], {"k": 1}, ["none"]),
        ("reshape", [(2, 3)], {"shape": (4,)}, ["6 elements", "(4,) has 4"]),
        ("reshape", [(2, 3)], {"shape": (4, -1)}, ["6 is no multiple of 4"]),
        ("reshape", [(2, 3)], {"shape": (-1, -1)}, ["at most one is -1"]),
        ("reshape", [(0,)], {"shape": (0, -1)}, ["leaves -1 open"]),
        ("concat", [], {}, ["at least one"]),
        ("concat", [(2,), ()], {}, ["stack"]),
        ("concat", [(2, 3), (2, 2)], {}, ["(2, 3) and (2, 2)", "axis 0"]),
        ("concat", [(2, 3), (2,)], {}, ["(2, 3) and (2,)"]),
        ("stack", [], {}, ["at least one"]),
        ("stack", [(2,), (3,)], {}, ["(2,) and (3,)", "same shape"]),
        ("stack", [(2,)], {"axis": 2}, ["-2 to 1"]),
        ("index", [(3,)], {"key": (3,)}, ["index 3 is outside axis 0", "0 to 2"]),
        ("index", [(3,)], {"key": (0, 0)}, ["2 indices", "1 axis"]),
        ("index", [()], {"key": (0,)}, ["1 index", "0 axes"]),
        ("index", [(3,)], {"key": ((None, None, 0),)}, ["step of a slice is 0"]),
        ("conv1d", [(3,), (4,)], {}, ["(3,) and (4,)", "longer (4) than the signal (3)"]),
        ("conv1d", [(3,), (0,)], {}, ["empty"]),
        ("conv1d", [(2, 5), (3, 1, 2)], {}, ["2 channels", "takes 1"]),
        ("conv1d", [(2, 5), (2,)], {}, ["(n,) goes with w of (k,)"]),
        ("max_pool1d", [(3,)], {"n": 4}, ["n=4", "1 to 3"]),
        ("max_pool1d", [(3,)], {"n": 0}, ["1 to 3"]),
        ("max_pool1d", [()], {"n": 1}, ["single number"]),
    ],
)
def test_what_does_not_fit_is_said(name: str, shapes: list[Any], params: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ShapeError) as fault:
        shape(name, *shapes, **params)
    for word in words:
        assert word in str(fault.value)


# Random shapes, against NumPy

random_shapes = settings(derandomize=True, max_examples=60, deadline=None, database=None)
lengths = st.integers(0, 3)
shapes = st.lists(lengths, max_size=3).map(tuple)
axes = st.none() | st.integers(-4, 3) | st.lists(st.integers(-3, 2), max_size=3).map(tuple)


def agree(name: str, own: Sample, expected: Callable[[], Any]) -> None:
    """Check one call against NumPy: the same refusals; where there is a result, the same one, and all the rest."""
    try:
        result = expected()
    except (ValueError, IndexError, TypeError):
        with pytest.raises(ShapeError):
            shape(name, *own.shapes, **own.params)
        return
    np.testing.assert_allclose(forward(OPERATIONS[name], draw(own), own.params), result, rtol=1e-12)
    check(OPERATIONS[name], own, ORACLES[name])


@random_shapes
@given(batch=st.lists(shapes, min_size=2, max_size=2), inner=lengths, outer=st.tuples(lengths, lengths), odd=lengths)
def test_matmul_on_random_shapes(batch: list[Any], inner: int, outer: tuple[int, int], odd: int) -> None:
    left, right = (*batch[0][:1], outer[0], inner), (*batch[1][:2], inner if odd else 2, outer[1])
    for sample in (
        Sample(shapes=(left, right)),
        Sample(shapes=(left, right[-2:-1])),
        Sample(shapes=(left[-1:], right)),
    ):
        a, b = draw(sample)
        agree("matmul", sample, functools.partial(np.matmul, a, b))


@random_shapes
@given(name=st.sampled_from(["sum", "prod", "norm", "logsumexp"]), x=shapes, axis=axes, keepdims=st.booleans())
def test_reductions_on_random_shapes(name: str, x: tuple[int, ...], axis: Any, keepdims: bool) -> None:
    if not x and axis in (0, -1):
        return  # NumPy lets a single number have an axis 0 in reductions; nothing else does
    sample = Sample(shapes=(x,), params={"axis": axis, "keepdims": keepdims})
    functions: dict[str, Callable[..., Any]] = {
        "sum": np.sum,
        "prod": np.prod,
        "norm": lambda x, **options: np.sqrt(np.sum(np.square(x), **options)),
        "logsumexp": lambda x, **options: np.log(np.sum(np.exp(x), **options)),
    }
    with np.errstate(divide="ignore"):
        agree(name, sample, lambda: functions[name](draw(sample)[0], axis=axis, keepdims=keepdims))


@random_shapes
@given(x=shapes, indices=st.lists(st.integers(-4, 3), max_size=4).map(tuple), axis=st.integers(-3, 2))
def test_gather_and_permute_on_random_shapes(x: tuple[int, ...], indices: tuple[int, ...], axis: int) -> None:
    sample = Sample(shapes=(x,), params={"indices": indices, "axis": axis})

    def expected() -> Any:
        if not -len(x) <= axis < len(x) or any(not -x[axis] <= index < x[axis] for index in indices):
            raise IndexError  # NumPy lets the second pass where the result is empty anyway, and the first for ()
        return np.take(draw(sample)[0], np.array(indices, dtype=int), axis=axis)

    agree("gather", sample, expected)
    if -len(x) <= axis < len(x):
        order = tuple(np.random.RandomState(len(indices)).permutation(x[axis]).tolist())
        permuted = Sample(shapes=(x,), params={"order": order, "axis": axis})
        agree("permute", permuted, lambda: np.take(draw(permuted)[0], np.array(order, dtype=int), axis=axis))


bounds = st.none() | st.integers(-4, 4)
items = st.integers(-4, 3) | st.tuples(bounds, bounds, bounds)


@random_shapes
@given(x=shapes, key=st.lists(items, max_size=3).map(tuple))
def test_index_on_random_shapes(x: tuple[int, ...], key: tuple[Any, ...]) -> None:
    sample = Sample(shapes=(x,), params={"key": key})
    subscript = tuple(slice(*item) if isinstance(item, tuple) else item for item in key)
    agree("index", sample, lambda: draw(sample)[0][subscript])


@random_shapes
@given(
    x=shapes,
    shift=st.integers(-5, 5),
    axis=st.none() | st.integers(-3, 2),
    wanted=st.lists(st.integers(-1, 4), max_size=3),
)
def test_roll_and_reshape_on_random_shapes(x: tuple[int, ...], shift: int, axis: int | None, wanted: list[int]) -> None:
    rolled = Sample(shapes=(x,), params={"shift": shift, "axis": axis})
    agree("roll", rolled, lambda: np.roll(draw(rolled)[0], shift, axis))
    reshaped = Sample(shapes=(x,), params={"shape": tuple(wanted)})
    agree("reshape", reshaped, lambda: np.reshape(draw(reshaped)[0], wanted))


@random_shapes
@given(parts=st.lists(shapes, min_size=1, max_size=3), axis=st.integers(-3, 2), same=st.booleans())
def test_concat_and_stack_on_random_shapes(parts: list[tuple[int, ...]], axis: int, same: bool) -> None:
    parts = parts[:1] * len(parts) if same else parts
    sample = Sample(shapes=tuple(parts), params={"axis": axis})
    agree("concat", sample, lambda: np.concatenate(draw(sample), axis))
    agree("stack", sample, lambda: np.stack(draw(sample), axis))


@random_shapes
@given(x=shapes, axis=st.none() | st.integers(-3, 2), descending=st.booleans())
def test_sort_and_cumsum_on_random_shapes(x: tuple[int, ...], axis: int | None, descending: bool) -> None:
    sample = Sample(shapes=(x,), params={"axis": axis, "descending": descending})
    sign = -1.0 if descending else 1.0
    agree("sort", sample, lambda: sign * np.sort(sign * draw(sample)[0], axis=axis))
    if x:
        summed = Sample(shapes=(x,), params={"axis": axis})
        agree("cumsum", summed, lambda: np.cumsum(draw(summed)[0], axis=axis))


# The registry, and how calls are written


def test_the_registry_has_the_whole_table_of_the_format_in_its_order() -> None:
    assert [name for name in CALLABLE if name in TABLE] == TABLE
    operators = list(OPERATIONS)[: len(OPERATIONS) - len(CALLABLE)]
    assert list(OPERATIONS) == [*operators, *CALLABLE]
    assert {"add", "matmul", "less", "negative", "index", "identity"} <= set(operators)
    assert set(ORACLES) == set(OPERATIONS)


def test_an_operation_is_found_by_name() -> None:
    assert operation("softmax") is OPERATIONS["softmax"]
    with pytest.raises(BptuiError, match="did you mean `softmax`"):
        operation("sofmax")
    with pytest.raises(BptuiError, match=r"\\x1b"):
        operation("\x1b[31m")


def test_the_operations_load_numpy_and_nothing_heavier() -> None:
    code = "import sys, bptui.ops; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "numpy" in loaded
    assert not {"textual", "rich", "sympy", "autograd", "scipy"} & set(loaded)


def test_equal_shapes_make_equal_structures_whatever_the_values() -> None:
    one = OPERATIONS["matmul"]
    tables = [mask(one.structure(slot, ((2, 3), (3, 2)), (2, 2), {}), 4, 6) for slot in (0, 1)]
    assert tables[0][1].tolist() == [True, True, True, False, False, False]
    assert tables[1][1].tolist() == [False, True, False, True, False, True]


X, A_PLUS_B = Written("x", ATOM), Written("a + b", SUM)


@pytest.mark.parametrize(
    ("key", "from_0", "from_1"),
    [
        ((0,), "x[0]", "x(1)"),
        ((-1,), "x[-1]", "x[-1]"),
        (((None, None, None), 1), "x[:, 1]", "x(:,2)"),
        ((2, 0), "x[2, 0]", "x(3,1)"),
        (((1, 3, None),), "x[1:3]", "x[1:3]"),
        (((None, None, -1),), "x[::-1]", "x[::-1]"),
        (((0, None, 2), 1), "x[0::2, 1]", "x[0::2, 1]"),
    ],
)
def test_how_a_subscript_is_written(key: tuple[Any, ...], from_0: str, from_1: str) -> None:
    assert OPERATIONS["index"].written([X], {"key": key}, 0) == (from_0, ATOM)
    assert OPERATIONS["index"].written([X], {"key": key}, 1) == (from_1, ATOM)


@pytest.mark.parametrize(
    ("name", "operands", "params", "expected"),
    [
        ("transpose", [X], {"axes": None}, "x.T"),
        ("transpose", [A_PLUS_B], {"axes": None}, "(a + b).T"),
        ("transpose", [X], {"axes": (1, 0)}, "transpose(x, axes=[1, 0])"),
        ("index", [A_PLUS_B], {"key": (0,)}, "(a + b)[0]"),
        ("permute", [X], {"order": (1, 0), "axis": 0}, "permute(x, [1, 0])"),
        ("permute", [X], {"order": (1, 0), "axis": -1}, "permute(x, [1, 0], axis=-1)"),
        ("sum", [A_PLUS_B], {"axis": None, "keepdims": True}, "sum(a + b, keepdims=True)"),
        ("concat", [X, A_PLUS_B], {"axis": 0}, "concat([x, a + b])"),
        ("mse", [X, X], {"reduction": "sum"}, 'mse(x, x, reduction="sum")'),
        ("matmul", [A_PLUS_B, X], {}, "(a + b) @ x"),
        ("identity", [A_PLUS_B], {}, "a + b"),
        ("less", [Written("a < b", COMPARISON), Written("c < d", COMPARISON)], {}, "(a < b) < (c < d)"),
        ("subtract", [A_PLUS_B, A_PLUS_B], {}, "a + b - (a + b)"),
    ],
)
def test_how_a_call_is_written(name: str, operands: list[Written], params: dict[str, Any], expected: str) -> None:
    assert OPERATIONS[name].written(operands, params).text == expected
