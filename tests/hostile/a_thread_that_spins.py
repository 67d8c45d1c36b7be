"""failed or timed_out

A right broker with a thread that turns round for ever from the first subscription on.
"""

from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition, RLock
from threading import Thread


def spin():
    while True:
        pass


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
    def __init__(self, size, policy):
        self.dropped = self.row = 0
        self.size, self.policy = size, policy
        self.waiting, self.ended = deque(), False
        self.changed = Condition()

    def __iter__(self):
        while True:
            with self.changed:
                while not self.waiting and not self.ended:
                    self.changed.wait()
                if not self.waiting:
                    return
                message = self.waiting.popleft()
                self.changed.notify_all()
            yield message

    def put(self, message):
        with self.changed:
            while isinstance(self.policy, Block) and len(self.waiting) >= self.size and not self.ended:
                self.changed.wait()
            if self.ended:
                return
            if len(self.waiting) < self.size:
                self.waiting.append(message)
                self.row = 0
            else:
                self.dropped += 1
                self.row += 1
                self.ended = isinstance(self.policy, Disconnect) and self.row >= self.policy.after
            self.changed.notify_all()

    def end(self):
        with self.changed:
            self.ended = True
            self.changed.notify_all()


class Broker:
    def __init__(self, *, buffer=16):
        if buffer < 1:
            raise ValueError("buffer must be at least 1")
        self.buffer = buffer
        self.lock = RLock()
        self.topics = {}

    @contextmanager
    def subscribe(self, topic, policy=Drop()):
        subscription = Subscription(self.buffer, policy)
        if not hasattr(self, "spinner"):
            self.spinner = Thread(target=spin, daemon=True)
            self.spinner.start()
        with self.lock:
            self.topics.setdefault(topic, []).append(subscription)
        try:
            yield subscription
        finally:
            subscription.end()
            self.sweep(topic)

    def sweep(self, topic):
        with self.lock:
            alive = [other for other in self.topics.pop(topic, []) if not other.ended]
            if alive:
                self.topics[topic] = alive

    def publish(self, topic, message):
        with self.lock:
            subscriptions = self.topics.get(topic, [])[:]
        for subscription in subscriptions:
            subscription.put(message)
        if any(subscription.ended for subscription in subscriptions):
            self.sweep(topic)
