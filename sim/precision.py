"""Replications until an interval is small enough: as many as a question needs, and not more."""

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from math import ceil, inf

from sim.scenario import Result, Scenario
from sim.statistics import Interval, interval
from sim.streams import AUTO
from sim.summary import estimate
from sim.sweep import sweep


@dataclass(frozen=True)
class Precise:
    """All replications of one scenario, the interval they give, and whether it is as small as asked."""

    results: tuple[Result, ...]
    interval: Interval
    reached: bool


@dataclass(frozen=True)
class Missed:
    """An interval that is still wider than asked: half of its width as a share of the mean."""

    scenario: Scenario
    measure: str
    share: float


def refine(
    groups: dict[Scenario, tuple[Result, ...]],
    measures: Iterable[str],
    precision: float,
    executor: Executor | None = None,
    *,
    at_most: int = 1_000,
) -> tuple[dict[Scenario, tuple[Result, ...]], tuple[Missed, ...]]:
    """Add replications to each group until every interval is at most `precision` of its mean, on either side.

    Seeds and streams are those of the group's results. A measure without a mean, such as the time to a drop
    that does not always happen, is passed over. Returns the groups, and what is not reached with `at_most`
    replications. ValueError for a precision that is not above 0.
    """
    _check(precision)
    measures, refined, missed = tuple(measures), dict(groups), list[Missed]()
    for scenario in groups:
        while True:
            found = refined[scenario]
            shares = {measure: _share(found, measure) for measure in measures}
            widest = max(shares.values(), default=0.0)
            if widest <= precision or len(found) >= at_most:
                missed += [
                    Missed(scenario, name, share) for name, share in shares.items() if share > precision
                ]
                break
            wanted = _wanted(len(found), widest / precision, at_most)
            refined[scenario] = found + sweep(
                [scenario],
                wanted - len(found),
                executor,
                seed=found[0].seed,
                streams=found[0].streams,
                first_replication=len(found),
            )
    return refined, tuple(missed)


def _share(results: Sequence[Result], measure: str) -> float:
    """Half of an interval's width as a share of its mean; 0 where there is no mean, or no spread."""
    found = estimate(results, measure)
    if found is None or found.half_width == 0.0:
        return 0.0
    return found.half_width / abs(found.mean) if found.mean else inf


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
    _check(precision)
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
        wanted = _wanted(len(results), found.half_width / allowed if allowed else inf, at_most)


def _check(precision: float) -> None:
    if not precision > 0:
        raise ValueError(f"precision must be above 0, a share of the mean, got {precision!r}")


def _wanted(count: int, excess: float, at_most: int) -> int:
    """Replications that `count` of them call for whose interval is `excess` times too wide.

    At most twice as many: a first spread may mislead.
    """
    return ceil(min(count * excess**2, 2 * count, at_most))


def _values(results: Sequence[Result], measure: str) -> list[float]:
    values = [getattr(result, measure) for result in results]
    if None in values:
        raise ValueError(f"{measure} did not happen in replication {values.index(None)}: it has no mean")
    return values
