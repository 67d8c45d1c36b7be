"""A review in the terminal, line by line: front, think, back, how it went. Every rating is kept before the next card.

What reads and what prints is handed in, so that tests, pipes and screen readers get the same session.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from workbook.review.schedule import Memory, Rating
from workbook.review.store import Due, Reviews

KINDS = {"question": "Question", "check": "Concept check", "flag": "Signal"}
RATINGS = {
    "1": Rating.AGAIN,
    "2": Rating.HARD,
    "3": Rating.GOOD,
    "4": Rating.EASY,
}
PROMPT = "1 again, 2 hard, 3 good, 4 easy, s skip, q quit: "
AGAIN_AT_MOST = 3  # times in one session; after that, tomorrow is better


@dataclass(frozen=True)
class Outcome:
    """What a session came to: reviews kept, cards that went wrong at first, cards left."""

    kept: int = 0
    again: int = 0
    left: int = 0


class Stopped(Exception):
    """The learner has had enough."""


def run(
    due: Sequence[Due],
    reviews: Reviews,
    ask: Callable[[str], str],
    show: Callable[[str], None],
    clock: Callable[[], datetime],
) -> Outcome:
    """Ask the cards; those that went wrong come again at the end. Raises ProgressError.

    `ask` prints its argument and returns a line; EOFError or KeyboardInterrupt from it ends the session, like q.
    """
    queue = deque((one, 1) for one in due)
    outcome = Outcome()
    while queue:
        one, times = queue.popleft()
        try:
            rating = _ask(one, len(queue), ask, show)
        except (EOFError, KeyboardInterrupt, Stopped):
            return replace(outcome, left=outcome.left + 1 + len(queue))
        if rating is None:
            outcome = replace(outcome, left=outcome.left + 1)
            continue
        now = clock()
        after = reviews.record(one.memory or Memory(one.card.id, now), rating, now)
        outcome = replace(outcome, kept=outcome.kept + 1)
        if rating is Rating.AGAIN:
            outcome = replace(outcome, again=outcome.again + (times == 1))
            if times < AGAIN_AT_MOST:
                queue.append((Due(one.card, after), times + 1))
        else:
            days = (after.due.astimezone(now.tzinfo).date() - now.date()).days
            show("Again later today." if days == 0 else f"Again in {days} day{'s' if days > 1 else ''}.")
    return outcome


def _ask(one: Due, more: int, ask: Callable[[str], str], show: Callable[[str], None]) -> Rating | None:
    """One card; None if it was skipped."""
    card = one.card
    left = f"{more} more" if more else "the last one"
    show("")
    show(
        f"{KINDS[card.kind]} {card.id} ({card.level}), {left}"
        + (f"; due because of {one.why}" if one.why else "")
    )
    show(_plain(card.front))
    if ask("Say it aloud, then press Enter (q quits). ").strip().lower() == "q":
        raise Stopped
    show(_plain(card.back))
    for point in card.points:
        show(f"  - {_plain(point)}")
    if card.shown:
        show("Shown by " + ", ".join(map(str, card.shown)) + ".")
    while True:
        said = ask(PROMPT).strip().lower()
        if said == "q":
            raise Stopped
        if said == "s":
            return None
        if said in RATINGS:
            return RATINGS[said]
        show(f"{said[:20]!r} is none of 1, 2, 3, 4, s and q.")


def _plain(text: str) -> str:
    """Markdown without the marks that a terminal does not show."""
    return text.replace("**", "")
