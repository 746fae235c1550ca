"""Large arrays and long programs: what is shown of them costs what is shown, counted rather than timed."""

from __future__ import annotations

import pytest

import bptui
from bptui.present import whole
from bptui.present.number_writer import NumberWriter
from bptui.trace.record import Trace
from work import counted


def ran(text: str) -> Trace:
    return bptui.run(bptui.loads(text))


# -- long programs -----------------------------------------------------------------------------------------------------


def chain(lines: int) -> Trace:
    """Return a run in which every line uses the same leaf, as the steps of a recurrent network do."""
    later = "".join(f'h{number} = "tanh(w*h{number - 1})"\n' for number in range(1, lines))
    return ran(f'[inputs]\nx = 0.5\n[parameters]\nw = 0.9\n[forward]\nh0 = "tanh(w*x)"\n{later}')


def test_derivatives_between_named_values_do_not_grow_with_the_square_of_the_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(whole, "MOST_WORK", 1000)
    few, many = (counted(list, whole.links(NumberWriter(chain(lines))))[1] for lines in (200, 400))
    assert many < 3 * few


def test_derivatives_over_few_steps_come_and_the_others_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    every = [block.name for block in whole.links(NumberWriter(chain(5)))]
    assert every == ["dh4/dh3", "dh3/dw", "dh3/dh2", "dh2/dw", "dh2/dh1", "dh1/dw", "dh1/dh0", "dh0/dw"]
    monkeypatch.setattr(whole, "MOST_WORK", 16)
    some = [block.name for block in whole.links(NumberWriter(chain(5)))]
    left = "… and 3 more derivatives that many steps lie between"
    assert some == ["dh4/dh3", "dh3/dw", "dh3/dh2", "dh2/dh1", "dh1/dh0", left]
    assert f"  {left}" in bptui.export(chain(5), "text").split("\n")
