"""A mock interview as a pure state machine: `(state, event, now) -> state`. No clock, no chance, no I/O.

    READY -> ASK -> CHECK -> FOLLOW_UP -> FOLLOW_CHECK -> SCORE -> ASK ... -> KATA_READY -> KATA -> ASK ... -> DONE

It starts a level below the one aimed at (junior stays junior), goes up after strong answers and down after weak
ones, asks no question twice and none that does not fit into the time that is left. With two people the
interviewer ticks while the candidate speaks, and CHECK and FOLLOW_CHECK are passed over. After the kata a
question or two about it are asked, without follow-up.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from workbook.interview import choice
from workbook.interview.anchors import Scores
from workbook.interview.checklist import KINDS, is_open, mark
from workbook.interview.events import (
    LONGEST_TEXT,
    Answered,
    Checked,
    ClockRan,
    Drafted,
    Ended,
    Event,
    KataBegan,
    KataEnded,
    KataGraded,
    Marked,
    Noted,
    Paused,
    Resumed,
    Scored,
    Started,
)
from workbook.interview.state import SPEAKING, KataRun, Phase, Setup, State, Turn

AWAITED = {
    Phase.READY: "the start of the session is awaited",
    Phase.ASK: "the answer is awaited",
    Phase.CHECK: "the checklist is open",
    Phase.FOLLOW_UP: "the answer to the follow-up is awaited",
    Phase.FOLLOW_CHECK: "the checklist of the follow-up is open",
    Phase.SCORE: "the scores are awaited",
    Phase.KATA_READY: "the start of the kata is awaited",
    Phase.KATA: "the kata is being written",
    Phase.DONE: "the session is over",
}
WHILE_PAUSED = (Resumed, Ended, ClockRan, Drafted, Noted, KataGraded)


class Refused(Exception):
    """The event does not fit the moment, nothing has changed; the text is one sentence."""


def begin(setup: Setup) -> State:
    """The session before its first question."""
    return State(setup, choice.first_level(setup.level))


def step(state: State, event: Event, now: float) -> State:
    """The state after `event` at `now`, in seconds of the session's clock, which never runs backwards.

    Raises Refused for an event that does not fit the moment.
    """
    if not math.isfinite(now):
        raise Refused(f"The session's clock cannot stand at {now}.")
    if state.paused and not isinstance(event, WHILE_PAUSED):
        raise Refused("The session is paused; go on with it first.")
    if state.phase is Phase.DONE:
        raise Refused("The session is over.")
    handler: Callable[[State, Any], State] = _HANDLERS[type(event)]
    return handler(run_clock(state, now), event)


def replay(setup: Setup, log: list[tuple[Event, float]]) -> State:
    """The state after a log of events, each with its time. Raises Refused."""
    state = begin(setup)
    for event, now in log:
        state = step(state, event, now)
    return state


def run_clock(state: State, now: float) -> State:
    """The state when nothing but time goes by, for clocks on screens."""
    passed = max(0.0, now - state.now)
    state = replace(state, now=max(state.now, now))
    if state.paused or state.phase is Phase.READY:
        return state
    state = replace(state, spent=state.spent + passed)
    if state.phase in SPEAKING:
        return _turn(state, replace(state.turn, speaking=state.turn.speaking + passed))
    if state.phase is Phase.KATA and state.kata is not None:
        return replace(state, kata=replace(state.kata, seconds=state.kata.seconds + passed))
    return state


def _turn(state: State, turn: Turn) -> State:
    return replace(state, turns=(*state.turns[:-1], turn))


def _require(state: State, what: str, *phases: Phase) -> None:
    if state.phase not in phases:
        raise Refused(f"{what}: now {AWAITED[state.phase]}.")


def _text(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise Refused(
            f"A text has at most {LONGEST_TEXT:,} characters, this one has {len(text):,}; shorten it."
        )
    return text


def _started(state: State, event: Started) -> State:
    _require(state, "The session has begun already", Phase.READY)
    return _next(state)


def _next(state: State) -> State:
    """The next question, the kata, or the end."""
    setup = state.setup
    if state.kata is not None:
        left = state.seconds_left / 60
        fits = [one for one in setup.after_kata if one.id not in state.asked and one.minutes <= left]
        return _ask(state, fits[0].id) if fits else _done(state, "The kata and its questions are through.")
    left = setup.question_minutes - state.spent / 60
    item = choice.next_item(setup.bank, state.asked, state.level, left, setup.seed)
    if item is not None:
        return _ask(replace(state, level=item.level), item.id)
    if setup.kata:
        return replace(state, phase=Phase.KATA_READY)
    if len(state.turns) == len(setup.bank):
        return _done(state, "All questions were asked.")
    return _done(state, "No further question fits into the time that is left.")


def _ask(state: State, item: str) -> State:
    return replace(state, phase=Phase.ASK, turns=(*state.turns, Turn(item, began=state.spent)))


def _done(state: State, why: str) -> State:
    return replace(state, phase=Phase.DONE, paused=False, ended=why)


def _answered(state: State, event: Answered) -> State:
    _require(state, "There is nothing to answer", *SPEAKING)
    text, turn = _text(event.text), state.turn
    if state.phase is Phase.ASK:
        state = _turn(state, replace(turn, answer=text, draft=""))
        return _push(state) if state.setup.two_people else replace(state, phase=Phase.CHECK)
    state = _turn(state, replace(turn, follow_up_answer=text, draft=""))
    return replace(state, phase=Phase.SCORE if state.setup.two_people else Phase.FOLLOW_CHECK)


def _checked(state: State, event: Checked) -> State:
    _require(state, "No checklist is open", Phase.CHECK, Phase.FOLLOW_CHECK)
    return _push(state) if state.phase is Phase.CHECK else replace(state, phase=Phase.SCORE)


def _push(state: State) -> State:
    """The follow-up: about a key point that was left out, else the notebook's."""
    item = state.item
    if not item.follow_up:
        return replace(state, phase=Phase.SCORE)
    point = choice.push(item, state.turn.points, state.setup.seed)
    return _turn(replace(state, phase=Phase.FOLLOW_UP), replace(state.turn, pushed=point.id if point else ""))


