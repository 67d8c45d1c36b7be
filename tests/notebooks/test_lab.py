"""A working copy of the notebooks: new ones arrive, and nothing a learner wrote is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbook.lab import refresh

NAME = "q03_minimal_broker.ipynb"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "notebooks"
    folder.mkdir()
    (folder / NAME).write_text("first", encoding="utf-8")
    return folder


def test_notebooks_are_copied(source: Path, tmp_path: Path) -> None:
    assert refresh(source, tmp_path / "lab") == []
    assert (tmp_path / "lab" / NAME).read_text(encoding="utf-8") == "first"


def test_a_copy_that_was_not_touched_is_brought_up_to_date(source: Path, tmp_path: Path) -> None:
    refresh(source, tmp_path / "lab")
    (source / NAME).write_text("second", encoding="utf-8")
    assert refresh(source, tmp_path / "lab") == []
    assert (tmp_path / "lab" / NAME).read_text(encoding="utf-8") == "second"


def test_a_copy_that_was_changed_stays_and_is_named(source: Path, tmp_path: Path) -> None:
    copy = tmp_path / "lab" / NAME
    refresh(source, tmp_path / "lab")
    copy.write_text("mine", encoding="utf-8")
    assert refresh(source, tmp_path / "lab") == []  # nothing newer: nothing to say
    (source / NAME).write_text("second", encoding="utf-8")
    (sentence,) = refresh(source, tmp_path / "lab")
    assert sentence.startswith(f"{copy} stays as you left it")
    assert copy.read_text(encoding="utf-8") == "mine"
    assert len(refresh(source, tmp_path / "lab")) == 1  # and again the next time


def test_a_file_that_was_there_before_stays(source: Path, tmp_path: Path) -> None:
    copy = tmp_path / "lab" / NAME
    copy.parent.mkdir()
    copy.write_text("mine", encoding="utf-8")
    assert len(refresh(source, tmp_path / "lab")) == 1
    assert copy.read_text(encoding="utf-8") == "mine"


def test_a_deleted_copy_comes_back(source: Path, tmp_path: Path) -> None:
    refresh(source, tmp_path / "lab")
    (tmp_path / "lab" / NAME).unlink()
    assert refresh(source, tmp_path / "lab") == []
    assert (tmp_path / "lab" / NAME).read_text(encoding="utf-8") == "first"
