"""Buffers of many replications in lock-step: message n of all of them at once, seen from two moments.

Each class follows one policy by a recursion over messages, without events, in the order of the engine's float
operations: what it counts is the engine's, to the last bit. A column is a replication; times are those of the
scenario, from 0. Everything is counted up to a warm-up and up to the end: arrivals before the moment,
departures not after it, as the engine does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Counts = NDArray[np.int64]
    Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Moment:
    """Totals of one subscriber up to a time, an array element per replication; sums of arrays are the caller's."""

    time: float
    offered: Counts
    delivered: Counts
    dropped: Counts
    age_sum: Floats  # over delivered messages, from publication to departure

    @staticmethod
    def at(time: float, columns: int) -> Moment:
        """Return empty totals."""
        import numpy as np

        offered, delivered, dropped = np.zeros((3, columns), np.int64)
        return Moment(time, offered, delivered, dropped, np.zeros(columns))


class DropNewest:
    """A message that finds K held is dropped: it is accepted if the K-th accepted before it has departed."""

    def __init__(self, columns: int, places: int, times: Sequence[float]) -> None:
        import numpy as np

        self.moments = tuple(Moment.at(time, columns) for time in times)
        self.first_drop = np.full(columns, inf)  # s; inf where nothing was dropped
        self.settled = 0.0  # what was published up to then is decided, in every column
        self._ring = np.full(places * columns, -inf)  # departures of the last accepted, a row per place
        self._slot = np.arange(columns)  # where each column's K-th last departure stands
        self._last = np.full(columns, -inf)

    def offer(self, nows: Floats, services: Floats) -> None:
        """Take messages published at these times, which need this long to handle: message x column, s."""
        import numpy as np

        ring, slot, last = self._ring, self._slot, self._last
        columns = len(slot)
        oldest, leaves, kept = np.empty((3, columns))
        accepts, moved, wraps = np.empty(nows.shape, bool), np.empty_like(slot), np.empty(columns, bool)
        tally = _Tally(self.moments, last, nows)
        for now, service, accept in zip(nows, services, accepts, strict=True):
            ring.take(slot, out=oldest, mode="clip")
            np.less_equal(oldest, now, out=accept)
            np.maximum(now, last, out=leaves)
            np.add(leaves, service, out=leaves)
            tally.departures(now, leaves, accept)
            np.multiply(leaves, accept, out=kept)  # 0 for a message dropped: the maximum then changes nothing
            np.maximum(last, kept, out=last)
            np.maximum(oldest, kept, out=oldest)
            ring[slot] = oldest
            np.multiply(accept, columns, out=moved)
            np.add(slot, moved, out=slot)
            np.greater_equal(slot, ring.size, out=wraps)
            np.subtract(slot, ring.size, out=slot, where=wraps)
        dropped = ~accepts
        tally.arrivals(nows, nows, dropped)
        _find_first(self.first_drop, nows, dropped)
        self.settled = float(nows[-1].min())


class DropOldest:
    """The oldest waiting message gives way, though never the one being handled.

    So a message is dropped if K - 1 more are published before the last one handled ahead of it departs: the
    recursion looks K - 1 messages ahead, and decides that much later. With one place the message itself finds
    the handler busy.
    """

    def __init__(self, columns: int, places: int, times: Sequence[float]) -> None:
        import numpy as np

        self.moments = tuple(Moment.at(time, columns) for time in times)
        self.first_drop = np.full(columns, inf)  # s; inf where nothing was dropped
        self.settled = 0.0  # what was published up to then is decided, in every column
        self._ahead = places - 1
        self._nows, self._services = np.empty((2, 0, columns))  # of messages not yet decided
        self._last = np.full(columns, -inf)

    def offer(self, nows: Floats, services: Floats) -> None:
        """Take messages published at these times, which need this long to handle: message x column, s."""
        import numpy as np

        nows = np.concatenate([self._nows, nows])
        services = np.concatenate([self._services, services])
        ready = max(0, len(nows) - self._ahead)
        self._nows, self._services = nows[ready:], services[ready:]
        if not ready:
            return
        nows, services, causes = nows[:ready], services[:ready], nows[self._ahead :]
        last, columns = self._last, nows.shape[1]
        leaves, kept = np.empty((2, columns))
        drops, keep = np.empty(nows.shape, bool), np.empty(columns, bool)
        tally = _Tally(self.moments, last, nows)
        for now, service, cause, dropped in zip(nows, services, causes, drops, strict=True):
            np.less(cause, last, out=dropped)
            np.logical_not(dropped, out=keep)
            np.maximum(now, last, out=leaves)
            np.add(leaves, service, out=leaves)
            tally.departures(now, leaves, keep)
            np.multiply(leaves, keep, out=kept)
            np.maximum(last, kept, out=last)
        tally.arrivals(nows, causes, drops)
        _find_first(self.first_drop, causes, drops)
        self.settled = float(nows[-1].min())


