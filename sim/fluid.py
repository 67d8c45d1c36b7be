"""A buffer as a fluid: what flows in at a piecewise constant rate flows out at the service rate."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from math import inf

from simpy import Environment, Event


class Fluid:
    """An unbounded buffer of fluid, followed exactly from one change of rate to the next.

    `above` holds, for each of the increasing `marks`, the time spent with more than that in the buffer.
    """

    def __init__(self, service_rate: float, marks: Sequence[float] = (), now: float = 0.0) -> None:
        self.service_rate, self.marks = service_rate, tuple(marks)
        self.level = self.peak = self.area = 0.0
        self.above = [0.0] * len(self.marks)
        self._rate, self._since = 0.0, now

    def flow(self, now: float, rate: float) -> None:
        """Let it flow in at this rate from now on."""
        self.advance(now)
        self._rate = rate

    def advance(self, now: float) -> None:
        """Follow the level up to now."""
        span, slope, start = now - self._since, self._rate - self.service_rate, self.level
        self._since = now
        filled = min(span, start / -slope) if slope < 0 else span  # until it runs empty
        end = max(0.0, start + slope * filled) if filled == span else 0.0
        self.area += (start + end) / 2 * filled
        low, high = min(start, end), max(start, end)
        for index, mark in enumerate(self.marks):
            if high <= mark:
                break
            self.above[index] += filled if low >= mark and low > 0 else filled * (high - mark) / (high - low)
        self.level, self.peak = end, max(self.peak, high)

    def empty_at(self) -> float:
        """Return when it runs empty if the rate stays: now if it is, inf if it never does."""
        if not self.level:
            return self._since
        slope = self._rate - self.service_rate
        return self._since - self.level / slope if slope < 0 else inf


@dataclass(frozen=True)
class Totals:
    """A fluid buffer's past at a moment."""

    area: float  # the level, integrated over time
    above: tuple[float, ...]  # time with more than each mark
    peak: float


def follow_on_off(
    turns: Iterator[tuple[float, bool]],
    peak_rate: float,
    service_rate: float,
    marks: Sequence[float],
    times: Sequence[float],
) -> list[Totals]:
    """Follow a source that flows at its peak rate or not at all into an empty buffer; report at the times."""
    fluid, env = Fluid(service_rate, marks), Environment()

    def talk() -> Generator[Event, None, None]:
        for length, on in turns:
            fluid.flow(env.now, peak_rate if on else 0.0)
            yield env.timeout(length)

    env.process(talk())
    found = []
    for time in times:
        if time > env.now:
            env.run(until=time)
        fluid.advance(env.now)
        found.append(Totals(fluid.area, tuple(fluid.above), fluid.peak))
    return found
