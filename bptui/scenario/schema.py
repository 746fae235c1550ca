"""The shape of a scenario file: which keys it has, what each holds, and the file read into that shape.

The records below are the one description of the file: the reader walks them, so that every fault is found and told in
plain words; msgspec fills them; and `json_schema` turns them into what an editor needs to complete and to check keys.
Leaves (`LEAF`) and claims (`CLAIM`) take several forms, and stay as they are in the file here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, field

from bptui.limits import LIMITS
from bptui.scenario.document import LEAST_SCENARIO, Document, KeyPath
from bptui.scenario.fitting import described, fits, keys_of, report_unknown
from bptui.scenario.names import RESERVED, name_fault
from bptui.text import nearest

Init = Literal["normal", "uniform", "xavier_normal", "xavier_uniform", "he_normal", "he_uniform", "zeros", "ones"]
Leaf = Annotated[Any, Meta(extra_json_schema={"$ref": "#/$defs/Leaf"})]
Claim = Annotated[Any, Meta(extra_json_schema={"$ref": "#/$defs/Claim"})]
Bias = Annotated[Any, Meta(extra_json_schema={"anyOf": [{"$ref": "#/$defs/Leaf"}, {"const": False}]})]
Numbers = Annotated[Any, Meta(extra_json_schema={"$ref": "#/$defs/Numbers"})]
Text = Annotated[str, Meta(min_length=1)]
Length = Annotated[int, Meta(ge=0, le=10**15)]
Seed = Annotated[int, Meta(ge=0, le=2**32 - 1, description="Where the random numbers start; 0 where it is left out.")]
Scale = Annotated[float, Meta(description="A factor for all drawn numbers.")]
Shape = Annotated[
    list[Length],
    Meta(max_length=LIMITS.axes, description="The length of each axis: [5], [128, 784], or [] for one number."),
]


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the file: every key has its place, and there are no others."""


class SymbolLeaf(_Table, frozen=True):
    """An array in symbols only; its numbers are asked for before any are shown."""

    symbol: Annotated[Text, Meta(description="The letter of its elements: x gives x0, x1, …")]
    shape: Shape | None = None


class ValueLeaf(_Table, frozen=True):
    """An array in symbols and in numbers, between which the reader switches."""

    symbol: Annotated[Text, Meta(description="The letter of its elements: x gives x0, x1, …")]
    value: Annotated[Numbers, Meta(description="The numbers.")]
    shape: Shape | None = None


class DrawnLeaf(_Table, frozen=True):
    """An array of random numbers, the same on every machine, or of zeros or ones."""

    init: Annotated[Init, Meta(description="How the numbers are drawn.")]
    shape: Shape | None = None
    seed: Seed = 0
    scale: Scale = 1.0


class FileLeaf(_Table, frozen=True):
    """An array from a file beside the scenario or below its folder."""

    file: Annotated[Text, Meta(description="The file: .npz, .npy, .safetensors, .onnx or .csv (commas, no header).")]
    key: Annotated[Text, Meta(description="Which array of an .npz, .safetensors or .onnx.")] | None = None


class DenseLayer(_Table, frozen=True, tag="dense", tag_field="kind"):
    """W @ x + b, or X @ W.T + b for a batch, with an activation if one is named."""

    units: Annotated[int, Meta(ge=1, description="How many units: the length of the output.")]
    activation: (
        Annotated[Text, Meta(description="A function of one value: relu, sigmoid, … or one of [functions].")] | None
    ) = None
    weights: Annotated[Leaf, Meta(description="The matrix, of shape [units, length of the input].")] = None
    bias: Annotated[Bias, Meta(description="The bias, of shape [units]; false for none.")] = None
    init: Annotated[Init, Meta(description="How the weights are drawn, where they are not given.")] | None = None
    scale: Scale | None = None
    seed: Seed | None = None


class ActivationLayer(_Table, frozen=True, tag="activation", tag_field="kind"):
    """A function of each element."""

    function: Annotated[Text, Meta(description="A function of one value: relu, sigmoid, … or one of [functions].")]


