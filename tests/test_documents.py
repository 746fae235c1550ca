"""The derivation written out: the same formulas in every format, which say what the trace says; whole and safe files.

The golden files show what a reader gets. After a change that is meant to change them, write them again and read the
difference:

    python tests/test_documents.py
"""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
import pytest
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

import bptui
from bptui import bundled
from bptui.errors import BptuiError
from bptui.exporting import FORMATS, write
from bptui.exporting.document_text import text_document
from bptui.formula.names import GREEK
from bptui.formula.tree import Array, Blank, Derivative, Element, More, Number, Tree, evaluate, walk
from bptui.present.document import Equations, blanked
from bptui.present.solution import solution
from bptui.scenario.notation import glued, unravel
from bptui.trace.elements import Elements
from bptui.trace.record import Trace
from formula_readers import Equation, equations_of_html, equations_of_latex, equations_of_text
from html_page import Page
from random_scenarios import random_scenario

GOLDEN = Path(__file__).parent / "golden_documents"
SHOWN = ("exercise-7-1", "exercise-7-3c")
DOCUMENTS = ("markdown", "latex", "html")


SYMBOLS_ALONE = {
    "a network": """
        index_base = 1
        inputs.x = { symbol = 'x', shape = [3] }
        parameters.W = { symbol = 'w', shape = [2, 3] }
        parameters.b = { symbol = 'b', shape = [] }
        forward.z = 'W @ x + b'
        forward.y = 'tanh(z)'
        forward.L = 'sum(y**2)'
        backward.wrt = ['x', 'W', 'b', 'z']""",
    "a seed": """
        inputs.x = { symbol = 'x', shape = [4] }
        forward.F = 'x[0] * permute(x, [2, 3, 0, 1])'
        backward.seed = { symbol = 'd' }""",
}


def traced(name: str) -> Trace:
    return bptui.run(bptui.load(name))


def equations(trace: Trace) -> list[Equation]:
    """Return the displayed equations of a trace's derivation."""
    return [
        (row.left, row.sides) for block in solution(trace).blocks if isinstance(block, Equations) for row in block.rows
    ]


def golden(name: str, format: str) -> tuple[Path, str]:
    """Return a golden file and what it should hold."""
    return GOLDEN / f"{name}{FORMATS[format].suffix}", write(traced(name), format)


# -- the same in every format ----------------------------------------------------------------------------------------


def assert_all_say(trace: Trace, expected: list[Equation]) -> None:
    """Fail where the derivation in some format has other equations."""
    section = write(trace, "text").partition("\nDerivation\n")[2].partition("\nAll gradients\n")[0]
    assert equations_of_text(section, trace.program.names) == expected
    assert list(equations_of_html(write(trace, "html"))) == expected
    if "ö" not in section:  # in TeX such a letter stands as its code
        assert equations_of_latex(write(trace, "latex")) == expected
        assert equations_of_latex(write(trace, "markdown")) == expected


@pytest.mark.parametrize("name", bundled.names())
def test_all_formats_say_the_same(name: str) -> None:
    trace = traced(name)
    expected = equations(trace)
    assert expected
    assert_all_say(trace, expected)


@pytest.mark.parametrize("name", bundled.names())
def test_all_formats_say_the_same_in_symbols(name: str) -> None:
    trace = bptui.run(bptui.load(name), mode="symbols")
    expected = equations(trace)
    assert expected
    assert_all_say(trace, expected)
    assert trace.numbers is not None
    compared = 0
    for left, sides in expected:
        if not isinstance(sides[-1], Array):
            compared += comes_to(trace.numbers, left, sides)
    assert compared


@pytest.mark.parametrize("name", SYMBOLS_ALONE)
def test_symbols_alone_are_derived(name: str) -> None:
    scenario = bptui.loads(SYMBOLS_ALONE[name])
    trace = bptui.run(scenario, mode="symbols")
    assert trace.numbers is None
    expected = equations(trace)
    for key in (False, True):
        for format in (*DOCUMENTS, "text"):
            assert write(trace, format, key=key)
    assert equations_of_latex(write(trace, "latex")) == expected
    assert list(equations_of_html(write(trace, "html"))) == expected
    rng = np.random.default_rng(0)
    shapes = {name: leaf.shape for name, leaf in scenario.leaves.items()}
    assert scenario.seed is None or scenario.seed.symbol == "d"
    seed = {} if scenario.seed is None else {"d": rng.normal(size=trace.seed.shape)}
    numbers = bptui.run(scenario, {one: rng.normal(size=shape) for one, shape in shapes.items()} | seed)
    assert sum(comes_to(numbers, left, sides) for left, sides in expected if not isinstance(sides[-1], Array)) > 10


