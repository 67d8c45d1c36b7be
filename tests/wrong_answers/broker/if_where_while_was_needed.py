"""race_two_blocked_publishers

`if full: wait()` and then append. One free place wakes two blocked publishers, and both put their message
in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition, Lock
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Drop:
    """A message that does not fit is dropped and counted; the newest goes."""


@dataclass(frozen=True)
class Block:
    """publish waits until there is room or the subscription ends."""


@dataclass(frozen=True)
class Disconnect:
    """The subscription ends at the `after`-th drop in a row."""

    after: int = 1


class Subscription(Generic[T]):
    """A bounded buffer between all publishers of a topic and one reader, which outlives its subscription."""

    def __init__(self, lock: Lock, size: int, policy: Drop | Block | Disconnect) -> None:
        self.dropped = 0
        self.ended = False
        self._policy = policy
        self._size = size
        self._buffer: deque[T] = deque()
        self._drops_in_a_row = 0
        self._lock = lock
        self._message_or_end = Condition(lock)
        self._room_or_end = Condition(lock)

    def __iter__(self) -> Iterator[T]:
        """Hand out what is buffered, wait for more, stop when the subscription has ended and is drained."""
        while True:
            with self._lock:
                while not self._buffer and not self.ended:
                    self._message_or_end.wait()
                if not self._buffer:
                    return
                message = self._buffer.popleft()
                self._room_or_end.notify_all()
            yield message
            del message

    def put(self, message: T) -> None:
        """Buffer the message or do what the policy says; only Block waits. The lock is held."""
        if isinstance(self._policy, Block) and self._full and not self.ended:
            self._room_or_end.wait()
            if not self.ended:
                self._buffer.append(message)
                self._message_or_end.notify()
            return
        if self.ended:
            return
        if not self._full:
            self._buffer.append(message)
            self._drops_in_a_row = 0
            self._message_or_end.notify()
            return
        self.dropped += 1
        self._drops_in_a_row += 1
        if isinstance(self._policy, Disconnect) and self._drops_in_a_row >= self._policy.after:
            self.end()

    def end(self) -> None:
        """Let nothing more in and wake everybody who waits here; what is buffered stays. The lock is held."""
        self.ended = True
        self._message_or_end.notify_all()
        self._room_or_end.notify_all()

    @property
    def _full(self) -> bool:
        return len(self._buffer) >= self._size


class Broker(Generic[T]):
    """Hands every message of a topic to all who subscribe to it at that moment."""

    def __init__(self, *, buffer: int = 16) -> None:
        """`buffer` messages may wait for each subscription; ValueError below 1."""
        if buffer < 1:
            raise ValueError(f"buffer must be at least 1, got {buffer}: a message needs a place to wait")
        self._buffer = buffer
        self._lock = Lock()
        self._topics: dict[str, dict[Subscription[T], None]] = {}

    @contextmanager
    def subscribe(self, topic: str, policy: Drop | Block | Disconnect = Drop()) -> Iterator[Subscription[T]]:
        """A scope: entering it starts a subscription to `topic`, leaving it ends the subscription."""
        subscription: Subscription[T] = Subscription(self._lock, self._buffer, policy)
        with self._lock:
            self._topics.setdefault(topic, {})[subscription] = None
        try:
            yield subscription
        finally:
            with self._lock:
                subscription.end()
                self._forget(topic, subscription)

    def publish(self, topic: str, message: T) -> None:
        """Hand `message` to every subscription of `topic`; wait for none of them, unless it blocks."""
        with self._lock:
            for subscription in tuple(self._topics.get(topic, ())):
                subscription.put(message)
                if subscription.ended:
                    self._forget(topic, subscription)

    def _forget(self, topic: str, subscription: Subscription[T]) -> None:
        """Take the subscription out, and the topic with its last one; harmless when done twice."""
        subscriptions = self._topics.get(topic, {})
        subscriptions.pop(subscription, None)
        if not subscriptions:
            self._topics.pop(topic, None)
