"""The interviewer's packet: a sheet for each question, to print and to tick with a pen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workbook.notebook_text import Point
from workbook.questions import LEVELS, Question

HEAD = """---
title: Interviewer's packet
hide:
  - toc
---

# Interviewer's packet

For whoever asks: a sheet for each question, with what a complete answer holds, what to push next, and what to listen
for. Print it on A4 or Letter; no question is split over two pages. Tick while the other one speaks.

<div id="packet" markdown="span">Print with the browser (Ctrl+P); navigation and colours stay away.</div>
"""


def packet_page(questions: Sequence[Question]) -> str:
    """All questions by level; the script of the site lets a reader choose one."""
    parts = [HEAD]
    for level in LEVELS:
        mine = [question for question in questions if question.level == level]
        if mine:
            sheets = "\n\n".join(map(_sheet, mine))
            parts.append(f'<div class="level" data-level="{level}" markdown="1">\n\n{sheets}\n\n</div>')
    return "\n\n".join(parts) + "\n"


def _sheet(question: Question) -> str:
    said = " ".join(question.question.split())
    pushed = " ".join(question.follow_up.split())
    return "\n\n".join(
        [
            '<section class="sheet" markdown="1">',
            f"## {question.id[1:]} · {question.title}",
            f'<p class="facts"><span>{question.level}</span> <span>{question.minutes} minutes</span></p>',
            f"> {said}\n{{ .asked }}",
            '<div class="columns" markdown="1">',
            _part("Key points", _boxes(question.key_points)),
            _part("Push: " + pushed, _boxes(question.follow_up_points)),
            _part("Red flags", _open(question.signals.red_flags)),
            _part("Strong signals", _open(question.signals.strong_signals)),
            "</div>",
            "</section>",
        ]
    )


def _part(title: str, items: str) -> str:
    return f'<div markdown="1">\n\n**{title}**\n\n{items}\n\n</div>'


def _boxes(points: Iterable[Point]) -> str:
    return _open(f"**{point.label}.** {point.text}" for point in points)


def _open(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)
