"""brokers_share_nothing

The size of the buffer is stored on the class: a second broker changes it for the first.
"""

import threading
import weakref
from collections import deque
from dataclasses import dataclass


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
    def __init__(self, capacity, policy):
        self.dropped = 0
        self.capacity = capacity
        self.policy = policy
        self.pending = deque()
        self.streak = 0
        self.finished = False
        lock = threading.RLock()
        self.arrived = threading.Condition(lock)
        self.freed = threading.Condition(lock)

    def __iter__(self):
        while (parcel := self.take()) is not None:
            yield parcel.pop()

    def take(self):
        """The next message in a list of one, or None at the end."""
        with self.arrived:
            self.arrived.wait_for(lambda: self.pending or self.finished)
            if not self.pending:
                return None
            self.freed.notify()
            return [self.pending.popleft()]

    def give(self, message):
        with self.arrived:
            if self.policy.__class__ is Block:
                self.freed.wait_for(lambda: self.finished or len(self.pending) < self.capacity)
            if self.finished:
                return
            if len(self.pending) < self.capacity:
                self.pending.append(message)
                self.streak = 0
                self.arrived.notify()
            else:
                self.dropped += 1
                self.streak += 1
                if self.policy.__class__ is Disconnect and self.streak >= self.policy.after:
                    self.finish()

    def finish(self):
        with self.arrived:
            self.finished = True
            self.arrived.notify_all()
            self.freed.notify_all()


class Scope:
    def __init__(self, broker, topic, subscription):
        self.broker = broker
        self.topic = topic
        self.subscription = subscription

    def __enter__(self):
        with self.broker.lock:
            self.broker.topics.setdefault(self.topic, weakref.WeakSet()).add(self.subscription)
        return self.subscription

    def __exit__(self, *args):
        self.subscription.finish()
        self.broker.discard(self.topic, self.subscription)


class Broker:
    def __init__(self, *, buffer=16):
        if buffer < 1:
            raise ValueError(f"buffer must be at least 1, got {buffer}")
        type(self).buffer = buffer
        self.lock = threading.Lock()
        self.topics = {}

    def subscribe(self, topic, policy=Drop()):
        return Scope(self, topic, Subscription(self.buffer, policy))

    def discard(self, topic, subscription):
        with self.lock:
            members = self.topics.get(topic)
            if members is not None:
                members.discard(subscription)
                if not members:
                    del self.topics[topic]

    def publish(self, topic, message):
        with self.lock:
            members = list(self.topics.get(topic, ()))
        for member in members:
            member.give(message)
            if member.finished:
                self.discard(topic, member)
