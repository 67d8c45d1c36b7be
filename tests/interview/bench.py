"""A bank that never changes, sessions, and a player that answers whatever is asked."""

from __future__ import annotations

from collections.abc import Iterator

from workbook.interview.bank import Item
from workbook.interview.events import (
    Answered,
    Checked,
    Event,
    KataBegan,
    KataEnded,
    KataGraded,
    Marked,
    Scored,
    Started,
)
from workbook.interview.kata_questions import after_kata
from workbook.interview.state import Phase, Setup, State
from workbook.notebook_text import Point
from workbook.questions import LEVELS, SLUGS

MINUTES = {"junior": 5, "middle": 5, "senior": 6, "staff": 10}


def item(number: int, level: str) -> Item:
    one = f"q{number:02}"
    points = tuple(
        Point(f"{one}:p{n}", f"Secret label {n} of {one}", f"secret text {n} of {one}") for n in range(1, 6)
    )
    late = tuple(
        Point(f"{one}:f{n}", f"Hidden label {n} of {one}", f"hidden text {n} of {one}") for n in range(1, 4)
    )
    return Item(
        id=one,
        title=f"Title of {SLUGS[number - 1]}",
        level=level,
        minutes=MINUTES[level],
        topics=(f"topic {number % 4}", level),
        kata="broker" if number == 3 else "",
        scenario="hot_keys" if number == 19 else "",
        question=f"Question {one}: what happens, and why?",
        why=f"Covert reason of {one}.",
        answer=f"Confidential answer of {one}, in two sentences. This is the other one.",
        points=points,
        follow_up=f"Follow-up of {one}: and then?",
        follow_up_answer=f"Undisclosed follow-up answer of {one}.",
        follow_up_points=late,
        red_flags=(f"Alarming flag one of {one}.", f"Alarming flag two of {one}."),
        strong_signals=(f"Pleasing signal one of {one}.",),
    )


BANK = tuple(item(number, level) for level, numbers in LEVELS.items() for number in numbers)


def setup(
    level: str = "senior", minutes: int = 45, kata: str = "", mode: str = "alone", seed: int = 7
) -> Setup:
    return Setup(level, minutes, seed, BANK, kata, mode, after_kata(kata) if kata else ())


def answers(state: State, scores: tuple[int, int, int] = (3, 2, 3), points: int = 3) -> list[Event]:
    """What a candidate does in the present phase."""
    if state.phase is Phase.READY:
        return [Started()]
    if state.phase is Phase.ASK:
        return [Answered("spoken, mostly")]
    if state.phase is Phase.CHECK:
        return [*(Marked("point", n) for n in range(1, min(points, len(state.item.points)) + 1)), Checked()]
    if state.phase is Phase.FOLLOW_UP:
        return [Answered()]
    if state.phase is Phase.FOLLOW_CHECK:
        return [Marked("late", 1), Checked()]
    if state.phase is Phase.SCORE:
        return [Scored(*scores)]
    if state.phase is Phase.KATA_READY:
        return [KataBegan("/somewhere")]
    if state.phase is Phase.KATA:
        return [KataGraded((3, 1), (3, 4)), KataGraded((3, 4), (3, 4)), KataEnded()]
    return []


def play(
    state: State, pace: float = 60.0, scores: tuple[int, int, int] = (3, 2, 3)
) -> Iterator[tuple[State, Event]]:
    """Every event of a whole session, with the state after it; `pace` seconds a phase."""
    from workbook.interview.session import step

    while events := answers(state, scores):
        for number, event in enumerate(events):
            state = step(state, event, state.now + (pace if number == 0 else 1.0))
            yield state, event
