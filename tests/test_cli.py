"""The command line, run as people run it."""

from __future__ import annotations

import contextlib
import csv
import json
from pathlib import Path

import pytest

from tests import bank
from tests.runs import kata_folder, run
from workbook.graders.catalogue import every, find
from workbook.graders.hints import rungs
from workbook.grading.verdict import PASSED, CheckResult
from workbook.places import STUBS
from workbook.progress import Progress
from workbook.watch import saves

SOLUTION = (bank.SOLUTIONS / "broker.py").read_text(encoding="utf-8")
STUB = (STUBS / "broker.py").read_text(encoding="utf-8")
# Where any kata will do, the one that is graded soonest.
WILDCARD = (bank.SOLUTIONS / "wildcard.py").read_text(encoding="utf-8")


def test_without_arguments_it_shows_where_you_stand_with_an_empty_history(tmp_path: Path) -> None:
    kata_folder(tmp_path)
    done = run(tmp_path, "pubsub")
    assert done.returncode == 0
    assert "not begun" in done.stdout
    assert "Next: Open katas/broker.py" in done.stdout


def test_grading_is_remembered_until_the_file_changes(tmp_path: Path) -> None:
    katas = kata_folder(tmp_path, wildcard=WILDCARD)
    assert run(tmp_path, "pubsub", "grade", "wildcard").returncode == 0
    assert "passed" in run(tmp_path, "pubsub").stdout
    (katas / "wildcard.py").write_text(WILDCARD + "\n# changed\n")
    done = run(tmp_path, "pubsub")
    assert "changed since it was graded" in done.stdout
    assert "run `pubsub grade wildcard`" in done.stdout


def test_study_grades_what_changed(tmp_path: Path) -> None:
    kata_folder(tmp_path, wildcard=WILDCARD)
    done = run(tmp_path, "pubsub", "study")
    assert "+ empty_tokens_are_refused" in done.stdout
    assert "changed since" not in run(tmp_path, "pubsub").stdout


