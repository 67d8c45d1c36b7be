"""leaving_ends_the_subscription

The reader is told that it is over, but the subscription stays in the registry and goes on taking
messages.
"""

from collections import deque
from contextlib import contextmanager
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


class ReadersWriterLock:
    """Nobody waits for it while holding it, so writers may go first."""

    def __init__(self):
        self._change = Condition(Lock())
        self._readers = 0
        self._writing = False
        self._writers_waiting = 0

    @contextmanager
    def shared(self):
        with self._change:
            while self._writing or self._writers_waiting:
                self._change.wait()
            self._readers += 1
        try:
            yield
        finally:
            with self._change:
                self._readers -= 1
                self._change.notify_all()

    @contextmanager
    def alone(self):
        with self._change:
            self._writers_waiting += 1
            while self._writing or self._readers:
                self._change.wait()
            self._writers_waiting -= 1
            self._writing = True
        try:
            yield
        finally:
            with self._change:
                self._writing = False
                self._change.notify_all()


class Subscription:
    def __init__(self, size, policy):
        self.blocks = isinstance(policy, Block)
        self.patience = policy.after if isinstance(policy, Disconnect) else None
        self.dropped = 0
        self._row = 0
        self._size = size
        self._queue = deque()
        self._done = False
        self._lock = Lock()
        self._something = Condition(self._lock)
        self._space = Condition(self._lock)

    def __iter__(self):
        while True:
            with self._lock:
                while not self._queue:
                    if self._done:
                        return
                    self._something.wait()
                message = self._queue.popleft()
                self._space.notify()
            yield message

    def send(self, message):
        """Go's select with a default arm; False once the subscription is over."""
        with self._lock:
            return self._send(message)

    def send_blocking(self, message):
        with self._lock:
            while len(self._queue) >= self._size and not self._done:
                self._space.wait()
            self._send(message)

    def _send(self, message):
        if len(self._queue) < self._size:
            self._queue.append(message)
            self._row = 0
            self._something.notify()
            return True
        self.dropped += 1
        self._row += 1
        if self.patience is not None and self._row >= self.patience:
            self._close()
        return not self._done

    def close(self):
        with self._lock:
            self._close()

    def _close(self):
        self._done = True
        self._something.notify_all()
        self._space.notify_all()


class Broker:
    def __init__(self, *, buffer=16):
        if buffer < 1:
            raise ValueError(f"buffer must be at least 1, got {buffer}")
        self._size = buffer
        self._rw = ReadersWriterLock()
        self._topics = {}

    @contextmanager
    def subscribe(self, topic, policy=Drop()):
        subscription = Subscription(self._size, policy)
        with self._rw.alone():
            self._topics.setdefault(topic, []).append(subscription)
        try:
            yield subscription
        finally:
            subscription.close()

    def _unlist(self, topic, subscription):
        listed = self._topics.get(topic, [])
        if subscription in listed:
            listed.remove(subscription)
        if not listed:
            self._topics.pop(topic, None)

    def publish(self, topic, message):
        blocking, over = [], []
        with self._rw.shared():
            for subscription in self._topics.get(topic, ()):
                if subscription.blocks:
                    blocking.append(subscription)
                elif not subscription.send(message):
                    over.append(subscription)
        for subscription in blocking:
            subscription.send_blocking(message)
        for subscription in over:
            with self._rw.alone():
                self._unlist(topic, subscription)
