"""What the candidate may see: the question of the moment and the clock, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from workbook.interview.checklist import follow_up_text
from workbook.interview.state import KATA_MINUTES, SPEAKING, Phase, State


@dataclass(frozen=True)
class View:
    """`question` is "" where none is out. `seconds`: of the question so far; `minutes`: planned for it."""

    title: str
    question: str
    seconds: int
    minutes: int
    left: int  # seconds of the session, negative when it is over its time
    paused: bool
    done: bool


def candidate_view(state: State) -> View:
    """The view of a state. Titles are general: a notebook's title may say half of an answer."""
    left, done = int(state.seconds_left), state.phase is Phase.DONE
    if state.phase in (Phase.READY, Phase.DONE):
        title = "The interview is over. Thank you." if done else "The interview begins in a moment."
        return View(title, "", 0, 0, left, False, done)
    if state.phase is Phase.KATA_READY:
        return View("Next comes a kata.", "", 0, KATA_MINUTES[state.setup.kata], left, state.paused, False)
    if state.phase is Phase.KATA and state.kata is not None:
        text = f"Write the kata {state.setup.kata}: everything is said at the top of {state.setup.kata}.py."
        minutes = KATA_MINUTES[state.setup.kata]
        return View("Kata", text, int(state.kata.seconds), minutes, left, state.paused, False)
    title = f"Question {len(state.turns)}"
    if state.phase not in SPEAKING:
        return View(title, "", 0, 0, left, state.paused, False)
    text = state.item.question
    if state.phase is Phase.FOLLOW_UP:
        title, text = f"Question {len(state.turns)}, follow-up", follow_up_text(state, state.turn)
    return View(title, text, int(state.turn.speaking), state.item.minutes, left, state.paused, False)
