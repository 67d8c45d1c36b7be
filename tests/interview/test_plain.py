"""Line by line: everything the full screen can do, in words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from tests.interview.bench import play as every_event
from tests.interview.bench import setup
from workbook.interview import plain
from workbook.interview.desk import Desk
from workbook.interview.events import KataGraded
from workbook.interview.kata_round import Grading
from workbook.interview.log import Kept, Running, open_sessions
from workbook.interview.pair import PairPage
from workbook.interview.plain import Plain
from workbook.interview.state import Phase, Setup, State
from workbook.interview.time_keeper import TimeKeeper

NOW = datetime(2026, 11, 20, 19, 30, tzinfo=UTC)


def talk(
    folder: Path, lines: Iterable[str], made: Setup | None = None, page: PairPage | None = None
) -> tuple[list[str], State, bool]:
    """What is said, the state at the end, and whether the session is over."""
    said: list[str] = []
    rows = iter(lines)

    def read() -> str:
        try:
            return next(rows) + "\n"
        except StopIteration:
            raise EOFError from None

    with open_sessions(folder) as sessions:
        kept: Kept = sessions.unfinished() or sessions.create(made or setup(), NOW)
        desk = Desk(Running(sessions, kept), TimeKeeper(kept.state.now, lambda: 0.0, lambda: 0.0), page)
        over = Plain(desk, said.append, read).run()
        return said, desk.kept, over


QUESTION = ["A lock,", "around the map.", ".", "1 3", "", "1", "and a queue", ".", "1", "", "", "3", "2", "3"]


def test_a_question_from_the_first_line_to_the_scores(tmp_path: Path) -> None:
    said, state, over = talk(tmp_path, ["", *QUESTION])
    turn = state.turns[0]
    assert not over
    assert turn.answer == "A lock,\naround the map."
    assert turn.points == ("q11:p1", "q11:p3")
    assert (turn.flags, turn.signals) == ((), (1,))
    assert turn.follow_up_answer == "and a queue"
    assert turn.late == (turn.pushed,)
    assert turn.scores is not None
    assert (turn.scores.content, turn.scores.tradeoffs, turn.scores.proof) == (3, 2, 3)
    assert len(state.turns) == 2
    text = "\n".join(said)
    assert "What to say in the room: Confidential answer of q11" in text
    assert text.index("Question q11: what happens") < text.index("Confidential answer of q11")
    assert "  3  Most key points without help, and nothing wrong that matters." in text


def test_what_was_typed_before_the_line_went_dead_is_there_again(tmp_path: Path) -> None:
    talk(tmp_path, ["", "first line", "second line"])
    said, state, _ = talk(tmp_path, ["third", "."])
    assert "So far:\nfirst line\nsecond line" in said
    assert state.turn.answer == "first line\nsecond line\nthird"


def test_a_pause_a_note_the_clock_and_help(tmp_path: Path) -> None:
    said, state, _ = talk(
        tmp_path, ["", ":note a note", ":clock", ":pause", "", ":help", ":nonsense", ":leave"]
    )
    assert state.turn.note == "a note"
    assert "00:00 of 5:00 | 00:00 of 45:00" in said
    assert "The session is paused. Enter goes on: " in said
    assert sum(":pause        stop the clock" in row for row in said) == 2
    assert state.phase is Phase.ASK
    assert not state.paused


def test_what_makes_no_sense_is_asked_again(tmp_path: Path) -> None:
    rows = ["", ".", "9", "one", "0", "", "", ".", "", "", "", "5", "x\x1b[31m", "4", "4", "4"]
    said, state, _ = talk(tmp_path, rows)
    assert "Numbers from 1 to 5 with blanks between them, got '9'." in said
    assert "A score is 1, 2, 3 or 4, got '5'." in said
    assert not any("\x1b" in row for row in said)
    assert state.turns[0].scores is not None


def test_the_end_comes_when_it_is_asked_for(tmp_path: Path) -> None:
    _, state, over = talk(tmp_path, ["", ":end"])
    assert over
    assert state.ended == "The session was ended before its time."


def test_the_interviewer_ticks_while_the_candidate_speaks(tmp_path: Path) -> None:
    rows = ["", "p 1 2", "f 1", "z 1", "p", "s 9", "", "l 1", "", "3", "3", "3"]
    said, state, _ = talk(tmp_path, rows, setup(mode="paper"))
    turn = state.turns[0]
    assert (turn.points, turn.flags, turn.late) == (("q11:p1", "q11:p2"), (1,), (turn.pushed,))
    assert "A tick is a letter and numbers, as in `p 1 3`; got 'z 1'." in said
    assert "There is no signal number 9 here; there are 1." in said
    assert any("(card q11)" in row for row in said)


def test_the_interviewer_can_give_out_a_new_link(tmp_path: Path) -> None:
    with PairPage() as page:
        first = page.link
        said, _, _ = talk(tmp_path, ["", ":link"], setup(mode="pair"), page)
        assert f"The candidate opens {first}" in said
        assert f"The candidate opens {page.link}" in said
        assert page.link != first


def test_the_kata_is_graded_by_a_word(tmp_path: Path, monkeypatch: object) -> None:
    import pytest

    assert isinstance(monkeypatch, pytest.MonkeyPatch)
    monkeypatch.setattr(
        plain,
        "grade",
        lambda kata, path: Grading(KataGraded((2, 1), (2, 3)), ("stage 1: 2 of 2", "stage 2: 1 of 3")),
    )
    with open_sessions(tmp_path) as sessions:
        running = Running(sessions, sessions.create(setup(kata="broker"), NOW))
        for state, event in every_event(running.state, 55):
            running.send(event, state.now)
            if state.phase is Phase.KATA_READY:
                break
    said, state, _ = talk(tmp_path, ["", "grade", "done", ":leave"])
    assert "stage 2: 1 of 3" in said
    assert state.kata is not None
    assert state.kata.passed == (2, 1)
    assert state.turn.item == "kata-broker-1"


def test_nothing_is_coloured_or_redrawn(tmp_path: Path) -> None:
    said, _, _ = talk(tmp_path, ["", *QUESTION])
    assert all(character.isprintable() or character == "\n" for row in said for character in row)
