"""A script is a whole session without a terminal; what does not fit is named by its line."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.interview.bench import setup
from tests.interview.make_script import lines as script_lines
from workbook.interview.command import Options, Stop, hold, show_history
from workbook.interview.log import Running, open_sessions
from workbook.interview.script import BadScript, Line, play, read_script
from workbook.interview.state import Phase
from workbook.places import CHECKOUT, notebooks
from workbook.questions import examine

SCRIPT = Path(__file__).with_name("senior_45.jsonl")
NOW = datetime(2026, 11, 20, 19, 30, tzinfo=UTC)


def test_the_script_in_the_repository_is_what_its_maker_writes() -> None:
    assert [json.loads(row) for row in SCRIPT.read_text(encoding="utf-8").splitlines()] == script_lines()


def test_a_whole_senior_session_of_45_minutes_over_the_real_notebooks(tmp_path: Path) -> None:
    said: list[str] = []
    hold(Options(seed=11, script=SCRIPT, reports=tmp_path / "reports"), said.append)
    with open_sessions() as sessions:
        kept = sessions.load(1)
    state = kept.state
    assert state.phase is Phase.DONE
    assert state.setup.minutes == 45
    assert state.spent > 30 * 60
    assert all(turn.began + state.setup.item(turn.item).minutes * 60 <= 45 * 60 for turn in state.turns)
    asked = [turn for turn in state.turns if turn.scores is not None]
    known = {question.id for path in notebooks().glob("*.ipynb") if (question := examine(path)[0])}
    assert len(asked) >= 5
    assert {turn.item for turn in asked} <= known
    assert {state.setup.item(turn.item).level for turn in asked} & {"senior"}
    report = next((tmp_path / "reports").glob("*.md")).read_text(encoding="utf-8")
    assert "**Level reached: " in report
    assert any(row.startswith("Level reached: ") for row in said)
    document = json.loads(next((tmp_path / "reports").glob("*.json")).read_text(encoding="utf-8"))
    assert [turn["id"] for turn in document["turns"]] == [turn.item for turn in state.turns]
    again: list[str] = []
    show_history(1, False, again.append)
    assert again == [report.rstrip("\n")]


def test_the_same_seed_and_script_give_the_same_session(tmp_path: Path) -> None:
    found = []
    for name in ("one", "other"):
        with open_sessions(tmp_path / name) as sessions:
            running = Running(sessions, sessions.create(setup(seed=5), NOW))
            play(running, read_script(SCRIPT))
            found.append(sessions.load(1))
    assert found[0] == found[1]


def test_the_command_that_is_killed_goes_on_where_it_was(tmp_path: Path, home: Path) -> None:
    """kill -9 in the middle of the real command, then the same command again."""
    code = """
import os, signal, sys
from pathlib import Path
from workbook.interview import script
from workbook.interview.log import Running
send = Running.send
def send_and_die(self, event, now):
    state = send(self, event, now)
    if self.count == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return state
Running.send = send_and_die
from workbook.interview.command import Options, hold
hold(Options(seed=11, script=Path(sys.argv[1]), reports=Path(sys.argv[3])), print)
"""
    for count in (1, 17, 40):
        child = subprocess.run(
            [sys.executable, "-c", code, str(SCRIPT), str(count), str(tmp_path)],
            capture_output=True,
            text=True,
            cwd=CHECKOUT,
        )
        assert child.returncode == -signal.SIGKILL, child.stderr
        with open_sessions() as sessions:
            kept = sessions.unfinished()
        assert kept is not None
        assert (kept.id, len(kept.log)) == (1, count)
    said: list[str] = []
    hold(Options(script=SCRIPT, reports=tmp_path), said.append)
    assert re.match(r"The senior session of .* goes on at question \d; `--new` begins another\.", said[0])
    with open_sessions() as sessions:
        assert sessions.unfinished() is None
        assert sessions.ids() == [1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no json\n", "s.jsonl, line 1: Expecting value"),
        ('{"event": "started"}\n\n{"event": "jumped"}\n', "line 3: there is no event 'jumped'"),
        (
            '{"at": 5, "event": "started"}\n{"at": 4, "event": "clock_ran"}',
            "line 2: time runs backwards, from 5 s to 4 s",
        ),
        ('{"at": "soon", "event": "started"}', "line 1: at is a number of seconds, got 'soon'"),
        ('{"at": NaN, "event": "started"}', "at is a number of seconds, got nan"),
        ('{"at": 1' + "0" * 400 + ', "event": "started"}', "line 1: "),
        ("[" * 100_000, "line 1: "),
    ],
)
def test_a_bad_script_names_the_line_and_the_rule(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text(text)
    with pytest.raises(BadScript, match=re.escape(says)):
        read_script(path)


def test_a_script_that_is_missing_is_named_and_begins_no_session(tmp_path: Path) -> None:
    with pytest.raises(Stop, match=r"nowhere.jsonl cannot be read \(No such file or directory\)"):
        hold(Options(script=tmp_path / "nowhere.jsonl"), print)
    with open_sessions() as sessions:
        assert sessions.ids() == []


def test_a_line_that_does_not_fit_is_named_and_the_session_stays_open(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text('# a remark\n{"event": "started"}\n{"event": "checked"}\n')
    with pytest.raises(Stop, match="Line 3 of the script does not fit: No checklist is open"):
        hold(Options(script=path), lambda row: None)
    with open_sessions() as sessions:
        kept = sessions.unfinished()
    assert kept is not None
    assert len(kept.log) == 1


def test_another_script_does_not_go_on_with_an_open_session(tmp_path: Path) -> None:
    with open_sessions(tmp_path) as sessions:
        running = Running(sessions, sessions.create(setup(), NOW))
        lines = read_script(SCRIPT)
        play(running, lines[:5])
        kept = sessions.unfinished()
        assert kept is not None
        other = [Line(1, lines[0].event, 1.0), *lines[1:]]
        with pytest.raises(BadScript, match=r"line 1 differs .* --new begins another"):
            play(Running(sessions, kept), other, kept.log)
        with pytest.raises(BadScript, match="has gone on beyond this script"):
            play(Running(sessions, kept), lines[:3], kept.log)


def test_what_is_left_of_a_script_after_the_end_is_told(tmp_path: Path) -> None:
    said: list[str] = []
    hold(Options(minutes=10, seed=1, script=SCRIPT, reports=tmp_path), said.append)
    assert any(re.match(r"The session ended before the script did; \d+ of its lines", row) for row in said)
