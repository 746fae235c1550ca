"""Names, operations and options of an expression, bound once for each text; every fault among them is reported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Container, Iterable, Mapping
from itertools import islice
from typing import Any, Protocol

from bptui.limits import Limits
from bptui.ops import CALLABLE, OPERATIONS
from bptui.ops.operation import REQUIRED, Operation, signature
from bptui.ops.other_names import written_instead
from bptui.scenario import expression as ast
from bptui.scenario.expression import CONSTANTS, Expression, ExpressionError, Span, unknown
from bptui.scenario.functions import Function
from bptui.scenario.literals import EXAMPLES, has_name, literal
from bptui.scenario.resolved import Apply, Constant, Invoke, Ref, Resolved
from bptui.text import counted

Hint = str | Callable[[], str]
"""What to do about a fault, or a function that says so when it is asked."""

Report = Callable[[str, Span, Hint], None]
"""Takes a fault's message, its span in the expression, and its hint."""


class Known(Protocol):
    """What an expression may use besides the names of values."""

    limits: Limits
    functions: dict[str, Function]
    faulty: set[str]
    """Names whose definition is at fault: using them is no further fault."""

    def element_shown_as(self, text: str) -> str | None:
        """Return how to write the element that is shown glued, `x[2]` for `x2`; None where `text` shows none."""


