"""Where the learner stands: katas by stage, and what to do next. Reads progress and files, prints nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workbook.graders.catalogue import every
from workbook.grading.attempt import UnreadableFile, digest, read_source
from workbook.grading.check import Check, Kata, Stage
from workbook.grading.verdict import Status, stage_verdict
from workbook.places import stub
from workbook.progress import Progress, Standing


@dataclass(frozen=True)
class StageStanding:
    stage: Stage
    passed: int
    total: int
    verdict: Status | None  # None: not graded
    first_red: Check | None


@dataclass(frozen=True)
class KataStanding:
    """One kata. `state`: untouched (the stub), graded, edited (changed since it was graded), missing."""

    kata: Kata
    state: str
    stages: tuple[StageStanding, ...]

    @property
    def solved(self) -> bool:
        return self.state == "graded" and all(stage.verdict is Status.PASSED for stage in self.stages)


def standings(folder: Path, progress: Progress | None) -> list[KataStanding]:
    """All katas in order. Raises ProgressError."""
    return [_standing(kata, folder / f"{kata.name}.py", progress) for kata in every()]


def _standing(kata: Kata, path: Path, progress: Progress | None) -> KataStanding:
    try:
        source = read_source(path)
    except UnreadableFile:
        return KataStanding(kata, "missing", _stages(kata, None))
    if source == stub(kata.name):
        return KataStanding(kata, "untouched", _stages(kata, None))
    known = progress.standing(kata.name, digest(source)) if progress else None
    if known is None:
        latest = progress.latest(kata.name) if progress else None
        return KataStanding(kata, "edited", _stages(kata, latest))
    return KataStanding(kata, "graded", _stages(kata, known))


def _stages(kata: Kata, known: Standing | None) -> tuple[StageStanding, ...]:
    stages = []
    for stage in kata.stages:
        checks = [check for check in kata.checks if check.stage == stage.number]
        statuses = [known.statuses[check.id] for check in checks if known and check.id in known.statuses]
        passed = sum(status is Status.PASSED for status in statuses)
        verdict = stage_verdict(statuses) if len(statuses) == len(checks) else None
        red = next(
            (check for check in checks if known and known.statuses.get(check.id, Status.PASSED).is_red), None
        )
        stages.append(StageStanding(stage, passed, len(checks), verdict, red))
    return tuple(stages)


def next_step(katas: list[KataStanding], folder: Path) -> str:
    """One sentence: what to do next."""
    for standing in sorted(
        katas, key=lambda one: one.state != "edited"
    ):  # what is being worked on comes first
        name = standing.kata.name
        if standing.solved:
            continue
        if standing.state == "missing":
            return f"{folder / name}.py is gone: `pubsub reset {name}` puts the stub back."
        if standing.state == "untouched":
            file = f"{folder.name}/{name}.py"
            return f"Open {file}, read the brief, write stage 1, then run `pytest {file}`."
        if standing.state == "edited":
            return f"{folder.name}/{name}.py has changed since it was graded: run `pubsub grade {name}`."
        for stage in standing.stages:
            if stage.first_red is not None:
                return f"Look at {stage.first_red.id}: run `pytest {folder.name}/{name}.py::{stage.first_red.id}`."
            if stage.verdict is not Status.PASSED:
                return f"Go on with stage {stage.stage.number} of {name}: {stage.stage.title}."
    return "All katas are solved. Read the trade-offs in solutions/, then explain your own choices aloud."
