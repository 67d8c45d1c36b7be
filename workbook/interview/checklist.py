"""What can be ticked in a session, and when.

    point   a key point said without help           late    a point said when pushed
    flag    a red flag                              signal  a strong signal

Alone, a list opens after the answer; with two people the interviewer ticks while the candidate speaks.
"""

from __future__ import annotations

from dataclasses import replace

from workbook.interview.events import Marked
from workbook.interview.state import Phase, State, Turn
from workbook.notebook_text import Point

KINDS = ("point", "late", "flag", "signal")
_ALONE = {
    "point": (Phase.CHECK,),
    "late": (Phase.FOLLOW_CHECK,),
    "flag": (Phase.CHECK, Phase.FOLLOW_CHECK, Phase.SCORE),
    "signal": (Phase.CHECK, Phase.FOLLOW_CHECK, Phase.SCORE),
}
_TOGETHER = {
    "point": (Phase.ASK, Phase.FOLLOW_UP, Phase.SCORE),
    "late": (Phase.FOLLOW_UP, Phase.SCORE),
    "flag": (Phase.ASK, Phase.FOLLOW_UP, Phase.SCORE),
    "signal": (Phase.ASK, Phase.FOLLOW_UP, Phase.SCORE),
}


def follow_up_text(state: State, turn: Turn) -> str:
    """What is asked after the answer, "" where nothing is."""
    item = state.setup.item(turn.item)
    if turn.pushed is None:
        return ""
    if turn.pushed == "":
        return item.follow_up
    label = item.point(turn.pushed).label
    return (
        f'You have not spoken of this yet: "{label}". What does it mean here, and what goes wrong without it?'
    )


def follow_up_points(state: State, turn: Turn) -> tuple[Point, ...]:
    """The points of the follow-up that was asked."""
    item = state.setup.item(turn.item)
    if turn.pushed is None:
        return ()
    return item.follow_up_points if turn.pushed == "" else (item.point(turn.pushed),)


def entries(state: State, kind: str) -> tuple[str, ...]:
    """What can be ticked under `kind` for the present question, in order: ids of points, or texts."""
    if not state.turns:
        return ()
    if kind == "point":
        return tuple(point.id for point in state.item.points)
    if kind == "late":
        return tuple(point.id for point in follow_up_points(state, state.turn))
    return state.item.red_flags if kind == "flag" else state.item.strong_signals


def is_open(state: State, kind: str) -> bool:
    """Whether `kind` can be ticked now."""
    table = _TOGETHER if state.setup.two_people else _ALONE
    return not state.paused and state.phase in table.get(kind, ())


def open_kinds(state: State) -> list[str]:
    """The kinds that can be ticked now, what is being talked about first."""
    order = ("late", "flag", "signal", "point") if state.phase is Phase.FOLLOW_UP else KINDS
    return [kind for kind in order if is_open(state, kind)]


def is_ticked(turn: Turn, kind: str, number: int, entry: str) -> bool:
    if kind in ("point", "late"):
        return entry in (turn.points if kind == "point" else turn.late)
    return number in (turn.flags if kind == "flag" else turn.signals)


def mark(state: State, event: Marked) -> Turn:
    """The present turn with one item ticked or unticked. ValueError where there is no such item."""
    turn, every = state.turn, entries(state, event.kind)
    if not 1 <= event.number <= len(every):
        raise ValueError(f"There is no {event.kind} number {event.number} here; there are {len(every)}.")
    ticked = [
        (number, entry)
        for number, entry in enumerate(every, 1)
        if (event.on if number == event.number else is_ticked(turn, event.kind, number, entry))
    ]
    numbers, texts = tuple(number for number, _ in ticked), tuple(entry for _, entry in ticked)
    if event.kind == "point":
        return replace(turn, points=texts)
    if event.kind == "late":
        return replace(turn, late=texts)
    return replace(turn, flags=numbers) if event.kind == "flag" else replace(turn, signals=numbers)
