"""Light or dark, as the terminal is."""

from __future__ import annotations

import os

THEMES = {"dark": "textual-dark", "light": "textual-light"}


def background() -> str:
    """ "light" where the terminal says that its background is light (COLORFGBG), else "dark"."""
    last = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    return "light" if last in ("7", "15") else "dark"
