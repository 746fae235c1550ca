"""From a document to a scenario: leaves, functions, layers, lines, what is differentiated. Every fault of all of them.

Each stage goes on with what is sound, so that a file's faults are told all at once, and none twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from bptui.limits import RAISED
from bptui.ops.operation import shape_text
from bptui.scenario.document import Document
from bptui.scenario.expression import Span, unknown
from bptui.scenario.functions import Function
from bptui.scenario.leaves import Leaf, read_leaf
from bptui.scenario.lowering import Lowering
from bptui.scenario.network import Expansion, LineText, Parameter
from bptui.scenario.notation import Shape, glued, unravel
from bptui.scenario.program import Program, Value
from bptui.scenario.resolving import Hint, Report
from bptui.scenario.scenario import Scenario
from bptui.scenario.schema import Backward, ScenarioFile
from bptui.scenario.schema_reading import read_schema

MOST_SYMBOLS = 10_000
"""Of larger arrays the elements' names are not compared one by one with other names."""


def read_scenario(document: Document) -> Scenario:
    """Return the scenario that `document` describes; raises BptuiError with every fault in it."""
    reading = _Reading(document, read_schema(document))
    scenario = reading.scenario()
    document.raise_faults()
    assert scenario is not None, "a scenario without faults has a target"
    return scenario


