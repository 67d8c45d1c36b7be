"""The outbox grader: every right answer passes. A file of its own, so that it is run beside the wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import bank
from workbook.graders.catalogue import find
from workbook.grading.verdict import Status

KATA = find("outbox")


def name(path: Path) -> str:
    return path.stem


def test_the_solution_passes_every_check() -> None:
    results = bank.grade("outbox", bank.right("outbox")[0])
    assert {check: one.verdict for check, one in results.items() if one.status is not Status.PASSED} == {}
    assert set(results) == {check.id for check in KATA.checks}


@pytest.mark.parametrize("path", bank.right("outbox")[1:], ids=name)
def test_a_right_answer_passes_the_first_three_stages(path: Path) -> None:
    """Outages and throughput take their time; `make matrix` puts every right answer through them, too."""
    early = [check.id for check in KATA.checks if check.stage <= 3]
    results = bank.grade("outbox", path, *early)
    assert {check: one.verdict for check, one in results.items() if one.status is not Status.PASSED} == {}
    assert set(results) == set(early)
