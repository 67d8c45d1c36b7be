"""The session's clock for those who hold one: seconds that go on where the kept ones ended."""

from __future__ import annotations

import time
from collections.abc import Callable

KEEP_EVERY = 15.0  # seconds after which the time that went by is kept
LONGEST_GAP = 60.0  # seconds between two looks; more means that the program was stopped
TOLD = 30.0  # seconds of sleep that are worth a sentence


class TimeKeeper:
    """Looks at two clocks: one that stands while a machine sleeps, and the wall's.

    What the machine slept, and what the program was stopped for, does not count; `notice` says so once.
    """

    def __init__(
        self,
        start: float,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._now = start
        self._monotonic, self._wall = monotonic, wall
        self._last, self._last_wall = monotonic(), wall()
        self._notice = ""

    def read(self) -> float:
        """Seconds of the session's clock; to be asked at least every `LONGEST_GAP` seconds."""
        here, wall = self._monotonic(), self._wall()
        passed, on_the_wall = here - self._last, wall - self._last_wall
        self._last, self._last_wall = here, wall
        away = on_the_wall - passed
        if passed > LONGEST_GAP:
            away, passed = max(passed, on_the_wall), 0.0
        self._now += max(0.0, passed)
        if away > TOLD:
            self._notice = (
                f"This machine slept, or the program was stopped, for {_length(away)}; it does not count."
            )
        return self._now

    def notice(self) -> str:
        """A sentence about the last sleep, once; else empty."""
        said, self._notice = self._notice, ""
        return said


def _length(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{round(seconds)} s" if seconds < 90 else f"{minutes} minutes"
