"""An Anki deck and a table, whose ids stay whatever happens to the text."""

from __future__ import annotations

import csv
import re
import sqlite3
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.review.material import CARDS
from workbook.review.cards import Card, read_cards
from workbook.review.deck import COLUMNS, CannotWrite, as_html, guid, write_anki, write_csv


def notes(path: Path) -> dict[str, tuple[str, list[str]]]:
    """guid -> model and fields, as Anki would read them."""
    with zipfile.ZipFile(path) as package:
        package.extract("collection.anki2", path.parent)
    connection = sqlite3.connect(path.parent / "collection.anki2")
    try:
        rows = connection.execute("SELECT guid, mid, flds FROM notes").fetchall()
    finally:
        connection.close()
    return {row[0]: (str(row[1]), row[2].split("\x1f")) for row in rows}


def written(folder: Path, name: str, cards: Sequence[Card]) -> dict[str, tuple[str, list[str]]]:
    (folder / name).mkdir()
    write_anki(cards, folder / name / "deck.apkg")
    return notes(folder / name / "deck.apkg")


def test_an_edited_deck_keeps_every_id(tmp_path: Path) -> None:
    edited = [
        replace(card, front=card.front + " Now.", back="Anew.", level="staff") for card in reversed(CARDS)
    ]
    before, after = written(tmp_path, "before", CARDS), written(tmp_path, "after", edited)
    assert before.keys() == after.keys() == {guid(card.id) for card in CARDS}
    assert {model for model, _ in before.values()} == {model for model, _ in after.values()}
    assert before != after


def test_the_ids_are_the_ones_that_were_given_out_first() -> None:
    assert [guid(one) for one in ("q03", "c38", "r13")] == GUIDS


GUIDS = ["zPn;;;C(VP", "j^gx{>oUl,", "Eb*NowsVdB"]


def test_all_cards_of_the_workbook_go_into_a_deck_each_once(tmp_path: Path) -> None:
    cards, _ = read_cards()
    found = written(tmp_path, "all", cards)
    assert sorted(fields[0] for _, fields in found.values()) == sorted(card.id for card in cards)
    assert all(front and back for _, (_, _, front, back) in found.values())


def test_a_table_has_a_row_a_card(tmp_path: Path) -> None:
    write_csv(CARDS, tmp_path / "cards.csv")
    with (tmp_path / "cards.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [row["id"] for row in rows] == [card.id for card in CARDS]
    assert rows[0]["back"] == "A map.\n\n- **Lock.** One."


@pytest.mark.parametrize("write", [write_anki, write_csv])
def test_a_file_that_is_there_is_left_alone(write: object, tmp_path: Path) -> None:
    path = tmp_path / "cards"
    path.write_text("mine")
    with pytest.raises(CannotWrite, match=r"is there already; name another file"):
        write(CARDS, path)  # type: ignore[operator]
    assert path.read_text() == "mine"


@pytest.mark.parametrize("write", [write_anki, write_csv])
def test_a_folder_that_is_not_there_is_named_and_nothing_is_left_behind(
    write: object, tmp_path: Path
) -> None:
    with pytest.raises(CannotWrite, match=r"cannot be written \(No such file or directory\)"):
        write(CARDS, tmp_path / "nowhere" / "cards")  # type: ignore[operator]
    assert list(tmp_path.iterdir()) == []


def test_markdown_becomes_html_and_everything_else_stays_text() -> None:
    assert as_html("Say `a < b`, **not** *that*.") == (
        "<p>Say <code>a &lt; b</code>, <b>not</b> <i>that</i>.</p>"
    )
    assert (
        as_html("One\ntwo.\n\n- <x>\n- `*`")
        == "<p>One two.</p><ul><li>&lt;x&gt;</li><li><code>*</code></li></ul>"
    )


def test_no_markup_is_left_over_in_any_card() -> None:
    for card in read_cards()[0]:
        text = re.sub(r"<code>.*?</code>", "", as_html("\n\n".join([card.front, card.back, *card.points])))
        assert "**" not in text, card.id
        assert "`" not in text, card.id
