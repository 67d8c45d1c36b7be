"""Concept checks, signals, corrections and the reading list keep their form, and point at what is there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.notebooks.shingles import shared
from workbook.cross_check import ALL, CORRECTIONS, dangling, missing, unsettled
from workbook.graders.catalogue import every
from workbook.notebook_cells import FormatFault
from workbook.places import CHECKOUT, notebooks
from workbook.questions import LEVELS, Question, examine
from workbook.reference import Place, Reference, place, read_reference

DOCS = CHECKOUT / "docs"
PAGES = ["concept_checks.md", "corrections.md", "reading.md", "signals.md"]
CHECKS = {kata.name: {check.id for check in kata.checks} for kata in every()}
# A notebook with a fault of form is test_format's to report; here it counts as still to be written.
QUESTIONS = tuple(one for path in sorted(notebooks().glob("*.ipynb")) if (one := examine(path)[0]))
THERE = {question.id: question for question in QUESTIONS}


@pytest.fixture(scope="module")
def reference() -> Reference:
    return read_reference()


def broken(folder: Path, page: str, old: str, new: str) -> Path:
    for name in PAGES:
        shutil.copy(DOCS / name, folder / name)
    text = (folder / page).read_text(encoding="utf-8")
    assert old in text
    (folder / page).write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


def faults(folder: Path) -> list[str]:
    """What is dangling in these pages and not in those of the workbook."""
    known = dangling(read_reference(), QUESTIONS, CHECKS)
    return [one for one in dangling(read_reference(folder), QUESTIONS, CHECKS) if one not in known]


def test_there_are_as_many_entries_as_promised(reference: Reference) -> None:
    assert len(reference.checks) >= 40
    assert sum(flag.kind == "red" for flag in reference.flags) >= 18
    assert sum(flag.kind == "strong" for flag in reference.flags) >= 18
    assert [
        int(one.id[1:]) for one in sorted(reference.corrections, key=lambda one: int(one.id[1:]))
    ] == list(range(1, CORRECTIONS + 1))
    assert len(reference.reading) >= 20


def test_each_question_and_each_level_has_a_concept_check(reference: Reference) -> None:
    assert {check.notebook for check in reference.checks} == set(ALL)
    assert {check.level for check in reference.checks} == set(LEVELS)


def test_everything_the_pages_point_at_is_there(reference: Reference) -> None:
    assert dangling(reference, QUESTIONS, CHECKS) == []


@pytest.mark.parametrize("question", ALL)
def test_the_notebook_is_written_and_nothing_waits_for_it(question: str, reference: Reference) -> None:
    """Expected to fail as long as the notebook is missing: the reason names what waits for it."""
    if waiting := unsettled(reference, QUESTIONS).get(question):
        pytest.xfail(f"{question} is still to be written; it is waited for by {', '.join(waiting)}")
    assert question in THERE


def test_a_correction_rests_on_something_and_run_comes_with_a_place(reference: Reference) -> None:
    for correction in reference.corrections:
        assert correction.evidence, correction.id
        assert all(one.places for one in correction.evidence if one.label == "run"), correction.id


def test_the_pages_are_in_our_own_words() -> None:
    for page in PAGES:
        assert shared((DOCS / page).read_text(encoding="utf-8")) == [], page


def without(question: str) -> tuple[Question, ...]:
    return tuple(one for one in QUESTIONS if one.id != question)


def test_a_missing_notebook_is_named_with_what_waits_for_it(reference: Reference) -> None:
    assert "q11" in missing(without("q11"))
    waiting = unsettled(reference, without("q11"))["q11"]
    assert {"c17", "E2 (q11 trap 2)"} <= set(waiting)
    assert not any("q11" in fault for fault in dangling(reference, without("q11"), CHECKS))


@pytest.mark.parametrize(
    ("page", "old", "new", "sentence"),
    [
        ("signals.md", "`q11 demo`", "`q26 demo`", "r01 points at `q26 demo`, and there is no question q26."),
        ("signals.md", "`q03 trap 1`", "`q03 trap 9`", "r03 points at `q03 trap 9`, and q03 has 3 traps."),
        ("corrections.md", "`q03 go`", "`q15 go`", "E44 points at `q15 go`, and q15 has no cell with the role go."),
        ("corrections.md", "header_is_the_id", "gone", "E8 points at `outbox: gone`, and outbox has no such check."),
        ("corrections.md", "### E12 ", "### E47 ", "E12 is not in corrections.md; every correction has an entry."),
    ],
)  # fmt: skip
def test_a_place_that_is_not_there_gets_a_sentence(
    page: str, old: str, new: str, sentence: str, tmp_path: Path
) -> None:
    assert faults(broken(tmp_path, page, old, new)) == [sentence]


@pytest.mark.parametrize("new", ["`q03:gone`", "`q03`"])
def test_a_check_without_a_key_point_of_its_notebook_is_told_which_there_are(
    new: str, tmp_path: Path
) -> None:
    found = faults(broken(tmp_path, "concept_checks.md", "`q03:python-s-zero`", new))
    assert len(found) == 1
    assert found[0].startswith("c38 points at ")
    assert "q03:python-s-zero" in found[0]


@pytest.mark.parametrize(
    ("page", "old", "new", "rule"),
    [
        ("concept_checks.md", "`c38` · ", "c38: ", "a check is a `### ` heading"),
        ("concept_checks.md", "## Staff", "## Boss", "is no question of the level 'boss'; move the check"),
        ("concept_checks.md", "Everything: zero", "Everything " * 60 + "zero", "which is one breath"),
        ("signals.md", "- `s01` ", "- `r99` ", "with r under `## Red flags` and s under"),
        ("signals.md", "`q11 demo`", "`the demo`", "'the demo' is no place"),
        ("signals.md", "`q11 demo`", "`q11 demo` and", "an item is - `r01`"),
        ("corrections.md", "**You will hear.** Keep", "You hear: keep", "this paragraph of E2 starts with **You will"),
        ("corrections.md", "- argument: a claim", "- seen: a claim", "evidence is `- run: ...`"),
        ("corrections.md", "### E1 · ", "### ", "an entry is `### E1 · The claim`"),
        ("reading.md", " § Observer", "", "names no section"),
        ("reading.md", "- [Eugster", "[Eugster", "below a heading stand items"),
        ("signals.md", "`r02`", "`r01`", "two entries have the id r01"),
    ],
)  # fmt: skip
def test_a_fault_of_form_gets_one_sentence_with_file(
    page: str, old: str, new: str, rule: str, tmp_path: Path
) -> None:
    with pytest.raises(FormatFault) as fault:
        read_reference(broken(tmp_path, page, old, new))
    assert str(fault.value).startswith(page)
    assert rule in str(fault.value)
    assert "\n" not in str(fault.value)


def test_a_page_that_is_not_there_gets_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(FormatFault, match=r"concept_checks\.md: it cannot be read"):
        read_reference(tmp_path)


def test_a_place_is_read_and_written_the_same() -> None:
    for text in ("q11 trap 2", "q11 trap", "outbox: header_is_the_id", "hot_keys"):
        assert str(place(text)) == text
    assert place("q11 go") == Place("notebook", "q11", "go")
