"""Expression text to a tree: a small subset of Python's grammar, parsed by Python's own parser and never evaluated.

Python's `ast` does the reading; a whitelist decides what passes. Length and nesting are bounded on the text before the
parser sees it, every number becomes a float64 before any arithmetic, and everything that is refused is refused with
its place in the text and with what to write instead.
"""

from __future__ import annotations

import ast
import keyword
import math
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from bptui.limits import LIMITS, RAISED, Limits
from bptui.text import counted, did_you_mean

Span = tuple[int, int]
"""Start and end of a piece of an expression, in characters of its text."""

CONSTANTS = {"pi": math.pi, "e": math.e}

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Pow: "power",
    ast.MatMult: "matmul",
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
}
_WHOLE_ARRAYS = "operations work on whole arrays: `a**2` squares each element, `sum(a)` adds them up"
_REFUSED: dict[type[ast.AST], tuple[str, str]] = {
    ast.BitXor: ("`^` is not a power here", "write a power as `x**2`"),
    ast.FloorDiv: ("`//` is not part of expressions", "division is `/`"),
    ast.Mod: ("`%` is not part of expressions", "there is no remainder"),
    ast.BoolOp: ("`and` and `or` are not part of expressions", "multiply two comparisons instead: `(x > 0)*(x < 1)`"),
    ast.Not: ("`not` is not part of expressions", "write `1 - (x > 0)`"),
    ast.IfExp: ("`… if … else …` is not part of expressions", "use `where(c, a, b)`: a where c is not 0, else b"),
    ast.Lambda: ("`lambda` is not part of expressions", "declare a function under [functions]"),
    ast.NamedExpr: ("`:=` is not part of expressions", "give the value a line of its own under [forward]"),
    ast.ListComp: ("a comprehension is not part of expressions", _WHOLE_ARRAYS),
    ast.GeneratorExp: ("a comprehension is not part of expressions", _WHOLE_ARRAYS),
    ast.Dict: ("`{…}` is not part of expressions", ""),
    ast.Set: ("`{…}` is not part of expressions", ""),
    ast.JoinedStr: ("an f-string is not part of expressions", ""),
    ast.Starred: ("`*` before an argument is not part of expressions", ""),
    ast.Await: ("`await` is not part of expressions", ""),
    ast.Tuple: ("a comma between values is not part of expressions", "put several values in a list: `stack([a, b])`"),
}


class Number(Struct, frozen=True):
    """A number as it is written; `whole` where it has neither point nor exponent, so that it can be an index."""

    value: float
    text: str
    whole: bool
    span: Span


class Literal(Struct, frozen=True):
    """A string, True, False or None: only ever an option of an operation."""

    value: str | bool | None
    span: Span


class Name(Struct, frozen=True):
    """A leaf, a line, a function's parameter or a constant."""

    name: str
    span: Span


class Items(Struct, frozen=True):
    """A list: several values for one operand, or an option such as `[2, 4, 3, 0, 1]`."""

    items: tuple[Expression, ...]
    span: Span


class Keyword(Struct, frozen=True):
    """An argument that is given by its name; `span` is that of the name."""

    name: str
    value: Expression
    span: Span


class Call(Struct, frozen=True):
    """An operation or a function with its arguments; operators are calls of the operation that they stand for."""

    name: str
    arguments: tuple[Expression, ...]
    keywords: tuple[Keyword, ...]
    operator: bool
    span: Span
    name_span: Span


class Subscript(Struct, frozen=True):
    """`x[0]`, `W[:, 1]`: each item of `key` is a whole number or a (start, stop, step)."""

    operand: Expression
    key: tuple[int | tuple[int | None, int | None, int | None], ...]
    span: Span


Expression = Number | Literal | Name | Items | Call | Subscript


