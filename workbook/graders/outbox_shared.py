"""Enumerations that several checks judge: every moment of a batch, each tried once, by whoever has time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from workbook.grading.check import Broken


@dataclass
class Trial:
    """What came of moment `number`: a verdict for each question, None where the answer was right."""

    number: int
    verdicts: dict[str, Broken | None] = field(default_factory=dict)


class Enumeration:
    """Moments 1, 2, 3 ... up to the last, divided among the threads that call `work`."""

    def __init__(self, most: int) -> None:
        self._changed = threading.Condition()
        self._next, self._running = 1, 0
        self._last = most
        self._trials: list[Trial] = []
        self._failed: BaseException | None = None

    def _take(self) -> int | None:
        with self._changed:
            if self._next > self._last or self._failed is not None:
                return None
            self._next += 1
            self._running += 1
            return self._next - 1

    def work(self, attempt: Callable[[int], Trial | None]) -> None:
        """Try moments until there is none left; `attempt` gives None where the pump ran through.

        What `attempt` raises ends the enumeration for all.
        """
        while (number := self._take()) is not None:
            trial = None
            try:
                trial = attempt(number)
            except BaseException as error:
                with self._changed:
                    self._failed = self._failed or error
                raise
            finally:
                with self._changed:
                    self._running -= 1
                    if trial is not None:
                        self._trials.append(trial)
                        if any(trial.verdicts.values()):
                            self._last = min(self._last, number)  # the smallest that fails is what is shown
                    else:
                        self._last = min(self._last, number)
                    self._changed.notify_all()

    def judge(self, question: str, seconds: float) -> None:
        """Wait for the others, then raise the first verdict about this question."""
        with self._changed:
            self._changed.wait_for(lambda: not self._running, seconds)
            failed, trials = self._failed, sorted(self._trials, key=lambda trial: trial.number)
        for trial in trials:
            verdict = trial.verdicts.get(question)
            if verdict is not None:
                raise verdict
        if failed is not None:
            raise failed


def verdict_of(judgement: Callable[[], None]) -> Broken | None:
    """What a judgement raises, as a value."""
    try:
        judgement()
    except Broken as broken:
        return broken
    return None
