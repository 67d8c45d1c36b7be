"""Cards' memories in the file of progress: tables of their own, every review committed by itself.

What makes a card due: its schedule; an interview, through `make_due`; and a kata, whose newest verdicts are read here:
a red check makes the kata's questions due, and the red flags that point at this very check.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from workbook.grading.inert import inert
from workbook.progress import Progress, ProgressError, Standing
from workbook.questions import KATAS
from workbook.review.cards import Card
from workbook.review.schedule import Memory, Rating, reviewed

VERSION = 1
SCHEMA = """
CREATE TABLE IF NOT EXISTS review_card (
    card       TEXT PRIMARY KEY,
    due        TEXT NOT NULL,
    reviews    INTEGER NOT NULL,
    state      INTEGER NOT NULL,
    step       INTEGER,
    stability  REAL,
    difficulty REAL,
    last       TEXT
);
CREATE TABLE IF NOT EXISTS review_log (
    card   TEXT NOT NULL,
    number INTEGER NOT NULL,
    at     TEXT NOT NULL,
    rating INTEGER NOT NULL,
    PRIMARY KEY (card, number)
);
CREATE TABLE IF NOT EXISTS review_due (
    card TEXT NOT NULL,
    at   TEXT NOT NULL,
    why  TEXT NOT NULL,
    PRIMARY KEY (card, at, why)
);
"""


@dataclass(frozen=True)
class Due:
    """A card to be seen today. `why` says what made it due out of turn, or is empty; `new`: never seen."""

    card: Card
    memory: Memory | None
    why: str = ""

    @property
    def new(self) -> bool:
        return self.memory is None or self.memory.last is None


class Reviews:
    """The memories. Open with `Reviews.open()`. Every method raises ProgressError."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._connection = progress.connection
        progress.own_tables("review", SCHEMA, VERSION, "cards")

    @classmethod
    @contextmanager
    def open(cls, folder: Path | None = None) -> Iterator[Reviews]:
        """Open or create the file of progress."""
        with Progress.open(folder) as progress:
            yield cls(progress)

    def memories(self) -> dict[str, Memory]:
        """What is known, by card."""
        with self._progress.explained():
            rows = self._connection.execute(
                "SELECT card, due, reviews, state, step, stability, difficulty, last FROM review_card"
            ).fetchall()
        try:
            return {row[0]: _memory(row) for row in rows}
        except (ValueError, TypeError) as error:
            raise ProgressError(
                f"The cards in {self._progress.path} cannot be read ({error}); the file is damaged and was left as it "
                "is. Move it away, or set PUBSUB_HOME to another folder."
            ) from None

    def record(self, memory: Memory, rating: Rating, now: datetime) -> Memory:
        """Keep a review of a card whose memory was `memory`; the memory after it.

        ProgressError as well if the card was reviewed elsewhere in the meantime, or the clock runs backwards.
        """
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)  # as it is kept, so a replay is exact
        try:
            after = reviewed(memory, rating, now)
        except ValueError as error:
            raise ProgressError(f"This review is not kept: {error}.") from None
        with self._together():
            found = self._connection.execute(
                "SELECT reviews FROM review_card WHERE card = ?", (memory.card,)
            ).fetchone()
            if (found[0] if found else 0) != memory.reviews:
                raise ProgressError(
                    f"{memory.card} was reviewed in another window meanwhile; that review stands, this one is not "
                    "kept. Go on in one window."
                )
            self._put(after)
            self._connection.execute(
                "INSERT INTO review_log VALUES (?, ?, ?, ?)",
                (after.card, after.reviews, _stamp(now), int(rating)),
            )
            self._connection.execute("DELETE FROM review_due WHERE card = ?", (after.card,))
        return after

    def make_due(self, card_ids: Iterable[str], why: str, now: datetime) -> None:
        """Let these cards be asked next, and remember why. What was learned about them stays."""
        known = self.memories()
        with self._together():
            for card in dict.fromkeys(card_ids):
                memory = known.get(card) or Memory(card, now.astimezone(UTC))
                due = min(memory.due, now.astimezone(UTC))
                self._put(Memory(**{**vars(memory), "due": due}))
                self._connection.execute(
                    "INSERT OR IGNORE INTO review_due VALUES (?, ?, ?)",
                    (card, _stamp(now), inert(why, 200)),
                )

    def follow_katas(self, cards: Sequence[Card], now: datetime) -> None:
        """Make due what the newest verdicts say has not been understood; each verdict counts once."""
        known = self.memories()
        for kata in KATAS:
            standing = self._progress.latest(kata)
            if standing is None:
                continue
            for card, why in _taught_by(standing, cards):
                memory = known.get(card)
                at = datetime.fromisoformat(standing.at)
                if memory is None or memory.last is None or memory.last < at:
                    self.make_due([card], why, min(at, now.astimezone(UTC)))

    def due(self, cards: Sequence[Card], now: datetime, new: int) -> tuple[Due, ...]:
        """What is to be seen until the end of the day of `now`, in its time zone.

        First what was made due out of turn, then what is scheduled, the longest overdue first, then at most `new`
        cards that were never seen, in their order. Cards that are gone from the workbook are not asked.
        """
        end = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo).astimezone(UTC)
        known = self.memories()
        with self._progress.explained():
            rows = self._connection.execute("SELECT card, why FROM review_due ORDER BY at").fetchall()
        why = dict(rows)  # the newest reason of each
        waiting = [
            Due(card, known[card.id], why.get(card.id, ""))
            for card in cards
            if card.id in known and known[card.id].due < end
        ]
        waiting.sort(key=lambda due: (not due.why, due.memory.due if due.memory else end))
        return (*waiting, *[Due(card, None) for card in cards if card.id not in known][:new])

    def weak(self) -> tuple[str, ...]:
        """Cards that were made due out of turn, then those whose newest rating is again; the newest first."""
        with self._progress.explained():
            made = self._connection.execute(
                "SELECT card, max(at) AS newest FROM review_due GROUP BY card ORDER BY newest DESC, card"
            ).fetchall()
            again = self._connection.execute(
                "SELECT card, max(number), rating, at FROM review_log GROUP BY card ORDER BY at DESC, card"
            ).fetchall()
        return tuple(
            dict.fromkeys([row[0] for row in made] + [row[0] for row in again if row[2] == Rating.AGAIN])
        )

    def seen_since(self, start: datetime) -> int:
        """How many cards were seen for the first time since then."""
        with self._progress.explained():
            row = self._connection.execute(
                "SELECT count(*) FROM review_log WHERE number = 1 AND at >= ?", (_stamp(start),)
            ).fetchone()
        return int(row[0])

    def _put(self, memory: Memory) -> None:
        row = (
            memory.card,
            _stamp(memory.due),
            memory.reviews,
            memory.state,
            memory.step,
            memory.stability,
            memory.difficulty,
            _stamp(memory.last) if memory.last else None,
        )
        self._connection.execute("INSERT OR REPLACE INTO review_card VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    @contextmanager
    def _together(self) -> Iterator[None]:
        """All or nothing."""
        with self._progress.explained(), self._progress.transaction():
            yield


def make_due(card_ids: Iterable[str], why: str, now: datetime, folder: Path | None = None) -> None:
    """Let these cards be asked next; for whoever has no file of progress open. Raises ProgressError."""
    with Reviews.open(folder) as reviews:
        reviews.make_due(card_ids, why, now)


def _taught_by(standing: Standing, cards: Sequence[Card]) -> Iterator[tuple[str, str]]:
    """Cards that the red checks of a kata make due, each with the reason."""
    red = [check for check, status in standing.statuses.items() if status.is_red]
    if not red:
        return
    many = f"{len(red)} checks are red, {red[0]} among them" if len(red) > 1 else f"{red[0]} is red"
    for card in cards:
        if card.kind == "question" and card.kata == standing.kata:
            yield card.id, f"{standing.kata}: {many}"
        hit = [place.part for place in card.shown if str(place) in {f"{standing.kata}: {one}" for one in red}]
        if card.kind == "flag" and hit:
            yield card.id, f"{standing.kata}: {hit[0]} is red"


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def _memory(row: Sequence[object]) -> Memory:
    card, due, reviews, state, step, stability, difficulty, last = row
    return Memory(
        str(card),
        datetime.fromisoformat(str(due)),
        int(str(reviews)),
        int(str(state)),
        None if step is None else int(str(step)),
        None if stability is None else float(str(stability)),
        None if difficulty is None else float(str(difficulty)),
        None if last is None else datetime.fromisoformat(str(last)),
    )