class PermuteLayer(_Table, frozen=True, tag="permute", tag_field="kind"):
    """The elements in another order."""

    order: Annotated[
        list[Annotated[int, Meta(ge=0)]],
        Meta(min_length=1, description="Which element comes first, second, …, counted from 0: [2, 0, 1]."),
    ]


class SortLayer(_Table, frozen=True, tag="sort", tag_field="kind"):
    """The elements in order of size."""

    descending: Annotated[bool, Meta(description="Largest first.")] = False


class FunctionLayer(_Table, frozen=True, tag="function", tag_field="kind"):
    """A function of the scenario's own."""

    name: Annotated[Text, Meta(description="The name of one of [functions], one with a single parameter.")]


Layer = DenseLayer | ActivationLayer | PermuteLayer | SortLayer | FunctionLayer


class Loss(_Table, frozen=True):
    """What the network's output is measured by."""

    kind: Annotated[Literal["mse", "bce", "cross_entropy", "softmax_cross_entropy"], Meta(description="Which loss.")]
    target: Annotated[Text, Meta(description="The name of what the output should be.")]
    reduction: Annotated[Literal["mean", "sum", "none"], Meta(description="How its elements become one number.")] = (
        "mean"
    )
    name: Annotated[Text, Meta(description="The name of the loss.")] = "L"


class Network(_Table, frozen=True):
    """Layers, in place of forward lines: layer i, counted from 1, gives Wi, bi, zi and ai."""

    input: Annotated[Text, Meta(description="The name of the input.")]
    layers: Annotated[list[Layer], Meta(min_length=1, description="The layers, first to last.")]
    output: Annotated[Text, Meta(description="The name of the last layer's value.")] = "y"
    loss: Annotated[Loss | None, Meta(description="The loss after the last layer.")] = None


class Backward(_Table, frozen=True):
    """What is differentiated with respect to what."""

    of: Annotated[Text, Meta(description="The target; the last forward line where it is left out.")] | None = None
    wrt: (
        Annotated[
            list[Text],
            Meta(
                min_length=1,
                description="The names whose gradients are asked for; all parameters where it is left out.",
            ),
        ]
        | None
    ) = None
    seed: Annotated[Leaf, Meta(description="The gradient that the target starts with; 1 for a single number.")] = None
    loss: (
        Annotated[Text, Meta(description="The name of the scalar that the target feeds, where there is a seed.")] | None
    ) = None


class DigitsClaim(_Table, frozen=True):
    """A claim with the number of decimals that count."""

    value: Annotated[Claim, Meta(description="The number, the nest of numbers, or the expression.")]
    digits: Annotated[int, Meta(ge=0, le=LIMITS.digits, description="How many decimals count.")]


class TopLevel(_Table, frozen=True, rename={"format_": "format"}):
    """A scenario of bptui: what is given, what is computed from it, and what is differentiated."""

    format_: Annotated[Literal[1], Meta(description="The version of this format.")] = 1
    title: Annotated[str, Meta(max_length=LIMITS.title_characters, description="Shown above everything.")] = ""
    description: Annotated[
        str, Meta(max_length=LIMITS.description_characters, description="Plain text, shown on opening.")
    ] = ""
    index_base: Annotated[Literal[0, 1], Meta(description="Whether elements are shown as W[0,0] or as W(1,1).")] = 0
    inputs: Annotated[dict[str, Leaf], Meta(description="What is given: numbers and arrays by name.")] = {}
    parameters: Annotated[dict[str, Leaf], Meta(description="What would be learned: numbers and arrays by name.")] = {}
    functions: Annotated[
        dict[str, str], Meta(description='Functions to use in expressions: "square_sum(x)" = "sum(x**2)".')
    ] = {}
    forward: Annotated[
        dict[str, str], Meta(description='The lines of the computation, in order: z = "W @ x + b".')
    ] = {}
    network: Annotated[Network | None, Meta(description="Layers in place of forward lines.")] = None
    backward: Annotated[Backward | None, Meta(description="What is differentiated with respect to what.")] = None
    worked: Annotated[dict[str, Claim], Meta(description='A worked solution to check: "dL/dW1[0,0]" = 0.053.')] = {}


