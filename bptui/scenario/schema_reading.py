"""A scenario file read into its shape: what is well formed goes on, the rest becomes faults, told in plain words."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from bptui.scenario.document import LEAST_SCENARIO, Document, KeyPath
from bptui.scenario.fitting import described, fits, keys_of, report_unknown
from bptui.scenario.names import name_fault
from bptui.scenario.schema import (
    Backward,
    ClaimText,
    DigitsClaim,
    FunctionText,
    Network,
    ScenarioFile,
    TopLevel,
)
from bptui.text import nearest


def read_schema(document: Document) -> ScenarioFile:
    """Return what `document` says, without what is not well formed; that is collected as its faults."""
    return _Reading(document).scenario()


class _Reading:
    """One pass over a document: what is well formed goes into the result, the rest becomes faults."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.data = document.data
        self.faulty: set[str] = set()

    def scenario(self) -> ScenarioFile:
        for key in report_unknown(self.document, (), self.data, keys_of(TopLevel), "a scenario has"):
            if isinstance(self.data[key], dict):  # [input] for [inputs]: what stands in it is not unknown as well
                self.faulty.update(self.data[key])
        plain: dict[str, Any] = {}
        for key in ("format", "title", "description", "index_base"):
            if key in self.data and fits(self.document, (key,), self.data[key], TopLevel, key):
                plain[key] = self.data[key]
        plain.pop("format", None)
        inputs, parameters = self._named("inputs"), self._named("parameters")
        functions = self._functions()
        forward = self._lines()
        network = self._network() if "network" in self.data else None
        worked = self._worked()
        backward = self._backward()
        self._at_least_something()
        return ScenarioFile(
            **plain,
            inputs=inputs,
            parameters=parameters,
            functions=functions,
            forward=forward,
            network=network,
            backward=backward,
            worked=worked,
            faulty=frozenset(self.faulty),
        )

    # -- the tables ----------------------------------------------------------------------------------------------

    def _table(self, key: str, example: str) -> dict[str, Any]:
        """Return the table `key`, empty where there is none; one that is no table is a fault."""
        table = self.data.get(key, {})
        if isinstance(table, dict):
            return table
        self.document.fault(
            (key,), f"`{key}` is a table, and this is {described(table)}", f"write it as {example}", on="value"
        )
        return {}

    def _named(self, key: str) -> dict[str, Any]:
        table = self._table(key, f"[{key}] with lines such as x = 0.5 below")
        return {name: value for name, value in table.items() if self._name((key, name), name)}

    def _lines(self) -> dict[str, str]:
        lines = {}
        for name, value in self._table("forward", '[forward] with lines such as z = "W @ x + b" below').items():
            if not self._name(("forward", name), name):
                continue
            if isinstance(value, str):
                lines[name] = value
            else:
                self.faulty.add(name)
                self._no_expression(("forward", name), name, value)
        return lines

    def _functions(self) -> dict[str, FunctionText]:
        functions: dict[str, FunctionText] = {}
        for key, value in self._table("functions", '[functions] with lines such as "f(x)" = "x**2" below').items():
            path = ("functions", key)
            signature = self._signature(path, key)
            if signature is None:
                continue
            name, parameters = signature
            if name in functions:
                first = functions[name].key
                self.document.fault(
                    path,
                    f"the function `{name}` is declared twice, the first time as `{first}`",
                    "rename one",
                    on="key",
                )
            elif isinstance(value, str):
                functions[name] = FunctionText(name, parameters, value, key)
            else:
                self.faulty.add(name)
                self._no_expression(path, f'"{key}"', value)
        return functions

    def _signature(self, path: KeyPath, key: str) -> tuple[str, tuple[str, ...]] | None:
        match = _SIGNATURE.fullmatch(key)
        if match is None:
            name = re.split(r"[\s(=]", key.strip(), maxsplit=1)[0]
            self.faulty.update((key, name))
            suggestion = name if name_fault(name) is None else "f"
            message = f"`{key}` does not say what the function's parameters are"
            self.document.fault(
                path, message, f'write for example `"{suggestion}(x)" = "…"`, or `"{suggestion}(y, t)" = "…"`', on="key"
            )
            return None
        name = match[1].strip()
        parameters = tuple(part.strip() for part in match[2].split(",")) if match[2].strip() else ()
        for part in (name, *parameters):
            fault = name_fault(part)
            if fault is not None:
                self.faulty.add(name)
                message = f"a parameter is missing in `{key}`" if not part else fault[0]
                self.document.fault(path, message, fault[1] if part else 'write `"f(x, y)"`', on="key")
                return None
        for number, part in enumerate(parameters):
            if part in parameters[:number]:
                self.faulty.add(name)
                message = f"the function `{name}` has two parameters called `{part}`"
                self.document.fault(path, message, "rename one of them", on="key")
                return None
        return name, parameters

    def _network(self) -> Network | None:
        raw = self.data["network"]
        if fits(self.document, ("network",), raw, Network) and self._fit_together(raw):
            return msgspec.convert(raw, Network)
        if isinstance(raw, dict):
            self.faulty.update(_network_names(raw))
        return None

    def _fit_together(self, raw: dict[str, Any]) -> bool:
        """Check what one key of a network means for another."""
        valid = True
        names: list[tuple[KeyPath, Any]] = [(("network", "output"), raw.get("output"))]
        if "loss" in raw:
            names.append((("network", "loss", "name"), raw["loss"].get("name")))
        for path, name in names:
            fault = name_fault(name) if name is not None else None
            if fault is not None:
                self.document.fault(path, *fault)
                valid = False
        for number, layer in enumerate(raw["layers"]):
            if layer["kind"] == "dense":
                valid = self._dense(("network", "layers", number), layer) and valid
        return valid

    def _dense(self, path: KeyPath, layer: dict[str, Any]) -> bool:
        if layer.get("bias") is True:
            self.document.fault(
                (*path, "bias"), "`bias` is an array of numbers, or false for none", "leave it out for the usual bias"
            )
            return False
        for key in ("init", "scale", "seed"):
            if "weights" in layer and key in layer:
                self.document.fault(
                    (*path, key),
                    f"`{key}` is for weights that are drawn, and here they are given",
                    f"take `{key}` or `weights` out",
                    on="key",
                )
                return False
        return True

    def _backward(self) -> Backward:
        raw = self.data.get("backward", {})
        if not isinstance(raw, dict):
            fits(self.document, ("backward",), raw, Backward)
            return Backward()
        known = keys_of(Backward)
        report_unknown(self.document, ("backward",), raw, known, "[backward] has")
        kept = {
            key: value
            for key, value in raw.items()
            if key in known and fits(self.document, ("backward", key), value, Backward, key)
        }
        if "loss" in kept:
            fault = name_fault(kept["loss"])
            if fault is not None:
                self.document.fault(("backward", "loss"), *fault)
                del kept["loss"]
        return msgspec.convert(kept, Backward)

    def _worked(self) -> tuple[ClaimText, ...]:
        claims = []
        for key, raw in self._table("worked", '[worked] with lines such as "dL/dW1" = 0.5 below').items():
            path: tuple[str | int, ...] = ("worked", key)
            value, digits = raw, None
            if isinstance(raw, dict):
                if not fits(self.document, path, raw, DigitsClaim):
                    continue
                value, digits, path = raw["value"], raw["digits"], (*path, "value")
            if self._claimed(path, value):
                claims.append(ClaimText(key, value, digits, path))
        return tuple(claims)

    def _claimed(self, path: tuple[str | int, ...], value: Any, shape: tuple[int, ...] | None = None) -> bool:
        """Check that a claim is a number, an expression, or a rectangular nest of them (of `shape`, further in)."""
        if shape is None:
            shape = ()
            part = value
            while isinstance(part, list) and part:
                shape = (*shape, len(part))
                part = part[0]
        if isinstance(value, list):
            if not value:
                self.document.fault(path, "this list is empty", "write the numbers of your solution")
            elif not shape or len(value) != shape[0]:
                self.document.fault(path, f"this row is a list of {len(value)}, unlike the first", _RECTANGULAR)
            else:
                return all(self._claimed((*path, at), item, shape[1:]) for at, item in enumerate(value))
            return False
        if isinstance(value, (int, float, str)) and not isinstance(value, bool):
            if shape:
                self.document.fault(path, f"this is {described(value)}, and the first row is a list", _RECTANGULAR)
            elif isinstance(value, int) and abs(value) >= 2**1024:
                self.document.fault(path, "this number is too large for a float64", "the largest is about 1.8e308")
            else:
                return True
            return False
        message = f"a claim is a number, an expression in quotes, or a list of them, and this is {described(value)}"
        self.document.fault(path, message, 'write `"dL/dW1[0,0]" = 0.053`, or `"dF/dx[0]" = "2*x0"`')
        return False

    def _at_least_something(self) -> None:
        """Report a scenario that computes nothing, or from nothing, where that is not a slip already reported."""
        unknown = [key for key in self.data if key not in keys_of(TopLevel)]
        meant = {nearest(key, keys_of(TopLevel)) for key in unknown[:100]}

        def has(*tables: str) -> bool:
            return any(self.data.get(table) not in (None, {}) or table in meant for table in tables)

        if not has("forward", "network"):
            missing = "[forward] has no lines" if "forward" in self.data else "there is neither [forward] nor [network]"
            self.document.fault(("forward",), f"nothing is computed: {missing}", LEAST_SCENARIO)
        elif not has("inputs", "parameters"):
            hint = "declare what the expressions use, such as `x = [0.5, 0.2]` below a line `[inputs]`"
            self.document.fault((), "nothing is given: there is neither [inputs] nor [parameters]", hint)

    # -- one key or value ----------------------------------------------------------------------------------------

    def _name(self, path: KeyPath, name: str) -> bool:
        fault = name_fault(name)
        if fault is None:
            return True
        self.faulty.add(name)
        self.document.fault(path, *fault, on="key")
        return False

    def _no_expression(self, path: KeyPath, key: str, value: Any) -> None:
        written = self.document.source(path)
        hint = 'an expression goes in quotes: `z = "W @ x + b"`'
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            hint = f'write `{key} = "{written}"`' + (
                f", or `{key} = {written}` under [inputs]" if path[0] == "forward" else ""
            )
        elif isinstance(value, (list, dict)):
            hint = f"arrays are declared under [inputs] or [parameters]; {hint}"
        self.document.fault(path, f"this must be an expression in quotes, and it is {described(value)}", hint)


_RECTANGULAR = "all rows of an array have the same length"
_SIGNATURE = re.compile(r"\s*([^(),]*?)\s*\(([^()]*)\)\s*")


def _network_names(raw: dict[str, Any]) -> set[str]:
    """Return the names that a network at fault would have given."""
    loss = raw.get("loss")
    names = {raw.get("output", "y"), loss.get("name", "L") if isinstance(loss, dict) else "L"}
    layers = raw.get("layers")
    count = len(layers) if isinstance(layers, list) else 0
    names.update(f"{letter}{number}" for letter in "Wbza" for number in range(1, count + 1))
    return {name for name in names if isinstance(name, str)}
