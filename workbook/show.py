"""Verdicts and standings as text for people. Text that came from a learner is inert before it gets here."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from workbook.grading.attempt import Attempt
from workbook.grading.card import WORDS, card, one_line
from workbook.grading.verdict import AttemptResult, CheckResult, Status, stage_verdict
from workbook.places import notebooks
from workbook.standing import KataStanding, StageStanding

MARKS = {
    Status.PASSED: ("+", "green"),
    Status.FAILED: ("x", "red"),
    Status.CRASHED: ("x", "red"),
    Status.TIMED_OUT: ("x", "red"),
    Status.NOT_ATTEMPTED: ("-", "dim"),
    Status.NOT_GRADED: ("?", "yellow"),
}
STATES = {
    "untouched": "not begun",
    "edited": "changed since it was graded",
    "missing": "the file is gone",
}


class Report:
    """Prints an attempt while it is graded: a line a check, a card for the first failure of each stage."""

    def __init__(self, console: Console, attempt: Attempt) -> None:
        self._console = console
        self._attempt = attempt
        self._stage = 0
        self._carded: set[int] = set()

    def add(self, result: CheckResult) -> None:
        """Print one verdict."""
        kata = self._attempt.kata
        if result.stage != self._stage:
            self._stage = result.stage
            stage = kata.stages[result.stage - 1]
            self._console.print(
                Text(f"\n{kata.name}, stage {stage.number}: {stage.title} ({stage.level})", "bold")
            )
        mark, style = MARKS[result.status]
        check = kata.check(result.id)
        line = Text(f"  {mark} {result.id}", style)
        if result.status is not Status.PASSED and result.stage in self._carded:
            line.append(f"  {one_line(check, result)}", "default")
        self._console.print(line, soft_wrap=True)
        if result.status not in (Status.PASSED, Status.NOT_ATTEMPTED) and result.stage not in self._carded:
            self._carded.add(result.stage)
            text = card(kata, check, result, self._attempt.seed, notebooks())
            self._console.print(Text("\n".join(f"      {row}" for row in text.splitlines())), soft_wrap=True)

    def end(self, result: AttemptResult) -> None:
        """Print a line a stage, and the seed."""
        self._console.print()
        for stage in self._attempt.kata.stages:
            checks = result.stage(stage.number)
            statuses = [check.status for check in checks]
            verdict = stage_verdict(statuses)
            passed = statuses.count(Status.PASSED)
            text = f"stage {stage.number}  {stage.title:<38}{stage.level:<8}{WORDS[verdict]}, {passed} of {len(checks)}"
            self._console.print(Text(text, MARKS[verdict][1]))
        self._console.print(Text(f"seed {self._attempt.seed}", "dim"))


def standing_lines(standing: KataStanding) -> list[Text]:
    """A kata and its stages."""
    title = Text(f"{standing.kata.title}", "bold")
    title.append(f"  katas/{standing.kata.name}.py", "dim")
    if standing.state in STATES:
        title.append(f"  {STATES[standing.state]}", "yellow" if standing.state != "untouched" else "dim")
    return [title, *[_stage_line(stage) for stage in standing.stages]]


def _stage_line(standing: StageStanding) -> Text:
    stage = standing.stage
    bar = "#" * round(10 * standing.passed / standing.total)
    verdict = "" if standing.verdict is None else WORDS[standing.verdict]
    style = "dim" if standing.verdict is None else MARKS[standing.verdict][1]
    text = f"  {stage.number}  {stage.title:<38}{stage.level:<8}[{bar:<10}] {standing.passed:>2} of {standing.total:<3}"
    return Text(f"{text}{verdict}".rstrip(), style)
