"""`missing-factor` and `extra-factor`: a link of the chain, or a factor of the formula, left out or once too many."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import numpy as np

from bptui.checking.marking.case import Case, Change, Factor, Proposal
from bptui.checking.marking.reworks import by, instead, on_operand, on_result, result_times, times
from bptui.present import numbers
from bptui.scenario.program import Array, ForwardStep
from bptui.trace.elements import Edge

_MEANS = frozenset({"mean", "mse", "bce", "cross_entropy", "softmax_cross_entropy"})
"""The operations that divide by a number of terms."""

_PRODUCTS = frozenset({"multiply", "matmul", "dot", "outer"})
"""The operations whose derivative is 0 only where the other factor is."""

_UNARY = frozenset({"sigmoid", "tanh", "relu", "leaky_relu", "exp", "log", "sqrt", "square", "abs", "softplus", "silu",
                    "gelu", "elu", "sin", "cos", "softmax"})  # fmt: skip


def missing_factor(case: Case) -> Iterator[Proposal]:
    """Propose each link of the chain left out, and each constant factor."""
    if case.quantity.is_derivative:
        for factor in case.factors:
            yield from _links(case, factor)
        for tail, head in case.blocks:
            said = f"d{case.program.values[head].text}/d{case.program.values[tail].text} was left out of the chain."
            yield Proposal("missing-factor", case.block_scaled(tail, head, _one), said, 0.3, ("block", tail, head))
    else:
        for step in case.plan:
            yield from _steps(case, step)


def _one(slope: float) -> float:
    return 1.0 if slope else 0.0


def _all_one(edge: Edge) -> float:
    return 1.0


def _unit(edge: Edge) -> float:
    return 1.0 if edge.derivative else 0.0


def _signed_unit(edge: Edge) -> float:
    return math.copysign(1.0, edge.derivative) if edge.derivative else 0.0


def _links(case: Case, factor: Factor) -> Iterator[Proposal]:
    slopes = [edge.derivative for edge in case.entries(factor)]
    key = (factor.step.index, factor.slot)
    if any(abs(slope) != 1.0 for slope in slopes if slope):
        constant = _is_constant(case, factor)
        text = partial(_link_text, case, factor, slopes, constant)
        if any(slope < 0 for slope in slopes):
            change = case.scaled(factor, _signed_unit)
            yield Proposal("missing-factor", change, text, 0.0 if constant else 0.3, ("signed", *key))
        change = case.scaled(factor, _unit)
        yield Proposal("missing-factor", change, text, 0.4 if constant and min(slopes) < 0 else 0.2, ("unit", *key))
        if 0.0 in slopes and factor.operation in _PRODUCTS:
            yield Proposal("missing-factor", case.scaled(factor, _all_one), text, 0.3, ("all", *key))
    for scale, what in _inner_constants(case, factor.step):
        said = f"{what} of {factor.step.formula} was left out."
        yield Proposal("missing-factor", case.scaled(factor, by(scale)), said, 0.1, ("scale", *key, scale))


def _is_constant(case: Case, factor: Factor) -> bool:
    others = [one for slot, one in enumerate(factor.step.inputs) if slot != factor.slot]
    return bool(others) and all(case.program.values[one].role == "constant" for one in others)


def _link_text(case: Case, factor: Factor, slopes: list[float], constant: bool) -> str:
    step = factor.step
    if constant:
        (other,) = [one for slot, one in enumerate(step.inputs) if slot != factor.slot]
        return f"The factor {case.program.values[other].text} of {step.formula} was left out."
    alone = f", {numbers.number(slopes[0])}," if len(slopes) == 1 and not case.symbolic else ""
    return f"{_link(case, factor)}{alone} was left out of the chain."


def _inner_constants(case: Case, step: ForwardStep) -> Iterator[tuple[float, str]]:
    """Yield what an operation's own constant factors come to when they are left out, and what they are."""
    name, shapes = step.operation.name, [case.program.values[one].shape for one in step.inputs]
    size = math.prod(shapes[0])
    if name in _MEANS and step.params.get("reduction", "mean") == "mean":
        terms = size
        if name in ("cross_entropy", "softmax_cross_entropy"):
            terms = math.prod(shapes[0][:-1])
        if name == "mean":
            terms = size // max(1, case.program.values[step.output].size)
        if terms > 1:
            yield float(terms), f"The 1/n, 1/{terms},"
    if name in ("mse", "square"):
        yield 0.5, "The 2 of the derivative"
    exponent = case.world.values[step.inputs[1]] if name == "power" and len(step.inputs) == 2 else None
    if exponent is not None and exponent.ndim == 0 and float(exponent) not in (0.0, 1.0):
        yield 1 / float(exponent), f"The exponent {numbers.number(float(exponent))}, a factor of the derivative,"


