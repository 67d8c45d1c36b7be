"""unentered_scope_receives_nothing

subscribe() itself registers, and entering only hands out the object. What is published between the two
arrives.
"""

from collections import deque
from dataclasses import dataclass
from threading import Lock, Semaphore
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Drop:
    pass


@dataclass(frozen=True)
class Block:
    pass


@dataclass(frozen=True)
class Disconnect:
    after: int = 1


class Subscription(Generic[T]):
    def __init__(self, size, policy):
        self.dropped = 0
        self._policy = policy
        self._places = Semaphore(size)
        self._ready = Semaphore(0)
        self._gate = Lock()
        self._messages = deque()
        self._row = 0
        self._ended = False

    def __iter__(self):
        while True:
            self._ready.acquire()
            with self._gate:
                if not self._messages:
                    self._ready.release()
                    return
                message = self._messages.popleft()
                self._places.release()
            yield message

    def offer(self, message):
        """False when this subscription has just ended because of too many drops."""
        waits = isinstance(self._policy, Block)
        if waits:
            self._places.acquire()
        with self._gate:
            if self._ended:
                if waits:
                    self._places.release()
                return True
            if waits or self._places.acquire(blocking=False):
                self._messages.append(message)
                self._row = 0
                self._ready.release()
                return True
            self.dropped += 1
            self._row += 1
            if isinstance(self._policy, Disconnect) and self._row >= self._policy.after:
                self._end()
                return False
            return True

    def close(self):
        with self._gate:
            self._end()

    def _end(self):
        if not self._ended:
            self._ended = True
            self._ready.release()
            self._places.release()


class Scope(Generic[T]):
    def __init__(self, broker, topic, subscription):
        self._broker = broker
        self._topic = topic
        self._subscription = subscription

    def __enter__(self):
        return self._subscription

    def __exit__(self, *exc_info):
        self._broker._remove(self._topic, self._subscription)
        self._subscription.close()


class Broker(Generic[T]):
    def __init__(self, *, buffer: int = 16) -> None:
        if buffer < 1:
            raise ValueError(f"buffer must be at least 1, got {buffer}")
        self._buffer = buffer
        self._lock = Lock()
        self._topics = {}

    def subscribe(self, topic, policy=Drop()):
        subscription = Subscription(self._buffer, policy)
        self._add(topic, subscription)
        return Scope(self, topic, subscription)

    def publish(self, topic, message):
        with self._lock:
            subscriptions = list(self._topics.get(topic, ()))
        for subscription in subscriptions:
            if not subscription.offer(message):
                self._remove(topic, subscription)

    def _add(self, topic, subscription):
        with self._lock:
            self._topics.setdefault(topic, []).append(subscription)

    def _remove(self, topic, subscription):
        with self._lock:
            rest = [other for other in self._topics.get(topic, ()) if other is not subscription]
            if rest:
                self._topics[topic] = rest
            else:
                self._topics.pop(topic, None)