def test_a_red_file_exits_with_one_and_shows_a_card_a_stage(tmp_path: Path) -> None:
    kata_folder(tmp_path)
    done = run(tmp_path, "pubsub", "grade", "broker", "--results", "out.json")
    assert done.returncode == 1
    stages = json.loads((tmp_path / "out.json").read_text())["stages"]
    assert done.stdout.count("Rule  ") == sum(stage["verdict"] == "failed" for stage in stages)
    assert all(check["status"] != "passed" for stage in stages for check in stage["checks"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("grade", "nope"), "there is no kata 'nope'; the katas are broker, wildcard, outbox"),
        (("grade", "broker", "--file", "gone.py"), "gone.py cannot be read (No such file or directory)"),
        (("grade", "--file", "x.py"), "--file and --all need the name of the kata"),
        (("grade", "broker", "--all", "gone"), "--all needs a folder, and gone is none"),
        (("grade", "broker", "--csv", "x.csv"), "--csv goes with --all DIR"),
        (("reset", "nope"), "there is no kata 'nope'"),
    ],
)
def test_bad_input_gets_one_sentence(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    kata_folder(tmp_path)
    done = run(tmp_path, "pubsub", *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_reset_keeps_every_earlier_copy(tmp_path: Path) -> None:
    katas = kata_folder(tmp_path)
    for text in ("first", "second", "second"):
        (katas / "broker.py").write_text(text)
        assert run(tmp_path, "pubsub", "reset", "broker").returncode == 0
        assert (katas / "broker.py").read_text() == STUB
    kept = sorted(path.read_text() for path in (katas / "kept").iterdir())
    assert kept == ["first", "second", "second"]
    assert "is the stub" in run(tmp_path, "pubsub", "reset", "broker").stdout


def test_a_teacher_gets_a_row_a_file(tmp_path: Path) -> None:
    files = tmp_path / "class"
    files.mkdir()
    (files / "ann.py").write_text(WILDCARD)
    (files / "bob.py").write_text((STUBS / "wildcard.py").read_text(encoding="utf-8"))
    (files / "=cmd.py").write_text("import os; os._exit(0)")
    kata_folder(tmp_path)
    done = run(tmp_path, "pubsub", "grade", "wildcard", "--all", "class", "--csv", "out.csv")
    assert done.returncode == 0, done.stderr
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == ["'=cmd.py", "ann.py", "bob.py"]
    assert [row["stage 1"] for row in rows] == ["crashed", "passed", "failed"]
    assert rows[1]["passed"] == rows[1]["of"]


def test_grading_other_peoples_files_leaves_no_trace_in_progress(tmp_path: Path, home: Path) -> None:
    files = tmp_path / "class"
    files.mkdir()
    (files / "ann.py").write_text("import sys; sys.exit(1)")
    kata_folder(tmp_path)
    run(tmp_path, "pubsub", "grade", "broker", "--all", "class")
    assert not home.exists()


def test_doctor_has_a_line_a_component(tmp_path: Path) -> None:
    kata_folder(tmp_path)
    done = run(tmp_path, "pubsub", "doctor")
    names = [line.split()[1] for line in done.stdout.splitlines()]
    assert names[:4] == ["Python", "Containment", "Katas", "Progress"]
    assert {"PostgreSQL", "Kafka", "NATS"} <= set(names)


def test_hints_come_in_three_rungs_and_are_remembered(tmp_path: Path) -> None:
    kata_folder(tmp_path)
    said = [run(tmp_path, "pubsub", "hint", "broker", "live_once_entered").stdout for _ in range(4)]
    assert [line[:12] for line in said] == ["Hint 1 of 3:", "Hint 2 of 3:", "Hint 3 of 3:", "Hint 3 of 3:"]
    assert "Question 3" in said[1]
    assert "has no check" in run(tmp_path, "pubsub", "hint", "broker", "nope").stderr


def test_a_solution_is_earned_or_given_up_for(tmp_path: Path, home: Path) -> None:
    katas = kata_folder(tmp_path)
    refused = run(tmp_path, "pubsub", "solution", "broker")
    assert refused.returncode == 1
    assert "have not passed yet" in refused.stderr
    shown = run(tmp_path, "pubsub", "solution", "broker", "--give-up")
    assert SOLUTION.strip() in shown.stdout
    kata = find("broker")
    with Progress.open(home) as progress:
        for check in kata.checks:
            progress.record("broker", "abc", 1, CheckResult(check.id, check.stage, check.rule, PASSED, 0.0))
    assert SOLUTION.strip() in run(tmp_path, "pubsub", "solution", "broker").stdout
    assert (katas / "broker.py").read_text() == STUB


def test_a_candidates_folder_is_graded_by_plain_pytest(tmp_path: Path) -> None:
    done = run(tmp_path, "pubsub", "start", "broker", "ann")
    assert done.returncode == 0
    assert "runs as you" in done.stdout
    graded = run(tmp_path / "ann", "pytest", "-k", "contract")
    assert "1 failed" in graded.stdout


@pytest.mark.parametrize("kind", ["full", "link", "file"])
def test_a_candidates_folder_is_never_written_over(tmp_path: Path, kind: str) -> None:
    where = tmp_path / "ann"
    if kind == "full":
        where.mkdir()
        (where / "mine.txt").write_text("mine")
    elif kind == "link":
        (tmp_path / "real").mkdir()
        where.symlink_to(tmp_path / "real")
    else:
        where.write_text("mine")
    done = run(tmp_path, "pubsub", "start", "broker", "ann")
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_save_is_seen_once_it_has_come_to_rest(tmp_path: Path) -> None:
    path = tmp_path / "broker.py"
    script = iter(
        ["one", "one", "half", "half a", "half a file", "half a file", None, None, "", "", "two", "two"]
    )

    def sleep(_seconds: float) -> None:
        text = next(script)
        if text is None:
            path.unlink(missing_ok=True)
        else:
            path.write_text(text)

    seen = []
    path.write_text("one")
    with contextlib.suppress(RuntimeError):  # the script is over: StopIteration inside a generator
        for content in saves(path, sleep):
            seen.append(content)  # noqa: PERF402 - extend would lose all when the generator raises
    assert seen == [b"one", b"half a file", None, b"two"]


def test_every_check_has_three_hints() -> None:
    for kata in every():
        for check in kata.checks:
            texts = rungs(kata, check)
            assert len(texts) == 3, check.id
            assert all(texts), check.id
