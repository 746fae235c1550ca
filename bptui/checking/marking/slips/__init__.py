"""The kinds of slips, one rule each. To add a kind, write its rule and list it here.

A rule takes a case and proposes changes: what the computation would be, had this slip been made, each with the sentence
that says so. It does not ask whether that explains the number; the namer does. `truncated` is asked of every proposal's
result, and `arithmetic`, which would explain any sum, of what nothing else explains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bptui.checking.marking.case import Case, Proposal
from bptui.checking.marking.slips.factors import extra_factor, missing_factor
from bptui.checking.marking.slips.logarithm import log_base
from bptui.checking.marking.slips.not_derived import not_derived
from bptui.checking.marking.slips.operands import swapped, transposed, wrong_operand
from bptui.checking.marking.slips.paths import missing_path, overwritten
from bptui.checking.marking.slips.permutation import inverse_permutation
from bptui.checking.marking.slips.relu import relu_mask
from bptui.checking.marking.slips.sign import sign

RULES: tuple[Callable[[Case], Iterator[Proposal]], ...] = (
    sign,
    log_base,
    missing_path,
    overwritten,
    missing_factor,
    inverse_permutation,
    relu_mask,
    not_derived,
    transposed,
    swapped,
    extra_factor,
    wrong_operand,
)

KINDS = (
    "sign",
    "truncated",
    "log-base",
    "missing-path",
    "overwritten",
    "missing-factor",
    "extra-factor",
    "wrong-operand",
    "transposed",
    "inverse-permutation",
    "relu-mask",
    "not-derived",
    "swapped",
    "arithmetic",
)
"""Every kind there is."""
