"""When a card is to be seen again: FSRS (the `fsrs` package), with a fuzz that is the same at every replay.

Pure: no clock, no I/O. The fuzz keeps cards that were learned together from coming back together; the package draws
it from the global random generator, here it is drawn from one that is seeded by the card's id and its number of
reviews, over the same range of days.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum

RETENTION = 0.9  # how likely a card is to be known when it is due
LONGEST = 365  # days; nobody prepares for longer
FUZZ = ((2.5, 7.0, 0.15), (7.0, 20.0, 0.10), (20.0, float("inf"), 0.05))  # from, to (days), share


class Rating(IntEnum):
    """How it went, in FSRS's terms."""

    AGAIN = 1
    HARD = 2
    GOOD = 3
    EASY = 4


@dataclass(frozen=True)
class Memory:
    """What is known about one card. Times are in UTC; `stability` in days, `difficulty` from 1 to 10.

    A card that was made due before it was ever reviewed has no stability.
    """

    card: str
    due: datetime
    reviews: int = 0
    state: int = 1  # FSRS's: 1 learning, 2 review, 3 relearning
    step: int | None = 0
    stability: float | None = None
    difficulty: float | None = None
    last: datetime | None = None


def reviewed(memory: Memory, rating: Rating, now: datetime) -> Memory:
    """The memory after a review. ValueError if `now` has no time zone or lies before the last review."""
    from fsrs import Card, Scheduler, State
    from fsrs import Rating as Fsrs

    if now.tzinfo is None:
        raise ValueError(f"the time of a review has a time zone, and {now} has none")
    now = now.astimezone(UTC)
    if memory.last is not None and now < memory.last:
        raise ValueError(
            f"{memory.card} was reviewed at {memory.last:%Y-%m-%d %H:%M} UTC, which is later than the clock says now; "
            "set the clock right and try again"
        )
    scheduler = Scheduler(
        desired_retention=RETENTION,
        learning_steps=(timedelta(minutes=10),),
        relearning_steps=(timedelta(minutes=10),),
        maximum_interval=LONGEST,
        enable_fuzzing=False,
    )
    before = Card(
        card_id=0,
        state=State(memory.state),
        step=memory.step,
        stability=memory.stability,
        difficulty=memory.difficulty,
        due=memory.due,
        last_review=memory.last,
    )
    after, _ = scheduler.review_card(before, Fsrs(int(rating)), now)
    interval = fuzzed(after.due - now, memory.card, memory.reviews + 1)
    return Memory(
        memory.card,
        now + interval,
        memory.reviews + 1,
        int(after.state),
        after.step,
        after.stability,
        after.difficulty,
        now,
    )


def replayed(card: str, log: Iterable[tuple[Rating, datetime]]) -> Memory | None:
    """The memory that these reviews, in order of time, leave behind; None if there are none."""
    memory = None
    for rating, at in log:
        memory = reviewed(memory or Memory(card, at.astimezone(UTC)), rating, at)
    return memory


def fuzzed(interval: timedelta, card: str, reviews: int) -> timedelta:
    """The interval, some days shorter or longer; the same for the same card and number of reviews."""
    low, high = fuzz_range(interval.days)
    if low == high:
        return interval
    days = random.Random(f"{card}:{reviews}").randint(low, high)
    return timedelta(days=days)


def fuzz_range(days: int) -> tuple[int, int]:
    """The shortest and longest interval, in days, that FSRS would make of this one."""
    if days < FUZZ[0][0]:
        return days, days
    delta = 1.0 + sum(share * max(min(days, end) - start, 0.0) for start, end, share in FUZZ)
    high = min(round(days + delta), LONGEST)
    return min(max(2, round(days - delta)), high), high
