"""What an interview needs of a question, as a record that is kept with the session.

A session goes on, and can be replayed, after the notebooks have changed: it asks from its own bank.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workbook.notebook_text import Point
from workbook.questions import LEVELS, Question, examine

LADDER = tuple(LEVELS)  # junior, middle, senior, staff


@dataclass(frozen=True)
class Item:
    """One question of the bank. Without a `follow_up` nothing is pushed after it (the talk after a kata)."""

    id: str
    title: str
    level: str
    minutes: int
    topics: tuple[str, ...]
    kata: str
    scenario: str
    question: str
    why: str
    answer: str
    points: tuple[Point, ...]
    follow_up: str
    follow_up_answer: str
    follow_up_points: tuple[Point, ...]
    red_flags: tuple[str, ...]
    strong_signals: tuple[str, ...]

    def point(self, point_id: str) -> Point:
        """A point of the answer or of the follow-up's. Raises KeyError."""
        for point in (*self.points, *self.follow_up_points):
            if point.id == point_id:
                return point
        raise KeyError(point_id)


def from_question(question: Question) -> Item:
    """The part of a question that an interview shows."""
    return Item(
        id=question.id,
        title=question.title,
        level=question.level,
        minutes=question.minutes,
        topics=question.topics,
        kata=question.kata or "",
        scenario=question.scenario or "",
        question=question.question,
        why=question.why,
        answer=question.answer,
        points=question.key_points,
        follow_up=question.follow_up,
        follow_up_answer=question.follow_up_answer,
        follow_up_points=question.follow_up_points,
        red_flags=question.signals.red_flags,
        strong_signals=question.signals.strong_signals,
    )


def read_bank(folder: Path) -> tuple[tuple[Item, ...], list[str]]:
    """The questions of a folder by id, and a sentence for each notebook that cannot be used."""
    items, faults = [], []
    for path in sorted(folder.glob("*.ipynb")):
        question, found = examine(path)
        if question is None:
            faults.append(f"{found[0]} It is not asked.")
        else:
            items.append(from_question(question))
    return tuple(items), faults


def to_json(items: Iterable[Item]) -> str:
    """The same text for the same items, on any machine."""
    return json.dumps([asdict(item) for item in items], sort_keys=True)


def from_json(text: str) -> tuple[Item, ...]:
    """The items that `to_json` wrote. Raises ValueError, KeyError or TypeError on anything else."""
    return tuple(_item(fields) for fields in json.loads(text))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _item(fields: dict[str, Any]) -> Item:
    for name in ("points", "follow_up_points"):
        fields[name] = tuple(Point(**point) for point in fields[name])
    for name in ("topics", "red_flags", "strong_signals"):
        fields[name] = tuple(fields[name])
    return Item(**fields)