@pytest.mark.parametrize("name", bundled.names())
def test_the_formulas_say_what_the_trace_says(name: str) -> None:
    """Every side in names comes to the number that the trace has, and every number stands there as it is shown."""
    trace = traced(name)
    assert sum(comes_to(trace, left, sides) for left, sides in equations(trace) if not isinstance(sides[-1], Array))


def comes_to(trace: Trace, left: Tree, sides: Sequence[Tree]) -> int:
    """Check that all sides of an equation come to the number of its left side; return how many of them have names."""
    compared = 0
    exact = number_of(trace, left)
    for side in sides:
        if any(isinstance(node, More | Blank) for node in walk(side)):
            continue
        named = [node for node in walk(side) if isinstance(node, Element | Derivative)]
        if any(isinstance(node, Element) and not re.fullmatch(r"#\d+|\w+", node.name) for node in named):
            continue
        values = {node: number_of(trace, node) for node in named}
        if not all(math.isfinite(one) for one in (exact, *values.values())):
            continue
        came_to = evaluate(side, values)
        if not math.isfinite(came_to):
            continue  # as written it overflows; the operation does not
        if named:
            assert came_to == pytest.approx(exact, rel=1e-9, abs=1e-12), side
            compared += 1
        elif all(isinstance(node, Number) for node in walk(side)):
            assert came_to == pytest.approx(exact, rel=1e-3, abs=1e-4)
    return compared


def number_of(trace: Trace, node: Tree) -> float:
    """Return the number of an element, a gradient or a local derivative, from the trace alone."""
    if isinstance(node, Element):
        return value_of(trace, node)
    assert isinstance(node, Derivative)
    head, tail = (written(end) for end in (node.head, node.tail))
    if node.head.name == trace.program.loss and not node.partial:
        return float(np.asarray(trace.gradient(tail)).item())
    found = trace.derivative(f"d{head}/d{tail}")
    if node.partial:  # the local derivative: other named values are held fixed
        a, b = ((end.value, end.flat or 0) for end in (trace.element(head), trace.element(tail)))
        return next(float(edge.derivative) for edge in Elements(trace).named_edges(b) if edge.head == a)
    return float(np.asarray(found).item())


def written(element: Element) -> str:
    """Return an element's name as a reference."""
    numbers = ",".join(map(str, element.index))
    return element.name + (f"({numbers})" if element.base == 1 else f"[{numbers}]" if numbers else "")


def value_of(trace: Trace, element: Element) -> float:
    seed = trace.scenario.seed
    if seed is not None and seed.symbol is not None and re.fullmatch(rf"{seed.symbol}[\d_]*", element.name):
        shape, base = trace.seed.shape, trace.program.index_base
        names = [glued(seed.symbol, unravel(flat, shape), base) for flat in range(trace.seed.size)]
        return float(trace.seed.reshape(-1)[names.index(element.name)])
    if numbered := re.fullmatch(r"#(\d+)", element.name):
        array = trace.values[int(numbered[1])]
        return float(array[tuple(one - element.base for one in element.index)])
    return float(trace.value(written(element)).item())


@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.parametrize("format", DOCUMENTS)
def test_golden(name: str, format: str) -> None:
    path, text = golden(name, format)
    assert text == path.read_text(encoding="utf-8")


