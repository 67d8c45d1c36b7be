"""Concept checks, signals, corrections and the reading list: docs/*.md -> records. The only reader of the four.

Whoever edits one of the pages keeps its form; the first fault gets one sentence with file and line. Text above the
first `## ` heading is for readers only.

concept_checks.md   `## Level`, then for each check

                        ### The question?

                        `c07` · `q03:python-s-zero`

                        The answer, in one breath.

                    The second name is the key point it checks, or only the question (`q09`) as long as its notebook
                    is still to be written.
signals.md          `## Red flags` and `## Strong signals`, items
                    - `r01` **What is heard.** Why it matters. Shown: PLACE, PLACE
corrections.md      `## Subject`, then for each `### E1 · The claim`, paragraphs that start with **You will hear.** and
                    **What holds.**, and a list of what it rests on: `- run: PLACE, PLACE`, `- source: ...` as in a
                    notebook's sources, `- argument: ...`
reading.md          `## Subject`, then items as in a notebook's sources

A PLACE stands in backticks: `q11 demo`, `q11 trap 2` or `q11 go` (a notebook's cells), `outbox: header_is_the_id`
(a check of a kata) or `hot_keys` (a scenario). Ids are names that cards hang on: they never change their meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from workbook.notebook_cells import FormatFault
from workbook.notebook_text import Source, source
from workbook.places import CHECKOUT
from workbook.questions import KATAS, LEVELS, SCENARIOS

CHECK_ID = re.compile(r"`(c\d\d)` · `(q\d\d)(?::([a-z0-9-]+))?`")
FLAG = re.compile(r"- `([rs]\d\d)` \*\*(\S[^*]*)\*\* (\S.*?) Shown: (`.+`)")
CORRECTION = re.compile(r"### E(\d+) · (\S.*)")
CELLS = re.compile(r"(q\d\d) (demo|go|trap(?: \d)?)")
KINDS: dict[str, tuple[str, Literal["red", "strong"]]] = {
    "Red flags": ("r", "red"),
    "Strong signals": ("s", "strong"),
}
ONE_BREATH = 55  # words; said at 150 a minute it takes twenty seconds


@dataclass(frozen=True)
class Place:
    """Where something is run: cells of a notebook, a check of a kata, a scenario."""

    kind: Literal["notebook", "kata", "scenario"]
    name: str  # q11, outbox, hot_keys
    part: str  # trap 2, header_is_the_id; empty for a scenario

    def __str__(self) -> str:
        return {"notebook": f"{self.name} {self.part}", "kata": f"{self.name}: {self.part}"}.get(
            self.kind, self.name
        )


@dataclass(frozen=True)
class ConceptCheck:
    """A question with an answer of one breath. `point` is a key point's id, None while its notebook is missing."""

    id: str
    level: str
    question: str
    answer: str
    notebook: str
    point: str | None


@dataclass(frozen=True)
class Flag:
    """What is heard in an interview, why it matters, and where the workbook shows it."""

    id: str
    kind: Literal["red", "strong"]
    label: str
    text: str
    shown: tuple[Place, ...]


@dataclass(frozen=True)
class Evidence:
    """What a correction rests on; `places` for run, `source` for source, `text` for argument."""

    label: Literal["run", "source", "argument"]
    places: tuple[Place, ...] = ()
    source: Source | None = None
    text: str = ""


@dataclass(frozen=True)
class Correction:
    """What goes round, and what holds instead."""

    id: str
    subject: str
    claim: str
    heard: str
    holds: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Reading:
    """A primary source worth reading, under its subject."""

    subject: str
    source: Source


@dataclass(frozen=True)
class Reference:
    """All four pages."""

    checks: tuple[ConceptCheck, ...]
    flags: tuple[Flag, ...]
    corrections: tuple[Correction, ...]
    reading: tuple[Reading, ...]


@dataclass(frozen=True)
class Block:
    """A paragraph, heading or list item, with the headings above it, on one line."""

    line: int
    above: str  # the `## ` heading
    text: str


def read_reference(folder: Path = CHECKOUT / "docs") -> Reference:
    """The records of the four pages. FormatFault with one sentence for the first rule a page breaks."""
    made = Reference(
        tuple(_checks(folder / "concept_checks.md")),
        tuple(_flags(folder / "signals.md")),
        tuple(_corrections(folder / "corrections.md")),
        tuple(_reading(folder / "reading.md")),
    )
    for name, ids in {
        "concept_checks.md": [one.id for one in made.checks],
        "signals.md": [one.id for one in made.flags],
        "corrections.md": [one.id for one in made.corrections],
    }.items():
        for twice in sorted({one for one in ids if ids.count(one) > 1}):
            raise FormatFault(f"{name}: two entries have the id {twice}; give the newer one a new id.")
    return made


