"""The themes: dark and light, and both again in blue and orange, which every kind of colour vision tells apart."""

from __future__ import annotations

from textual.theme import Theme

_DARK, _LIGHT = "#e0e0e0", "#1c1c1c"
_DARK_FRAMES, _LIGHT_FRAMES = {"frame": "#484848"}, {"frame": "#b4b4b4"}

THEMES = {
    theme.name: theme
    for theme in (
        Theme(
            name="dark",
            primary="#0178d4",
            secondary="#004578",
            accent="#ffa62b",
            warning="#ffa62b",
            error="#e0607e",
            success="#4ebf71",
            foreground=_DARK,
            variables=_DARK_FRAMES,
        ),
        Theme(
            name="light",
            dark=False,
            primary="#0a6ab8",
            secondary="#004578",
            accent="#a85a00",
            warning="#a85a00",
            error="#b3213f",
            success="#1f7a3d",
            foreground=_LIGHT,
            background="#fafafa",
            surface="#f0f0f0",
            panel="#e2e2e2",
            variables=_LIGHT_FRAMES,
        ),
        Theme(
            name="blue-orange",
            primary="#2a78bd",
            secondary="#1f5f99",
            accent="#f2b441",
            warning="#f2b441",
            error="#ff9040",
            success="#6cb8ff",
            foreground=_DARK,
            variables=_DARK_FRAMES,
        ),
        Theme(
            name="blue-orange-light",
            dark=False,
            primary="#1f6fb5",
            secondary="#0f4c81",
            accent="#8a5a00",
            warning="#8a5a00",
            error="#b34a00",
            success="#0b5cad",
            foreground=_LIGHT,
            background="#fafafa",
            surface="#f0f0f0",
            panel="#e2e2e2",
            variables=_LIGHT_FRAMES,
        ),
    )
}
"""The themes by name; the first is the one that holds where none is set."""
