"""How names are set: `W2` with a subscript, `net_h` as well, Greek letters by their names. No two names look alike.

A name's letters are its stem. Digits after it are its subscript (`W2`, and `w0_1` of a symbol's elements); so is what
follows the first `_`, where that begins with a letter (`net_h`). Everything else stays as it is written.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_DIGITS = re.compile(r"([^\W\d_]+)(\d+(?:_\d+)*)")
_TAIL = re.compile(r"([^\W\d_][^\W_]*)_([^\W\d_]\w*)")

_LETTERS = "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ"
_COMMANDS = """
    alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon varphi chi psi
    omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega
"""

GREEK = dict(zip(_LETTERS, _COMMANDS.split(), strict=True))
"""Greek letters and their names in TeX."""


class NameParts(NamedTuple):
    stem: str
    subscript: str
    """Digits, with commas between several; or the part after `_`; or nothing."""


def split(name: str) -> NameParts:
    """Return the stem and the subscript of an identifier."""
    if match := _DIGITS.fullmatch(name):
        return NameParts(match[1], match[2].replace("_", ","))
    if match := _TAIL.fullmatch(name):
        return NameParts(match[1], match[2])
    return NameParts(name, "")
