"""Plans for somebody who begins: the same that `pubsub plan` makes, with links into the site."""

from __future__ import annotations

import re
from collections.abc import Sequence

from workbook.graders.catalogue import every
from workbook.plan import Evening, Known, Task, hour, make_plan
from workbook.questions import LEVELS, Question
from workbook.standing import KataStanding, StageStanding

MINUTES = 90  # of an evening
EVENINGS = {1: "One evening", 3: "Three evenings", 5: "Five evenings"}
NOTEBOOK = re.compile(r"notebooks/(q\d\d_\w+)\.ipynb")
DOC = re.compile(r"docs/(\w+\.md)")


def plan_page(questions: Sequence[Question]) -> str:
    """For each level an hour, and plans of several evenings, folded."""
    known = Known(tuple(questions), katas=tuple(_untouched()))
    parts = [
        "# A plan for the evenings left",
        f"These are for somebody who begins, with {MINUTES} minutes an evening. `pubsub plan --evenings 3 --level "
        "senior` makes one that knows what you have done, what is due and what went badly.",
    ]
    for level in LEVELS:
        parts += [f"## {level.capitalize()}", _folded("An hour is all there is", [hour(known, level)])]
        parts += [
            _folded(words, make_plan(known, number, level, MINUTES)) for number, words in EVENINGS.items()
        ]
    return "\n\n".join(parts) + "\n"


def _folded(summary: str, evenings: Sequence[Evening]) -> str:
    lines = []
    for evening in evenings:
        if evening.number and len(evenings) > 1:
            lines += ["", f"**Evening {evening.number}**, {evening.minutes} minutes", ""]
        lines += ["| time | what | why |", "|--:|---|---|"]
        lines += [f"| {task.minutes} min | {_linked(task)} | {task.why} |" for task in evening.tasks]
    body = "\n".join(f"    {line}" if line else "" for line in lines)
    return f'??? answer "{summary}"\n\n{body}'


def _linked(task: Task) -> str:
    what = task.what.replace("|", "\\|")
    if match := NOTEBOOK.fullmatch(task.how):
        return f"[{what}](questions/{match[1]}.md)"
    if match := DOC.fullmatch(task.how):
        return f"[{what}]({match[1]})"
    return f"{what}: `{task.how}`"


def _untouched() -> list[KataStanding]:
    return [
        KataStanding(
            kata,
            "untouched",
            tuple(
                StageStanding(stage, 0, sum(check.stage == stage.number for check in kata.checks), None, None)
                for stage in kata.stages
            ),
        )
        for kata in every()
    ]