class _Reading:
    def __init__(self, document: Document, file: ScenarioFile) -> None:
        self.document = document
        self.file = file
        self.leaves: dict[str, Leaf] = {}
        self.lowering = Lowering(document.limits, file.index_base, file.faulty)

    def scenario(self) -> Scenario | None:
        self._clashes()
        for role, table in (("input", self.file.inputs), ("parameter", self.file.parameters)):
            for name, raw in table.items():
                self._leaf(name, raw, (f"{role}s", name), "input" if role == "input" else "parameter")
        self._functions()
        self._network()
        later = set(self.file.forward)
        for name, text in self.file.forward.items():
            later.remove(name)
            self.lowering.add_line(name, text, later, self._report(("forward", name)))
        target, seed, loss, seeded = self._target(self.file.backward)
        wrt = self._wrt(self.file.backward.wrt)
        self._symbols(seed)
        if target is None or self.document.faults:
            return None
        self.leaves = {name: leaf.drawn() for name, leaf in self.leaves.items()}
        seed = seed.drawn() if seed is not None else None
        lowering = self.lowering
        lowering.code.finish()
        program = Program(
            code=lowering.code,
            steps=lowering.code.steps,
            lines=lowering.lines,
            names=lowering.names,
            target=target.id,
            wrt=wrt,
            loss=loss,
            seeded=seeded,
            index_base=self.file.index_base,
        )
        return Scenario(
            title=self.file.title or self.document.name,
            description=self.file.description,
            program=program,
            leaves=self.leaves,
            seed=seed,
            functions={function.key: function.body for function in self.file.functions.values()},
            worked=self.file.worked,
            document=self.document,
        )

    # -- names -------------------------------------------------------------------------------------------------------

    def _clashes(self) -> None:
        """Report every name that is given twice. A leaf or line may share an operation's name, and nothing else."""
        taken: dict[str, str] = {}
        places: list[tuple[str, str, tuple[str | int, ...]]] = [
            *((name, "an input", ("inputs", name)) for name in self.file.inputs),
            *((name, "a parameter", ("parameters", name)) for name in self.file.parameters),
            *((name, "a function", ("functions", one.key)) for name, one in self.file.functions.items()),
            *((name, "given by [network]", ("network",)) for name in self._network_names()),
            *((name, "a forward line", ("forward", name)) for name in self.file.forward),
        ]
        for name, kind, path in places:
            if name in taken:
                self.document.fault(
                    path, f"`{name}` is already {taken[name]}", "give one of the two another name", on="key"
                )
            taken.setdefault(name, kind)

    def _network_names(self) -> Iterable[str]:
        if self.file.network is None:
            return ()
        return Expansion(self.file.network, _nothing, _nothing, lambda path, message, hint: None).names()

    def _symbols(self, seed: Leaf | None) -> None:
        """Report symbols whose elements' names clash with another name: `x` with a shape of (5,) takes x0 … x4."""
        taken: dict[str, str] = {
            name: f"the name `{name}`" for name in (*self.lowering.names, *self.lowering.functions)
        }
        for leaf in [*self.leaves.values(), *([seed] if seed is not None else [])]:
            if leaf.symbol is None:
                continue
            own = f"an element of `{leaf.name}`"
            count = min(MOST_SYMBOLS, leaf.size)
            for flat in range(count):
                name = glued(leaf.symbol, unravel(flat, leaf.shape), self.file.index_base)
                if name in taken and not (name == leaf.name and leaf.shape == ()):
                    message = f"the symbol `{leaf.symbol}` names an element `{name}`, which is also {taken[name]}"
                    self.document.fault((*leaf.path, "symbol"), message, "choose another symbol or another name")
                    break
                taken[name] = own

    # -- leaves, functions, layers -----------------------------------------------------------------------------------

    def _leaf(
        self, name: str, raw: object, path: tuple[str | int, ...], role: Literal["input", "parameter"]
    ) -> Shape | None:
        leaf = read_leaf(self.document, path, raw, name=name, role=role)
        if leaf is None or name in self.lowering.names:
            self.lowering.faulty.add(name)
            return None
        self.lowering.elements += leaf.size
        self.leaves[name] = leaf
        self.lowering.add_leaf(name, leaf.role, leaf.shape, leaf.symbol)
        return leaf.shape

    def _functions(self) -> None:
        functions = [Function(one.name, one.parameters, one.body) for one in self.file.functions.values()]
        keys = {one.name: one.key for one in self.file.functions.values()}
        self.lowering.add_functions(functions, lambda name: self._report(("functions", keys[name])))

    def _network(self) -> None:
        network = self.file.network
        if network is None:
            return
        if len(network.layers) > (most := self.document.limits.layers):
            message = f"the network has {len(network.layers):,} layers; the limit is {most:,}"
            self.document.fault(("network", "layers"), message, RAISED.format("layers"))
            self.lowering.faulty.update(self._network_names())
            return

        def add_line(line: LineText) -> Shape | None:
            def report(message: str, span: Span, hint: Hint) -> None:
                self.document.fault(line.path, message, hint or f"this stands for the line {line.name} = {line.text}")

            return self.lowering.add_line(line.name, line.text, (), report, origin="network")

        def add_parameter(parameter: Parameter) -> Shape | None:
            return self._leaf(parameter.name, parameter.raw, parameter.path, "parameter")

        expansion = Expansion(network, add_parameter, add_line, self.document.fault)
        if network.input not in self.lowering.names:
            if network.input not in self.lowering.faulty:
                message, hint = unknown(
                    "input", network.input, lambda: self.lowering.names, "name a value under [inputs]"
                )
                self.document.fault(("network", "input"), message, hint)
        else:
            expansion.run(self.lowering.shape(network.input))
        self.lowering.faulty.update(name for name in expansion.names() if name not in self.lowering.names)

    def _report(self, path: tuple[str | int, ...]) -> Report:
        def report(message: str, span: Span, hint: Hint) -> None:
            self.document.fault(path, message, hint, span=span)

        return report

    # -- backward ----------------------------------------------------------------------------------------------------

    def _target(self, backward: Backward) -> tuple[Value | None, Leaf | None, str, bool]:
        """Return the target, its seed, the name of the differentiated scalar, and whether that stands outside."""
        nothing: tuple[None, None, str, bool] = (None, None, "", False)
        lowering = self.lowering
        if backward.of is None:
            written = self.document.data.get("forward")  # those at fault included: the last line is meant
            lines = list(written) if isinstance(written, dict) else []
            lines = lines or list(self._network_names())
            if not lines:
                if not self.document.faults:
                    self.document.fault(
                        ("forward",),
                        "the scenario computes nothing",
                        'add a line such as L = "sum(x)" below [forward]',
                        on="key",
                    )
                return nothing
            of = lines[-1]
        else:
            of = backward.of
        if of not in lowering.names:
            if of not in lowering.faulty:
                message, hint = unknown("name", of, lambda: lowering.names, "`of` names a forward line")
                self.document.fault(("backward", "of"), message, hint)
            return nothing
        target = lowering.values[lowering.names[of]]
        if backward.seed is None:
            if target.shape:
                message = (
                    f"the target `{of}` has shape {shape_text(target.shape)}, and a gradient is taken of one number"
                )
                remedy = (
                    "name a scalar with `of`, or give its upstream gradient in its shape:"
                    ' seed = { symbol = "d" }, or numbers'
                )
                network, line = self.file.network, lowering.lines.get(of)
                if network is not None and network.loss is None and line is not None and line.origin == "network":
                    remedy = f'add `loss = {{ kind = "mse", target = "t" }}` to [network], or {remedy}'
                where = ("forward", of) if of in self.file.forward else ("network",)
                on: Literal["key", "value"] = "key" if where == ("network",) and backward.of is None else "value"
                self.document.fault(("backward", "of") if backward.of is not None else where, message, remedy, on=on)
                return nothing
            if backward.loss is not None:
                self.document.fault(("backward", "loss"), "`loss` goes with a seed", "leave it out, or give a seed")
            return target, None, of, False
        seed = read_leaf(self.document, ("backward", "seed"), backward.seed, shape=target.shape, name="seed")
        return target, seed, self._loss(backward.loss), True

    def _loss(self, written: str | None) -> str:
        """Return the name of the scalar that a seeded target feeds: as written, or the first of some that is free."""
        taken = {*self.lowering.names, *self.lowering.functions}
        if written is not None:
            if written in taken:
                message = f"`{written}` is already a name of this scenario"
                hint = "`loss` names a scalar that the scenario does not contain; leave it out or choose another"
                self.document.fault(("backward", "loss"), message, hint)
            return written
        numbered = (f"L{number}" for number in range(len(taken) + 1))
        return next(name for name in ("L", "J", "E", *numbered) if name not in taken)

    def _wrt(self, names: list[str] | None) -> tuple[str, ...]:
        lowering = self.lowering
        if names is None:
            for role in ("parameter", "input"):
                found = tuple(name for name, leaf in self.leaves.items() if leaf.role == role)
                if found:
                    return found
            return ()
        for at, name in enumerate(names):
            if name in names[:at]:
                self.document.fault(("backward", "wrt", at), f"`{name}` is listed twice", "leave one out")
            elif name not in lowering.names and name not in lowering.faulty:
                message, hint = unknown("name", name, lambda: lowering.names, "`wrt` lists leaves and forward lines")
                self.document.fault(("backward", "wrt", at), message, hint)
        return tuple(names)


def _nothing(piece: object) -> None:
    return None
