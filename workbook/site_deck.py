"""Concept checks as cards: a place for the script that turns them, and the deck for Anki to download."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from workbook.questions import Question
from workbook.reference import read_reference
from workbook.review.cards import cards

DECK = "pubsub-cards.apkg"


def deck(questions: Sequence[Question]) -> bytes | None:
    """All cards as an Anki deck; None where the package that writes one is not installed."""
    if find_spec("genanki") is None:
        return None
    from workbook.review.deck import write_anki

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / DECK
        write_anki(cards(questions, read_reference()), path)
        return path.read_bytes()


def with_cards(page: str, downloads: bool) -> str:
    """The page of concept checks with a place for its cards above the first level; the list itself stays."""
    head, level, rest = page.partition("\n## ")
    offer = (
        f"[All cards as an Anki deck]({DECK}){{ .md-button download }}"
        if downloads
        else "`pubsub cards` writes all cards as an Anki deck."
    )
    return f'{head}\n\n<div id="deck"></div>\n\n{offer}\n{level}{rest}'
