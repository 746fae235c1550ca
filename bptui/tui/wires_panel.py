"""The wires of a step that only moves elements, shown where the walk comes to one."""

from __future__ import annotations

from collections.abc import Sequence

from bptui.present.wires import Wires
from bptui.tui.configured import key
from bptui.tui.picture_view import PictureView
from bptui.tui.text_view import Line


class WiresPanel(PictureView):
    """Shows wires with the element under the cursor lit; hidden where there are none, or while they are not wanted."""

    stepping = True

    def __init__(self, wanted: bool = True, *, id: str | None = None) -> None:
        """Make a panel without wires; `wanted` says whether it shows those that come."""
        super().__init__(id=id)
        self._wires: Wires | None = None
        self._element = 0
        self._matrix = False
        self._numbers = True
        self._wanted = wanted
        self.display = False

    def show_wires(self, wires: Wires | None, element: int, numbers: bool = True) -> None:
        """Show `wires` with the wire of `element` lit, with or without their numbers; None hides the panel."""
        self._wires, self._element, self._numbers = wires, element, numbers
        self._refresh()

    def light(self, element: int) -> None:
        """Light the wire of another element."""
        if self._wires is not None and element != self._element:
            self._element = element
            self.lines_changed()

    def toggle(self) -> bool:
        """Show or hide wires from now on; returns whether they are shown."""
        self._wanted = not self._wanted
        self._refresh()
        return self._wanted

    def toggle_matrix(self) -> bool:
        """Show or hide the Jacobian of zeros and ones; returns whether there are wires for it."""
        if self._wires is None:
            return False
        self._matrix = not self._matrix or not self._wanted
        self._wanted = True
        self._refresh()
        return True

    def _refresh(self) -> None:
        before, self.display = self.display, self._wanted and self._wires is not None
        if not (before or self.display):
            return
        self.screen.query("#elements, #values").set_class(self.display, "-below-wires")
        if self._wires is not None:
            title = f"Wires · {self._wires.title}"
            switch = f"{key(self, 'see.matrix')} {'without the matrix' if self._matrix else '0/1 Jacobian'}"
            self.label(title if self.framed else f"{title} · {switch}", f"{key(self, 'see.wires')} hides · {switch}")
        self.show(self._drawn)
        self.refresh(layout=True)

    def _drawn(self, width: int) -> Sequence[Line]:
        return (
            ()
            if self._wires is None
            else self._wires.lines(width, self._element, matrix=self._matrix, numbers=self._numbers)
        )
