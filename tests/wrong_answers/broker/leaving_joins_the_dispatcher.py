"""leaving_unread_returns_at_once

__exit__ joins the thread that carries messages, and this thread waits until the reader has taken what it
holds.
"""

import threading
from dataclasses import dataclass
from queue import SimpleQueue


@dataclass(frozen=True)
class Drop:
    pass


@dataclass(frozen=True)
class Block:
    pass


@dataclass(frozen=True)
class Disconnect:
    after: int = 1


class TheEnd:
    """Its only use is to be recognised by identity."""


THE_END = TheEnd()




def carry_one_at_a_time(subscription):
    while True:
        item = subscription._inbox.get()
        if item is THE_END:
            subscription._outbox.put(item)
            return
        subscription._outbox.put(item)
        subscription._taken.acquire()


class Subscription:
    """Accepted but not yet read messages are counted, wherever between inbox and reader they are."""

    def __init__(self, size, policy):
        self.dropped = 0
        self.ended = False
        self._free = size
        self._row = 0
        self._policy = policy
        self._change = threading.Condition()
        self._inbox = SimpleQueue()
        self._outbox = SimpleQueue()
        self._taken = threading.Semaphore(0)

    def start(self):
        self._thread = threading.Thread(target=carry_one_at_a_time, args=(self,), daemon=True)
        self._thread.start()

    def __iter__(self):
        while True:
            item = self._outbox.get()
            if item is THE_END:
                self._outbox.put(item)
                return
            with self._change:
                self._free += 1
                self._change.notify()
            self._taken.release()
            yield item

    def put(self, message):
        with self._change:
            if isinstance(self._policy, Block):
                while self._free == 0 and not self.ended:
                    self._change.wait()
            if self.ended:
                return
            if self._free > 0:
                self._free -= 1
                self._row = 0
                self._inbox.put(message)
            else:
                self.dropped += 1
                self._row += 1
                if isinstance(self._policy, Disconnect) and self._row >= self._policy.after:
                    self._finish()

    def finish(self):
        with self._change:
            if not self.ended:
                self._finish()

    def _finish(self):
        self.ended = True
        self._inbox.put(THE_END)
        self._change.notify_all()


class Scope:
    def __init__(self, broker, topic, policy):
        self.broker = broker
        self.topic = topic
        self.subscription = Subscription(broker.size, policy)

    def __enter__(self):
        self.subscription.start()
        with self.broker.lock:
            self.broker.topics.setdefault(self.topic, []).append(self.subscription)
        return self.subscription

    def __exit__(self, *_):
        self.subscription.finish()
        self.broker.clean(self.topic)
        self.subscription._thread.join()


class Broker:
    def __init__(self, *, buffer=16):
        if buffer < 1:
            raise ValueError(f"buffer must be at least 1, got {buffer}")
        self.size = buffer
        self.lock = threading.Lock()
        self.topics = {}

    def subscribe(self, topic, policy=Drop()):
        return Scope(self, topic, policy)

    def publish(self, topic, message):
        with self.lock:
            subscriptions = tuple(self.topics.get(topic, ()))
        for subscription in subscriptions:
            subscription.put(message)
            if subscription.ended:
                self.clean(topic)

    def clean(self, topic):
        with self.lock:
            members = self.topics.pop(topic, [])
            members = [member for member in members if not member.ended]
            if members:
                self.topics[topic] = members
