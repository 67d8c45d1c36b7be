"""Places in the pages of reference (`q11 trap 2`, `outbox: header_is_the_id`, `hot_keys`) as links into the site."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from workbook.notebook_cells import Cell, proofs
from workbook.questions import Question
from workbook.reference import Place, place

PAGES = ("concept_checks.md", "corrections.md", "signals.md")
SPAN = re.compile(r"`([^`\n]+)`")
POINT = re.compile(r"(q\d\d)(?::[a-z0-9-]+)?")


def linked(text: str, questions: Sequence[Question]) -> str:
    """The Markdown of a page at the top of the site, with a link wherever a place or a key point is named.

    What is not there yet, and what is no place, stays as it is.
    """
    return SPAN.sub(lambda match: _link(match, {question.id: question for question in questions}), text)


def _link(match: re.Match[str], questions: dict[str, Question]) -> str:
    span = match[0]
    if point := POINT.fullmatch(match[1]):
        question = questions.get(point[1])
        return f"[{span}]({_page(question)}#key-points)" if question else span
    try:
        named = place(match[1])
    except ValueError:
        return span
    target = _target(named, questions)
    return f"[{span}]({target})" if target else span


def _target(named: Place, questions: dict[str, Question]) -> str | None:
    if named.kind == "scenario":
        return f"scenarios/{named.name}.md"
    if named.kind == "kata":
        return f"katas/{named.name}.md"
    question = questions.get(named.name)
    if question is None:
        return None
    heading = _heading(question.cells, named.part)
    return f"{_page(question)}#{slug(heading)}" if heading else None


def _page(question: Question) -> str:
    return f"questions/{question.id}_{question.slug}.md"


def _heading(cells: tuple[Cell, ...], part: str) -> str | None:
    """The heading above the cells of a part: `demo`, `trap 2`, `go`."""
    role, _, number = part.partition(" ")
    if role == "go":
        found = [cell for cell in cells if cell.role == "go"]
    else:
        found = [proof[0] for proof in proofs(cells) if proof[0].role == role]
    at = int(number or 1) - 1
    return found[at].source.partition("\n")[0].lstrip("# ") if at < len(found) else None


def slug(heading: str) -> str:
    """The anchor of a heading, as Python-Markdown makes it of what is seen of it."""
    seen = unicodedata.normalize("NFKD", re.sub(r"[`*]", "", heading)).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", seen).strip().lower())
