"""blocked_publish_goes_on_to_the_rest

When the subscription it waits for ends, publish returns, and the subscriptions after it never get the
message.
"""

from concurrent.futures import Future
from dataclasses import dataclass
from threading import Condition, Lock


@dataclass(frozen=True)
class Drop:
    pass


@dataclass(frozen=True)
class Block:
    pass


@dataclass(frozen=True)
class Disconnect:
    after: int = 1


class Chain:
    """The writer resolves the last link, the reader waits for the first one it has not seen."""

    def __init__(self, limit, policy):
        self.limit = limit
        self.policy = policy
        self.dropped = 0
        self.row = 0
        self.unread = 0
        self.over = False
        self.cursor = self.last = Future()
        self.room_or_end = Condition(Lock())

    def __iter__(self):
        while True:
            link = self.cursor.result()
            if link is None:
                return
            message, following = link
            with self.room_or_end:
                self.cursor = following
                self.unread -= 1
                self.room_or_end.notify()
            del link, following
            yield message

    def add(self, message):
        with self.room_or_end:
            if isinstance(self.policy, Block):
                self.room_or_end.wait_for(lambda: self.over or self.unread < self.limit)
            if self.over:
                return
            if self.unread < self.limit:
                self.unread += 1
                self.row = 0
                filled, self.last = self.last, Future()
                filled.set_result((message, self.last))
            else:
                self.dropped += 1
                self.row += 1
                if isinstance(self.policy, Disconnect) and self.row >= self.policy.after:
                    self._finish()

    def finish(self):
        with self.room_or_end:
            self._finish()

    def _finish(self):
        if not self.over:
            self.over = True
            self.last.set_result(None)
            self.room_or_end.notify_all()


class Scope:
    def __init__(self, registry, lock, topic, chain):
        self.registry, self.lock, self.topic, self.chain = registry, lock, topic, chain

    def __enter__(self):
        with self.lock:
            self.registry.setdefault(self.topic, {})[id(self.chain)] = self.chain
        return self.chain

    def __exit__(self, *_):
        self.chain.finish()
        remove(self.registry, self.lock, self.topic, self.chain)


def remove(registry, lock, topic, chain):
    with lock:
        chains = registry.get(topic, {})
        if chains.get(id(chain)) is chain:
            del chains[id(chain)]
            if not chains:
                del registry[topic]


class Broker:
    def __init__(self, *, buffer=16):
        if buffer < 1:
            raise ValueError(f"buffer must be at least 1, got {buffer}")
        self._buffer = buffer
        self._lock = Lock()
        self._registry = {}

    def subscribe(self, topic, policy=Drop()):
        return Scope(self._registry, self._lock, topic, Chain(self._buffer, policy))

    def publish(self, topic, message):
        with self._lock:
            chains = list(self._registry.get(topic, {}).values())
        for chain in chains:
            chain.add(message)
            if chain.over:
                remove(self._registry, self._lock, topic, chain)
                if isinstance(chain.policy, Block):
                    return