class ExpressionError(ValueError):
    """One thing wrong with an expression: its text, the span it concerns, and what to do."""

    def __init__(self, message: str, span: Span, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.span, self.hint = message, span, hint


def parse_expression(text: str, limits: Limits = LIMITS) -> Expression:
    """Return the tree of `text`; raises ExpressionError for the first thing that is no expression."""
    _check_size(text, limits)
    flat = re.sub(r"[\t\r\n]", " ", text)
    body = flat.strip(" ")
    if not body:
        raise ExpressionError("the expression is empty", (0, len(text)), 'write for example `"W @ x + b"`')
    offset = len(flat) - len(flat.lstrip(" "))
    _check_characters(body, offset, limits)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(body, mode="eval").body
    except SyntaxError as error:
        at = min(max((error.offset or 1) - 1, 0), len(body) - 1) + offset
        raise ExpressionError(*_syntax(body, at - offset, error.msg or "", offset)) from None
    except (RecursionError, MemoryError):
        raise _too_deep((offset, offset + len(body)), limits) from None
    except ValueError as error:
        raise ExpressionError(f"this does not parse: {error}", (offset, offset + len(body))) from None
    return _Reader(body, offset, limits).read(tree)


def _too_deep(span: Span, limits: Limits) -> ExpressionError:
    return ExpressionError(
        f"the expression is nested more than {limits.expression_depth} deep",
        span,
        "split it over several lines of [forward]",
    )


def _check_size(text: str, limits: Limits) -> None:
    if len(text) > limits.expression_characters:
        raise ExpressionError(
            f"the expression has {len(text):,} characters; the limit is {limits.expression_characters:,}",
            (0, 1),
            "split it over several lines of [forward]",
        )
    depth = 0
    for bracket in re.finditer(r"[()\[\]{}]", text):
        depth += 1 if bracket.group() in "([{" else -1
        if depth > limits.expression_depth:
            raise _too_deep((bracket.start(), bracket.end()), limits)


_OPERATOR = re.compile(r"\*\*|//|[<>=!]=|[-+*/@%<>&|^~]")
_SUSPECT = re.compile(
    r"(?P<signs>(?:[-+~]\s*){9,}) | (?<!\w)(?P<number>\d[\d_a-fA-FxX.]*) | (?P<skipped>[\#\\]) | (?P<odd>[^ -~])", re.X
)
_TYPOGRAPHIC = {
    "−": "-",
    "–": "-",
    "·": "*",
    "\N{GREEK ANO TELEIA}": "*",
    "×": "*",
    "⋅": "*",
    "∙": "*",
    "∗": "*",
    "÷": "/",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "²": "**2",
    "³": "**3",
    "½": "1/2",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "√": "sqrt(…)",
    "∑": "sum(…)",
}
"""What people paste from documents, and what to write instead."""


def _check_characters(body: str, offset: int, limits: Limits) -> None:
    """Refuse what Python's parser would silently skip (comments, continued lines) or choke on (long runs of signs)."""
    for match in _SUSPECT.finditer(body):
        found, span = match.group(), (match.start() + offset, match.end() + offset)
        if match["skipped"]:
            raise ExpressionError(f"`{found}` is not part of expressions", span)
        if match["signs"]:
            raise ExpressionError("a run of signs", span, "one minus is enough")
        if match["number"] and len(found) > limits.number_characters:
            message = f"this number has {len(found):,} characters; at most {limits.number_characters:,} are read"
            raise ExpressionError(message, span, "write it with an exponent, such as `1e300`")
        if match["odd"] and (found in _TYPOGRAPHIC or not f"x{found}".isidentifier()):  # `a·b` is a name to Python
            raise ExpressionError(*_odd(found, span))
    operators = list(_OPERATOR.finditer(body))
    if len(operators) > limits.expression_operators:
        start, end = operators[limits.expression_operators].span()
        raise ExpressionError(
            f"the expression has {len(operators):,} operators; the limit is {limits.expression_operators:,}",
            (start + offset, end + offset),
            "split it over several lines of [forward]",
        )


def _odd(character: str, span: Span) -> tuple[str, Span, str]:
    """Return message, span and hint for a character that no expression has."""
    if character in _TYPOGRAPHIC:
        return f"`{character}` is not part of expressions", span, f"write `{_TYPOGRAPHIC[character]}`"
    if unicodedata.category(character)[0] in "CZ":
        hint = "delete it, and type an ordinary space if there should be one"
        return f"an invisible character (U+{ord(character):04X}) stands here", span, hint
    return f"`{character}` is not part of expressions", span, "a name is letters, digits and _"


def _syntax(body: str, at: int, said: str, offset: int) -> tuple[str, Span, str]:
    """Return message, span and hint for what Python's parser refused near character `at` of `body`."""
    span = (at + offset, at + offset + 1)
    digits = re.search(r"(?<![\w.])(\d+(?:\.\d*)?)\s*([^\W\d]\w*|\()", body)
    if "invalid decimal literal" in said and digits:
        number, rest = digits.groups()
        return (
            f"`{digits.group()}` is neither a number nor a name",
            (digits.start() + offset, digits.end() + offset),
            f"write a product with its sign: `{number}*{rest}`",
        )
    word = re.compile(r"[^\W\d]\w*").match(body, at)
    if word and keyword.iskeyword(word[0]) and word[0] not in ("True", "False", "None"):
        end = word.end() + offset
        return f"`{word[0]}` is a word of Python's, and not part of expressions", (span[0], end), "choose another name"
    if "leading zeros" in said:
        zeros = re.compile(r"0[\d_]*").search(body, at)
        start, end = zeros.span() if zeros else (at, at + 1)
        mended = body[start:end].lstrip("0_") or "0"
        return "a number has no zeros in front", (start + offset, end + offset), f"write `{mended}`"
    if "unterminated" in said:
        return "the closing quote is missing", span, 'text stands between two quotes: `reduction="sum"`'
    if "never closed" in said:
        return f"`{body[at]}` is never closed", span, "add the closing bracket"
    if "unmatched" in said or "does not match" in said:
        return f"`{body[at]}` closes nothing that was opened", span, "check the brackets"
    equals = re.search(r"(?<![<>=!])=(?!=)", body)
    if equals and "(" not in body[: equals.start()]:
        return (
            "`=` is not part of expressions",
            (equals.start() + offset, equals.end() + offset),
            "the name stands left of the quotes; a comparison is `==`",
        )
    if body[-1] in "+-*/@(,[<>=" and not 0 < at < len(body) - 1:
        end = len(body) + offset
        return "the expression ends too early", (end - 1, end), "something is missing here"
    return "this is where the expression stops making sense", span, "expressions are written as in Python: `2*x + f(y)`"


class _Reader:
    """Turns Python's tree into ours, keeping to what is allowed and noting the place of every piece."""

    def __init__(self, body: str, offset: int, limits: Limits) -> None:
        self.body, self.offset, self.limits = body, offset, limits
        self.encoded = None if body.isascii() else body.encode()

    def span(self, node: Any) -> Span:
        start, end = node.col_offset, node.end_col_offset
        if self.encoded is not None:  # Python counts UTF-8 bytes
            start, end = len(self.encoded[:start].decode()), len(self.encoded[:end].decode())
        return start + self.offset, end + self.offset

    def text(self, span: Span) -> str:
        return self.body[span[0] - self.offset : span[1] - self.offset]

    def refused(self, node: Any, message: str, hint: str = "") -> ExpressionError:
        return ExpressionError(message, self.span(node), hint)

    def read(self, node: ast.expr, depth: int = 0) -> Expression:
        if depth > self.limits.expression_depth:
            raise _too_deep(self.span(node), self.limits)
        match node:
            case ast.Constant():
                return self.constant(node)
            case ast.Name():
                return self.name(node)
            case ast.BinOp():
                return self.binary(node, depth)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.call("negative", node, (self.read(operand, depth + 1),))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.read(operand, depth + 1)
            case ast.UnaryOp(op=ast.Not()):
                raise self.refused(node, *_REFUSED[ast.Not])
            case ast.Compare():
                return self.comparison(node, depth)
            case ast.Call():
                return self.called(node, depth)
            case ast.Subscript():
                return Subscript(self.read(node.value, depth + 1), self.key(node.slice), self.span(node))
            case ast.Attribute(value=value, attr="T"):
                return self.call("transpose", node, (self.read(value, depth + 1),))
            case ast.Attribute():
                raise self.refused(node, f"`.{node.attr}` is not part of expressions", "the only attribute is `.T`")
            case ast.List():
                return Items(tuple(self.read(item, depth + 1) for item in node.elts), self.span(node))
        message, hint = _REFUSED.get(type(node), ("this is not part of expressions", ""))
        raise self.refused(node, message, hint)

    def call(self, name: str, node: Any, arguments: tuple[Expression, ...]) -> Call:
        span = self.span(node)
        return Call(name, arguments, (), True, span, span)

    def constant(self, node: ast.Constant) -> Number | Literal:
        value, span = node.value, self.span(node)
        if isinstance(value, (bool, str)) or value is None:
            return Literal(value, span)
        if not isinstance(value, (int, float)):
            raise self.refused(node, f"`{self.text(span)}` is not a real number")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isinf(number):
            raise self.refused(node, "this number is too large for a float64", "the largest is about 1.8e308")
        return Number(number, self.text(span), isinstance(value, int), span)

    def name(self, node: ast.Name) -> Name:
        span = self.span(node)
        written = self.text(span)
        if written != node.id:  # Python folds compatibility characters; this format does not
            raise self.refused(node, f"`{written}` is not a name as it is written", f"write `{node.id}`")
        return Name(node.id, span)

    def binary(self, node: ast.BinOp, depth: int) -> Expression:
        """Read a chain of operators from the left, in a loop: a sum of a thousand terms is not deep."""
        chain = [node]
        while isinstance(chain[-1].left, ast.BinOp):
            chain.append(chain[-1].left)
        result = self.read(chain[-1].left, depth + 1)
        for link in reversed(chain):
            operation = _OPERATORS.get(type(link.op))
            if operation is None:
                raise self.refused(link, *_REFUSED.get(type(link.op), ("this operator is not part of expressions", "")))
            result = self.call(operation, link, (result, self.read(link.right, depth + 1)))
        return result

    def comparison(self, node: ast.Compare, depth: int) -> Expression:
        if len(node.ops) > 1:
            raise self.refused(node, "comparisons are not chained", "write `(a < b)*(b < c)`")
        operation = _OPERATORS.get(type(node.ops[0]))
        if operation is None:
            raise self.refused(node, "this comparison is not part of expressions", "there are < <= > >= == !=")
        return self.call(operation, node, (self.read(node.left, depth + 1), self.read(node.comparators[0], depth + 1)))

    def called(self, node: ast.Call, depth: int) -> Expression:
        if not isinstance(node.func, ast.Name):
            dotted = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
            hint = f"write `{node.func.attr}(…)` alone" if dotted and isinstance(node.func, ast.Attribute) else ""
            raise self.refused(node.func, "only an operation or a function can be called", hint)
        name = self.name(node.func)
        arguments = tuple(self.read(argument, depth + 1) for argument in node.args)
        keywords = []
        for given in node.keywords:
            start = self.span(given)[0]
            if given.arg is None:
                raise self.refused(given, "`**` before an argument is not part of expressions")
            span = (start, start + len(given.arg))
            if self.text(span) != given.arg:  # folded by Python, as in `name`
                raise self.refused(given, "this argument's name is not as it is written", f"write `{given.arg}`")
            keywords.append(Keyword(given.arg, self.read(given.value, depth + 1), span))
        return Call(name.name, arguments, tuple(keywords), False, self.span(node), name.span)

    def key(self, node: ast.expr) -> tuple[int | tuple[int | None, int | None, int | None], ...]:
        items = node.elts if isinstance(node, ast.Tuple) else [node]
        return tuple(
            (self.whole(item.lower), self.whole(item.upper), self.whole(item.step))
            if isinstance(item, ast.Slice)
            else self.index(item)
            for item in items
        )

    def whole(self, node: ast.expr | None) -> int | None:
        return None if node is None else self.index(node)

    def index(self, node: ast.expr) -> int:
        inner, sign = (
            (node.operand, -1) if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else (node, 1)
        )
        if isinstance(inner, ast.Constant) and type(inner.value) is int:
            if abs(inner.value) >= 2**62:
                raise self.refused(node, "this index is far out of range")
            return sign * inner.value
        if isinstance(inner, ast.List):
            raise self.refused(
                node, "an index is a whole number or a slice", "to pick several elements, use `gather(x, [0, 2])`"
            )
        raise self.refused(
            node, "an index is a whole number or a slice", "write `x[0]`, `x[-1]`, `x[1:3]` or `W[:, 1]`"
        )


def unknown(kind: str, name: str, known: Callable[[], Iterable[str]], what: str) -> tuple[str, Callable[[], str]]:
    """Return message and hint for a name that is none of `known`; `what` says where the right ones come from.

    The hint is found only when it is asked for: the nearest of many names takes time, and most faults of a file that
    has many are only counted.
    """

    def hint() -> str:
        return did_you_mean(name, known(), what)

    shown = name if len(name) <= 60 else name[:57] + "…"
    return f"unknown {kind} `{shown}`", hint


def too_many_steps(cost: int, limit: int, before: int = 0) -> tuple[str, str]:
    """Return message and hint for an expression that would unfold into more steps than are allowed after `before`."""
    size = counted(cost, "step") if cost < 10**12 else "over 10^12 steps"
    above = f", and what stands above it {before:,}" if before else ""
    return (
        f"written out, this takes {size}{above}; the limit is {counted(limit, 'step')}",
        f"functions are written out at every call: make them, or what calls them, smaller; {RAISED.format('steps')}",
    )
