"""`pytest katas/`: each check of a hidden grader is one test of the learner's file.

The plugin claims a file only when it has the name of a kata and its folder holds the marker file, and then
keeps pytest's own collectors away from it, so that learner code is never imported into this process.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from workbook.grading.attempt import Attempt, UnreadableFile, new_seed
from workbook.grading.card import WORDS, card, one_line
from workbook.grading.check import Check, Kata
from workbook.grading.results import as_json, write_json
from workbook.grading.verdict import AttemptResult, CheckResult, Status, stage_verdict
from workbook.places import is_kata_folder, notebooks
from workbook.progress import Progress, ProgressError

SEED = pytest.StashKey[int]()
RUNS = pytest.StashKey["list[KataFile]"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("pubsub", "Pub/Sub workbook: grading of katas")
    group.addoption(
        "--seed", type=int, default=None, help="replay the inputs and schedules of an earlier run"
    )
    group.addoption("--results", metavar="FILE", default=None, help="write the verdicts to FILE as JSON")


def pytest_configure(config: pytest.Config) -> None:
    given = config.getoption("--seed")
    config.stash[SEED] = new_seed() if given is None else int(given)
    config.stash[RUNS] = []


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Generator[None, Any, Any]:
    """Our collector instead of all others, for the files of katas."""
    collected = yield
    kata = kata_of(file_path)
    if kata is None:
        return collected
    return [KataFile.from_parent(parent, path=file_path, kata=kata)]


def kata_of(path: Path) -> Kata | None:
    """The kata a file is an attempt at, or None."""
    if path.suffix != ".py" or not is_kata_folder(path.parent):
        return None
    from workbook.graders.catalogue import (
        NAMES,
        find,
    )  # only where there is a kata: pytest starts faster elsewhere

    return find(path.stem) if path.stem in NAMES else None


class KataFile(pytest.File):
    """A learner's file. Its checks are graded together, two children at a time, when the first one is run."""

    def __init__(self, *, kata: Kata, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.kata = kata
        self.attempt: Attempt | None = None
        self.finished: dict[str, CheckResult] = {}
        self.carded: dict[int, str] = {}  # stage -> the check whose card is shown in full
        self._open = ExitStack()
        self._progress: Progress | None = None

    def collect(self) -> Iterable[CheckItem]:
        for check in self.kata.checks:
            yield CheckItem.from_parent(self, name=check.id, check=check)

    def start(self) -> Attempt:
        if self.attempt is None:
            mine = [item.name for item in self.session.items if item.parent is self]
            self.attempt = Attempt(self.kata, self.path, seed=self.config.stash[SEED], only=mine)
            self._open.callback(self.attempt.close)
            self.config.stash[RUNS].append(self)
            try:
                self._progress = self._open.enter_context(Progress.open())
            except ProgressError as error:
                self.say(str(error))
        return self.attempt

    def close(self) -> None:
        """End the children, and close the learner's progress."""
        self._open.close()

    def say(self, line: str) -> None:
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(f"\n{line}")

    def note(self, result: CheckResult) -> None:
        """Remember a verdict, here and in the learner's progress."""
        self.finished[result.id] = result
        attempt = self.start()
        if self._progress is not None:
            try:
                self._progress.record(self.kata.name, attempt.sha256, attempt.seed, result)
            except ProgressError as error:
                self._progress = None  # said once, then graded on without it
                self.say(str(error))

    def result(self) -> AttemptResult:
        attempt = self.start()
        done = tuple(self.finished[check.id] for check in self.kata.checks if check.id in self.finished)
        return AttemptResult(self.kata.name, attempt.sha256, attempt.seed, done)


class Red(Exception):
    """A check that did not pass."""


class Shown:
    """What pytest shows of a red check: a text, and one line of it for the list at the end.

    pytest cuts the line from a plain text itself, but on a CI machine and at `-vv` it repeats the whole text there.
    """

    def __init__(self, text: str, line: str) -> None:
        self.text = text
        self.reprcrash = SimpleNamespace(message=line)

    def __str__(self) -> str:
        return self.text

    def toterminal(self, writer: Any) -> None:
        for line in self.text.splitlines():
            writer.line(line)


class CheckItem(pytest.Item):
    """One check."""

    parent: KataFile

    def __init__(self, *, check: Check, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.check = check
        self.outcome: CheckResult | None = None

    def setup(self) -> None:
        """Grade. What could not be graded is an error, not a failure."""
        try:
            attempt = self.parent.start()
        except UnreadableFile as error:
            raise Red(str(error)) from None
        self.outcome = attempt.result(self.check.id)
        self.parent.note(self.outcome)
        if self.outcome.status is Status.NOT_GRADED:
            raise Red(self.outcome.verdict.message)

    def runtest(self) -> None:
        assert self.outcome is not None
        if self.outcome.status is Status.NOT_ATTEMPTED:
            pytest.skip(self.outcome.verdict.message or "not attempted")
        if self.outcome.status is not Status.PASSED:
            raise Red(self.outcome.verdict.message)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The card; no frame of ours at any verbosity."""
        if self.outcome is None:
            return str(excinfo.value)
        line = one_line(self.check, self.outcome)
        first = self.parent.carded.setdefault(self.check.stage, self.check.id)
        if first != self.check.id and self.config.get_verbosity() <= 0:
            return line
        seed = self.config.stash[SEED]
        return Shown(card(self.parent.kata, self.check, self.outcome, seed, notebooks()), line)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"{self.parent.kata.name}: {self.check.id}"


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    runs = session.config.stash.get(RUNS, [])
    if runs:
        let_hypothesis_go(session.config)
    with ExitStack() as stack:
        for run in runs:
            stack.callback(run.close)
        where = session.config.getoption("--results")
        if where and runs:
            try:
                write_json(Path(where), [as_json(run.kata, run.result()) for run in runs])
            except OSError as error:
                raise pytest.UsageError(f"--results: {where} cannot be written ({error.strerror})") from None


def let_hypothesis_go(config: pytest.Config) -> None:
    """Its plugin loads all of the library to sum up, a second that a learner need not wait: no test here used it."""
    plugin = config.pluginmanager.get_plugin("hypothesispytest")
    if plugin is not None and "hypothesis" not in sys.modules:
        config.pluginmanager.unregister(plugin)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    config = terminalreporter.config
    for run in config.stash.get(RUNS, []):
        terminalreporter.section(f"{run.kata.title} ({run.path.name})", sep="-")
        for line in stage_lines(run.kata, run.result()):
            terminalreporter.write_line(line)
        terminalreporter.write_line(f"seed {config.stash[SEED]}")


def stage_lines(kata: Kata, result: AttemptResult) -> list[str]:
    """A line for each stage that has a verdict."""
    lines = []
    for stage in kata.stages:
        checks = result.stage(stage.number)
        if checks:
            passed = sum(check.status is Status.PASSED for check in checks)
            verdict = WORDS[stage_verdict([check.status for check in checks])]
            lines.append(
                f"stage {stage.number}  {stage.title} ({stage.level}): {verdict}, {passed} of {len(checks)}"
            )
    return lines
