"""What a check, a stage and a kata are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Protocol

from workbook.grading.client import Ended
from workbook.grading.verdict import Verdict

Record = dict[str, Any]


class Broken(Exception):
    """Raised by a judge: a rule broke. Carries the verdict that the card is drawn from."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.message)
        self.verdict = verdict


class NotGraded(Exception):
    """Raised by a judge when something of ours is missing; its text is the sentence shown."""


class Bench(Protocol):
    """What a judge works with: a child to play plans in, and inputs that are fresh at each run."""

    @property
    def rng(self) -> Random:
        """Seeded by the attempt's seed and the check's id."""

    @property
    def source(self) -> str:
        """The learner's file, for quoting its lines."""

    @property
    def file_name(self) -> str: ...

    @property
    def shop(self) -> Any:
        """What the kata's workshop gives: one for all checks of an attempt, opened when first asked for."""

    @property
    def left(self) -> float:
        """Seconds left of the check's limit."""

    def forgive(self, seconds: float) -> None:
        """Lengthen the limit by time in which the machine had no processor free; within reason."""

    def uncounted(self) -> AbstractContextManager[None]:
        """For a block whose time is ours (a service starts): the check's limit does not count it."""

    def play(self, plan: Mapping[str, Any]) -> list[Record]:
        """Perform `plan` in a fresh child and return its records.

        Raises Broken when the child did not live to the end, or could not load the file.
        """

    def run(self, plan: Mapping[str, Any], on_record: Callable[[Record], None], slack: float = 0.0) -> Ended:
        """Perform `plan` in a fresh child, records as they come; returns how it ended, good or bad.

        `slack`: seconds beyond what is left that the child may live, for judges that keep the limit themselves.
        """

    def send(self, line: str) -> None:
        """A line to the child that runs."""

    def kill(self) -> None:
        """`kill -9` for the child that runs."""

    def require_end(self, ended: Ended, records: list[Record]) -> None:
        """Raise Broken unless the child loaded the file, played the whole plan and left no process."""

    def beside(self) -> AbstractContextManager[Bench]:
        """A bench for one more child at the same time, in a warden of its own; for a block."""


@dataclass(frozen=True)
class Check:
    """One rule that can fail.

    `rule` is the sentence the stub states; `rationale` says why anybody cares; `likely` names the usual
    cause; `hints` are three rungs (a question back; the concept and its notebook; nearly the code);
    `limit` is in seconds and covers everything the check does in children. A check with `silence` plays very
    many short scenes: its `limit` is far away, since a loaded machine may need long, and it is out of time when
    no scene has come to its end for `silence` seconds. A check that `waits` spends its
    time waiting, not working, and runs beside the others.
    """

    id: str
    stage: int
    rule: str
    rationale: str
    likely: str
    notebook: str
    judge: Callable[[Bench], None]
    hints: tuple[str, str, str] = ("", "", "")
    limit: float = 3.0
    silence: float | None = None
    waits: bool = False


@dataclass(frozen=True)
class Stage:
    number: int
    title: str
    level: str


@dataclass(frozen=True)
class Kata:
    """A kata as the harness sees it. `player` is the file that performs plans in the child.

    `workshop` is opened at most once an attempt, when a judge asks for `bench.shop`, and left at its end.
    """

    name: str
    title: str
    player: Path
    stages: tuple[Stage, ...]
    checks: tuple[Check, ...]
    preload: tuple[str, ...] = ()  # modules the warden imports once, so that children start quickly
    follow_up_needs_core: bool = False  # True: the last stage is skipped until all earlier stages pass
    workshop: Callable[[], AbstractContextManager[Any]] | None = None

    def check(self, check_id: str) -> Check:
        for check in self.checks:
            if check.id == check_id:
                return check
        raise KeyError(f"the kata {self.name} has no check {check_id!r}; see pubsub grade {self.name}")

    @property
    def follow_up(self) -> int:
        """The number of the last stage."""
        return self.stages[-1].number


def collector(checks: list[Check], stage: int) -> Callable[..., Callable[[Callable[[Bench], None]], Check]]:
    """A decorator that turns a judging function into a Check of `stage` and appends it to `checks`.

    The function's name is the check's id; the fields of Check are its keywords, `why` the rationale.
    """

    def declare(
        *,
        rule: str,
        why: str,
        likely: str,
        notebook: str,
        limit: float = 3.0,
        silence: float | None = None,
        waits: bool = False,
    ) -> Callable[[Callable[[Bench], None]], Check]:
        def add(judge: Callable[[Bench], None]) -> Check:
            made = Check(
                judge.__name__,
                stage,
                rule,
                why,
                likely,
                notebook,
                judge,
                limit=limit,
                silence=silence,
                waits=waits,
            )
            checks.append(made)
            return made

        return add

    return declare
