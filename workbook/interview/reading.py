"""The upper half of the screen: what is read in each phase."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from workbook.interview.anchors import TITLES
from workbook.interview.checklist import follow_up_text
from workbook.interview.log import DONE, Kept
from workbook.interview.markup import rich
from workbook.interview.say import typed, welcome
from workbook.interview.state import KATA_MINUTES, Phase, State

KEYS = "F2 begins. Tab moves between the halves, Space ticks, F3 pauses, F10 leaves."


def text(state: State, kata_lines: Sequence[str] = (), link: str = "", status: str = "") -> Text:
    """The text of the moment."""
    if state.paused:
        return rich("Paused: the clock stands. F2 or F3 goes on.")
    if state.phase is Phase.READY:
        parts = [welcome(state), f"The candidate opens, once: {link}" if link else "", status, KEYS]
        return _join(*(rich(part) for part in parts if part))
    if state.phase is Phase.DONE:
        return _done(state)
    if state.phase is Phase.KATA_READY:
        minutes = KATA_MINUTES[state.setup.kata]
        return rich(
            f"Next comes the kata {state.setup.kata}, {minutes} minutes, in a clean folder. F2 begins."
        )
    if state.phase is Phase.KATA:
        return _kata(state, kata_lines)
    if state.phase in (Phase.FOLLOW_UP, Phase.FOLLOW_CHECK) and state.turn.pushed is not None:
        push = rich(follow_up_text(state, state.turn), "bold")
        if state.turn.pushed == "" and (state.phase is Phase.FOLLOW_CHECK or state.setup.two_people):
            return _join(push, rich(state.item.follow_up_answer))
        return push
    question = rich(state.item.question, "bold")
    if state.phase is Phase.CHECK or (state.phase is Phase.ASK and state.setup.two_people):
        said = state.turn.answer
        yours = rich(f"You wrote: {typed(said)}", "italic") if said else Text()
        return _join(question, rich(state.item.answer), *([yours] if said else []))
    if state.phase is Phase.SCORE:
        said_points, points = len(state.turn.points), len(state.item.points)
        count = len(state.turn.flags)
        flags = f", {count} red flag{'s' if count > 1 else ''}" if count else ""
        return _join(question, rich(f"{said_points} of {points} key points without help{flags}."))
    return question


def _join(*parts: Text) -> Text:
    return Text("\n\n").join(parts)


def _kata(state: State, lines: Sequence[str]) -> Text:
    run, name = state.kata, state.setup.kata
    folder = run.folder if run else ""
    how = "F5 grades; saving grades, too. F2 ends the kata."
    shown = [Text(line) for line in lines]
    return _join(Text(f"Write {folder}/{name}.py", "bold"), Text(how), Text("\n").join(shown))


def _done(state: State) -> Text:
    from datetime import UTC, datetime

    from workbook.interview.report import report

    found = report(Kept(0, datetime.now(UTC), DONE, state, ()))
    parts = [
        rich(state.ended),
        rich(f"Level reached: {found.reached or 'not settled'}", "bold").append(
            "\n" + found.reason, "not bold"
        ),
    ]
    rows = [
        f"{'' if turn.scores is None else f'{turn.scores.mean:.1f}':>4}  {turn.level:<7} {turn.title}"
        for turn in found.turns
    ]
    if rows:
        parts.append(
            Text("Mean of " + ", ".join(title.lower() for title in TITLES.values()) + ":\n" + "\n".join(rows))
        )
    parts.append(rich("F2 closes this; then the report is written."))
    return _join(*parts)
