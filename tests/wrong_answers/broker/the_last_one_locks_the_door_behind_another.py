"""race_enter_leave

A lock for each topic. Leaving finds the topic empty and deletes it, while another thread, which fetched
the same topic before, enters it: a subscription in a topic nobody can find.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
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


class Topic:
    """`users` (scopes and publishers at work here) is guarded by the broker's lock, all else by `lock`."""

    def __init__(self) -> None:
        self.users = 0
        self.lock = threading.Lock()
        self.subscriptions: list[Subscription] = []


class Subscription(Generic[T]):
    def __init__(self, topic: Topic, size: int, policy: Drop | Block | Disconnect) -> None:
        self.topic = topic
        self.size = size
        self.policy = policy
        self.buffer: deque[T] = deque()
        self.ended = False
        self.dropped = 0
        self.row = 0
        self.readable = threading.Condition(topic.lock)
        self.writable = threading.Condition(topic.lock)

    def __iter__(self):
        while True:
            with self.topic.lock:
                while not (self.buffer or self.ended):
                    self.readable.wait()
                if not self.buffer:
                    return
                message = self.buffer.popleft()
                self.writable.notify()
            yield message

    def deliver(self, message: T) -> bool:
        """Whether this message ended the subscription."""
        if isinstance(self.policy, Block):
            self.writable.wait_for(lambda: self.ended or len(self.buffer) < self.size)
        if self.ended:
            return False
        if len(self.buffer) < self.size:
            self.buffer.append(message)
            self.row = 0
            self.readable.notify()
            return False
        self.dropped += 1
        self.row += 1
        return isinstance(self.policy, Disconnect) and self.row >= self.policy.after and self.end()

    def end(self) -> bool:
        """Whether this call ended it: then the caller gives its use of the topic back."""
        if self.ended:
            return False
        self.ended = True
        self.topic.subscriptions.remove(self)
        self.readable.notify_all()
        self.writable.notify_all()
        return True


class Scope(Generic[T]):
    def __init__(self, broker: Broker[T], name: str, policy: Drop | Block | Disconnect) -> None:
        self.broker = broker
        self.name = name
        self.policy = policy

    def __enter__(self) -> Subscription[T]:
        topic = self.broker._use(self.name, create=True)
        with topic.lock:
            self.subscription = Subscription(topic, self.broker._size, self.policy)
            topic.subscriptions.append(self.subscription)
        return self.subscription

    def __exit__(self, *exc_info: object) -> None:
        topic = self.subscription.topic
        with topic.lock:
            ended_now = self.subscription.end()
        if ended_now:
            self.broker._done(self.name, topic)


class Broker(Generic[T]):
    def __init__(self, *, buffer: int = 16) -> None:
        if buffer < 1:
            raise ValueError(f"buffer must be at least 1, got {buffer}")
        self._size = buffer
        self._lock = threading.Lock()
        self._topics: dict[str, Topic] = {}

    def subscribe(self, topic: str, policy: Drop | Block | Disconnect = Drop()) -> Scope[T]:
        return Scope(self, topic, policy)

    def publish(self, topic: str, message: T) -> None:
        used = self._use(topic, create=False)
        if used is None:
            return
        uses = 1
        with used.lock:
            for subscription in list(used.subscriptions):
                if subscription.deliver(message):
                    uses += 1
        self._done(topic, used, uses)

    def _use(self, name, *, create):
        with self._lock:
            topic = self._topics.get(name)
            if topic is None and create:
                topic = self._topics[name] = Topic()
            return topic

    def _done(self, name, topic, uses=1):
        with self._lock:
            if not topic.subscriptions and self._topics.get(name) is topic:
                del self._topics[name]
