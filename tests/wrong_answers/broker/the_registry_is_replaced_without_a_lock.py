"""race_enter_enter

Copy on write without a lock for the writers: two who enter copy the same registry, and the second
assignment undoes the first.
"""

import threading
from collections import deque
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Drop:
    pass


@dataclass(frozen=True)
class Block:
    pass


@dataclass(frozen=True)
class Disconnect:
    after: int = 1


class Subscription:
    def __init__(self, room, policy):
        lock = threading.Lock()
        self._not_empty = threading.Condition(lock)
        self._not_full = threading.Condition(lock)
        self._lock = lock
        self._room = room
        self._policy = policy
        self._items = deque()
        self._closed = False
        self._lost = 0
        self._streak = 0

    @property
    def dropped(self):
        with self._lock:
            return self._lost

    def __iter__(self):
        return self._read()

    def _read(self):
        while (item := self._next()) is not None:
            yield item[0]

    def _next(self):
        with self._lock:
            while not self._items:
                if self._closed:
                    return None
                self._not_empty.wait()
            self._not_full.notify()
            return (self._items.popleft(),)

    def _deliver(self, message):
        """False when the subscription is closed now."""
        with self._lock:
            if isinstance(self._policy, Block):
                while len(self._items) == self._room and not self._closed:
                    self._not_full.wait()
            if self._closed:
                return False
            if len(self._items) < self._room:
                self._items.append(message)
                self._streak = 0
                self._not_empty.notify()
                return True
            self._lost += 1
            self._streak += 1
            if isinstance(self._policy, Disconnect) and self._streak >= self._policy.after:
                self._close()
            return not self._closed

    def _close(self):
        self._closed = True
        self._not_empty.notify_all()
        self._not_full.notify_all()

    def close(self):
        with self._lock:
            self._close()


class Scope:
    def __init__(self, broker, topic, policy):
        self._args = broker, topic, policy

    def __enter__(self):
        broker, topic, policy = self._args
        self._subscription = Subscription(broker._room, policy)
        broker._replace(topic, add=self._subscription)
        return self._subscription

    def __exit__(self, *_exc):
        broker, topic, _ = self._args
        broker._replace(topic, remove=self._subscription)
        self._subscription.close()
        return None


class Broker:
    def __init__(self, *, buffer=16):
        if buffer < 1:
            raise ValueError(f"buffer must be at least 1, got {buffer}")
        self._room = buffer
        self._writers = threading.Lock()
        self._registry = MappingProxyType({})

    def subscribe(self, topic, policy=Drop()):
        return Scope(self, topic, policy)

    def publish(self, topic, message):
        for subscription in self._registry.get(topic, ()):
            if not subscription._deliver(message):
                self._replace(topic, remove=subscription)

    def _replace(self, topic, *, add=None, remove=None):
        if add is not None:
            new = {**self._registry, topic: (*self._registry.get(topic, ()), add)}
            with self._writers:
                self._registry = MappingProxyType(new)
            return
        with self._writers:
            kept = tuple(s for s in self._registry.get(topic, ()) if s is not remove)
            new = {name: members for name, members in self._registry.items() if name != topic}
            if kept:
                new[topic] = kept
            self._registry = MappingProxyType(new)