def test_the_seed_exercise_is_derived_as_it_is_taught() -> None:
    text = text_document(solution(traced("exercise-7-1")))
    for line in (
        "dL/dy(1) = -1/2·(t(1)/y(1) - (1 - t(1))/(1 - y(1)))",
        "dy(1)/dz2(1) = y(1)·(1 - y(1)) = 0.5982·(1 - 0.5982) = 0.2404",
        "dL/dW2(1,1) = dL/dy(1) · dy(1)/dz2(1) · dz2(1)/dW2(1,1)",
        "dL/dh(1) = dL/dz2(1) · dz2(1)/dh(1) + dL/dz2(2) · dz2(2)/dh(1)",
    ):
        assert line in text
    assert "= d0·x2 + d1·x4 + d2·x3 + d3·2·x0 + d4·x1" in text_document(solution(traced("exercise-7-3c")))
    assert "F1 = [x2, x4, x3, x0, x1]" in text_document(solution(traced("exercise-7-3a")))
    assert "dL/dx = [d3, d4, d0, d2, d1]" in text_document(solution(traced("exercise-7-3a")))


@pytest.mark.parametrize("seed", range(4))
def test_random_scenarios_are_derived_alike_in_every_format(seed: int) -> None:
    trace = bptui.run(bptui.loads(random_scenario(Random(seed)).text))
    expected = equations(trace)
    assert_all_say(trace, expected)
    for left, sides in expected:
        if not isinstance(sides[-1], Array):
            comes_to(trace, left, sides)


# -- handouts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", [*DOCUMENTS, "text"])
@pytest.mark.parametrize("name", ["exercise-7-1", "batch-norm", "lstm-cell"])
def test_a_handout_gives_nothing_away(name: str, format: str) -> None:
    trace = traced(name)
    handout, keyed, whole = write(trace, format, blanks=True), write(trace, format, key=True), write(trace, format)
    shown = [set(re.findall(r"\d+\.\d{4,}", " ".join(map(repr, sides)))) for _, sides in equations(trace)]
    results = [set(re.findall(r"\d+\.\d{4,}", repr(sides[-1]))) for _, sides in equations(trace)]
    assert any(results)
    assert not [number for number in set().union(*shown) if number in handout]
    assert all(number in keyed and number in whole for number in set().union(*results))
    assert keyed == write(trace, format, key=True, blanks=True)
    assert write(trace, format, blanks=True) == handout


def test_the_blanks_are_numbered_as_in_the_key() -> None:
    text = write(traced("exercise-7-1"), "text", key=True)
    handout, _, key = text.partition("=" * 80)
    blanks = re.findall(r"\((\d+)\) _{10,}", handout)
    assert blanks == [str(number + 1) for number in range(len(blanks))]
    assert re.findall(r"^    \((\d+)\) ", key, re.M) == blanks


@pytest.mark.parametrize("format", [*DOCUMENTS, "text"])
def test_a_handout_has_no_room_for_equations_that_only_repeat(format: str) -> None:
    """Of what the target does not depend on, the gradient's whole repeats what the text has said."""
    trace = traced("p-minus-t")
    assert all(block.rows for block in blanked(solution(trace)).blocks if isinstance(block, Equations))
    assert "does not depend on" in write(trace, format, blanks=True)


def test_json_is_no_handout() -> None:
    with pytest.raises(BptuiError, match="json has no answers to leave out"):
        write(traced("exercise-7-1"), "json", blanks=True)


# -- files of strangers ----------------------------------------------------------------------------------------------


def test_an_address_in_a_title_becomes_no_link() -> None:
    trace = bptui.run(bptui.loads("title = 'at www.example.org, http://example.org'\ninputs.x = 1\nforward.y = 'x*x'"))
    heading = bptui.export(trace, "markdown").split("\n")[0]
    assert heading == r"# at www\.example.org, http\://example.org"


