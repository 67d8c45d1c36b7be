"""Two scenarios without events: the engine's own replications, a few thousand of them in lock-step.

Both take a scenario and run the very replications that `sweep` would, from the same draws; every measure they
return equals that of the engine's results to the last bit. This is the way to a hundred million messages on
one core. What has no recursion over messages (conflation, a growing buffer, several workers, disconnects in
lock-step) is refused by name and left to the engine.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING

from sim.buffer_sizing import BufferSizing
from sim.oracle_draws import Constant, Exponentials
from sim.oracle_lockstep import Block, DropNewest, DropOldest, Moment
from sim.scenario import ParameterError, Scenario
from sim.slow_subscriber import SlowSubscriber
from sim.statistics import Interval, interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Counts = NDArray[np.int64]

GROUP = 4096  # replications side by side: a row of them stays in a core's cache
ROWS = 256  # messages of each that are drawn at once
BUFFERS: dict[str, type[DropNewest] | type[DropOldest]] = {
    "drop-newest": DropNewest,
    "drop-oldest": DropOldest,
}


@dataclass(frozen=True)
class Measured:
    """Measures by name, an element per replication; NaN where the engine says None."""

    scenario: Scenario
    messages: int  # published, over all replications
    measures: dict[str, Floats]

    def interval(self, name: str, level: float = 0.95) -> Interval:
        """Return the t-interval over replications; ValueError where some have no such value."""
        values = self.measures[name]
        if (values != values).any():
            raise ValueError(f"{name} did not happen in every replication: it has no mean")
        return interval(values.tolist(), level)


def slow_subscriber(
    scenario: SlowSubscriber, replications: int, seed: int = 1, *, first_replication: int = 0
) -> Measured:
    """Return losses, ages (s), throughputs (messages/s) and what was held back, as the engine measures them.

    Policies drop-newest, drop-oldest and block; ParameterError for another one, and for a saturated publisher
    with deterministic handling, whose departures may meet the end of the run.
    """
    if scenario.policy not in (*BUFFERS, "block"):
        raise ParameterError(
            f"the lock-step oracle follows drop-newest, drop-oldest and block, got {scenario.policy!r}; "
            "the engine follows every policy"
        )
    if scenario.publisher == "saturated" and scenario.service == "deterministic":
        raise ParameterError(
            "a saturated publisher needs exponential handling times here: with deterministic ones the slowest "
            f"subscriber's rate, {min(scenario.slow_rate, scenario.fast_rate):g}/s, is everybody's"
        )
    blocks = scenario.policy == "block"
    follow, side = (_blocked, max(64, GROUP // scenario.subscribers)) if blocks else (_dropping, GROUP)
    return _grouped(
        scenario,
        [follow(scenario, group, seed) for group in _groups(first_replication, replications, side)],
    )


def buffer_sizing(
    scenario: BufferSizing,
    replications: int,
    seed: int = 1,
    *,
    first_replication: int = 0,
    cut: float | None = None,
) -> Measured:
    """Return loss, delay (s), throughput (messages/s) and what was published, as the engine measures them.

    Poisson traffic and one worker; ParameterError for anything else. `cut` is the warm-up in seconds; without
    it the engine's pilot finds it, as it does for every replication of its own.
    """
    if scenario.traffic != "poisson" or scenario.workers != 1:
        raise ParameterError(
            "the lock-step oracle follows traffic poisson to 1 worker, "
            f"got {scenario.traffic} to {scenario.workers}; the engine follows every kind"
        )
    start = scenario.run(seed, first_replication, "numpy").cut if cut is None else cut
    end = scenario.messages / scenario.rate
    found = []
    for group in _groups(first_replication, replications):
        gaps = Exponentials(seed, group, "gap", mean=1.0 / scenario.rate)
        mean = 1.0 / scenario.service_rate
        services = (
            Constant(mean, len(group))
            if scenario.service == "deterministic"
            else Exponentials(seed, group, "service", mean=mean)
        )
        buffer = DropNewest(len(group), scenario.buffer, (start, end))
        _feed(gaps, [(buffer, services)], end)
        total = _pooled([buffer.moments])
        found.append(
            {
                "loss": total.loss,
                "delay": total.mean_age,
                "throughput": total.throughput,
                "published": total.offered.astype(float),
                "first_drop": _happened(buffer.first_drop, end),
            }
        )
    return _grouped(scenario, found)


@dataclass(frozen=True)
class _Total:
    """A period's totals over several subscribers, an element per replication."""

    time: float  # of all of them together
    offered: Counts
    delivered: Counts
    dropped: Counts
    waiting: Counts  # at the end
    age_sum: Floats

    @property
    def loss(self) -> Floats:
        import numpy as np

        return self.dropped / np.maximum(self.offered, 1)

    @property
    def mean_age(self) -> Floats:
        import numpy as np

        with np.errstate(invalid="ignore"):
            return self.age_sum / self.delivered

    @property
    def throughput(self) -> Floats:
        return self.delivered / self.time


def _pooled(moments: Sequence[tuple[Moment, ...]]) -> _Total:
    """Add up subscribers in the engine's order, then take the start from the end.

    Offered is what a subscriber had to deal with in the period: what it held at the start is not.
    """
    starts, ends = [m[0] for m in moments], [m[-1] for m in moments]
    delivered = _count(m.delivered for m in ends) - _count(m.delivered for m in starts)
    dropped = _count(m.dropped for m in ends) - _count(m.dropped for m in starts)
    level = _count(m.offered - m.delivered - m.dropped for m in ends)
    held = _count(m.offered - m.delivered - m.dropped for m in starts)
    return _Total(
        sum(m.time for m in ends) - sum(m.time for m in starts),
        delivered + dropped + level - held,
        delivered,
        dropped,
        level,
        _added(m.age_sum for m in ends) - _added(m.age_sum for m in starts),
    )


