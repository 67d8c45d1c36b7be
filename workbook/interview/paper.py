"""The printed sheet for a candidate: every question that may come, as a card, without a word about answers."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from workbook.interview.bank import LADDER, Item
from workbook.interview.state import Setup

HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Interview: cards for the candidate</title>
<style>
body { font: 13pt/1.45 serif; color: #000; background: #fff; margin: 1.5cm; }
h1 { font: bold 12pt sans-serif; margin: 0 0 .3cm; }
p.how { font: 10pt sans-serif; margin: 0 0 .6cm; }
section { border: 1px dashed #777; padding: .5cm .7cm; margin: 0 0 .4cm; break-inside: avoid; }
section b { font: bold 10pt sans-serif; color: #444; }
section p { margin: .2cm 0 0; }
code { font-family: monospace; font-size: .92em; }
</style>
</head>
<body>
"""
HOW = "The interviewer names a card; turn it over only then. Follow-up questions are asked aloud."


def sheet(setup: Setup) -> str:
    """The cards, by number, as a page to print: questions and nothing else."""
    cards = "\n".join(_card(item) for item in sorted(_possible(setup), key=lambda item: item.id))
    return f"{HEAD}<h1>Interview</h1>\n<p class=how>{HOW}</p>\n{cards}\n</body>\n</html>\n"


def write_sheet(setup: Setup, path: Path) -> None:
    """Write the sheet to a file that must not exist yet. Raises OSError (FileExistsError among them)."""
    with path.open("x", encoding="utf-8") as file:
        file.write(sheet(setup))


def _possible(setup: Setup) -> list[Item]:
    """What a session of this setup may ask: when a level runs out, any other one may follow."""
    most = LADDER.index(setup.level) + 1
    return [
        item for item in (*setup.bank, *setup.after_kata) if LADDER.index(item.level) <= most or item.kata
    ]


def _card(item: Item) -> str:
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(item.question))
    return f"<section><b>Card {item.id}</b><p>{text}</p></section>"
