"""The smallest notebook that keeps the format: every role once, as data to break in one place."""

from __future__ import annotations

from typing import Any

TITLE = "A minimal in-process broker"
DETAILS = "<details><summary>{}</summary>\n\n{}\n\n</details>"


def text(role: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {"tags": [role]}, "source": source}


def code(role: str, source: str, *printed: str) -> dict[str, Any]:
    """A code cell that has been run; `printed` are the lines of its stored output."""
    output = {"output_type": "stream", "name": "stdout", "text": "".join(f"{line}\n" for line in printed)}
    return {
        "cell_type": "code",
        "metadata": {"tags": [role]},
        "source": source,
        "outputs": [output] if printed else [],
        "execution_count": None,
    }


def cells() -> list[dict[str, Any]]:
    return [
        text("question", f'# {TITLE}\n\n> "Sketch one."\n\n**Why it is asked.** It is short.'),
        text("predict", "## Predict\n\nHow many arrive?"),
        code("predict", "prediction = None  # a number from 0 to 100"),
        text("answer", "## Answer\n\n" + DETAILS.format("What to say in the room", "First. Second.")),
        text("key-points", "## Key points\n\n" + "\n".join(f"- **Point {n}.** Say it." for n in range(1, 5))),
        text("demo", "## Demo: what happens\n\nWatch."),
        code("demo", "total = 1 + 1\nassert total == 2\nprint(total)", "2"),
        text("trap", "## Trap: it is three\n\nIt is not."),
        code("trap", "assert total != 3\nprint(total == 3)", "False"),
        text(
            "go",
            "## In Go\n\n```go\npackage main\n\nfunc main() {\n\tprintln()\n}\n```",
        ),
        text("follow-up", '## Follow-up\n\n> "And then?"'),
        text(
            "follow-up-answer",
            DETAILS.format("Answer", "It ends.\n\n- **First half.** Say it.\n- **Second half.** Say it."),
        ),
        text("try-it", "## Try it\n\nAdd one and watch the sum."),
        text("signals", "## Signals\n\n**Red flags**\n\n- Guesses.\n\n**Strong signals**\n\n- Measures."),
        text("sources", "## Sources\n\n- [The source, 1.0](https://example.org/) § Sums: they add up."),
    ]


def notebook() -> dict[str, Any]:
    """A valid notebook for q03_minimal_broker.ipynb; cells are numbered as if run from top to bottom."""
    made = cells()
    count = 0
    for number, cell in enumerate(made):
        cell["id"] = f"{cell['metadata']['tags'][0]}-{number}"
        if cell["cell_type"] == "code":
            count += 1
            cell["execution_count"] = count
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "workbook": {
                "id": "q03",
                "title": TITLE,
                "level": "junior",
                "minutes": 4,
                "topics": ["broker", "buffer"],
                "kata": "broker",
            },
        },
        "cells": made,
    }
