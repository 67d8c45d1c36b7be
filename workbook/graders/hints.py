"""Hints in three rungs: a question back; the concept, with its notebook; nearly the code."""

from __future__ import annotations

from workbook.graders import hints_broker, hints_outbox, hints_wildcard
from workbook.grading.check import Check, Kata

PAIRS = {"broker": hints_broker.HINTS, "wildcard": hints_wildcard.HINTS, "outbox": hints_outbox.HINTS}


def rungs(kata: Kata, check: Check) -> tuple[str, ...]:
    """The three hints of a check, gentlest first. A check that brings its own is taken at its word."""
    if all(check.hints):
        return check.hints
    question, code = PAIRS[kata.name][check.id]
    number, _, slug = check.notebook.partition("_")
    return question, f"{check.rationale} Question {number.lstrip('q0')}: {slug.replace('_', ' ')}.", code
