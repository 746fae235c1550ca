"""Arrays that are not computed yet: handed to the rules in place of numbers, they write down what the rules do.

A rule is plain Python over NumPy, so that running it once on pending arrays of the right shapes tells all that it will
ever do with arrays of those shapes. What is left of it are calls of NumPy, operators and subscripts; what Python does
around them (the calls of rules, questions about shapes, options looked up) is done once and for all. The same operation
on the same operands is the same pending array, however many rules ask for it.

A rule that looks at its numbers, or changes an array, cannot be run so; it is called as a whole when its turn comes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from operator import itemgetter
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.lib.mixins import NDArrayOperatorsMixin

from bptui.ops.operation import Everywhere, Operation

CONSTANT = "{}"
"""The template of what is there already."""

_MOST = 60
"""How many operations a rule may consist of to be written down: they are nested in each other."""

_OPERATORS: Mapping[Any, str] = {
    np.add: "({} + {})",
    np.subtract: "({} - {})",
    np.multiply: "({} * {})",
    np.divide: "({} / {})",
    np.negative: "(-{})",
    np.positive: "(+{})",
}
"""What is written with an operator: NumPy's scalars take a tenth of the time for it."""


class Untold(Exception):
    """A rule asked for something that only the numbers can tell, or changed an array."""


class Pending(NDArrayOperatorsMixin):
    """An array or number that is not computed yet.

    `template` is the text that computes it, with a place for each of `parts`: pending arrays and objects. `example` is
    what an array of its shape and type looks like.
    """

    __slots__ = ("_sheet", "example", "parts", "template")

    def __init__(self, sheet: Sheet, template: str, parts: Sequence[Any], example: Any) -> None:
        self._sheet = sheet
        self.template = template
        self.parts = parts
        self.example = example

    @property
    def shape(self) -> tuple[int, ...]:
        return np.shape(self.example)

    @property
    def ndim(self) -> int:
        return np.ndim(self.example)

    @property
    def size(self) -> int:
        return np.size(self.example)

    # -- what is written down --------------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if "out" in options:
            raise Untold
        if method == "reduce" and options.keys() <= {"axis", "keepdims"}:
            kept = (None, None, True) if options.get("keepdims") else ()
            return self._sheet.call(_method(ufunc, method), (*inputs, options.get("axis", 0), *kept))
        if method != "__call__" or options:
            return self._sheet.whole(_method(ufunc, method), inputs, options)
        operands = self._sheet.alike(inputs)
        if ufunc in _OPERATORS:
            return self._sheet.noted(_OPERATORS[ufunc], operands, ufunc)
        return self._sheet.call(ufunc, operands)

    def __array_function__(self, function: Any, types: Any, args: Sequence[Any], options: Mapping[str, Any]) -> Any:
        if function is np.shape:
            return self.shape
        if function is np.broadcast_to and self.size == 1 and not options:
            number, shape = args  # what it does, in a tenth of its time
            return self._sheet.call(np.ndarray, (shape, np.float64, number, 0, (0,) * len(shape)))
        return self._sheet.whole(function, args, options)

    def __getitem__(self, key: Any) -> Any:
        return self._sheet.noted("{}[{}]", (self, key), lambda array, key: array[key])

    @property
    def T(self) -> Any:
        return self._sheet.noted("{}.T", (self,), lambda array: array.T)

    def dot(self, other: Any) -> Any:
        return self._sheet.noted("{}.dot({})", (self, other), _product)

    def reshape(self, *shape: Any) -> Any:
        shape = shape[0] if len(shape) == 1 else shape
        return self._sheet.noted("{}.reshape({})", (self, shape), lambda array, shape: array.reshape(shape))

    def swapaxes(self, first: int, second: int) -> Any:
        return self._sheet.call(np.swapaxes, (self, first, second))

    def squeeze(self, axis: Any = None) -> Any:
        return self._sheet.call(partial(np.squeeze, axis=axis), (self,))

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        return self.__array_ufunc__(np.add, "reduce", self, axis=axis, keepdims=keepdims)

    def prod(self, axis: Any = None, keepdims: bool = False) -> Any:
        return self.__array_ufunc__(np.multiply, "reduce", self, axis=axis, keepdims=keepdims)

    # -- what cannot be --------------------------------------------------------------------------------------------

    def _untold(self, *args: Any, **options: Any) -> Any:
        raise Untold

    __array__ = __bool__ = __float__ = __index__ = __int__ = __iter__ = __len__ = __setitem__ = _untold

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise Untold


