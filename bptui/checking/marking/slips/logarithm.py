"""`log-base`: log10 or log2 was taken for the natural logarithm, or the reverse."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bptui.checking.marking.case import Case, Change, Proposal
from bptui.checking.marking.reworks import by, on_result, times

_NATURAL = frozenset({"log", "bce", "cross_entropy", "softmax_cross_entropy", "logsumexp", "log_softmax"})
"""The operations that take natural logarithms."""


def log_base(case: Case) -> Iterator[Proposal]:
    """Propose every logarithm of the line to another base, all of them alike."""
    natural = "`log` is the natural logarithm here"
    bases = [
        (_NATURAL, 1 / math.log(10), f"log10 was taken, and {natural}.", 0.0),
        (_NATURAL, 1 / math.log(2), f"log2 was taken, and {natural}.", 0.2),
        ({"log10"}, math.log(10), "The natural logarithm was taken where the formula says log10.", 0.0),
        ({"log10"}, math.log2(10), "log2 was taken where the formula says log10.", 0.4),
    ]
    for names, scale, said, cost in bases:
        if case.quantity.is_derivative:
            for factor in case.factors:
                if factor.operation in names:
                    change = case.scaled(factor, by(scale))
                    yield Proposal("log-base", change, said, cost, (factor.step.index, scale))
            steps = {factor.step.index for factor in case.factors if factor.operation in names}
            if len(steps) > 1:
                yield Proposal("log-base", case.all_scaled(names, scale), said, cost, ("all", scale))
        else:
            steps = {step.index for step in case.plan if step.operation.name in names}
            if steps:
                change = Change(steps={index: on_result(times(scale)) for index in steps})
                yield Proposal("log-base", change, said, cost, ("all", scale))
            for index in steps if len(steps) > 1 else ():
                change = Change(steps={index: on_result(times(scale))})
                yield Proposal("log-base", change, said, cost + 0.5, (index, scale))
