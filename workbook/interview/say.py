"""What screens say in words: headings, checklists, anchors; the same for the full screen and for plain lines."""

from __future__ import annotations

from collections.abc import Mapping

from workbook.grading.inert import inert
from workbook.interview.anchors import ANCHORS, TITLES
from workbook.interview.checklist import entries, is_ticked
from workbook.interview.state import KATA_MINUTES, SPEAKING, Phase, State, clock

HEADINGS = {
    "point": "Key points said without help",
    "late": "Said when pushed",
    "flag": "Red flags",
    "signal": "Strong signals",
}


def welcome(state: State) -> str:
    """What a session is, before it begins."""
    setup = state.setup
    kata = f", the last {KATA_MINUTES[setup.kata]} of them for the kata {setup.kata}" if setup.kata else ""
    who = {
        "alone": "Answer aloud or in writing, then tick what you said and score yourself.",
        "pair": "The candidate opens the page below once; you tick while they speak, and score.",
        "paper": "The candidate reads from the printed sheet; you tick while they speak, and score.",
    }[setup.mode]
    return f"A {setup.level} interview of {setup.minutes} minutes{kata}. It begins at {state.level}. {who}"


def where(state: State) -> str:
    """The place in the session, in a few words."""
    if state.phase is Phase.READY:
        return f"{state.setup.level.capitalize()} interview"
    if state.phase in (Phase.KATA_READY, Phase.KATA):
        return f"Kata {state.setup.kata}"
    if state.phase is Phase.DONE:
        return "Interview over"
    item = state.item
    push = ", follow-up" if state.phase in (Phase.FOLLOW_UP, Phase.FOLLOW_CHECK) else ""
    card = f" (card {item.id})" if state.setup.mode == "paper" else ""
    return f"Question {len(state.turns)}, {item.level}{push}{card}"


def clocks(state: State) -> str:
    """This question's time and the session's."""
    whole = f"{clock(state.spent)} of {state.setup.minutes}:00"
    if state.phase in SPEAKING:
        seconds, minutes = state.turn.speaking, state.item.minutes
    elif state.phase is Phase.KATA and state.kata is not None:
        seconds, minutes = state.kata.seconds, KATA_MINUTES[state.setup.kata]
    else:
        return whole
    over = " over" if seconds > minutes * 60 else ""
    return f"{clock(seconds)} of {minutes}:00{over} | {whole}"


def entry_texts(state: State, kind: str) -> list[str]:
    """The items that can be ticked, as Markdown."""
    if kind in ("point", "late"):
        points = [state.item.point(one) for one in entries(state, kind)]
        return [f"**{point.label}.** {point.text}" for point in points]
    return list(entries(state, kind))


def boxes(
    state: State, kind: str, suggested: Mapping[str, tuple[str, ...]] | None = None
) -> list[tuple[int, bool, str]]:
    """Number, ticked or not, text of everything that can be ticked; with what the typed words suggest."""
    ids = entries(state, kind)
    texts = entry_texts(state, kind)
    return [
        (number, is_ticked(state.turn, kind, number, one), text + _suggestion((suggested or {}).get(one, ())))
        for number, (one, text) in enumerate(zip(ids, texts, strict=True), 1)
    ]


def _suggestion(words: tuple[str, ...]) -> str:
    return f" **Said, perhaps:** {', '.join(inert(word, 40) for word in words)}." if words else ""


def anchor_lines(name: str) -> list[str]:
    """A score's title and its four anchors."""
    return [f"{TITLES[name]}:", *(f"  {number}  {text}" for number, text in enumerate(ANCHORS[name], 1))]


def typed(text: str) -> str:
    """What somebody typed, for showing: every line inert."""
    return "\n".join(inert(line, 2000) for line in text.splitlines())
