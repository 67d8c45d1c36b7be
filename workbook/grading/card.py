"""The failure card: at most about 15 lines that tell what broke, how, and what to do next."""

from __future__ import annotations

import textwrap
from pathlib import Path

from workbook.grading.check import Check, Kata
from workbook.grading.verdict import CheckResult, Status

WIDTH = 100
HISTORY_LINES = 9
WORDS = {
    Status.PASSED: "passed",
    Status.FAILED: "failed",
    Status.CRASHED: "crashed",
    Status.TIMED_OUT: "timed out",
    Status.NOT_ATTEMPTED: "not attempted",
    Status.NOT_GRADED: "could not be graded",
}


def _field(name: str, text: str, most: int = 2) -> list[str]:
    """A labelled field, wrapped to at most `most` lines."""
    if not text:
        return []
    lines = textwrap.wrap(text, WIDTH - 11, max_lines=most, placeholder=" ...", break_on_hyphens=False)
    return [f"{name if number == 0 else '':<11}{line}" for number, line in enumerate(lines)]


def shorten(history: tuple[str, ...], most: int = HISTORY_LINES) -> list[str]:
    """The history, its middle left out when it is long: how it began and where it broke."""
    if len(history) <= most:
        return list(history)
    head, tail = 3, 3
    kept = [*range(head), *range(len(history) - tail, len(history))]
    # Between them, what tells most: where a thread waits.
    telling = [
        at for at in range(head, len(history) - tail) if "waits at" in history[at] or "raised" in history[at]
    ]
    kept = sorted({*kept, *telling[: most - head - tail - 1]})
    lines: list[str] = []
    for number, at in enumerate(kept):
        left_out = at - (kept[number - 1] + 1 if number else 0)
        if left_out:
            lines.append(f"... {left_out} step{'s' if left_out > 1 else ''} ...")
        lines.append(history[at])
    return lines


def reading(check: Check, notebooks: Path | None) -> str:
    """The notebook to reread: its path where it exists, else its name."""
    if notebooks is not None and (notebooks / f"{check.notebook}.ipynb").exists():
        return f"notebooks/{check.notebook}.ipynb"
    number, _, slug = check.notebook.partition("_")
    return f"question {number.lstrip('q').lstrip('0')} of the workbook, {slug.replace('_', ' ')}"


def card(kata: Kata, check: Check, result: CheckResult, seed: int, notebooks: Path | None = None) -> str:
    """The card of one check that did not pass."""
    verdict = result.verdict
    stage = kata.stages[check.stage - 1]
    lines = textwrap.wrap(
        one_line(check, result), WIDTH, max_lines=2, placeholder=" ...", break_on_hyphens=False
    )
    lines += _field("Stage", f"{stage.number}, {stage.title} ({stage.level})")
    lines += _field("Rule", check.rule)
    for number, step in enumerate(shorten(verdict.history)):
        lines.append(f"{'History' if number == 0 else '':<11}{step}"[: WIDTH + 20])
    lines += _field("Expected", verdict.expected)
    lines += _field("Seen", verdict.seen)
    if verdict.status is not Status.NOT_GRADED:
        lines += _field("Likely", verdict.likely or check.likely)
        lines.append(f"{'Replay':<11}pytest katas/{kata.name}.py::{check.id} --seed {seed}")
        lines += _field("Reread", reading(check, notebooks), 1)
    return "\n".join(lines)


def one_line(check: Check, result: CheckResult) -> str:
    """A later failure of a stage, in one line."""
    return f"{WORDS[result.status]}: {result.verdict.message or check.rule}"
