"""Progress survives, or says in one sentence why it is not kept, and overwrites nothing."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from workbook.grading.verdict import PASSED, CheckResult, Status, Verdict
from workbook.progress import VERSION, Progress, ProgressError


def result(check: str, status: Status = Status.PASSED) -> CheckResult:
    return CheckResult(check, 1, "a rule", PASSED if status is Status.PASSED else Verdict(status, "why"), 0.1)


def test_the_newest_verdict_of_a_content_counts(tmp_path: Path) -> None:
    with Progress.open(tmp_path) as progress:
        progress.record("broker", "abc", 1, result("a", Status.FAILED))
        progress.record("broker", "abc", 2, result("a"))
        progress.record("broker", "abc", 2, result("b", Status.TIMED_OUT))
    with Progress.open(tmp_path) as progress:
        standing = progress.standing("broker", "abc")
    assert standing is not None
    assert standing.statuses == {"a": Status.PASSED, "b": Status.TIMED_OUT}


def test_verdicts_belong_to_the_content(tmp_path: Path) -> None:
    with Progress.open(tmp_path) as progress:
        progress.record("broker", "abc", 1, result("a"))
        assert progress.standing("broker", "other") is None
        assert progress.standing("wildcard", "abc") is None
        assert progress.passed_ever("broker") == {"a"}


def test_what_could_not_be_graded_is_not_kept(tmp_path: Path) -> None:
    with Progress.open(tmp_path) as progress:
        progress.record("broker", "abc", 1, result("a", Status.NOT_GRADED))
        assert progress.latest("broker") is None


def test_a_kill_loses_at_most_the_verdict_being_written(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from tests.test_progress import result
from workbook.progress import Progress
with Progress.open(Path(sys.argv[1])) as progress:
    for number in range(100_000):
        progress.record("broker", "abc", number, result(f"check {number}"))
        print(number, flush=True)
"""
    root = Path(__file__).parent.parent
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=root
    )
    assert child.stdout is not None
    for line in child.stdout:
        if int(line) >= 50:
            break
    os.kill(child.pid, signal.SIGKILL)
    rest = child.stdout.read().split()
    child.stdout.close()
    child.wait()
    said = max([50, *map(int, rest)])
    with Progress.open(tmp_path) as progress:
        standing = progress.standing("broker", "abc")
    assert standing is not None
    assert len(standing.statuses) in (said + 1, said + 2)


def test_a_damaged_file_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "progress.sqlite3"
    path.write_bytes(b"not a database at all" * 100)
    before = path.read_bytes()
    with (
        pytest.raises(ProgressError, match=r"progress.sqlite3 is damaged .* nothing was overwritten"),
        Progress.open(tmp_path),
    ):
        pass
    assert path.read_bytes() == before


def test_a_newer_file_is_named_and_left_alone(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "progress.sqlite3")
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    with pytest.raises(ProgressError, match="newer workbook"), Progress.open(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ProgressError, match=r"cannot be made .* set PUBSUB_HOME"),
        Progress.open(tmp_path / "file" / "home"),
    ):
        pass


def test_a_read_only_file_is_named(tmp_path: Path) -> None:
    with Progress.open(tmp_path) as progress:
        progress.record("broker", "abc", 1, result("a"))
    path = tmp_path / "progress.sqlite3"
    if os.geteuid() == 0:
        # root may write anywhere; a folder in the file's place is refused to root, too
        path.unlink()
        path.mkdir()
    else:
        path.chmod(0o400)
        tmp_path.chmod(0o500)
    try:
        with pytest.raises(ProgressError, match="cannot be used"), Progress.open(tmp_path) as progress:
            progress.record("broker", "abc", 1, result("a"))
    finally:
        tmp_path.chmod(0o700)


def test_a_file_system_without_shared_memory_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Remote(sqlite3.Connection):
        def execute(self, sql: str, *arguments: object) -> sqlite3.Cursor:  # type: ignore[override]
            if "journal_mode" in sql:
                return super().execute("SELECT 'delete'")
            return super().execute(sql, *arguments)  # type: ignore[arg-type]

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **k, factory=Remote))
    with pytest.raises(ProgressError, match="network home"), Progress.open(tmp_path):
        pass
