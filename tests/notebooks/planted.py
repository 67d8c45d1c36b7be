"""Faults to plant into the smallest notebook, and the sentence each has to get."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.notebooks.skeleton import text

Notebook = dict[str, Any]


def find(made: Notebook, role: str, kind: str = "markdown") -> dict[str, Any]:
    return next(c for c in made["cells"] if c["metadata"]["tags"] == [role] and c["cell_type"] == kind)


def replace(role: str, old: str, new: str, kind: str = "markdown") -> Callable[[Notebook], None]:
    def change(made: Notebook) -> None:
        cell = find(made, role, kind)
        assert old in cell["source"]
        cell["source"] = cell["source"].replace(old, new)

    return change


def drop(role: str) -> Callable[[Notebook], None]:
    def change(made: Notebook) -> None:
        made["cells"] = [cell for cell in made["cells"] if cell["metadata"]["tags"] != [role]]
        recount(made)

    return change


def recount(made: Notebook) -> None:
    codes = [cell for cell in made["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(codes, 1):
        cell["execution_count"] = number


def meta(**values: Any) -> Callable[[Notebook], None]:
    return lambda made: made["metadata"]["workbook"].update(values)


def tags(*now: str) -> Callable[[Notebook], None]:
    return lambda made: find(made, "answer")["metadata"].update(tags=list(now))


def swap(made: Notebook) -> None:
    cells = made["cells"]
    at = next(n for n, cell in enumerate(cells) if cell["metadata"]["tags"] == ["signals"])
    cells[at], cells[at + 1] = cells[at + 1], cells[at]


def second_answer(made: Notebook) -> None:
    at = next(n for n, cell in enumerate(made["cells"]) if cell["metadata"]["tags"] == ["answer"])
    made["cells"].insert(at, made["cells"][at])


def outputs(role: str, *stored: dict[str, Any]) -> Callable[[Notebook], None]:
    return lambda made: find(made, role, "code").update(outputs=list(stored))


def raw_cell(made: Notebook) -> None:
    find(made, "answer")["cell_type"] = "raw"


def bare_trap(made: Notebook) -> None:
    at = next(n for n, cell in enumerate(made["cells"]) if cell["metadata"]["tags"] == ["go"])
    made["cells"].insert(at, text("trap", "## Trap: a second one\n\nIt runs nothing."))


def lines_too_many(made: Notebook) -> None:
    cell = find(made, "demo", "code")
    cell["source"] = "x = 1\n" * 21 + cell["source"]


ERROR = {"output_type": "error", "ename": "ZeroDivisionError", "evalue": "", "traceback": []}
WARNING = {"output_type": "stream", "name": "stderr", "text": "a warning\n"}
PNG = {"output_type": "display_data", "metadata": {}, "data": {"image/png": "AAAA"}}
SEVEN = "One. Two. Three. Four. Five. Six. Seven."

FAULTS: dict[str, tuple[Callable[[Notebook], None], str]] = {
    "a missing role": (drop("trap"), "q03_minimal_broker.ipynb: the role trap is missing"),
    "two tags": (
        tags("answer", "demo"),
        "cell 4 (answer demo): a cell has exactly one tag, its role, and this one has 2",
    ),
    "no tag": (tags(), "cell 4 (no tag): a cell has exactly one tag"),
    "an unknown role": (tags("hint"), "cell 4 (hint): 'hint' is not a role; the roles are question, predict"),
    "a wrong order": (
        swap,
        "cell 15 (signals): signals comes before sources: the order is question, predict",
    ),
    "two answers": (second_answer, "cell 5 (answer): answer has 1 text cells, and here it has 2"),
    "a raw cell": (raw_cell, "cell 4 (answer): a cell is Markdown or code, and this one is 'raw'"),
    "an empty cell": (lambda made: find(made, "try-it").update(source=" "), "cell 13 (try-it): it is empty"),
    "no key points": (
        replace("key-points", "\n".join(f"- **Point {n}.** Say it." for n in range(1, 5)), ""),
        "cell 5 (key-points): nothing stands below `## Key points`",
    ),
    "an empty key point": (replace("key-points", "**Point 2.** Say it.", ""), "an item of the list is empty"),
    "a key point without a label": (
        replace("key-points", "**Point 2.** ", ""),
        "the point 'Say it.' is not of the form",
    ),
    "three key points": (
        replace("key-points", "\n- **Point 4.** Say it.", ""),
        "it has 3 points, and 4 to 7 are asked for",
    ),
    "two points of one name": (
        replace("follow-up-answer", "First half", "Point 1"),
        "two of its points have the id q03:point-1",
    ),
    "an answer of seven sentences": (
        replace("answer", "First. Second.", SEVEN),
        "cell 4 (answer): the answer has 7 sentences, and 2 to 5 can be said in the room",
    ),
    "an answer of one sentence": (
        replace("answer", "First. Second.", "First."),
        "the answer has 1 sentences",
    ),
    "an answer with a list": (replace("answer", "Second.", "Second.\n- Third."), "the answer is spoken"),
    "an answer that is not folded": (
        replace("answer", "<details><summary>What to say in the room</summary>\n\n", ""),
        "cell 4 (answer): the answer is not folded",
    ),
    "a follow-up answer without points": (
        replace("follow-up-answer", "\n- **First half.** Say it.\n- **Second half.** Say it.", ""),
        "cell 12 (follow-up-answer): it has no points",
    ),
    "a follow-up that answers": (
        replace("follow-up", '"And then?"', '"And then?"\n\nIt ends.'),
        "'It ends.' stands below the question",
    ),
    "a heading that is not the title": (
        replace("question", "# A minimal", "# Some"),
        "cell 1 (question): it starts with '# Some",
    ),
    "no question": (
        replace("question", "> ", ""),
        "cell 1 (question): the question is missing: it is a block quote",
    ),
    "no reason": (
        replace("question", "**Why it is asked.**", "Because."),
        "a paragraph starts with `**Why it is asked.**`",
    ),
    "a prediction that is made": (
        replace("predict", "None", "42", "code"),
        "cell 3 (predict): it is `prediction = None`, with a comment behind it",
    ),
    "a prediction without a hint": (
        replace("predict", "  # a number from 0 to 100", "", "code"),
        "cell 3 (predict): it is `prediction",
    ),
    "a demo without a heading": (
        replace("demo", "## Demo: what happens", "Demo"),
        "cell 6 (demo): the first cell of the demo",
    ),
    "a demo without assert": (
        replace("demo", "assert total == 2\n", "", "code"),
        "cell 7 (demo): the last code cell of a demo has an assert",
    ),
    "a demo without output": (
        outputs("demo"),
        "cell 7 (demo): the last code cell of a demo prints its result",
    ),
    "a demo that is not Python": (
        replace("demo", "total ==", "total = =", "code"),
        "cell 7 (demo): it is not Python (invalid syntax, line 2)",
    ),
    "a trap that runs nothing": (bare_trap, "cell 10 (trap): this trap runs nothing"),
    "a trap without a claim": (
        replace("trap", "## Trap: it is three", "## Trap"),
        "cell 8 (trap): a trap starts with a text `## Trap: the claim`",
    ),
    "a stored error": (outputs("demo", ERROR), "cell 7 (demo): it stores an error (ZeroDivisionError)"),
    "a stored warning": (
        outputs("demo", WARNING),
        "cell 7 (demo): it stores what was written to standard error",
    ),
    "a stored picture": (
        outputs("demo", PNG),
        "cell 7 (demo): it stores image/png, and only text and SVG are stored",
    ),
    "a cell of 24 lines": (lines_too_many, "cell 7 (demo): it has 24 lines, and a cell has at most 15"),
    "a skipped comparison": (
        replace("demo", "total = 1", "# NBVAL_SKIP\ntotal = 1", "code"),
        "cell 7 (demo): it mentions NBVAL",
    ),
    "cells run out of order": (
        lambda made: find(made, "trap", "code").update(execution_count=7),
        "it was not run from top to bottom",
    ),
    "a source without a section": (
        replace("sources", " § Sums", ""),
        "cell 15 (sources): the source 'The source, 1.0' names no section",
    ),
    "a source without what it says": (
        replace("sources", ": they add up.", ""),
        "the source 'The source, 1.0' does not say",
    ),
    "a source that is not https": (
        replace("sources", "https:", "http:"),
        "the address of 'The source, 1.0' does not start with https://",
    ),
    "no strong signals": (
        replace("signals", "**Strong signals**", "**Others**"),
        "cell 14 (signals): it is `**Red flags**` with a list",
    ),
    "text beside a list": (
        replace("signals", "- Guesses.", "Guesses."),
        "'Guesses.' is in no item of the list",
    ),
    "a level of another question": (
        meta(level="staff"),
        "level in its metadata is the level that goes with its number, and it is 'staff'",
    ),
    "another id": (meta(id="q04"), "id in its metadata is q03, as in the file's name, and it is 'q04'"),
    "minutes in words": (meta(minutes="four"), "minutes in its metadata is a whole number from 1 to 30"),
    "no topics": (meta(topics=[]), "topics in its metadata is a list of one to six short words"),
    "an unknown kata": (
        meta(kata="queue"),
        "kata in its metadata is broker, wildcard, outbox, or left out, and it is 'queue'",
    ),
    "an unknown scenario": (meta(scenario="rain"), "scenario in its metadata is slow_subscriber"),
    "an unknown key": (meta(author="somebody"), "its metadata knows no 'author'"),
    "no metadata": (lambda made: made["metadata"].pop("workbook"), "id in its metadata is q03"),
    "an older format": (lambda made: made.update(nbformat_minor=4), "it is not of notebook format 4.5"),
    "too many bytes": (lambda made: made.update(padding="x" * 60_000), "and at most 60,000 are stored"),
}
