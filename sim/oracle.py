"""A second implementation of the engine's buffers that shares nothing with it: recursions over messages.

A first-in first-out handler needs no events: a message departs at max(its start, the departure before it) +
its service (Lindley), and finds a place if the K-th accepted message before it has departed. The pure
functions take one trace; the lock-step ones take arrays with one column per replication and step through the
messages of all columns at once, which also makes them the fast path for huge sweeps. numpy is needed for the
latter only. Float operations come in the same order as in the engine: results are equal to the last bit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Trace:
    """What became of each message at one subscriber: its departure, or None if dropped or lost."""

    departures: tuple[float | None, ...]
    dropped: int
    lost: int
    age_sum: float  # over departed messages, from publication
    first_drop: float | None = None
    disconnects: tuple[float, ...] = ()


def drop_newest(gaps: Sequence[float], services: Sequence[float], places: int) -> Trace:
    """Follow a buffer that drops what finds no place."""
    ring = [-inf] * places  # departures of the last accepted messages
    departures: list[float | None] = []
    last, age_sum, accepted = -inf, 0.0, 0
    first_drop = None
    for now, service in zip(accumulate(gaps), services, strict=False):
        if ring[accepted % places] > now:
            departures.append(None)
            first_drop = now if first_drop is None else first_drop
            continue
        last = max(now, last) + service
        ring[accepted % places] = last
        accepted += 1
        age_sum += last - now
        departures.append(last)
    return Trace(tuple(departures), len(departures) - accepted, 0, age_sum, first_drop)


def disconnect(
    gaps: Sequence[float],
    services: Sequence[float],
    places: int,
    overflows: int = 1,
    reconnect_after: float | None = None,
) -> Trace:
    """Follow a buffer whose n-th overflow ends the connection, with all it holds."""
    departures: list[float | None] = []
    born: list[float] = []
    ends: list[float] = []
    ends_at: dict[int, float] = {}
    held: deque[int] = deque()  # numbers of the messages accepted and not departed, in this connection
    last, back, allowed, dropped = -inf, -inf, overflows, 0
    first_drop = None
    for number, (now, service) in enumerate(zip(accumulate(gaps), services, strict=False)):
        born.append(now)
        departures.append(None)
        if now < back:
            continue
        while held and ends_at[held[0]] <= now:
            held.popleft()
        if len(held) < places:
            last = max(now, last) + service
            departures[number] = ends_at[number] = last
            held.append(number)
        elif allowed > 1:
            allowed -= 1
            dropped += 1
            first_drop = now if first_drop is None else first_drop
        else:
            for i in held:
                departures[i] = None
            ends.append(now)
            held.clear()
            last, allowed = -inf, overflows
            back = inf if reconnect_after is None else now + reconnect_after
    age_sum = sum((end - start for end, start in zip(departures, born, strict=True) if end is not None), 0.0)
    lost = sum(end is None for end in departures) - dropped
    return Trace(tuple(departures), dropped, lost, age_sum, first_drop, tuple(ends))


def block(
    gaps: Sequence[float] | None, services: Sequence[Sequence[float]], places: Sequence[int]
) -> tuple[tuple[float, ...], tuple[Trace, ...]]:
    """Follow a publisher that waits for a place with every subscriber; None as gaps: it never pauses.

    Message n goes out at max(its arrival, when n-1 went out, when n-K departed from each subscriber).
    Returns these times and one trace per subscriber. A message of a publisher that never pauses is born when
    it goes out.
    """
    count = min(len(own) for own in services)
    arrivals = list(accumulate(gaps))[:count] if gaps is not None else [0.0] * count
    out: list[float] = []
    ends: list[list[float]] = [[] for _ in services]
    for number, arrival in enumerate(arrivals):
        now = max(arrival, out[-1] if out else 0.0)
        for own, room in zip(ends, places, strict=True):
            if number >= room:
                now = max(now, own[number - room])
        out.append(now)
        for own, draws in zip(ends, services, strict=True):
            own.append(max(now, own[-1] if own else now) + draws[number])
    born = out if gaps is None else arrivals
    traces = [
        Trace(tuple(own), 0, 0, sum((e - b for e, b in zip(own, born, strict=False)), 0.0)) for own in ends
    ]
    return tuple(out), tuple(traces)


@dataclass(frozen=True)
class Totals:
    """What happened to many buffers up to a moment, one array element each."""

    messages: int
    dropped: Counts
    age_sum: Floats  # over accepted messages, each followed to its departure
    end: Floats  # when the last accepted message departs

    @property
    def loss(self) -> Floats:
        return self.dropped / self.messages

    @property
    def mean_age(self) -> Floats:
        return self.age_sum / (self.messages - self.dropped)

    def since(self, earlier: Totals) -> Totals:
        """Return the totals of the messages from `earlier` to now."""
        return Totals(
            self.messages - earlier.messages,
            self.dropped - earlier.dropped,
            self.age_sum - earlier.age_sum,
            self.end,
        )


class LockStep:
    """Many buffers that drop what finds no place, stepped through message by message, all at once."""

    def __init__(self, columns: int, places: int) -> None:
        import numpy as np

        self._np, self._columns = np, columns
        self._ring = np.full(places * columns, -inf)  # departures of the last accepted, a row per place
        self._slot = np.arange(columns)  # where each column's K-th last departure stands
        self._now, self._last = np.zeros(columns), np.full(columns, -inf)
        self._age_sum, self._accepted = np.zeros(columns), np.zeros(columns, np.int64)
        self._messages = 0

    def step(self, gaps: Floats, services: Floats) -> None:
        """Offer more messages: a row of gaps and one of services per message, a column per buffer."""
        np, ring, slot, columns = self._np, self._ring, self._slot, self._columns
        now, last, age_sum, accepted = self._now, self._last, self._age_sum, self._accepted
        accept, moved = np.empty(columns, bool), np.empty(columns, np.int64)
        leaves, age = np.empty(columns), np.empty(columns)
        for gap, service in zip(gaps, services, strict=True):
            np.add(now, gap, out=now)
            oldest = ring[slot]
            np.less_equal(oldest, now, out=accept)
            np.maximum(now, last, out=leaves)
            np.add(leaves, service, out=leaves)
            np.subtract(leaves, now, out=age)
            np.multiply(age, accept, out=age)
            np.add(age_sum, age, out=age_sum)
            last = np.where(accept, leaves, last)
            ring[slot] = np.where(accept, leaves, oldest)
            np.multiply(accept, columns, out=moved)
            np.add(slot, moved, out=slot)
            np.remainder(slot, ring.size, out=slot)
            np.add(accepted, accept, out=accepted)
        self._last = last
        self._messages += len(gaps)

    def totals(self) -> Totals:
        """Return what happened so far."""
        return Totals(
            self._messages, self._messages - self._accepted, self._age_sum.copy(), self._last.copy()
        )


def block_lockstep(services: Floats, places: int, gaps: Floats | None = None) -> Floats:
    """Return when each message of a blocked publisher goes out, for many publishers at once.

    `services` is indexed by message, subscriber and column, `gaps` by message and column; without gaps the
    publisher never pauses.
    """
    import numpy as np

    messages, subscribers, columns = services.shape
    out = np.empty((messages, columns))
    ends = np.full((places, subscribers, columns), -inf)
    last, now, arrival = np.full((subscribers, columns), -inf), np.zeros(columns), np.zeros(columns)
    for number in range(messages):
        if gaps is not None:
            arrival = arrival + gaps[number]
        now = np.maximum(np.maximum(arrival, now), ends[number % places].max(axis=0))
        last = np.maximum(now, last) + services[number]
        ends[number % places] = last
        out[number] = now
    return out
