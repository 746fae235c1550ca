"""Wires: steps that only move elements, drawn in index order."""

from __future__ import annotations

import re

import numpy as np
import pytest

import bptui
from bptui.exporting.text import write_text
from bptui.present.drawing import Canvas, text_of
from bptui.present.wires import Wires, find_wires
from bptui.trace.elements import Elements
from bptui.trace.record import Trace
from work import counted

CYCLE = [2, 4, 3, 0, 1]


def traced(name: str) -> Trace:
    return bptui.run(bptui.load(name))


def scenario(expression: str, x: str, extra: str = "") -> Trace:
    return bptui.run(bptui.loads(f'[inputs]\nx = {x}\n{extra}[forward]\ny = "{expression}"\nL = "sum(y*y)"\n'))


def wires_at(trace: Trace, step: int) -> Wires:
    found = find_wires(Elements(trace), step)
    assert found is not None
    return found


def backward_of(trace: Trace, step: int) -> int:
    return trace.seed_step + 1 + next(slot.index for slot in trace.program.slots if slot.step == step)


def drawn(wires: Wires, element: int = 0, width: int = 100) -> list[str]:
    return [text_of(line) for line in wires.lines(width, element)]


def test_a_permutation_tells_its_order_inverse_and_cycles() -> None:
    wires = wires_at(scenario(f"permute(x, {CYCLE})", "[3, 1, 4, 1.5, 5]"), 0)
    assert wires.sources.tolist() == CYCLE
    assert wires.inverse.tolist() == np.argsort(CYCLE).tolist()
    assert wires.cycles == ((0, 3, 2), (1, 4))
    assert not wires.own_inverse
    assert wires.words()[:3] == ["order    2 4 3 0 1", "inverse  3 4 0 2 1", "cycles   0 → 3 → 2 → 0, 1 → 4 → 1"]


def test_words_that_take_several_lines_hang_below_the_first_and_break_between_cycles() -> None:
    wires = wires_at(traced("exercise-7-3c"), 1)
    lines = drawn(wires, width=68)
    column = next(line.index("order") for line in lines if "order" in line)
    words = [line[column:].rstrip() for line in lines]
    cycles = words.index("cycles   0 → 3 → 2 → 0,")
    assert words[cycles + 1] == "         1 → 4 → 1"
    way = next(at for at, line in enumerate(words) if line.startswith("+ x0 also enters"))
    assert words[way + 1].startswith("  directly")


def test_a_permutation_of_swaps_is_its_own_inverse() -> None:
    wires = wires_at(scenario("reverse(x)", "[1, 2, 3]"), 0)
    assert wires.own_inverse
    assert "its own inverse: back is like forward" in wires.words()


@pytest.mark.parametrize("expression", [f"permute(x, {CYCLE})", "roll(x, 2)", "sort(x)", "gather(x, [1, 1, 4, 0, 1])"])
@pytest.mark.parametrize("backward", [False, True])
def test_every_wire_can_be_followed_through_the_drawing(expression: str, backward: bool) -> None:
    """Walks each wire from the result up, turning only at corners, and arrives at the element that it came from."""
    trace = scenario(expression, "[3, 1, 4, 1.5, 5]")
    wires = wires_at(trace, backward_of(trace, 0) if backward else 0)
    lines = drawn(wires, width=60)[: 6 + 5]
    top = next(at for at, line in enumerate(lines) if re.search("[│┃┗╰┏╭]", line))
    bottom = max(at for at, line in enumerate(lines) if re.search("[│┃╯┛╮╭]", line))
    starts = [match.start() for match in re.finditer(r"\d", lines[0])]
    ends = [match.start() for match in re.finditer("[│┃╮┓╭┏┼╂┿╋├┤┠┨┣┫┡┩]", lines[bottom])]
    followed = {_followed(lines, bottom, end, top, starts) for end in ends}
    expected = set(enumerate(wires.sources.tolist()))
    assert {(at, source) for at, source in ((_nearest(starts, e), s) for e, s in followed)} == expected


def _followed(lines: list[str], row: int, column: int, top: int, starts: list[int]) -> tuple[int, int]:
    end, direction = column, (-1, 0)
    while row >= top:
        here = lines[row].ljust(200)[column]
        if here in "╮┓":
            direction = (0, -1)
        elif here in "╭┏":
            direction = (0, 1)
        elif here in "╰╯┗┛├┤┠┨┣┫┡┩" and direction[0] == 0:
            direction = (-1, 0)
        row, column = row + direction[0], column + direction[1]
    return end, _nearest(starts, column)


def _nearest(starts: list[int], column: int) -> int:
    return min(range(len(starts)), key=lambda at: abs(starts[at] - column))


def test_the_element_under_the_cursor_is_heavy_forward_and_back() -> None:
    trace = traced("permutation-cycle")
    forward = wires_at(trace, 0)
    assert forward.lit(0) == (frozenset([1]), frozenset([0]))  # once[0] is x1
    assert any("┏" in line for line in drawn(forward, 0))
    backward = wires_at(trace, backward_of(trace, 0))
    assert backward.lit(0) == (frozenset([0]), frozenset([2]))  # x0 went to once[2]
    assert backward.backward
    styles = {style for line in backward.lines(100, 0) for text, style in line if "┗" in text}
    assert styles == {"strong"}


def test_values_run_down_and_gradients_up() -> None:
    trace = traced("permutation-cycle")
    down, up = drawn(wires_at(trace, 0)), drawn(wires_at(trace, backward_of(trace, 0)))
    assert re.search(r"value +10 +20 +30 +40 +50", down[1])
    assert any(line.count("▼") == 5 for line in down)
    assert re.search(r"gradient +1 +2 +3 +5 +4", up[1])
    assert any(line.count("▲") == 5 for line in up)


