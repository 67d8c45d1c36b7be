"""race_block_leave

The publisher looks for room and for the end outside the condition and then waits in it. The end comes in
between, and nobody wakes the publisher any more.
"""

import queue
import threading
from contextlib import contextmanager
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


class Subscription(queue.Queue):
    def __init__(self, maxsize, policy):
        super().__init__(maxsize)
        self.policy = policy
        self.shut = False
        self.dropped = 0
        self.row = 0

    def __iter__(self):
        while True:
            with self.not_empty:
                while not self._qsize() and not self.shut:
                    self.not_empty.wait()
                if not self._qsize():
                    return
                message = self._get()
                self.not_full.notify()
            yield message

    def deliver(self, message):
        while type(self.policy) is Block and self.full() and not self.shut:
            with self.mutex:
                if self._qsize() >= self.maxsize:
                    self.not_full.wait()
        with self.mutex:
            if type(self.policy) is Block:
                while self._qsize() >= self.maxsize and not self.shut:
                    self.not_full.wait()
            if self.shut:
                return
            if self._qsize() < self.maxsize:
                self._put(message)
                self.row = 0
                self.not_empty.notify()
                return
            self.dropped += 1
            self.row += 1
            if type(self.policy) is Disconnect and self.row >= self.policy.after:
                self._shut()

    def close(self):
        with self.mutex:
            self._shut()

    def _shut(self):
        self.shut = True
        self.not_empty.notify_all()
        self.not_full.notify_all()


class Broker:
    def __init__(self, *, buffer=16):
        if buffer < 1:
            raise ValueError(f"buffer must be at least 1, got {buffer}")
        self.buffer = buffer
        self.mutex = threading.RLock()
        self.topics = {}

    @contextmanager
    def subscribe(self, topic, policy=Drop()):
        mine = Subscription(self.buffer, policy)
        with self.mutex:
            self.topics.setdefault(topic, []).append(mine)
        try:
            yield mine
        finally:
            mine.close()
            self.sweep(topic)

    def sweep(self, topic):
        """Forget what is shut, and the topic when nothing is left of it."""
        with self.mutex:
            alive = [s for s in self.topics.get(topic, []) if not s.shut]
            if alive:
                self.topics[topic] = alive
            else:
                self.topics.pop(topic, None)

    def publish(self, topic, message):
        with self.mutex:
            targets = self.topics.get(topic, [])[:]
        for target in targets:
            target.deliver(message)
        if any(target.shut for target in targets):
            self.sweep(topic)