class Sheet:
    """The pending arrays of one program, each operation on the same operands once."""

    def __init__(self) -> None:
        self._noted: dict[Any, Pending] = {}
        self._left: float = math.inf
        """How many operations the rule that is being unfolded may still note."""

    def given(self, text: str, shape: tuple[int, ...]) -> Pending:
        """Return what is given under the name `text` when the time comes."""
        return Pending(self, text, (), _example(np.empty(shape)))

    def constant(self, thing: Any) -> Pending:
        """Return what is there already."""
        key = key_of(thing)
        if key not in self._noted:
            self._noted[key] = Pending(self, CONSTANT, (thing,), thing)
        return self._noted[key]

    def call(self, function: Callable[..., Any], arguments: Sequence[Any]) -> Pending:
        """Note a call of `function`, which is not looked into."""
        places = ", ".join(["{}"] * len(arguments))
        return self.noted(f"{{}}({places})", (function, *arguments), lambda function, *rest: function(*rest))

    def noted(self, template: str, parts: Sequence[Any], compute: Callable[..., Any]) -> Pending:
        """Return the array that `template` with `parts` computes; `compute` does it now, on examples."""
        parts = tuple(self._listed(part) for part in parts)
        key = (template, tuple(id(part) if isinstance(part, Pending) else key_of(part) for part in parts))
        found = self._noted.get(key)
        if found is None:
            if not self._left:
                raise Untold
            self._left -= 1
            example = _example(compute(*(part.example if isinstance(part, Pending) else part for part in parts)))
            self._noted[key] = found = Pending(self, template, parts, example)
        return found

    def unfold(self, rule: Callable[..., Any], xp: Unfolding, *operands: Any, **options: Any) -> Pending:
        """Run a rule on pending arrays; where that cannot be, note a call of it as a whole."""
        self._left = _MOST
        try:
            result = rule(xp, *operands, **options)
        except Untold:
            result = None
        self._left = math.inf
        return result if isinstance(result, Pending) else self.whole(rule, (xp.plain, *operands), options)

    def whole(self, rule: Callable[..., Any], arguments: Sequence[Any], options: Mapping[str, Any]) -> Pending:
        """Note a call of a rule with options, which may be pending as well."""
        pending = {name: option for name, option in options.items() if isinstance(option, Pending)}
        bound = {name: option for name, option in options.items() if name not in pending}
        function = partial(rule, **bound) if bound else rule
        if pending:
            function = partial(_named, function, tuple(pending))
        return self.call(function, (*arguments, *pending.values()))

    def alike(self, operands: Sequence[Any]) -> tuple[Any, ...]:
        """Return operands of one operation in the form in which NumPy is quickest with them.

        That is its scalars among themselves, and arrays of no axes together with other arrays.
        """
        if any(isinstance(one, Pending) and one.example.dtype != np.float64 for one in operands):
            return tuple(operands)
        if all(np.ndim(getattr(one, "example", one)) == 0 for one in operands):
            return tuple(self._scalar(one) for one in operands)
        return tuple(np.array(one, np.float64) if isinstance(one, (int, float)) else one for one in operands)

    def _scalar(self, operand: Any) -> Any:
        if not isinstance(operand, Pending):
            return np.float64(operand)
        if not isinstance(operand.example, np.ndarray):
            return operand
        return self.constant(operand.parts[0][()]) if operand.template == CONSTANT else operand[()]

    def _listed(self, part: Any) -> Any:
        """Return a list that has pending arrays in it as a pending tuple."""
        if not isinstance(part, (list, tuple)) or not any(isinstance(one, Pending) for one in part):
            return part
        return self.noted(f"({'{}, ' * len(part)})", part, lambda *items: items)


