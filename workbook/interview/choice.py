"""Which question comes next, and what is pushed after it: seeded, the same on every machine and Python."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from workbook.interview.anchors import Scores, is_strong, is_weak
from workbook.interview.bank import LADDER, Item
from workbook.notebook_text import Point


def lot(seed: int, *about: object) -> str:
    """A lot to draw by: evenly spread, and the same for the same seed and subject."""
    return hashlib.sha256("\0".join(map(str, (seed, *about))).encode()).hexdigest()


def first_level(target: str) -> str:
    """A level below the one aimed at; junior stays junior."""
    return LADDER[max(0, LADDER.index(target) - 1)]


def next_level(now: str, target: str, scores: Scores, flags: int) -> str:
    """Up after a strong answer, down after a weak one; at most one above the level aimed at."""
    place = LADDER.index(now)
    if is_strong(scores, flags):
        return LADDER[min(place + 1, LADDER.index(target) + 1, len(LADDER) - 1)]
    return LADDER[max(0, place - 1)] if is_weak(scores) else now


def search_order(level: str) -> list[str]:
    """The levels in the order in which they are searched when one runs out: upwards, then downwards."""
    place = LADDER.index(level)
    return [*LADDER[place:], *reversed(LADDER[:place])]


def next_item(
    bank: Iterable[Item], asked: Sequence[str], level: str, minutes_left: float, seed: int
) -> Item | None:
    """A question that was not asked and fits into the time, at `level` if there is one; else None.

    Among those of a level, one whose topics were touched least; among equals, the lot decides.
    """
    bank = tuple(bank)
    touched = {topic for item in bank if item.id in asked for topic in item.topics}
    for one in search_order(level):
        open_items = [
            item
            for item in bank
            if item.level == one and item.id not in asked and item.minutes <= max(minutes_left, 0)
        ]
        if open_items:
            return min(
                open_items,
                key=lambda item: (
                    len(touched.intersection(item.topics)) / len(item.topics),
                    lot(seed, len(asked), item.id),
                ),
            )
    return None


def push(item: Item, ticked: Iterable[str], seed: int) -> Point | None:
    """A key point that was left unsaid, to be asked about; None when all were said."""
    said = set(ticked)
    unsaid = [point for point in item.points if point.id not in said]
    return min(unsaid, key=lambda point: lot(seed, item.id, point.id)) if unsaid else None
