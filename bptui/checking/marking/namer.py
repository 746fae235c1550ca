"""Which slips explain a number: each alone, each with the result cut off, and pairs, the most plausible first.

Verdicts are tolerant; this is strict: a set of slips explains a line where it gives the numbers at the digits written,
from the nearest statements as they are written. Where that finds nothing, the numbers of somebody who carries all
digits are tried, and then the last digit is given some room.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, combinations, islice

from msgspec import Struct
from msgspec.structs import replace

from bptui.checking.marking.amounts import Amount, Reach
from bptui.checking.marking.case import Case, Change, Numbers, Proposal
from bptui.checking.marking.slips import RULES, rounding
from bptui.checking.marking.slips.arithmetic import arithmetic
from bptui.present import numbers

_MOST_SHOWN = 4
"""How many sets of slips are told, the main one included."""

_MOST_WORK, _FEWEST = 400_000, 20
"""How many links or elements are computed in all to explain one line, and how many proposals are tried at least."""

_TWICE = ("missing-factor", "missing-path")
"""The kinds of which two may have been made at once."""

_MOST_PAIRED = 40
"""Of how many proposals, the most plausible ones, pairs are tried."""


class Slip(Struct, frozen=True):
    """One slip that was made: its kind, and a sentence that says what happened, with the numbers."""

    kind: str
    text: str


class Explanation(Struct, frozen=True):
    """Slips that together give what is claimed, the main one first."""

    slips: tuple[Slip, ...]
    numbers: tuple[float, ...] = ()
    """What they make of the line, with all digits; empty where that cannot be told."""


class Question(Struct, frozen=True):
    """A wrong line: its case at each set of numbers, what is claimed there, and which entries are wrong."""

    cases: Sequence[Case]
    amounts: Sequence[Sequence[Amount]]
    """For each case, what is claimed of each entry."""
    wrong: Sequence[int]

    @property
    def case(self) -> Case:
        return self.cases[0]

    def fits(self, results: Numbers, which: int = 0) -> bool:
        """Return whether the results are what is claimed, at the digits written."""
        own = self.cases[which].own
        return all(
            _is_claimed(amount, result, own[at]) or (at not in self.wrong and result == own[at])
            for at, (amount, result) in enumerate(zip(self.amounts[which], results, strict=True))
        )

    def fits_cut_off(self, results: Numbers) -> bool:
        """Return whether the results, cut off, are what is claimed, and rounded are not."""
        own = self.case.own
        return all(  # mostly, the first entry tells that they are not
            amount.cut_off_from(result) or (at not in self.wrong and result == own[at])
            for at, (amount, result) in enumerate(zip(self.amounts[0], results, strict=True))
        ) and any(rounding.cut_off(self.amounts[0][at], results[at]) for at in self.wrong)

    def nearly_fits(self, results: Numbers, reached: Sequence[Reach]) -> bool:
        """Return whether the results are what is claimed with the room that earlier rounding leaves."""
        own = self.case.own
        return all(
            (at not in self.wrong and result == own[at])
            or (amount.meets(_around(result, own[at], reached[at])) and not _vanishes(amount, result, own[at]))
            for at, (amount, result) in enumerate(zip(self.amounts[0], results, strict=True))
        )


_REST = 1e-6
"""How large what is left where terms cancel may be beside the number itself."""


def _is_claimed(amount: Amount, result: float, own: float) -> bool:
    """Return whether a slip's result is what is claimed."""
    return amount.agrees(result) and not _vanishes(amount, result, own)


def _vanishes(amount: Amount, result: float, own: float) -> bool:
    """Return whether a result is 0 that is claimed to be small, and no smaller than the number without a slip is."""
    return result == 0 != amount.number and abs(amount.number) > _REST * abs(own)


def _around(result: float, own: float, reach: Reach) -> Reach:
    """Return a reach around a result, as wide for its size as that around the number without a slip."""
    scale = abs(result / own) if own else 1.0
    half = reach.half * max(scale, 0.0)
    return Reach(result - half, result + half)


def explain(questions: Sequence[Question], reached: Sequence[Reach]) -> list[Explanation]:
    """Return the sets of slips that explain a wrong line, the most plausible first; none where nothing does.

    `questions` ask about the same line at numbers as they are written and at those of somebody who carries all digits,
    in the order in which they are to be asked. `reached` is how far each entry's number without a slip may lie.
    """
    if any(math.isnan(amounts[at].number) for one in questions for amounts in one.amounts for at in one.wrong):
        return []  # nan comes of anything
    found: list[Explanation] = []
    tried: list[list[tuple[Proposal, Numbers]]] = []
    for question in questions:
        singles = _singles(question.case)
        tried.append(singles)
        found += _alone(question, singles)
        if not question.case.symbolic:
            found += _cut_off(question, singles)
        if found:
            break
    strict = questions[0]
    if not found and not strict.case.symbolic:
        for question, singles in zip(questions, tried, strict=True):
            near = (one for one in singles if question.nearly_fits(one[1], reached))
            found += [Explanation((_told(question, one, results),), tuple(results)) for one, results in near]
    if not found:
        found += [Explanation((_slip(one),)) for one in arithmetic(strict.case, list(strict.wrong))]
        found += _pairs(questions[0], tried[0])
    return list(_of_other_kinds(found))[:_MOST_SHOWN]