def _marked(state: State, event: Marked) -> State:
    if event.kind not in KINDS:
        raise Refused(f"There is no kind {event.kind!r} to tick; there are {', '.join(KINDS)}.")
    if not is_open(state, event.kind):
        raise Refused(f"No {event.kind} can be ticked now: {AWAITED[state.phase]}.")
    try:
        return _turn(state, mark(state, event))
    except ValueError as error:
        raise Refused(str(error)) from None


def _scored(state: State, event: Scored) -> State:
    _require(state, "Scores come after the checklist", Phase.SCORE)
    try:
        scores = Scores(event.content, event.tradeoffs, event.proof)
    except ValueError as error:
        raise Refused(f"{error}.") from None
    state = _turn(state, replace(state.turn, scores=scores))
    if state.kata is None:
        level = choice.next_level(state.item.level, state.setup.level, scores, len(state.turn.flags))
        state = replace(state, level=level)
    return _next(state)


def _noted(state: State, event: Noted) -> State:
    if not state.turns:
        raise Refused("A note belongs to a question, and none has been asked yet.")
    return _turn(state, replace(state.turn, note=_text(event.text)))


def _drafted(state: State, event: Drafted) -> State:
    _require(state, "There is nothing to write an answer to", *SPEAKING)
    return _turn(state, replace(state.turn, draft=_text(event.text)))


def _paused(state: State, event: Paused) -> State:
    if state.phase is Phase.READY:
        raise Refused("The session has not begun, so its clock stands anyway.")
    return replace(state, paused=True)


def _resumed(state: State, event: Resumed) -> State:
    if not state.paused:
        raise Refused("The session is not paused.")
    return replace(state, paused=False)


def _kata_began(state: State, event: KataBegan) -> State:
    _require(state, "The kata comes after the questions", Phase.KATA_READY)
    return replace(state, phase=Phase.KATA, kata=KataRun(_text(event.folder)))


def _kata_graded(state: State, event: KataGraded) -> State:
    _require(state, "No kata is being written", Phase.KATA)
    run, passed, total = state.kata, event.passed, event.total
    if run is None or len(passed) != len(total) or not total or (run.total and total != run.total):
        raise Refused(
            "A grading names the checks passed and the checks there are, for each stage of the kata."
        )
    if not all(0 <= some <= every and every > 0 for some, every in zip(passed, total, strict=True)):
        raise Refused("A stage has at least one check, and passes from none to all of them.")
    before = run.reached or (None,) * len(total)
    reached = tuple(
        then if then is not None or some < every else run.seconds
        for then, some, every in zip(before, passed, total, strict=True)
    )
    return replace(state, kata=replace(run, runs=run.runs + 1, passed=passed, total=total, reached=reached))


def _kata_ended(state: State, event: KataEnded) -> State:
    _require(state, "No kata is being written", Phase.KATA)
    return _next(state)


def _ended(state: State, event: Ended) -> State:
    return _done(state, "The session was ended before its time.")


_HANDLERS: dict[type[Event], Callable[[State, Any], State]] = {
    Started: _started,
    ClockRan: lambda state, event: state,
    Drafted: _drafted,
    Answered: _answered,
    Marked: _marked,
    Noted: _noted,
    Checked: _checked,
    Scored: _scored,
    Paused: _paused,
    Resumed: _resumed,
    KataBegan: _kata_began,
    KataGraded: _kata_graded,
    KataEnded: _kata_ended,
    Ended: _ended,
}
