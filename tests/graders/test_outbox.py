"""The outbox grader: every wrong answer fails the check it names, and what it does without an answer or a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import bank
from workbook.graders.catalogue import find
from workbook.graders.hints import rungs
from workbook.grading.verdict import Status
from workbook.places import STUBS

KATA = find("outbox")
IDS = {check.id for check in KATA.checks}
CORE = {check.id for check in KATA.checks if check.stage < 5}


def name(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", bank.one_wrong_for_each_check("outbox"), ids=name)
def test_a_wrong_answer_fails_the_check_it_names(path: Path) -> None:
    check = bank.first_line(path)
    result = bank.grade("outbox", path, check)[check]
    assert result.status.is_red, result.verdict
    assert result.verdict.message


def test_the_stub_fails_every_check_of_the_core_and_needs_no_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nobody() -> None:
        raise AssertionError("PostgreSQL was started")

    monkeypatch.setattr("workbook.graders.outbox_workshop.postgres", nobody)
    results = bank.grade("outbox", STUBS / "outbox.py")
    assert {check for check, result in results.items() if result.status is Status.FAILED} == CORE
    assert {results[check].status for check in IDS - CORE} == {Status.NOT_ATTEMPTED}
    assert all(results[check].verdict.message.startswith("Still to do: ") for check in CORE)


def test_without_postgresql_nothing_is_passed_and_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from workbook.services import ServiceError

    def missing() -> None:
        raise ServiceError("PostgreSQL", "is not there", "install it")

    monkeypatch.setattr("workbook.graders.outbox_workshop.postgres", missing)
    results = bank.grade(
        "outbox", bank.SOLUTIONS / "outbox.py", "header_is_the_id", "outage_at_start_is_survived"
    )
    assert {result.status for result in results.values()} == {Status.NOT_GRADED}
    assert {result.verdict.message for result in results.values()} == {"PostgreSQL is not there; install it."}


def test_every_check_has_a_wrong_answer_that_it_catches() -> None:
    assert sorted(IDS - bank.named_checks("outbox")) == []


def test_every_wrong_answer_names_a_check() -> None:
    assert sorted(bank.named_checks("outbox") - IDS) == []


def test_every_check_has_a_rule_a_reason_a_cause_and_three_hints() -> None:
    for check in KATA.checks:
        assert all((check.rule, check.rationale, check.likely, check.notebook)), check.id
        assert all(rungs(KATA, check)), check.id
        assert len(rungs(KATA, check)) == 3, check.id
