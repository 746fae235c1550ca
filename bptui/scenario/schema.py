"""The shape of a scenario file: which keys it has, and what each holds.

The records below are the one description of the file: `schema_reading` walks them, so that every fault is told in plain
words; msgspec fills them; and `json_schema` turns them into what an editor needs to complete and check keys.
Leaves (`LEAF`) and claims (`CLAIM`) take several forms, and stay as they are in the file here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from bptui.limits import LIMITS

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
