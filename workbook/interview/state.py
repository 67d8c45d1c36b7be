"""Everything a session is at one moment, as frozen records."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

from workbook.interview.anchors import Scores
from workbook.interview.bank import LADDER, Item
from workbook.questions import KATAS

KATA_MINUTES = {"broker": 20, "wildcard": 15, "outbox": 25}
LONGEST = 240  # minutes
MODES = ("alone", "pair", "paper")


class BadSetup(ValueError):
    """These settings make no session; the text says why and what to do."""


class Phase(StrEnum):
    READY = "ready"
    ASK = "ask"  # the question is out, the candidate thinks and speaks
    CHECK = "check"  # model answer and checklist
    FOLLOW_UP = "follow-up"  # the follow-up is out
    FOLLOW_CHECK = "follow-check"
    SCORE = "score"
    KATA_READY = "kata-ready"
    KATA = "kata"
    DONE = "done"


SPEAKING = (Phase.ASK, Phase.FOLLOW_UP)


@dataclass(frozen=True)
class Setup:
    """What a session starts from; the same setup and events give the same session. Raises BadSetup.

    `mode`: "alone", or two people: "pair" (the candidate sees a page), "paper" (a printed sheet).
    `after_kata`: what is asked about the kata when it is over.
    """

    level: str
    minutes: int
    seed: int
    bank: tuple[Item, ...]
    kata: str = ""
    mode: str = "alone"
    after_kata: tuple[Item, ...] = ()

    def __post_init__(self) -> None:
        if self.level not in LADDER:
            raise BadSetup(f"There is no level {self.level!r}; the levels are {', '.join(LADDER)}.")
        if self.kata and self.kata not in KATAS:
            raise BadSetup(f"There is no kata {self.kata!r}; the katas are {', '.join(KATAS)}.")
        if self.mode not in MODES:
            raise BadSetup(f"There is no mode {self.mode!r}; the modes are {', '.join(MODES)}.")
        if not self.bank:
            raise BadSetup(
                "There are no questions to ask; `pubsub check-notebooks` says what is wrong with them."
            )
        least = min(item.minutes for item in self.bank) + KATA_MINUTES.get(self.kata, 0)
        if not least <= self.minutes <= LONGEST:
            with_kata = f" with the kata {self.kata}" if self.kata else ""
            raise BadSetup(
                f"A session{with_kata} takes from {least} to {LONGEST} minutes, got {self.minutes}; "
                "the shortest question and the kata have to fit."
            )

    @property
    def two_people(self) -> bool:
        return self.mode != "alone"

    @property
    def question_minutes(self) -> int:
        """What is left for questions when the kata has its share."""
        return self.minutes - KATA_MINUTES.get(self.kata, 0)

    def item(self, item_id: str) -> Item:
        """Raises KeyError."""
        for item in (*self.bank, *self.after_kata):
            if item.id == item_id:
                return item
        raise KeyError(item_id)


@dataclass(frozen=True)
class Turn:
    """One question and how it went.

    `points`: ids said without help, `late`: said when pushed. `pushed`: the id of the key point that was asked
    about, "" for the notebook's own follow-up, None before either. `flags` and `signals` are numbers from 1.
    `speaking`: seconds of question and follow-up; the time at the checklist is not in it.
    """

    item: str
    began: float
    speaking: float = 0.0
    draft: str = ""
    answer: str = ""
    points: tuple[str, ...] = ()
    flags: tuple[int, ...] = ()
    signals: tuple[int, ...] = ()
    pushed: str | None = None
    follow_up_answer: str = ""
    late: tuple[str, ...] = ()
    note: str = ""
    scores: Scores | None = None


@dataclass(frozen=True)
class KataRun:
    """The kata round. `reached`: seconds from its start at which each stage first passed, or None."""

    folder: str
    seconds: float = 0.0
    runs: int = 0
    passed: tuple[int, ...] = ()
    total: tuple[int, ...] = ()
    reached: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class State:
    """A session at one moment. `now`: its clock in seconds; `spent`: those that count, without pauses."""

    setup: Setup
    level: str  # of the question being asked, or the next one
    phase: Phase = Phase.READY
    paused: bool = False
    now: float = 0.0
    spent: float = 0.0
    turns: tuple[Turn, ...] = field(default=())
    kata: KataRun | None = None
    ended: str = ""  # why the session is over, as a sentence

    @property
    def turn(self) -> Turn:
        """The question of the moment. IndexError where there is none yet."""
        return self.turns[-1]

    @property
    def item(self) -> Item:
        return self.setup.item(self.turn.item)

    @property
    def seconds_left(self) -> float:
        """Of the whole session; negative when it is over its time."""
        return self.setup.minutes * 60 - self.spent

    @property
    def asked(self) -> tuple[str, ...]:
        return tuple(turn.item for turn in self.turns)


def clock(seconds: float) -> str:
    """12:05; a minus sign where time was overdrawn."""
    whole = math.floor(abs(seconds))
    return f"{'-' if seconds <= -1 else ''}{whole // 60:02}:{whole % 60:02}"