NASTY = {
    "markup": r"""
        title = '\input{/etc/passwd} $x$ <script>alert(1)</script> % & # _ ^ ~ | `x` **b** [l](http://x.y)'
        description = '''
        </style><img src=x onerror=alert(1)> \end{document} $$ | a | b | \write18{ls} ^^5cinput ?` !` -- '' ,,
        # no heading
        - no list
        1. no list
        ![no](image) <!-- no comment'''
        inputs.x = 1
        functions."f(a)" = 'a*2'
        forward.y = 'f(x)*x'""",
    "names": """
        title = 'Größe, naïve, 漢字, Ωmega, ½·x² − √2 ≤ 3 → ∞'
        inputs."σ" = [1, 2]
        inputs."größe" = [3, 4]
        inputs."漢字" = [3, 4]
        inputs.a_b_c = [1, 2]
        inputs.W_2 = [1, 1]
        inputs.W2 = [1, 1]
        forward."λ_max" = 'σ*größe + 漢字*W_2*W2*a_b_c'
        forward.L = 'sum(λ_max**2)'
        backward.wrt = ['σ', 'größe', '漢字', 'W_2', 'W2', 'a_b_c']""",
    "functions": """
        inputs.x = [0.5, -1.5, 2.0]
        forward.a = 'leaky_relu(x) + elu(x) + gelu(x) + softplus(x) + silu(x)'
        forward.b = 'where(a > 0, abs(a), a**3) + minimum(a, 0.5) + sqrt(square(a) + 1)'
        forward.c = 'norm(b) + prod(b) + logsumexp(b) + max(b) - min(b) + log10(b[0]**2)'
        forward.L = 'c**c'
        backward.wrt = ['x']""",
    "empty": """
        inputs.x = []
        forward.y = 'exp(x)'
        forward.L = 'sum(y)'""",
    "nothing depends": """
        inputs.x = [1, 2]
        inputs.z = 3
        forward.y = 'x > 1'
        forward.L = 'sum(y)*z'
        backward.wrt = ['x', 'z']""",
    "not finite": """
        inputs.x = [nan, inf, -inf, 0.0, 1e308, 5e-324]
        forward.y = 'log(x)*x'
        forward.L = 'sum(y)'""",
    "target asked for": """
        inputs.x = [1, 2]
        forward.y = 'x*x'
        backward.seed = [1, 2]
        backward.wrt = ['x', 'y']""",
}


def nasty(name: str) -> Trace:
    return bptui.run(bptui.loads(NASTY[name]))


@pytest.mark.parametrize("name", NASTY)
def test_all_formats_say_the_same_of_strangers_files(name: str) -> None:
    trace = nasty(name)
    expected = equations(trace)
    assert list(equations_of_html(write(trace, "html"))) == expected
    if name != "names":  # letters that TeX has no command for are set as their codes
        assert equations_of_latex(write(trace, "latex")) == expected
        assert equations_of_latex(write(trace, "markdown")) == expected


@pytest.mark.parametrize("name", [*bundled.names(), *NASTY])
def test_the_latex_is_plain(name: str) -> None:
    """ASCII alone; braces and environments balanced; no command but those of a fixed list."""
    text = write(nasty(name) if name in NASTY else traced(name), "latex", key=True)
    for one in (text, write(nasty(name) if name in NASTY else traced(name), "latex")):
        assert one.isascii()
        body = re.sub(r"\\[\\{}$&#%_]", "", one)
        assert body.count("{") == body.count("}")
        assert "%" not in body
        assert "#" not in body
        assert body.count("$") % 2 == 0
        assert set(re.findall(r"\\([a-zA-Z]+)", body)) <= COMMANDS
        opened: list[str] = []
        for kind, environment in re.findall(r"\\(begin|end)\{([a-z*]+)\}", body):
            if kind == "begin":
                opened.append(environment)
            else:
                assert opened.pop() == environment
        assert opened == []
        assert body.count(r"\end{document}") == 1


COMMANDS = frozenset(
    f"""{" ".join(GREEK.values())}
    documentclass usepackage setlength textwidth textheight oddsidemargin topmargin parindent parskip jot
    emergencystretch allowdisplaybreaks begin end section subsection subsubsection boldmath texttt text allowbreak
    newpage hline raggedright tabularnewline rule quad qquad cdot frac sqrt left right bigl bigr lvert rvert log max min
    sin cos tanh operatorname mathit mathrm mathrel partial ldots times infty le ge ne to div pm approx surd sum odot
    circ leftarrow textbackslash textasciitilde textasciicircum textless textgreater textbar textendash textemdash
    textquoteleft textquoteright textquotedblleft textquotedblright ss o O ae AE oe l i c r v""".split()
)


def test_the_html_holds_nothing_of_a_strangers() -> None:
    page = Page(write(nasty("markup"), "html"))
    written = "html head meta title style body h1 h2 h3 p code div span table thead tbody tr th td"
    formulas = "math mrow mi mn mo mtext mfrac msub msup"
    assert page.tags <= set(f"{written} {formulas}".split())
    assert "<script>alert(1)</script>" in page.text
    assert not page.links
    assert page.unclosed == []


