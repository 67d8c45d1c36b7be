"""The commands as a user types them: one sentence for what cannot be, nothing overwritten, nothing loaded early."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.interview.bench import setup
from workbook.interview.log import Running, only_one, open_sessions
from workbook.places import CHECKOUT

NOW = datetime(2026, 11, 20, 19, 30, tzinfo=UTC)
SCRIPT = Path(__file__).with_name("senior_45.jsonl")


def pubsub(*arguments: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
    code = "from workbook.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
    )


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["--level", "expert", "--plain"],
            "There is no level 'expert'; the levels are junior, middle, senior, staff.",
        ),
        (["--minutes", "1", "--plain"], "minutes, got 1; the shortest question and the kata have to fit."),
        (["--kata", "cache", "--plain"], "There is no kata 'cache'; the katas are broker, wildcard, outbox."),
        (["--theme", "pink"], "There is no theme 'pink'; the themes are auto, dark, light."),
        (
            ["--pair", "--paper", "x.html"],
            "--pair shows a page and --paper prints a sheet; take one of them.",
        ),
        ([], "The full screen needs a terminal; use --plain for lines, or --script FILE for none."),
        (["--script", "nowhere.jsonl"], "nowhere.jsonl cannot be read (No such file or directory)"),
    ],
)
def test_what_cannot_be_is_one_sentence(arguments: list[str], says: str) -> None:
    assert says in one_sentence(pubsub("interview", *arguments))
    with open_sessions() as sessions:
        assert sessions.ids() == []


def test_a_session_in_plain_lines_that_is_left_goes_on(tmp_path: Path) -> None:
    first = pubsub("interview", "--plain", "--seed", "3", stdin="\nhalf an answer\n:leave\n")
    assert first.returncode == 0, first.stderr
    assert "Session 1 stays open; `pubsub interview` goes on with it." in first.stdout
    second = pubsub("interview", "--plain", "--level", "junior", "--reports", tmp_path, stdin=":end\n")
    assert "goes on at question 1, with the options it was begun with" in second.stdout
    assert "So far:\nhalf an answer" in second.stdout
    assert "Level reached: not settled" in second.stdout
    assert len(list(tmp_path.glob("interview-*"))) == 2


def test_history_lists_sessions_shows_one_and_gives_data() -> None:
    assert "No interview yet" in pubsub("history").stdout
    done = pubsub("interview", "--seed", "3", "--script", SCRIPT)
    assert done.returncode == 0, done.stderr
    assert "senior" in pubsub("history").stdout
    assert pubsub("history", "--show", "1").stdout.startswith("# Mock interview of ")
    assert json.loads(pubsub("history", "--show", "1", "--json").stdout)["session"] == 1
    assert json.loads(pubsub("history", "--json").stdout)[0]["target"] == "senior"
    assert "There is no session 7" in one_sentence(pubsub("history", "--show", "7"))


def test_low_scores_make_cards_due_and_say_so() -> None:
    done = pubsub("interview", "--seed", "3", "--script", SCRIPT)
    asked = [row for row in done.stdout.splitlines() if row.startswith("`pubsub review` asks ")]
    with open_sessions() as sessions:
        from workbook.interview.report import report

        low = report(sessions.load(1)).low
    assert low
    assert asked == [f"`pubsub review` asks {', '.join(low)} next."]
    with sqlite3.connect(Path(os.environ["PUBSUB_HOME"]) / "progress.sqlite3") as connection:
        due = {card for (card,) in connection.execute("SELECT card FROM review_due")}
    connection.close()
    assert set(low) <= due


def test_two_sessions_at_once_are_one_too_many() -> None:
    with only_one():
        assert "Another window holds an interview already" in one_sentence(pubsub("interview", "--plain"))


def test_a_damaged_file_is_one_sentence_and_stays_as_it_is(home: Path) -> None:
    home.mkdir()
    path = home / "progress.sqlite3"
    path.write_bytes(b"no database" * 1000)
    for command in (["interview", "--plain"], ["history"]):
        assert "is damaged or no progress file" in one_sentence(pubsub(*command))
    assert path.read_bytes() == b"no database" * 1000


def test_a_newer_file_is_one_sentence(home: Path) -> None:
    home.mkdir()
    with sqlite3.connect(home / "progress.sqlite3") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert "newer workbook" in one_sentence(pubsub("interview", "--plain"))


def test_a_home_that_cannot_be_made_is_one_sentence(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.parent.mkdir(exist_ok=True)
    (home.parent / "file").write_text("")
    monkeypatch.setenv("PUBSUB_HOME", str(home.parent / "file" / "home"))
    assert "set PUBSUB_HOME to a folder you can write to" in one_sentence(pubsub("interview", "--plain"))


def test_a_report_that_cannot_be_written_is_told_and_can_be_printed_later(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = pubsub("interview", "--seed", "3", "--script", SCRIPT, "--reports", tmp_path / "file")
    assert "the session is kept, and `pubsub history --show 1` prints it." in one_sentence(done)
    assert pubsub("history", "--show", "1").stdout.startswith("# Mock interview of ")


def test_the_sheet_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "sheet.html"
    done = pubsub("interview", "--paper", path, "--plain", stdin=":leave\n")
    assert done.returncode == 0, done.stderr
    assert "you name the cards" in done.stdout
    assert "<b>Card q03</b>" in path.read_text(encoding="utf-8")
    again = pubsub("interview", "--paper", path, "--plain", "--new", stdin=":leave\n")
    assert "exists and is left as it is; name another file" in one_sentence(again)


def test_one_damaged_session_does_not_hide_the_others(home: Path) -> None:
    with open_sessions() as sessions:
        sessions.create(setup(), NOW)
        sessions.create(setup(), NOW)
    with sqlite3.connect(home / "progress.sqlite3") as connection:
        connection.execute("INSERT INTO interview_event VALUES (1, 1, '', 0, 'x')")
    connection.close()
    done = pubsub("history")
    assert "  2  2026-11-20" in done.stdout
    assert "Session 1 in" in done.stdout


def test_no_other_command_loads_what_only_an_interview_needs() -> None:
    heavy = "('textual', 'http.server', 'fsrs', 'genanki', 'workbook.interview')"
    code = f"import sys, workbook.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=CHECKOUT)
    assert done.stdout == "[]\n", done.stderr
    code = "import sys, workbook.interview.command; print('textual' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=CHECKOUT)
    assert done.stdout == "False\n", done.stderr


def test_the_full_screen_on_a_real_terminal_survives_kill_9(home: Path) -> None:
    """The command in a pseudo-terminal: a question, typed words, kill -9, and the next start shows them again."""

    def screen(keys: bytes, until: bytes) -> None:
        pid, fd = pty.fork()
        if pid == 0:
            os.environ.update(TERM="xterm-256color", COLUMNS="80", LINES="24")
            os.chdir(CHECKOUT)
            os.execv(
                sys.executable, [sys.executable, "-c", "from workbook.cli import main; main()", "interview"]
            )
        seen, limit = b"", time.monotonic() + 60
        while until not in seen:
            assert time.monotonic() < limit, seen[-2000:]
            if select.select([fd], [], [], 0.5)[0]:
                seen += os.read(fd, 65536)
            if keys and b"Go on" in seen:
                os.write(fd, keys)
                keys = b""
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(fd)

    with open_sessions() as sessions:
        Running(sessions, sessions.create(setup(), NOW))
    screen(b"\x1bOQ", b"Question q11")
    with open_sessions() as sessions:
        kept = sessions.unfinished()
    assert kept is not None
    assert kept.state.turn.item == "q11"
    screen(b"", b"Question q11")
