"""What grading a file yields, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """How one check ended. Only PASSED is a pass."""

    PASSED = "passed"
    FAILED = "failed"  # a rule broke, or the answer raised
    CRASHED = "crashed"  # the process ended: exit, signal, memory
    TIMED_OUT = "timed_out"
    NOT_ATTEMPTED = "not_attempted"  # the follow-up stage, not begun
    NOT_GRADED = "not_graded"  # something of ours is missing; never shown as anything else

    @property
    def is_red(self) -> bool:
        """True where the answer is at fault."""
        return self in (Status.FAILED, Status.CRASHED, Status.TIMED_OUT)


@dataclass(frozen=True)
class Verdict:
    """Why a check ended as it did. `message` is one sentence; the rest feeds the card."""

    status: Status
    message: str = ""
    expected: str = ""
    seen: str = ""
    history: tuple[str, ...] = ()  # the smallest history that breaks the rule, a line a step
    likely: str = ""  # overrides the check's own likely cause where the history tells more


PASSED = Verdict(Status.PASSED)


@dataclass(frozen=True)
class CheckResult:
    """One check of one attempt."""

    id: str
    stage: int
    rule: str
    verdict: Verdict
    seconds: float

    @property
    def status(self) -> Status:
        return self.verdict.status


@dataclass(frozen=True)
class AttemptResult:
    """All checks of one file, in the order of the kata."""

    kata: str
    sha256: str
    seed: int
    checks: tuple[CheckResult, ...] = field(default=())

    def stage(self, number: int) -> tuple[CheckResult, ...]:
        return tuple(check for check in self.checks if check.stage == number)


def stage_verdict(statuses: list[Status]) -> Status:
    """The verdict of a stage: the worst of its checks; an empty stage was not attempted."""
    for status in (Status.CRASHED, Status.TIMED_OUT, Status.FAILED, Status.NOT_GRADED, Status.NOT_ATTEMPTED):
        if status in statuses:
            return status
    return Status.PASSED if statuses else Status.NOT_ATTEMPTED
