"""The wildcard grader, both ways: every right answer passes everything, every wrong one fails its check."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests import bank
from workbook.graders import wildcard_oracle as oracle
from workbook.graders import wildcard_stage2
from workbook.graders.catalogue import find
from workbook.graders.wildcard_names import WHITE, every_name, faults
from workbook.grading.card import card
from workbook.grading.check import Record
from workbook.grading.verdict import Status
from workbook.places import STUBS

KATA = find("wildcard")
IDS = {check.id for check in KATA.checks}
CORE = {check.id for check in KATA.checks if check.stage < 4}


def name(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", bank.right("wildcard"), ids=name)
def test_a_right_answer_passes_every_check(path: Path) -> None:
    results = bank.grade("wildcard", path)
    assert {
        check: result.verdict for check, result in results.items() if result.status is not Status.PASSED
    } == {}
    assert set(results) == IDS


@pytest.mark.parametrize("path", bank.one_wrong_for_each_check("wildcard"), ids=name)
def test_a_wrong_answer_fails_the_check_it_names(path: Path) -> None:
    check = bank.first_line(path)
    result = bank.grade("wildcard", path, check)[check]
    assert result.status.is_red, result.verdict
    assert result.verdict.message


def test_the_stub_fails_every_check_of_the_core_and_the_follow_up_is_not_attempted() -> None:
    results = bank.grade("wildcard", STUBS / "wildcard.py")
    assert {check for check, result in results.items() if result.status is Status.FAILED} == CORE
    assert {results[check].status for check in IDS - CORE} == {Status.NOT_ATTEMPTED}
    assert all(results[check].verdict.message.startswith("Still to do: ") for check in CORE)


def test_every_check_has_a_wrong_answer_that_it_catches() -> None:
    assert sorted(IDS - bank.named_checks("wildcard")) == []


def test_every_wrong_answer_names_a_check() -> None:
    assert sorted(bank.named_checks("wildcard") - IDS) == []


def test_the_follow_up_waits_for_the_core() -> None:
    path = next(path for path in bank.wrong("wildcard") if path.stem == "regex_ignores_case")
    results = bank.grade("wildcard", path)
    assert {check for check, result in results.items() if result.status.is_red} == {"case_matters"}
    assert {results[check].status for check in IDS - CORE} == {Status.NOT_ATTEMPTED}


def test_a_history_is_shrunk_before_it_is_shown() -> None:
    path = next(
        path for path in bank.wrong("wildcard") if path.stem == "adding_spares_the_cache_of_longer_topics"
    )
    check = "random_operations_agree_with_the_model"
    result = bank.grade("wildcard", path, check, seed=1)[check]
    # Made, asked and remembered, added, asked again; whatever else is there was needed to break the rule.
    assert 4 <= len(result.verdict.history) <= 6
    assert len(card(KATA, KATA.check(check), result, 1).splitlines()) <= 16


class Plans:
    """A bench that keeps the plans and answers every question as the oracle does."""

    def __init__(self) -> None:
        self.rng = Random(1)
        self.source, self.file_name = "", "wildcard.py"
        self.pairs: list[tuple[str, str]] = []

    def play(self, plan: Mapping[str, Any]) -> list[Record]:
        records: list[Record] = []
        for scene, ops in enumerate(plan["scenes"]):
            for number, op in enumerate(ops):
                value: object = "T"
                if op["op"] == "ask":
                    value = ["".join(self.letter(op["f"], arguments) for arguments in op["args"]), []]
                elif op["op"] == "grid":
                    value = [
                        "".join(self.letter("matches", (topic, pattern)) for topic in op["topics"])
                        for pattern in op["patterns"]
                    ]
                records.append({"k": "end", "s": scene, "n": number, "v": value})
        return records

    def letter(self, function: str, arguments: Any) -> str:
        if function != "matches":
            return "N"
        topic, pattern = arguments
        self.pairs.append((topic, pattern))
        return "T" if oracle.matches(topic, pattern) else "F"


@pytest.mark.parametrize("check", wildcard_stage2.CHECKS, ids=lambda check: check.id)
def test_matches_is_asked_for_valid_names_only_and_both_answers_occur(check: Any) -> None:
    bench: Any = Plans()
    check.judge(bench)
    assert all(oracle.valid_topic(topic) and oracle.valid_pattern(pattern) for topic, pattern in bench.pairs)
    assert {oracle.matches(topic, pattern) for topic, pattern in bench.pairs} == {True, False}


def test_faults_are_what_makes_a_name_invalid() -> None:
    for one in every_name(["", "a", "*", ">", "a*", ">b", "a b", "\u00a0"], 3):
        assert oracle.valid_pattern(one) == (not faults(one, topic=False))
        assert oracle.valid_topic(one) == (not faults(one, topic=True))


def test_all_white_space_of_unicode_is_known() -> None:
    assert list(WHITE) == [character for character in map(chr, range(0x110000)) if character.isspace()]


def test_switching_tracing_off_does_not_pass_for_little_work(tmp_path: Path) -> None:
    scan = next(path for path in bank.wrong("wildcard") if path.stem == "a_list_of_pairs").read_text()
    hidden = scan.replace(
        "        validate_topic(topic)\n",
        "        __import__('sys').settrace(None)\n        validate_topic(topic)\n",
    )
    assert hidden != scan
    path = tmp_path / "wildcard.py"
    path.write_text(hidden)
    for check in ("other_prefixes_cost_nothing", "fresh_topics_are_no_cheaper"):
        result = bank.grade("wildcard", path, check)[check]
        assert result.status is Status.FAILED
        assert "switches tracing off" in result.verdict.message
