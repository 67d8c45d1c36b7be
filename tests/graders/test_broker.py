"""The broker's grader, both ways: every right answer passes everything, every wrong one fails its check."""

from pathlib import Path

import pytest

from tests import bank
from workbook.graders.catalogue import find
from workbook.grading.verdict import Status
from workbook.places import STUBS

KATA = find("broker")
IDS = {check.id for check in KATA.checks}


def name(path: Path) -> str:
    return path.stem


def test_the_solution_passes_every_check() -> None:
    results = bank.grade("broker", bank.right("broker")[0])
    assert {check: one.verdict for check, one in results.items() if one.status is not Status.PASSED} == {}
    assert set(results) == IDS


@pytest.mark.parametrize("path", bank.right("broker")[1:], ids=name)
def test_a_right_answer_passes_the_first_three_stages(path: Path) -> None:
    """The later stages run every right answer through thousands of schedules; `make matrix` does that."""
    early = [check.id for check in KATA.checks if check.stage <= 3]
    results = bank.grade("broker", path, *early)
    assert {check: one.verdict for check, one in results.items() if one.status is not Status.PASSED} == {}
    assert set(results) == set(early)


@pytest.mark.parametrize("path", bank.one_wrong_for_each_check("broker"), ids=name)
def test_a_wrong_answer_fails_the_check_it_names(path: Path) -> None:
    check = bank.first_line(path)
    result = bank.grade("broker", path, check)[check]
    assert result.status.is_red, result.verdict
    assert result.verdict.message


def test_the_stub_fails_every_check_of_the_core() -> None:
    results = bank.grade("broker", STUBS / "broker.py")
    assert [check for check, result in results.items() if result.status is Status.PASSED] == []


def test_every_check_has_a_wrong_answer_that_it_catches() -> None:
    assert sorted(IDS - bank.named_checks("broker")) == []


def test_every_wrong_answer_names_a_check() -> None:
    assert sorted(bank.named_checks("broker") - IDS) == []