def _steps(case: Case, step: ForwardStep) -> Iterator[Proposal]:
    name, operands = step.operation.name, [case.program.values[one] for one in step.inputs]
    if name in ("multiply", "divide"):
        for slot in (0, 1) if name == "multiply" else (1,):
            array = case.world.values[step.inputs[slot]]
            constant = operands[slot].role == "constant"
            said = f"The factor {operands[slot].text} of {step.formula} was left out."
            if name == "divide":
                said = f"The division by {operands[slot].text} in {step.formula} was left out."
            if np.any(array < 0):
                change = Change(steps={step.index: on_operand(slot, np.sign)})
                yield Proposal("missing-factor", change, said, 0.0 if constant else 0.5, (step.index, slot, "signed"))
            change = Change(steps={step.index: on_operand(slot, np.ones_like)})
            yield Proposal("missing-factor", change, said, 0.1 if constant else 0.6, (step.index, slot))
    for terms, what in _inner_constants(case, step):
        if name in _MEANS and terms > 1:
            change = Change(steps={step.index: on_result(times(terms))})
            yield Proposal(
                "missing-factor", change, f"{what} of {step.formula} was left out.", 0.1, (step.index, terms)
            )
    if name == "power":
        change = Change(steps={step.index: instead(_first)})
        yield Proposal("missing-factor", change, f"The exponent of {step.formula} was left out.", 0.6, (step.index,))
    if name in _UNARY:
        change = Change(steps={step.index: instead(_first)})
        yield Proposal(
            "missing-factor", change, f"{name} was left out: this is {operands[0].text}.", 0.8, (step.index,)
        )


def _first(*inputs: Array) -> Array:
    return inputs[0]


# -- too many ----------------------------------------------------------------------------------------------------------


def extra_factor(case: Case) -> Iterator[Proposal]:
    """Propose each link of the chain twice, and factors such as 2, ½ and 1/n that are not there."""
    if case.quantity.is_derivative:
        for factor in case.factors:
            slopes = [edge.derivative for edge in case.entries(factor)]
            if any(slope not in (0.0, 1.0) for slope in slopes):
                said = _twice(case, factor)
                change = case.scaled(factor, _squared)
                yield Proposal("extra-factor", change, said, 0.6, ("twice", factor.step.index, factor.slot))
        for tail, head in case.blocks:
            said = f"d{case.program.values[head].text}/d{case.program.values[tail].text} was multiplied twice."
            change = case.block_scaled(tail, head, _square)
            yield Proposal("extra-factor", change, said, 0.6, ("block", tail, head))
        yield from _as_a_weight(case)
        tails = [(node[0], node[1]) for _, node in case.quantity.entries if node is not None]
        own = [float(case.world.values[value].reshape(-1)[flat]) for value, flat in tails]
        name = case.program.values[tails[0][0]].text
        change = Change(after=lambda results: [one * by for one, by in zip(results, own, strict=True)])
        yield Proposal("extra-factor", change, f"The result was multiplied by {name} itself as well.", 1.4, ("own",))
    else:
        for step in case.plan:
            if step.operation.name == "multiply":
                for slot in (0, 1):
                    text = case.program.values[step.inputs[slot]].text
                    change = Change(steps={step.index: on_operand(slot, np.square)})
                    yield Proposal(
                        "extra-factor",
                        change,
                        f"{text} was multiplied twice in {step.formula}.",
                        0.7,
                        (step.index, slot),
                    )
    for scale, text in _constants(case):
        cost = 0.8 if text in ("2", "1/2") else 1.4
        yield Proposal(
            "extra-factor", result_times(scale), f"There is a factor {text} too many.", cost, ("scale", text)
        )


def _as_a_weight(case: Case) -> Iterator[Proposal]:
    """Propose that what is only added was treated like a weight: multiplied by an element that weights multiply."""
    if len(case.quantity.entries) != 1:
        return
    for step, _ in case.program.uses(case.tail[0]):
        record = case.program.steps[step]
        if record.operation.name != "add":
            continue
        made = [case.program.producer[one] for one in record.inputs if one in case.program.producer]
        for product in (case.program.steps[one] for one in made):
            for value in product.inputs if product.operation.name == "matmul" else ():
                if len(case.program.values[value].shape) != 1 or case.program.values[value].size > 16:
                    continue
                for node in case.elements(value):
                    said = f"There is a factor {case.name(node)} too many: {case.name(case.tail)} is added directly."
                    yield Proposal("extra-factor", result_times(case.value_of(node)), said, 1.0, ("weight", node))


def _twice(case: Case, factor: Factor) -> str:
    if _is_constant(case, factor):
        (other,) = [one for slot, one in enumerate(factor.step.inputs) if slot != factor.slot]
        return f"The factor {case.program.values[other].text} was multiplied twice."
    return f"{_link(case, factor)} was multiplied twice."


def _link(case: Case, factor: Factor) -> str:
    """Return how a link of the chain is written: `dh/dz1`, `d(log(y))/d(y)`."""
    step = factor.step
    line = case.program.lines[step.line]
    if line.last - line.first == 1:
        return f"d{step.line}/d{case.program.values[step.inputs[factor.slot]].text}"
    return f"d({step.formula})/d({case.operand(factor)})"


def _squared(edge: Edge) -> float:
    return _square(float(edge.derivative))  # in Python, a float to a power can raise


def _square(slope: float) -> float:
    return slope * slope


def _constants(case: Case) -> Iterator[tuple[float, str]]:
    yield 2.0, "2"
    yield 0.5, "1/2"
    lengths = {length for value in case.program.names.values() for length in case.program.values[value].shape}
    sizes = {case.program.values[value].size for value in case.program.names.values()}
    for number in sorted(lengths | sizes):
        if 2 < number <= 1024:
            yield 1 / number, f"1/{number}"
            yield float(number), f"{number}"
