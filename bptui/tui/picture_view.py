"""Drawn lines: wires and heat maps, with two tones for the sign."""

from __future__ import annotations

from typing import ClassVar

from bptui.tui.text_view import TextView


class PictureView(TextView):
    """Shows lines of `bptui.present.drawing`."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"text--positive", "text--negative"}
