"""What is built: strictly, small, without a request that leaves the site and without a dead link."""

from __future__ import annotations

import html
import re
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from tests.site.server import Page
from workbook.places import notebooks
from workbook.questions import read_all

LARGEST = 60_000  # bytes of HTML in a question's page
WHOLE = 30_000_000  # bytes of the site


def test_no_page_asks_for_anything_outside_of_the_site(built: Path) -> None:
    pages = sorted(built.rglob("*.html"))
    assert len(pages) > 40
    for page in pages:
        asked = Page(page.read_text(encoding="utf-8")).requests
        assert [one for one in asked if re.match(r"(https?:)?//", one)] == [], page
    for sheet in built.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert not re.search(r"(url\(|@import\s*)[\"']?(https?:)?//", text), sheet


def test_no_link_and_no_anchor_is_dead(built: Path) -> None:
    pages = {
        f"http://site/{path.relative_to(built).as_posix().removesuffix('index.html')}": Page(
            path.read_text(encoding="utf-8")
        )
        for path in built.rglob("*.html")
        if path.name != "404.html"
    }
    dead = []
    for at, page in pages.items():
        for link in page.links:
            target, anchor = urldefrag(urljoin(at, link))
            if urlsplit(target).netloc != "site":
                continue
            if target not in pages:
                there = (built / unquote(urlsplit(target).path).lstrip("/")).is_file()
            else:
                # what stands behind "#" with a "=" are values for a script, no place in the page
                there = not anchor or "=" in anchor or unquote(anchor) in pages[target].anchors
            dead += [] if there else [f"{at}: {link}"]
    assert dead == []


def test_every_question_has_a_page_that_a_phone_loads_at_once(built: Path) -> None:
    for question in read_all(notebooks()):
        page = built / "questions" / f"{question.id}_{question.slug}" / "index.html"
        assert page.stat().st_size <= LARGEST, f"{page.parent.name}: shorten its listings or outputs"
        assert page.read_text(encoding="utf-8").count("<details") == 2


def test_the_whole_site_is_small_enough_to_be_kept(built: Path) -> None:
    assert sum(path.stat().st_size for path in built.rglob("*") if path.is_file()) <= WHOLE


def test_code_keeps_its_lines_when_a_page_is_made_smaller(built: Path) -> None:
    page = (built / "questions" / "q03_minimal_broker" / "index.html").read_text(encoding="utf-8")
    code = html.unescape(re.sub(r"<[^>]+>", "", page))
    assert 'print("size 0 received", received' in code
    assert "    with self.lock:\n            for inbox in self.topics" in code


def test_the_deck_to_download_holds_every_card(built: Path) -> None:
    deck = built / "pubsub-cards.apkg"
    assert deck.read_bytes()[:2] == b"PK"
    assert 'href="../pubsub-cards.apkg"' in (built / "concept_checks" / "index.html").read_text(
        encoding="utf-8"
    )
