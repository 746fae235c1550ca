"""Breakpoints: what they say, where they stop, what is said about those that cannot be read, and `--break`."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import numpy as np
import pytest

import bptui
from bptui.cli import main
from bptui.errors import BptuiError
from bptui.present.presentation import Presentation
from bptui.present.stops import breakpoint_table, hit_text
from bptui.scenario.program import Array
from bptui.sequences import Lazy
from bptui.trace.breakpoints import Breakpoint, read_breakpoint, read_breakpoints
from bptui.trace.record import Trace
from bptui.trace.stops import find, hits, stops

TEXT = """
[inputs]
x = [-800.0, 2.0]
[parameters]
w = [0.5, 1e-9]
a = [0.0, 0.0]
[forward]
u = "sigmoid(x)"
v = "log(u)"
z = "x * a"
p = "w[1] * w[1]"
t = "sum(v) + sum(z) - 3*p + p + w[0]"
"""


@pytest.fixture(scope="module")
def trace() -> Trace:
    return bptui.run(bptui.loads(TEXT))


def stopped(trace: Trace, text: str) -> list[str]:
    """Return the labels of the steps that a breakpoint stops at."""
    shown = Presentation(trace)
    found = list(hits(trace, read_breakpoint(trace.program, text), range(len(shown))))
    return [shown.label(step).text for step in found]


def results(trace: Trace) -> list[tuple[bool, np.ndarray]]:
    """Return for every step whether it is a backward one (or the seed), and what it results in, off `trace.steps`."""
    arrays = [(False, trace.values[step.output]) for step in trace.program.steps]
    arrays.append((True, trace.seed))
    return arrays + [(True, step.after) for step in trace.steps[trace.seed_step + 1 :] if step.after is not None]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("nan", lambda backward, array: np.isnan(array).any()),
        ("inf", lambda backward, array: np.isinf(array).any()),
        ("zero", lambda backward, array: array.size and not np.any(array)),
        ("nan in grad", lambda backward, array: backward and np.isnan(array).any()),
        ("inf in value", lambda backward, array: not backward and np.isinf(array).any()),
        ("|grad| > 1", lambda backward, array: backward and np.abs(array).max() > 1),
        ("|grad| <= 1", lambda backward, array: backward and np.abs(array).max() <= 1),
        ("|value|<1e-3", lambda backward, array: not backward and np.abs(array).max() < 1e-3),
        ("|value| >= 1e+2", lambda backward, array: not backward and np.abs(array).max() >= 100),
    ],
)
def test_conditions_stop_where_they_hold_and_nowhere_else(
    trace: Trace, text: str, meant: Callable[[bool, Array], bool]
) -> None:
    expected = [step for step, (backward, array) in enumerate(results(trace)) if meant(backward, array)]
    found = list(hits(trace, read_breakpoint(trace.program, text), range(len(trace.steps))))
    assert found == expected
    assert 0 < len(found) < len(trace.steps), "a condition that holds always or never tests nothing"


def test_a_line_stops_where_it_is_entered_in_each_pass(trace: Trace) -> None:
    shown = Presentation(trace)
    steps = list(hits(trace, read_breakpoint(trace.program, "line v"), range(len(shown))))
    assert [shown.label(step).line for step in steps] == ["v", "v"]
    assert [step < trace.seed_step for step in steps] == [True, False]
    assert all(shown.label(step - 1).line != "v" for step in steps)


def test_an_operation_stops_in_both_passes(trace: Trace) -> None:
    assert stopped(trace, "op log") == ["v = log(u)", "dt/du = dt/dv · 1/u"]
    assert stopped(trace, "op *") == stopped(trace, "op multiply")


def test_a_value_stops_where_it_is_computed_and_where_its_gradient_grows(trace: Trace) -> None:
    assert stopped(trace, "u") == stopped(trace, "value u") == ["u = sigmoid(x)", "dt/du = dt/dv · 1/u"]
    assert len(stopped(trace, "p")) == 3
    assert stopped(trace, "dt/dp") == stopped(trace, "p")[1:]
    assert stopped(trace, "t")[-1] == "dt/dt = 1"


def test_an_element_stops_only_where_something_arrives_at_it(trace: Trace) -> None:
    assert len(stopped(trace, "dt/dw")) == 3
    assert len(stopped(trace, "dt/dw[0]")) == len(stopped(trace, "w(1)")) == 1
    assert len(stopped(trace, "dt/dw[1]")) == 2


def test_conditions_on_one_value_or_element(trace: Trace) -> None:
    assert len(stopped(trace, "nan in dt/dx")) == 1
    assert stopped(trace, "nan in dt/dx[1]") == []
    assert len(stopped(trace, "|dt/dw| < 1e-8")) == 0 < len(stopped(trace, "|dt/dw[1]| < 1e-7"))
    assert stopped(trace, "|v| > 100") == stopped(trace, "inf of v") == ["v = log(u)"]
    assert stopped(trace, "|v[1]| > 100") == []
    assert stopped(trace, "zero z") == ["z = x·a"]


def test_sign_stops_where_a_contribution_turns_a_gradient(trace: Trace) -> None:
    """Going back, `+ p` comes first and makes dt/dp 1; `- 3*p` turns it to -2."""
    found = [trace.steps[step] for step in hits(trace, read_breakpoint(trace.program, "sign"), range(len(trace.steps)))]
    assert [(step.target, float(step["before"]), float(step["after"])) for step in found] == [
        (trace.program.names["p"], 1.0, -2.0)
    ]
    assert stopped(trace, "sign in dt/dp") == stopped(trace, "sign p")
    assert stopped(trace, "sign in dt/dw") == []


@pytest.mark.parametrize("text", ["nan", "op sum", "w", "line p", "|grad| > 1", "sign", "dt/dw[1]", "t", "|v| > 1"])
def test_running_back_stops_where_running_on_does(trace: Trace, text: str) -> None:
    one, last = read_breakpoint(trace.program, text), len(trace.steps) - 1
    found = list(hits(trace, one, range(last + 1)))
    assert found
    assert list(hits(trace, one, range(last, -1, -1))) == found[::-1]
    for start in range(last + 1):
        ahead, behind = find(trace, [one], range(start + 1, last + 1)), find(trace, [one], range(start - 1, -1, -1))
        assert (ahead.step if ahead else None) == min((step for step in found if step > start), default=None)
        assert (behind.step if behind else None) == max((step for step in found if step < start), default=None)


def test_the_nearest_of_several_stops_and_what_is_off_does_not(trace: Trace) -> None:
    inf, nan = read_breakpoints(trace.program, ["inf", "nan"])
    every = range(len(trace.steps))
    first_inf, first_nan = next(hits(trace, inf, every)), next(hits(trace, nan, every))
    assert first_inf < first_nan
    hit = find(trace, [nan, inf], every)
    assert hit is not None
    assert (hit.step, hit.breakpoint) == (first_inf, inf)
    hit = find(trace, [nan, inf.switched()], every)
    assert hit is not None
    assert (hit.step, hit.breakpoint) == (first_nan, nan)
    assert find(trace, [nan.switched(), inf.switched(enabled=False)], every) is None


def test_stops_are_told_once_with_all_that_stop_there(trace: Trace) -> None:
    both = read_breakpoints(trace.program, ["op log", "value v", "value u"])
    assert [(len(found), step) for step, found in stops(trace, both, range(3))] == [(1, 0), (2, 1)]


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("", "empty", "nan"),
        ("nann", "is no breakpoint", "`nan`"),
        ("sigmoid", "is no breakpoint", "`op sigmoid`"),
        ("lien v", "is no breakpoint", "`line v`"),
        ("op sigmoyd", "no operation", "`op sigmoid`"),
        ("op tanh", "no step of this scenario", "log"),
        ("line vv", "no line named", "`line v`"),
        ("line w", "is given", "`value w`"),
        ("value q", "no value named", "x"),
        ("w[2]", "out of range", "from 0 to 1"),
        ("|w| < 1", "no step computes it", "dt/dw"),
        ("nan in a", "no step computes it", "dt/da"),
        ("|grad| < -1", "0 or more", "1e-8"),
        ("|grad| > nan", "0 or more", "1e-8"),
        ("|grad| > one", "no number", "1e-8"),
        ("|grad > 1", "no condition", "|grad| > 1e3"),
        ("dv/dw", "gradients of t alone", "`dt/dw`"),
        ("sign in value", "gradients", "sign"),
        ("a b c", "names no value", "nan"),
        ("x" * 501, "too long", "nan"),
        ("line \x1b[31m", "no line named", "u"),
    ],
)
def test_what_cannot_be_read_is_told_with_what_was_meant(trace: Trace, text: str, said: str, hint: str) -> None:
    with pytest.raises(BptuiError) as caught:
        read_breakpoint(trace.program, text)
    message = str(caught.value)
    assert said in message
    assert hint in message
    assert "\x1b" not in message


def test_names_go_before_words() -> None:
    """A scenario may call a value what a breakpoint calls a condition; the longer form says which is meant."""
    trace = bptui.run(bptui.loads('[inputs]\nnan = 1.0\n[forward]\nzero = "exp(nan)"\nL = "zero * nan"\n'))
    assert stopped(trace, "zero") == ["zero = exp(nan)", "dL/dzero = dL/dL · nan"]
    assert stopped(trace, "nan in value") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("inf in v", "v[0] is -inf"),
        ("nan in dt/dx", "dt/dx[0] is nan"),
        ("zero in z", "all 2 elements of z are 0"),
        ("|v| > 100", "v[0] is -inf, the largest in size"),
        ("sign", "dt/dp turned from 1 to -2"),
        ("line v", "here the line begins"),
        ("dt/dw[0]", "dt/dw"),
    ],
)
def test_a_stop_says_what_is_there(trace: Trace, text: str, said: str) -> None:
    one = read_breakpoint(trace.program, text)
    step = next(hits(trace, one, range(len(trace.steps))))
    assert hit_text(Presentation(trace), one, step).startswith(f"{text}: ")
    assert said in hit_text(Presentation(trace), one, step)


def test_the_list_of_breakpoints(trace: Trace) -> None:
    inf, nan = read_breakpoints(trace.program, ["inf", "nan"])
    table = breakpoint_table([inf, nan.switched(), Breakpoint("op tanh", inf.where)], [[0, 1], None, range(9)])
    assert [row.cells for row in table.rows] == [
        ("✓", "inf", "steps 1, 2"),
        ("off", "nan", "looking…"),
        ("✓", "op tanh", "1, 2, 3, 4, 5, 6, … 9 steps"),
    ]


def test_many_steps_are_not_looked_at_in_vain() -> None:
    """A breakpoint on one value looks at that value's steps alone, however long the trace."""
    lines = "\n".join(f'a{n} = "a{n - 1} + w"' for n in range(1, 2000))
    trace = bptui.run(bptui.loads(f'[inputs]\nx = 1\n[parameters]\nw = 1\n[forward]\na0 = "x + w"\n{lines}\n'))
    looked = 0

    def looked_at(slot: int) -> Array:
        nonlocal looked
        looked += 1
        return recorded[slot]

    recorded = list(trace.accumulated)
    trace.accumulated = Lazy(len(recorded), looked_at)
    one = read_breakpoint(trace.program, "|da1999/da1000| >= 1")
    assert find(trace, [one], range(len(trace.steps))) is not None
    assert 0 < looked <= 4


# The command line


def ran(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    status = main(arguments)
    return status, *capsys.readouterr()


def test_break_without_a_terminal_prints_the_steps(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, out, err = ran(["log-sigmoid-stable", "--break", "nan", "--break", "op sigmoid"], capsys, monkeypatch)
    assert (status, err) == (0, "")
    assert out.index("◆ op sigmoid: sigmoid(z1)") < out.index("◆ nan: dL/dz1[0] is nan")
    assert out.endswith("3 steps of 22 stopped at `nan` or `op sigmoid`\n")
    assert all(len(line) <= 80 for line in out.splitlines())
    status, out, err = ran(["exercise-7-1", "--break", "nan"], capsys, monkeypatch)
    assert (status, err) == (0, "")
    assert out.endswith("none of the 38 steps stopped at `nan`\n")


def test_faults_of_break_are_told_together(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    status, out, err = ran(["exercise-7-1", "--break", "nann", "--break", "line q"], capsys, monkeypatch)
    assert (status, out) == (2, "")
    assert "did you mean `nan`?" in err
    assert "no line named `q`" in err
    assert ran(["--break", "nan"], capsys, monkeypatch)[::2] == (
        2,
        "`--break` needs a scenario to run: name one before it\n",
    )