class Unfolding:
    """A namespace for rules: its functions are unfolded where they can be."""

    def __init__(self, sheet: Sheet, plain: Any) -> None:
        self.plain = plain
        """The namespace that they are the functions of."""
        self._sheet = sheet
        self._operations: dict[int, Operation] = {}

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.plain, name)
        return partial(self._run, found) if callable(found) else found

    def zeros(self, shape: tuple[int, ...]) -> Any:
        """Refuse: a rule that asks for zeros goes on to write into them."""
        raise Untold

    def _run(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except Untold:
            return self._sheet.whole(function, arguments, options)

    def operation(self, operation: Operation) -> Operation:
        """Return an operation whose rules unfold."""
        found = self._operations.get(id(operation))
        if found is None:
            self._operations[id(operation)] = found = replace(
                operation,
                forward=self._unfolding(operation.forward),
                vjps=tuple(map(self._unfolding, operation.vjps)),
                partials=tuple(map(self._unfolding, operation.partials)),
                choose=None if operation.choose is None else partial(self._choose, operation.choose),
            )
        return found

    def _unfolding(self, rule: Any) -> Any:
        return rule if rule is None or isinstance(rule, Everywhere) else partial(self._sheet.unfold, rule)

    def _choose(self, choose: Callable[..., dict[str, Any]], *operands: Any, **options: Any) -> Chosen:
        whole = self._sheet.whole(choose, operands, options)
        return Chosen(whole, {name: self._sheet.call(itemgetter(name), (whole,)) for name in whole.example})


class Chosen(dict[str, Pending]):
    """What an operation will choose by looking at its values, one by one and as a whole."""

    def __init__(self, whole: Pending, each: Mapping[str, Pending]) -> None:
        super().__init__(each)
        self.whole = whole


def key_of(thing: Any) -> Any:
    """Return what two objects have in common that may stand for each other."""
    if thing is None or isinstance(thing, (bool, int, float, str)):
        return type(thing), repr(thing)
    if type(thing) is tuple:
        return tuple(map(key_of, thing))
    if type(thing) is np.ndarray and thing.dtype == np.float64 and not thing.shape:
        return np.ndarray, repr(thing.item())
    if isinstance(thing, partial):
        options = tuple((name, key_of(option)) for name, option in thing.keywords.items())
        return partial, key_of(thing.func), key_of(thing.args), options
    return id(thing)


@cache
def _method(ufunc: Any, name: str) -> Any:
    """Return a function's reduction or the like, the same object each time."""
    return getattr(ufunc, name)


def _named(function: Callable[..., Any], names: Sequence[str], *arguments: Any) -> Any:
    """Call `function` with its last arguments by name."""
    first, last = arguments[: -len(names)], arguments[-len(names) :]
    return function(*first, **dict(zip(names, last, strict=True)))


def _product(a: Any, b: Any) -> Any:
    """Return an example of a product of vectors and matrices: of its shape, for multiplying takes as long as a run."""
    shape = (*a.shape[:-1], *b.shape[-1:][: b.ndim - 1])
    return np.empty(shape) if shape else np.float64(1.0)


def _example(result: Any) -> Any:
    """Return something of the same shape and type that takes no memory, where that is an array of numbers."""
    if isinstance(result, np.ndarray) and result.dtype == np.float64:
        return np.ndarray(result.shape, np.float64, _ONE, 0, (0,) * result.ndim)
    return result


_ONE = np.ones(())
