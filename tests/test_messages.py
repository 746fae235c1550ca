"""What bptui says to the slips that people make most: those of other libraries, of textbooks and of TOML."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from rich.cells import cell_len

import bptui
from bptui.cli import main
from bptui.errors import BptuiError, Fault
from bptui.ops import CALLABLE
from bptui.ops.other_names import WRITTEN
from bptui.scenario.expression import parse_expression
from bptui.text import nearest, printable, width
from faults import marked


def fault_of(text: str) -> Fault:
    """Return the one fault for which `text` is refused."""
    with pytest.raises(BptuiError) as caught:
        bptui.loads(text)
    (fault,) = caught.value.faults
    return fault


EXPRESSIONS = [  # the expression, what is underlined, the message, the hint
    ("a·b", "·", "`·` is not part of expressions", "write `*`"),
    ("3·a", "·", "`·` is not part of expressions", "write `*`"),
    ("(a)·b", "·", "`·` is not part of expressions", "write `*`"),
    ("a\N{GREEK ANO TELEIA}b", "\N{GREEK ANO TELEIA}", "is not part of expressions", "write `*`"),
    ("a × b", "×", "`×` is not part of expressions", "write `*`"),
    ("a ⋅ b", "⋅", "`⋅` is not part of expressions", "write `*`"),
    ("leaky_relu(a, slope=1/2)", "1/2", "`slope` must be a number", "it must be a literal number, such as 0.5"),
    ("elu(a, alpha=pi)", "pi", "`alpha` must be a number", "it must be a literal number, such as 0.5"),
    ("sum(a, axis=1-1)", "1-1", "`axis` must be a whole number", "it must be a literal number, such as 0;"),
    ("elu(a, alpha='1')", "'1'", "`alpha` must be a number", "it is called as `elu(x, alpha=1)`"),
    ("ln(a)", "ln", "unknown operation `ln`", "write `log(…)`, the natural logarithm"),
    ("ReLU(a)", "ReLU", "unknown operation `ReLU`", "did you mean `relu`?"),
    ("Softmax(a)", "Softmax", "unknown operation `Softmax`", "did you mean `softmax`?"),
    ("mm(a, b)", "mm", "unknown operation `mm`", "write `a @ b`"),
    ("matmul(a, b)", "matmul", "unknown operation `matmul`", "write `a @ b`"),
    ("pow(a, b)", "pow", "unknown operation `pow`", "write `a**b`"),
    ("T(a)", "T", "unknown operation `T`", "write `a.T`"),
    ("a % b", "a % b", "`%` is not part of expressions", "there is no remainder"),
    ("[i**2 for i in a]", "[i**2 for i in a]", "a comprehension is not part of expressions", "`sum(a)`"),
    ("sum(i for i in a)", "(i for i in a)", "a comprehension is not part of expressions", "`sum(a)`"),
    ("a + [1, 2]", "[1, 2]", "a list stands here", "constants go under [inputs]"),
    ("a + [1, 2]", "[1, 2]", "a list stands here", "write `stack([a, b])`"),
    ("permute(a, b)", "b", "`order` must be a whole number or a list", "`sort(x)` and `topk(x, k)` go by the values"),
    ("permute(a, [b, 0])", "[b, 0]", "`order` must be a whole number or a list", "write whole numbers"),
    ("gather(a, [[b]])", "[[b]]", "`indices` must be a list of whole numbers", "before there are values"),
    ("roll(a, b)", "b", "`shift` must be a whole number", "settled before there are values"),
    ("permute(a, 1, 0)", "1, 0", "`permute` takes its `order` as one list", "write `permute(a, [1, 0])`"),
    ("permute(2*a, 1, 0)", "1, 0", "`permute` takes its `order` as one list", "write `permute(x, [1, 0])`"),
    ("reshape(a, 2, 1, 1)", "2, 1, 1", "`reshape` takes its `shape` as one list", "write `reshape(a, [2, 1, 1])`"),
    ("concat(a, b)", "a", "`concat` takes its values as one list", "write `concat([a, b])`"),
    ("concat(a, b, a)", "a", "`concat` takes its values as one list", "write `concat([a, b])`"),
    ("concat(arrays=a)", "a", "`concat` takes its values as one list", "write `concat([a, b])`"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "underlined", "message", "hint"), EXPRESSIONS)
def test_a_slip_in_an_expression(expression: str, underlined: str, message: str, hint: str) -> None:
    fault = fault_of(f'[inputs]\na = [1, 2]\nb = [3, 4]\n[forward]\ny = "{expression}"\nL = "sum(y)"')
    assert message in fault.message
    assert hint in fault.hint
    assert marked(fault) == underlined


@pytest.mark.parametrize("written", WRITTEN)
def test_what_to_write_instead_can_be_written(written: str) -> None:
    (code,) = re.findall("`(.*)`", written)
    parse_expression(code.replace("…", "a"))
    assert set(re.findall(r"(\w+)\(", code)) <= set(CALLABLE)
    assert not set(WRITTEN[written]) & set(CALLABLE)


def test_a_list_that_is_one_is_taken() -> None:
    bptui.loads('[inputs]\na = [1, 2]\n[forward]\ny = "roll(a, 1, 0) + permute(a, [1, 0], 0)"\nL = "sum(y)"')


@pytest.mark.parametrize("name", ["a·b", "a\N{GREEK ANO TELEIA}b"])
def test_a_dot_is_no_part_of_a_name(name: str) -> None:
    fault = fault_of(f'[inputs]\n"{name}" = 1\n[forward]\ny = "1"')
    assert (fault.message, fault.line) == (f"`{name}` is no name", 2)
    assert "`a_b`" in fault.hint


NETWORK = '[inputs]\nx = [1, 2]\n[network]\ninput = "x"\nlayers = [\n  {layer},\n]\n{after}'
SCALAR = '[forward]\nL = "sum(y)"\n'


@pytest.mark.parametrize(
    "layer",
    [
        '{ kind = "dense",\n units = 3 }',
        '{ kind = "dense", # as wide as it is\n units = 3 }',
        '{\n kind = "dense", units = 3 }',
        '{ kind = "dense",\r\n units = 3 }',
    ],
)
def test_a_table_in_braces_over_several_lines(layer: str) -> None:
    fault = fault_of(NETWORK.replace("{layer}", layer))
    assert fault.message == "a table in { } stands in one line"
    assert "only what stands in [ ], such as the list of `layers`" in fault.hint
    assert (fault.line, marked(fault)) == (6, "{")


def test_a_table_in_braces_that_ends_with_a_comma() -> None:
    fault = fault_of(NETWORK.replace("{layer}", '{ kind = "dense", units = 3, }'))
    assert (fault.message, fault.hint) == ("a table in { } does not end with a comma", "take the last comma out")
    assert (fault.line, fault.column, marked(fault)) == (6, 30, ",")


@pytest.mark.parametrize(
    ("options", "underlined", "hint"),
    [
        ('activation = "Relu"', '"Relu"', "did you mean `relu`?"),
        ('activation = "SoftMax"', '"SoftMax"', "did you mean `softmax`?"),
        ('init = "he"', '"he"', 'did you mean "he_normal"?'),
        ('init = "Xavier"', '"Xavier"', 'did you mean "xavier_normal"?'),
    ],
)
def test_a_word_that_is_nearly_right(options: str, underlined: str, hint: str) -> None:
    layer = f'{{ kind = "dense", units = 3, {options} }}'
    fault = fault_of(NETWORK.replace("{layer}", layer).replace("{after}", SCALAR))
    assert (marked(fault), fault.hint) == (underlined, hint)


@pytest.mark.parametrize(
    ("word", "words", "meant"),
    [
        ("Relu", ["elu", "relu"], "relu"),
        ("W1", ["w2", "w1", "W2"], "w1"),
        ("he", ["ones", "he_normal", "he_uniform"], "he_normal"),
        ("h", ["ones", "he_normal"], None),
        ("exercise", ["backpropagation", "exercise-7-1"], "exercise-7-1"),
        ("", ["ones"], None),
        ("sigmod", ["sigmoid", "sigmod_of_all_things"], "sigmoid"),
    ],
)
def test_nearest(word: str, words: list[str], meant: str | None) -> None:
    assert nearest(word, words) == meant


@pytest.mark.parametrize(
    ("seed", "hint"),
    [
        ("[1, 2, 3]", 'give it the target\'s shape, as numbers or as `{ symbol = "d", value = … }`'),
        ('{ symbol = "d", shape = [3] }', "give it the target's shape"),
        ('{ symbol = "d", value = [1, 2, 3] }', "give it the target's shape"),
    ],
)
def test_a_seed_of_another_shape(seed: str, hint: str) -> None:
    fault = fault_of(f'[inputs]\nx = [1, 2]\n[forward]\ny = "2*x"\n[backward]\nseed = {seed}')
    assert fault.message == "`seed` must have shape (2,) here, and this has shape (3,)"
    assert hint in fault.hint


@pytest.mark.parametrize(
    ("after", "line", "underlined"),
    [("", 3, "network"), ('[backward]\nof = "y"\n', 9, '"y"')],
)
def test_a_network_without_a_loss(after: str, line: int, underlined: str) -> None:
    text = NETWORK.replace("{layer}", '{ kind = "dense", units = 3 }').replace("{after}", after)
    fault = fault_of(text)
    assert fault.message.startswith("the target `y` has shape (3,)")
    assert 'add `loss = { kind = "mse", target = "t" }` to [network]' in fault.hint
    assert "name a scalar with `of`" in fault.hint
    assert "seed = " in fault.hint
    assert (fault.line, marked(fault)) == (line, underlined)


def test_a_loss_is_for_a_network_alone() -> None:
    fault = fault_of('[inputs]\nx = [1, 2]\n[forward]\ny = "2*x"')
    assert "loss" not in fault.hint


@pytest.mark.parametrize(
    ("base", "expression", "shown", "advised"),
    [
        (1, "x[3]", "x[3]", True),
        (1, "M[0, 2]", "M[0, 2]", True),
        (1, "x[-4]", "x[-4]", True),
        (0, "x[3]", "x[3]", False),
    ],
)
def test_an_index_out_of_range_is_shown_as_it_is_written(base: int, expression: str, shown: str, advised: bool) -> None:
    leaves = 'x = { symbol = "x", shape = [3] }\nM = [[1, 2], [3, 4]]'
    fault = fault_of(f'index_base = {base}\n[inputs]\n{leaves}\n[forward]\ny = "{expression}"')
    assert fault.message.startswith(f"`{shown}` does not fit: index ")
    assert ("indices in expressions count from 0, also with index_base = 1" in fault.hint) == advised


@pytest.mark.parametrize(("base", "shown"), [(0, "w1_0"), (1, "w2_1")])
def test_an_element_written_as_it_is_shown(base: int, shown: str) -> None:
    leaves = 'W = { symbol = "w", shape = [2, 2] }'
    fault = fault_of(f'index_base = {base}\n[inputs]\n{leaves}\n[forward]\ny = "exp({shown})"')
    assert (fault.message, marked(fault)) == (f"unknown name `{shown}`", shown)
    assert fault.hint == f"`{shown}` is how an element is shown: write `W[1, 0]`"


# -- the command line ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("nosuch", "`bptui ops` lists them"),
        ("Relu", "did you mean `relu`?"),
        ("ln", "an expression writes `log(…)`, the natural logarithm"),
    ],
)
def test_an_operation_that_there_is_not(name: str, advice: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ops", name]) == 2
    assert capsys.readouterr().err == f"no operation is called `{name}`; {advice}\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("log(x)", "s.toml: not a single element could be compared\n"),
        ("sum(log(abs(x)))", "s.toml: not a single element could be compared\n"),
        ("x**2", ""),
    ],
)
def test_a_check_that_compares_nothing_says_so(
    line: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s.toml").write_text(f'[inputs]\nx = 0\n[forward]\ny = "{line}"\n')
    assert main(["check", "s.toml"]) == 0
    assert capsys.readouterr().err == said


def test_a_text_is_as_wide_as_the_app_takes_it_to_be() -> None:
    """Of letters and marks; of younger pictures Unicode's tables and Rich's know different ones."""
    shown = [chr(code) for code in range(0x20, 0x10000) if unicodedata.category(chr(code))[0] in "LM"]
    assert [one for one in map(printable, shown) if len(one) == 1 and width(one) != cell_len(one)] == []


@pytest.mark.parametrize("blank", ["\u115f", "\u3164", "\uffa0", "\u034f", "\u200b"])
def test_what_nothing_is_drawn_for_is_written_as_an_escape(blank: str) -> None:
    assert printable(f"a{blank}b") == f"a\\u{ord(blank):04x}b"


def test_the_middle_of_what_is_longer_than_any_path_is_left_out() -> None:
    said = str(Fault("no such file", file=f"begin{'x' * 100_000}end"))
    assert len(said) < 5000
    assert re.fullmatch("beginx+…x+end: no such file", said)
