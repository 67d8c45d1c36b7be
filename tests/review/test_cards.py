"""Cards are made of notebooks and pages, under ids that others can name; a broken notebook costs its own card only."""

from __future__ import annotations

import json
from pathlib import Path

from tests.notebooks.skeleton import notebook
from workbook.places import CHECKOUT
from workbook.reference import Reference
from workbook.review.cards import Card, cards, level_of, read_cards

DOCS = CHECKOUT / "docs"


def made(folder: Path) -> tuple[dict[str, Card], list[str]]:
    (folder / "q03_minimal_broker.ipynb").write_text(json.dumps(notebook()), encoding="utf-8")
    found, faults = read_cards(folder, DOCS)
    return {card.id: card for card in found}, faults


def test_questions_checks_and_red_flags_become_cards_under_their_own_ids(tmp_path: Path) -> None:
    found, faults = made(tmp_path)
    assert faults == []
    assert found["q03"].front == '"Sketch one."'
    assert found["q03"].points[0] == "**Point 1.** Say it."
    assert found["c38"].kind == "check"
    assert found["r13"].kind == "flag"
    assert not [card for card in found.values() if card.id.startswith("s")]


def test_a_card_knows_the_question_that_shows_more(tmp_path: Path) -> None:
    found, _ = made(tmp_path)
    assert (found["q03"].question, found["c38"].question, found["r01"].question) == ("q03", "q03", "q11")
    assert found["r13"].question is None


def test_cards_are_ordered_by_level_questions_first(tmp_path: Path) -> None:
    made(tmp_path)
    found, _ = read_cards(tmp_path, DOCS)
    levels = [card.level for card in found]
    assert levels == sorted(levels, key=["junior", "middle", "senior", "staff"].index)
    assert found[0].id == "q03"


def test_a_check_shows_its_key_point_when_the_notebook_is_there(tmp_path: Path) -> None:
    found, _ = read_cards()
    check = next(card for card in found if card.id == "c38")
    assert check.points[0].startswith("**Python's zero.**")


def test_a_broken_notebook_or_page_is_told_and_costs_no_other_card(tmp_path: Path) -> None:
    (tmp_path / "q04_observer.ipynb").write_text("{", encoding="utf-8")
    found, faults = made(tmp_path)
    assert "q03" in found
    assert len(faults) == 1
    assert faults[0].startswith("q04_observer.ipynb: ")
    alone, faults = read_cards(tmp_path, tmp_path)
    assert [card.id for card in alone] == ["q03"]
    assert faults[-1].startswith("concept_checks.md: it cannot be read")


def test_the_level_of_a_question_follows_from_its_number() -> None:
    assert [level_of(one) for one in ("q01", "q08", "q16", "q25")] == ["junior", "middle", "senior", "staff"]


def test_no_two_cards_share_an_id() -> None:
    found, _ = read_cards()
    assert len({card.id for card in found}) == len(found)
    assert cards([], Reference((), (), (), ())) == ()
