"""What `pubsub review`, `cards` and `plan` do: they print through `say`, tell through `warn` what they go on without,
and raise Stop when they cannot go on.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from workbook.places import NoKatas, kata_folder, notebooks
from workbook.progress import Progress, ProgressError
from workbook.questions import LEVELS, Question, examine
from workbook.review.cards import Card, read_cards
from workbook.review.store import Due, Reviews

if TYPE_CHECKING:
    from workbook.plan import Known

Say = Callable[[str], None]
KINDS = ("question", "check", "flag")


class Stop(Exception):
    """The command cannot go on; the text is one sentence."""


def review(
    kind: str,
    level: str,
    new: int,
    only_list: bool,
    ask: Callable[[str], str],
    say: Say,
    warn: Say,
    now: Callable[[], datetime],
) -> None:
    """Ask what is due today. Raises Stop."""
    from workbook.review.session import run

    cards = _chosen(kind, level, warn)
    if new < 0:
        raise Stop(f"--new is a number of cards from 0 on, and it is {new}.")
    try:
        with Reviews.open() as reviews:
            due = _due(reviews, cards, now(), new)
            if only_list:
                for line in _listed(due):
                    say(line)
                return
            if not due:
                say(
                    "Nothing is due today. `pubsub review --new 20` shows more new cards, "
                    "`pubsub plan` says what else to do."
                )
                return
            say(f"{_count(due)}. After each card say how it went; whatever you have rated is kept.")
            outcome = run(due, reviews, ask, say, now)
            say("")
            say(
                f"Ratings kept: {outcome.kept}. Wrong at first: {outcome.again}. Left for later: {outcome.left}."
            )
    except ProgressError as error:
        raise Stop(str(error)) from None


def make_cards(deck: Path | None, table: Path | None, say: Say, warn: Say) -> None:
    """Write the cards as an Anki deck, as CSV, or both. Raises Stop."""
    from workbook.review.deck import CannotWrite, write_anki, write_csv

    if deck is None and table is None:
        deck = Path("pubsub-cards.apkg")
    cards = _chosen("", "", warn)
    try:
        if deck is not None:
            write_anki(cards, deck)
            say(f"{deck} holds {len(cards)} cards; importing a newer one later keeps your schedule.")
        if table is not None:
            write_csv(cards, table)
            say(f"{table} holds {len(cards)} cards.")
    except CannotWrite as error:
        raise Stop(str(error)) from None


def show_plan(evenings: int, level: str, minutes: int, say: Say, warn: Say, now: datetime) -> None:
    """Print what to do in the evenings left, and in an hour. Raises Stop."""
    from workbook.plan import BadPlan, Known, as_lines, hour, make_plan
    from workbook.standing import standings

    cards = _chosen("", "", warn)
    questions = tuple(one for path in sorted(notebooks().glob("*.ipynb")) if (one := examine(path)[0]))
    known = Known(questions)
    with ExitStack() as stack:
        progress: Progress | None = None
        try:
            progress = stack.enter_context(Progress.open())
            known = _known(questions, Reviews(progress), cards, now)
        except ProgressError as error:
            warn(f"{error} The plan is that of somebody who begins.")
        try:
            katas = tuple(standings(kata_folder(), progress))
            known = Known(known.questions, known.due, known.seen, known.weak, katas)
        except (NoKatas, ProgressError):
            pass  # a plan without katas is a plan
    try:
        plan = make_plan(known, evenings, level, minutes)
        last = hour(known, level)
    except BadPlan as error:
        raise Stop(f"{error}.") from None
    for line in as_lines([*plan, last]):
        say(line)


def _known(
    questions: tuple[Question, ...], reviews: Reviews, cards: tuple[Card, ...], now: datetime
) -> Known:
    from workbook.plan import Known

    reviews.follow_katas(cards, now)
    weak = reviews.weak()
    owner = {card.id: card.question for card in cards}
    asked = tuple(dict.fromkeys(question for card in weak if (question := owner.get(card))))
    seen = frozenset(card for card, memory in reviews.memories().items() if memory.last is not None)
    return Known(questions, reviews.due(cards, now, 0), seen, asked)


def _chosen(kind: str, level: str, warn: Say) -> tuple[Card, ...]:
    if kind and kind not in KINDS:
        raise Stop(f"--kind is one of {', '.join(KINDS)}, and {kind!r} is none.")
    if level and level not in LEVELS:
        raise Stop(f"--level is one of {', '.join(LEVELS)}, and {level!r} is none.")
    cards, faults = read_cards()
    for fault in faults:
        warn(f"Left out: {fault}")
    if not cards:
        raise Stop("there are no cards: the notebooks and pages of the checkout were not found.")
    return tuple(card for card in cards if kind in ("", card.kind) and level in ("", card.level))


def _due(reviews: Reviews, cards: tuple[Card, ...], now: datetime, new: int) -> tuple[Due, ...]:
    reviews.follow_katas(cards, now)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return reviews.due(cards, now, max(0, new - reviews.seen_since(today)))


def _listed(due: tuple[Due, ...]) -> list[str]:
    return [_count(due) + ".", *(_line(one) for one in due)]


def _line(one: Due) -> str:
    why = one.why or ("new" if one.new else "scheduled")
    return f"{one.card.id}  {one.card.level:<7}{one.card.kind:<9}{one.card.front}  ({why})"


def _count(due: tuple[Due, ...]) -> str:
    fresh = sum(one.new and not one.why for one in due)
    return f"{len(due)} card{'s' if len(due) > 1 else ''} today, {fresh} of them new"
