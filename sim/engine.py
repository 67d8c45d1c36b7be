"""The engine: a topic offers each message to every subscriber, and waits for those that block.

SimPy keeps clock, order and processes. A topic owns one re-armed event for its source and one for the moment
at which a blocked publisher may go on; subscribers need none (see `Subscriber`). At equal times departures
come before arrivals.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress

from simpy import Environment, Event
from simpy.events import EventCallbacks

from sim.alarm import ARRIVAL, DEPARTURE, Alarm
from sim.subscriber import Policy, Subscriber, Watched

__all__ = ["ARRIVAL", "DEPARTURE", "Alarm", "Policy", "Subscriber", "Topic", "Watched"]

Offer = Callable[[float, float, int], None]


class Topic:
    """Publishes to all subscribers at once.

    If some of them block, a message is held back until each of those has a place, and then goes to all; the
    messages behind it wait in turn. `published` counts every message, `held` those still held back.
    """

    __slots__ = (
        "_again", "_backlog", "_blocking", "_endless", "_env", "_fed", "_next_gap", "_next_key", "_offers",
        "_room_alarm", "_schedule", "_source", "hold_sum", "published", "subscribers",
    )  # fmt: skip

    def __init__(self, env: Environment) -> None:
        self._env, self._schedule = env, env.schedule
        self.subscribers: list[Subscriber] = []
        self.published = 0
        self.hold_sum = 0.0  # time messages were held back, over those that went out
        self._offers: list[Offer] = []
        self._blocking: list[Subscriber] = []
        self._backlog: deque[tuple[float, int]] = deque()  # (born, key)
        self._endless = False
        self._room_alarm = Alarm(env, self._release, DEPARTURE)
        self._fed = False
        self._again: EventCallbacks = [self._tick]

    def subscribe(self, subscriber: Subscriber) -> Subscriber:
        """Let the subscriber have every message published from now on; return it."""
        self.subscribers.append(subscriber)
        if subscriber.policy.blocks:
            self._blocking.append(subscriber)
        if self._blocking:
            self._offers[:] = [self._hold]
        else:
            self._offers.append(subscriber.offer)
        return subscriber

    def feed(self, gaps: Iterator[float], keys: Iterator[int] | None = None) -> None:
        """Publish a message after each gap, until the gaps end; RuntimeError if already fed."""
        if self._fed:
            raise RuntimeError("a topic is fed once; merge the sources' gaps, or publish from a process")
        self._fed = True
        self._next_gap = gaps.__next__
        if keys is None:
            self._source = Alarm(self._env, self._tick)
        else:
            self._next_key = keys.__next__
            self._source = Alarm(self._env, self._tick_keyed)
        self._wait_for_source()

    def saturate(self) -> None:
        """Publish as fast as the blocking subscribers allow; ValueError if there are none."""
        if not self._blocking:
            raise ValueError("a saturated publisher needs a subscriber that blocks, or it would never stop")
        self._endless = True
        self._room_alarm.arm(0.0)

    def publish(self, key: int = 0) -> None:
        """Publish one message now; for publishers written as SimPy processes."""
        now = self._env.now
        self.published += 1
        for offer in self._offers:
            offer(now, now, key)

    @property
    def held(self) -> int:
        return len(self._backlog)

    def _tick(self, event: Event) -> None:
        now = self._env.now
        try:  # `Alarm.arm` and `publish`, written out: this runs once per message
            gap = self._next_gap()
        except StopIteration:
            pass
        else:
            event.callbacks = self._again
            self._schedule(event, ARRIVAL, gap)
        self.published += 1
        for offer in self._offers:
            offer(now, now, 0)

    def _tick_keyed(self, event: Event) -> None:
        self._wait_for_source()
        self.publish(self._next_key())

    def _wait_for_source(self) -> None:
        with suppress(StopIteration):
            self._source.arm(self._next_gap())

    def _hold(self, now: float, born: float, key: int) -> None:
        self._backlog.append((born, key))
        if not self._room_alarm.armed:
            self._release(None)

    def _release(self, event: Event | None) -> None:
        now = self._env.now
        while self._backlog or self._endless:
            room = self._room(now)
            if room > now:
                self._room_alarm.arm_at(room)
                return
            if self._backlog:
                born, key = self._backlog.popleft()
            else:
                born, key = now, 0
                self.published += 1
            self.hold_sum += now - born
            for subscriber in self.subscribers:
                subscriber.offer(now, born, key)

    def _room(self, now: float) -> float:
        """Return when every blocking subscriber has a place, unless others arrive."""
        room = now
        for subscriber in self._blocking:
            subscriber.advance(now)
            if subscriber.level >= subscriber.limit:
                room = max(room, subscriber.due)
        return room
