"""The proof of the graders: what every answer of the bank was judged to be, from docs/matrix.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbook.questions import KATAS

NAMES = ("kata", "kind", "name", "expected", "caught_by", "seen", "message", "as_expected")
KINDS = {
    "right": "Right answers, in different designs",
    "wrong": "Wrong answers, one fault each",
    "hostile": "Hostile files",
}
LONGEST = 160  # characters of a message in the table

HEAD = """# Proof of the graders

A grader that nobody has tried to fool proves nothing. `make matrix` runs a bank of answers against every check: right
ones of different designs must pass everything, each wrong one must fail the very check that names its fault, and
files that exit, hang, lie or fill the memory must end in a verdict, never in a pass. What such a file can and cannot
do is said in [the threat model](../threat_model.md).
"""
ABSENT = (
    "\nThe table has not been made for this copy of the site yet; `make matrix` makes it, in some minutes.\n"
)


def proof_page(path: Path) -> str:
    """The table by kata. ValueError with one sentence for a file that `make matrix` did not write."""
    if not path.is_file():
        return HEAD + ABSENT
    rows = _rows(path)
    parts = [HEAD, _overview(rows)]
    for kata in KATAS:
        for kind, words in KINDS.items():
            some = [row for row in rows if (row["kata"], row["kind"]) == (kata, kind)]
            if some:
                parts += [f"## {kata.capitalize()}: {words[0].lower()}{words[1:]}", _table(kind, some)]
    return "\n\n".join(parts) + "\n"


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        if all(name in row for row in rows for name in NAMES):
            return list(rows)
    except (OSError, ValueError, TypeError):
        pass
    raise ValueError(f"{path.name} is not what `make matrix` writes; make it again, or remove it.")


def _overview(rows: Sequence[dict[str, Any]]) -> str:
    lines = ["| kata | " + " | ".join(words.lower() for words in KINDS.values()) + " |", "|---|---|---|---|"]
    for kata in KATAS:
        cells = []
        for kind in KINDS:
            some = [row["as_expected"] for row in rows if (row["kata"], row["kind"]) == (kata, kind)]
            cells.append(f"{sum(some)} of {len(some)} judged rightly" if some else "none")
        lines.append(f"| [{kata}]({kata}.md) | {' | '.join(cells)} |")
    return "\n".join(lines)


def _table(kind: str, rows: Sequence[dict[str, Any]]) -> str:
    if kind == "right":
        return "\n".join(
            f"- {_words(row)}: {row['seen'] if row['as_expected'] else _wrong(row)}" for row in rows
        )
    must = "must be caught by" if kind == "wrong" else "must end as"
    lines = [f"| answer | {must} | what the grader says |", "|---|---|---|"]
    for row in rows:
        said = _cell(row["message"]) if row["as_expected"] else _wrong(row)
        lines.append(f"| {_words(row)} | {_code(row['expected'])} | {said} |")
    return "\n".join(lines)


def _wrong(row: dict[str, Any]) -> str:
    return f"**not as expected**: {row['seen']} {_cell(row['message'])}"


def _words(row: dict[str, Any]) -> str:
    return str(row["name"]).replace("_", " ")


def _cell(text: str) -> str:
    """A message in a cell: cut where it is long, what stands between backticks as code, all else as it is."""
    line = " ".join(str(text).split())
    line = line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
    parts = line.split("`")
    if len(parts) % 2 == 0:  # one was cut off, or is meant
        return _plain(line)
    return "".join(_code(part) if number % 2 else _plain(part) for number, part in enumerate(parts))


def _plain(text: str) -> str:
    for mark in "\\`*_<>[]|":
        text = text.replace(mark, {"<": "&lt;", ">": "&gt;"}.get(mark, "\\" + mark))
    return text


def _code(text: str) -> str:
    """Code that may be broken after an underscore, and is read by nothing as Markdown or HTML."""
    safe = "".join(letter if letter.isalnum() or letter in " _" else f"&#{ord(letter)};" for letter in text)
    return f"<code>{safe.replace('_', '&#95;<wbr>')}</code>"
