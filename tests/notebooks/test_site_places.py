"""Places in the pages of reference become links to where the site shows them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.notebooks.skeleton import notebook
from workbook.places import CHECKOUT, notebooks
from workbook.questions import Question, examine, read
from workbook.reference import read_reference
from workbook.site_pages import question_page
from workbook.site_places import PAGES, linked

QUESTIONS = tuple(one for path in sorted(notebooks().glob("*.ipynb")) if (one := examine(path)[0]))


@pytest.fixture
def question(tmp_path: Path) -> Question:
    path = tmp_path / "q03_minimal_broker.ipynb"
    path.write_text(json.dumps(notebook()), encoding="utf-8")
    return read(path)


def test_each_kind_of_place_has_its_page(question: Question) -> None:
    text = "Shown: `q03 demo`, `q03 trap`, `q03 go`, `outbox: header_is_the_id`, `hot_keys`, `q03:point-1`"
    page = "questions/q03_minimal_broker.md"
    assert re.findall(r"\]\(([^)]+)\)", linked(text, [question])) == [
        f"{page}#demo-what-happens",
        f"{page}#trap-it-is-three",
        f"{page}#in-go",
        "katas/outbox.md",
        "scenarios/hot_keys.md",
        f"{page}#key-points",
    ]


def test_what_is_no_place_or_not_there_stays_as_it_is(question: Question) -> None:
    for text in ("`select`", "`q11 demo`", "`q03 trap 9`", "`Queue(0)`", "`r01`"):
        assert linked(text, [question]) == text


def test_every_anchor_of_the_pages_is_a_heading_of_its_question() -> None:
    from markdown.extensions.toc import slugify

    headings = {
        f"questions/{one.id}_{one.slug}.md": {
            slugify(re.sub(r"[`*]", "", line.lstrip("# ")), "-")
            for line in question_page(one)[0].splitlines()
            if line.startswith("## ")
        }
        for one in QUESTIONS
    }
    for page in PAGES:
        text = linked((CHECKOUT / "docs" / page).read_text(encoding="utf-8"), QUESTIONS)
        found = re.findall(r"\]\((questions/[^#)]+)#([^)]+)\)", text)
        assert found, page
        assert [one for one in found if one[1] not in headings[one[0]]] == []


def test_every_place_of_a_notebook_that_is_there_gets_a_link() -> None:
    there = {one.id for one in QUESTIONS}
    text = linked((CHECKOUT / "docs" / "signals.md").read_text(encoding="utf-8"), QUESTIONS)
    for flag in read_reference().flags:
        for place in flag.shown:
            if place.kind != "notebook" or place.name in there:
                assert f"[`{place}`](" in text, flag.id
