"""Replications until an interval is small enough: as many as a question needs, and not more."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from math import ceil

from sim.scenario import Result, Scenario
from sim.statistics import Interval, interval
from sim.streams import AUTO
from sim.sweep import sweep


@dataclass(frozen=True)
class Precise:
    """All replications of one scenario, the interval they give, and whether it is as small as asked."""

    results: tuple[Result, ...]
    interval: Interval
    reached: bool


def replicate(
    scenario: Scenario,
    measure: str,
    precision: float,
    executor: Executor | None = None,
    *,
    start: int = 20,
    at_most: int = 1_000,
    seed: int = 1,
    streams: str = AUTO,
    level: float = 0.95,
) -> Precise:
    """Add replications until the half-width of the measure's mean is at most `precision` of the mean.

    Each round adds what the spread so far calls for, at most doubling, so the same replications are run on
    every executor. Stops at `at_most`, and says so by `reached`. ValueError for a precision that is not above
    0, for a start below 2, and if the measure is None in some replication.
    """
    if not precision > 0:
        raise ValueError(f"precision must be above 0, a share of the mean, got {precision!r}")
    if not 2 <= start <= at_most:
        raise ValueError(f"start must be from 2 to at_most, {at_most}, got {start}")
    results: tuple[Result, ...] = ()
    wanted = start
    while True:
        more = wanted - len(results)
        results += sweep(
            [scenario], more, executor, seed=seed, streams=streams, first_replication=len(results)
        )
        found = interval(_values(results, measure), level)
        allowed = precision * abs(found.mean)
        if found.half_width <= allowed or len(results) >= at_most:
            return Precise(results, found, found.half_width <= allowed)
        needed = len(results) * (found.half_width / allowed) ** 2 if allowed else at_most
        wanted = min(ceil(needed), 2 * len(results), at_most)


def _values(results: Sequence[Result], measure: str) -> list[float]:
    values = [getattr(result, measure) for result in results]
    if None in values:
        raise ValueError(f"{measure} did not happen in replication {values.index(None)}: it has no mean")
    return values
