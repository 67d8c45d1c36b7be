"""race_publish_read

The reader finds the buffer empty, clears the event and waits, all without the lock. A message that comes
between look and clear has its signal wiped out.
"""

import heapq
import itertools
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Lock


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
    def __init__(self, bound, policy):
        self.dropped = 0
        self.over = False
        self.bound = bound
        self.policy = policy
        self.row = 0
        self.numbers = itertools.count()
        self.heap = []
        self.lock = Lock()
        self.news = Event()
        self.blocked = deque()

    def __iter__(self):
        while True:
            self.news.wait()
            if not self.heap and not self.over:
                self.news.clear()
                continue
            with self.lock:
                if not self.heap:
                    return
                _, message = heapq.heappop(self.heap)
                if self.blocked:
                    self.blocked.popleft().set()
            yield message

    def deliver(self, message):
        while True:
            with self.lock:
                if self.over:
                    return
                if len(self.heap) < self.bound:
                    heapq.heappush(self.heap, (next(self.numbers), message))
                    self.row = 0
                    self.news.set()
                    return
                if not isinstance(self.policy, Block):
                    self.dropped += 1
                    self.row += 1
                    if isinstance(self.policy, Disconnect) and self.row >= self.policy.after:
                        self.finish()
                    return
                room = Event()
                self.blocked.append(room)
            room.wait()

    def finish(self):
        """The lock is held."""
        self.over = True
        self.news.set()
        for room in self.blocked:
            room.set()
        self.blocked.clear()


class Broker:
    def __init__(self, *, buffer=16):
        if buffer < 1:
            raise ValueError(f"buffer must be at least 1, got {buffer}")
        self.buffer = buffer
        self.lock = Lock()
        self.subscriptions = {}

    @contextmanager
    def subscribe(self, topic, policy=Drop()):
        subscription = Subscription(self.buffer, policy)
        with self.lock:
            self.subscriptions[topic] = [*self.subscriptions.get(topic, ()), subscription]
        try:
            yield subscription
        finally:
            with subscription.lock:
                subscription.finish()
            self.forget(topic, subscription)

    def forget(self, topic, subscription):
        with self.lock:
            others = [s for s in self.subscriptions.get(topic, ()) if s is not subscription]
            if others:
                self.subscriptions[topic] = others
            elif topic in self.subscriptions:
                del self.subscriptions[topic]

    def publish(self, topic, message):
        with self.lock:
            subscriptions = self.subscriptions.get(topic, ())
        for subscription in subscriptions:
            subscription.deliver(message)
            if subscription.over:
                self.forget(topic, subscription)
