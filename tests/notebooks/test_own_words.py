"""No run of eight words is shared with the document this workbook set out from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.notebooks.shingles import digest, known, runs, shared
from workbook.notebook_cells import Faults, load
from workbook.places import CHECKOUT, notebooks

TEXTS = [*sorted(notebooks().glob("*.ipynb")), *sorted((CHECKOUT / "docs").rglob("*.md"))]


def words(path: Path) -> str:
    if path.suffix == ".ipynb":
        return "\n\n".join(cell.source for cell in load(path, Faults(path.name))[1])
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_a_text_is_in_our_own_words(path: Path) -> None:
    assert shared(words(path)) == []


def test_a_copied_sentence_is_found_whatever_its_markup() -> None:
    document = frozenset(map(digest, runs("The quick brown fox jumps over the lazy dog at dawn.")))
    assert shared("> The **quick** brown\n> fox, jumps over: the `lazy` dog.", document) == [
        "the quick brown fox jumps over the lazy",
        "quick brown fox jumps over the lazy dog",
    ]
    assert shared("The quick brown cat jumps over the lazy dog at dusk", document) == []


def test_the_digests_are_there() -> None:
    assert len(known()) > 5000
