"""publish_never_waits_for_a_slow_reader

publish gives the reader a fifth of a second to make room before it drops. Each slow subscriber then costs
every publish that much.
"""

import itertools
import threading
from collections import OrderedDict, deque
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
    __slots__ = ("_condition", "_inbox", "_limit", "_open", "_policy", "_row", "dropped", "number", "topic")

    def __init__(self, number, topic, limit, policy):
        self.number = number
        self.topic = topic
        self.dropped = 0
        self._limit = limit
        self._policy = policy
        self._row = 0
        self._inbox = deque()
        self._open = True
        self._condition = threading.Condition(threading.Lock())

    def __iter__(self):
        return self

    def __next__(self):
        with self._condition:
            while self._open and not self._inbox:
                self._condition.wait()
            if not self._inbox:
                raise StopIteration
            message = self._inbox.popleft()
            self._condition.notify_all()
            return message

    def offer(self, message):
        with self._condition:
            while self._open and len(self._inbox) >= self._limit and isinstance(self._policy, Block):
                self._condition.wait()
            if not self._open:
                return self._open
            if self._open and len(self._inbox) >= self._limit:
                self._condition.wait_for(lambda: not self._open or len(self._inbox) < self._limit, timeout=0.2)
            if len(self._inbox) >= self._limit:
                self.dropped += 1
                self._row += 1
                if isinstance(self._policy, Disconnect) and self._row >= self._policy.after:
                    self._open = False
                    self._condition.notify_all()
                return self._open
            self._inbox.append(message)
            self._row = 0
            self._condition.notify_all()
            return True

    def stop(self):
        with self._condition:
            self._open = False
            self._condition.notify_all()


class Scope:
    def __init__(self, enter, leave):
        self._enter = enter
        self._leave = leave

    def __enter__(self):
        self._subscription = self._enter()
        return self._subscription

    def __exit__(self, exc_type, exc, tb):
        self._leave(self._subscription)


class Broker:
    def __init__(self, *, buffer=16):
        if buffer < 1:
            raise ValueError(f"buffer must be at least 1, got {buffer}")
        self._limit = buffer
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        self._subscriptions = {}

    def subscribe(self, topic, policy=Drop()):
        return Scope(lambda: self._open(topic, policy), self._close)

    def _open(self, topic, policy):
        with self._lock:
            subscription = Subscription(next(self._numbers), topic, self._limit, policy)
            self._subscriptions.setdefault(topic, OrderedDict())[subscription.number] = subscription
            return subscription

    def _close(self, subscription):
        with self._lock:
            siblings = self._subscriptions.get(subscription.topic)
            if siblings is not None and siblings.pop(subscription.number, None) is not None and not siblings:
                del self._subscriptions[subscription.topic]
        subscription.stop()

    def publish(self, topic, message):
        with self._lock:
            targets = [*self._subscriptions.get(topic, {}).values()]
        for target in targets:
            if not target.offer(message):
                self._close(target)
