"""A network's layers, written out as the parameters and forward lines that they stand for.

Layer i, counted from 1, gives `Wi`, `bi`, `zi` and `ai`; the last layer's value carries the network's own output name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct, field

from bptui.ops.operation import shape_text
from bptui.scenario.notation import Shape
from bptui.scenario.schema import ActivationLayer, DenseLayer, FunctionLayer, Layer, Network, PermuteLayer, SortLayer

Path = tuple[str | int, ...]

DEFAULT_INIT = "xavier_uniform"
"""How a layer's weights are drawn where it neither gives them nor says how."""


class Parameter(Struct, frozen=True):
    """A parameter that a layer gives: what stands for it in the file (or would), and where."""

    name: str
    raw: Any
    path: Path


class LineText(Struct, frozen=True):
    """A forward line that a layer stands for."""

    name: str
    text: str
    path: Path


class Expansion(Struct):
    """Writes a network out layer by layer; `add_parameter` and `add_line` take each piece, in order.

    Both return the shape of what they took, or None where it is at fault, after which nothing more is written out:
    drawn weights need to know how long their layer's input is.
    """

    network: Network
    add_parameter: Callable[[Parameter], Shape | None]
    add_line: Callable[[LineText], Shape | None]
    fault: Callable[[Path, str, str], None]
    written: list[str] = field(default_factory=list)
    """The names that were added."""

    def run(self, shape: Shape) -> None:
        """Write out all layers and the loss; `shape` is the input's, (n,) or (batch, n)."""
        current = self.network.input
        last = len(self.network.layers)
        for number, layer in enumerate(self.network.layers, 1):
            path: Path = ("network", "layers", number - 1)
            if len(shape) not in (1, 2):
                message = f"layer {number} cannot take `{current}`, which has shape {shape_text(shape)}"
                self.fault(path, message, "a layer takes one input of shape (n,) or a batch of shape (batch, n)")
                return
            made: Shape | None = None
            for line in self._lines(layer, number, current, shape, path, number == last):
                made = self.add_line(line)
                if made is None:
                    return
                current = line.name
            if made is None:
                return
            shape = made
        if (loss := self.network.loss) is not None:
            option = "" if loss.reduction == "mean" else f', reduction="{loss.reduction}"'
            self.add_line(LineText(loss.name, f"{loss.kind}({current}, {loss.target}{option})", ("network", "loss")))

    def names(self) -> Iterator[str]:
        """Yield the names that the network will give, without writing it out."""
        last = len(self.network.layers)
        for number, layer in enumerate(self.network.layers, 1):
            final = self.network.output if number == last else None
            if isinstance(layer, DenseLayer):
                yield f"W{number}"
                if self._has_bias(layer):
                    yield f"b{number}"
                if layer.activation is not None:
                    yield f"z{number}"
                yield final or (f"a{number}" if layer.activation is not None else f"z{number}")
            else:
                yield final or f"a{number}"
        if self.network.loss is not None:
            yield self.network.loss.name

    def _lines(
        self, layer: Layer, number: int, current: str, shape: Shape, path: Path, final: bool
    ) -> Iterator[LineText]:
        after = self.network.output if final else f"a{number}"
        batch = ", axis=-1" if len(shape) == 2 else ""
        match layer:
            case DenseLayer():
                bias = self._parameters(layer, number, shape, path)
                if bias is None:
                    return
                product = f"W{number} @ {current}" if len(shape) == 1 else f"{current} @ W{number}.T"
                linear = self.network.output if final and layer.activation is None else f"z{number}"
                yield LineText(linear, product + bias, path)
                if layer.activation is not None:
                    yield LineText(after, f"{layer.activation}({linear})", (*path, "activation"))
            case ActivationLayer():
                yield LineText(after, f"{layer.function}({current})", (*path, "function"))
            case PermuteLayer():
                yield LineText(after, f"permute({current}, {layer.order}{batch})", (*path, "order"))
            case SortLayer():
                descending = ", descending=True" if layer.descending else ""
                yield LineText(after, f"sort({current}{descending})", path)
            case FunctionLayer():
                yield LineText(after, f"{layer.name}({current})", (*path, "name"))

    def _parameters(self, layer: DenseLayer, number: int, shape: Shape, path: Path) -> str | None:
        """Add a dense layer's weights and bias; return what its line adds for the bias, None where there is a fault."""
        weights: Any = layer.weights
        place = (*path, "weights")
        if weights is None:
            weights = {"shape": [layer.units, shape[-1]], "init": layer.init or DEFAULT_INIT, "seed": layer.seed or 0}
            if layer.scale is not None:
                weights["scale"] = layer.scale
        made = self.add_parameter(Parameter(f"W{number}", weights, place))
        if made is None:
            return None
        if made != (layer.units, shape[-1]):
            wanted = shape_text((layer.units, shape[-1]))
            message = (
                f"`W{number}` has shape {shape_text(made)}; {layer.units} units on {shape[-1]} inputs need {wanted}"
            )
            self.fault(place, message, "one row for each unit, one column for each input")
            return None
        if not self._has_bias(layer):
            return ""
        bias = layer.bias if layer.bias is not None else {"shape": [layer.units], "init": "zeros"}
        made = self.add_parameter(Parameter(f"b{number}", bias, (*path, "bias")))
        if made is not None and made != (layer.units,):
            message = f"`b{number}` has shape {shape_text(made)}; {layer.units} units need {shape_text((layer.units,))}"
            self.fault((*path, "bias"), message, "one number for each unit")
            return None
        return None if made is None else f" + b{number}"

    def _has_bias(self, layer: DenseLayer) -> bool:
        return layer.bias is not False and (layer.bias is not None or layer.weights is None)
