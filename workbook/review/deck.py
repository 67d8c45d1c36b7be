"""Cards as an Anki deck (the `genanki` package) and as CSV, with ids that never change.

Anki recognises a note by its guid, which is made of the card's id alone: who imports a newer deck keeps the schedule
of every card, also of those whose text was edited, in the workbook or in Anki.
"""

from __future__ import annotations

import csv
import html
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from workbook.questions import LEVELS
from workbook.review.cards import Card

if TYPE_CHECKING:
    import genanki  # type: ignore[import-untyped]  # it ships no types

MODEL = 1_846_205_113  # chosen once at random; a changed number would make every card a new one
DECKS = {"junior": 1_507_330_001, "middle": 1_507_330_002, "senior": 1_507_330_003, "staff": 1_507_330_004}
NAME = "Pub/Sub interview"
COLUMNS = ("id", "kind", "level", "topics", "front", "back")
CSS = """.card { font-family: system-ui, sans-serif; font-size: 20px; text-align: left; max-width: 40em; margin: auto; }
code { font-size: 0.9em; } .kind { opacity: 0.6; font-size: 0.7em; }"""


class CannotWrite(Exception):
    """A file cannot be written; one sentence with the next step. Nothing was overwritten."""


def write_anki(cards: Sequence[Card], path: Path) -> None:
    """A deck for each level in one .apkg file. Raises CannotWrite, also when the file exists."""
    import genanki

    model = genanki.Model(
        MODEL,
        NAME,
        fields=[{"name": "Id"}, {"name": "Kind"}, {"name": "Front"}, {"name": "Back"}],
        templates=[
            {
                "name": "Say it",
                "qfmt": '<p class="kind">{{Kind}}</p>{{Front}}',
                "afmt": '{{FrontSide}}<hr id="answer">{{Back}}<p class="kind">{{Id}}</p>',
            }
        ],
        css=CSS,
        sort_field_index=0,
    )
    decks = {level: genanki.Deck(DECKS[level], f"{NAME}::{level.capitalize()}") for level in LEVELS}
    for card in cards:
        decks[card.level].add_note(_note(card, model))
    with _new(path) as temporary:
        genanki.Package([deck for deck in decks.values() if deck.notes]).write_to_file(str(temporary))


def write_csv(cards: Sequence[Card], path: Path) -> None:
    """A row a card, UTF-8, texts as Markdown. Raises CannotWrite, also when the file exists."""
    with _new(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(
            (card.id, card.kind, card.level, " ".join(card.topics), card.front, _back(card)) for card in cards
        )


def guid(card: str) -> str:
    """Anki's name for a card."""
    from genanki import guid_for

    return str(guid_for("pubsub-workbook", card))


def as_html(text: str) -> str:
    """Markdown with bold, emphasis, code, items and paragraphs as HTML; everything else is text."""
    blocks = []
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = block.splitlines()
        if all(line.startswith("- ") for line in lines):
            blocks.append("<ul>" + "".join(f"<li>{_inline(line[2:])}</li>" for line in lines) + "</ul>")
        else:
            blocks.append(f"<p>{_inline(' '.join(lines))}</p>")
    return "".join(blocks)


def _inline(text: str) -> str:
    pieces = re.split(r"`([^`]*)`", text)
    for at, piece in enumerate(pieces):
        safe = html.escape(piece, quote=False)
        if at % 2:
            pieces[at] = f"<code>{safe}</code>"
        else:
            safe = re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", safe)
            pieces[at] = re.sub(r"\*([^*]+)\*", r"<i>\1</i>", safe)
    return "".join(pieces)


def _back(card: Card) -> str:
    return "\n\n".join([card.back, "\n".join(f"- {point}" for point in card.points)]).strip()


def _note(card: Card, model: genanki.Model) -> genanki.Note:
    import genanki

    fields = [card.id, card.kind, as_html(card.front), as_html(_back(card))]
    tags = [card.level, card.kind, *(topic.replace(" ", "-") for topic in card.topics)]
    return genanki.Note(model=model, fields=fields, tags=tags, guid=guid(card.id))


@contextmanager
def _new(path: Path) -> Iterator[Path]:
    """A file that is written beside its place and moved there when it is whole; never over another."""
    if path.exists():
        raise CannotWrite(f"{path} is there already; name another file, or move that one away.")
    beside = path.with_name(f".{path.name}.new")
    try:
        yield beside
        os.replace(beside, path)
    except OSError as error:
        raise CannotWrite(
            f"{path} cannot be written ({error.strerror}); name a file in a folder that is yours and has room."
        ) from None
    finally:
        beside.unlink(missing_ok=True)
