"""Many files of one kata, for a teacher: one row a file."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workbook.grading.attempt import Attempt, UnreadableFile
from workbook.grading.card import WORDS
from workbook.grading.check import Kata
from workbook.grading.verdict import Status, stage_verdict


@dataclass(frozen=True)
class Row:
    """One file. `stages` in the words of the verdicts; `first` is the first check that did not pass."""

    file: str
    sha256: str
    stages: tuple[str, ...]
    passed: int
    total: int
    first: str
    message: str


def rows(kata: Kata, folder: Path, seed: int | None) -> Iterator[Row]:
    """Grade every Python file of a folder, in the order of their names."""
    for path in sorted(folder.glob("*.py")):
        yield row(kata, path, seed)


def row(kata: Kata, path: Path, seed: int | None) -> Row:
    try:
        with Attempt(kata, path, seed=seed) as attempt:
            result = attempt.finish()
    except UnreadableFile as error:
        blank = tuple(WORDS[Status.NOT_GRADED] for _ in kata.stages)
        return Row(path.name, "", blank, 0, len(kata.checks), "", str(error))
    stages = tuple(
        WORDS[stage_verdict([check.status for check in result.stage(stage.number)])] for stage in kata.stages
    )
    passed = sum(check.status is Status.PASSED for check in result.checks)
    first = next((c for c in result.checks if c.status not in (Status.PASSED, Status.NOT_ATTEMPTED)), None)
    return Row(
        path.name,
        result.sha256,
        stages,
        passed,
        len(result.checks),
        first.id if first else "",
        first.verdict.message if first else "",
    )


def write_csv(kata: Kata, table: list[Row], out: Path) -> None:
    """Write the rows, whole or not at all. Cells never begin like a spreadsheet's formula. Raises OSError."""
    beside = out.with_name(out.name + ".new")
    with beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["file", "sha256", *[f"stage {s.number}" for s in kata.stages], "passed", "of", "first", "why"]
        )
        for one in table:
            cells = [one.file, one.sha256, *one.stages, one.passed, one.total, one.first, one.message]
            writer.writerow([_cell(str(cell)) for cell in cells])
    os.replace(beside, out)


def _cell(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
