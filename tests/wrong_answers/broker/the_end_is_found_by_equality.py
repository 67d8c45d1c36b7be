"""messages_are_never_compared

The sentinel is recognised with `==`, which asks the message: one whose __eq__ raises breaks the loop, one
that equals everything ends it.
"""

from dataclasses import dataclass
from queue import SimpleQueue
from threading import Condition, Lock

_END = object()


@dataclass(frozen=True)
class Drop:
    pass


@dataclass(frozen=True)
class Block:
    pass


@dataclass(frozen=True)
class Disconnect:
    after: int = 1


class _Subscription:
    def __init__(self, policy, places):
        self._policy = policy
        self._line = SimpleQueue()
        self._places = places
        self._place_or_end = Condition()
        self._row = 0
        self._ended = False
        self.dropped = 0

    def __iter__(self):
        while True:
            item = self._line.get()
            if item == _END:
                self._line.put(_END)
                return
            with self._place_or_end:
                self._places += 1
                self._place_or_end.notify()
            yield item

    def put(self, message):
        with self._place_or_end:
            if isinstance(self._policy, Block):
                while not self._places and not self._ended:
                    self._place_or_end.wait()
            if self._ended:
                return
            if self._places:
                self._places -= 1
                self._row = 0
                self._line.put(message)
                return
            self.dropped += 1
            self._row += 1
            if isinstance(self._policy, Disconnect) and self._row == self._policy.after:
                self._finish()

    def finish(self):
        with self._place_or_end:
            self._finish()

    def _finish(self):
        if self._ended:
            return
        self._ended = True
        self._line.put(_END)
        self._place_or_end.notify_all()

    @property
    def ended(self):
        return self._ended


class _Scope:
    def __init__(self, broker, topic, policy):
        self.broker, self.topic, self.policy = broker, topic, policy
        self.subscription = None

    def __enter__(self):
        self.subscription = _Subscription(self.policy, self.broker.buffer)
        self.broker.join(self.topic, self.subscription)
        return self.subscription

    def __exit__(self, kind, error, traceback):
        self.subscription.finish()
        self.broker.part(self.topic, self.subscription)
        return False


class Broker:
    def __init__(self, *, buffer=16):
        if buffer < 1:
            raise ValueError(f"buffer must be at least 1, got {buffer}")
        self.buffer = buffer
        self.lock = Lock()
        self.topics = {}

    def subscribe(self, topic, policy=Drop()):
        return _Scope(self, topic, policy)

    def join(self, topic, subscription):
        with self.lock:
            self.topics.setdefault(topic, set()).add(subscription)

    def part(self, topic, subscription):
        with self.lock:
            members = self.topics.get(topic)
            if members is None:
                return
            members.discard(subscription)
            if not members:
                del self.topics[topic]

    def publish(self, topic, message):
        with self.lock:
            members = tuple(self.topics.get(topic, ()))
        for subscription in members:
            subscription.put(message)
            if subscription.ended:
                self.part(topic, subscription)