def _singles(case: Case) -> list[tuple[Proposal, Numbers]]:
    """Return every proposal that changes something, with the line's numbers, the most plausible first.

    Of a large computation, only as many as are soon evaluated.
    """
    found: list[tuple[Proposal, Numbers]] = []
    most = max(_FEWEST, _MOST_WORK // case.size)
    for proposal in islice(chain.from_iterable(rule(case) for rule in RULES), most):
        results = case.evaluate(proposal.change)
        if results != case.own:
            found.append((proposal, results))
    return sorted(found, key=lambda one: one[0].cost)


def _alone(question: Question, singles: Sequence[tuple[Proposal, Numbers]]) -> Iterator[Explanation]:
    case, own = question.case, question.case.own
    if not case.symbolic and question.fits_cut_off(own):
        yield Explanation((_cut(question, own),), tuple(own))
    for proposal, results in singles:
        if question.fits(results) and _elsewhere(question, [proposal]):
            yield Explanation((_told(question, proposal, results),), tuple(results))


def _elsewhere(question: Question, proposals: Sequence[Proposal]) -> bool:
    """Return whether the same slips give what is claimed at the other numbers too."""
    for which, case in enumerate(question.cases[1:], start=1):
        links = case.links if case.quantity.is_derivative else {}
        change = Change()
        for proposal in proposals:
            same = _same(case, proposal)
            both = None if same is None else change.with_(same.change, links)
            if both is None:
                return False
            change = both
        if not question.fits(case.evaluate(change), which):
            return False
    return True


def _same(case: Case, proposal: Proposal) -> Proposal | None:
    """Return what the rules propose in a proposal's place at other numbers; None where they do not."""
    found = (one for rule in RULES for one in rule(case))
    return next((one for one in found if one.key == proposal.key and one.kind == proposal.kind), None)


def _cut_off(question: Question, singles: Sequence[tuple[Proposal, Numbers]]) -> Iterator[Explanation]:
    for proposal, results in singles:
        if question.fits_cut_off(results):
            slips = (_told(question, proposal, results), _cut(question, results))
            yield Explanation(slips, tuple(results))


def _pairs(question: Question, singles: Sequence[tuple[Proposal, Numbers]]) -> Iterator[Explanation]:
    case = question.case
    links = case.links if case.quantity.is_derivative else {}
    pairs = combinations(singles[:_MOST_PAIRED], 2)
    for (first, _), (second, _) in islice(pairs, max(_FEWEST, _MOST_WORK // case.size)):
        if first.kind == second.kind not in _TWICE:
            continue
        change = first.change.with_(second.change, links)
        if change is None:
            continue
        results = case.evaluate(change)
        if question.fits(results) and _elsewhere(question, [first, second]):
            yield Explanation((_slip(first), _slip(second)), tuple(results))
        elif not case.symbolic and question.fits_cut_off(results):
            yield Explanation((_slip(first), _slip(second), _cut(question, results)), tuple(results))


def _told(question: Question, proposal: Proposal, results: Numbers) -> Slip:
    """Return a slip with what it gives, where its sentence does not say so already."""
    slip, case = _slip(proposal), question.case
    result, own = (numbers.number(one[case.focus]) for one in (results, case.own))
    said = (rf"(?<![\w.(,-]){re.escape(one)}(?![\w,)]|\.\d)" for one in (result, own))
    if case.symbolic or result == own or any(re.search(one, slip.text) for one in said):
        return slip
    return replace(slip, text=f"{slip.text.removesuffix('.')}; that gives {result} in the place of {own}.")


def _slip(proposal: Proposal) -> Slip:
    return Slip(proposal.kind, proposal.text if isinstance(proposal.text, str) else proposal.text())


def _cut(question: Question, results: Numbers) -> Slip:
    at = next(at for at in question.wrong if rounding.cut_off(question.amounts[0][at], results[at]))
    return Slip("truncated", rounding.text(question.amounts[0][at], results[at]))


def _of_other_kinds(found: Iterable[Explanation]) -> Iterator[Explanation]:
    """Yield the first explanation of each set of kinds."""
    seen = set()
    for explanation in found:
        kinds = frozenset(slip.kind for slip in explanation.slips)
        if kinds not in seen:
            seen.add(kinds)
            yield explanation
