"""The page that shows what the graders were put through."""

from __future__ import annotations

import html
import json
from pathlib import Path

import markdown
import pytest

from tests import bank
from workbook.graders.catalogue import NAMES
from workbook.site import MATRIX
from workbook.site_proof import proof_page


def row(**changed: object) -> dict[str, object]:
    made: dict[str, object] = {
        "kata": "broker",
        "kind": "wrong",
        "name": "publish_waits",
        "expected": "publish_never_waits",
        "caught_by": "publish_never_waits",
        "seen": "failed",
        "message": "It waits.",
        "as_expected": True,
    }
    return made | changed


def page(tmp_path: Path, *rows: object) -> str:
    path = tmp_path / "matrix.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    return proof_page(path)


def test_every_answer_of_the_bank_stands_in_the_table_and_was_judged_rightly() -> None:
    rows = json.loads(MATRIX.read_text(encoding="utf-8"))
    found = {(one["kata"], one["kind"], one["name"]) for one in rows}
    there = {(kata, "right", path.stem) for kata in NAMES for path in bank.right(kata)}
    there |= {(kata, "wrong", path.stem) for kata in NAMES for path in bank.wrong(kata)}
    there |= {("broker", "hostile", path.stem) for path in bank.hostile()}
    assert found == there, "make matrix"
    assert [one["name"] for one in rows if not one["as_expected"]] == []


def test_the_overview_counts_by_kata_and_kind(tmp_path: Path) -> None:
    text = page(tmp_path, row(), row(name="publish_raises"), row(kata="outbox", kind="right", expected="x"))
    assert "| [broker](broker.md) | none | 2 of 2 judged rightly | none |" in text
    assert "| [outbox](outbox.md) | 1 of 1 judged rightly | none | none |" in text


def test_an_answer_that_was_judged_wrongly_is_not_hidden(tmp_path: Path) -> None:
    text = page(tmp_path, row(as_expected=False, seen="passed", message=""))
    assert "0 of 1 judged rightly" in text
    assert "**not as expected**: passed" in text


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("`a.dropped` gives 3", "<code>a.dropped</code> gives 3"),
        ("a `lonely mark", "a `lonely mark"),
        ("`f(<b>, 'x|y')` raised", "<code>f(&lt;b&gt;, 'x|y')</code> raised"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("two | cells, *stars*, [links](x)", "two | cells, *stars*, [links](x)"),
    ],
)
def test_what_a_file_made_the_grader_say_is_text(tmp_path: Path, message: str, shown: str) -> None:
    made = markdown.markdown(page(tmp_path, row(message=message)), extensions=["tables"])
    cell = made.rsplit("<td>", 1)[1].split("</td>")[0]
    assert html.unescape(cell) == html.unescape(shown)
    assert "<script" not in made


def test_a_file_that_is_something_else_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "matrix.json").write_text('{"rows": 3}')
    with pytest.raises(ValueError, match="is not what `make matrix` writes"):
        proof_page(tmp_path / "matrix.json")


def test_without_the_table_the_page_says_how_it_is_made(tmp_path: Path) -> None:
    assert "`make matrix` makes it" in proof_page(tmp_path / "none.json")
