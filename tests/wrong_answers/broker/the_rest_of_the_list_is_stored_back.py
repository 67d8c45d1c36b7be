"""race_publish_read

The reader takes the first message and stores the rest of the list, outside the lock. A message appended
in between is not in that rest.
"""

from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition


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
    def __init__(self, changed, policy):
        self.changed = changed
        self.policy = policy
        self.waiting = []
        self.dropped = 0
        self.row = 0
        self.open = True

    def __iter__(self):
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.waiting or not self.open)
                if not self.waiting:
                    return
            message, *rest = self.waiting
            self.waiting = rest
            with self.changed:
                self.changed.notify_all()
            yield message


class Broker:
    def __init__(self, *, buffer=16):
        if buffer < 1:
            raise ValueError(f"buffer must be at least 1, got {buffer}")
        self.buffer = buffer
        self.changed = Condition()
        self.members = []

    @contextmanager
    def subscribe(self, topic, policy=Drop()):
        subscription = Subscription(self.changed, policy)
        with self.changed:
            self.members.append((topic, subscription))
        try:
            yield subscription
        finally:
            with self.changed:
                self.end(subscription)

    def end(self, subscription):
        subscription.open = False
        self.members = [member for member in self.members if member[1] is not subscription]
        self.changed.notify_all()

    def publish(self, topic, message):
        with self.changed:
            for subscription in [s for name, s in self.members if name == topic]:
                self.deliver(subscription, message)

    def deliver(self, subscription, message):
        def room():
            return len(subscription.waiting) < self.buffer

        if isinstance(subscription.policy, Block):
            self.changed.wait_for(lambda: room() or not subscription.open)
        if not subscription.open:
            return
        if room():
            subscription.waiting = [*subscription.waiting, message]
            subscription.row = 0
            self.changed.notify_all()
            return
        subscription.dropped += 1
        subscription.row += 1
        if isinstance(subscription.policy, Disconnect) and subscription.row >= subscription.policy.after:
            self.end(subscription)