class FunctionText(Struct, frozen=True):
    """A function as the file declares it: `"loss(y, t)" = "…"`."""

    name: str
    parameters: tuple[str, ...]
    body: str
    key: str
    """Its key in the file, so that faults in its body stand at `("functions", key)`."""


class ClaimText(Struct, frozen=True):
    """One line of a worked solution."""

    key: str
    """What the value is claimed of, as it is written."""
    value: Any
    """A number, an expression, or a rectangular nest of them."""
    digits: int | None
    """How many decimals count, where the line says so; else those written, which `Document.source` shows."""
    path: tuple[str | int, ...]
    """Where `value` stands in the file."""


class ScenarioFile(Struct, frozen=True, kw_only=True):
    """What a scenario file says, as far as it is well formed. The order of every table is the file's."""

    title: str = ""
    description: str = ""
    index_base: Literal[0, 1] = 0
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """By name, each in one of a leaf's forms, for `leaves.read_leaf` at `("inputs", name)`."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """The same, at `("parameters", name)`."""
    functions: Mapping[str, FunctionText] = field(default_factory=dict)
    """By name."""
    forward: Mapping[str, str] = field(default_factory=dict)
    network: Network | None = None
    backward: Backward = field(default_factory=Backward)
    worked: tuple[ClaimText, ...] = ()
    faulty: frozenset[str] = frozenset()
    """Names that the file gives, and that are left out here because of a fault: using them is no further fault."""


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


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the scenario file, for editors to complete and check keys with."""
    (top,), definitions = msgspec.json.schema_components([TopLevel], ref_template="#/$defs/{name}")
    forms, more = msgspec.json.schema_components(
        [SymbolLeaf, ValueLeaf, DrawnLeaf, FileLeaf, DigitsClaim], ref_template="#/$defs/{name}"
    )
    *leaves, digits = forms
    definitions = {**definitions, **more}
    definitions = _without_null(definitions)
    schema = definitions.pop(top["$ref"].rpartition("/")[2])
    number = {"type": "number"}
    text = {"type": "string", "minLength": 1}
    definitions["Numbers"] = _nest("Numbers", number)
    definitions["Claims"] = _nest("Claims", number, text)
    definitions["Leaf"] = {
        "description": "A number, a rectangular nest of numbers, or a table that says where the numbers come from.",
        "anyOf": [{"$ref": "#/$defs/Numbers"}, *leaves],
    }
    definitions["Claim"] = {
        "description": "A number, an expression, or a nest of them.",
        "anyOf": [{"$ref": "#/$defs/Claims"}, digits],
    }
    for key in ("inputs", "parameters", "forward"):
        schema["properties"][key]["propertyNames"] = {"not": {"enum": list(RESERVED)}, "pattern": r"^[^\s()\[\]./-]+$"}
    schema["properties"]["functions"]["propertyNames"] = {"pattern": r"^\s*[^\s(),]+\s*\([^()]*\)\s*$"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "bptui scenario",
        "$defs": dict(sorted(definitions.items())),
    }


def _nest(name: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [*items, {"type": "array", "items": {"$ref": f"#/$defs/{name}"}}]}


def _without_null(schema: Any) -> Any:
    """Return `schema` with every "this or null" made "this": TOML has no null, and what is left out is left out."""
    if isinstance(schema, list):
        return [_without_null(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: _without_null(part) for key, part in schema.items() if not (key == "default" and part is None)}
    forms = schema.get("anyOf")
    if isinstance(forms, list) and {"type": "null"} in forms:
        (form,) = [form for form in forms if form != {"type": "null"}]
        return {**form, **{key: part for key, part in schema.items() if key != "anyOf"}}
    return schema
