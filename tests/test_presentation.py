"""What is shown: numbers as text, and for random scenarios every formula, ledger and route against the trace.

The formulas are parsed back by `checker.evaluate`, and must give what they claim to the digits that they are shown to.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import count
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bptui
from bptui.exporting import write
from bptui.ops import OPERATIONS
from bptui.present import cells, numbers, whole
from bptui.present.ledger import MOST_TERMS
from bptui.present.pages import LARGEST_TABLE
from bptui.present.presentation import Presentation
from bptui.trace.record import Trace
from checker import evaluate
from random_scenarios import random_scenario

# fmt: off
NUMBERS = [
    (0.0, "0"), (-0.0, "0"), (1.0, "1"), (-1.0, "-1"), (0.5, "0.5"), (-0.25, "-0.25"), (0.1 + 0.2, "0.3"),
    (1 / 3, "0.3333"), (-2 / 3, "-0.6667"), (100.0, "100"), (123.456, "123.456"), (12345.678, "12345.678"),
    (0.0533, "0.0533"), (0.012345678, "0.01235"), (0.0012345678, "0.001235"), (0.00012345678, "0.0001235"),
    (0.0001, "0.0001"), (0.000099, "9.9e-05"), (1.2e-9, "1.2e-09"), (1.23456789e-9, "1.2346e-09"), (-1e-9, "-1e-09"),
    (999999.0, "999999"), (1e6, "1e+06"), (1234567.0, "1234567"), (1234567.5, "1.2346e+06"), (1e15, "1e+15"),
    (123456789012345.0, "1.2346e+14"), (123456789012.0, "123456789012"),
    (1e100, "1e+100"), (1.7976931348623157e308, "1.7977e+308"),
    (1e308, "1e+308"), (-1e308, "-1e+308"), (5e-324, "4.9407e-324"), (2.2250738585072014e-308, "2.2251e-308"),
    (math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf"), (99999.99999999999, "100000"), (0.99999, "1.0000"),
    (0.9999999999999, "1"), (2.5, "2.5"), (0.00005, "5e-05"), (1e-300, "1e-300"),
]
# fmt: on


@pytest.mark.parametrize(("value", "text"), NUMBERS)
def test_number(value: float, text: str) -> None:
    assert numbers.number(value) == text
    assert numbers.number(np.float64(value)) == text


FLOATS = st.floats(-1.79e308, 1.79e308)


@settings(max_examples=300)
@given(st.one_of(FLOATS, st.floats(-1e6, 1e6), st.floats(-1.0, 1.0)))
def test_a_number_is_right_to_four_decimals_and_four_digits(value: float) -> None:
    text = numbers.number(value)
    shown = float(text)
    allowed = 0.5000001 * min(10.0**-4, 10.0 ** (math.floor(math.log10(abs(value))) - 3)) if value else 0.0
    assert abs(shown - value) <= max(allowed, abs(value) * 5.1e-5 if "e" in text else 0.0, abs(value) * 1e-11)
    assert re.fullmatch(r"-?\d+(\.\d+)?(e[+-]\d{2,3})?", text)
    assert not text.startswith("-0") or shown != 0.0 or "." not in text
    assert len(text) <= 17


@settings(max_examples=100)
@given(st.integers(-(10**6) + 1, 10**6 - 1), st.integers(0, 4))
def test_what_is_exact_in_few_decimals_is_written_so(whole: int, decimals: int) -> None:
    value = whole / 10**decimals
    assert float(numbers.number(value)) == value
    assert not re.search(r"\.\d*0$", numbers.number(value))


@settings(max_examples=150)
@given(st.lists(st.one_of(FLOATS, st.floats(-100.0, 100.0), st.just(math.nan), st.just(-math.inf)), max_size=8))
def test_columns_share_their_decimals(values: list[float]) -> None:
    texts = numbers.column(values)
    assert len(texts) == len(values)
    decimals = {len(text.partition(".")[2]) for text in texts if re.fullmatch(r"-?\d+(\.\d+)?", text) and text != "0"}
    plain = [text for text, value in zip(texts, values, strict=True) if math.isfinite(value) and abs(value) < 1e6]
    assert len({len(text.partition(".")[2]) for text in plain if "e" not in text and text != "0"}) <= 1, decimals
    for text, value in zip(texts, values, strict=True):
        if math.isnan(value):
            assert text == "nan"
        else:
            assert float(text) == pytest.approx(value, rel=6e-4, abs=1e-12) or value == 0.0


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0.5, 0.25, 1.0], ["0.50", "0.25", "1.00"]),
        ([0.5, 1 / 3, 0.0], ["0.5000", "0.3333", "0"]),
        ([1.0, 2.0], ["1", "2"]),
        ([math.nan, 0.5, math.inf, 1e-9, -math.inf], ["nan", "0.5", "inf", "1e-09", "-inf"]),
        ([], []),
        ([-0.0, 0.1 + 0.2], ["0", "0.3"]),
        ([0.012345, 123.0], ["0.01235", "123.00000"]),
    ],
)
def test_column(values: list[float], texts: list[str]) -> None:
    assert numbers.column(values) == texts


def test_factor_and_array() -> None:
    assert numbers.factor(-0.5) == "(-0.5)"
    assert numbers.factor(0.5) == "0.5"
    assert numbers.factor(-math.inf) == "(-inf)"
    assert numbers.factor(-0.0) == "0"
    assert numbers.array(np.array([0.13, 0.2])) == "[0.13, 0.2]"
    assert numbers.array(np.array(0.5)) == "0.5"
    assert numbers.array(np.zeros((2, 0))) == "[[], []]"
    assert numbers.array(np.arange(20.0)) == "[0, 1, 2, 3, 4, 5, …, 18, 19]"


# Shortened sums


def test_sums_are_shortened() -> None:
    terms = [f"a{i}*b{i}" for i in range(20)]
    assert cells.shortened(" + ".join(terms)) == "a0*b0 + a1*b1 + a2*b2 + a3*b3 + … 15 more … + a19*b19"
    assert cells.shortened(" + ".join(terms[:6])) == " + ".join(terms[:6])
    assert cells.shortened(" + ".join(terms[:7])) == "a0*b0 + a1*b1 + a2*b2 + a3*b3 + … 2 more … + a6*b6"
    assert cells.shortened("plain") == "plain"


def test_sums_inside_brackets_and_lists_are_shortened() -> None:
    inside = " + ".join(f"exp({i})" for i in range(10))
    assert cells.shortened(f"log({inside})") == "log(exp(0) + exp(1) + exp(2) + exp(3) + … 5 more … + exp(9))"
    assert cells.shortened(f"({inside})/10") == "(exp(0) + exp(1) + exp(2) + exp(3) + … 5 more … + exp(9))/10"
    listed = ", ".join(map(str, range(10)))
    assert cells.shortened(f"max({listed})") == "max(0, 1, 2, 3, … 5 more …, 9)"


def test_two_long_sums_beside_each_other_are_shortened_apart() -> None:
    left, right = (" + ".join(f"{letter}{i}" for i in range(10)) for letter in "ab")
    text = cells.shortened(f"({left})*({right})")
    assert text == "(a0 + a1 + a2 + a3 + … 5 more … + a9)*(b0 + b1 + b2 + b3 + … 5 more … + b9)"


# Random scenarios


def traces() -> Iterator[Trace]:
    """Yield a trace for each two operations, without names that formulas could take for functions: `log(1)`."""
    names = list(OPERATIONS)
    for start in range(0, len(names), 2):
        made = (random_scenario(Random(seed), names[start:][:2]) for seed in count(start))
        yield bptui.run(bptui.loads(next(one for one in made if not OPERATIONS.keys() & set(one.names)).text))


TRACES = list(traces())
TRACE_IDS = range(len(TRACES))


def parsed(text: str) -> float:
    """Return the value of a formula as it is shown, with its numbers in it."""
    plain = text.replace("·", "*").replace("²", "**2").replace("³", "**3").replace("^", "**")
    return evaluate(plain, {})


def claimed(lines: tuple[str, ...]) -> list[str]:
    """Return the sides of one equation that have nothing but numbers in them."""
    first, *others = lines
    sides = [first.rpartition(" = ")[2], *(line.removeprefix("= ") for line in others)]
    return [side for side in sides if not re.search(NAME, side)]


NAME = re.compile(
    r"[…#]|(?<![\w.])(?!(?:exp|log|log10|sqrt|abs|tanh|sin|cos|erf|sign|step|max|min|pi|if|else)\b)[^\W\d]"
)


@pytest.mark.parametrize("number", TRACE_IDS)
def test_formulas_give_what_they_claim(number: int) -> None:
    """All sides of an equation are equal, up to the rounding of the numbers that stand in them."""
    trace = TRACES[number]
    presentation = Presentation(trace)
    for index, step in enumerate(trace.steps):
        value = trace.program.values[step.target if step.phase == "backward" else step.output]  # type: ignore[index]
        for element in {0, value.size // 2, value.size - 1}:
            frame = presentation.frame(index, element)
            array = step.contribution if step.phase == "backward" else step.gradient
            if step.phase == "forward":
                array = trace.values[value.id]
            assert array is not None
            expected = float(np.reshape(array, -1)[element])
            sides = claimed(frame.formulas)
            assert sides, frame.formulas
            assert sides[-1] == numbers.number(expected) or step.phase == "seed"
            for side in sides:
                if "nan" in side or "inf" in side:
                    continue
                found = parsed(side)
                if math.isfinite(found):
                    assert found == pytest.approx(expected, rel=0.02, abs=0.02), frame.formulas


@pytest.mark.parametrize("number", TRACE_IDS)
def test_the_ledger_agrees_with_the_trace(number: int) -> None:
    trace = TRACES[number]
    presentation = Presentation(trace)
    for step in trace.steps[trace.seed_step + 1 :]:
        assert step.target is not None
        assert step.contribution is not None
        assert step.upstream is not None
        assert step.local is not None
        table = presentation.frame(step.index).table
        assert table.columns == ("element", "from", "upstream", "local", "contribution", "before", "after")
        seen: list[int] = []
        terms: dict[int, list[float]] = {}
        for row in table.rows:
            name, _, upstream, local, contribution, before, after = row.cells
            assert row.element is not None
            flat = row.element
            assert name == cells.pretty(trace.program.element_name(step.target, flat))
            if row.kind == "term":
                terms.setdefault(flat, []).append(float(upstream) * float(local))
                assert float(contribution) == pytest.approx(terms[flat][-1], rel=0.02, abs=1e-3)
                continue
            if row.kind == "more":
                terms.pop(flat)
                continue
            seen.append(flat)
            for text, array in ((contribution, step.contribution), (before, step.before), (after, step.after)):
                assert array is not None
                exact = float(np.reshape(array, -1)[flat])
                assert float(text) == pytest.approx(exact, rel=1e-3, abs=1e-12), row.cells
            if row.kind == "element" and upstream:
                assert float(upstream) * float(local) == pytest.approx(float(contribution), rel=0.02, abs=1e-3)
            elif flat in terms:
                assert sum(terms[flat]) == pytest.approx(float(contribution), rel=0.02, abs=5e-3)
        assert seen == list(range(np.size(step.contribution)))


def test_an_element_that_only_moves_is_an_equation_of_one_line() -> None:
    frame = Presentation(bptui.run(bptui.load("exercise-7-3c"))).frame(0)
    assert frame.formulas == ("x0 = 3",)


def test_what_nothing_flows_into_has_an_ordinary_row() -> None:
    rows = Presentation(bptui.run(bptui.load("exercise-7-3c"))).frame(7).table.rows
    assert [(row.cells[1], row.kind) for row in rows][:2] == [("x0", "element"), ("nothing", "element")]


@pytest.mark.parametrize("number", TRACE_IDS)
def test_route_texts_agree_with_the_trace(number: int) -> None:
    trace = TRACES[number]
    presentation = Presentation(trace)
    for listed in whole.routes(presentation.writer):
        for route in listed.routes:
            assert len(route.names.split(" · ")) == len(route.numbers.split(" · ")) or "·" in route.names
            shown = parsed(route.numbers)
            assert shown == pytest.approx(float(route.product), rel=0.02, abs=1e-3)


def test_every_format_can_be_written_for_every_scenario() -> None:
    for trace in TRACES[::4]:
        text = write(trace, "text")
        assert text == write(trace, "text")
        assert all(character.isprintable() or character == "\n" for character in text)


def test_values_are_blank_until_they_are_known() -> None:
    trace = bptui.run(bptui.loads('[inputs]\nx = 2.0\n[forward]\ny = "3*x"\nL = "y*y"'))
    presentation = Presentation(trace)

    def table(index: int) -> list[tuple[str, str, str]]:
        return [(row.cells[0], row.cells[2], row.cells[3]) for row in presentation.values(index).rows]

    assert table(0) == [("x", "2", ""), ("y", "6", ""), ("L", "", "")]
    assert table(1) == [("x", "2", ""), ("y", "6", ""), ("L", "36", "")]
    assert table(2) == [("x", "2", ""), ("y", "6", ""), ("L", "36", "1")]
    assert table(3) == [("x", "2", ""), ("y", "6", "6"), ("L", "36", "1")]
    assert table(5) == [("x", "2", "36"), ("y", "6", "12"), ("L", "36", "1")]


def test_an_element_out_of_range_is_the_nearest_one() -> None:
    presentation = Presentation(bptui.run(bptui.load("exercise-7-1")))
    assert presentation.frame(0, 99).element == 2
    assert presentation.frame(0, -5).element == 0


def test_large_arrays_are_listed_in_part() -> None:
    text = '[inputs]\nx = { shape = [3000], init = "normal" }\n[forward]\ny = "2*x"\nL = "sum(y)"'
    presentation = Presentation(bptui.run(bptui.loads(text)))
    for index in range(len(presentation)):
        rows = presentation.frame(index).table.rows
        if len(rows) > 1:
            assert len(rows) <= 2 * LARGEST_TABLE + 1
            assert rows[-1].kind == "more"
            assert "2,000 more" in rows[-1].cells[0]


def test_many_terms_are_listed_in_part_and_summed_in_full() -> None:
    text = '[inputs]\nb = 2.0\nX = { shape = [50], init = "ones" }\n[forward]\nL = "sum(X*b)"\n[backward]\nwrt = ["b"]'
    trace = bptui.run(bptui.loads(text))
    index = next(step.index for step in trace.steps if step.phase == "backward" and step.target == 0)
    rows = list(Presentation(trace).frame(index).table.rows)
    assert [row.kind for row in rows] == ["term"] * MOST_TERMS + ["more", "sum"]
    assert rows[-2].cells[1] == "38 more"
    assert rows[-1].cells[4:] == ("50", "0", "50")


def test_a_title_with_control_characters_reaches_no_screen() -> None:
    text = 'title = "a\\u001b[31mb"\ndescription = "c\\u0007\\nd"\n[inputs]\nx = 1.0\n[forward]\nL = "2*x"'
    presentation = Presentation(bptui.run(bptui.loads(text)))
    assert presentation.title == "a\\x1b[31mb"
    assert presentation.description == "c\\x07\nd"


def test_numbers_that_are_not_finite_have_frames() -> None:
    trace = bptui.run(bptui.loads('[inputs]\nx = [0.0, -1.0, 1e308]\n[forward]\ny = "log(x)*x*x"\nL = "sum(y)"'))
    presentation = Presentation(trace)
    for index in range(len(presentation)):
        for element in range(3):
            assert presentation.frame(index, element).formulas
    assert list(whole.routes(presentation.writer))


@pytest.mark.parametrize("line", ["sum(x)", "mean(x)", "x @ x", "logsumexp(x)", "norm(x)", "mse(x, 2*x)", "max(x)"])
def test_of_a_long_sum_only_what_is_written_is_looked_at(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f'[inputs]\nx = {{ shape = [5000], init = "ones" }}\n[forward]\nL = "{line}"'
    presentation = Presentation(bptui.run(bptui.loads(text)))
    asked: set[int] = set()
    name = cells.Names.x

    def noted(cell: cells.Names, slot: int, at: int) -> str:
        asked.add(at)
        return name(cell, slot, at)

    monkeypatch.setattr(cells.Names, "x", noted)
    formulas = presentation.frame(presentation.trace.seed_step - 1).formulas
    assert all("… 4995 more …" in side for side in formulas[:2])
    assert asked == {0, 1, 2, 3, 4999}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("y = 'M * 2'", "diagonal"),
        ("y = 'M * v'", "one entry a row, for v is copied"),
        ("y = 'permute(v, [1, 2, 0])'", "a permutation"),
        ("y = 'v[1:]'", "at most one entry a row"),
        ("y = 'sum(M, axis=0)'", "in blocks, one a line that is taken together"),
        ("y = 'M @ v'", "full"),
        ("y = 'v @ M.T'", "full"),
        ("y = 'M @ M.T'", "in blocks, one a row of M"),
        ("y = 'outer(v, v)'", "an outer product, one entry a row"),
        ("y = 'cumsum(v)'", "triangular"),
        ("y = 'conv1d(v, v[1:])'", "a band, one window a row"),
    ],
)
def test_a_local_jacobian_is_told_in_words(lines: str, expected: str) -> None:
    text = f"[inputs]\nv = [1.0, 2.0, 4.0]\nM = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]\n[forward]\n{lines}\nL = 'sum(y)'"
    presentation = Presentation(bptui.run(bptui.loads(text)))
    backward = range(presentation.trace.seed_step + 2, len(presentation))
    said = [presentation.frame(index).jacobian[0] for index in backward]
    assert any(one.rstrip(".:").endswith(f", {expected}") for one in said), said
