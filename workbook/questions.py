"""Question notebooks -> Question records. The only reader of notebooks; whoever writes one follows this text.

A notebook `notebooks/qNN_slug.ipynb` (nbformat 4.5, kernel python3, at most 60 KB) is one interview question,
written for a reader who has ten minutes.

Metadata, under the key `workbook`:

    id         "q03", as in the file's name
    title      "A minimal in-process broker": also the heading of the first cell
    level      "junior" q01-q07, "middle" q08-q15, "senior" q16-q22, "staff" q23-q25
    minutes    speaking time of question and follow-up, a whole number from 1 to 30
    topics     one to six short words, lower case
    kata       "broker", "wildcard" or "outbox"; left out where none belongs to it
    scenario   "slow_subscriber", "buffer_sizing", "hot_keys" or "reconnect_storm"; left out where none does

Every cell has exactly one tag, its role. The roles come in this order, all are required but `go`, and only
`demo`, `trap` and `go` may take more than their number of cells:

    question          1 text   `# Title`, then the question as it is said in a block quote (`> ...`), then a
                               paragraph that starts with `**Why it is asked.**`
    predict           1 text   `## Predict`, then what to write down before anything is run
                      1 code   `prediction = None`, with a comment behind it that says what to put there
    answer            1 text   `## Answer`, then a folded block (below) of two to five sentences; nothing else
    key-points        1 text   `## Key points`, then 4 to 7 items `- **Label.** What to say.`
    demo              n cells  the first is a text `## Demo: ...`; at least one is code
    trap              n cells  each trap starts with a text `## Trap: the claim that goes round`, then says what
                               is wrong with it; at least one code cell follows in each
    go                n text   the first starts with `## In Go`; listings in fences ```go (below)
    follow-up         1 text   `## Follow-up`, then a block quote
    follow-up-answer  1 text   a folded block: one to five sentences, then 2 to 6 items `- **Label.** ...`
    try-it            1 text   `## Try it`, then one change to make and what to watch
    signals           1 text   `## Signals`, then `**Red flags**` and a list, `**Strong signals**` and a list
    sources           1 text   `## Sources`, then items `- [Title, version](https://...) § Section: what it
                               says`; without the link, `- Title § Section: ...`, for what is only on paper

A folded block is, with these empty lines,

    <details><summary>What to say in the room</summary>

    Text.

    </details>

Code cells have at most 15 lines that are not empty. The last code cell of the demo and of each trap has an
`assert` and prints a result, the same at every run: no times, no addresses, no order by luck. They do not
mention NBVAL and have been run from top to bottom; their stored outputs are standard output, text/plain or
image/svg+xml, never an error or a warning, and none of them depends on `prediction`, which only a learner sets
(`if prediction is not None: print(...)`).

A Go listing is a whole file. All are vetted; one with `package main` and `func main` is also run under the race
detector, must end with code 0, and prints exactly what its closing comment `// Output:` says, a line each.

A label is a few words ending in a full stop and unique in its notebook; with the question's id it names the
point (`q03:bounded-queue`) for concept checks, interviews and cards, so it changes only when the point does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbook.notebook_cells import Cell, Faults, FormatFault, load, proofs
from workbook.notebook_text import Point, Source, folded, items, points, quote, source, spoken, under

SLUGS = [
    *("what_is_pubsub", "why_decouple", "minimal_broker", "observer", "topic", "standard_library"),
    *("fan_out_shapes", "slow_subscriber", "unsubscribe", "buffer_size", "lock_during_delivery"),
    *("in_process_or_broker", "typed_or_any", "ordering", "durability", "nats_or_kafka", "exactly_once"),
    *("consumer_groups", "partition_keys", "replay", "observability", "reconnect_storms"),
    *("design_an_event_bus", "bridging", "multi_region"),
]
LEVELS = {"junior": range(1, 8), "middle": range(8, 16), "senior": range(16, 23), "staff": range(23, 26)}
KATAS = ("broker", "wildcard", "outbox")
SCENARIOS = ("slow_subscriber", "buffer_sizing", "hot_keys", "reconnect_storm")
WHY = "**Why it is asked.**"


@dataclass(frozen=True)
class Trap:
    """An answer that goes round and is wrong: what is said, and what is wrong with it."""

    claim: str
    text: str


@dataclass(frozen=True)
class Signals:
    """What an interviewer hears in a weak and in a strong answer."""

    red_flags: tuple[str, ...]
    strong_signals: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """All of one notebook. Texts are Markdown without their headings; `cells` is everything, in order."""

    id: str
    slug: str
    title: str
    level: str
    minutes: int
    topics: tuple[str, ...]
    kata: str | None
    scenario: str | None
    question: str
    why: str
    predict: str
    answer: str
    key_points: tuple[Point, ...]
    traps: tuple[Trap, ...]
    follow_up: str
    follow_up_answer: str
    follow_up_points: tuple[Point, ...]
    try_it: str
    signals: Signals
    sources: tuple[Source, ...]
    cells: tuple[Cell, ...]


def read(path: Path) -> Question:
    """The question of a notebook; FormatFault with one sentence for the first rule it breaks."""
    question, faults = examine(path)
    if question is None:
        raise FormatFault(faults[0])
    return question


def read_all(folder: Path) -> tuple[Question, ...]:
    """The questions of a folder, by id; FormatFault as `read`."""
    return tuple(read(path) for path in sorted(folder.glob("*.ipynb")))


def examine(path: Path) -> tuple[Question | None, list[str]]:
    """The question, or None and a sentence for each fault."""
    faults = Faults(path.name)
    metadata, cells = load(path, faults)
    fields: dict[str, Any] = _metadata(path.stem, metadata.get("workbook"), faults)
    for role, parse in _PARSERS.items():
        for cell in [cell for cell in cells if cell.role == role and cell.kind == "text"][:1]:
            with faults.at(cell):
                fields |= parse(cell.source, fields)
    for cell in [cell for cell in cells if cell.role == "predict" and cell.kind == "code"]:
        if not re.fullmatch(r"prediction = None +# \S.*", cell.source):
            faults.add(
                "it is `prediction = None`, with a comment behind it that says what to put there", cell
            )
    fields["traps"] = _traps(cells, faults)
    _check_labels(fields, faults)
    return (None, faults.found) if faults.found else (Question(**fields, cells=cells), [])


def _metadata(stem: str, found: Any, faults: Faults) -> dict[str, Any]:
    """The fields that stand in the metadata, as far as they can be used."""
    found = found if isinstance(found, dict) else {}
    match = re.fullmatch(r"q(\d\d)_(\w+)", stem)
    number = int(match[1]) if match else 0
    if not match or not 1 <= number <= len(SLUGS) or match[2] != SLUGS[number - 1]:
        faults.add(
            "its name is not that of a question, such as q03_minimal_broker.ipynb (SLUGS in questions.py)"
        )
    topics = found.get("topics")
    rules: dict[str, tuple[bool, str]] = {
        "id": (found.get("id") == f"q{number:02}", f"q{number:02}, as in the file's name"),
        "title": (isinstance(found.get("title"), str) and bool(found["title"]), "the title of the question"),
        "level": (
            found.get("level") in [name for name, numbers in LEVELS.items() if number in numbers],
            "the level that goes with its number",
        ),
        "minutes": (found.get("minutes") in range(1, 31), "a whole number from 1 to 30"),
        "topics": (
            isinstance(topics, list)
            and 1 <= len(topics) <= 6
            and all(isinstance(topic, str) and topic and topic == topic.lower() for topic in topics),
            "a list of one to six short words in lower case",
        ),
        "kata": (found.get("kata") in (None, *KATAS), f"{', '.join(KATAS)}, or left out"),
        "scenario": (found.get("scenario") in (None, *SCENARIOS), f"{', '.join(SCENARIOS)}, or left out"),
    }
    for key, (holds, rule) in rules.items():
        if not holds:
            faults.add(f"{key} in its metadata is {rule}, and it is {found.get(key)!r}")
    for key in sorted(set(found) - set(rules)):
        faults.add(f"its metadata knows no {key!r}; the keys are {', '.join(rules)}")
    return {key: found.get(key) for key in rules} | {
        "topics": tuple(topics or ()),
        "slug": match[2] if match else "",
    }


Fields = dict[str, Any]


def _question(text: str, fields: Fields) -> Fields:
    said, rest = quote(under(f"# {fields['title']}", text))
    if not rest.startswith(WHY) or not rest.removeprefix(WHY).strip():
        raise ValueError(f"below the question a paragraph starts with `{WHY}` and says it")
    return {"question": said, "why": rest.removeprefix(WHY).strip()}


def _answer(text: str, fields: Fields) -> Fields:
    return {"answer": spoken(folded(under("## Answer", text)), 2, 5)}


def _key_points(text: str, fields: Fields) -> Fields:
    return {"key_points": points(fields["id"], under("## Key points", text), 4, 7)}


def _demo(text: str, fields: Fields) -> Fields:
    if not re.match(r"## Demo: \S", text):
        raise ValueError("the first cell of the demo starts with a heading `## Demo: ...`")
    return {}


def _go(text: str, fields: Fields) -> Fields:
    under("## In Go", text)
    return {}


def _follow_up(text: str, fields: Fields) -> Fields:
    said, rest = quote(under("## Follow-up", text))
    if rest:
        raise ValueError(f"{rest[:40]!r} stands below the question; a follow-up is the question only")
    return {"follow_up": said}


def _follow_up_answer(text: str, fields: Fields) -> Fields:
    inside = folded(text)
    start = inside.find("\n- ")
    if start < 0:
        raise ValueError("it has no points: 2 to 6 items `- **Label.** ...` below the answer")
    return {
        "follow_up_answer": spoken(inside[:start].strip(), 1, 5),
        "follow_up_points": points(fields["id"], inside[start:].strip(), 2, 6),
    }


def _signals(text: str, fields: Fields) -> Fields:
    match = re.fullmatch(
        r"\*\*Red flags\*\*\n(.+)\n\*\*Strong signals\*\*\n(.+)", under("## Signals", text), re.S
    )
    if match is None:
        raise ValueError("it is `**Red flags**` with a list, then `**Strong signals**` with a list")
    red, strong = (tuple(items(part)) for part in match.groups())
    if not red or not strong:
        raise ValueError("it has at least one red flag and one strong signal")
    return {"signals": Signals(red, strong)}


def _sources(text: str, fields: Fields) -> Fields:
    return {"sources": tuple(source(item) for item in items(under("## Sources", text)))}


_PARSERS: dict[str, Callable[[str, Fields], Fields]] = {
    "question": _question,
    "predict": lambda text, fields: {"predict": under("## Predict", text)},
    "answer": _answer,
    "key-points": _key_points,
    "demo": _demo,
    "go": _go,
    "follow-up": _follow_up,
    "follow-up-answer": _follow_up_answer,
    "try-it": lambda text, fields: {"try_it": under("## Try it", text)},
    "signals": _signals,
    "sources": _sources,
}


def _traps(cells: tuple[Cell, ...], faults: Faults) -> tuple[Trap, ...]:
    found = []
    for proof in proofs(cells):
        if proof[0].role != "trap":
            continue
        match = re.fullmatch(r"## Trap: (\S[^\n]*)\n+(\S.*)", proof[0].source, re.DOTALL)
        if match:
            found.append(Trap(match[1], match[2]))
        else:
            faults.add(
                "a trap starts with a text `## Trap: the claim`, then says what is wrong with it", proof[0]
            )
    return tuple(found)


def _check_labels(fields: Fields, faults: Faults) -> None:
    ids = [point.id for name in ("key_points", "follow_up_points") for point in fields.get(name, ())]
    for twice in sorted({one for one in ids if ids.count(one) > 1}):
        faults.add(f"two of its points have the id {twice}; give one another label")
