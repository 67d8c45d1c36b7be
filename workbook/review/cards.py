"""Questions, concept checks and red flags as cards. Ids are those of the notebooks and pages and never change.

A card of a question has its id (`q03`), one of a concept check or red flag as well (`c07`, `r11`), so whoever knows
which question went badly knows which card to make due.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from workbook.notebook_cells import FormatFault
from workbook.notebook_text import Point
from workbook.places import CHECKOUT, notebooks
from workbook.questions import LEVELS, Question, examine
from workbook.reference import ConceptCheck, Flag, Place, Reference, read_reference

Kind = Literal["question", "check", "flag"]


@dataclass(frozen=True)
class Card:
    """Something to answer, and what a good answer holds. Texts are Markdown; `points` the items of the answer."""

    id: str
    kind: Kind
    level: str
    front: str
    back: str
    points: tuple[str, ...] = ()
    shown: tuple[Place, ...] = ()
    topics: tuple[str, ...] = ()
    kata: str | None = None

    @property
    def question(self) -> str | None:
        """The id of the question whose notebook shows more, or None."""
        if self.kind == "question":
            return self.id
        return next((place.name for place in self.shown if place.kind == "notebook"), None)


def read_cards(
    folder: Path | None = None, docs: Path = CHECKOUT / "docs"
) -> tuple[tuple[Card, ...], list[str]]:
    """All cards that can be read, by level, and a sentence for each notebook or page that cannot.

    A fault in one notebook costs only its own card.
    """
    faults: list[str] = []
    questions = []
    for path in sorted((folder or notebooks()).glob("*.ipynb")):
        question, found = examine(path)
        questions += [question] if question else []
        faults += found[:1]
    try:
        reference = read_reference(docs)
    except FormatFault as fault:
        reference = Reference((), (), (), ())
        faults.append(str(fault))
    return cards(questions, reference), faults


def cards(questions: Sequence[Question], reference: Reference) -> tuple[Card, ...]:
    """The cards by level; within a level questions come first, then checks, then flags."""
    points = {
        point.id: point
        for question in questions
        for point in (*question.key_points, *question.follow_up_points)
    }
    made = [
        *map(_question, questions),
        *(_check(check, points) for check in reference.checks),
        *(_flag(flag) for flag in reference.flags if flag.kind == "red"),
    ]
    levels = list(LEVELS)
    return tuple(sorted(made, key=lambda card: levels.index(card.level)))


def level_of(question: str) -> str:
    """The level of a question's id."""
    return next(level for level, numbers in LEVELS.items() if int(question[1:]) in numbers)


def _question(question: Question) -> Card:
    return Card(
        question.id,
        "question",
        question.level,
        question.question,
        question.answer,
        tuple(f"**{point.label}.** {point.text}" for point in question.key_points),
        (Place("notebook", question.id, "demo"),),
        question.topics,
        question.kata,
    )


def _check(check: ConceptCheck, points: dict[str, Point]) -> Card:
    point = points.get(check.point or "")
    more = (f"**{point.label}.** {point.text}",) if point else ()
    place = Place("notebook", check.notebook, "demo")
    return Card(check.id, "check", check.level, check.question, check.answer, more, (place,))


def _flag(flag: Flag) -> Card:
    """The level is that of the first question that shows it; a red flag that a kata shows is for everybody."""
    asked = [place.name for place in flag.shown if place.kind == "notebook"]
    front = f"Red flag: {flag.label} What is wrong with it, and what would you say instead?"
    level = level_of(asked[0]) if asked else "senior"
    kata = next((place.name for place in flag.shown if place.kind == "kata"), None)
    return Card(flag.id, "flag", level, front, flag.text, (), flag.shown, (), kata)
