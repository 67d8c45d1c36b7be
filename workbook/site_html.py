"""The HTML of a page, made smaller and fit for everybody: what mkdocs and the theme leave, and nothing else."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

# Names, operators and punctuation: their colours say little, and their markup is a third of a page.
PLAIN = re.compile(r'<span class="(?:n|nx|p|w|o|si|nf)">([^<]*)</span>')
MEANT = re.compile(r"(<(?:pre|script|style|textarea)\b.*?</(?:pre|script|style|textarea)>)", re.DOTALL)
MARGIN = re.compile(r"\s*\n\s*")
SHORTENED = re.compile(r'(class="md-nav__link[^>]*>)\s*<span class="md-ellipsis">\s*([^<]*?)\s*</span>\s*')
BETWEEN = re.compile(r"(</?(?:li|ul|nav|div|label|main|header|footer|head|body|section|p)\b[^>]*>)\n(?=<)")
POINT = re.compile(r"<li>\[ \] (.*?)</li>", re.DOTALL)
LISTING = re.compile(r'(<div class="[^"]*\bhighlight\b[^"]*")>')
UNSEARCHED = " data-search-exclude"  # listings would be found before the points that explain them

# What assistive technology would stumble over in the theme's templates.
MENDED = (
    (re.compile(r'(<nav class="md-nav" data-md-level="[1-9]") [^>]*>'), r'\1 role="none">'),  # one landmark
    (re.compile(r'(<label\b[^>]*?) tabindex="[0-9]*"'), r"\1"),
    (re.compile(r'(data-md-component="search" role="dialog")'), r'\1 aria-label="Search"'),
)


def content(page: str, points: Sequence[str]) -> str:
    """What the Markdown became; `points` are the ids of its items to tick, in the order of the page."""
    page = PLAIN.sub(r"\1", page)
    return _ticked(LISTING.sub(rf"\1{UNSEARCHED}>", page), points)


def whole(page: str) -> str:
    """A whole page without the indentation of the templates, a quarter of it, wherever it means nothing."""
    page = page.replace(UNSEARCHED, "")
    for fault, cure in MENDED:
        page = fault.sub(cure, page)
    pieces = MEANT.split(page)
    pieces[::2] = [_smaller(piece) for piece in pieces[::2]]
    return "".join(pieces)


def _ticked(page: str, points: Sequence[str]) -> str:
    """Items to tick as check boxes whose label is the whole item. ValueError for an item without an id."""
    found = POINT.findall(page)
    if len(found) != len(points):
        raise ValueError(f"{len(found)} items to tick, and {len(points)} points that they could stand for")
    ids = iter(points)
    return POINT.sub(lambda match: point(match[1], next(ids)), page)


def point(text: str, name: str) -> str:
    """An item to tick; `text` is HTML, the script of the site remembers the tick under `name`."""
    box = f'<input type="checkbox" data-point="{html.escape(name)}">'
    return f'<li class="point"><label>{box}<span>{text}</span></label></li>'


def _smaller(piece: str) -> str:
    return BETWEEN.sub(r"\1", SHORTENED.sub(r"\1\2", MARGIN.sub("\n", piece)))
