"""Text that came from a learner's process, made harmless for a terminal, a report, and a JSON file."""

from __future__ import annotations

import unicodedata


def inert(text: str, limit: int = 400) -> str:
    """`text` with every control, format and surrogate character shown as an escape, at most `limit` long.

    Line feeds and tabs become spaces: what comes back is one line.
    """
    shown: list[str] = []
    for character in text[: limit + 1]:
        if character in "\n\t\r":
            shown.append(" ")
        elif unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
            shown.append(character.encode("unicode_escape", "surrogatepass").decode("ascii"))
        else:
            shown.append(character)
    line = "".join(shown)
    return line if len(text) <= limit else line[:limit] + " ..."
