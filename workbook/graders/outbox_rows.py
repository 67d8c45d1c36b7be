"""Rows that no submission can know in advance."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from workbook.graders.outbox_database import NewRow

WORDS = (
    "amber",
    "birch",
    "cedar",
    "delta",
    "ember",
    "flint",
    "grove",
    "heron",
    "iris",
    "juno",
    "kiwi",
    "lotus",
)
TOPICS = ("orders", "users", "prices", "alarms", "billing", "stock")


class Rows:
    """Makes rows with fresh aggregates and payloads."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self._count = 0

    def aggregates(self, count: int) -> list[str]:
        """Names in no helpful order."""
        words = self.rng.sample(WORDS, min(count, len(WORDS)))
        return [f"{words[number % len(words)]}-{self.rng.randrange(10_000)}" for number in range(count)]

    def row(self, aggregate: str) -> NewRow:
        self._count += 1
        topic = self.rng.choice(TOPICS)
        return aggregate, topic, f"{self.rng.choice(WORDS)} {self._count}".encode()

    def of(self, *aggregates: str) -> list[NewRow]:
        """A row for each name, in this order."""
        return [self.row(aggregate) for aggregate in aggregates]

    def turns(self, aggregates: Sequence[str], each: int) -> list[NewRow]:
        """Rows of aggregates that take turns."""
        return [self.row(aggregate) for _ in range(each) for aggregate in aggregates]

    def blocks(self, aggregates: Sequence[str], each: int) -> list[NewRow]:
        """Rows of aggregates that lie together."""
        return [self.row(aggregate) for aggregate in aggregates for _ in range(each)]

    def mixed(self, aggregates: Sequence[str], each: int) -> list[NewRow]:
        """As many rows of each aggregate, in random order."""
        names = [aggregate for aggregate in aggregates for _ in range(each)]
        self.rng.shuffle(names)
        return self.of(*names)
