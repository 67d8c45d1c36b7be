"""The notebooks' inline Markdown (`code`, **bold**, *italics*) as Rich text; all else stays as it is."""

from __future__ import annotations

import re

from rich.text import Text

INLINE = re.compile(
    r"`(?P<code>[^`]+)`|\*\*(?P<bold>[^*]+)\*\*|(?<![\w*])\*(?P<italic>[^*\s][^*]*)\*(?![\w*])"
)


def rich(text: str, style: str = "") -> Text:
    """The text with its markup as styles; nothing in it is taken for Rich's own markup."""
    found, end = Text(style=style), 0
    for match in INLINE.finditer(text):
        found.append(text[end : match.start()])
        kind = match.lastgroup or ""
        found.append(match[kind], {"code": "bold", "bold": "bold", "italic": "italic"}[kind])
        end = match.end()
    found.append(text[end:])
    return found
