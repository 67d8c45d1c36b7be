"""A subscriber: a bounded buffer with one handler behind it, and what happened there."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from math import inf

from simpy import Environment

from sim.alarm import DEPARTURE, Alarm
from sim.meter import Ages, Meter


class Policy(ABC):
    """Decides what happens to a message that finds the buffer full. One instance per subscriber."""

    always = False  # be asked about every message, not only at a full buffer
    blocks = False  # the topic holds messages back instead, so that the buffer never overflows

    @abstractmethod
    def decide(self, subscriber: "Subscriber", now: float, born: float, service: float, key: int) -> None:
        """Accept the message, drop something, disconnect or grow."""


class Subscriber:
    """Takes messages in order, one at a time; `services` gives the handling time of each offered message.

    `capacity` counts every message held, the one being handled included (the K of M/M/1/K). Departures are
    worked through when the subscriber is next looked at: between two looks nobody can tell the difference,
    and no event is spent on them. `Watched` makes each an event of its own.
    """

    __slots__ = (
        "_age_sum", "_ages", "_bins", "_born", "_changed", "_decide", "_next_service", "_scale", "_start",
        "_time_at", "capacity", "connected_since", "connected_time", "disconnects", "dropped", "due",
        "first_disconnect", "first_drop", "level", "limit", "lost", "policy", "waiting",
    )  # fmt: skip

    def __init__(self, env: Environment, capacity: int, services: Iterator[float], policy: Policy) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1, got {capacity}")
        self.capacity, self.policy = capacity, policy
        self.limit = 0 if policy.always else capacity  # the level from which the policy is asked
        self.level = 0  # messages held
        self.waiting: deque[Sequence[float]] = deque()  # (born, service), the oldest first
        self.due = inf  # when the message being handled departs
        self.dropped = self.lost = self.disconnects = 0
        self.first_drop: float | None = None
        self.first_disconnect: float | None = None
        self.connected_since: float | None = env.now
        self.connected_time = 0.0  # of the connections that have ended
        self._born = 0.0  # of the message being handled
        self._next_service = services.__next__
        self._decide = policy.decide
        self._start = self._changed = env.now
        self._time_at = [0.0] * (capacity + 1)
        self._age_sum = 0.0
        self._ages = Ages()
        self._bins, self._scale = self._ages.bins, self._ages.scale

    def offer(self, now: float, born: float, key: int) -> None:
        """Take the message published now, or ask the policy; `born` is earlier if its publisher waited."""
        level, due, changed, time_at = self.level, self.due, self._changed, self._time_at
        if due <= now:  # `advance`, written out: this is the hot path, a call and its loads cost 8 %
            bins, scale, waiting = self._bins, self._scale, self.waiting
            while due <= now:
                time_at[level] += due - changed
                changed = due
                age = due - self._born
                self._age_sum += age
                try:
                    bins[int(age * scale)] += 1
                except IndexError:
                    scale = self._widen(age)
                level -= 1
                if level:
                    self._born, service = waiting.popleft()
                    due += service
                else:
                    due = inf
            self.due = due
        service = self._next_service()
        if level >= self.limit:
            self.level, self._changed = level, changed
            self._decide(self, now, born, service, key)
            return
        time_at[level] += now - changed
        self._changed = now
        self.level = level + 1
        if level:
            self.waiting.append((born, service))
        else:
            self._born = born
            self.due = now + service

    def advance(self, now: float) -> None:
        """Work through every departure due by now."""
        while self.due <= now:
            self.depart()

    def drain(self) -> float:
        """Work through all that is held as if nothing more came; return when the last departed."""
        while self.level:
            self.depart()
        return self._changed

    def depart(self) -> None:
        """Let the message being handled go, at the time it is due, and begin with the next."""
        due = self.due
        self.record(due)
        if self.level:
            self._born, service = self.waiting.popleft()
            self.due = due + service
        else:
            self.due = inf

    def record(self, due: float) -> None:
        """Count the departure of the message born at `_born`."""
        self.spend(due)
        self.level -= 1
        age = due - self._born
        self._age_sum += age
        try:
            self._bins[int(age * self._scale)] += 1
        except IndexError:
            self._widen(age)

    def accept(self, now: float, born: float, service: float) -> None:
        """Put a message into the buffer; for policies, which see to it that there is a place."""
        self.spend(now)
        self.level += 1
        if self.level > 1:
            self.waiting.append((born, service))
        else:
            self._born, self.due = born, now + service

    def drop(self, now: float) -> None:
        """Count one message dropped."""
        self.dropped += 1
        if self.first_drop is None:
            self.first_drop = now

    def grow(self, capacity: int) -> None:
        """Make room for `capacity` messages."""
        self._time_at.extend([0.0] * (capacity - self.capacity))
        self.capacity = self.limit = capacity

    def disconnect(self, now: float) -> None:
        """Lose every message held; from here on the policy is asked about each message."""
        self.spend(now)
        self.lost += self.level
        self.level, self.due, self.limit = 0, inf, 0
        self.waiting.clear()
        self.disconnects += 1
        if self.connected_since is not None:
            self.connected_time += now - self.connected_since
        self.connected_since = None
        if self.first_disconnect is None:
            self.first_disconnect = now

    def reconnect(self, since: float) -> None:
        """Be back, with an empty buffer, since a moment that may lie in the past."""
        self.limit, self.connected_since = self.capacity, since

    def spend(self, now: float) -> None:
        """Account for the time since the level last changed."""
        self._time_at[self.level] += now - self._changed
        self._changed = now

    def handled(self, now: float) -> tuple[int, float]:
        """Return how many messages were delivered so far, and the sum of their ages: much cheaper than `meter`."""
        self.advance(now)
        return sum(self._bins), self._age_sum

    def meter(self, now: float) -> Meter:
        """Return the totals so far; `now` may not lie in the past."""
        self.advance(now)
        self.spend(now)
        return Meter(
            now - self._start,
            sum(self._bins),
            self.dropped,
            self.lost,
            self.level,
            tuple(self._time_at),
            self._age_sum,
            tuple(self._bins),
            1.0 / self._scale,
        )

    def _widen(self, age: float) -> float:
        self._ages.widen(age)
        self._scale = self._ages.scale
        return self._scale


class Watched(Subscriber):
    """A subscriber whose every departure is an event: `on_delivered(born, now)` is called at its time."""

    __slots__ = ("_alarm", "_armed_for", "_on_delivered")

    def __init__(
        self,
        env: Environment,
        capacity: int,
        services: Iterator[float],
        policy: Policy,
        on_delivered: Callable[[float, float], None],
    ) -> None:
        super().__init__(env, capacity, services, policy)
        self._on_delivered = on_delivered
        self._alarm = Alarm(env, lambda _: self._ring(env.now), DEPARTURE)
        self._armed_for = inf

    def offer(self, now: float, born: float, key: int) -> None:
        self.advance(now)
        super().offer(now, born, key)
        self._wait_for_departure()

    def depart(self) -> None:
        born, due = self._born, self.due
        super().depart()
        self._on_delivered(born, due)

    def _ring(self, now: float) -> None:
        self._armed_for = inf
        self.advance(now)
        self._wait_for_departure()

    def _wait_for_departure(self) -> None:
        if self.due != self._armed_for:
            self._alarm.cancel()
            self._armed_for = self.due
            if self.due < inf:
                self._alarm.arm_at(self.due)
