"""The command line, run as people run it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests import bank
from tests.runs import kata_folder, run
from workbook.places import STUBS

SOLUTION = (bank.SOLUTIONS / "broker.py").read_text(encoding="utf-8")
STUB = (STUBS / "broker.py").read_text(encoding="utf-8")


def test_without_arguments_it_shows_where_you_stand_with_an_empty_history(tmp_path: Path) -> None:
    kata_folder(tmp_path)
    done = run(tmp_path, "pubsub")
    assert done.returncode == 0
    assert "not begun" in done.stdout
    assert "Next: Open katas/broker.py" in done.stdout


def test_grading_is_remembered_until_the_file_changes(tmp_path: Path) -> None:
    katas = kata_folder(tmp_path, broker=SOLUTION)
    assert run(tmp_path, "pubsub", "grade", "broker").returncode == 0
    assert "passed" in run(tmp_path, "pubsub").stdout
    (katas / "broker.py").write_text(SOLUTION + "\n# changed\n")
    done = run(tmp_path, "pubsub")
    assert "changed since it was graded" in done.stdout
    assert "run `pubsub grade broker`" in done.stdout


def test_study_grades_what_changed(tmp_path: Path) -> None:
    kata_folder(tmp_path, broker=SOLUTION)
    done = run(tmp_path, "pubsub", "study")
    assert "+ live_once_entered" in done.stdout
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
        (("grade", "nope"), "there is no kata 'nope'; the katas are broker"),
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
    (files / "ann.py").write_text(SOLUTION)
    (files / "bob.py").write_text(STUB)
    (files / "=cmd.py").write_text("import os; os._exit(0)")
    kata_folder(tmp_path)
    done = run(tmp_path, "pubsub", "grade", "broker", "--all", "class", "--csv", "out.csv")
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
