"""block_keeps_every_message

The message that had to wait is put in front of those that waited in the buffer, since it has waited so
long; it overtakes earlier ones of the same publisher.
"""

import _thread
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


def silent_bell():
    bell = _thread.allocate_lock()
    bell.acquire()
    return bell


class Subscription:
    def __init__(self, size, policy):
        self.dropped = 0
        self._size = size
        self._policy = policy
        self._guard = _thread.allocate_lock()
        self._bell = silent_bell()
        self._asleep = False
        self._shelf = deque()
        self._queue = deque()
        self._row = 0
        self._ended = False

    def __iter__(self):
        while True:
            with self._guard:
                found = bool(self._shelf)
                if found:
                    message = self._shelf.popleft()
                    if self._queue:
                        theirs, bell = self._queue.popleft()
                        self._shelf.appendleft(theirs)
                        bell.release()
                elif self._ended:
                    return
                else:
                    self._asleep = True
            if found:
                yield message
            else:
                self._bell.acquire()

    def put(self, message):
        """True when the subscription is no longer open."""
        with self._guard:
            if self._ended:
                return True
            if len(self._shelf) < self._size:
                self._shelf.append(message)
                self._row = 0
                self._wake()
                return False
            if not isinstance(self._policy, Block):
                self.dropped += 1
                self._row += 1
                if isinstance(self._policy, Disconnect) and self._row >= self._policy.after:
                    self._end()
                return self._ended
            bell = silent_bell()
            self._queue.append((message, bell))
        bell.acquire()
        return False

    def end(self):
        with self._guard:
            self._end()

    def _end(self):
        self._ended = True
        self._wake()
        while self._queue:
            self._queue.popleft()[1].release()

    def _wake(self):
        if self._asleep:
            self._asleep = False
            self._bell.release()


class Scope:
    def __init__(self, broker, topic, policy):
        self._broker = broker
        self._topic = topic
        self._subscription = Subscription(broker._buffer, policy)

    def __enter__(self):
        broker = self._broker
        with broker._guard:
            broker._entries.setdefault(self._topic, []).append(self._subscription)
        return self._subscription

    def __exit__(self, *unused):
        self._broker._drop_entry(self._topic, self._subscription)
        self._subscription.end()


class Broker:
    def __init__(self, *, buffer=16):
        if buffer < 1:
            raise ValueError(f"buffer must be at least 1, got {buffer}")
        self._buffer = buffer
        self._guard = _thread.allocate_lock()
        self._entries = {}

    def subscribe(self, topic, policy=Drop()):
        return Scope(self, topic, policy)

    def publish(self, topic, message):
        with self._guard:
            entries = self._entries.get(topic, [])[:]
        for subscription in entries:
            if subscription.put(message):
                self._drop_entry(topic, subscription)

    def _drop_entry(self, topic, subscription):
        with self._guard:
            entries = self._entries.get(topic)
            if entries is None:
                return
            for place, other in enumerate(entries):
                if other is subscription:
                    del entries[place]
                    break
            if not entries:
                del self._entries[topic]
