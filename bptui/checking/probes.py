"""The differentiated scalar while elements of one value have other numbers: many such *probes* in one run.

A run goes through the steps that depend on the value, and no others, once for all probes. What a probe moves has one
more axis, the first, along which the probes lie; what none moves stays as it was recorded. Elementwise operations, and
those that only move elements, are computed for all probes at once, any other for one after the other.

Of a large array only the elements that some probe moves are kept, as long as they are few: moving one element of a
million moves one element of their product with a weight, and one of its tanh. Whatever is computed is computed by the
operations' own rules, from the same numbers as in a run of the whole program.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from bptui.editing import scalar_of
from bptui.engine.passes import depending
from bptui.limits import Deadline
from bptui.ops import numeric
from bptui.ops.structure import Indices, flat
from bptui.scenario.program import Array, Program
from bptui.trace.arrays import as_recorded
from bptui.trace.backward import with_chosen
from bptui.trace.record import Trace

LARGE = 4096
"""From how many elements on an array is large."""

_AT_ONCE = 1 << 17
"""About how many elements an array may have for all probes of one run together."""

_MOVING = ("selection", "permutation")
"""The patterns of operations whose results are elements of their operand."""

_KEPT = 1 << 24
"""About how many elements all arrays may have together that are kept for a later step."""

_FEW = 8
"""What is moved is kept apart where it is at most this part of an array."""

_STEP_WORK = 5000
"""How many products could be computed in the time that a step takes beyond its own."""

_ELEMENT_WORK = 10
"""How many could be in the time that a function of one element takes, or to go through what is summed up."""

_SLOW_WORK = {"max": 50, "min": 50, "max_pool1d": 500, "sort": 500, "topk": 500, "gelu": 2000}
"""The same for operations that find elements among others, or that NumPy has no function of."""


class _Part(Struct, frozen=True):
    """What probes move of a large array: the flat places, in ascending order, and a row of numbers for each probe."""

    places: NDArray[np.intp]
    numbers: Array


class Probes:
    """Moves elements of one value, and tells what becomes of the target."""

    def __init__(self, trace: Trace, value: int, deadline: Deadline) -> None:
        self._trace, self._value, self._deadline = trace, value, deadline
        self._program: Program = trace.program
        self._steps = array("i", depending(trace.program, [value]))
        self._values = as_recorded(trace.values)
        columns, code = self._program.columns, self._program.code
        ranks, sizes = [len(shape) for shape in code.shapes], [math.prod(shape) for shape in code.shapes]
        self._ranks = array("i", np.array(ranks, np.intc)[np.asarray(code.shape)].tobytes())
        self._sizes = array("q", np.array(sizes, np.int64)[np.asarray(code.shape)].tobytes())
        self._rules = [
            (kind.operation.forward, kind.operation.choose, kind.params, bool(kind.operation.partials))
            for kind in columns.kinds
        ]
        self._last = _last_uses(self._program, self._steps)
        self._scratch: dict[int, Array] = {}
        self._moving: dict[tuple[int, int], Indices | None] = {}
        self._together = max(2, min(_AT_ONCE // max(1, self._largest), _KEPT // max(1, self._most_kept)))

    @cached_property
    def _largest(self) -> int:
        """How many elements the largest array has that is moved."""
        outputs = np.asarray(self._program.columns.outputs)[np.asarray(self._steps)]
        return int(np.asarray(self._sizes)[np.append(outputs, self._value)].max())

    @property
    def _most_kept(self) -> int:
        """How many elements one probe moves at most that a later step still asks for."""
        steps = np.asarray(self._steps, np.intp)
        outputs = np.asarray(self._program.columns.outputs)[steps]
        sizes, last = np.asarray(self._sizes)[outputs], np.asarray(self._last)[outputs]
        ends = np.where(last < 0, len(steps), np.searchsorted(steps, last))
        kept = np.zeros(len(steps) + 1, np.int64)
        kept[: len(steps)] += sizes
        np.subtract.at(kept, np.minimum(ends + 1, len(steps)), sizes)
        return int(np.cumsum(kept[: len(steps)]).max(initial=0))

    @property
    def run_work(self) -> int:
        """About how many elements and products could be computed in the time that a run takes beyond that for each."""
        return _STEP_WORK * len(self._steps)

    @cached_property
    def work(self) -> int:
        """About how many elements and products one probe takes, beside what a run takes for all."""
        columns, sizes = self._program.columns, np.asarray(self._sizes)
        steps = np.asarray(self._steps, np.intp)
        if not len(steps):
            return 1
        starts = np.asarray(columns.starts)[:-1]
        largest = np.maximum(np.maximum.reduceat(sizes[np.asarray(columns.operands)], starts)[steps],
                             sizes[np.asarray(columns.outputs)[steps]])  # fmt: skip
        operations = [kind.operation for kind in columns.kinds]
        each = np.array([_SLOW_WORK.get(one.name, _ELEMENT_WORK) for one in operations])
        kinds, firsts = np.asarray(columns.kind)[steps], np.zeros(len(operations), np.intp)
        firsts[kinds[::-1]] = steps[::-1]
        together = [
            bool(one.partials) or self._sources(int(first)) is not None
            for one, first in zip(operations, firsts, strict=True)
        ]
        work = each[kinds] * largest + np.where(together, 0, _STEP_WORK)[kinds]
        summing = np.array([one.terms is not None for one in operations])
        for at in np.flatnonzero(summing[kinds]).tolist():
            terms = operations[kinds[at]].terms
            step = int(steps[at])
            shapes = tuple(self._program.shape(one) for one in columns.inputs(step))
            work[at] = _STEP_WORK + self._sizes[columns.outputs[step]] * terms(shapes)
        if self._largest > LARGE:
            work[self._in_parts(np.flatnonzero(largest > LARGE).tolist())] = _STEP_WORK
        return max(1, int(work.sum()))

    def _in_parts(self, large: Sequence[int]) -> list[int]:
        """Return which of the steps, by their places, are computed for the elements that are moved alone."""
        columns, shape = self._program.columns, self._program.shape
        outputs = set(np.asarray(columns.outputs)[np.asarray(self._steps)].tolist())
        few, found = {self._value}, []
        for at in large:
            step = self._steps[at]
            output = columns.outputs[step]
            moved = [one for one in columns.inputs(step) if one in outputs or one == self._value]
            elementwise = self._rules[columns.kind[step]][3]
            if elementwise and all(one in few and shape(one) == shape(output) for one in moved):
                few.add(output)
                found.append(at)
        return found

    def targets(self, flats: Sequence[int], numbers: Sequence[float]) -> list[float]:
        """Return the differentiated scalar for each probe: element `flats[i]` is `numbers[i]`, all else as it was."""
        found: list[float] = []
        for start in range(0, len(flats), self._together):
            self._deadline.check()
            some = slice(start, start + self._together)
            with np.errstate(all="ignore"):
                found += self._run(np.array(flats[some], np.intp), np.array(numbers[some], np.float64))
        return found

    def _run(self, flats: NDArray[np.intp], numbers: Array) -> list[float]:
        program, count = self._program, len(flats)
        base, rows = np.asarray(self._values[self._value]), np.arange(count)
        moved: dict[int, Array] = {}
        parts: dict[int, _Part] = {}
        if base.size > LARGE:
            places = np.unique(flats)
            some = np.repeat(base.reshape(1, -1)[:, places], count, axis=0)
            some[rows, np.searchsorted(places, flats)] = numbers
            parts[self._value] = _Part(places, some)
        else:
            whole = np.repeat(base[None], count, axis=0)
            whole.reshape(count, -1)[rows, flats] = numbers
            moved[self._value] = whole
        self._compute(count, moved, parts)
        target = program.target
        if target in parts:
            found = [scalar_of(self._trace.seed, self._filled(target, parts[target], row)) for row in range(count)]
            self._restore(target, parts[target])
            return found
        if target not in moved:
            return [scalar_of(self._trace.seed, self._trace.values[target])] * count
        return [scalar_of(self._trace.seed, one) for one in moved[target]]

    def _compute(self, count: int, moved: dict[int, Array], parts: dict[int, _Part]) -> None:
        """Put what the steps result in into `moved`, or of large arrays what is moved into `parts`."""
        columns, rules, values, ranks, sizes = (
            self._program.columns, self._rules, self._values, self._ranks, self._sizes
        )  # fmt: skip
        kinds, starts, operands, outputs = columns.kind, columns.starts, columns.operands, columns.outputs
        last = self._last
        for step in self._steps:
            rule, choose, params, elementwise = rules[kinds[step]]
            ids, output = operands[starts[step] : starts[step + 1]], outputs[step]
            if sizes[output] > LARGE or (parts and not parts.keys().isdisjoint(ids)):
                self._compute_large(step, count, moved, parts)
            elif elementwise:
                rank = ranks[output]
                inputs = [
                    values[one] if (found := moved.get(one)) is None
                    else found if ranks[one] == rank
                    else _widened(found, rank)
                    for one in ids
                ]  # fmt: skip
                moved[output] = rule(numeric, *inputs, **params)
            elif (sources := self._sources(step)) is not None:
                elements = moved[ids[0]].reshape(count, -1)[:, sources]
                moved[output] = elements.reshape(count, *self._program.shape(output))
            else:
                results = []
                for row in range(count):
                    inputs = [moved[one][row] if one in moved else values[one] for one in ids]
                    chosen = with_chosen(params, choose(*inputs, **params)) if choose is not None else params
                    results.append(rule(numeric, *inputs, **chosen))
                moved[output] = np.array(results, np.float64)
            for one in ids:  # what nobody asks for any more makes room
                if last[one] == step:
                    moved.pop(one, None)
                    parts.pop(one, None)

    def _sources(self, step: int) -> Indices | None:
        """Return which element of its operand each result of a step is; None where it does more than move elements."""
        columns, code = self._program.columns, self._program.code
        place = columns.starts[step]
        key = columns.kind[step], code.shape[columns.operands[place]]
        if key not in self._moving:
            kind, shape = columns.kinds[key[0]], code.shapes[key[1]]
            sources = None
            if kind.operation.choose is None and columns.starts[step + 1] == place + 1 and math.prod(shape) <= LARGE:
                output = self._program.shape(columns.outputs[step])
                structure = kind.operation.structure(0, (shape,), output, kind.params)
                if structure.name in _MOVING:
                    sources = np.ravel(kind.operation.forward(numeric, flat(shape), **kind.params))
            self._moving[key] = sources
        return self._moving[key]

    # -- large arrays ------------------------------------------------------------------------------------------------

    def _compute_large(self, step: int, count: int, moved: dict[int, Array], parts: dict[int, _Part]) -> None:
        columns = self._program.columns
        output = columns.outputs[step]
        ids = columns.inputs(step)
        if self._rules[columns.kind[step]][3]:
            shape = self._program.shape(output)
            alike = all(one not in moved and (one not in parts or self._program.shape(one) == shape) for one in ids)
            if alike:
                parts[output] = self._in_part(step, count, parts)
                return
        results = [self._one(step, row, moved, parts) for row in range(count)]
        if self._sizes[output] <= LARGE:
            moved[output] = np.array(results, np.float64)
            return
        before = np.asarray(self._values[output]).reshape(-1)
        differs = np.zeros(before.size, bool)
        for result in results:
            differs |= result.reshape(-1) != before
        places = np.flatnonzero(differs)
        if len(places) * _FEW <= before.size:
            parts[output] = _Part(places, np.array([result.reshape(-1)[places] for result in results]))
        else:
            moved[output] = np.array(results)

    def _in_part(self, step: int, count: int, parts: dict[int, _Part]) -> _Part:
        """Return what an elementwise step makes of the elements that are moved."""
        columns = self._program.columns
        shape = self._program.shape(columns.outputs[step])
        ids = columns.inputs(step)
        found = [parts[one].places for one in ids if one in parts]
        places = found[0] if all(one is found[0] for one in found) else np.unique(np.concatenate(found))
        index = np.unravel_index(places, shape)
        inputs: list[Any] = []
        for one in ids:
            part, array = parts.get(one), self._values[one]
            if part is not None and part.places is places:
                inputs.append(part.numbers)
            elif part is None and self._ranks[one] == 0:
                inputs.append(array)
            else:
                some = np.broadcast_to(array, shape)[index]
                if part is not None:
                    some = np.repeat(some[None], count, axis=0)
                    some[:, np.searchsorted(places, part.places)] = part.numbers
                inputs.append(some)
        rule, _, params, _ = self._rules[columns.kind[step]]
        return _Part(places, rule(numeric, *inputs, **params))

    def _one(self, step: int, row: int, moved: dict[int, Array], parts: dict[int, _Part]) -> Array:
        """Return what a step results in for one probe."""
        columns = self._program.columns
        rule, choose, params, _ = self._rules[columns.kind[step]]
        inputs, restored = [], []
        for one in columns.inputs(step):
            if one in parts:
                inputs.append(self._filled(one, parts[one], row))
                restored.append(one)
            else:
                inputs.append(moved[one][row] if one in moved else self._values[one])
        chosen = with_chosen(params, choose(*inputs, **params)) if choose is not None else params
        result = np.asarray(rule(numeric, *inputs, **chosen), np.float64)
        if any(np.may_share_memory(result, self._scratch[one]) for one in restored):
            result = result.copy()
        for one in restored:
            self._restore(one, parts[one])
        return result

    def _filled(self, value: int, part: _Part, row: int) -> Array:
        """Return a large array as one probe has it: a copy that is kept, for copying takes longer than a sum."""
        if value not in self._scratch:
            self._scratch[value] = np.array(self._values[value])
        self._scratch[value].flat[part.places] = part.numbers[row]  # whatever its order in memory
        return self._scratch[value]

    def _restore(self, value: int, part: _Part) -> None:
        """Make the kept copy of a large array what was recorded again."""
        self._scratch[value].flat[part.places] = self._values[value].flat[part.places]


def _last_uses(program: Program, steps: Sequence[int]) -> array[int]:
    """Return for each value which of the steps uses it last; −1 where none does."""
    columns = program.columns
    last = np.full(len(program.code.shape), -1, np.int32)
    some = np.asarray(steps, np.intp)
    starts = np.asarray(columns.starts)
    counts = (starts[1:] - starts[:-1])[some]
    places = np.repeat(starts[some] - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts) + np.arange(counts.sum())
    last[np.asarray(columns.operands)[places]] = np.repeat(some, counts)  # steps ascend: the last one stays
    last[program.target] = -1
    return array("i", last.tobytes())


def _widened(moved: Array, rank: int) -> Array:
    """Return an operand with as many axes as the result has, beside the first, so that it broadcasts as it did."""
    return moved.reshape(moved.shape[:1] + (1,) * (rank + 1 - moved.ndim) + moved.shape[1:])