def place(text: str) -> Place:
    """The place that the text between two backticks names. ValueError says what a place looks like."""
    if match := CELLS.fullmatch(text):
        return Place("notebook", match[1], match[2])
    kata, colon, check = text.partition(": ")
    if colon and kata in KATAS and check:
        return Place("kata", kata, check)
    if text in SCENARIOS:
        return Place("scenario", text, "")
    raise ValueError(
        f"{text!r} is no place; places are `q11 trap 2`, `outbox: header_is_the_id` or a scenario such as `hot_keys`"
    )


def _places(text: str) -> tuple[Place, ...]:
    if not re.fullmatch(r"`[^`]+`(, `[^`]+`)*", text):
        raise ValueError(f"{text[:40]!r} is no list of places in backticks with commas between them")
    return tuple(place(one) for one in re.findall(r"`([^`]+)`", text))


def _checks(path: Path) -> Iterator[ConceptCheck]:
    blocks = list(_blocks(path))
    for at in range(0, len(blocks), 3):
        head, named, answer = (*blocks[at : at + 3], *[blocks[-1]] * 2)[:3]
        match = CHECK_ID.fullmatch(named.text)
        if not head.text.startswith("### ") or len(blocks) < at + 3 or match is None:
            raise _fault(
                path, head, "a check is a `### ` heading, a line like `c07` · `q03:python-s-zero`, an answer"
            )
        level = head.above.lower()
        if int(match[2][1:]) not in LEVELS.get(level, ()):
            raise _fault(path, head, f"{match[2]} is no question of the level {level!r}; move the check")
        if answer.text.startswith("#") or len(answer.text.split()) > ONE_BREATH:
            raise _fault(path, answer, f"the answer is at most {ONE_BREATH} words, which is one breath")
        point = f"{match[2]}:{match[3]}" if match[3] else None
        yield ConceptCheck(match[1], level, head.text[4:], answer.text, match[2], point)


def _flags(path: Path) -> Iterator[Flag]:
    for block in _blocks(path):
        match = FLAG.fullmatch(block.text)
        if block.above not in KINDS or match is None or match[1][0] != KINDS[block.above][0]:
            raise _fault(
                path,
                block,
                "an item is - `r01` **What is heard.** Why. Shown: `q11 demo`, with r under `## Red flags` and s under "
                "`## Strong signals`",
            )
        try:
            yield Flag(match[1], KINDS[block.above][1], match[2], match[3], _places(match[4]))
        except ValueError as error:
            raise _fault(path, block, str(error)) from None


def _corrections(path: Path) -> Iterator[Correction]:
    entries: list[list[Block]] = []
    for block in _blocks(path):
        if block.text.startswith("### "):
            entries.append([])
        if not entries:
            raise _fault(path, block, "an entry starts with a heading like `### E1 · The claim`")
        entries[-1].append(block)
    for head, *rest in entries:
        match = CORRECTION.fullmatch(head.text)
        said = [block.text for block in rest]
        if match is None or len(said) < 3:
            raise _fault(
                path,
                head,
                "an entry is `### E1 · The claim`, what you will hear, what holds, what it rests on",
            )
        texts = []
        for block, start in zip(rest, ("**You will hear.** ", "**What holds.** "), strict=False):
            if not block.text.startswith(start):
                raise _fault(path, block, f"this paragraph of E{match[1]} starts with {start.strip()}")
            texts.append(block.text.removeprefix(start))
        evidence = tuple(_evidence(path, block) for block in rest[2:])
        yield Correction(f"E{match[1]}", head.above, match[2], texts[0], texts[1], evidence)


def _evidence(path: Path, block: Block) -> Evidence:
    label, _, text = block.text.removeprefix("- ").partition(": ")
    try:
        if label == "run":
            return Evidence("run", places=_places(text))
        if label == "source":
            return Evidence("source", source=source(text))
        if label == "argument" and text:
            return Evidence("argument", text=text)
    except ValueError as error:
        raise _fault(path, block, str(error)) from None
    raise _fault(path, block, "evidence is `- run: ...`, `- source: ...` or `- argument: ...`")


def _reading(path: Path) -> Iterator[Reading]:
    for block in _blocks(path):
        if not block.text.startswith("- "):
            raise _fault(path, block, "below a heading stand items that start with `- `")
        try:
            yield Reading(block.above, source(block.text[2:]))
        except ValueError as error:
            raise _fault(path, block, str(error)) from None


def _blocks(path: Path) -> Iterator[Block]:
    """Paragraphs, `### ` headings and items below the first `## `, each joined to one line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FormatFault(f"{path.name}: it cannot be read ({error}).") from None
    above, start, kept = "", 0, list[str]()
    for number, line in enumerate([*lines, ""], 1):
        breaks = not line.strip() or line.startswith(("- ", "#"))
        if breaks and kept:
            yield Block(start, above, " ".join(kept))
            kept = []
        if line.startswith("## "):
            above = line[3:].strip()
        elif line.strip() and above:
            start = number if not kept else start
            kept.append(line.strip())


def _fault(path: Path, block: Block, rule: str) -> FormatFault:
    return FormatFault(f"{path.name}, line {block.line}: {rule}.")
