"""The routes of one gradient in a table, below what they are asked about."""

from __future__ import annotations

from textual.content import Content

from bptui.present.frame import RouteList
from bptui.present.why import routes_table
from bptui.tui.line_table import LineTable


class RoutesPanel(LineTable):
    """Shows routes, the largest first; hidden where there are none."""

    def show_routes(self, listing: RouteList | None) -> None:
        """Show the routes of `listing`; None stands for no gradient."""
        self.display = listing is not None and bool(listing.routes)
        if listing is not None:
            self.border_title = Content(listing.title)
            self.show(routes_table(listing))
