"""Nothing that was accepted is lost, whatever kills the process; what cannot be kept is said and does not count."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.interview.bench import play, setup
from workbook.interview.events import Answered, Drafted, Marked, Noted, Started
from workbook.interview.log import Running, Sessions, only_one, open_sessions
from workbook.interview.script import Line
from workbook.interview.script import play as follow
from workbook.interview.session import begin
from workbook.interview.state import Phase, State
from workbook.places import CHECKOUT
from workbook.progress import Progress, ProgressError

NOW = datetime(2026, 11, 20, 19, 30, tzinfo=UTC)


def whole_session() -> tuple[list[Line], State]:
    """A senior session with a kata, with drafts and notes in it, as a script; and how it ends."""
    lines: list[Line] = []
    last = begin(setup(kata="broker"))
    for state, event in play(last, 40):
        last = state
        lines.append(Line(len(lines) + 1, event, state.now))
        if state.phase is Phase.ASK and state.turn.note == "":
            lines.append(Line(len(lines) + 1, Noted("said \x1b[31m, a \ud800 half"), state.now))
            lines.append(Line(len(lines) + 1, Drafted("A lock, and"), state.now))
    return lines, last


def in_a_child(work: Callable[[], None]) -> int:
    """How a child ended that does `work`: its exit code, or minus the signal that killed it."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_kill_9_at_every_event_of_a_session_resumes_there(tmp_path: Path) -> None:
    lines, _ = whole_session()
    with open_sessions(tmp_path / "straight") as sessions:
        running = Running(sessions, sessions.create(setup(kata="broker"), NOW))
        states = [running.state]
        assert follow(running, lines, after=states.append) == 0
        expected = sessions.load(running.id)
    assert expected.state.phase is Phase.DONE
    assert len(states) == len(lines) + 1 > 80

    def one_event_and_die() -> None:
        with open_sessions(tmp_path / "killed") as sessions, only_one(tmp_path / "killed"):
            kept = sessions.unfinished() or sessions.create(setup(kata="broker"), NOW)
            assert kept.state == states[len(kept.log)]
            follow(Running(sessions, kept), lines, kept.log, lambda _: os.kill(os.getpid(), signal.SIGKILL))

    for number in range(1, len(lines) + 1):
        assert in_a_child(one_event_and_die) == -signal.SIGKILL, number
    with open_sessions(tmp_path / "killed") as sessions:
        assert sessions.unfinished() is None
        assert sessions.load(1) == expected
        assert sessions.ids() == [1]


def test_an_event_that_is_being_written_when_the_kill_comes_counts_whole_or_not_at_all(
    tmp_path: Path,
) -> None:
    code = """
import sys
from pathlib import Path
from tests.interview.test_log import NOW, setup
from workbook.interview.events import Drafted, Started
from workbook.interview.log import Running, open_sessions
with open_sessions(Path(sys.argv[1])) as sessions:
    running = Running(sessions, sessions.create(setup(), NOW))
    running.send(Started(), 0)
    for number in range(100_000):
        running.send(Drafted(str(number)), number)
        print(number, flush=True)
"""
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=CHECKOUT
    )
    assert child.stdout is not None
    with child.stdout:
        for line in child.stdout:
            if int(line) >= 30:
                break
        child.kill()
        said = max([30, *map(int, child.stdout.read().split())])
    child.wait()
    with open_sessions(tmp_path) as sessions:
        kept = sessions.unfinished()
    assert kept is not None
    assert int(kept.state.turn.draft) in (said, said + 1)


def test_a_second_window_is_told_and_the_first_goes_on(tmp_path: Path) -> None:
    with (
        only_one(tmp_path),
        pytest.raises(ProgressError, match="Another window holds an interview already"),
        only_one(tmp_path),
    ):
        pass
    with only_one(tmp_path):
        pass


def test_a_window_that_is_behind_changes_nothing(tmp_path: Path) -> None:
    with open_sessions(tmp_path) as one, open_sessions(tmp_path) as other:
        first = Running(one, one.create(setup(), NOW))
        kept = other.unfinished()
        assert kept is not None
        second = Running(other, kept)
        first.send(Started(), 0)
        with pytest.raises(ProgressError, match="went on in another window"):
            second.send(Started(), 1)
        assert second.state.phase is Phase.READY
        first.send(Answered("still here"), 5)
        assert one.load(1).state.turn.answer == "still here"


def test_on_a_full_disk_the_event_does_not_count_and_can_be_repeated(tmp_path: Path) -> None:
    with Progress.open(tmp_path) as progress:
        sessions = Sessions(progress)
        running = Running(sessions, sessions.create(setup(), NOW))
        running.send(Started(), 0)
        pages = progress.connection.execute("PRAGMA page_count").fetchone()[0]
        progress.connection.execute(f"PRAGMA max_page_count = {pages}")
        before = running.state
        with pytest.raises(ProgressError, match=r"the disk is full; free some space\.$"):
            running.send(Answered("x" * 20_000), 60)
        assert running.state == before
        progress.connection.execute("PRAGMA max_page_count = 100000")
        running.send(Answered("x" * 20_000), 70)
        assert sessions.load(1).state == running.state


def test_a_read_only_home_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProgressError, match="set PUBSUB_HOME"), only_one(tmp_path / "file" / "home"):
        pass


def test_a_newer_schema_is_named_and_left_alone(tmp_path: Path) -> None:
    with open_sessions(tmp_path):
        pass
    path = tmp_path / "progress.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE interview_version SET version = 9")
    connection.close()
    with (
        pytest.raises(ProgressError, match=r"newer workbook \(version 9, this one knows 1\)"),
        open_sessions(tmp_path),
    ):
        pass


@pytest.mark.parametrize(
    "event",
    ['{"event": "teleported"}', "no json", '{"event": "scored", "content": 1, "tradeoffs": 1, "proof": 1}'],
)
def test_a_session_that_cannot_be_read_is_named_and_left_alone(tmp_path: Path, event: str) -> None:
    with open_sessions(tmp_path) as sessions:
        running = Running(sessions, sessions.create(setup(), NOW))
        running.send(Started(), 0)
    with sqlite3.connect(tmp_path / "progress.sqlite3") as connection:
        connection.execute("INSERT INTO interview_event VALUES (1, 2, '', 1, ?)", (event,))
    connection.close()
    with open_sessions(tmp_path) as sessions:
        with pytest.raises(ProgressError, match=r"Session 1 in .* cannot be read .* left as it is"):
            sessions.unfinished()
        other = sessions.create(setup(), NOW)
        assert other.id == 2


def test_a_new_session_leaves_the_open_one_in_the_history(tmp_path: Path) -> None:
    with open_sessions(tmp_path) as sessions:
        first = Running(sessions, sessions.create(setup(), NOW))
        first.send(Started(), 0)
        sessions.create(setup(seed=8), NOW)
        kept = sessions.unfinished()
        assert kept is not None
        assert (kept.id, kept.state.setup.seed) == (2, 8)
        assert sessions.load(1).fate == "left"
        with pytest.raises(KeyError):
            sessions.load(3)


def test_a_refused_event_is_not_kept(tmp_path: Path) -> None:
    from workbook.interview.session import Refused

    with open_sessions(tmp_path) as sessions:
        running = Running(sessions, sessions.create(setup(), NOW))
        with pytest.raises(Refused):
            running.send(Marked("point", 1), 0)
        assert sessions.load(1).log == ()
