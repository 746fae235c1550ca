"""`truncated`: a number was cut off where it should be rounded. It comes alone, or on top of another slip."""

from __future__ import annotations

from fractions import Fraction

from bptui.checking.marking.amounts import Amount
from bptui.present import numbers


def cut_off(amount: Amount, exact: float) -> bool:
    """Return whether the claimed number is `exact` cut off, and not `exact` rounded."""
    return not amount.agrees(exact) and amount.cut_off_from(exact)


def text(amount: Amount, exact: float) -> str:
    """Return the sentence: `-0.0697 was cut off to -0.06 where it rounds to -0.07.`"""
    claimed = amount.claimed
    if claimed is None or claimed.decimals is None:
        return "The result was cut off where it should be rounded."
    places = max(0, claimed.decimals)
    rounded = f"{exact:.{places}f}" if claimed.decimals >= 0 else _rounded(exact, claimed.decimals)
    more = f"{exact:.{places + 2}f}" if claimed.decimals >= 0 and abs(exact) < 1e6 else numbers.number(exact)
    return f"{more} was cut off to {claimed.text} where it rounds to {rounded}."


def _rounded(exact: float, decimals: int) -> str:
    """Return a number rounded to tens, hundreds or more: a float64 may end before the next one."""
    try:
        return numbers.number(round(exact, decimals))
    except OverflowError:
        return f"{round(Fraction(exact), decimals) // 10**-decimals}e{-decimals}"
