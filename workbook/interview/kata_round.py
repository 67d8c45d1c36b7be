"""The kata round: a clean folder with the stub, graded on demand or when the file is saved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from workbook.candidate import CannotStart, start
from workbook.graders.catalogue import find
from workbook.grading.attempt import Attempt, UnreadableFile
from workbook.grading.card import one_line
from workbook.grading.verdict import CheckResult, Status
from workbook.interview.events import KataGraded
from workbook.progress import Progress, ProgressError, home


class NotGraded(Exception):
    """The kata could not be graded; the text says why and what to do."""


@dataclass(frozen=True)
class Grading:
    """What one grading found: the event for the session, and a line a stage for people."""

    event: KataGraded
    lines: tuple[str, ...]


def folder_of(session: int, kata: str) -> Path:
    """Where the candidate of a session writes: beside the learner's progress, never in the checkout."""
    return home() / "interviews" / f"session-{session}-{kata}"


def prepare(kata: str, folder: Path) -> Path:
    """The candidate's file; its folder is made, or is the one of this round from before. Raises CannotStart."""
    path = folder / f"{kata}.py"
    if not path.is_file():
        start(kata, folder)
    return path


def grade(kata_name: str, path: Path, told: Callable[[CheckResult], None] = lambda result: None) -> Grading:
    """Grade the file, and record its verdicts; blocks for seconds. `told` hears each. Raises NotGraded."""
    kata = find(kata_name)
    try:
        with Attempt(kata, path) as attempt:
            results = []
            for result in attempt.results():
                results.append(result)
                told(result)
            _record(kata.name, attempt, results)
    except UnreadableFile as error:
        raise NotGraded(str(error)) from None
    missing = next((one for one in results if one.status is Status.NOT_GRADED), None)
    if missing is not None:
        raise NotGraded(f"The kata cannot be graded on this machine: {missing.verdict.message}")
    passed, total, lines = [], [], []
    for stage in kata.stages:
        some = [one for one in results if one.stage == stage.number]
        good = sum(one.status is Status.PASSED for one in some)
        passed.append(good)
        total.append(len(some))
        line = f"stage {stage.number}, {stage.title}: {good} of {len(some)}"
        red = next((one for one in some if one.status is not Status.PASSED), None)
        lines.append(f"{line}; {one_line(kata.check(red.id), red)}" if red and red.status.is_red else line)
    return Grading(KataGraded(tuple(passed), tuple(total)), tuple(lines))


def _record(kata: str, attempt: Attempt, results: list[CheckResult]) -> None:
    """Keep the verdicts as `pubsub grade` does. What cannot be kept is told by the session, which is kept, too."""
    try:
        with Progress.open() as progress:
            for result in results:
                progress.record(kata, attempt.sha256, attempt.seed, result)
    except ProgressError:
        return


__all__ = ["CannotStart", "Grading", "NotGraded", "folder_of", "grade", "prepare"]