@pytest.mark.parametrize("name", ["exercise-7-1", "lstm-cell", "conv1d-pooling"])
def test_the_html_is_well_formed(name: str) -> None:
    for keyed in (False, True):
        page = Page(write(traced(name), "html", key=keyed))
        assert page.unclosed == []
        assert not page.links


def test_the_markdown_is_read_as_it_is_meant() -> None:
    """A reader of CommonMark with tables and `$` finds the blocks that were written, and none of a stranger's."""
    reader = MarkdownIt("gfm-like", {"linkify": False}).use(dollarmath_plugin)
    tokens = reader.parse(write(nasty("markup"), "markdown"))
    kinds = {token.type for token in tokens} | {child.type for token in tokens for child in token.children or ()}
    assert not kinds & {
        "link_open",
        "image",
        "html_inline",
        "html_block",
        "bullet_list_open",
        "ordered_list_open",
        "hr",
    }
    trace = traced("exercise-7-1")
    tokens = reader.parse(write(trace, "markdown"))
    assert sum(token.type == "math_block" for token in tokens) == sum(
        isinstance(block, Equations) for block in solution(trace).blocks
    )
    rows = [at for at, token in enumerate(tokens) if token.type == "tr_open"]
    assert len(rows) == 1 + 6 + 3 + 6 + 2
    for at in rows:
        end = next(later for later in range(at, len(tokens)) if tokens[later].type == "tr_close")
        assert sum(token.type in ("td_open", "th_open") for token in tokens[at:end]) == 3


def test_a_large_network_is_written_briefly() -> None:
    trace = bptui.run(
        bptui.loads("""
        inputs.x = { shape = [784], init = 'normal' }
        inputs.t = { shape = [10], init = 'uniform' }
        parameters.W1 = { shape = [128, 784], init = 'he_normal' }
        parameters.b1 = { shape = [128], init = 'zeros' }
        parameters.W2 = { shape = [10, 128], init = 'he_normal' }
        parameters.b2 = { shape = [10], init = 'zeros' }
        forward.z1 = 'W1 @ x + b1'
        forward.h = 'relu(z1)'
        forward.z2 = 'W2 @ h + b2'
        forward.L = 'softmax_cross_entropy(z2, t)'""")
    )
    assert len(write(trace, "latex")) < 60_000
    assert len(write(trace, "html")) < 300_000
    assert "In the same way for the other 100,348 elements" in write(trace, "markdown")


# -- TeX -------------------------------------------------------------------------------------------------------------

TEX = next((found for one in ("pdflatex", "latexmk", "tectonic") if (found := shutil.which(one))), None)
OPTIONS = {
    "pdflatex": ["-draftmode", "-interaction=nonstopmode"],
    "latexmk": ["-pdf", "-interaction=nonstopmode"],
    "tectonic": ["--untrusted"],
}


@pytest.mark.skipif(TEX is None, reason="no TeX on this machine; test_the_latex_is_plain looks at the structure")
def test_the_latex_compiles(tmp_path: Path) -> None:
    assert TEX is not None
    bodies = []
    for name in [*bundled.names(), *NASTY]:
        trace = nasty(name) if name in NASTY else traced(name)
        further = [write(trace, "latex", key=True)] if name in (*SHOWN, *NASTY) else []
        if name in bundled.names():
            further.append(write(bptui.run(bptui.load(name), mode="symbols"), "latex"))
        for text in (write(trace, "latex"), *further):
            head, _, rest = text.partition(r"\begin{document}")
            bodies.append(rest.partition(r"\end{document}")[0])
    whole = head + r"\begin{document}" + "\n\\clearpage\n".join(bodies) + r"\end{document}"
    (tmp_path / "all.tex").write_text(whole, encoding="ascii")
    command = [TEX, *OPTIONS[Path(TEX).name], "all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=120)
    said = done.stdout.decode(errors="replace")
    assert done.returncode == 0, said[-3000:]
    wide = [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt", said)]
    assert all(points < 8 for points in wide), said


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for shown in SHOWN:
        for kind in DOCUMENTS:
            file, contents = golden(shown, kind)
            file.write_text(contents, encoding="utf-8")