class Resolver:
    """One expression's names, operations and options."""

    def __init__(self, known: Known, names: Collection[str], report: Report, later: Container[str], own: str) -> None:
        self.known, self.names, self.report, self.later, self.own = known, names, report, later, own
        self.steps = 0
        self.calls: Counter[str] = Counter()

    def resolve(self, node: Expression) -> Resolved | None:
        match node:
            case ast.Number():
                return Constant(node.value, node.text, node.span)
            case ast.Name():
                return self.name(node)
            case ast.Call():
                return self.call(node)
            case ast.Subscript():
                operand = self.resolve(node.operand)
                self.steps += 1
                return operand and Apply(OPERATIONS["index"], (operand,), {"key": node.key}, node.span)
            case ast.Items():
                self.report("a list stands here, where one value is needed", node.span,
                            "constants go under [inputs], as in `c = [1, 2]`; to make an array of several values, "
                            "write `stack([a, b])`")  # fmt: skip
            case ast.Literal():
                shown = f'"{node.value}"' if isinstance(node.value, str) else str(node.value)
                self.report(f"`{shown[:40]}` stands where a value is needed", node.span, "write a name or a number")
        return None

    def name(self, node: ast.Name) -> Resolved | None:
        name = node.name
        if name in self.names:
            return Ref(name, node.span)
        if name in CONSTANTS:
            return Constant(CONSTANTS[name], name, node.span)
        if name in self.known.faulty:
            return None
        if name == self.own:
            self.report(f"`{name}` is defined by itself", node.span, "a line can use the leaves and the lines above it")
        elif name in self.later:
            self.report(
                f"`{name}` is defined further down", node.span, "a line can use only the lines above it: move it up"
            )
        elif name in self.known.functions or name in CALLABLE:
            kind = "a function" if name in self.known.functions else "an operation"
            self.report(f"`{name}` is {kind} and needs its arguments", node.span, f"write `{name}(…)`")
        else:
            count = len(self.names)  # lines further down will be added
            message, hint = unknown("name", name, lambda: [*islice(self.names, count), *CONSTANTS], "")
            element = self.known.element_shown_as(name)
            if element is not None:
                self.report(message, node.span, f"`{name}` is how an element is shown: write `{element}`")
            else:
                self.report(message, node.span, lambda: hint() or _some(islice(self.names, count)))
        return None

    def call(self, node: ast.Call) -> Resolved | None:
        if not node.operator and node.name in self.known.functions:
            return self.invoke(node)
        if not node.operator and node.name not in CALLABLE:
            if node.name in self.known.faulty:
                return None
            if node.name in self.names:
                hint = f"write a product with its sign: `{node.name}*(…)`; an element as `{node.name}[0]`"
                self.report(f"`{node.name}` is a value and cannot be called", node.name_span, hint)
                return None
            functions = self.known.functions
            listed = "`bptui ops` lists the operations"
            message, close = unknown("operation", node.name, lambda: [*functions, *CALLABLE], listed)
            instead = written_instead(node.name)
            self.report(message, node.name_span, f"write {instead}" if instead else close)
            for argument in node.arguments:
                if not isinstance(argument, (ast.Items, ast.Literal)):
                    self.resolve(argument)
            return None
        if node.operator and len(node.arguments) == 2:
            return self.chain(node)
        return self.apply(OPERATIONS[node.name], node)

    def chain(self, node: ast.Call) -> Resolved | None:
        """Resolve a chain of operators from the left, in a loop: a sum of a thousand terms is not deep."""
        links = [node]
        while isinstance(first := links[-1].arguments[0], ast.Call) and first.operator and len(first.arguments) == 2:
            links.append(first)
        result = self.resolve(first)
        for link in reversed(links):
            right = self.resolve(link.arguments[1])
            both = (result, right) if result is not None and right is not None else None
            self.steps += 1
            result = Apply(OPERATIONS[link.name], both, {}, link.span) if both else None
        return result

    def invoke(self, node: ast.Call) -> Resolved | None:
        function = self.known.functions[node.name]
        given: dict[str, Expression] = dict(zip(function.parameters, node.arguments, strict=False))
        signature = f"{function.name}({', '.join(function.parameters)})"
        sound = True
        if len(node.arguments) > len(function.parameters):
            self.report(f"`{function.name}` takes {counted(len(function.parameters), 'argument')}, and this is "
                        f"{len(node.arguments)}", node.span, f"it is declared as `{signature}`")  # fmt: skip
            sound = False
        for keyword in node.keywords:
            if keyword.name not in function.parameters or keyword.name in given:
                twice = "is given twice" if keyword.name in given else "is no parameter of it"
                hint = f"it is declared as `{signature}`"
                self.report(f"`{function.name}`: `{keyword.name}` {twice}", keyword.span, hint)
                sound = False
            given[keyword.name] = keyword.value
        missing = [parameter for parameter in function.parameters if parameter not in given]
        if missing and sound:
            self.report(
                f"`{function.name}` lacks its argument `{missing[0]}`", node.span, f"it is declared as `{signature}`"
            )
            sound = False
        arguments = [self.resolve(given[parameter]) for parameter in function.parameters if parameter in given]
        if not sound or any(argument is None for argument in arguments):
            return None
        self.calls[function.name] += 1
        return Invoke(function.name, tuple(argument for argument in arguments if argument is not None), node.span)

    def apply(self, operation: Operation, node: ast.Call) -> Resolved | None:
        slots = [*operation.operands, *operation.options]
        given: dict[str, Expression] = dict(zip(slots, node.arguments, strict=False))
        shown = signature(operation)
        sound = True
        if self.unlisted(operation, node):
            return None
        if len(node.arguments) > len(slots):
            self.report(f"`{operation.name}` takes at most {counted(len(slots), 'argument')}, and this is "
                        f"{len(node.arguments)}", node.span, f"it is called as `{shown}`")  # fmt: skip
            sound = False
        for keyword in node.keywords:
            if keyword.name not in slots:
                argument = f"argument of `{operation.name}`"
                message, close = unknown(argument, keyword.name, lambda: slots, f"it is called as `{shown}`")
                self.report(message, keyword.span, close)
                sound = False
            elif keyword.name in given:
                message = f"`{operation.name}`: `{keyword.name}` is given twice"
                self.report(message, keyword.span, f"it is called as `{shown}`")
                sound = False
            else:
                given[keyword.name] = keyword.value
        required = (name for name, option in operation.options.items() if option.default is REQUIRED)
        missing = next((name for name in (*operation.operands, *required) if name not in given), None)
        if missing is not None:
            if sound:
                message = f"`{operation.name}` lacks its argument `{missing}`"
                self.report(message, node.span, f"it is called as `{shown}`")
            return None
        operands = self.operands(operation, given)
        if len(node.arguments) > len(slots):
            return None
        params: dict[str, Any] = {}
        for name, option in operation.options.items():
            if name not in given:
                params[name] = option.default
                continue
            try:
                params[name] = literal(given[name], option)
            except ExpressionError as fault:
                hint = f"it is called as `{shown}`"
                if not isinstance(given[name], (ast.Number, ast.Literal, ast.Items)) and option.kind in EXAMPLES:
                    hint = f"it must be a literal number, such as {EXAMPLES[option.kind]}; {hint}"
                if option.kind in ("indices", "integers") and has_name(given[name]):
                    hint = (
                        "it says where elements go, which is settled before there are values: write whole numbers, as "
                        f"in `{operation.name}(x, [1, 0])`; `sort(x)` and `topk(x, k)` go by the values"
                        if operation.name in ("permute", "gather")
                        else f"it is settled before there are values: write whole numbers; {hint}"
                    )
                if operation.name in ("max", "min") and name == "axis":
                    hint = f"for the larger of two values, element by element, use `{operation.name}imum(a, b)`"
                self.report(f"`{operation.name}`: `{name}` must be {fault.message}", given[name].span, hint)
                sound = False
        if not sound or any(operand is None for operand in operands):
            return None
        self.steps += 1
        return Apply(operation, tuple(o for o in operands if o is not None), params, node.span)

    def unlisted(self, operation: Operation, node: ast.Call) -> bool:
        """Report what belongs into a list and is given without one, as `concat(a, b)` and `permute(x, 1, 0)`."""
        named = (keyword.value for keyword in node.keywords if keyword.name == operation.operands[0])
        first, *others = node.arguments or (next(named, None),)
        if first is None:
            return False
        if operation.variadic and not (isinstance(first, ast.Items) and first.items):
            self.report(f"`{operation.name}` takes its values as one list", first.span,
                        f"write `{operation.name}([a, b])`")  # fmt: skip
            return True
        numbers = [other.text for other in others if isinstance(other, ast.Number)]
        if operation.name in _LISTED and len(numbers) == len(others) > 1:
            operand = first.name if isinstance(first, ast.Name) else operation.operands[0]
            self.report(f"`{operation.name}` takes its `{next(iter(operation.options))}` as one list",
                        (others[0].span[0], others[-1].span[1]),
                        f"write `{operation.name}({operand}, [{', '.join(numbers)}])`")  # fmt: skip
            return True
        return False

    def operands(self, operation: Operation, given: Mapping[str, Expression]) -> list[Resolved | None]:
        if not operation.variadic:
            return [self.resolve(given[name]) for name in operation.operands]
        listed = given[operation.operands[0]]
        assert isinstance(listed, ast.Items), "told by `unlisted`"
        if len(listed.items) > self.known.limits.operands:
            message = (
                f"`{operation.name}` joins {len(listed.items):,} values; the limit is {self.known.limits.operands}"
            )
            self.report(message, listed.span, "give the values as one array, or join them in groups")
            return [None]
        return [self.resolve(item) for item in listed.items]


def _some(names: Iterable[str]) -> str:
    shown = sorted(names)[:12]
    return f"there is: {', '.join(shown)}" if shown else ""


_LISTED = ("permute", "transpose", "reshape")
"""The operations whose first option is a list of whole numbers, which other libraries take one by one."""
