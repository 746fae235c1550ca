"""Looks at a page of HTML: its elements, its text, what it would load, and what was left open."""

from __future__ import annotations

from html.parser import HTMLParser

_VOID = {"meta"}


class Page(HTMLParser):
    """The page in `text`."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.links: list[tuple[str, str | None]] = []
        """Attributes that name something to be loaded, or to be run."""
        self.unclosed: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [one for one in attrs if one[0] in ("src", "href", "srcset", "data") or one[0].startswith("on")]
        if tag not in _VOID:
            self.unclosed.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.unclosed.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