def test_a_tie_is_marked_where_sort_met_one() -> None:
    wires = wires_at(traced("sort-with-a-tie"), 0)
    assert wires.ties == ((0, 1), (3, 4))
    assert any(line.count("=") == 2 and line.strip().startswith("└") for line in drawn(wires, width=60))
    assert "= tie: x[1] and x[3] are equal" in wires.words()


def test_topk_tells_what_it_might_as_well_have_taken() -> None:
    wires = wires_at(scenario("topk(x, 2)", "[4, 1, 7, 4]"), 0)
    assert wires.left_out == (3,)
    assert "2 elements of 4 not taken: gradient 0 from here" in wires.words()


def test_what_is_gathered_twice_branches_and_adds_up() -> None:
    trace = scenario("gather(x, [1, 1, 0])", "[3, 5]")
    forward, back = wires_at(trace, 0), wires_at(trace, backward_of(trace, 0))
    assert "x[1] is taken 2 times: its gradients add up" in forward.words()
    assert forward.lit(0)[1] == frozenset([0])
    assert back.lit(1)[1] == frozenset([0, 1])
    assert re.search(r"gradient +6 +20", drawn(back)[1])


def test_the_second_way_into_index_0_is_shown_with_the_wires() -> None:
    trace = traced("exercise-7-3c")
    program = trace.program
    moved = next(step.index for step in program.steps if step.operation.name == "permute")
    picked = next(step.index for step in program.steps if step.operation.name == "index")
    back = wires_at(trace, backward_of(trace, moved))
    assert back.words()[-1] == "+ x0 also enters F3[0] … F3[4] directly: dL/dx0 = 9 by the wire + 2.75 = 11.75"
    lines = drawn(back)
    assert any(re.match(r"joined by( +x0){5}", line) for line in lines)
    together = wires_at(trace, picked)
    assert together.step.index == moved
    assert together.lit(0) == (frozenset([0]), frozenset([3]))


def test_the_jacobian_has_a_1_for_every_wire() -> None:
    wires = wires_at(scenario("permute(x, [1, 2, 0])", "[3, 5, 7]"), 0)
    lines = [text_of(line) for line in wires.lines(80, 0, matrix=True)]
    at = next(at for at, line in enumerate(lines) if line.endswith("   0  1  2"))
    assert [line[-10:] for line in lines[at + 1 : at + 4]] == ["0  ·  1  ·", "1  ·  ·  1", "2  1  ·  ·"]


def test_without_numbers_the_wires_give_nothing_away() -> None:
    wires = wires_at(traced("exercise-7-3c"), 6)
    assert wires.backward
    told = "\n".join(text_of(line) for line in wires.lines(100, 0, numbers=False))
    assert "gradient" not in told
    assert "11.75" not in told
    assert "11.75" in "\n".join(text_of(line) for line in wires.lines(100, 0))


def test_two_operands_stand_beside_each_other() -> None:
    trace = scenario("concat([x, 2*x])", "[3, 5]")
    join = next(step.index for step in trace.program.steps if step.operation.name == "concat")
    wires = wires_at(trace, join)
    assert (wires.tops, wires.sources.tolist()) == (4, [0, 1, 2, 3])
    assert [wires.top_name(top) for top in range(4)] == ["x[0]", "x[1]", "(2·x)[0]", "(2·x)[1]"]


def test_many_wires_are_a_list_with_the_cursor_first() -> None:
    trace = scenario("reverse(x)", str(list(range(40))))
    wires = wires_at(trace, 0)
    assert not wires.drawable
    lines = drawn(wires, 7)
    assert lines[0].startswith("▸ x[32] ─▶─ y[7]   32")
    assert "a permutation of 40 with 20 cycles, longest 2" in wires.words()


def test_the_text_export_has_the_wires_too() -> None:
    lines = write_text(traced("permutation-cycle")).splitlines()
    assert sum("▼" in line for line in lines) == 3
    assert sum("▲" in line for line in lines) == 3
    assert max(map(len, lines)) <= 80


def test_no_line_is_wider_than_its_room() -> None:
    for name in ("exercise-7-3c", "sort-with-a-tie", "permutation-cycle", "embedding-lookup"):
        trace = traced(name)
        elements = Elements(trace)
        for step in range(len(trace.steps)):
            wires = find_wires(elements, step)
            for width in (38, 60, 100) if wires is not None and wires.drawable else ():
                assert wires is not None
                assert max(len(text_of(line)) for line in wires.lines(width, 0)) <= width


def test_a_step_that_computes_has_no_wires() -> None:
    trace = traced("exercise-7-1")
    assert all(find_wires(Elements(trace), step) is None for step in range(len(trace.steps)))


def test_wide_characters_keep_their_columns() -> None:
    canvas = Canvas()
    canvas.write(0, 0, "你x")
    canvas.write(0, 4, "|")
    assert text_of(canvas.lines()[0]) == "你x |"


def test_an_element_that_is_picked_takes_no_look_at_other_lines() -> None:
    def work(lines: int) -> int:
        text = "".join(f's{at} = "x[{at % 2}]*x[1]"\n' for at in range(lines))
        trace = bptui.run(bptui.loads(f"[inputs]\nx = [0.5, 0.2]\n[forward]\n{text}"))
        assert find_wires(Elements(trace), 0) is not None  # what is made once for the program
        return counted(find_wires, Elements(trace), 0)[1]

    assert work(400) < 1.5 * work(100)