class _Tally:
    """Adds a block to the moments that are not over yet."""

    def __init__(self, moments: Sequence[Moment], last: Floats, nows: Floats) -> None:
        import numpy as np

        # a moment is over for good once every column has a later departure and a later publication
        self._moments = [m for m in moments if last.min() <= m.time or nows[0].min() < m.time]
        self._done, self._age = np.empty(len(last), bool), np.empty(len(last))

    def departures(self, born: Floats, leaves: Floats, counts: Flags) -> None:
        """Add one message of each column, where it counts."""
        import numpy as np

        done, age = self._done, self._age
        for moment in self._moments:
            np.less_equal(leaves, moment.time, out=done)
            np.logical_and(done, counts, out=done)
            np.add(moment.delivered, done, out=moment.delivered)
            np.subtract(leaves, born, out=age)
            np.multiply(age, done, out=age)
            np.add(moment.age_sum, age, out=moment.age_sum)

    def arrivals(self, nows: Floats, causes: Floats, dropped: Flags) -> None:
        """Add a block of messages, and its drops at the time of the message that caused each."""
        import numpy as np

        for moment in self._moments:
            np.add(moment.offered, np.count_nonzero(nows < moment.time, axis=0), out=moment.offered)
            gone = np.count_nonzero((causes < moment.time) & dropped, axis=0)
            np.add(moment.dropped, gone, out=moment.dropped)


def _find_first(first: Floats, times: Floats, dropped: Flags) -> None:
    """Note the time of each column's first drop, where it has none yet."""
    at = ((first == inf) & dropped.any(axis=0)).nonzero()[0]
    first[at] = times[dropped[:, at].argmax(axis=0), at]


class Block:
    """A publisher that waits until every subscriber has a place; one object for all subscribers of a topic.

    Message n goes out at max(its publication, when n-1 went out, when n-K departed from each subscriber).
    A message of a saturated publisher is born when it goes out.
    """

    def __init__(self, columns: int, subscribers: int, places: int, times: Sequence[float]) -> None:
        import numpy as np

        self.moments = tuple(tuple(Moment.at(t, columns) for t in times) for _ in range(subscribers))
        self.out = tuple(Moment.at(time, columns) for time in times)  # delivered: gone out; age: held back
        self._ends = np.full((places, subscribers, columns), -inf)
        self._last, self._now = np.full((subscribers, columns), -inf), np.zeros(columns)
        self._number = 0

    def offer(self, arrivals: Floats | None, services: Floats) -> Floats:
        """Take messages, by message and column, with services by message, subscriber and column, s.

        Without arrivals the publisher never pauses. Returns when the last of them went out.
        """
        import numpy as np

        now = self._now
        room, age, done = np.empty_like(now), np.empty_like(now), np.empty(len(now), bool)
        tallies = [list(zip(self.out, *self.moments, strict=True))[i] for i in self._open(arrivals)]
        for number, draws in enumerate(services):
            ends = self._ends[self._number % len(self._ends)]
            np.maximum.reduce(ends, axis=0, out=room)
            np.maximum(now, room, out=now)
            born = now
            if arrivals is not None:
                born = arrivals[number]
                np.maximum(now, born, out=now)
            np.maximum(now, self._last, out=ends)
            np.add(ends, draws, out=ends)
            for out, *each in tallies:
                np.less(born, out.time, out=done)
                np.add(out.offered, done, out=out.offered)
                np.less(now, out.time, out=done)
                np.add(out.delivered, done, out=out.delivered)
                if arrivals is not None:
                    np.subtract(now, born, out=age)
                    np.multiply(age, done, out=age)
                    np.add(out.age_sum, age, out=out.age_sum)
                for moment, leaves in zip(each, ends, strict=True):
                    np.less_equal(leaves, moment.time, out=done)
                    np.add(moment.delivered, done, out=moment.delivered)
                    np.subtract(leaves, born, out=age)
                    np.multiply(age, done, out=age)
                    np.add(moment.age_sum, age, out=moment.age_sum)
            self._last = ends
            self._number += 1
        for out, *each in tallies:
            for moment in each:  # a subscriber is offered what has gone out
                moment.offered[:] = out.delivered
        return now

    def _open(self, arrivals: Floats | None) -> list[int]:
        """Return which moments are not over: not all columns have departures and publications after them."""
        first = self._now if arrivals is None else arrivals[0]
        return [i for i, out in enumerate(self.out) if self._last.min() <= out.time or first.min() < out.time]
