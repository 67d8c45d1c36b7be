"""The kata round really grades: a clean folder, the real graders, the time to each stage."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from workbook.grading.verdict import CheckResult
from workbook.interview.kata_questions import after_kata
from workbook.interview.kata_round import CannotStart, NotGraded, folder_of, grade, prepare
from workbook.interview.state import KATA_MINUTES
from workbook.places import CHECKOUT, MARKER, STUBS
from workbook.progress import Progress
from workbook.questions import KATAS


def test_the_folder_is_clean_and_is_the_same_one_after_a_kill(home: Path) -> None:
    folder = folder_of(3, "wildcard")
    assert home in folder.parents
    path = prepare("wildcard", folder)
    assert sorted(one.name for one in folder.iterdir()) == [MARKER, "wildcard.py"]
    assert path.read_bytes() == (STUBS / "wildcard.py").read_bytes()
    path.write_text("# begun\n")
    assert prepare("wildcard", folder).read_text() == "# begun\n"


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(CannotStart, match="is not empty"):
        prepare("broker", tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["letter.txt"]


def test_the_stub_passes_nothing_and_the_solution_everything(tmp_path: Path) -> None:
    path = prepare("wildcard", tmp_path / "round")
    told: list[CheckResult] = []
    found = grade("wildcard", path, told.append)
    assert sum(found.event.passed) < sum(found.event.total) == len(told)
    assert found.event.passed[1] < found.event.total[1]
    assert found.lines[0].startswith("stage 1, validation: 0 of ")
    path.write_bytes((CHECKOUT / "solutions" / "wildcard.py").read_bytes())
    found = grade("wildcard", path)
    assert found.event.passed == found.event.total
    with Progress.open() as progress:
        assert progress.latest("wildcard") is not None


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotGraded, match="cannot be read"):
        grade("wildcard", tmp_path / "wildcard.py")


def test_verdicts_that_cannot_be_kept_do_not_stop_the_grading(home: Path, tmp_path: Path) -> None:
    home.mkdir()
    with sqlite3.connect(home / "progress.sqlite3") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert grade("wildcard", prepare("wildcard", tmp_path / "round")).event.total


@pytest.mark.parametrize("kata", KATAS)
def test_every_kata_has_its_time_and_its_questions(kata: str) -> None:
    items = after_kata(kata)
    assert len(items) >= 2
    assert KATA_MINUTES[kata] > 0
    assert len({item.id for item in items}) == len(items)
    for item in items:
        assert item.question.endswith(("?", "."))
        assert len(item.points) == 3
        assert not item.follow_up