def _count(each: Iterable[Counts]) -> Counts:
    return reduce(operator.add, each)


def _added(each: Iterable[Floats]) -> Floats:
    """Add arrays element by element with Python's `sum`, which rounds as the engine does in every version."""
    import numpy as np

    return np.array([sum(values) for values in zip(*(one.tolist() for one in each), strict=True)])


def _dropping(scenario: SlowSubscriber, group: range, seed: int) -> dict[str, Floats]:
    import numpy as np

    start, end = _window(scenario)
    kind = BUFFERS[scenario.policy]
    buffers: list[DropNewest | DropOldest] = [
        kind(len(group), scenario.buffer, (start, end)) for _ in range(scenario.subscribers)
    ]
    gaps = Exponentials(seed, group, "gap", mean=1.0 / scenario.publish_rate)
    services = [_services(scenario, group, seed, number) for number in range(scenario.subscribers)]
    _feed(gaps, list(zip(buffers, services, strict=True)), end)
    published = _pooled([buffers[0].moments]).offered.astype(float)
    slowest = [buffer.first_drop for buffer in buffers[: scenario.slow]]
    nothing = np.zeros(len(group))
    return {
        **_by_speed(scenario, [buffer.moments for buffer in buffers]),
        "published": published,
        "held": nothing,
        "hold": nothing,
        "first_drop": _happened(np.min(slowest, axis=0) if slowest else np.full(len(group), inf), end),
    }


def _blocked(scenario: SlowSubscriber, group: range, seed: int) -> dict[str, Floats]:
    import numpy as np

    start, end = _window(scenario)
    saturated = scenario.publisher == "saturated"
    block = Block(len(group), scenario.subscribers, scenario.buffer, (start, end))
    gaps = None if saturated else Exponentials(seed, group, "gap", mean=1.0 / scenario.publish_rate)
    services = [_services(scenario, group, seed, number) for number in range(scenario.subscribers)]
    now = np.zeros(len(group))
    while now.min() < end:
        arrivals = None if gaps is None else _times(now, gaps.take(ROWS))
        out = block.offer(arrivals, np.stack([draws.take(ROWS) for draws in services], axis=1))
        now = out if arrivals is None else arrivals[-1]
    first, last = block.out[0], block.out[-1]
    out_count = last.delivered - first.delivered
    with np.errstate(invalid="ignore"):
        hold = np.where(out_count > 0, (last.age_sum - first.age_sum) / out_count, 0.0)
    held = last.offered - last.delivered
    return {
        **_by_speed(scenario, block.moments),
        "published": out_count.astype(float),
        "held": held.astype(float),
        "hold": hold,
        "first_drop": np.full(len(group), np.nan),
    }


def _by_speed(scenario: SlowSubscriber, moments: Sequence[tuple[Moment, ...]]) -> dict[str, Floats]:
    found: dict[str, Floats] = {}
    for speed, some in (("slow", moments[: scenario.slow]), ("fast", moments[scenario.slow :])):
        if some:
            total = _pooled(some)
            found[f"{speed}_loss"] = total.loss
            found[f"{speed}_throughput"] = total.throughput
            found[f"{speed}_age"] = total.mean_age
            if speed == "slow":
                found["slow_waiting"] = total.waiting.astype(float)
    return found


def _services(scenario: SlowSubscriber, group: range, seed: int, number: int) -> Exponentials | Constant:
    mean = 1.0 / (scenario.slow_rate if number < scenario.slow else scenario.fast_rate)
    if scenario.service == "deterministic":
        return Constant(mean, len(group))
    return Exponentials(seed, group, "service", number, mean=mean)


def _feed(
    gaps: Exponentials, pairs: Sequence[tuple[DropNewest | DropOldest, Exponentials | Constant]], end: float
) -> None:
    """Publish to all until the end has passed in every replication."""
    import numpy as np

    now = np.zeros(len(gaps))
    while min(buffer.settled for buffer, _ in pairs) <= end:
        nows = _times(now, gaps.take(ROWS))
        for buffer, services in pairs:
            buffer.offer(nows, services.take(ROWS))
        now = nows[-1]


def _times(now: Floats, gaps: Floats) -> Floats:
    """Return the times after these gaps, added one by one as a clock does."""
    import numpy as np

    np.add(gaps[0], now, out=gaps[0])
    for earlier, later in pairwise(gaps):
        np.add(later, earlier, out=later)
    return gaps


def _window(scenario: SlowSubscriber) -> tuple[float, float]:
    return scenario.warm_up, scenario.warm_up + scenario.duration


def _groups(first: int, replications: int, side: int = GROUP) -> list[range]:
    end = first + replications
    return [range(start, min(start + side, end)) for start in range(first, end, side)]


def _grouped(scenario: Scenario, found: Sequence[dict[str, Floats]]) -> Measured:
    import numpy as np

    measures = {name: np.concatenate([group[name] for group in found]) for name in found[0]}
    return Measured(scenario, int(measures["published"].sum()), measures)


def _happened(first: Floats, end: float) -> Floats:
    import numpy as np

    return np.where(first < end, first, np.nan)
