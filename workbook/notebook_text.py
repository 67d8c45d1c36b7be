"""The Markdown of question notebooks: headings, quotes, folded blocks, lists. ValueError names the rule broken."""

from __future__ import annotations

import re
from dataclasses import dataclass

FOLDED = re.compile(
    r"<details><summary>(?P<summary>[^<\n]+)</summary>\n\n(?P<inside>.+?)\n\n</details>", re.DOTALL
)
POINT = re.compile(r"\*\*(?P<label>[^*]+)\.\*\*\s+(?P<text>\S.*)", re.DOTALL)
LINKED = re.compile(r"\[(?P<title>[^\]]+)\]\((?P<url>[^)\s]+)\)(?P<rest>.*)", re.DOTALL)
SENTENCE_END = re.compile(r"[.!?][\"')*_]*(?=\s+[A-Z0-9\"'(*`]|\s*$)")


@dataclass(frozen=True)
class Point:
    """One thing a complete answer holds. The id is the question's and the label's: `q03:bounded-queue`."""

    id: str
    label: str
    text: str


@dataclass(frozen=True)
class Source:
    """Where a claim can be looked up; `url` is empty for what is only on paper."""

    title: str
    url: str
    section: str
    note: str


def under(heading: str, source: str) -> str:
    """What stands below the heading that the cell must start with."""
    first, _, rest = source.partition("\n")
    if first.strip() != heading:
        raise ValueError(f"it starts with {first.strip()[:40]!r}, and its heading is `{heading}`")
    if not rest.strip():
        raise ValueError(f"nothing stands below `{heading}`")
    return rest.strip()


def quote(source: str) -> tuple[str, str]:
    """The block quote at the start, and the rest."""
    lines = source.splitlines()
    quoted = 0
    while quoted < len(lines) and lines[quoted].startswith(">"):
        quoted += 1
    said = " ".join(line.lstrip("> ").strip() for line in lines[:quoted]).strip()
    if not said:
        raise ValueError("the question is missing: it is a block quote (`> ...`)")
    return said, "\n".join(lines[quoted:]).strip()


def folded(source: str) -> str:
    """What is inside the one folded block, which is all there is."""
    match = FOLDED.fullmatch(source)
    if match is None:
        raise ValueError(
            "the answer is not folded: `<details><summary>...</summary>`, an empty line, the answer, an empty "
            "line, `</details>`, and nothing else"
        )
    return match["inside"].strip()


def sentences(text: str) -> int:
    """How many sentences; what stands in backticks counts as a word."""
    return len(SENTENCE_END.findall(re.sub(r"`[^`]*`", "x", text)))


def spoken(text: str, least: int, most: int) -> str:
    """The text, if it is as many sentences as can be said in the room."""
    if re.search(r"^(```|[-*] |\d+\. |#)", text, re.MULTILINE):
        raise ValueError("the answer is spoken: sentences only, no list, heading or listing")
    count = sentences(text)
    if not least <= count <= most:
        raise ValueError(f"the answer has {count} sentences, and {least} to {most} can be said in the room")
    return " ".join(text.split())


def items(source: str) -> list[str]:
    """The items of a list that is all there is; an indented line goes on with its item."""
    found: list[str] = []
    for line in source.splitlines():
        if line.startswith("- ") or line.strip() == "-":
            found.append(line[1:].strip())
        elif line.startswith("  ") and found:
            found[-1] += " " + line.strip()
        elif line.strip():
            raise ValueError(f"{line.strip()[:40]!r} is in no item of the list; items start with `- `")
    if not all(found):
        raise ValueError("an item of the list is empty; say it or delete it")
    return found


def points(question: str, source: str, least: int, most: int) -> tuple[Point, ...]:
    """Labelled items."""
    found = []
    for item in items(source):
        match = POINT.fullmatch(item)
        if match is None:
            raise ValueError(f"the point {item[:40]!r} is not of the form `- **Label.** What to say.`")
        slug = re.sub(r"[^a-z0-9]+", "-", match["label"].lower()).strip("-")
        found.append(Point(f"{question}:{slug}", match["label"], match["text"]))
    if not least <= len(found) <= most:
        raise ValueError(f"it has {len(found)} points, and {least} to {most} are asked for")
    return tuple(found)


def source(item: str) -> Source:
    """A source with its section."""
    title, url, rest = item, "", item
    if match := LINKED.match(item):
        title, url, rest = match["title"], match["url"], match["rest"]
        if not url.startswith("https://"):
            raise ValueError(f"the address of {title!r} does not start with https://")
    before, mark, after = rest.partition("§")
    section, colon, note = after.partition(": ")
    if not mark or not section.strip():
        raise ValueError(f"the source {title[:60]!r} names no section: `§ Section: what it says`")
    if not colon or not note.strip():
        raise ValueError(f"the source {title[:60]!r} does not say what its section says: `§ Section: ...`")
    return Source(title if url else before.strip(), url, section.strip(), note.strip())
